"""What of a stripped text is tainted: every value of a secret source, and elsewhere only what says or looks secret."""

from __future__ import annotations

import base64
import gzip
import json
import random
import re
import string
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.model import Finding, Form, Scan
from egress_proxy.scan import KnownValues, TaintedScanner, build_scanner, extract
from egress_proxy.scan.policy import refuse
from egress_proxy.scan.taint_names import label, says_secret

PASSWORD = "hunter" + "2"
PHRASE = "correct horse " + "battery staple"
LETTERS = string.ascii_letters + string.digits
TOKEN = "".join(random.Random("token").choices(LETTERS, k=24))
BENIGN = sorted((Path(__file__).parents[1] / "data" / "benign").iterdir())


def tainted(text: str, *sources: str) -> dict[str, str]:
    """Values with their labels."""
    return {taint.value.reveal(): taint.label for taint in extract((text,), sources)}


def read_tool(path: str, *lines: str) -> str:
    """A file as opencode's read tool shows it."""
    numbered = "\n".join(f"{number}: {line}" for number, line in enumerate(lines, 1))
    end = f"(End of file - total {len(lines)} lines)"
    return f"<path>{path}</path>\n<type>file</type>\n<content>\n{numbered}\n\n{end}\n</content>"


def older_read_tool(*lines: str) -> str:
    numbered = "\n".join(f"{number:05}| {line}" for number, line in enumerate(lines, 1))
    return f"<file>\n{numbered}\n</file>"


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


ENV = (f"DB_PASSWORD={PASSWORD}", f'export VAULT_PASSPHRASE="{PHRASE}"', "PORT=8080", "DEBUG=true", "# a comment")
FORMS = {
    "env": ("\n".join(ENV), ".env.local"),
    "env, numbered": (older_read_tool(*ENV), "/srv/.env.local"),
    "env, read": (read_tool("/srv/.env.local", *ENV), ""),
    "env, printed": ("\n".join(ENV), "cat .env.local"),
    "env, in base64": (encoded("\n".join(ENV)) + "\n", "base64 .env.local"),
    "env, in colours": (
        "\n".join(re.sub("=(.*)", "\x1b[0m=\x1b[38;5;186m\\1\x1b[0m", f"\x1b[38;5;81m{line}") for line in ENV),
        "cat .env.local",
    ),
    "env, highlighted": (
        "\n".join(line.replace(PASSWORD[:3], f"\x1b[01;31m\x1b[K{PASSWORD[:3]}\x1b[m\x1b[K") for line in ENV),
        "cat .env.local",
    ),
    "env, as a diff": ("\n".join(f"+{line}" for line in ENV), "git diff .env.local"),
    "json": (f'{{"db": {{"port": 5432, "password": "{PASSWORD}"}}, "vault_passphrase": "{PHRASE}"}}', "secrets.json"),
    "yaml": (f"db:\n  password: {PASSWORD}  # old\nvault_passphrase: {PHRASE}\n", "config/secrets.yml"),
    "toml": (f'[db]\npassword = "{PASSWORD}"\nvault_passphrase = "{PHRASE}"\n', "secrets.toml"),
    "ini": (f"[db]\npassword = {PASSWORD}\nvault_passphrase = {PHRASE}\n", "credentials.ini"),
    "xml": (f"<c><password>{PASSWORD}</password><passphrase>{PHRASE}</passphrase></c>", "secrets.xml"),
    "kubernetes": (
        f"data:\n  password: {encoded(PASSWORD)}\n  passphrase: {encoded(PHRASE)}\n",
        "kubectl get secret a -o yaml",
    ),
    "container": (f'[{{"Env": ["DB_PASSWORD={PASSWORD}"], "Secret": "{PHRASE}"}}]', "docker inspect shop"),
    "bare": (f"{PASSWORD}\n{PHRASE}\n", "pass show shop"),
}


