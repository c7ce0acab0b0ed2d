"""Tokens that look random, judged by their characters and by what stands around them.

A token is a run of letters, digits and `_ - + / . ~ =`. How random it must be depends on its context (`context`):

    beside a word for a secret      16 characters and more; also hexadecimal ones and UUIDs
    beside nothing that tells       20 and more, of three kinds of characters or long, not in a path or a blob
    beside `commit`, `digest`, …    never

Hashes, ids and UUIDs are random too, so without a word for a secret none of those shapes is one.
"""

from __future__ import annotations

import binascii
import re
from collections.abc import Iterator
from itertools import pairwise

from egress_proxy.scan import amid
from egress_proxy.scan.code_names import is_type
from egress_proxy.scan.context import AFTER, BEFORE, Cue, cue, may_tell, name_of, of_name
from egress_proxy.scan.drawn import drawn, random_letters
from egress_proxy.scan.random_text import masked, random_score, words
from egress_proxy.scan.rule import Rule, Span, TooMuchError
from egress_proxy.scan.values import mixed, not_placeholder

_TOKEN = re.compile(r"(?:(?<=[\s\"'`=:])[_-])?(?<![0-9A-Za-z])[0-9A-Za-z][0-9A-Za-z_+/.~-]{15,}+={0,2}")
_DIGIT = re.compile(r"[0-9]")
_ODD = re.compile(r"[!@#$%^&*+?~]")
# Hexadecimal, UUIDs and whatever is made of such pieces; of these, what a secret may look like.
_PLAIN = re.compile(r"[0-9a-f-]+|[0-9A-F-]+|(?:[0-9a-f]{7,}[._~/+-]+)+[0-9a-f]{7,}")
_PLAINS = re.compile(
    r"[0-9a-f]{24}|[0-9a-f]{16,}\.[0-9a-f]{16,}|[0-9a-f]{30,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
    r"|[0-9a-f]{32,}(?:-[0-9a-f]{4,})+",
    re.IGNORECASE,
)
_SHORT_HEX = re.compile(r"(?=[0-9a-f]*?\d)(?=[0-9a-f]*?[a-f])[0-9a-f]{16,}", re.IGNORECASE)
_ULID = re.compile(r"[0-7][0-9A-HJKMNP-TV-Z]{25}")
_JWK_PUBLIC = re.compile(r"[\"'][xyn][\"'][ \t]*:[ \t]*[\"']\Z")
# What a script or a style is called whose digest it is: `"bokeh-3.2.0.min.js": "…"`, and digests in base64.
_OF_FILE = re.compile(r"[\w.@+/-]{1,80}\.(?:m?js|cjs|css|map|wasm|woff2?|png|svg)[\"'][ \t]*:[ \t]*[\"']\Z")
_BASE64_DIGEST = re.compile(r"[0-9A-Za-z+/]{43}=|[0-9A-Za-z+/]{64}|[0-9A-Za-z+/]{86}==")
_ARN = re.compile(r"arn:[a-z-]+:[^\s\"']*\Z")
_CALLED = re.compile(r"[(\[]|\)\(|[ \t]{2,40}\(")  # a name that something is called by, also in a column of such
# What a program generates, by what: `fileDescriptor_…`. What is assigned to: `symbolSqrt3=Math`. A point of a curve,
# so a public key. A path of a drawing.
_GENERATED = re.compile(
    r"[a-z]+(?>[A-Z][a-z]++)++_[0-9a-f]{16}|[A-Za-z_]\w*=(?=[A-Za-z_$(])"
    r"|_{0,2}wbg_\w{3,80}_[0-9a-f]{16}|B[A-P][0-9A-Za-z_-]{85}(?![0-9A-Za-z_-])"
    r"|(?>[MLHVCSQTAZmlhvcsqtaz-]{0,2}[0-9]++(?:\.[0-9]++)?){3,}+[zZ]?"
    # A page of generated documentation and a place in it, pairs of numbers and letters, a variable with a number.
    r"|dir_[0-9a-f]{32}\.html|(?<=\#)ga[0-9a-f]{32}|(?:[0-9]{1,2}[a-z]{2}){6,}|(?<=\$)[a-z]+(?>[A-Z][a-z]+){1,6}[0-9]{1,2}"
    # A function of C++ in a stack, an image by its day and commit, a library, a function for one kind of processor.
    r"|(?<=_)Z[0-9]{1,3}[A-Za-z_]\w{3,}(?:\+0x[0-9a-f]{1,8})?|v[0-9]{8}-g?[0-9a-f]{7,12}"
    r"|lib[\w+-]{1,40}\.(?:la|lo|so|a|dylib|dll)(?:\.[0-9]{1,4}){0,3}"
    r"|_?[a-z]\w{3,60}_(?:avx(?:2|512(?:icl)?)?|s{0,2}se[0-9]{1,2}|neon|vsx|lsx|lasx)"
)
# Counted, a ULID, the name of a rule.
_OTHER = re.compile(
    r"0123456|123456789|(?i:abcdefg)|\A[01][0-9a-df-np-sv-z]{51}\Z|\A[0-7][0-9A-HJKMNP-TV-Z]{25}\Z|\A(?:[A-Z]{3,8}|[a-z])_[0-9a-f]{32}(?:_[0-9]{1,3})?\Z"
)
_BLOB_LINE = re.compile(r"[0-9A-Za-z+/]{48,}\Z")
# A line of a comment that is base64 alone, as a script has its signature.
_COMMENTED = re.compile(
    r"(?P<sign>[ \t]{0,12}(?:#|//|--|;|\*)[ \t]{1,4})(?P<data>[0-9A-Za-z+/_-]{16,100}={0,2})[ \t]*\r?"
)
_ESCAPE = re.compile(r"\\u[0-9a-fA-F]{4}")  # of a letter: what follows is the rest of a word
# What begins a line that has a string alone, also one that a diff adds.
_BEGINS_LINE = re.compile(r"(?:[+-](?![ ][^ \t]))?[ \t]*[\"']?")
# What stands around one of the pieces, with spaces between, in which an image is written. One may be covered already.
_BLOB_BEFORE = re.compile(r"[0-9A-Za-z+/\[\]]{40}[ ][0-9A-Za-z+/]{0,60}\Z")
_BLOB_BEHIND = re.compile(r"[0-9A-Za-z+/]*[ ][0-9A-Za-z+/\[\]]{40}")
_LONG_LINE, _LONG_PART = 48, 19
_GLUED_BEFORE = re.compile(r"[:!.](?:[0-9A-Za-z_.!-]{1,24}:){0,2}[0-9A-Za-z_.!-]{1,24}(?=[\s\"'`=(]|\Z)")
_GLUED_AFTER = re.compile(r":[0-9A-Za-z_+/.=-]{8,}(?=[\s\"'`,;)]|\Z)")
_ESCAPED_BEFORE = re.compile(
    r"%[0-9A-Za-z_.!~-]{0,40}(?:[0-9A-F]{2}%[0-9A-Za-z_.!~-]{0,40}){0,3}(?=[\s\"'`=(]|\Z)|\|\d{1,6}(?=[\s\"'`=(]|\Z)"
)
_ESCAPED_AFTER = re.compile(r"(?>%[0-9A-F]{2}[0-9A-Za-z_.!~+/-]{0,80}){1,16}+(?<![.!])")
_LONGEST_REST = 400
_REACH, _NEAR = 80, 16
_SPACES = frozenset(" \t")
_USER_NEXT = re.compile(
    r"(?i)(?:-[ua]|auth|userpwd,|--user(?:name)?|--auth|--creds|user|credentials?|creds|login)[ =:]{1,2}[\"']?\Z"
    r"|(?:btoa|b64encode)\(b?[\"']\Z"
)
_FILE_NAME = re.compile(
    r"[A-Za-z]\.[a-z][a-z0-9]{0,4}(?:\.[a-z]{1,4})?\Z|\.[0-9a-f]{8,40}\.(?:m?js|css|map|html|png|svg|woff2?)\Z"
)
# A name in words with a digest behind it: of what is computed, of a part of a program.
_DIGESTED = re.compile(r"(?:[A-Za-z]{2,16}[0-9]{0,3}[_-]){1,4}(?:[0-9a-f]{32}|(?<=[a-z]{8}_)_[0-9a-f]{60,64})")
# What random things that are no secrets begin with: ids of systems, media types in base64, public keys, hashes.
KNOWN_STARTS = tuple(
    words(
        """
    sha1- sha256- sha384- sha512- md5- h1: ses_ msg_ prt_ evt_ per_ que_ req_ call_ toolu_ chatcmpl- resp_ run_
    thread_ asst_ file- evt- cus_ sub_ pi_ ch_ in_ price_ prod_ usr_ user_ org_ acct_ evt job_ task_ trace- i-
    vpc- sg- ami- subnet- arn: pk_live_ pk_test_ AAAAB3Nza AAAAC3Nza AAAAE2Vj AAAAGnNr iVBORw0KGgo R0lGOD /9j/
    UklGR PHN2Zy d09GM T2dnU JVBERi0 H4sI UEsDB data: AGFzbQ MII LS0tLS1CRUdJTiBDRVJU LS0tLS1CRUdJTiBQVUJM _ZN
    _R Qm bafy 0x IPY_MODEL_
        """
    )
)
_HEX = re.compile(r"[0-9a-f]{32}|[0-9a-f]{40}|[0-9a-f]{64}|[0-9a-f]{96}|[0-9a-f]{128}", re.IGNORECASE)
_DIGEST_WORD = re.compile(r"\b(?:md5|sha-?(?:1|2|224|256|384|512)|digest|checksum)\b", re.IGNORECASE)
_CELLS = 3
_NAMED = re.compile(r"[A-Za-z_][\w.-]{1,40}=(?!=)")
_PATH_BEFORE = re.compile(r"(?<!\S)/[\w./+-]+[ \t]\Z")
_PARTS = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")
_DONE_TO_KEYS = words(
    """
    add check decrypt delete edit encrypt export find get import list locate lookup recv refresh remove revoke rotate
    search send show sign update verify
    """
)
_AUTH = re.compile(r"authenticat(?:e[ds]?|ing|ion|or)(?![a-z])", re.IGNORECASE)
# The name of an index, the serial number of a machine's part in a list, the hash of a name in the DNS.
_INDEX = re.compile(r"(?:KEY|INDEX|CONSTRAINT) `\Z")
_SERIAL = re.compile(r"serial[ ](?:number|no\.?)(?:[ \t]{2,}:|:[ \t]{2,})[ \t]*\Z", re.IGNORECASE)
_SIGNED = re.compile(r"[ \t](?:RRSIG|DNSKEY)[ \t][\w.@/+= \t-]{8,}\Z")
_HASHED_NAME = re.compile(r"[0-9A-V]{32,33}|[0-9a-v]{32,33}")
# A word in an index of words, each with the numbers of the pages that have it: `"html": 0, "tx8145a1": [0, 3], …`.
_WORD_OF_INDEX = re.compile(r"[0-9a-z_]+")
_PAGES_BEFORE, _PAGES = re.compile(r"[\d\]],[ ]?\"?\Z"), re.compile(r"\"?:[ ]?(?:\d+|\[\d+(?:,[ ]?\d+)*\])[,}]")
_SET_OF_CHARACTERS = re.compile(r"\][{+*?]")  # of an expression
_SYMBOL = re.compile(r"h[0-9a-f]{16}")
_CUED, _ALONE, _ALONE_PLAIN = 0.42, 0.56, 0.62
_SHORTEST, _SHORTEST_ALONE, _LONGEST_ALONE = 16, 20, 100
_GLUE = frozenset("/\\&?#%@$:~<>+=-")  # beside a token that is a part of something
_MARGIN = 256  # characters beside a token that is alone on its line
_MOST_JUDGED = 4096  # tokens of one line
_PRINTABLE = bytes({9, 10, 13, *range(32, 127)})
_RUNS = re.compile(r"[0-9A-Za-z+/]+")
_WORDS = re.compile(r"[0-9A-Za-z]+")
_KINDS = (re.compile("[a-z]"), re.compile("[A-Z]"), _DIGIT)


