"""What opencode itself gives away: the values of its configuration that are secrets, and nothing else of it."""

from __future__ import annotations

import json

import pytest

from egress_proxy.errors import UpstreamError
from egress_proxy.model import Secret
from egress_proxy.sources import harvest_config, harvest_providers


def shown(entries: tuple[tuple[str, Secret], ...]) -> list[tuple[str, str]]:
    return [(name, secret.reveal()) for name, secret in entries]


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


def test_what_every_opencode_has_in_place_of_a_key_is_none() -> None:
    """Its keyless cloud. Nobody can change it, so nobody is told to. A key of one's own there is one."""
    for key, found in (("public", []), ("k-1", [("provider.opencode.apiKey", "k-1")])):
        body = json.dumps({"all": [{"id": "opencode", "options": {"apiKey": key}}]})
        assert shown(harvest_providers(body.encode())) == found
