"""The operator's socket: metrics and health, the queue of asks with an operator's token, and what is mounted there.

None of it is ever served on the cloud-facing one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from aiohttp import web
from aiohttp.typedefs import Handler, Middleware

from egress_proxy.metrics import Metrics
from egress_proxy.server.operator_gates import GateApi


def operator_app(
    metrics: Metrics,
    host: str,
    *,
    gated: bool,
    audit: Callable[[], str] = str,
    gates: GateApi | None = None,
    mounted: Mapping[str, web.Application] | None = None,
    admits: Callable[[web.Request], bool] | None = None,
) -> web.Application:
    """The application of the operator's socket. `host` is where it listens, without the port; `gated` is whether a gate
    policy is in force: without one, every ask is for a human. `audit` says why the audit log cannot be written, if it
    cannot. `gates` answers for the queue. `mounted` are further
    applications, by the path that they are served below. `admits` says whether a request under another name than the
    socket's own is let in all the same.
    """
    app = web.Application(middlewares=[_host_check(host, admits)])
    app.router.add_get("/metrics", _metrics(metrics))
    app.router.add_get("/health", _health("in force" if gated else "none: every ask is for a human", audit))
    if gates is not None:
        app.add_subapp("/gates", gates.app())
    for prefix, inner in (mounted or {}).items():
        app.add_subapp(prefix, inner)
    return app


def _metrics(metrics: Metrics) -> Handler:
    async def handler(request: web.Request) -> web.StreamResponse:
        body, content_type = metrics.exposition(request.headers.get("Accept", ""))
        return web.Response(body=body, headers={"Content-Type": content_type})

    return handler


def _health(gates: str, audit: Callable[[], str]) -> Handler:
    async def handler(_: web.Request) -> web.StreamResponse:
        failure = audit()
        told = {"healthy": not failure, "gate_policy": gates, "audit": failure or "written"}
        return web.json_response(told, status=503 if failure else 200)

    return handler


def _host_check(host: str, admits: Callable[[web.Request], bool] | None) -> Middleware:
    """Answer only to the socket's own names: a web page that rebinds its name to this address gets nothing."""
    names = {host, "localhost", "127.0.0.1", "[::1]", "::1"}

    @web.middleware
    async def check(request: web.Request, handler: Handler) -> web.StreamResponse:
        given = request.headers.getall("Host", [])
        own = len(given) == 1 and given[0].rsplit(":", 1)[0] in names
        if not own and not (admits is not None and admits(request)):
            return web.Response(status=403, text="unknown Host\n")
        return await handler(request)

    return check
