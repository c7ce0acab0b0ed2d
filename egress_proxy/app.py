"""The composition root: a checked configuration becomes a running proxy.

Start in an order that fails closed: state and audit log, scanner self-test, upstream and its version, known values,
and only then the sockets. SIGTERM and SIGINT drain.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gc
import logging
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack
from pathlib import Path
from typing import Any, Final, NamedTuple

from msgspec.structs import replace

from egress_proxy import __version__
from egress_proxy.audit import Ledger, SearchKey, Terms
from egress_proxy.config import Config, LogForm, Source, read_gates, read_hook_secrets, read_password, warnings
from egress_proxy.console import PREFIX, console_app
from egress_proxy.console.wiring import behind_console
from egress_proxy.errors import ConfigError, Exit
from egress_proxy.fingerprints import FingerprintStore
from egress_proxy.gate_rules import GateRule
from egress_proxy.gates import DEFAULTS, GatePolicy, Own
from egress_proxy.ledgers import place
from egress_proxy.logs import Saying, begin, log, say
from egress_proxy.metrics import Metrics
from egress_proxy.model import Policy
from egress_proxy.network import (
    CLOUD,
    OPERATOR,
    Live,
    Reloading,
    cloud_side,
    entrance,
    handed_over,
    interval,
    matching,
    pinging,
    reloaded_on_hangup,
)
from egress_proxy.prompt_rules import INSTRUCTION
from egress_proxy.prompts import PromptRules
from egress_proxy.routes import catalogue
from egress_proxy.scan import KnownValues, TextScanner, judge
from egress_proxy.server.cloud import Cloud, Handlers
from egress_proxy.server.events import Events
from egress_proxy.server.evidence import sealing
from egress_proxy.server.exchange import Exchanges, Settings
from egress_proxy.server.known import Known
from egress_proxy.server.naming import ByFingerprint
from egress_proxy.server.notifications import notifying
from egress_proxy.server.notify import notify
from egress_proxy.server.operator import operator_app
from egress_proxy.server.operator_auth import Operators
from egress_proxy.server.operator_gates import GateApi
from egress_proxy.server.owners import Owners
from egress_proxy.server.pipeline import Pipeline
from egress_proxy.server.queue import Queue
from egress_proxy.server.queued import GATE_EVENT, Decision, decision_told
from egress_proxy.server.recorder import Recorder
from egress_proxy.server.sessions import Sessions
from egress_proxy.server.shipping import shipping
from egress_proxy.server.sockets import operator_socket
from egress_proxy.server.starting import Step, doing
from egress_proxy.server.state import States
from egress_proxy.server.survey import Survey, document, survey
from egress_proxy.server.taints import Taints
from egress_proxy.server.upstream import Upstream
from egress_proxy.tokens import prepare
from egress_proxy.trial.report import verified

_OPENCODE_LOGINS: Final = ("~/.local/share/opencode/auth.json", "~/.local/share/opencode/mcp-auth.json")
# A scan in a thread and the event loop wait for each other at every hand-over of the interpreter, up to so many
# seconds: with Python's own 5 ms a reply of 1 MB takes three times as long, and others wait as long.
_SWITCH_SECONDS: Final = 0.0005
_START_SECONDS: Final = 30.0  # for opencode to come up after us


def serve(config: Config, again: Callable[[], Config] | None = None) -> int:
    """Run the proxy until SIGTERM or SIGINT. On SIGHUP `again` reads the configuration anew.

    Returns an exit code; raises `EgressError` when it cannot start safely.
    """
    begin(structured=config.log.format is LogForm.JSON, level=config.log.level.upper())
    for risk in warnings(config):
        say(Saying.CONFIG_RISK, why=risk)
    sys.setswitchinterval(_SWITCH_SECONDS)
    asyncio.run(_serve(config, again))
    return Exit.OK


def live_routes(config: Config) -> Survey:
    """Ask the configured server for its version and document and compare them with the catalogue."""

    async def ask() -> Survey:
        async with _upstream(config) as upstream:
            return await survey(upstream, 0.0)

    return asyncio.run(ask())


def live_document(config: Config) -> bytes:
    """Ask the configured server for its own document. Raises `UpstreamError`."""

    async def ask() -> bytes:
        async with _upstream(config) as upstream:
            return await document(upstream)

    return asyncio.run(ask())


def scanner(config: Config, *, offline: bool) -> TextScanner:
    """Build the scanner as the proxy would have it now. Raises `EgressError`.

    `offline` leaves out what opencode would have to be asked for.
    """
    if offline:
        local = tuple(source for source in config.known_values if source.kind is not Source.UPSTREAM_CONFIG)
        config = replace(config, known_values=local)

    async def build() -> TextScanner:
        async with _upstream(config) as upstream:
            known = await Known.load(config, upstream, Metrics())
            await known.close()
            return known.first

    level = log.level
    log.setLevel(logging.CRITICAL)  # which values are not watched for is told when the proxy starts
    try:
        return asyncio.run(build())
    finally:
        log.setLevel(level)


def _log_crash(_: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    """In place of asyncio's report, whose traceback may hold what must not be logged."""
    say(Saying.TASK_FAILED, error=type(context.get("exception")).__name__)


