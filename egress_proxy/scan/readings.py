r"""What a text says in other writings, as pieces of a secret (`pieces`).

    "… I would use eFE5ekszbQ== when …"    "… see https://e.example/?q=x.Q.9.z.K.3.m.L …"    "… &#120;&#81;&#57; …"

Of one text that is decoded where it is long enough to say something by itself. Eight characters of a value are not,
and amid a sentence nothing tells where they begin. So pieces are taken from all that a text may be read as, in the
same way as from the text: as what it looks like in plain letters, as all that is decoded from it, its tokens as codes
and its rows of single characters and short groups as one. Only known values are looked for in what they say together,
so what is read by chance costs a place among the pieces, and no more.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain, pairwise, product
from typing import Final

from egress_proxy.scan.decoded import Derived
from egress_proxy.scan.derive import derive
from egress_proxy.scan.pieces import SHORTEST, Token, could_be_one, distinct_ends, ends, pieces_in, tokens_of
from egress_proxy.scan.short_codes import read_run
from egress_proxy.scan.short_words import NOT_SEEN, OTHERWISE, ShortWords, is_otherwise, short_words

OF_A_TEXT: Final = 24  # pieces: the first and the last half as many
_LOOKED_AT: Final = 64  # tokens of a reading, of either end, that are read as a code
_FEWEST: Final = 6  # characters of a row, as of base64 that is read
# Base64 and hexadecimal digits, as far as they can be of printable characters.
_RUN: Final = re.compile(
    r"(?<![A-Za-z0-9])(?:(?:[I-Za-f][A-Za-z0-9]{3}){2,6}[A-Za-z0-9]{0,3}|(?:[2-7][0-9A-Fa-f]){4,12})(?![A-Za-z0-9])"
)
_UNSEEN: Final = re.compile(f"[{NOT_SEEN}]+")
_FOLDED: Final = "NFKC"
_AS_A_PAGE: Final = "inlaid"  # of what is derived, what only known values are looked for in
_WORDS_OF_ONE: Final = frozenset("aAI")
_GROUP: Final = re.compile(r"[A-Za-z0-9]+")


def pieces_read(text: str, tokens: Sequence[Token], decoded: Iterable[str]) -> tuple[str, ...]:
    """The pieces of what a text says otherwise than it stands there, of which `tokens` are those of `tokens_of`, and
    what was `decoded` from it."""
    short = short_words(text)
    found = [*_codes(text, tokens), *_short(text, short)]
    plain = (_plain(text),) if short and short[0][0] == OTHERWISE else ()
    for reading in chain(plain, decoded):
        own = tokens_of(reading)
        found += chain(pieces_in(reading, own), _codes(reading, own), _short(reading, short_words(reading)))
    return distinct_ends(found, OF_A_TEXT) if found else ()


def telling(derived: Iterable[Derived]) -> tuple[str, ...]:
    """What was derived from a text of what it says: not what is only turned round or put in another order, since
    pieces are in order as they come."""
    return tuple(own.text for own in derived if own.rules or own.kind == _AS_A_PAGE)


def decoded(text: str) -> tuple[str, ...]:
    """Likewise, of a text that was not looked at yet."""
    return telling(derive(text).texts)


def _plain(text: str) -> str:
    """The words with letters of another shape, or with something between that is not seen."""
    words = " ".join([word for word in text.split() if not word.isascii() and is_otherwise(word)])
    return _UNSEEN.sub("", unicodedata.normalize(_FOLDED, _UNSEEN.sub("", words)))


def _codes(text: str, tokens: Sequence[Token]) -> Iterator[str]:
    """What tokens say as codes."""
    if len(tokens) > 2 * _LOOKED_AT:
        tokens = (*tokens[:_LOOKED_AT], *tokens[-_LOOKED_AT:])
    for start, end, _ in tokens:
        for run in _RUN.finditer(text, start, end):
            yield from _kept(read_run(run[0]))


def _short(text: str, words: Iterable[ShortWords]) -> Iterator[str]:
    """What words in capitals say in base32, and what single characters or short groups of as many, one after the other,
    say as one."""
    for size, start, end in words:
        if not size:
            yield from _kept(read_run(text[start:end]))
        elif size != OTHERWISE:
            groups = list(_GROUP.finditer(text, start, end))
            said, between = [group[0] for group in groups], _between(text, groups)
            if size > 1 and not any(map(_is_mixed, said)):
                continue
            for first, last in product(_starts(said, between, size), _starts(said[::-1], between[::-1], size)):
                row = "".join(said[first : len(said) - last])
                if len(row) >= _FEWEST:
                    yield from _kept(row, quoted=size == 1)


def _between(text: str, groups: Sequence[re.Match[str]]) -> list[str]:
    return [text[one.end() : other.start()] for one, other in pairwise(groups)]


def _starts(groups: Sequence[str], between: Sequence[str], size: int) -> set[int]:
    """Where it may begin: words and numbers of the sentence may stand before it, or the name of a setting."""
    words = next((at for at, group in enumerate(groups) if not _may_be_said(group, size)), 0)
    return {0, words, int(len(set(between[:2])) > 1)}


def _may_be_said(group: str, size: int) -> bool:
    return group.isdecimal() or group in _WORDS_OF_ONE if size == 1 else group.islower() and group.isalpha()


def _is_mixed(group: str) -> bool:
    """Whether it is neither a word nor a number, as sentences have them: `see PEP 570 for`."""
    if group.isalpha():
        return not (group.islower() or group.isupper() or group.istitle())
    return not group.isdecimal()


def _kept(said: str, *, quoted: bool = False) -> Iterator[str]:
    bare = "".join(filter(str.isalnum, said))
    if len(bare) >= SHORTEST and could_be_one(bare, bare, quoted=quoted):
        yield ends(bare)
