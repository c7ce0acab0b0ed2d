"""TLS on the cloud-facing socket: who is not believed, on both sides, and what happens when certificates change."""
# ruff: noqa: ASYNC240 - files of a few hundred bytes, in tests

from __future__ import annotations

import asyncio
import hashlib
import json
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from unittest.mock import patch

import aiohttp
import pytest

from egress_proxy import authority
from egress_proxy.config import CertificateOf, Login, Network, Tls, TlsVersion
from egress_proxy.errors import ConfigError
from egress_proxy.model import Client, Secret
from egress_proxy.ocode.api import Api
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault
from egress_proxy.ocode.reach import reach
from egress_proxy.ocode.settings import address
from egress_proxy.server.certificates import Logins, Shown
from egress_proxy.server.tls import Certified, server_context
from tests.kit.pki import Pki
from tests.server.rig import NETWORK, OTHER_TOKEN, SESSION, STREAM, TOKEN, Rig, answer, frame, rig, until

URI = authority.CLIENT_URI
BOTH = (CertificateOf("rig", URI + "rig"), CertificateOf("other", URI + "other"))


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as started:
        started.upstream.answers["GET /session/status"] = answer(b"{}")
        yield started


def secure(proxy: Rig, pki: Pki, login: Login = Login.TOKEN, **more: Any) -> Tls:
    """Have the rig speak TLS from now on."""
    certificate, key = pki.server()
    ca = str(pki.ca) if login is not Login.TOKEN else None
    tls = Tls(certificate_file=certificate, key_file=key, client_ca_file=ca, login=login, **more)
    entrance = proxy.cloud.entrance
    entrance.certified = Certified(tls, proxy.metrics)
    entrance.take(logins(proxy, tls), NETWORK)
    return tls


def logins(proxy: Rig, tls: Tls) -> Logins:
    roots = (proxy.directory,)
    tokens = {TOKEN: Client("rig", roots), OTHER_TOKEN: Client("other", roots)}
    return Logins(tokens.get, time.time, tls.login, tls.clients, roots)


async def status(proxy: Rig, context: ssl.SSLContext, token: str = TOKEN, host: str = "127.0.0.1") -> int:
    """What a client gets, 0 if no HTTP comes of it."""
    url = proxy.url.replace("http://127.0.0.1", f"https://{host}") + "/session/status"
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as client:
        try:
            async with client.get(url, headers=headers) as response:
                await response.read()
                return response.status
        except (aiohttp.ClientError, OSError):
            return 0


def series(proxy: Rig, name: str) -> float:
    lines = proxy.metrics.render().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if line.startswith(name))


async def test_whoever_trusts_the_authority_is_served(proxy: Rig, pki: Pki) -> None:
    assert (await proxy.ask("GET", "/session/status"))[0] == 200  # the control: without TLS the token is on the wire
    secure(proxy, pki)
    assert await status(proxy, pki.trusting()) == 200
    assert await status(proxy, pki.trusting(), "wrong") == 401
    assert series(proxy, "egress_tls_certificate_expiry_timestamp_seconds") > time.time()


async def test_plain_http_is_not_answered(proxy: Rig, pki: Pki) -> None:
    """Nor redirected: the token would have been sent by then."""
    secure(proxy, pki)
    with pytest.raises(aiohttp.ClientError):
        await proxy.ask("GET", "/session/status")
    assert proxy.upstream.asked == []
    await until(lambda: series(proxy, 'egress_connections_closed_total{cause="handshake"}') > 0)


async def test_a_proxy_of_another_authority_is_not_believed(proxy: Rig, pki: Pki, tmp_path: Path) -> None:
    secure(proxy, Pki(tmp_path / "other"))
    assert await status(proxy, pki.trusting()) == 0
    assert await status(proxy, ssl.create_default_context()) == 0
    assert proxy.upstream.asked == []


async def test_the_authority_cannot_speak_for_other_names(proxy: Rig, pki: Pki) -> None:
    """Who has its key can sign what they like, but nobody believes it beyond the names it was made for."""
    certificate, key = pki.server()
    with pytest.raises(ConfigError, match="not for one of these names"):
        authority.issue_server(pki.made, ("bank.example",), datetime.now(UTC))
    with patch.object(authority, "_permitted", lambda _: {authority._general(n) for n in ("bank.example", "10.0.0.1")}):
        forged = authority.issue_server(pki.made, ("bank.example",), datetime.now(UTC))
    certificate, key = pki.keep("forged", forged)
    proxy.cloud.entrance.certified = Certified(Tls(certificate_file=certificate, key_file=key), proxy.metrics)
    context = pki.trusting()
    context.check_hostname = False  # the name constraint alone has to catch it
    assert await status(proxy, context) == 0


