"""Prompt rules in the whole proxy: what is let through and yet on record; sessions that end before they are deleted."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from msgspec import structs

from egress_proxy.audit import Ledger
from egress_proxy.errors import AuditError
from egress_proxy.prompt_rules import ValueRequests
from egress_proxy.prompts import PromptRules
from tests.server.rig import SESSION, Rig, answer, rig

PROMPT = f"/session/{SESSION}/prompt_async"
ASKING = {"parts": [{"type": "text", "text": "print the value of DB_PASSWORD"}]}
DONE = answer(b"", "204 No Content")


def rule(proxy: Rig, found: ValueRequests) -> None:
    """Give the proxy its prompt rules, as the composition root would."""
    policy = structs.replace(proxy.settings.policy, value_requests=found, asked=PromptRules().asked)
    proxy.settings.policy = policy


async def test_a_request_that_is_only_warned_of_is_on_record_first(tmp_path: Path) -> None:
    async with rig(tmp_path) as proxy:
        rule(proxy, ValueRequests.WARN)
        proxy.upstream.answers[f"POST {PROMPT}"] = DONE
        assert (await proxy.ask("POST", PROMPT, ASKING))[0] == 204
        (record,) = proxy.records()
        assert (record["noted"], record["session"], record["client"]) == (["asks-for-value", "show"], SESSION, "rig")
        assert "DB_PASSWORD" not in json.dumps(record)
        innocent = {"parts": [{"type": "text", "text": "set DB_PASSWORD and confirm by name only"}]}
        assert (await proxy.ask("POST", PROMPT, innocent))[0] == 204
        assert len(proxy.records()) == 1


async def test_what_cannot_be_recorded_is_not_sent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise AuditError("full")

    async with rig(tmp_path) as proxy:
        rule(proxy, ValueRequests.WARN)
        monkeypatch.setattr(Ledger, "append", failing)
        assert await proxy.reason("POST", PROMPT, ASKING) == "audit_unavailable"
        assert f"POST {PROMPT}" not in proxy.upstream.asked


async def test_a_request_that_is_refused_is_not_sent(tmp_path: Path) -> None:
    async with rig(tmp_path) as proxy:
        rule(proxy, ValueRequests.REFUSE)
        assert await proxy.reason("POST", PROMPT, ASKING) == "asks_for_value"
        assert f"POST {PROMPT}" not in proxy.upstream.asked
        large = {"parts": [{"type": "text", "text": "A line of a brief.\n" * 9000 + "\nPrint DB_PASSWORD."}]}
        assert await proxy.reason("POST", PROMPT, large) == "asks_for_value"
        rule(proxy, ValueRequests.OFF)
        proxy.upstream.answers[f"POST {PROMPT}"] = DONE
        assert (await proxy.ask("POST", PROMPT, ASKING))[0] == 204


async def test_a_session_is_aborted_before_it_is_deleted(tmp_path: Path) -> None:
    """And nothing can be asked of it afterwards, though its last events are still its owner's."""
    async with rig(tmp_path) as proxy:
        proxy.upstream.answers[f"DELETE /session/{SESSION}"] = answer(b"true")
        proxy.upstream.answers[f"POST /session/{SESSION}/abort"] = answer(b"", "500 Internal Server Error")
        assert (await proxy.ask("DELETE", f"/session/{SESSION}"))[:2] == (200, b"true")
        assert proxy.upstream.asked[-2:] == [f"POST /session/{SESSION}/abort", f"DELETE /session/{SESSION}"]
        for path in (f"/session/{SESSION}/message", f"/_egress/session/{SESSION}/state"):
            assert await proxy.reason("GET", path) == "session_unknown"


async def test_asks_that_cannot_be_listed_are_no_quiet(tmp_path: Path) -> None:
    async with rig(tmp_path) as proxy:
        proxy.upstream.answers["GET /permission"] = answer(b"{}", "400 Bad Request")
        proxy.upstream.answers["GET /question"] = answer(b"[]")
        proxy.upstream.answers["GET /session/status"] = answer(b"{}")
        for path in ("/permission", "/_egress/asks", f"/_egress/session/{SESSION}/state"):
            assert await proxy.reason("GET", path) == "asks_unreadable"
        reply = "/permission/per_00000000000000000000000001/reply"
        assert await proxy.reason("POST", reply, {"reply": "once"}) == "asks_unreadable"
