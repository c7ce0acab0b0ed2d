"""The context of TLS on the cloud-facing socket, made from files, and made anew when they change.

A context is never changed: a new one takes its place for the connections to come, and those that stand go on with
theirs. Files that do not make one leave the old in force.
"""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from pathlib import Path
from typing import Final, NamedTuple

from egress_proxy import authority
from egress_proxy.config import Login, Tls, TlsVersion
from egress_proxy.errors import ConfigError
from egress_proxy.logs import Saying, say
from egress_proxy.metrics import Metrics
from egress_proxy.private import NotPrivateError, read_private

LOOK_SECONDS: Final = 5.0
_MOST_BYTES: Final = 1_048_576
_VERSIONS: Final = {TlsVersion.V1_2: ssl.TLSVersion.TLSv1_2, TlsVersion.V1_3: ssl.TLSVersion.TLSv1_3}
_CIPHERS_1_2: Final = "ECDHE+AESGCM:ECDHE+CHACHA20"
"""Of TLS 1.2: with forward secrecy, and encryption that notices what was changed. TLS 1.3 has no others."""
_ASKED: Final = {
    Login.TOKEN: ssl.CERT_NONE,
    Login.EITHER: ssl.CERT_OPTIONAL,
    Login.CERTIFICATE: ssl.CERT_REQUIRED,
    Login.BOTH: ssl.CERT_REQUIRED,
}


class Ready(NamedTuple):
    """What is put in force together: settings, the state of their files, what was made of them."""

    tls: Tls
    stamp: tuple[tuple[int, ...], ...]
    context: ssl.SSLContext
    facts: authority.Facts


def made_ready(tls: Tls) -> Ready:
    """Read the files. Raises `ConfigError`."""
    stamp = _stamps(tls)  # from before the reading: a change in between is seen next time
    return Ready(tls, stamp, *server_context(tls))


class Certified:
    """The context now in force, and the names that its certificate is for."""

    def __init__(self, tls: Tls, metrics: Metrics) -> None:
        """Raises `ConfigError`."""
        self._metrics = metrics
        self._take(tls)

    def take(self, ready: Ready) -> None:
        """Put what was made from others in their place. Cannot fail."""
        self._put(ready)

    def _take(self, tls: Tls) -> None:
        self._put(made_ready(tls))

    def _put(self, ready: Ready) -> None:
        tls, stamp, context, found = ready
        self.context, self.names = context, frozenset(name.lower() for name in found.names)
        self._tls, self._stamp = tls, stamp
        self._metrics.set_certificate_expiry(found.not_after.timestamp())

    def look(self) -> bool:
        """Take the files as they are now if they have changed. Whether what is in force is what they hold."""
        stamp = _stamps(self._tls)
        if stamp == self._stamp:
            return True
        try:
            self._take(self._tls)
        except ConfigError as error:
            say(Saying.CERTIFICATE_BROKEN, why=str(error))
            self._stamp = stamp
            return False
        say(Saying.CERTIFICATE_NEW)
        return True

    async def watch(self) -> None:
        """Look again and again. Never ends."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            self.look()


def server_context(tls: Tls) -> tuple[ssl.SSLContext, authority.Facts]:
    """Make a context, and say what its certificate is. Raises `ConfigError`, which quotes no file."""
    if tls.certificate_file is None or tls.key_file is None:
        raise ConfigError("tls: certificate_file and key_file are missing")
    found = _facts(tls.certificate_file)
    _check_key(tls.key_file)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = _VERSIONS[tls.minimum_version]
    context.set_ciphers(_CIPHERS_1_2)
    # A session that is taken up again would not show its certificate again, which may have run out.
    context.options |= ssl.OP_NO_RENEGOTIATION | ssl.OP_NO_COMPRESSION | ssl.OP_NO_TICKET
    context.num_tickets = 0
    context.set_alpn_protocols(["http/1.1"])
    context.verify_mode = _ASKED[tls.login]
    try:
        context.load_cert_chain(tls.certificate_file, tls.key_file, password=_no_passphrase)
    except (OSError, ValueError):  # ssl.SSLError is an OSError
        raise ConfigError("tls.key_file: is not the certificate's key, in PEM and without a passphrase") from None
    if tls.client_ca_file is not None and tls.login is not Login.TOKEN:
        try:
            context.load_verify_locations(tls.client_ca_file)
        except (OSError, ValueError):
            raise ConfigError(f"tls.client_ca_file: {tls.client_ca_file}: holds no certificates in PEM") from None
    return context, found


def _facts(file: str) -> authority.Facts:
    try:
        with Path(file).open("rb") as stream:
            found = authority.facts(stream.read(_MOST_BYTES))
    except OSError as error:
        raise ConfigError(f"tls.certificate_file: {file}: cannot be read ({error.strerror})") from None
    except ConfigError as error:
        raise ConfigError(f"tls.certificate_file: {file}: {error}") from None
    if found.not_after.timestamp() <= time.time():
        raise ConfigError(f"tls.certificate_file: {file}: has run out; `egress-proxy tls renew` renews one made here")
    return found


def _check_key(file: str) -> None:
    try:
        read_private(Path(os.path.realpath(file)), _MOST_BYTES)
    except NotPrivateError as error:
        raise ConfigError(f"tls.key_file: {file}: {error}") from None
    except OSError as error:
        raise ConfigError(f"tls.key_file: {file}: cannot be read ({error.strerror})") from None


def _no_passphrase() -> str:
    """In place of OpenSSL's own question on the terminal."""
    return ""


def _stamps(tls: Tls) -> tuple[tuple[int, ...], ...]:
    return tuple(map(_stamp, filter(None, (tls.certificate_file, tls.key_file, tls.client_ca_file))))


def _stamp(file: str) -> tuple[int, ...]:
    try:
        status = Path(file).stat()
    except OSError:
        return ()
    return status.st_ino, status.st_size, status.st_mtime_ns, status.st_mode
