"""What is found ends where the secret does: no name before it, no address or setting behind it."""

from __future__ import annotations

from egress_proxy.scan.engine import TextScanner
from tests.kit.each import each
from tests.scan.own_texts import HEX, MIXED

# All that is found stands between the marks.
REACHES = (
    "the token in the CI environment (`RAILWAY_TOKEN=⟦" + MIXED + "⟧`) is set",
    "The secret is in the query (`?client_secret=⟦" + MIXED + "⟧`) for now.",
    "Password for the replica was `DB_PASS=⟦6SMbQ8VldXjAdl#dE⟧`, it is rotated.",
    "llm serve --api-key mistral=⟦" + MIXED + "⟧ --port 4000",
    "git clone https://x-token-auth:⟦" + MIXED + "⟧@git.example/tidewater/ledger.git",
    "pip install --index-url https://token:⟦" + MIXED + "⟧@pypi.example/simple ledger",
    'variables = {\n    "SIGNING_SECRET" = "⟦' + HEX * 2 + '⟧"\n    "STAGE"          = "prod"\n}',
    '  "DB_PASSWORD" = "⟦Hx7vQ2!mNp⟧"\n  "STAGE" = "prod"',
    "password: !secret wifi_password\ntoken: ⟦" + MIXED + "⟧",
    "ENV GPG_KEY=" + (HEX * 3)[:40].upper() + "\nENV DB_PASSWORD=⟦LAg91WAVkyalpe⟧",
    "Le mot de passe est «\u202f⟦PollenVelvet9075⟧\u202f» ; il faudra le modifier.",
    "Das Passwort \u201a⟦Bramble#7585⟧\u2018 steht auf dem Zettel.",
)


@each("marked", REACHES)
def test_nothing_but_the_secret_is_found(scanner: TextScanner, marked: str) -> None:
    before, _, rest = marked.partition("⟦")
    secret, _, after = rest.partition("⟧")
    text = before + secret + after
    found = {place for item in scanner.scan([text]).findings for place in range(item.start, item.end)}
    assert found == set(range(len(before), len(before) + len(secret)))
