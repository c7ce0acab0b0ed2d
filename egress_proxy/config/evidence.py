"""The settings of sealed originals: for whom, how much, how long."""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct

from egress_proxy.evidence_rules import Full, Keep

_MIB: Final = 1024 * 1024


class Evidence(Struct, frozen=True, kw_only=True):
    """Sealed originals of what was redacted or withheld."""

    recipients: Annotated[
        tuple[str, ...],
        Meta(
            description="For whom the originals of findings are sealed: lines `egress-evidence-…`, or files of them. "
            "With none, nothing is kept. See [evidence.md](evidence.md)."
        ),
    ] = ()
    keep: Annotated[
        Keep, Meta(description="What is sealed: each `finding` with its context, the `part` it stands in, or `none`.")
    ] = Keep.FINDING
    context: Annotated[
        int, Meta(ge=0, le=65_536, description="Characters that are sealed on either side of a finding.")
    ] = 200
    exchange_chars: Annotated[
        int, Meta(ge=1, le=1_048_576, description="Characters that are sealed of one exchange, in all.")
    ] = 65_536
    days: Annotated[int, Meta(ge=0, le=36_500, description="Days until an original is shredded; 0: never.")] = 90
    day_bytes: Annotated[
        int, Meta(ge=4096, le=1 << 40, description="What is sealed of the exchanges of one day (UTC), in bytes.")
    ] = 256 * _MIB
    total_bytes: Annotated[int, Meta(ge=4096, le=1 << 44, description="What is kept in all, in bytes.")] = 2048 * _MIB
    full: Annotated[
        Full,
        Meta(
            description="An answer whose original there is no room for: `withhold`, or `release` as it was judged, "
            "without evidence."
        ),
    ] = Full.WITHHOLD
