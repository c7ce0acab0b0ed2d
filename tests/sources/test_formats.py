"""Every value of every format, and errors that name file and line and quote nothing."""

from __future__ import annotations

import base64
import contextlib
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from egress_proxy.errors import ConfigError
from egress_proxy.sources import FORMATS, MAX_FILE_BYTES, Entry, parse, read_file, salvaged

MARK = "Zq8K" + "d03mX1"


def shown(entries: tuple[Entry, ...]) -> list[tuple[str, str]]:
    return [(name, secret.reveal()) for name, secret in entries]


def values(form: str, content: str | bytes) -> list[tuple[str, str]]:
    data = content if isinstance(content, bytes) else content.encode()
    return shown(parse(data, form, place="file", label="file"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"A=b", [("A", "b")]),
        (b"A=b=c==\n", [("A", "b=c==")]),
        (b"export A='b c'\n", [("A", "b c")]),
        (b'A="b\\"c"\n', [("A", 'b"c')]),
        (b"A=b # comment\n", [("A", "b")]),
        (b"A=b#c\n", [("A", "b#c")]),
        (b"# A=b\n\nB=c\n", [("B", "c")]),
        (b"A=b\r\nB=c\r\n", [("A", "b"), ("B", "c")]),
        (b"\xef\xbb\xbfA=b\n", [("A", "b")]),
        ("\ufeffA=b\n".encode("utf-16-le"), [("A", "b")]),
        (b'A="line1\nline2"\nB=c\n', [("A", "line1\nline2"), ("B", "c")]),
        (b"A=old\nA=new\n", [("A", "old"), ("A", "new")]),
        (b"A=${HOME}\nB=$HOME\n", [("A", "${HOME}"), ("B", "$HOME")]),
        (b"A=\nB\n", [("A", "")]),
        ("A=pässwort\n".encode(), [("A", "pässwort")]),
        (b"", []),
    ],
    ids=range(16),
)
def test_env(content: bytes, expected: list[tuple[str, str]]) -> None:
    os.environ.pop("A", None)
    assert values("env", content) == expected


def test_json() -> None:
    text = '{"db": {"users": [{"pw": "a"}, "b"], "n": 12345678, "t": true, "x": null, "s": 3}, "k": "1", "k": "2"}'
    assert values("json", text) == [
        ("db.users.0.pw", "a"),
        ("db.users.1", "b"),
        ("db.n", "12345678"),
        ("k", "1"),
        ("k", "2"),
    ]


YAML = """\
# comment
a: plain
b: "quoted # not a comment"
c: |
  two
  lines
k: 1
k: two
number: 0012345678
short: 1234
nothing: ~
yes: no
list: [x, {in: y}]
base: &base
  user: u
again: *base
merged:
  <<: *base
  pw: p
? [odd, key]
: under
tagged: !secret s
date: 2025-01-01
"""


def test_yaml() -> None:
    assert values("yaml", YAML) == [
        ("a", "plain"),
        ("b", "quoted # not a comment"),
        ("c", "two\nlines\n"),
        ("k", "two"),
        ("number", "0012345678"),
        ("list.0", "x"),
        ("list.1.in", "y"),
        ("base.user", "u"),
        ("merged.pw", "p"),
        ("0", "odd"),
        ("1", "key"),
        ("file", "under"),
        ("tagged", "s"),
    ]


def test_yaml_of_several_documents_and_of_a_bare_value() -> None:
    assert values("yaml", "a: x\n---\na: y\n---\n- z\n") == [("a", "x"), ("2.a", "y"), ("3.0", "z")]
    assert values("yaml", "word\n") == [("file", "word")]


def test_aliases_do_not_multiply() -> None:
    text = "a: &a [x, x]\n" + "".join(f"{b}: &{b} [*{a}, *{a}]\n" for a, b in zip("abcdefgh", "bcdefghi", strict=True))
    assert len(values("yaml", text)) == 2


@pytest.mark.parametrize("form", ["json", "yaml"])
def test_what_a_kubernetes_secret_stands_for_is_taken_too(form: str) -> None:
    encoded = base64.b64encode(MARK.encode()).decode()
    body = f'{{"kind": "Secret", "data": {{"password": "{encoded}"}}, "stringData": {{"plain": "p"}}}}'
    listed = f'{{"kind": "List", "items": [{{"kind": "Other", "data": {{"n": "{encoded}"}}}}, {body}]}}'
    assert values(form, body) == [
        ("kind", "Secret"),
        ("data.password", encoded),
        ("stringData.plain", "p"),
        ("data.password", MARK),
    ]
    assert [name for name, value in values(form, listed) if value == MARK] == ["items.1.data.password"]


def test_toml() -> None:
    text = 'a = "x"\n[db]\npw = \'y\'\nport = 5432\npin = 1234567890\nlist = ["z", {k = "w"}]\nd = 2025-01-01\n'
    assert values("toml", text) == [
        ("a", "x"),
        ("db.pw", "y"),
        ("db.pin", "1234567890"),
        ("db.list.0", "z"),
        ("db.list.1.k", "w"),
    ]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("k = v\n", [("k", "v")]),
        ("k=v\nk=w\n", [("k", "v"), ("k", "w")]),
        ("[s]\nk = v\n[t]\nk: w\n", [("s.k", "v"), ("t.k", "w")]),
        ("# c\n; c\n! c\n\nk v w\nbare\n", [("k", "v w")]),
        ("k = v ; c\n", [("k", "v ; c"), ("k", "v")]),
        ("k = 'v ; c'\n", [("k", "v ; c"), ("k", "v")]),
        ('k = "v"\n', [("k", "v")]),
        ("k = one\n  two\nl = x\n", [("k", "one\ntwo"), ("l", "x")]),
        ("k = one\\\n   two\n", [("k", "onetwo")]),
        ("k = a\\u0062\\=c\n", [("k", "a\\u0062\\=c"), ("k", "ab=c")]),
        ("//r.example/:_authToken=t\n", [("//r.example/:_authToken", "t"), ("//r.example/", "_authToken=t")]),
        ("url: http://h/?a=b\n", [("url: http://h/?a", "b"), ("url", "http://h/?a=b")]),
        ("k = v\r\n[s] ; c\r\nl = w\r\n", [("k", "v"), ("s.l", "w")]),
        ("k =\nl = x\n", [("k", ""), ("l", "x")]),
        ("[user]\n\tname = n\n\ttoken = t\n", [("user.token", "t"), ("user.name", "n\ntoken = t")]),
        ("path = C:\\dir\\\ntoken = t\n", [("token", "t"), ("path", "C:\\dirtoken = t"), ("path", "C:dirtoken = t")]),
    ],
)
def test_ini(text: str, expected: list[tuple[str, str]]) -> None:
    assert values("ini", text) == expected


