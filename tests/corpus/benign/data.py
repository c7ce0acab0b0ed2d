"""Structured data: JSON logs, CSV, minified scripts, diffs, stack traces."""

from __future__ import annotations

import json
from typing import Any, Final

from tests.corpus.benign.reply import Draw, Sort
from tests.corpus.prose import sentence


def _json_log(draw: Draw) -> str:
    entry: dict[str, Any] = {
        "timestamp": f"{draw.day()}T{draw.time()}.{draw.number(100, 999)}Z",
        "level": draw.choice("info", "warn", "error", "debug"),
        "service": draw.kebab(),
        "trace_id": draw.hex(32),
        "span_id": draw.hex(16),
        "message": sentence(draw.random),
    }
    extra: tuple[dict[str, Any], ...] = (
        {"user_id": draw.uuid(), "session_id": draw.uuid(), "duration_ms": draw.number(1, 9999)},
        {"http": {"method": "GET", "path": f"/v1/{draw.kebab()}/{draw.digits(8)}", "status": draw.choice(200, 404, 500)}},
        {"commit": draw.hex(40), "image": f"{draw.kebab()}@sha256:{draw.hex(64)}", "host": f"{draw.kebab()}-{draw.lower(10)}-{draw.lower(5)}"},
        {"request_id": f"req_{draw.base62(16)}", "cache_key": f"{draw.noun()}:{draw.hex(40)}", "token_count": draw.number(1, 9000)},
        {"aws_request_id": draw.uuid(), "etag": draw.hex(32), "cursor": draw.digits(19), "message_id": f"<{draw.hex(16)}@{draw.noun()}.org>"},
    )  # fmt: skip
    return json.dumps(entry | draw.random.choice(extra))


def _csv(draw: Draw) -> str:
    rows = [
        f"{draw.number(1, 99999)},{draw.person()},{draw.noun()}@{draw.noun()}.com,{draw.day()},{draw.number(1, 9999)}."
        f"{draw.number(10, 99)},{draw.uuid()},+49 {draw.digits(3)} {draw.digits(7)},DE{draw.digits(20)}"
        for _ in range(12)
    ]
    return "id,name,email,created,amount,reference,phone,iban\n" + "\n".join(rows) + "\n"


def _minified(draw: Draw) -> str:
    def name() -> str:
        return draw.of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ$_", draw.number(1, 2))

    statements = (
        lambda: (
            f"function {name()}({name()},{name()}){{return {name()}.{draw.camel()}({name()}=>{name()}[{draw.number(0, 99)}])}}"
        ),
        lambda: f'{name()}.exports={{{draw.camel()}:{name()},{draw.camel()}:()=>{name()}("{draw.kebab()}")}}',
        lambda: f"var {name()}={name()}({draw.number(100, 99999)}),{name()}={name()}.n({name()});",
        lambda: (
            f'if({name()}.type==="{draw.noun()}"&&!{name()}.password)throw Error("{sentence(draw.random)[:40].replace(chr(34), "")}");'
        ),
        lambda: (
            f'{name()}.token=async()=>{{let {name()}=await {name()}.get("{draw.camel()}");return {name()}?.accessToken??null}};'
        ),
        lambda: f'const {name()}={{key:"{draw.camel()}",secret:void 0,hash:"{draw.hex(20)}",{name()}:!0}};',
        lambda: f"{name()}=Object.freeze([{','.join(str(draw.number(0, 255)) for _ in range(20))}]),",
    )
    return "".join(draw.random.choice(statements)() for _ in range(60))


def _diff(draw: Draw) -> str:
    path, name, other = draw.path(draw.choice(".py", ".ts", ".go", ".md")), draw.snake(), draw.camel()
    at = draw.number(1, 900)
    return (
        f"diff --git a/{path} b/{path}\nindex {draw.hex(7)}..{draw.hex(7)} 100644\n--- a/{path}\n+++ b/{path}\n"
        f"@@ -{at},6 +{at},7 @@ def {name}({draw.noun()}):\n     {draw.noun()} = {other}({draw.noun()})\n"
        f'-    password = request.form["password"]\n+    password = form.password.data\n+    # {sentence(draw.random)}\n'
        f"-    return {name}(token=token, limit={draw.number(1, 99)})\n+    return await {other}(token=token)\n"
    )


def _stack_trace(draw: Draw) -> str:
    frames = range(draw.number(4, 14))
    java = "\n".join(
        f"\tat org.{draw.noun()}.{draw.noun()}.{draw.pascal()}$${draw.pascal()}CGLIB$${draw.hex(8)}.{draw.camel()}"
        f"({draw.pascal()}.java:{draw.number(10, 900)})"
        for _ in frames
    )
    python = "\n".join(
        f'  File "/app/.venv/lib/python3.13/site-packages/{draw.noun()}/{draw.snake()}.py", line {draw.number(1, 2000)}, in '
        f"{draw.snake()}\n    return self.{draw.snake()}({draw.noun()}, token={draw.noun()}.token)"
        for _ in frames
    )
    node = "\n".join(
        f"    at {draw.pascal()}.{draw.camel()} (file:///app/node_modules/.pnpm/{draw.kebab()}@{draw.version()}_{draw.hex(32)}/"
        f"node_modules/{draw.kebab()}/dist/{draw.noun()}.js:{draw.number(1, 900)}:{draw.number(1, 90)})"
        for _ in frames
    )
    rust = "\n".join(
        f"  {at}: {draw.snake()}::{draw.snake()}::h{draw.hex(16)}\n             at ./{draw.path('.rs')}:{draw.number(1, 900)}:5"
        for at in frames
    )
    go = "\n".join(
        f"github.com/{draw.noun()}/{draw.noun()}.(*{draw.pascal()}).{draw.pascal()}(0xc000{draw.hex(6)}, {{0x{draw.hex(7)}, 0x{draw.hex(2)}}})\n"
        f"\t/go/pkg/mod/{draw.noun()}@v{draw.version()}/{draw.snake()}.go:{draw.number(1, 900)} +0x{draw.hex(3)}"
        for _ in frames
    )
    return draw.choice(
        f"java.lang.IllegalStateException: {sentence(draw.random)}\n{java}\n",
        f"Traceback (most recent call last):\n{python}\n{draw.pascal()}Error: {sentence(draw.random)}\n",
        f"{draw.pascal()}Error: {sentence(draw.random)}\n{node}\n",
        f"thread 'main' panicked at {draw.path('.rs')}:{draw.number(1, 900)}:\n{rust}\n",
        f"panic: {sentence(draw.random)}\n\ngoroutine {draw.number(1, 99)} [running]:\n{go}\n",
    )


SORTS: Final[dict[str, Sort]] = {
    "JSON logs": _json_log,
    "CSV": _csv,
    "minified scripts": _minified,
    "diffs": _diff,
    "stack traces": _stack_trace,
}