async def _serve(config: Config, again: Callable[[], Config] | None = None) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(_log_crash)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    handed = handed_over(os.environ)
    async with AsyncExitStack() as stack:
        clouds = matching(handed, CLOUD, config.listen, "listen")
        operators = matching(handed, OPERATOR, config.operator, "operator")
        hidden = read_hook_secrets(config.notify)
        gates = gate_policy(config)
        inside = await _assemble(config, gates, stack)
        told = notifying(config.notify, hidden, config.directories, inside.queue, inside.metrics, time.time)
        await stack.enter_async_context(told)
        doing(Step.SOCKETS)
        # What stays until the end is not looked through again: with it a full collection stops the loop for 20 ms.
        gc.collect()
        gc.freeze()
        reloading = Reloading(config, again or (lambda: config), _live(inside))
        await stack.enter_async_context(_operator(config, inside, operators, reloading))
        listener = await stack.enter_async_context(cloud_side(config, inside.cloud, clouds))
        await stack.enter_async_context(pinging(interval(os.environ), listener.takes))
        await stack.enter_async_context(reloaded_on_hangup(reloading))
        say(Saying.SERVING, listen=str(config.listen), operator=str(config.operator))
        notify(f"STATUS=serving on {config.listen}, operator on {config.operator}")
        notify("READY=1")
        await stop.wait()
        notify("STOPPING=1")
        say(Saying.STOPPING)
        inside.queue.stop()
        inside.recorder.recorded.end()
        await inside.cloud.drain(config.limits.drain_seconds)


class _Inside(NamedTuple):
    """What the sockets serve."""

    cloud: Cloud
    queue: Queue
    metrics: Metrics
    recorder: Recorder
    known: Known
    server: Survey
    exchanges: Exchanges


def _live(inside: _Inside) -> Live:
    return Live(inside.cloud, inside.exchanges, inside.known, inside.metrics, _policy, gate_policy)


def _operator(
    config: Config, inside: _Inside, bound: socket.socket | None, reloading: Reloading
) -> AbstractAsyncContextManager[None]:
    behind = behind_console(config, inside.recorder, inside.known, inside.server)
    operators = Operators(Path(config.state_dir))
    address = config.operator

    def most() -> int:
        return inside.cloud.login_failures_per_minute  # as the latest reload has it

    app = operator_app(
        inside.metrics,
        address.host,
        gated=lambda: bool(inside.exchanges.settings.gates.rules),
        audit=lambda: inside.recorder.failure or inside.recorder.evidence_failure,
        gates=GateApi(inside.queue, operators, inside.metrics, most),
        reload=reloading.asked,
        mounted={PREFIX: console_app(inside.queue, operators, inside.metrics, most, behind)},
        admits=behind.sso.admits if behind.sso else None,
    )
    return operator_socket(app, address.host, address.port, bound)


async def _assemble(config: Config, gates: GatePolicy, stack: AsyncExitStack) -> _Inside:
    """Everything behind the sockets, in the order that fails closed."""
    metrics = Metrics()
    metrics.set_gate_rules(len(gates.rules))
    state = Path(config.state_dir)
    prepare(state)
    doing(Step.LEDGER)
    ledger = Ledger(state, _terms(config), place=place(config))
    metrics.follow_verify(lambda: verified(state))
    recorder = Recorder(
        ledger,
        metrics,
        clean=config.audit.clean_exchanges,
        withhold_clean=config.audit.withhold_clean,
        sealing=sealing(config, ledger, metrics),
        told=stack.enter_context(shipping(config.log, metrics)),
    )
    stack.push_async_callback(recorder.close)
    owners = Owners(state / "sessions.db")
    stack.callback(owners.close)
    upstream = await stack.enter_async_context(_upstream(config))
    upstream.told = metrics.set_upstream_up
    doing(Step.OPENCODE)
    server = await survey(upstream, _START_SECONDS)
    _report(server, metrics)
    known = await Known.load(config, upstream, metrics)
    stack.push_async_callback(known.close)
    names = config.features.value_names
    scanner = known.scanner if names else ByFingerprint(known.scanner).scanner
    key = FingerprintStore(state).key().values
    tell = SearchKey.of(state).telling(KnownValues.build((), key).mac)
    pipeline = Pipeline(scanner, judge, recorder, metrics, config.limits.scan_seconds, _now, tell=tell)
    wait = config.limits.upstream_timeout_seconds
    sessions = Sessions(upstream, owners, wait)
    taints = Taints(upstream, sessions, wait, names=names, directories=config.directories, key=key)
    exchanges = Exchanges(
        _settings(config, gates), upstream, sessions, pipeline, metrics, _new_id, taints=taints, key=key
    )
    events = Events(exchanges, pipeline, metrics)
    stack.push_async_callback(events.close)
    queue = _queue(config, exchanges, events, metrics)
    stack.push_async_callback(queue.close)
    cloud = Cloud(
        entrance=entrance(config, metrics),
        handlers=Handlers(exchanges, events, States(exchanges, time.time, queue.decided_for)),
        pipeline=pipeline,
        metrics=metrics,
        max_body_bytes=config.limits.request_body_bytes,
        max_requests=config.limits.max_requests,
        login_failures_per_minute=config.limits.login_failures_per_minute,
    )
    return _Inside(cloud, queue, metrics, recorder, known, server, exchanges)


