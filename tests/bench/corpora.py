"""Texts of the sorts that replies are made of, made anew from a seed: any number of them, no two alike.

The words and the code are those of the running Python (its language reference and its standard library), which every
machine has: prose is put together by a chain over three words, code is cut from modules at random places. Nothing in
them is chosen to be clean, so scanners may find something.
"""

from __future__ import annotations

import base64
import json
import random
import re
import sysconfig
import textwrap
import uuid
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from pydoc_data.topics import topics
from typing import Final

from tests.bench.history import prose

Piece = Callable[[random.Random], str]

_PACKAGES: Final = ("argparse.py", "ast.py", "tarfile.py", "typing.py", "asyncio", "email", "http", "json", "logging")
_REPORTS: Final = 0.3
_COLUMNS: Final = 88  # a paragraph in one line costs detect-secrets twice as much, which would flatter us
_CODE_LINES: Final = (20, 160)
_IMAGE_BYTES: Final = (6_000, 60_000)
_WRAPPED: Final = 76  # MIME's; half of the images are one line, as in a data URL
_LEVELS: Final = ("debug", "info", "info", "info", "warning", "error")
_PATHS: Final = ("v1/messages", "v1/sessions", "health", "internal/metrics", "v2/files", "login", "search", "api/token")
_HOSTS: Final = ("api", "gateway", "auth", "billing", "search-eu", "worker-7")


def texts(sort: str, characters: int, count: int, seed: int = 0) -> list[str]:
    """Give `count` texts of `characters` characters each. The same ones for the same seed."""
    piece = SORTS[sort]
    return [_text(piece, random.Random(f"{sort} {characters} {seed} {number}"), characters) for number in range(count)]


def _text(piece: Piece, dice: random.Random, characters: int) -> str:
    pieces: list[str] = []
    length = 0
    while length < characters:
        pieces.append(piece(dice))
        length += len(pieces[-1])
    return "".join(pieces)[:characters]


def _prose(dice: random.Random) -> str:
    """A paragraph: of documentation, or of an agent's report, with the words that rules look out for."""
    if dice.random() < _REPORTS:
        return prose(dice, dice.randint(200, 600)) + "\n\n"
    chain = _chain()
    pair = dice.choice(_starts())
    words = list(pair)
    for _ in range(dice.randint(30, 160)):
        following = chain.get(pair)
        if not following:
            break
        pair = (pair[1], dice.choice(following))
        words.append(pair[1])
    lead = dice.choice(("", "", "", "- ", f"{dice.randint(1, 9)}. ", "> "))
    return f"{textwrap.fill(lead + ' '.join(words), _COLUMNS)}\n\n"


@cache
def _words() -> tuple[str, ...]:
    """The words of all paragraphs of the language reference that are no listings."""
    paragraphs = (part for topic in topics.values() for part in topic.split("\n\n") if re.match(r"[A-Z]", part))
    return tuple(word for paragraph in paragraphs for word in paragraph.split())


@cache
def _chain() -> Mapping[tuple[str, str], list[str]]:
    words = _words()
    following: defaultdict[tuple[str, str], list[str]] = defaultdict(list)
    for first, second, third in zip(words, words[1:], words[2:], strict=False):
        following[first, second].append(third)
    return following


@cache
def _starts() -> tuple[tuple[str, str], ...]:
    return tuple(pair for pair in _chain() if pair[0][:1].isupper())


def _code(dice: random.Random) -> str:
    lines = dice.choice(_modules())
    count = dice.randint(*_CODE_LINES)
    start = dice.randrange(max(1, len(lines) - count))
    return "".join(lines[start : start + count]) + "\n"


@cache
def _modules() -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(file.read_text(encoding="utf-8").splitlines(keepends=True)) for file in _files())


def _files() -> Iterator[Path]:
    root = Path(sysconfig.get_path("stdlib"))
    for name in _PACKAGES:
        yield from [root / name] if name.endswith(".py") else sorted((root / name).glob("*.py"))


def _log(dice: random.Random) -> str:
    """A line of JSON with quoted ids of several kinds, as services write them."""
    day, minute = f"2026-{dice.randint(1, 12):02}-{dice.randint(1, 28):02}", f"{dice.randint(0, 59):02}"
    address = f"https://{dice.choice(_HOSTS)}.example.internal/{dice.choice(_PATHS)}"
    line = {
        "ts": f"{day}T10:{minute}:07.{dice.randrange(1000):03}Z",
        "level": dice.choice(_LEVELS),
        "service": dice.choice(_HOSTS),
        "trace_id": f"{dice.getrandbits(128):032x}",
        "span": f"{dice.getrandbits(64):016x}",
        "request": str(uuid.UUID(int=dice.getrandbits(128), version=4)),
        "user_id": dice.randint(1_000, 9_999_999),
        "session": f"ses_{dice.getrandbits(96):024x}",
        "url": f"{address}?page={dice.randint(1, 90)}&limit=50",
        "status": dice.choice((200, 200, 200, 201, 204, 304, 404, 500)),
        "ms": round(dice.random() * 900, 3),
        "tokens": {"input": dice.randint(100, 90_000), "output": dice.randint(1, 4_000), "cached": 512},
        "digest": f"sha256:{dice.getrandbits(256):064x}",
        "message": " ".join(dice.choice(_words()) for _ in range(dice.randint(3, 12))),
    }
    kept = {key: value for key, value in line.items() if dice.random() < 0.75 or key in ("ts", "level", "trace_id")}
    return json.dumps(kept, separators=(",", ":")) + "\n"


def _image(dice: random.Random) -> str:
    """A picture, which is compressed and so has all bytes alike."""
    data = base64.b64encode(b"\x89PNG\r\n\x1a\n" + dice.randbytes(dice.randint(*_IMAGE_BYTES))).decode("ascii")
    if dice.random() < 0.5:
        return f"![shot {dice.randint(1, 99)}](data:image/png;base64,{data})\n\n"
    return "\n".join(data[start : start + _WRAPPED] for start in range(0, len(data), _WRAPPED)) + "\n\n"


PROSE, CODE, LOGS, IMAGE = "prose", "code", "JSON logs", "base64 image"
SORTS: Final[Mapping[str, Piece]] = {PROSE: _prose, CODE: _code, LOGS: _log, IMAGE: _image}