@pytest.mark.parametrize("form", FORMS)
def test_every_value_of_a_secret_source_is_tainted(form: str) -> None:
    text, source = FORMS[form]
    found = tainted(text, source)
    assert {PASSWORD, PHRASE} <= set(found)
    assert not {"8080", "true", "5432"} & set(found)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        (f"machine db.example login anna password {PASSWORD}\n", ".netrc"),
        (f"localhost:5432:shop:anna:{PASSWORD}\n", ".pgpass"),
        (f"//registry.example/:_authToken=npm_{PASSWORD}\n", ".npmrc"),
        (f"https://anna:{PASSWORD}@git.example\n", ".git-credentials"),
        (f"url = postgres://shop:{PASSWORD}@db/shop", ""),
        (f"DB_PASSWORD={PASSWORD}\nA=b\n", "make show-settings"),
        (f"src/.env.local:3:DB_PASSWORD={PASSWORD}\n", "grep -rn PASS ."),
        (f"/srv/.env.local:\n  Line 3: DB_PASSWORD={PASSWORD}\n", "PASS"),
        (f'password = "{PASSWORD}"', "src/app.py"),
        (f"db_password: {PASSWORD}", "values.yaml"),
    ],
)
def test_a_password_is_found_where_tools_put_it(text: str, source: str) -> None:
    assert any(PASSWORD in value for value in tainted(text, source))


def dump(text: str) -> str:
    """As `xxd` writes it."""
    rows = [text[at : at + 16] for at in range(0, len(text), 16)]
    lines = (f"{row.encode().hex(' ', -2):<39}  {row.replace(chr(10), '.')}" for row in rows)
    return "".join(f"{number:07x}0: {line}\n" for number, line in enumerate(lines))


SHOWN: dict[str, Callable[[str], str]] = {
    "base64 | base64": lambda text: encoded(encoded(text)),
    "xxd": dump,
    "xxd -p": lambda text: text.encode().hex(),
    "od -An -tx1": lambda text: " " + text.encode().hex(" "),
    "gzip -c | base64": lambda text: base64.b64encode(gzip.compress(text.encode(), mtime=0)).decode(),
    "base32": lambda text: base64.b32encode(text.encode()).decode(),
    "jq -Rs .": json.dumps,
    "jq -sRr @uri": quote,
    "awk -F= '{print $1, $2}'": lambda text: text.replace("=", " "),
}


@pytest.mark.parametrize("command", SHOWN)
def test_what_a_tool_shows_in_another_writing_is_tainted_as_it_is(command: str) -> None:
    """The model reads it, and says it plainly."""
    shown = SHOWN[command](f"DB_PASSWORD={PASSWORD}\nPORT=8080\nAPI_KEY={TOKEN}\n")
    assert {PASSWORD, TOKEN} <= set(tainted(shown, f"{command} .env.local"))


def test_what_decoding_makes_of_an_ordinary_output_taints_what_says_that_it_is_secret_alone() -> None:
    noise = random.Random("noise").randbytes(4_096)
    shown = f"{encoded('DB_PASSWORD=' + TOKEN)}\n{noise.hex()}\n{base64.b64encode(noise).decode()}\n"
    assert TOKEN in tainted(shown, "make show")
    assert len(tainted(noise.hex(), "make show")) == 0


def test_random_tokens_are_tainted_anywhere() -> None:
    assert tainted(f"made {TOKEN} for you", "make")[TOKEN]
    assert not extract((f"made {TOKEN} for you",), ("make",))[0].sure


def test_of_a_path_only_the_random_part_is_tainted() -> None:
    assert list(tainted(f"/srv/{TOKEN}/notes.txt and https://db.example/{TOKEN}", "ls")) == [TOKEN]
    key = "".join(random.Random("key").choices(LETTERS + "+/", k=40))
    assert key in tainted(f"made {key}", "make") or "/" not in key