def _queue(config: Config, exchanges: Exchanges, events: Events, metrics: Metrics) -> Queue:
    """The asks that wait, in all directories, heard of from now on."""

    async def told(decision: Decision, directory: str) -> None:
        event: dict[str, object] = {"type": GATE_EVENT, "properties": decision_told(decision)}
        await events.tell(decision.client, directory, decision.session, event)

    queue = Queue(exchanges, metrics, config.directories, config.limits.ask_seconds, told=told)
    events.hold(config.directories, queue.notice)
    queue.start()
    return queue


def _upstream(config: Config) -> Upstream:
    password = read_password(config.upstream)
    return Upstream(config.upstream.url, password, config.limits.answer_bytes, config.limits.event_frame_bytes)


def _terms(config: Config) -> Terms:
    audit = config.audit
    return Terms(
        checkpoint_records=audit.checkpoint_records,
        checkpoint_seconds=audit.checkpoint_seconds,
        segment_records=audit.segment_records,
        retention_days=audit.retention_days,
    )


def _policy(config: Config) -> Policy:
    return Policy(
        models=config.models,
        agents=config.agents,
        file_parts=config.features.file_parts,
        max_body_bytes=config.limits.request_body_bytes,
        max_body_depth=config.limits.body_depth,
        max_parts=config.limits.parts,
        max_text_chars=config.limits.text_chars,
        instruction=INSTRUCTION if config.prompts.instruction else "",
        value_requests=config.prompts.value_requests,
        asked=PromptRules(config.prompts.value_phrases, config.prompts.innocent_phrases).asked,
    )


def _settings(config: Config, gates: GatePolicy) -> Settings:
    return Settings(
        _policy(config),
        gates,
        patch_text=config.features.patch_text,
        call_seconds=config.limits.upstream_timeout_seconds,
        prompt_seconds=config.limits.prompt_timeout_seconds,
    )


def gate_policy(config: Config) -> GatePolicy:
    """Give the gate policy that a configuration means; one without rules where its file is missing, empty or broken."""
    try:
        rules = read_gates(Path(config.gates_file)) if config.gates_file else DEFAULTS
    except ConfigError as error:
        say(Saying.GATE_POLICY_BROKEN, why=str(error))
        rules = ()
    state = (
        config.state_dir,
        *filter(
            None, (config.upstream.password_file, config.gates_file, config.rules_file, config.console.sso_secret_file)
        ),
    )
    named = (source.path for source in config.known_values if source.kind is Source.OPENCODE_AUTH)
    logins = (*(str(Path(place).expanduser()) for place in _OPENCODE_LOGINS), *named)
    own = Own(_as_given_and_real(state), _as_given_and_real(logins), str(Path.home()))
    declared = frozenset(source.path for source in config.known_values if source.kind is Source.ENV_FILE)
    return GatePolicy(tuple(map(_with_real_paths, rules)), declared, own)


def _with_real_paths(rule: GateRule) -> GateRule:
    """Asks speak of real paths: a rule about a link means what it leads to as well."""
    directories = _as_given_and_real(rule.directories)
    return replace(rule, directories=directories, paths=tuple(dict.fromkeys(map(_real_glob, rule.paths))) + rule.paths)


def _real_glob(pattern: str) -> str:
    """The same glob below the real path of what stands before its first star."""
    plain, star, rest = pattern.partition("*")
    above, _, name = plain.rpartition("/") if star else (plain, "", "")
    return f"{os.path.realpath(above or '/').rstrip('/')}/{name}{star}{rest}" if star else os.path.realpath(plain)


def _as_given_and_real(places: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(spelling for place in places for spelling in (place, os.path.realpath(place))))


def _report(found: Survey, metrics: Metrics) -> None:
    say(Saying.OPENCODE_FOUND, opencode=found.version, catalogue=", ".join(catalogue.versions()))
    for operation in found.unknown:
        say(Saying.OPERATION_NOT_KNOWN, operation=operation)
    metrics.set_unknown_operations(len(found.unknown))
    metrics.set_build(__version__, found.version, catalogue.versions()[-1])


def _new_id() -> str:
    return f"egr_{secrets.token_hex(10)}"


def _now() -> str:
    return dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