@pytest.mark.parametrize(
    "weak",
    [
        pytest.param({"maximum_version": ssl.TLSVersion.TLSv1_1}, id="TLS 1.1"),
        pytest.param({"maximum_version": ssl.TLSVersion.TLSv1}, id="TLS 1.0"),
        pytest.param({"maximum_version": ssl.TLSVersion.TLSv1_2, "ciphers": "ECDHE+AES:!AESGCM"}, id="CBC"),
        pytest.param({"maximum_version": ssl.TLSVersion.TLSv1_2, "ciphers": "aNULL"}, id="anonymous"),
    ],
)
@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
async def test_nobody_is_talked_down(proxy: Rig, pki: Pki, weak: dict[str, Any]) -> None:
    secure(proxy, pki)
    context = pki.trusting()
    context.set_ciphers(f"{weak.pop('ciphers', 'ALL')}:@SECLEVEL=0")
    context.minimum_version = min(ssl.TLSVersion.TLSv1, weak["maximum_version"])
    context.maximum_version = weak["maximum_version"]
    assert await status(proxy, context) == 0
    context.maximum_version = ssl.TLSVersion.MAXIMUM_SUPPORTED
    context.set_ciphers("DEFAULT")
    assert await status(proxy, context) == 200


async def test_the_oldest_version_is_the_operators_choice(proxy: Rig, pki: Pki) -> None:
    secure(proxy, pki, minimum_version=TlsVersion.V1_3)
    context = pki.trusting()
    assert await status(proxy, context) == 200
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    assert await status(proxy, context) == 0


# Certificates of clients


async def test_a_certificate_stands_for_the_client_that_is_named_for_it(proxy: Rig, pki: Pki) -> None:
    secure(proxy, pki, Login.CERTIFICATE, clients=BOTH[:1])
    assert await status(proxy, pki.trusting(pki.client("rig")), token="") == 200
    assert await status(proxy, pki.trusting(pki.client("other")), token="") == 401
    assert await status(proxy, pki.trusting(pki.client("other")), TOKEN) == 401


async def test_with_both_neither_does_alone(proxy: Rig, pki: Pki) -> None:
    secure(proxy, pki, Login.BOTH, clients=BOTH)
    mine, others = pki.trusting(pki.client("rig")), pki.trusting(pki.client("other"))
    assert await status(proxy, mine) == 200
    assert await status(proxy, pki.trusting()) == 0
    assert await status(proxy, mine, token="") == 401
    # The certificate of another client, with a token that was found; and the other way round.
    assert await status(proxy, others, TOKEN) == 401
    assert await status(proxy, mine, OTHER_TOKEN) == 401
    assert await status(proxy, others, OTHER_TOKEN) == 200


async def test_with_either_one_does_but_not_two_that_differ(proxy: Rig, pki: Pki) -> None:
    secure(proxy, pki, Login.EITHER, clients=BOTH)
    mine = pki.trusting(pki.client("rig"))
    assert await status(proxy, pki.trusting()) == 200
    assert await status(proxy, mine, token="") == 200
    assert await status(proxy, mine, "wrong") == 401
    assert await status(proxy, mine, OTHER_TOKEN) == 401
    assert await status(proxy, pki.trusting(), token="") == 401


@pytest.mark.parametrize("kind", ["of another authority", "signed by itself", "run out", "of a server"])
@pytest.mark.parametrize("login", [Login.CERTIFICATE, Login.EITHER])
async def test_a_certificate_that_proves_nothing_ends_the_handshake(
    proxy: Rig, pki: Pki, tmp_path: Path, kind: str, login: Login
) -> None:
    secure(proxy, pki, login, clients=(*BOTH, CertificateOf("rig", common_name="localhost")))
    shown = {
        "of another authority": lambda: Pki(tmp_path / "other").client("rig"),
        "signed by itself": lambda: Pki(tmp_path / "own").keep("own", Pki(tmp_path / "self").made),
        "run out": lambda: pki.client("rig", days_ago=3),
        "of a server": lambda: pki.server("as-client", ("localhost",)),
    }[kind]()
    assert await status(proxy, pki.trusting(shown)) == 0
    assert proxy.upstream.asked == []