def tokens(line: str) -> Iterator[Span]:
    """The tokens of a line that are secrets by their looks and their context."""
    judged = 0
    for match in _TOKEN.finditer(line):
        if _DIGIT.search(line, match.start(), match.end()):
            judged += 1
            if judged > _MOST_JUDGED:
                raise TooMuchError
            yield from judge(line, match.start(), match.start() + len(match[0].rstrip("./-+~")))


def judge(line: str, start: int, end: int) -> Iterator[Span]:
    """A token of the line with what is glued to it, if that is a secret. A path is none, nor is any part of it."""
    if "/" in line[start:end] and _is_path(line, start, end):
        return
    if (escape := _ESCAPE.match(line, start - 1)) and start:
        start = escape.end()
    start, end = _widened(line, _behind_option(line, start), end)
    if is_secret(line, start, end):
        yield _with_escapes(line, start, end)


def _behind_option(line: str, start: int) -> int:
    """Where a value begins that is glued to its option: `-pS3cret`."""
    return start + 2 if line.startswith("-p", start) and line[start - 1 : start] in _SPACES else start


def _is_path(line: str, start: int, end: int) -> bool:
    """Whether slashes separate names, as in a path or an address, and are not digits of base64."""
    if (start > 0 and line[start - 1] in "/\\.@~") or "//" in line[max(0, start - 8) : start + 8]:
        return True
    parts = line[start:end].split("/")
    wordy = sum(len(part) for part in parts if len(part) > 3 and random_score(part) < _CUED)  # noqa: PLR2004
    return wordy * 3 > end - start


