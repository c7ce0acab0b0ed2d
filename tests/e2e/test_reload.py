"""A reload of the running proxy: what is in force at once, what is refused as a whole; no stream ends for it."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import Proxied
from tests.kit.agent import poll
from tests.kit.client import Client, basic, bearer
from tests.kit.script import Text

pytestmark = pytest.mark.e2e

VALUE = "harbour" + "Thistle" + "62"
"""One that no rule knows: without a source it crosses."""


class Reloaded:
    """The shared proxy, whose configuration a test changes, and which is as before when the test is over."""

    def __init__(self, proxied: Proxied) -> None:
        self.proxied = proxied
        self._file = proxied.proxy.config_file
        self._before = self._file.read_bytes()

    def write(self, text: bytes | None = None, **changes: Any) -> None:
        """Change the file, by whole top-level keys or altogether; not what is in force."""
        changed = {**json.loads(self._before), **changes}
        self._file.write_bytes(json.dumps(changed).encode() if text is None else text)

    def reload(self) -> bool:
        """Have it read, and say whether it was taken. `said` is what the log says of it."""
        before = len(self.log())
        answer = self.operator().post("/reload", {})
        self.said = self.log()[before:]
        assert (answer.status == 200) == ('"event":"reloaded"' in self.said), answer.text
        assert self.metric("egress_config_reload_success") == float(answer.status == 200)
        return answer.status == 200

    def operator(self) -> Client:
        proxy = self.proxied.proxy
        return Client(proxy.operator_url, bearer((proxy.state / "operator.token").read_text("utf-8").strip()))

    def asked(self) -> tuple[int, str]:
        """Ask for it on the command line: its exit code, and what it says."""
        done = self.proxied.proxy.command("reload", "--config", str(self._file))
        return done.returncode, (done.stdout + done.stderr).decode()

    def log(self) -> str:
        return self.proxied.proxy.log.read_text("utf-8")

    def metric(self, name: str) -> float:
        return self.proxied.proxy.series()[name]

    def model(self) -> str:
        return str(self.proxied.agent().client.get("/config").json["model"])

    def restore(self) -> None:
        self._file.write_bytes(self._before)
        assert self.reload()


@pytest.fixture
def running(proxied: Proxied) -> Iterator[Reloaded]:
    reloaded = Reloaded(proxied)
    yield reloaded
    reloaded.restore()


def said(proxied: Proxied, name: str) -> str:
    agent = proxied.agent()
    answer = agent.prompt(agent.session(), proxied.model.script(name, Text(f"It is {VALUE}.")))
    return "".join(part.get("text", "") for part in answer.json["parts"] if part["type"] == "text")


def test_values_models_and_policy_are_in_force_at_once_and_no_stream_ends(running: Reloaded, tmp_path: Path) -> None:
    proxied = running.proxied
    config = proxied.proxy.config
    values, gates = tmp_path / "values.env", tmp_path / "gates.yaml"
    values.write_text(f"HARBOUR_PASS={VALUE}\n")
    gates.write_text("rules:\n  - {id: own-one, verdict: human, permission: bash}\n")
    agent = proxied.agent()
    session = agent.session()
    first, second = config["models"][:2]
    assert (running.model(), VALUE in said(proxied, "before")) == (first, True)
    with agent.client.events() as events:
        events.wait_type("server.connected")
        running.write(
            known_values=[*config["known_values"], {"env_file": str(values)}],
            models=[second, first],
            gates_file=str(gates),
        )
        assert running.reload()
        assert running.model() == second
        assert running.metric("egress_gate_rules") == 1
        agent.prompt(session, proxied.model.script("over", Text("Said over the same stream.")))
        events.wait_type("session.idle", sessionID=session)
    assert "[redacted:KNOWN:HARBOUR_PASS]" in said(proxied, "after")
    running.restore()
    assert running.model() == first
    # What was known stays known.
    assert VALUE not in said(proxied, "restored")


def _no_yaml(config: Mapping[str, Any], place: Path) -> Mapping[str, Any] | bytes:
    return b"listen: [\n"


def _unknown_key(config: Mapping[str, Any], place: Path) -> Mapping[str, Any] | bytes:
    return {"modles": []}


def _no_gates(config: Mapping[str, Any], place: Path) -> Mapping[str, Any] | bytes:
    return {"gates_file": str(place / "nothing.yaml")}


def _bad_rule(config: Mapping[str, Any], place: Path) -> Mapping[str, Any] | bytes:
    rules = place / "rules.yaml"
    rules.write_text("rules:\n  - {id: own-one, pattern: 'A{5}', matches: ['BBBBB'], ignores: ['CCCCC']}\n")
    return {"rules_file": str(rules)}


def _no_source(config: Mapping[str, Any], place: Path) -> Mapping[str, Any] | bytes:
    source = place / "gone.json"
    source.write_text("{")
    return {"known_values": [*config["known_values"], {"json_file": str(source)}]}


BROKEN: dict[str, Callable[[Mapping[str, Any], Path], Mapping[str, Any] | bytes]] = {
    "no YAML": _no_yaml,
    "a key that is none": _unknown_key,
    "a gate policy that is not there": _no_gates,
    "rules that do not find their examples": _bad_rule,
    "a source that cannot be read": _no_source,
}


def test_what_is_not_valid_is_refused_as_a_whole(running: Reloaded, tmp_path: Path) -> None:
    config = running.proxied.proxy.config
    first, second = config["models"][:2]
    taken = running.metric("egress_config_reload_timestamp_seconds")
    for broken in BROKEN.values():
        changes = broken(config, tmp_path)
        if isinstance(changes, bytes):
            running.write(changes)
        else:
            running.write(**{"models": [second, first], **changes})
        assert not running.reload()
        assert running.model() == first  # the part that was valid is not in force either
    assert running.metric("egress_config_reload_timestamp_seconds") == taken
    assert running.metric("egress_gate_rules") > 0


def test_the_command_says_what_came_of_it(running: Reloaded, tmp_path: Path) -> None:
    """One way for all that may be wrong: the exit code says that it is, the text what, and all stays as it was."""
    config = running.proxied.proxy.config
    first, second = config["models"][:2]
    running.write(models=[second, first])
    assert running.asked() == (0, "the configuration is in force\n")
    assert running.model() == second
    told = {
        "no YAML": "not valid YAML",
        "a key that is none": "modles",
        "a gate policy that is not there": "nothing.yaml",
    }
    told |= {"rules that do not find their examples": "own-one", "a source that cannot be read": "gone.json"}
    for name, broken in BROKEN.items():
        changes = broken(config, tmp_path)
        if isinstance(changes, bytes):
            running.write(changes)
        else:
            running.write(**{"models": [first, second], **changes})
        code, said = running.asked()
        assert (code in {1, 2}, told[name] in said, "in force" in said) == (True, True, False), said
        assert running.model() == second


def test_the_place_of_verify_needs_a_restart_and_is_the_only_thing_named(running: Reloaded, tmp_path: Path) -> None:
    """It comes with a root and a source of its own, which are as before as well."""
    (tmp_path / "place").mkdir(mode=0o700)
    first, second = running.proxied.proxy.config["models"][:2]
    running.write(models=[second, first], verify={"directory": str(tmp_path / "place")})
    code, said = running.asked()
    assert code == 0
    assert said.endswith("needs a restart to be changed, and is as before: verify.directory\n")
    assert running.model() == second


def test_only_an_operator_has_it_read(running: Reloaded) -> None:
    proxy = running.proxied.proxy
    token = (proxy.state / "operator.token").read_text("utf-8").strip()
    taken = running.metric("egress_config_reload_timestamp_seconds")
    for login in (None, "Bearer nobodys", bearer(proxy.token), basic("operator", token)):
        assert Client(proxy.operator_url, login).post("/reload", {}).status == 401
    assert running.operator().get("/reload").status == 405
    assert running.metric("egress_config_reload_timestamp_seconds") == taken
    assert running.operator().post("/reload", {}).json == {"restart": []}


def test_what_needs_a_restart_is_named_and_the_rest_is_taken(running: Reloaded) -> None:
    config = running.proxied.proxy.config
    first, second = config["models"][:2]
    running.write(models=[second, first], listen="127.0.0.1:1", directories=config["directories"][:1])
    with running.proxied.agent().client.events() as stream:
        stream.wait_type("server.connected")
        before = len(running.log())
        for _ in range(20):  # of many at once, none is lost, and none is beside another
            os.kill(running.proxied.proxy.pid, signal.SIGHUP)
        poll(lambda: "reload_needs_restart" in running.log()[before:] or None, 30)
        assert running.reload()
        assert not stream.ended
    said = [json.loads(line) for line in running.said.splitlines()]
    named = next(one["settings"] for one in said if one["event"] == "reload_needs_restart")
    assert set(named.split(", ")) == {"listen", "directories"}
    assert running.model() == second


def test_what_binds_the_local_agent_stays_out_of_the_directories_in_force(running: Reloaded) -> None:
    """Directories are those of the start until a restart: one that a reload takes out is the local agent's still."""
    config = running.proxied.proxy.config
    *others, last = config["directories"]
    gates = Path(last) / "gates.yaml"
    gates.write_text("rules:\n  - {id: own-one, verdict: self, permission: read, files: declared}\n")
    before = running.metric("egress_gate_rules")
    running.write(directories=others, gates_file=str(gates))
    assert not running.reload()
    assert "contains gates_file" in running.said
    assert running.metric("egress_gate_rules") == before
    gates.unlink()


def test_a_limit_of_failed_logins_is_in_force_on_both_sockets(running: Reloaded) -> None:
    proxy = running.proxied.proxy
    limits = {**proxy.config.get("limits", {}), "login_failures_per_minute": 1}

    def both() -> set[int]:
        """What a stranger gets on each."""
        wanted = ((proxy.url, "/session/status"), (proxy.operator_url, "/gates"))
        return {Client(url, "Bearer nobodys").get(path).status for url, path in wanted}

    assert both() == {401}
    running.write(limits=limits)
    assert running.reload()
    assert both() == {429}
