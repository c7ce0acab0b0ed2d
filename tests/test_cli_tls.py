"""`egress-proxy tls`: what it makes, for whom it is readable, and what it never prints."""

from __future__ import annotations

import json
import ssl
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509

from egress_proxy import authority
from egress_proxy.cli import main
from egress_proxy.config import load
from egress_proxy.errors import ConfigError, Exit
from egress_proxy.server.tls import server_context
from tests.config.conftest import Site


class Box(Site):
    """A configuration whose state directory is the test's own."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        super().__init__(root)
        self._capsys = capsys
        self.state = root / "state"
        self.keys["state_dir"] = str(self.state)
        self.write()

    def run(self, *arguments: str) -> tuple[int, str, str]:
        code = main(["tls", *arguments, "--config", str(self.file)])
        told = self._capsys.readouterr()
        assert "PRIVATE" not in told.out + told.err
        return code, told.out, told.err


@pytest.fixture
def box(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> Box:
    return Box(tmp_path.resolve(), capsys)


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def test_what_it_prints_is_a_configuration_that_serves(box: Box) -> None:
    code, out, err = box.run("init", "--name", "proxy.example")
    assert code == Exit.OK
    assert "proxy.example, localhost, 127.0.0.1, ::1" in err
    code, line, _ = box.run("issue", "cloud-agent", "--out", str(box.root / "given"))
    assert code == Exit.OK
    box.file.write_text(box.file.read_text() + out + f"  login: both\n  clients:\n    {line}")
    config = load(box.file)
    assert config.tls.clients[0].client == "cloud-agent"
    context, found = server_context(config.tls)
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert set(found.names) == {"proxy.example", "localhost", "127.0.0.1", "::1"}
    assert found.not_after - datetime.now(UTC) < timedelta(days=31)
    code, told, _ = box.run("show", "--json")
    assert (code, [row["kind"] for row in json.loads(told)]) == (Exit.OK, ["authority", "made here", "configured"])


def test_keys_are_their_owners_and_an_authority_is_not_replaced(box: Box) -> None:
    box.run("init")
    place = box.state / "tls"
    assert (mode(place), mode(place / "ca.key"), mode(place / "server.key")) == (0o700, 0o600, 0o600)
    kept = (place / "ca.key").read_bytes()
    code, _, err = box.run("init")
    assert (code, "there is an authority" in err) == (Exit.FAILED, True)
    assert (place / "ca.key").read_bytes() == kept
    (place / "ca.key").chmod(0o644)
    assert box.run("issue", "x", "--out", str(box.root / "given"))[0] == Exit.USAGE


def test_the_authority_is_confined_and_for_nothing_else(box: Box) -> None:
    box.run("init", "--name", "proxy.example")
    ca = x509.load_pem_x509_certificate((box.state / "tls" / "ca.pem").read_bytes())
    constraints = ca.extensions.get_extension_for_class(x509.NameConstraints)
    assert constraints.critical
    assert constraints.value.permitted_subtrees is not None
    assert {str(one.value) for one in constraints.value.permitted_subtrees} == {
        "proxy.example",
        "localhost",
        "127.0.0.1/32",
        "::1/128",
    }
    basic = ca.extensions.get_extension_for_class(x509.BasicConstraints).value
    assert (basic.ca, basic.path_length) == (True, 0)


@pytest.mark.parametrize("name", ["Proxy.example", "*.example", "a b", "", "https://proxy.example", "x" * 300])
def test_a_name_that_is_none_makes_nothing(box: Box, name: str) -> None:
    code, _, err = box.run("init", "--name", name)
    assert code == Exit.USAGE
    assert not name or name not in err
    assert not (box.state / "tls" / "ca.key").exists()


@pytest.mark.parametrize("client", ["", "a/b", "../x", "a b", "x" * 65])
def test_a_client_has_a_name_of_its_kind(box: Box, client: str) -> None:
    box.run("init")
    assert box.run("issue", client, "--out", str(box.root / "given"))[0] == Exit.USAGE


def test_it_is_renewed_when_it_has_to_be(box: Box) -> None:
    box.run("init", "--days", "10")
    server = box.state / "tls" / "server.pem"
    first = server.read_bytes()
    assert "nothing was done" in box.run("renew")[2]
    assert server.read_bytes() == first
    made = authority.Issued((box.state / "tls" / "ca.pem").read_bytes(), (box.state / "tls" / "ca.key").read_bytes())
    old = authority.issue_server(made, ("localhost",), datetime.now(UTC) - timedelta(days=8), 10)
    server.write_bytes(old.certificate)
    assert box.run("renew")[0] == Exit.OK
    found = authority.facts(server.read_bytes())
    assert (found.names, (found.not_after - datetime.now(UTC)).days) == (("localhost",), 29)


def test_what_has_run_out_is_told(box: Box) -> None:
    box.run("init")
    made = authority.Issued((box.state / "tls" / "ca.pem").read_bytes(), (box.state / "tls" / "ca.key").read_bytes())
    old = authority.issue_server(made, ("localhost",), datetime.now(UTC) - timedelta(days=9), 1)
    (box.state / "tls" / "server.pem").write_bytes(old.certificate)
    assert box.run("show")[0] == Exit.FAILED


BAD: dict[str, tuple[dict[str, Any], str]] = {
    "a key alone": ({"tls": "{key_file: /k}"}, "go together"),
    "clients without TLS": ({"tls": "{login: both}"}, "need TLS"),
    "a login without clients": ({"tls": "{certificate_file: /c, key_file: /k, login: both}"}, "client_ca_file"),
    "on a Unix socket": (
        {"listen": "'unix:/run/x.sock'", "tls": "{certificate_file: /c, key_file: /k}"},
        "TCP socket",
    ),
    "an old version": ({"tls": "{minimum_version: '1.1'}"}, "must be one of 1.2, 1.3"),
    "a reserved client": ({"tls": "{clients: [{client: .egress-verify, uri: 'urn:x'}]}"}, "must not be the name of"),
    "two names": ({"tls": "{clients: [{client: a, uri: 'urn:x', common_name: b}]}"}, "not both"),
    "no name": ({"tls": "{clients: [{client: a}]}"}, "uri or a common_name"),
    "a certificate where the agent works": (
        {"tls": "{certificate_file: SHOP/c, key_file: /k}"},
        "the local agent works there",
    ),
    "everybody as a proxy": ({"network": "{trusted_proxies: [0.0.0.0/0]}"}, "may not be everybody"),
    "a host with a port": ({"network": "{hosts: ['proxy.example:443']}"}, "without a port"),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_go_together_is_refused(box: Box, case: str) -> None:
    keys, told = BAD[case]
    box.write(**{key: value.replace("SHOP", str(box.root / "shop")) for key, value in keys.items()})
    with pytest.raises(ConfigError, match=told):
        load(box.file)
