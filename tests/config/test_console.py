"""The section `console`: single sign-on is whole, or the configuration is not taken."""

from __future__ import annotations

from pathlib import Path

import pytest

from egress_proxy.config import Console, load, read_sso_secret
from egress_proxy.errors import ConfigError
from tests.config.conftest import Site

SECRET = "between-us-" + "and-nobody-else" * 2


def section(site: Site, **changes: str | None) -> str:
    plain = {
        "sso_origin": "'https://console.example'",
        "sso_secret_file": f"{site.root}/sso",
        "sso_approvers": "[ada, grace@example.com]",
        "sso_viewers": "[bob]",
    }
    given = {name: value for name, value in (plain | changes).items() if value is not None}
    return f"{{{', '.join(f'{name}: {value}' for name, value in given.items())}}}"


def test_without_the_section_nobody_is_signed_on(site: Site) -> None:
    assert load(site.write()).console == Console()
    assert read_sso_secret(Console()) is None


def test_every_key_is_read(site: Site) -> None:
    text = section(site, sso_header="Remote-User", sso_secret_header="X-Proof")
    assert load(site.write(console=text)).console == Console(
        sso_origin="https://console.example",
        sso_header="Remote-User",
        sso_secret_header="X-Proof",
        sso_secret_file=f"{site.root}/sso",
        sso_approvers=("ada", "grace@example.com"),
        sso_viewers=("bob",),
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"sso_origin": None}, "sso_origin: is missing"),
        ({"sso_secret_file": None}, "sso_secret_file: is missing"),
        ({"sso_approvers": None, "sso_viewers": None}, "sso_approvers: is missing"),
        ({"sso_viewers": "[ada]"}, "an approver already"),
        ({"sso_secret_header": "X-Forwarded-User"}, "must not be the header of the name"),
        ({"sso_secret_header": "x-forwarded-user"}, "must be the name of a header"),
        ({"sso_header": "Authorization"}, "must be the name of a header"),
        ({"sso_header": "Host"}, "must be the name of a header"),
        ({"sso_origin": "'http://console.example'"}, "must be https://"),
        ({"sso_origin": "'https://console.example/console'"}, "must be http:// or https://"),
        ({"sso_origin": "'https://127.0.0.1'"}, "another name than the operator's socket"),
        ({"sso_origin": "'https://localhost:1'"}, "another name than the operator's socket"),
        ({"sso_approvers": "['a b']"}, "must be 1 to 128 letters"),
        ({"sso_approvers": "['sso:ada']"}, "must be 1 to 128 letters"),
        ({"sso_approvers": "['']"}, "must be one line of text"),
        ({"sso_approvers": "['*']"}, "must be 1 to 128 letters"),
        ({"sso_approvers": "[]", "sso_viewers": None}, "sso_approvers: is missing"),
    ],
)
def test_half_a_section_is_an_error(site: Site, changes: dict[str, str | None], said: str) -> None:
    with pytest.raises(ConfigError, match=said.replace("/", ".")):
        load(site.write(console=section(site, **changes)))


def test_the_local_agent_cannot_write_the_secret(site: Site) -> None:
    inside = Path(load(site.write()).directories[0]) / "sso"
    with pytest.raises(ConfigError, match=r"contains console\.sso_secret_file"):
        load(site.write(console=section(site, sso_secret_file=str(inside))))


def test_the_secret_is_read(site: Site) -> None:
    file = site.secret("sso", f"{SECRET}\n".encode(), 0o600)
    secret = read_sso_secret(Console(sso_secret_file=str(file)))
    assert secret is not None
    assert secret.reveal() == SECRET


@pytest.mark.parametrize(
    ("content", "mode", "said"),
    [
        (SECRET.encode(), 0o640, "others may read"),
        (SECRET[:31].encode(), 0o600, "at least 32"),
        (b"", 0o600, "at least 32"),
        (f"{SECRET}\n{SECRET}\n".encode(), 0o600, "one line"),
        (f" {SECRET}".encode(), 0o600, "one line"),
        ("é".encode() * 40, 0o600, "printable ASCII"),
    ],
)
def test_a_secret_that_is_none_is_an_error_that_does_not_quote_it(
    site: Site, content: bytes, mode: int, said: str
) -> None:
    file = site.secret("sso", content, mode)
    with pytest.raises(ConfigError, match=said) as caught:
        read_sso_secret(Console(sso_secret_file=str(file)))
    assert SECRET[:31] not in str(caught.value)


def test_without_the_file_the_proxy_does_not_start(site: Site) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_sso_secret(Console(sso_secret_file=f"{site.root}/none"))
