"""What becomes of the frames of upstream's event stream, one by one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Final

from tests.server.rig import SESSION, frame, rig

FOREIGN: Final = "ses_00000000000000000000000002"


async def test_a_frame_crosses_is_dropped_or_withheld_and_each_is_counted(tmp_path: Path) -> None:
    async with rig(tmp_path) as proxy:
        body = await proxy.hear(
            frame("server.connected"),
            frame("a.new.kind", sessionID=SESSION, text="cnry00001x"),
            frame("message.part.delta", sessionID=SESSION, delta="cnry00002x"),
            frame("session.idle", sessionID=FOREIGN),
            b"data: {not json cnry00003x\n\n",
            b"data: \xff\xfe cnry00004x\n\n",
            b"data: " + b"cnry00005x" * 20_000 + b"\n\n",
            frame("session.idle", sessionID=SESSION),
        )
        crossed = [json.loads(line[6:])["type"] for line in body.decode().splitlines() if line.startswith("data:")]
        assert crossed == ["server.connected", "session.idle", "message.removed"]
        assert b"cnry" not in body
        counted = proxy.metrics.render().decode()
        for outcome, times in {"unknown-type": 1, "delta": 1, "foreign-session": 1, "withheld": 3, "clean": 2}.items():
            assert f'egress_events_total{{outcome="{outcome}"}} {times}.0' in counted
        assert 'egress_refusals_total{reason="event_unknown"} 1.0' in counted
        told = [record["reasons"] for record in proxy.records()]
        assert told == [["answer_malformed"], ["answer_malformed"], ["upstream_too_large"]]


async def test_a_stream_that_is_none_is_a_refusal(tmp_path: Path) -> None:
    async with rig(tmp_path) as proxy:
        assert await proxy.reason("GET", "/event") == "upstream_not_found"
        proxy.upstream.answers["GET /event"] = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<html>"
        assert await proxy.reason("GET", "/event") == "answer_type"