def _widened(line: str, start: int, end: int) -> Span:
    """A token with what is glued to it by colons or signs, up to the quotes or space around: `hs:…`, `a1B2.c3:…`."""
    before = _GLUED_BEFORE.match(line[max(0, start - _REACH) : start][::-1])
    after = _GLUED_AFTER.match(line, end, end + _REACH)
    if before and of_name(before[0][::-1]) is Cue.NONE and not _is_user(line, start - before.end()):
        start -= before.end()
    return start, after.end() if after else end


def _with_escapes(line: str, start: int, end: int) -> Span:
    """A secret with what is of it beside characters that are written `%3A`, as in a cookie; and a number with a bar."""
    if before := _ESCAPED_BEFORE.match(line[max(0, start - _REACH) : start][::-1]):
        start -= before.end()
    after = _ESCAPED_AFTER.match(line, end, end + _LONGEST_REST)
    return start, after.end() if after else end


def _is_user(line: str, start: int) -> bool:
    """Whether what begins there is a user's name, before a colon and a password."""
    return _USER_NEXT.search(line, max(0, start - _NEAR), start) is not None


def is_secret(line: str, start: int, end: int) -> bool:
    """Whether line[start:end], a token, is one by its looks and its context."""
    token = line[start:end]
    if len(token) < _SHORTEST or _starts_known(token) or _is_data(line, start, end):
        return False
    if _PLAIN.fullmatch(token):
        told = cue(line, (start, end)) if may_tell(line, (start, end)) else Cue.NONE
        if told is not Cue.SECRET or masked(token) or _of_login(line, start, end):
            return False
        return _PLAINS.fullmatch(token) is not None or (
            _SHORT_HEX.fullmatch(token) is not None and _of_own(line, start)
        )
    if (
        _CALLED.match(line, end)
        or is_type(token)
        or _FILE_NAME.search(token)
        or masked(token)
        or not _unlike_words(token)
    ):
        return False
    told = cue(line, (start, end))
    if told is Cue.KEY:
        return _ULID.fullmatch(token) is None and _DIGESTED.fullmatch(token) is None
    return told is Cue.SECRET or (told is Cue.NONE and _alone(line, start, end))


