"""The section `verify`: the place that `egress-proxy verify` may fill with canaries.

Below it, `inside` is an allowed root of its own, for the one token that a run makes, and `outside` is what nobody may
reach. The file of values `inside/.env` is a source of known values like any other, so a run tests the way by which an
operator's own values come to be known.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Final

from msgspec import Meta, Struct

INSIDE: Final = "inside"
OUTSIDE: Final = "outside"
VALUES_FILE: Final = ".env"


class Verify(Struct, frozen=True, kw_only=True):
    """Where `egress-proxy verify` works."""

    directory: Annotated[
        str | None,
        Meta(
            description="Empty directory for `egress-proxy verify`, which plants canaries there; only its token may "
            "use it. See [verify.md](verify.md)."
        ),
    ] = None

    @property
    def root(self) -> str | None:
        """The allowed root of a run."""
        return None if self.directory is None else str(Path(self.directory) / INSIDE)

    @property
    def values_file(self) -> str | None:
        """The file of known values of a run."""
        return None if self.directory is None else str(Path(self.directory) / INSIDE / VALUES_FILE)
