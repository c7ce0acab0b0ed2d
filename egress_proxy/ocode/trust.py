"""Whom `ocode` believes to be the proxy, and the certificate that it shows there.

| variable | what it names |
|---|---|
| `OCODE_CA_FILE` | the authorities that are trusted, PEM, in the place of the system's |
| `OCODE_CERT_FILE` | the certificate to show to a proxy that asks for one, PEM |
| `OCODE_KEY_FILE` | its key, PEM, readable by its owner only |

A file that is named and cannot be used is an error: the system's store in its place would trust too many.
"""

from __future__ import annotations

import os
import ssl
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from msgspec import Struct

from egress_proxy.ocode.faults import usage
from egress_proxy.private import NotPrivateError, read_private

_MOST_BYTES: Final = 1_048_576


class Trust(Struct, frozen=True):
    """Paths of the files; empty for the system's authorities, and for no certificate."""

    authorities: str = ""
    certificate: str = ""
    key: str = ""

    def context(self) -> ssl.SSLContext:
        """The context of a connection. Raises a usage fault."""
        try:
            context = ssl.create_default_context(cafile=self.authorities or None)
        except (OSError, ValueError):
            raise usage("OCODE_CA_FILE names no file of certificates in PEM that can be read.") from None
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        if self.certificate:
            try:
                context.load_cert_chain(self.certificate, self.key or None, password=lambda: "")
            except (OSError, ValueError):
                raise usage("OCODE_CERT_FILE and OCODE_KEY_FILE are not a certificate and its key, in PEM.") from None
        return context


SYSTEM: Final = Trust()


def named_in(environment: Mapping[str, str]) -> Trust:
    """The files that the environment names. Raises a usage fault for a key that others may read."""
    certificate, key = environment.get("OCODE_CERT_FILE", ""), environment.get("OCODE_KEY_FILE", "")
    if bool(certificate) != bool(key):
        raise usage("OCODE_CERT_FILE and OCODE_KEY_FILE go together.")
    if key:
        _check_private(key)
    named = (environment.get("OCODE_CA_FILE", ""), certificate, key)
    return Trust(*(str(Path(path).expanduser()) if path else "" for path in named))


def _check_private(key: str) -> None:
    try:
        read_private(Path(os.path.realpath(Path(key).expanduser())), _MOST_BYTES)
    except NotPrivateError:
        raise usage("The key is not used: others may read OCODE_KEY_FILE. `chmod 600` it; it must be yours.") from None
    except (OSError, RuntimeError):
        raise usage("OCODE_KEY_FILE cannot be read.") from None