def _starts_known(token: str) -> bool:
    """Whether it begins as what is known to be none: also behind underscores, and some of these begin with one."""
    return token.startswith(KNOWN_STARTS) or token.lstrip("_").startswith(KNOWN_STARTS)


def _of_own(line: str, start: int) -> bool:
    """Whether what is short has a name of its own. What does something with a key, `key_sign("`, `'--remove-key', '`,
    is given the key's id."""
    name, sign = name_of(line[max(0, start - BEFORE) : start])
    parts = [part.lower() for part in _PARTS.findall(name)]
    if sign not in {"(", ","}:
        return bool(name)
    return bool(parts) and of_name(parts[-1]) is not Cue.NONE and _DONE_TO_KEYS.isdisjoint(parts)


def _of_login(line: str, start: int, end: int) -> bool:
    """Whether only a word such as `authenticate` stands near, and not the name of a secret: an id beside it is none."""
    before = line[max(0, start - BEFORE) : start]
    if of_name(_AUTH.sub(" ", name_of(before)[0])) is Cue.SECRET:
        return False
    around = before + " " + line[end : end + AFTER]
    return _AUTH.search(around) is not None and not may_tell(_AUTH.sub(" ", around), (0, 0))


def _is_data(line: str, start: int, end: int) -> bool:
    return _is_digest(line, start, end) or _is_listed(line, start, end)


