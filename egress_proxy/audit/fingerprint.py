"""By what a value that was found is recognised in the ledger, by those who have the value and the keys.

    state_dir/audit-search.key    256 random bits, made at the first start, for its owner alone

    fingerprint = the first 16 bytes, in hexadecimal, of HMAC-SHA256(this key, MAC of the value)

The MAC, under the key of fingerprints, is what the scanner keeps of a value in place of it (docs/decisions/0031). So
nothing is made or kept for a value that is never found, those that were registered on another machine have a
fingerprint as well, and whoever guesses needs both keys.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import secrets
from collections.abc import Callable
from pathlib import Path
from typing import Final, Never

from egress_proxy import private
from egress_proxy.errors import EgressError, StartError
from egress_proxy.model import Finding, Form

KEY_FILE: Final = "audit-search.key"
_MARK: Final = b"eas_"
_KEY_BYTES: Final = 32
_MOST: Final = 256
_FINGERPRINT_BYTES: Final = 16

Tell = Callable[[Finding, str], str]
"""The fingerprint of a finding in a text, or nothing."""


class SearchKey:
    """The key of fingerprints in the ledger. It is not shown, compared or pickled."""

    __slots__ = ("_secret",)

    def __init__(self, secret: bytes) -> None:
        self._secret: Final = secret

    def __repr__(self) -> str:
        return "SearchKey(…)"

    def __reduce__(self) -> Never:
        raise TypeError("a key is not pickled")

    def fingerprint(self, mac: bytes) -> str:
        """The fingerprint of a value, by its MAC."""
        return hmac.digest(self._secret, mac, "sha256")[:_FINGERPRINT_BYTES].hex()

    def telling(self, mac: Callable[[str], bytes]) -> Tell:
        """What gives findings their fingerprints. `mac` is that of values (`KnownValues.mac`)."""

        def tell(finding: Finding, text: str) -> str:
            if finding.value:
                return self.fingerprint(finding.value)
            if finding.form is Form.ENCODED:  # nobody knows which value it is
                return ""
            return self.fingerprint(mac(text[finding.start : finding.end]))

        return tell

    @classmethod
    def of(cls, state_dir: Path) -> SearchKey:
        """The key of a state directory, made now if there is none: for the proxy. Raises `StartError`."""
        file = state_dir / KEY_FILE
        try:
            private.create(file, _MARK + base64.urlsafe_b64encode(secrets.token_bytes(_KEY_BYTES)) + b"\n")
        except FileExistsError:
            pass
        except OSError as error:
            raise StartError(f"{file}: cannot be written ({error.strerror})") from None
        return _read(file)

    @classmethod
    def read(cls, state_dir: Path) -> SearchKey:
        """The key of a state directory: for whoever asks. Raises `EgressError`."""
        return _read(state_dir / KEY_FILE)


def _read(file: Path) -> SearchKey:
    try:
        line = private.read_private(file, _MOST)
    except FileNotFoundError:
        raise EgressError(f"{file}: is missing: no proxy has recorded fingerprints yet, or they are lost") from None
    except OSError as error:
        raise StartError(f"{file}: cannot be read ({error.strerror})") from None
    except private.NotPrivateError as error:
        raise StartError(f"{file}: {error}") from None
    try:
        key = base64.b64decode(line.strip().removeprefix(_MARK), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not line.startswith(_MARK) or len(key) != _KEY_BYTES:
        raise StartError(f"{file}: is no key of the audit log's fingerprints")
    return SearchKey(key)
