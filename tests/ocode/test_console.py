"""What reaches a terminal, a pipe and a JSON reader."""

from __future__ import annotations

import io
import json
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.ocode.answers import ErrorData, Info, Message, MessageTime, Part, TurnError
from egress_proxy.ocode.console import Console, OutputLost, one_line, visible
from egress_proxy.ocode.documents import ErrorBody, ErrorDocument, message_document
from egress_proxy.ocode.exits import Exit
from egress_proxy.ocode.faults import Fault

HOSTILE = {
    "clear": ("\x1b[2J", "\\x1b[2J"),
    "title": ("\x1b]0;x\x07", "\\x1b]0;x\\x07"),
    "clipboard": ("\x1b]52;c;eA==\x1b\\", "\\x1b]52;c;eA==\\x1b\\"),
    "8-bit CSI": ("\x9b2J", "\\x9b2J"),
    "carriage return": ("safe\rrm -rf", "safe\\x0drm -rf"),
    "backspace": ("a\x08b", "a\\x08b"),
    "delete": ("\x7f", "\\x7f"),
    "nul": ("\0", "\\x00"),
    "bidirectional override": ("\u202eevil", "\\u202eevil"),
    "isolate": ("\u2066x\u2069", "\\u2066x\\u2069"),
    "zero width space": ("a\u200bb", "a\\u200bb"),
    "byte order mark": ("\ufeff", "\\ufeff"),
    "line separator": ("a\u2028b", "a\\u2028b"),
    "tag characters": ("\U000e0041", "\\U000e0041"),
    "surrogate": ("\udc80", "\\udc80"),
}
HARMLESS = {
    "newline and tab": "a\n\tb",
    "joined emoji": "👩\u200d💻",
    "accents": "é e\u0301",
    "persian": "می\u200cخواهم",
    "backslash": "\\x1b",
}


@pytest.mark.parametrize(("text", "shown"), HOSTILE.values(), ids=HOSTILE.keys())
def test_hostile_characters_become_visible(text: str, shown: str) -> None:
    assert visible(text) == shown


@pytest.mark.parametrize("text", HARMLESS.values(), ids=HARMLESS.keys())
def test_harmless_characters_stay(text: str) -> None:
    assert visible(text) == text


def test_line_ends_become_newlines() -> None:
    assert visible("a\r\nb") == "a\nb"


@given(st.text())
def test_nothing_shown_controls_a_terminal(text: str) -> None:
    shown = visible(text)
    assert {unicodedata.category(c) for c in set(shown) - {"\n", "\t"}}.isdisjoint({"Cc", "Cs", "Zl", "Zp"})
    assert "\n" not in one_line(text)
    assert "\t" not in one_line(text)


@given(st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"])))
def test_json_loses_nothing_and_controls_nothing(text: str, reason: str) -> None:
    out = io.StringIO()
    Console(out, io.StringIO(), json=True).document(ErrorDocument(ErrorBody(reason, text, None, None)))
    printed = out.getvalue()
    error = json.loads(printed)["error"]
    assert (error["message"], error["reason"]) == (text, reason)
    assert visible(printed) == printed
    assert printed.count("\n") == 1


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "cp1252", "utf-8"])
def test_what_an_encoding_lacks_is_escaped(encoding: str) -> None:
    raw = io.BytesIO()
    out = io.TextIOWrapper(raw, encoding=encoding)
    console = Console(out, io.TextIOWrapper(io.BytesIO(), encoding=encoding))
    console.say("é 🎉 \u0142")
    console.note("é 🎉 \u0142")
    console.flush()
    assert raw.getvalue().decode(encoding).startswith("é" if encoding != "ascii" else "\\xe9")


@pytest.mark.parametrize(("text", "printed"), [("a", "a\n"), ("a\n", "a\n"), ("a\n\n", "a\n\n"), ("", "\n")])
def test_a_text_ends_in_a_newline(text: str, printed: str) -> None:
    out = io.StringIO()
    Console(out, io.StringIO()).say(text)
    assert out.getvalue() == printed


class Tty(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.mark.parametrize(("err", "told"), [(io.StringIO(), ""), (Tty(), "ocode: waiting\n")], ids=["pipe", "terminal"])
def test_progress_is_for_those_who_watch(err: io.StringIO, told: str) -> None:
    Console(io.StringIO(), err).progress("waiting")
    assert err.getvalue() == told


def test_a_fault_is_told_without_control_characters() -> None:
    out, err = io.StringIO(), io.StringIO()
    fault = Fault(Exit.REFUSED, "x", "no\x1b[2J\nocode: fine", audit_id="a\nb", status=403)
    assert Console(out, err, json=True).fault(fault) == Exit.REFUSED
    assert err.getvalue() == "ocode: no\\x1b[2J\\nocode: fine (auditID a\\nb)\n"
    assert json.loads(out.getvalue())["error"]["message"] == "no\x1b[2J\nocode: fine"


def test_a_closed_output_is_lost_and_a_closed_error_is_not() -> None:
    closed = io.StringIO()
    closed.close()
    console = Console(closed, closed)
    console.note("nobody hears")
    with pytest.raises(OutputLost):
        console.say("lost")


class Full(io.StringIO):
    """A disk without room, noticed when the buffer is written out."""

    def flush(self) -> None:
        raise OSError


def test_an_output_that_cannot_be_written_out_is_lost() -> None:
    with pytest.raises(OutputLost):
        Console(Full(), io.StringIO()).flush()


PLACEHOLDERS = {
    "known": ("[redacted:KNOWN:DB_PASSWORD]", (1, 0)),
    "detector": ("[redacted:aws-access-key]", (1, 0)),
    "bare": ("[redacted] [withheld]", (1, 1)),
    "beside each other": ("[redacted:a][redacted:b]", (2, 0)),
    "name with spaces": ("[redacted:KNOWN:my name]", (1, 0)),
    "withheld": ("x [withheld:undecided] y", (0, 1)),
    "open": ("[redacted:a", (0, 0)),
    "across lines": ("[redacted:a\n]", (0, 0)),
    "other word": ("[removed:a] [redactedx]", (0, 0)),
}


@pytest.mark.parametrize(("text", "counted"), PLACEHOLDERS.values(), ids=PLACEHOLDERS.keys())
def test_placeholders_are_counted(text: str, counted: tuple[int, int]) -> None:
    info = Info(id="msg_1", role="assistant", time=MessageTime(1.5, 2.5), error=TurnError("E", ErrorData("m")))
    document = message_document(Message(info, (Part("text", text),)))
    assert (document.redacted, document.withheld) == counted
    assert (document.created, document.completed) == (1, 2)