def _is_digest(line: str, start: int, end: int) -> bool:
    """Whether a token is made by a program, or stands where programs write digests: go.sum, `sha256sum`, a Rust symbol,
    `the MD5 of … is`."""
    if (made := _GENERATED.match(line, start)) and made.end() >= end:
        return True
    before = line[max(0, start - BEFORE) : start]
    of_file = _BASE64_DIGEST.fullmatch(line, start, end) is not None and _OF_FILE.search(before) is not None
    if of_file or before.endswith(("h1:", "h1:+", "h1:/")) or _JWK_PUBLIC.search(before) or _ARN.search(before):
        return True
    if before.endswith(",") and before.count(",") >= _CELLS and _PLAIN.fullmatch(line, start, end):
        return True  # the cells of a table are mostly no names of what is in others
    if _HEX.fullmatch(line, start, end):
        words_before = _DIGEST_WORD.search(before) is not None and not name_of(before)[0]
        if _PATH_BEFORE.search(before) and not line[end:].strip():
            return True  # of a file
        return words_before or (not before.strip() and line.startswith(("  ", " *"), end))
    return before.endswith("::") and _SYMBOL.fullmatch(line, start, end) is not None


def _is_listed(line: str, start: int, end: int) -> bool:
    """Whether it is an index or a word in one, the number of a machine's part, the characters of a set, or of a record
    of the DNS a hashed name or a signature."""
    before = line[max(0, start - BEFORE) : start]
    if (before.endswith("`") and _INDEX.search(before)) or (before[-1:] in _SPACES and _SERIAL.search(before)):
        return True
    if before.endswith("[") and _SET_OF_CHARACTERS.match(line, end):
        return True
    if _PAGES.match(line, end) and _PAGES_BEFORE.search(before) and _WORD_OF_INDEX.fullmatch(line, start, end):
        return True
    if _HASHED_NAME.fullmatch(line, start, end) and ("NSEC3" in before.upper() or before.endswith('NextDomain: "')):
        return True
    return _SIGNED.search(before) is not None


def _unlike_words(token: str) -> bool:
    """Whether it is random, and not a row of short names with digits: `d2i_PKCS8_PRIV_KEY_INFO`, `1.17.1-2+deb12u4`."""
    if random_score(token) < _CUED:
        return False
    runs = _WORDS.findall(token)
    longest = max(runs, key=len, default="")
    if len(longest) >= 9 and (longest == token or random_score(longest) >= _CUED):  # noqa: PLR2004
        return True
    return len(runs) >= 3 and len(set(map(len, runs))) == 1  # noqa: PLR2004


def _alone(line: str, start: int, end: int) -> bool:
    """Whether a token is a secret although nothing around it tells."""
    token = line[start:end]
    around = line[max(0, start - 1) : start] + line[end : end + 1]
    if not _SHORTEST_ALONE <= len(token) <= _LONGEST_ALONE or not _GLUE.isdisjoint(around):
        return False
    if (len(token) >= 60 or not token.isalnum()) and _is_line(line, start, end):  # noqa: PLR2004  a line of a blob
        return False
    if _BLOB_BEFORE.search(line, max(0, start - 2 * _LONG_LINE), start) and _BLOB_BEHIND.match(line, end):
        return False
    longest = max(_RUNS.findall(token), key=len)
    kinds = sum(char.search(longest) is not None for char in _KINDS)
    least, score = (16, _ALONE) if kinds == len(_KINDS) else (22, _ALONE_PLAIN)
    if len(longest) < least or random_score(longest) < score or len(_DIGIT.findall(longest)) < 2:  # noqa: PLR2004
        return False
    if _repetitive(token, wide=kinds == len(_KINDS)) or _is_text(token):
        return False
    return not _OTHER.search(token) and not _DIGESTED.fullmatch(token)


def _is_line(line: str, start: int, end: int) -> bool:
    """Whether nothing else stands on the line, near though it begins and ends."""
    if start > _MARGIN or len(line) - end > _MARGIN:
        return False
    if not (line[:start] + line[end:]).strip("\"', \t"):
        return True
    return _BEGINS_LINE.fullmatch(line, 0, start) is not None and not line[end:].strip("\"', \t\r;\\")