async def test_a_line_taken_out_ends_the_streams_of_its_client(proxy: Rig, pki: Pki) -> None:
    tls = secure(proxy, pki, Login.CERTIFICATE, clients=BOTH)
    proxy.upstream.answers["GET /event"] = STREAM + frame("server.connected")
    proxy.upstream.held.add("GET /event")
    mine, others = pki.trusting(pki.client("rig")), pki.trusting(pki.client("other"))
    url = proxy.url.replace("http:", "https:") + "/event"
    async with aiohttp.ClientSession() as client, client.get(url, ssl=mine) as response, asyncio.timeout(90):
        await response.content.readuntil(b"\n\n")
        await until(lambda: "GET /event" in proxy.upstream.standing)
        proxy.cloud.entrance.take(logins(proxy, Tls(login=tls.login, clients=BOTH[1:])), NETWORK)
        await proxy.upstream.send("GET /event", frame("session.idle", sessionID=SESSION))
        assert b"session.idle" not in await response.content.read()
    assert await status(proxy, mine, token="") == 401
    assert await status(proxy, others, token="") == 200


NOW = 1_800_000_000.0


def shown(*uris: str, common_name: str = "", until: float = NOW + 60) -> Shown:
    return Shown(frozenset(uris), common_name, until)


@pytest.mark.parametrize(
    ("certificate", "client"),
    [
        pytest.param(shown(URI + "rig"), "rig", id="its name"),
        pytest.param(shown(URI + "rig", until=NOW), None, id="run out since it connected"),
        pytest.param(shown(URI + "RIG"), None, id="other case"),
        pytest.param(shown(URI + "rig/"), None, id="more behind it"),
        pytest.param(shown(URI + "rig", "urn:x"), "rig", id="another name beside it"),
        pytest.param(shown(URI + "rig", URI + "other"), None, id="two clients"),
        pytest.param(shown(common_name="builder"), "ci", id="common name"),
        pytest.param(shown(common_name=URI + "rig"), None, id="a URI as common name"),
        pytest.param(shown("builder"), None, id="a common name as URI"),
        pytest.param(shown(), None, id="no names"),
        pytest.param(shown(common_name=""), None, id="an empty common name"),
    ],
)
def test_a_certificate_is_matched_exactly(certificate: Shown, client: str | None) -> None:
    clients = (*BOTH, CertificateOf("ci", common_name="builder"))
    found = Logins(lambda _: None, lambda: NOW, Login.CERTIFICATE, clients, ("/a",)).client(None, certificate)
    assert (found.name if found else None) == client


def test_directories_are_those_that_token_and_certificate_share() -> None:
    roots = ("/a", "/b", "/c")
    mine = CertificateOf("rig", URI + "rig", directories=("/b", "/c", "/gone"))
    login = Logins(lambda _: Client("rig", ("/a", "/b")), lambda: NOW, Login.BOTH, (mine,), roots)
    assert login.client("t", shown(URI + "rig")) == Client("rig", ("/b",))
    apart = Logins(lambda _: Client("rig", ("/a",)), lambda: NOW, Login.BOTH, (mine,), roots)
    assert apart.client("t", shown(URI + "rig")) is None


# Other certificates while it runs


async def served(proxy: Rig, pki: Pki) -> str:
    """The digest of the certificate that a new connection gets."""
    host, _, port = proxy.url.removeprefix("http://").partition(":")
    _, writer = await asyncio.open_connection(host, int(port), ssl=pki.trusting())
    told = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    writer.close()
    with suppress(OSError):
        await writer.wait_closed()
    return hashlib.sha256(told).hexdigest()


async def test_a_new_certificate_is_in_force_at_once_and_no_stream_ends(proxy: Rig, pki: Pki) -> None:
    tls = secure(proxy, pki)
    certified = proxy.cloud.entrance.certified
    assert certified is not None
    first = await served(proxy, pki)
    proxy.upstream.answers["GET /event"] = STREAM + frame("server.connected")
    proxy.upstream.held.add("GET /event")
    headers = {"Authorization": f"Bearer {TOKEN}"}
    url = proxy.url.replace("http:", "https:") + "/event"
    async with aiohttp.ClientSession() as client, client.get(url, ssl=pki.trusting(), headers=headers) as response:
        await response.content.readuntil(b"\n\n")
        await until(lambda: "GET /event" in proxy.upstream.standing)
        pki.server()
        assert certified.look()
        assert await served(proxy, pki) != first
        await proxy.upstream.send("GET /event", frame("session.idle", sessionID=SESSION))
        async with asyncio.timeout(90):
            assert b"session.idle" in await response.content.readuntil(b"session.idle")
    assert await served(proxy, pki) == authority.facts(Path(str(tls.certificate_file)).read_bytes()).sha256


