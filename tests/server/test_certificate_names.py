"""Names in certificates, as OpenSSL and clients take them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from unittest.mock import patch

import aiohttp
import pytest
from cryptography import x509

from egress_proxy import authority
from egress_proxy.config import CertificateOf, Login, Tls
from egress_proxy.errors import ConfigError
from egress_proxy.server.tls import Certified, server_context
from tests.kit.pki import Pki
from tests.server.rig import TOKEN, Rig, answer, rig
from tests.server.test_tls import URI, secure, status


@pytest.fixture(scope="module")
def pki(tmp_path_factory: pytest.TempPathFactory) -> Pki:
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
async def proxy(tmp_path: Path) -> AsyncIterator[Rig]:
    async with rig(tmp_path) as started:
        started.upstream.answers["GET /session/status"] = answer(b"{}")
        yield started


async def test_a_client_whose_name_looks_like_a_machines_is_let_in(proxy: Rig, pki: Pki) -> None:
    """OpenSSL takes a common name with a dot for one of a machine, for which the authority may not speak."""
    named = ("ci.build", "a_b.c-d", "x" * 64)
    secure(proxy, pki, Login.CERTIFICATE, clients=tuple(CertificateOf(name, URI + name) for name in named))
    for name in named:
        assert await status(proxy, pki.trusting(pki.client(name)), token="") == 200


async def test_names_of_a_certificate_are_names_in_any_case(proxy: Rig, pki: Pki) -> None:
    certificate, key = pki.server()
    with patch.object(authority, "_names", lambda _: ("Proxy.Example",)):
        proxy.cloud.entrance.certified = Certified(Tls(certificate_file=certificate, key_file=key), proxy.metrics)
    url, headers = proxy.url.replace("http:", "https:"), {"Authorization": f"Bearer {TOKEN}", "Host": "Proxy.Example"}
    asked = f"{url}/session/status"
    async with aiohttp.ClientSession() as client, client.get(asked, ssl=pki.trusting(), headers=headers) as response:
        assert response.status == 200


def test_a_certificate_that_nobody_should_have_made_is_an_error_of_the_configuration(pki: Pki) -> None:
    """Whatever the library thinks of it: the watching of files goes on."""
    certificate, key = pki.server()
    for error in (x509.DuplicateExtension("", x509.SubjectAlternativeName.oid), x509.UnsupportedGeneralNameType("")):
        with (
            patch.object(authority, "_names", side_effect=error),
            pytest.raises(ConfigError, match="not a certificate"),
        ):
            server_context(Tls(certificate_file=certificate, key_file=key))
