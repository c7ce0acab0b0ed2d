from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from egress_proxy.errors import ConfigError, UpstreamError
from egress_proxy.model import Secret
from egress_proxy.scan.harvest import harvest_config, harvest_providers
from egress_proxy.scan.sources import MAX_FILE_BYTES, read_env_file, read_json_file


def shown(entries: tuple[tuple[str, Secret], ...]) -> list[tuple[str, str]]:
    return [(name, secret.reveal()) for name, secret in entries]


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
        (b'A="line1\nline2"\nB=c\n', [("A", "line1\nline2"), ("B", "c")]),
        (b"A=old\nA=new\n", [("A", "old"), ("A", "new")]),
        (b"A=${HOME}\nB=$HOME\n", [("A", "${HOME}"), ("B", "$HOME")]),
        (b"A=\nB\n", [("A", "")]),
        ("A=pässwort\n".encode(), [("A", "pässwort")]),
        (b"", []),
    ],
    ids=range(15),
)
def test_env_files(tmp_path: Path, content: bytes, expected: list[tuple[str, str]]) -> None:
    os.environ.pop("A", None)
    path = tmp_path / ".env"
    path.write_bytes(content)
    assert shown(read_env_file(path)) == expected


def test_a_line_that_is_no_assignment_is_an_error_with_its_number(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=b\nZq8K d03m=c\n")
    with pytest.raises(ConfigError, match=r"\.env, line 2: not an assignment$") as caught:
        read_env_file(path)
    assert caught.value.__cause__ is None
    assert "Zq8K" not in str(caught.value)


@pytest.mark.parametrize("read", [read_env_file, read_json_file])
def test_unreadable_files_are_errors_without_content(tmp_path: Path, read: object) -> None:
    assert callable(read)
    for content, words in ((b"A=\xff\xfe", "not UTF-8"), (b"A=" + b"x" * MAX_FILE_BYTES, "larger")):
        path = tmp_path / "file"
        path.write_bytes(content)
        with pytest.raises(ConfigError, match=words):
            read(path)
    with pytest.raises(ConfigError, match="No such file"):
        read(tmp_path / "none")
    with pytest.raises(ConfigError, match="directory"):
        read(tmp_path)


def test_json_files(tmp_path: Path) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(
        '{"db": {"users": [{"pw": "a"}, "b"], "n": 12345678, "t": true, "x": null, "s": 3}, "k": "1", "k": "2"}'
    )
    assert shown(read_json_file(path)) == [
        ("db.users.0.pw", "a"),
        ("db.users.1", "b"),
        ("db.n", "12345678"),
        ("k", "1"),
        ("k", "2"),
    ]


@pytest.mark.parametrize("content", ['{"a": Zq8K}', "[" * 100_000, "", "{"], ids=["word", "deep", "empty", "cut"])
def test_what_is_not_json_is_an_error_without_content(tmp_path: Path, content: str) -> None:
    path = tmp_path / "secrets.json"
    path.write_text(content)
    with pytest.raises(ConfigError, match=r"secrets\.json: not JSON$") as caught:
        read_json_file(path)
    assert caught.value.__suppress_context__


CONFIG = {
    "model": "acme/large",
    "provider": {
        "acme": {
            "npm": "@ai-sdk/openai-compatible",
            "env": ["ACME_API_KEY"],
            "options": {
                "apiKey": "k-1",
                "baseURL": "https://u:k-2@h/v1",
                "headers": {"X-Auth": "k-3", "Content-Type": "application/json", "anthropic-version": "2023-06-01"},
            },
            "models": {
                "large": {"name": "Large", "headers": {"Authorization": "Bearer k-4"}, "limit": {"context": 128000}}
            },
        }
    },
    "mcp": {
        "files": {"type": "local", "command": ["run", "--quiet"], "environment": {"PLAIN": "k-5"}},
        "web": {"type": "remote", "url": "https://h/sse?api_key=k-6", "headers": {"Cookie": "k-7"}},
        "open": {"type": "remote", "url": "https://h/sse"},
    },
    "agent": {"build": {"prompt": "keep the token safe", "tools": {"bash": False}}},
    "keybinds": {"leader": "ctrl+x"},
}


def test_config_is_harvested() -> None:
    assert shown(harvest_config(json.dumps(CONFIG).encode())) == [
        ("provider.acme.apiKey", "k-1"),
        ("provider.acme.baseURL", "https://u:k-2@h/v1"),
        ("provider.acme.headers.X-Auth", "k-3"),
        ("provider.acme.models.large.headers.Authorization", "Bearer k-4"),
        ("mcp.files.environment.PLAIN", "k-5"),
        ("mcp.web.url", "https://h/sse?api_key=k-6"),
        ("mcp.web.headers.Cookie", "k-7"),
    ]


@pytest.mark.parametrize("member", ["all", "providers"])
def test_providers_are_harvested(member: str) -> None:
    provider = {
        "id": "acme",
        "name": "Acme",
        "env": ["ACME_KEY"],
        "key": "k-1",
        "options": {"apiKey": "k-2"},
        "models": {},
    }
    body = json.dumps(
        {member: [provider, {"id": "b", "key": "k-3"}], "default": {"acme": "large"}, "connected": ["acme"]}
    )
    assert shown(harvest_providers(body.encode())) == [
        ("provider.acme.key", "k-1"),
        ("provider.acme.apiKey", "k-2"),
        ("provider.b.key", "k-3"),
    ]


@pytest.mark.parametrize("body", [b"", b"<html>", b"\xff", b"[" * 100_000, b'{"a": Zq8K}'])
def test_what_is_not_json_is_an_upstream_error_without_content(body: bytes) -> None:
    for harvest in (harvest_config, harvest_providers):
        with pytest.raises(UpstreamError) as caught:
            harvest(body)
        assert "Zq8K" not in str(caught.value)
        assert caught.value.__suppress_context__


@pytest.mark.parametrize("body", [b"{}", b"[]", b"null", b'"key"', b'{"provider": []}', b'{"provider": {"key": 1}}'])
def test_other_shapes_give_nothing(body: bytes) -> None:
    assert harvest_config(body) == ()


def test_a_broken_line_of_a_watched_file_hides_nothing(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    path.write_text("A=one\nB='never closed\nC=three\n= \nD=four\n", "utf-8")
    with pytest.raises(ConfigError):
        read_env_file(path)
    values = {secret.reveal() for _, secret in read_env_file(path, lenient=True)}
    assert {"one", "never closed", "three", "four"} <= values