@pytest.mark.parametrize("broken", ["half a pair", "run out", "open to others", "no PEM", "gone"])
async def test_what_is_no_certificate_leaves_the_old_in_force(proxy: Rig, pki: Pki, broken: str) -> None:
    tls = secure(proxy, pki)
    certified = proxy.cloud.entrance.certified
    assert certified is not None
    before = await served(proxy, pki)
    certificate, key = Path(str(tls.certificate_file)), Path(str(tls.key_file))
    kept = certificate.read_bytes(), key.read_bytes()
    match broken:
        case "half a pair":
            certificate.write_bytes(authority.issue_server(pki.made, ("localhost",), datetime.now(UTC)).certificate)
        case "run out":
            pki.server(days_ago=9)
        case "open to others":
            key.chmod(0o640)
        case "no PEM":
            certificate.write_bytes(b"x" * 100)
        case _:
            key.unlink()
    assert not certified.look()
    assert await served(proxy, pki) == before
    key.touch(mode=0o600)
    key.chmod(0o600)
    key.write_bytes(kept[1])
    certificate.write_bytes(kept[0])
    assert certified.look()
    assert await status(proxy, pki.trusting()) == 200


def test_a_start_with_bad_files_says_what_is_wrong_and_quotes_nothing(pki: Pki) -> None:
    certificate, key = pki.server()
    other = pki.client("other")[1]
    with pytest.raises(ConfigError, match="is not the certificate's key"):
        server_context(Tls(certificate_file=certificate, key_file=other))
    with pytest.raises(ConfigError, match="is not a certificate"):
        server_context(Tls(certificate_file=key, key_file=key))
    ca = pki.root / "empty.pem"
    ca.write_bytes(b"")
    bad = Tls(certificate_file=certificate, key_file=key, client_ca_file=str(ca), login=Login.BOTH, clients=BOTH)
    with pytest.raises(ConfigError, match="holds no certificates"):
        server_context(bad)
    Path(key).chmod(0o644)
    with pytest.raises(ConfigError, match="others may read") as told:
        server_context(Tls(certificate_file=certificate, key_file=key))
    assert "PRIVATE" not in str(told.value)


async def test_handshakes_that_say_nothing_end_and_keep_nobody_out(tmp_path: Path, pki: Pki) -> None:
    network = Network(head_seconds=1, max_connections_per_address=1000)
    async with rig(tmp_path, network=network) as proxy:
        proxy.upstream.answers["GET /session/status"] = answer(b"{}")
        certificate, key = pki.server()
        proxy.cloud.entrance.certified = Certified(Tls(certificate_file=certificate, key_file=key), proxy.metrics)
        host, _, port = proxy.url.removeprefix("http://").partition(":")
        silent = [await asyncio.open_connection(host, int(port)) for _ in range(150)]
        assert await status(proxy, pki.trusting()) == 200
        assert series(proxy, 'egress_connections_closed_total{cause="room"}') >= 50
        async with asyncio.timeout(90):
            for reader, writer in silent:
                with suppress(ConnectionError):
                    assert await reader.read() == b""
                writer.close()


# ocode


def sessions(proxy: Rig, **environment: str) -> object:
    where = address(proxy.url.replace("http:", "https:"), {})
    return Api(reach(where, Secret(TOKEN), environment)).sessions()


async def test_ocode_trusts_what_it_is_told_to_and_shows_who_it_is(proxy: Rig, pki: Pki, tmp_path: Path) -> None:
    secure(proxy, pki, Login.BOTH, clients=BOTH)
    proxy.upstream.answers["GET /session"] = answer(json.dumps([]).encode())
    certificate, key = pki.client("rig")
    shown = {"OCODE_CERT_FILE": certificate, "OCODE_KEY_FILE": key}
    trusted = {"OCODE_CA_FILE": str(pki.ca)}
    assert await asyncio.to_thread(sessions, proxy, **trusted, **shown) == ()
    other = str(Pki(tmp_path / "other").ca)
    for wrong in (shown, {"OCODE_CA_FILE": other, **shown}, trusted):
        with pytest.raises(Fault) as fault:
            await asyncio.to_thread(sessions, proxy, **wrong)
        assert fault.value.exit is Exit.UNREACHABLE
    Path(key).chmod(0o644)
    for bad in ({**trusted, **shown}, {**trusted, "OCODE_CERT_FILE": certificate}, {"OCODE_CA_FILE": "/nowhere"}):
        with pytest.raises(Fault) as fault:
            await asyncio.to_thread(sessions, proxy, **bad)
        assert fault.value.exit is Exit.USAGE
