"""Replies without a secret, by sort: what a redaction in them would spoil.

Made ones for what agents write and quote every day, and real ones: the sources and pages of the installed packages.
"""

from __future__ import annotations

from typing import Final

from tests.corpus.benign import code, data, hashes, operations, pages
from tests.corpus.benign.reply import Sort, replies

SORTS: Final[dict[str, Sort]] = {**pages.SORTS, **code.SORTS, **hashes.SORTS, **data.SORTS, **operations.SORTS}

__all__ = ["SORTS", "Sort", "replies"]