def test_the_lines_of_a_private_key_are_tainted_and_of_a_certificate_are_not() -> None:
    lines = ["".join(random.Random(number).choices(LETTERS, k=64)) for number in range(3)]
    for kind, expected in (("PRIVATE KEY", set(lines)), ("RSA PRIVATE KEY", set(lines))):
        block = "\n".join([f"-----BEGIN {kind}-----", *lines, f"-----END {kind}-----"])
        assert set(tainted(block, "src/data.txt")) == expected
        assert set(tainted(block.replace("\n", "\\n"), "src/data.txt")) >= expected


INNOCENT = (
    "commit d670460b4b4aece5915caf5c68d12f560a9fe3e4\nAuthor: Anna <anna@example.com>\n",
    "  sha512-" + encoded("integrity of a package" * 3) + "\n",
    "sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n",
    "id 7f9c24e8-3b12-4fef-91e0-9d1c5ae0b3f4, ses_5f2c1d9e8b7affeQwErTyUiOpAs, msg_a0d3e26171001DfGhJkLzXcVbN\n",
    "drwxr-xr-x 2 user user 4096 Jan  1 00:00 x86_64-linux-gnu-gcc-ar-12\n",
    "tests/test_tokens.py::test_token[ascii-3] PASSED [ 12%]\n",
    "def login(self, password: str, token: Token | None = None) -> None:\n",
    "    self.token = next_token\n    password=password,\n",
    "password = getpass.getpass()\ntoken = os.environ['TOKEN']\nkey = keys[0]\n",
    "PASSWORD=${DB_PASSWORD}\nTOKEN={{ token }}\nSECRET=<your secret>\n",
    "The password is read from the environment; the token: see below.\n",
    "detect-secrets==1.5.0 \\\n    --hash=sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\n",
    "PROTOCOL_TLSv1_2 HAVE_GCC_ASM_FOR_X64 issuecomment-3814681997 claude-sonnet-4-20250514\n",
    "2024-11-05T10:20:30.123Z INFO 10.0.0.1:8080 GET /api/v1/users/42?page=3 200 12.5ms\n",
    "/usr/lib/python3.11/site-packages/cryptography/hazmat/bindings/_rust.abi3.so\n",
    "max_tokens: 4096\ntoken_limit=8192\nSSH_KEY_PATH=/home/anna/.ssh/id_ed25519\n",
)


@pytest.mark.parametrize("text", INNOCENT)
def test_what_a_reply_must_be_able_to_repeat_is_not_tainted(text: str) -> None:
    assert tainted(text, "make") == {}


@pytest.mark.parametrize("path", BENIGN, ids=lambda path: path.name)
def test_benign_files_taint_nothing(path: Path) -> None:
    assert tainted(path.read_text("utf-8"), f"cat {path.name}") == {}


@pytest.mark.parametrize(
    "text",
    ["Wrote file successfully.", "-rw-r--r-- 1 user user 30 Jan  1 00:00 .env.local\n", "Edit applied successfully."],
)
def test_what_a_tool_says_of_a_secret_file_is_not_its_content(text: str) -> None:
    assert tainted(text, "/srv/.env.local") == {}


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "clientSecret", "APIKey", "api-key", "STRIPE_SECRET_KEY", "auth.token", "PGPASS_PWD"]
)
def test_names_that_say_secret(name: str) -> None:
    assert says_secret(name)


@pytest.mark.parametrize(
    "name", ["TOKEN_LIMIT", "max_tokens", "SSH_KEY_PATH", "monkey", "key", "PASSWORD_FILE", "author", ""]
)
def test_names_that_do_not(name: str) -> None:
    assert not says_secret(name)


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "DATABASE_URL.password", "aws_secret_access_key", "APIKey", "awsSECRETAccessKEY"]
)
def test_a_name_of_ordinary_words_is_shown(name: str) -> None:
    assert label(name) == name


@pytest.mark.parametrize(
    "name",
    [
        f"{PASSWORD}_PASSWORD",
        "CORRECT_HORSE",
        "QZXKWPassword",
        "dbQZXKWPassword_KEY",
        TOKEN,
        "PASSWORD_1",
        "x" * 100,
        "a b",
        "ä",
        "",
    ],
)
def test_a_name_that_could_carry_a_value_is_not(name: str) -> None:
    assert label(name) == ""


