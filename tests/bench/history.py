"""Sessions as opencode serves them, of a chosen size: the recorded layout, filled with prose and tool output.

Everything is the same at each run. Ids are random but fixed, and every text is another one, so nothing that the proxy
does once for equal strings is flattered.
"""

from __future__ import annotations

import copy
import json
import random
import string
from functools import cache
from pathlib import Path
from typing import Any, Final

import msgspec

SHARE: Final = 0.95
"""Of a history's bytes, the part that is the state of tool calls: input, output, its copy in the metadata, title."""
VERSION: Final = "1.18.33"
SESSION: Final = "ses_0123456789ab" + "BenchSession00"
MODEL: Final = ("local", "small")  # of the recorded messages
Recorded = dict[str, Any]

_SAMPLES: Final = Path(__file__).parents[1] / "data" / "samples" / VERSION
_OUTPUT_CHARACTERS: Final = (2_000, 24_000)
_PREVIEW_CHARACTERS: Final = 800  # of a file's, which the metadata repeats twice; of a shell's output it repeats all
_SHELL_CALLS: Final = 0.3  # of all calls; the others read files
_LETTERS: Final = string.ascii_letters + string.digits
_SENTENCES: Final = (
    "I read `src/{word}/{word}.py` and found that {word} is called {number} times, mostly from the {word} module.",
    "The test for {word} fails because the {word} is closed before the last {word} has been written.",
    "Each request carries a token, and the token is checked before the {word} is looked up.",
    "The password is read from the environment when the {word} starts, so nothing has to be stored in the {word}.",
    "I would move the {word} into its own function: it is {number} lines long and does two things.",
    "After the change all {number} tests pass; the slowest one, about the {word}, takes {number} milliseconds.",
    "See line {number} of `{word}.ts` — the key of the map is the name of the {word}, not its number.",
    "There is a second {word} in the {word} package that looks the same but ignores the {word}.",
    "Nothing else uses the {word}, so it can be removed together with its {word}.",
    "The secret part of the configuration is not needed for this: the {word} only wants a {word} and a {word}.",
)
# fmt: off
_WORDS: Final = (
    "session", "parser", "router", "cache", "writer", "reader", "index", "ledger", "queue", "worker", "socket",
    "frame", "header", "message", "report", "schema", "table", "column", "record", "window", "buffer", "stream",
    "client", "server", "handler", "policy", "filter", "matcher", "scanner", "registry", "cursor", "page",
    "batch",
)
# fmt: on
_LINES: Final = (
    "    def {word}(self, {word}: str) -> {word} | None:",
    '        return self._{word}.get("{word}", {number})',
    '\tif err != nil {{ return fmt.Errorf("{word} %d: %w", {number}, err) }}',
    '  const {word} = await this.{word}.find(({word}) => {word}.id === "{word}")',
    "drwxr-xr-x  {number} user user   {number} Jan  1 00:00 {word}",
    "INFO  {word}: {number} items in {number} ms — {word} done ✓",
    r"C:\{word}\{word}\{word}.txt: {number} bytes",
    "",
    "// {word}: the {word} of the {word}, größer als {number}",
)


def prose(dice: random.Random, characters: int) -> str:
    """Give a reply about code, in lines as models write them, with not one secret in it."""
    lines: list[str] = []
    length = 0
    while length < characters:
        lines.append(_filled(dice, dice.choice(_SENTENCES)))
        length += len(lines[-1]) + 1
    return "\n".join(lines)[:characters]


def session(directory: str) -> bytes:
    """Give the answer to `POST /session` and `GET /session/{id}`."""
    return _json(_sample("session_create.json") | {"id": SESSION, "directory": directory})


def reply(directory: str, text: str) -> bytes:
    """Give the answer to `POST /session/{id}/message`, with this text."""
    maker = _Maker(directory)
    message = maker.answer()
    message.add(maker.text | {"text": text})
    message.add(maker.finish)
    return message.encoded()


def history(directory: str, size: int) -> bytes:
    """Give the answer to `GET /session/{id}/message`: some `size` bytes, of which `SHARE` are tool output."""
    maker = _Maker(directory)
    messages: list[bytes] = []
    total = output = 0
    while total < size:
        question, answer = maker.question(), maker.answer()
        answer.add(maker.prose(400))
        total += question.size + answer.size + maker.finish_size
        while output < SHARE * total and total < size:
            part = maker.tool(size - total)
            output += len(_json(part["state"]))
            total += answer.add(part)
        answer.add(maker.finish)
        messages += [question.encoded(), answer.encoded()]
    return b"[" + b",".join(messages) + b"]"


