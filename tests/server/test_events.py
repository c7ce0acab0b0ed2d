"""What becomes of the frames of upstream's event stream, one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

from tests.server.rig import SESSION, rig

STREAM: Final = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
FOREIGN: Final = "ses_00000000000000000000000002"


def frame(kind: str, **properties: Any) -> bytes:
    return b"data: " + json.dumps({"type": kind, "properties": properties}).encode() + b"\n\n"


async def test_a_frame_crosses_is_dropped_or_withheld_and_each_is_counted(tmp_path: Path) -> None:
    async with rig(tmp_path) as proxy:
        frames = (
            frame("server.connected"),
            frame("a.new.kind", sessionID=SESSION, text="cnry00001x"),
            frame("message.part.delta", sessionID=SESSION, delta="cnry00002x"),
            frame("session.idle", sessionID=FOREIGN),
            b"data: {not json cnry00003x\n\n",
            frame("session.idle", sessionID=SESSION),
            b"data: cut off",
        )
        proxy.upstream.answers["GET /event"] = STREAM + b"".join(frames)
        status, body, _ = await proxy.ask("GET", "/event")
        assert status == 200
        crossed = [json.loads(line[6:])["type"] for line in body.decode().splitlines() if line]
        assert crossed == ["server.connected", "session.idle"]
        assert b"cnry" not in body
        counted = proxy.metrics.render().decode()
        for outcome in ("unknown-type", "delta", "foreign-session", "withheld"):
            assert f'egress_events_total{{outcome="{outcome}"}} 1.0' in counted
        assert 'egress_events_total{outcome="clean"} 2.0' in counted
        assert 'egress_refusals_total{reason="event_unknown"} 1.0' in counted
        (record,) = map(json.loads, proxy.audit.read_text("utf-8").splitlines())
        assert record["reasons"] == ["answer_malformed"]


async def test_a_stream_that_is_none_is_a_refusal(tmp_path: Path) -> None:
    async with rig(tmp_path) as proxy:
        assert await proxy.reason("GET", "/event") == "upstream_not_found"
        proxy.upstream.answers["GET /event"] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>"
        assert await proxy.reason("GET", "/event") == "answer_type"


async def test_a_gigantic_frame_ends_the_stream_with_a_record(tmp_path: Path) -> None:
    async with rig(tmp_path) as proxy:
        proxy.upstream.answers["GET /event"] = STREAM + frame("server.connected") + b"data: " + b"x" * 200_000
        status, body, _ = await proxy.ask("GET", "/event")
        assert (status, body.count(b"data: ")) == (200, 1)
        (record,) = map(json.loads, proxy.audit.read_text("utf-8").splitlines())
        assert record["reasons"] == ["upstream_too_large"]