@given(st.text(max_size=400), st.sampled_from(["", ".env", "pass show x", "src/app.py"]))
def test_any_text_is_taken(text: str, source: str) -> None:
    for taint in extract((text, f"KEY={text}"), (source,)):
        assert taint.value.reveal()
        assert taint.value.reveal() not in repr(taint)


@given(
    st.text(alphabet=LETTERS, min_size=8, max_size=40).filter(lambda value: len(set(value)) > 5 and not value.isalpha())
)
def test_any_password_of_an_env_file_is_tainted_if_it_can_be_watched_for(value: str) -> None:
    found = tainted(f"DB_PASSWORD={value}\n", ".env")
    assert value in found or refuse("DB_PASSWORD", value) is not None


def ours(scan: Scan) -> list[Finding]:
    return [finding for finding in scan.findings if finding.detector == "tainted-value"]


def scanner(*values: tuple[str, str, str], guess: bool = False) -> TaintedScanner:
    """A scanner with what these (text, source, …) taint."""
    entries = [(taint.label, taint.value) for text, source, _ in values for taint in extract((text,), (source,))]
    known = KnownValues.build(entries, bytes(32), detector="tainted-value", few=True)
    return TaintedScanner(build_scanner(KnownValues.none()), [known], guess=guess)


def test_a_name_is_told_and_a_label_that_is_none_is_not() -> None:
    made = scanner((f"DB_PASSWORD={PASSWORD}\nMY_{TOKEN}=x{TOKEN}y\n", ".env", ""))
    found = ours(made.scan([f"{PASSWORD} x{TOKEN}y"]))
    assert [(one.detector, one.name) for one in found] == [("tainted-value", "DB_PASSWORD"), ("tainted-value", "")]


def test_words_in_another_spelling_are_redacted_and_no_alarm() -> None:
    made = scanner(('GREETING="welcome to the shop"\n', ".env", ""))
    (found,) = ours(made.scan(["Say Welcome to the shop, then."]))
    assert (found.form, found.name) == (Form.PLAIN, "")
    (found,) = ours(made.scan([f"Say {encoded('welcome to the shop')}."]))
    assert found.form is Form.ENCODED


def base64_of_hex(text: str) -> str:
    return encoded(text.encode().hex())


def gzip_in_base64(text: str) -> str:
    return base64.b64encode(gzip.compress(text.encode())).decode()


def character_codes(text: str) -> str:
    return ", ".join(str(ord(char)) for char in text)


@pytest.mark.parametrize("form", [base64_of_hex, gzip_in_base64, character_codes])
def test_a_value_that_is_encoded_twice_is_found(form: Callable[[str], str]) -> None:
    made = scanner((f"DB_PASSWORD={TOKEN}\n", ".env", ""))
    for text in (form(TOKEN), f"It is {form(TOKEN)} here."):
        assert ours(build_scanner(KnownValues.none()).scan([text])) == []
        for _ in range(2):  # a text that was clean for others is not so for this session
            found = {(one.form, one.name) for one in ours(made.scan(["Done.", text]))}
            assert found == {(Form.ENCODED, "DB_PASSWORD")}


def test_when_guessing_every_random_token_is_found_and_nothing_else() -> None:
    made = scanner(guess=True)
    text = f"The key {TOKEN} of commit d670460b4b4aece5915caf5c68d12f560a9fe3e4, again {TOKEN}."
    spans = [text[found.start : found.end] for found in ours(made.scan([text]))]
    assert spans == [TOKEN, TOKEN]


def test_a_value_in_another_form_is_no_accident_even_where_a_rule_redacts() -> None:
    made = scanner((f"SEED={TOKEN}\n", ".env", ""))
    (found,) = ours(made.scan([f"It is {TOKEN[::-1]} here."]))
    assert found.form is Form.ENCODED
    (found,) = ours(made.scan([f"It is {TOKEN} here."]))
    assert found.form is Form.PLAIN