class _Message:
    """A message under way. Its parts are kept encoded."""

    def __init__(self, info: Recorded, dice: random.Random) -> None:
        self._dice = dice
        self._id = _id("msg", dice)
        self._info = _json(info | {"id": self._id, "sessionID": SESSION})
        self._parts: list[bytes] = []

    @property
    def size(self) -> int:
        return len(self.encoded())

    def add(self, recorded: Recorded) -> int:
        """Add a part, with ids of its own. Give its size in bytes."""
        ids = {"id": _id("prt", self._dice), "sessionID": SESSION, "messageID": self._id}
        self._parts.append(_json(recorded | ids))
        return len(self._parts[-1]) + 1

    def encoded(self) -> bytes:
        return b'{"info":' + self._info + b',"parts":[' + b",".join(self._parts) + b"]}"


class _Maker:
    """Makes messages and parts from what the server was recorded to answer."""

    def __init__(self, directory: str) -> None:
        self._dice = random.Random(1)
        asked, answered = _sample("messages.json")[:2]
        self._user = {key: value for key, value in asked["info"].items() if key != "summary"}
        self._assistant = answered["info"] | {"path": {"cwd": directory, "root": directory}}
        parts: dict[str, Recorded] = {part["type"]: part for part in answered["parts"]}
        self._start, self.text, self._read, self.finish = (
            parts[name] for name in ("step-start", "text", "tool", "step-finish")
        )
        self._bash: Recorded = _sample("parts_permission_bash_once.json")["tool:bash:completed"]
        self.finish_size = len(_json(self.finish)) + 1

    def question(self) -> _Message:
        """Give a whole message of the user."""
        message = _Message(self._user, self._dice)
        message.add(self.prose(200))
        return message

    def answer(self) -> _Message:
        """Give a message of the assistant that has only started."""
        message = _Message(self._assistant, self._dice)
        message.add(self._start)
        return message

    def prose(self, characters: int) -> Recorded:
        return self.text | {"text": prose(self._dice, characters)}

    def tool(self, room: int) -> Recorded:
        """Give a call of some tool, which fills `room` bytes at most, roughly."""
        shell = self._dice.random() < _SHELL_CALLS
        characters = min(self._dice.randint(*_OUTPUT_CHARACTERS), room // 2 if shell else room)
        output = self._output(characters)
        part = copy.deepcopy(self._bash if shell else self._read)
        part["callID"] = f"call_{_letters(self._dice, 24)}"
        state = part["state"]
        # Not of an env file, as recorded: what comes out of those is remembered, all of it.
        state["input"] |= {"command": "make test"} if shell else {"filePath": f"src/{self._dice.choice(_WORDS)}.py"}
        state["output"] = output
        if shell:
            state["metadata"]["output"] = output
        else:
            state["metadata"]["preview"] = state["metadata"]["display"]["text"] = output[:_PREVIEW_CHARACTERS]
        return part

    def _output(self, characters: int) -> str:
        count = characters // 20 + 1
        start = self._dice.randrange(len(_pool()) - count)
        return "\n".join(_pool()[start : start + count])[:characters]


@cache
def _pool() -> tuple[str, ...]:
    """Lines that output is cut from."""
    dice = random.Random(3)
    return tuple(_filled(dice, dice.choice(_LINES)) for _ in range(8_000))


def _id(prefix: str, dice: random.Random) -> str:
    """As both versions make ids: twelve hexadecimal digits that count up, and fourteen letters and digits."""
    return f"{prefix}_{dice.getrandbits(48):012x}{_letters(dice, 14)}"


def _letters(dice: random.Random, count: int) -> str:
    return "".join(dice.choices(_LETTERS, k=count))


def _filled(dice: random.Random, template: str) -> str:
    """Put another word and number in each place."""
    pieces = template.replace("{number}", "{word}#").split("{word}")
    filled = [pieces[0]]
    for piece in pieces[1:]:
        filled.append(str(dice.randint(2, 4_000)) if piece.startswith("#") else dice.choice(_WORDS))
        filled.append(piece.removeprefix("#"))
    return "".join(filled).replace("{{", "{").replace("}}", "}")


def _sample(name: str) -> Any:
    return json.loads(_read(name))


@cache
def _read(name: str) -> bytes:
    return (_SAMPLES / name).read_bytes()


def _json(value: Any) -> bytes:
    """Encode as the server does: no spaces, and letters beyond ASCII as they are."""
    return msgspec.json.encode(value)