def _repetitive(token: str, *, wide: bool) -> bool:
    """Whether characters or pairs come again more than by chance, as in binary data. `wide`: of all 62 or 64."""
    counts = sum(map(token.count, token)) / len(token)  # the squares of how often each comes
    if counts > (1.5 + len(token) / 50 if wide else 1.7 + len(token) / 28):  # 1 + n / 64 and 1 + n / 36 by chance
        return True
    return len(set(pairwise(token))) < 0.9 * (len(token) - 1)


def is_value(value: str, *, password: bool) -> bool:
    """Whether what stands where a secret belongs is one; a password may be short, and needs letters with others."""
    if masked(value) or not not_placeholder(value) or " " in value:
        return False
    if password:
        odd = _ODD.search(value) is not None
        return len(value) >= 6 and (mixed(value) or odd or drawn(value)) and "://" not in value and "(" not in value  # noqa: PLR2004
    if _PLAINS.fullmatch(value):
        return True
    if len(value) >= _SHORTEST and random_letters(value):
        return True
    if len(value) < _SHORTEST or not mixed(value) or "://" in value or _FILE_NAME.search(value) or value[0] in "$<{[(":
        return False
    return _unlike_words(value)


def _is_text(token: str) -> bool:
    """Whether it is base64 of plain text: other views show what that says."""
    plain = token.rstrip("=").replace("-", "+").replace("_", "/")
    # A part of a text begins anywhere in a group of four characters.
    return _decodes(plain) or (len(plain) >= _LONG_PART and any(_decodes(plain[first:]) for first in (1, 2, 3)))


def _decodes(plain: str) -> bool:
    try:
        decoded = binascii.a2b_base64(plain + "=" * (-len(plain) % 4), strict_mode=True)
    except (binascii.Error, ValueError):
        return False
    return len(decoded) - len(decoded.translate(None, _PRINTABLE)) > 0.9 * len(decoded)


def ends_blob(text: str, start: int, end: int) -> bool:
    """Whether a token is the last line of a block of base64, a certificate or an image, which stands above it."""
    if in_comment(text, start, end):
        return True
    first = text.rfind("\n", max(0, start - _MARGIN), start)
    if first <= 0 or text[first:start].strip() or text[end : end + 1].strip() or end - start > 76:  # noqa: PLR2004
        return False
    return _BLOB_LINE.search(text[max(0, first - 80) : first].rstrip()) is not None


_OF_DIGEST = re.compile(r"sha(?:1|256|384|512)[=:-][0-9A-Za-z_+/=-]{0,90}\Z")


def in_digest(text: str, start: int, end: int) -> bool:
    """Whether what has the form of a token stands in a row of base64 in a comment, or in a digest."""
    return _OF_DIGEST.search(text, max(0, start - BEFORE), start) is not None or in_comment(text, start, end)


def in_comment(text: str, start: int, end: int) -> bool:
    """Whether a token stands in a row of such lines."""
    first, last = text.rfind("\n", max(0, start - _MARGIN), start) + 1, text.find("\n", end, end + _MARGIN)
    last = len(text) if last < 0 else last
    own = _COMMENTED.fullmatch(text, first, last) if start - first <= _MARGIN and last - end <= _MARGIN else None
    if own is None:
        return False
    above, below = (
        text[max(0, first - 1 - _MARGIN) : max(0, first - 1)].rpartition("\n")[2],
        text[last + 1 : last + _MARGIN].partition("\n")[0],
    )
    for beside in map(_COMMENTED.fullmatch, (above, below)):
        if beside and beside["sign"] == own["sign"] and len(beside["data"]) >= _LONG_LINE:
            return True
    return False


def innocent(line: str, start: int, end: int) -> bool:
    """Whether a quoted string that a plugin takes for random is none of a secret: for `Rule.innocent`."""
    if (named := _NAMED.match(line, start, end)) and is_secret(line, named.end(), end):
        return True  # the value alone is found as a token
    if line.endswith(("\\n", "\\r"), start, end) and _is_text(line[start : end - 2]):
        return True
    if end - start < _SHORTEST or not _DIGIT.search(line, start, end):
        return cue(line, (start, end)) is not Cue.SECRET
    return not is_secret(line, start, end) or amid.innocent(line, start, end)


RULES = (
    # Without the kernel it looks at every line that has a token's worth of its characters.
    Rule("random-token", r"[0-9A-Za-z_+/.~-]{16}", tokens, strong=False, judge=judge, in_text=ends_blob),
)
