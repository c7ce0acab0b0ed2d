"""What is kept of what did not cross, sealed: the operator's choices."""

from __future__ import annotations

from enum import StrEnum


class Keep(StrEnum):
    """How much of an answer in which something was found is sealed."""

    NONE = "none"
    FINDING = "finding"  # each finding, and some characters round it
    PART = "part"  # the texts in which something was found, and those that were withheld as a whole


class Full(StrEnum):
    """What becomes of an answer whose original there is no room for."""

    WITHHOLD = "withhold"
    RELEASE = "release"  # as it was judged: redacted
