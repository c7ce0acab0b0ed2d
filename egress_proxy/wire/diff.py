"""DIFF: which files a session changed, and how much.

The text of a change crosses only if the operator turned it on, and never for a file whose name says that it holds
secrets: its patch is the secret with a plus sign before it. Copies under other names are the scanner's to find. The
shapes of older servers (`before`, `after`: whole files) are not fields here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final

import msgspec
from msgspec import UNSET, Raw, UnsetType

from egress_proxy.wire.decoding import UNREADABLE, Items
from egress_proxy.wire.fields import Number, Wire
from egress_proxy.wire.view import View

FILE_STATUS: Final = frozenset({"added", "deleted", "modified"})

_SECRET_NAME: Final = re.compile(
    r"""
    \.env.* | .*\.env | \.?envrc | env\.(?:local|prod|production|dev|development|staging|test)
    | .*\.(?:pem|key|p8|p12|pfx|jks|keystore|ppk|asc|gpg|pgp|kdbx?|crt|cer|der|ovpn|age)
    | .*\.(?:tfvars(?:\.json)?|tfstate(?:\..*)?)
    | id_(?:rsa|dsa|ecdsa|ed25519)(?:[._-].*)? | authorized_keys | known_hosts
    | \.(?:ssh|gnupg|aws|azure|kube)
    | .*(?:credentials?|secrets?|passw(?:or)?ds?|api[._-]?keys?|private[._-]?keys?).* | .*tokens?(?:\..*)?
    | \.(?:npmrc|yarnrc(?:\.yml)?|netrc|pgpass|pypirc|htpasswd|dockercfg|git-credentials|my\.cnf|s3cfg|boto|vault-token)
    | _netrc | htpasswd | kubeconfig.* | .*\.kubeconfig | auth\.json | \.dockerconfigjson | config\.json\.enc
    | .*vault.* | .*service[._-]?account.*\.json | gcloud | shadow
    """,
    re.IGNORECASE | re.VERBOSE,
)
_SEPARATORS: Final = re.compile(r"[/\\]+")
_NAMES_IN_PATCH: Final = re.compile(
    r"^(?:diff --git|---|\+\+\+|Index:|rename (?:from|to)|copy (?:from|to)) (.*)$", re.MULTILINE
)


class GivenDiff(Wire, frozen=True):
    """A changed file as the server gives it; the patch stays undecoded unless it may cross."""

    additions: Number
    deletions: Number
    file: str | None = None
    status: str | None = None
    patch: Raw | UnsetType = UNSET


class FileDiff(Wire, frozen=True):
    """A changed file as it crosses."""

    additions: Number
    deletions: Number
    file: str | UnsetType = UNSET
    status: str | UnsetType = UNSET
    patch: str | UnsetType = UNSET


_DIFFS: Final = Items(GivenDiff)
_PATCH: Final = msgspec.json.Decoder(str)


def looks_secret(path: str) -> bool:
    """Tell whether a component of `path` is a name that files with secrets have."""
    return any(_SECRET_NAME.fullmatch(name.strip().strip('"')) for name in _SEPARATORS.split(path))


def diffs(given: Iterable[GivenDiff], view: View) -> list[FileDiff]:
    """Project changed files."""
    return [_diff(one, view) for one in given]


def _diff(given: GivenDiff, view: View) -> FileDiff:
    return FileDiff(
        additions=given.additions,
        deletions=given.deletions,
        file=UNSET if given.file is None else given.file,
        status=given.status if given.status in FILE_STATUS else UNSET,
        patch=_patch(given) if view.patch_text else UNSET,
    )


def _patch(given: GivenDiff) -> str | UnsetType:
    if not isinstance(given.patch, Raw) or not given.file or looks_secret(given.file):
        return UNSET
    try:
        text = _PATCH.decode(given.patch)
    except UNREADABLE:
        return UNSET
    # A renamed file has its old name only in here.
    names = (name for match in _NAMES_IN_PATCH.finditer(text) for name in match[1].split())
    return UNSET if any(looks_secret(name) for name in names) else text


def project_diff(body: bytes, view: View) -> list[FileDiff]:
    """Project the files that a session changed."""
    return diffs(_DIFFS.decode(body), view)