def test_netrc() -> None:
    text = (
        "# machine x password no\nmachine h.example login me password p1\nmacdef init\nput password no\n\n"
        'machine i.example\n  login me\n  account a\n  password "p \\"2"\ndefault login d password p3\n'
    )
    assert values("netrc", text) == [
        ("h.example.password", "p1"),
        ("i.example.account", "a"),
        ("i.example.password", 'p "2'),
        ("default.password", "p3"),
    ]


def test_opencode_auth() -> None:
    text = (
        '{"acme": {"type": "api", "key": "k"},'
        ' "copilot": {"type": "oauth", "access": "a", "refresh": "r", "expires": 1, "accountId": "i"},'
        ' "wk": {"type": "wellknown", "key": "NAME_OF_VARIABLE", "token": "t"},'
        ' "later": {"type": "new", "deep": {"secret": "s"}}, "odd": 3}'
    )
    assert values("opencode_auth", text) == [
        ("auth.acme.key", "k"),
        ("auth.copilot.access", "a"),
        ("auth.copilot.refresh", "r"),
        ("auth.wk.token", "t"),
        ("auth.later.deep.secret", "s"),
    ]


def test_lines() -> None:
    assert values("lines", "one\n\n  two \r\nthree") == [("file", "one"), ("file.2", "two"), ("file.3", "three")]


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        ("env", f"A=b\n{MARK} d03m=c\n", "file, line 2: not an assignment"),
        ("json", f'{{"a":\n {MARK}}}', "file, line 2: not JSON"),
        ("json", "[" * 100_000, "file: not JSON"),
        ("json", "", "file, line 1: not JSON"),
        ("json", '{"a": ' + "9" * 5000 + "}", "file: not JSON"),
        ("yaml", f"a: b\nc: [{MARK}\n", "file, line 3: not YAML"),
        ("yaml", f"a: *{MARK}\nb: @{MARK}", "file, line 2: not YAML"),
        ("yaml", "[" * 5000, "file, line 1: nested too deeply"),
        ("yaml", "a" * 1_100_000, "file: longer than 1048576 characters, which is the most of YAML"),
        ("yaml", "a: \x00", "file: not YAML"),
        ("toml", f"a = 1\nb = {MARK}\n", "file, line 2: not TOML"),
        ("toml", f"a = 1\na = '{MARK}'\n", "file, line 2: not TOML"),
        ("toml", "a = " + "[" * 50_000, "file: not TOML"),
        ("ini", f"a = b\n[{MARK}\n", "file, line 2: a section that does not close"),
        ("netrc", f"machine h\n{MARK} x\n", "file: not a netrc file"),
        ("opencode_auth", f"[{MARK}]", "file: not JSON"),
        ("opencode_auth", f'["{MARK}"]', "file: not opencode's auth.json"),
        ("key", f"{MARK}\n", "file: no private key in it"),
    ],
)
def test_what_is_not_of_its_format_is_an_error_without_content(form: str, text: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        values(form, text)
    assert str(caught.value).startswith(said)
    assert MARK not in str(caught.value)
    assert caught.value.__suppress_context__


@pytest.mark.parametrize("form", FORMATS)
def test_unreadable_files_are_errors_without_content(tmp_path: Path, form: str) -> None:
    path = tmp_path / "file"
    for content, words in ((b"A=\xff\xfe", "not UTF-8"), (b"A=" + b"x" * MAX_FILE_BYTES, "larger")):
        path.write_bytes(content)
        with pytest.raises(ConfigError, match=words):
            read_file(path, form)
    with pytest.raises(ConfigError, match="No such file"):
        read_file(tmp_path / "none", form)
    with pytest.raises(ConfigError, match="directory"):
        read_file(tmp_path, form)


@pytest.mark.parametrize("form", FORMATS)
@given(text=st.one_of(st.binary(max_size=300), st.text("{}[]:=,-#'\"\\ab 0\n\t.&*!|", max_size=120).map(str.encode)))
def test_any_bytes_give_values_or_a_config_error(form: str, text: bytes) -> None:
    with contextlib.suppress(ConfigError):
        parse(text, form, place="file", label="file")
    salvaged(text, form, label="file")


def test_a_broken_line_of_an_env_file_hides_nothing() -> None:
    text = b"A=one\nB='never closed\nC=three\n= \nD=four\n"
    with pytest.raises(ConfigError):
        values("env", text)
    found = {value for _, value in shown(salvaged(text, "env", label="file"))}
    assert {"one", "never closed", "three", "four"} <= found


def test_a_string_that_looks_like_a_name_of_the_source_is_no_name() -> None:
    assert values("json", '{"": "v", ".x": "w"}') == [("file", "v"), ("file.x", "w")]
