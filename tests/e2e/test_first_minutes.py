"""The first five minutes on a real opencode: `init`, `serve`, a task with `ocode`, `doctor`, `verify`, `support`.

Through the proxy nothing leaks, and without it every channel does: a verification that found nothing there would prove
nothing here.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from egress_proxy.model import VERIFIER
from egress_proxy.tokens import Tokens
from egress_proxy.trial.field import MARKER
from tests.conftest import Bare, Launch
from tests.kit.agent import poll
from tests.kit.client import Client, bearer, free_port
from tests.kit.script import Text, call

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(400)]

CHANNELS = {
    "replies", "messages", "todo", "titles", "encoded replies", "diffs", "history", "attached files", "shell", "asks",
    "questions", "errors", "status", "sub-agents", "file names", "events", "events in pieces", "global events",
    "global events in pieces", "reads", "spellings", "directories",
}  # fmt: skip
ONLY_THROUGH_THE_PROXY = {"denied operations"}
"""They are sent to nobody who might obey."""
ROOT = Path(__file__).parents[2]
CONFIG = ".config/egress-proxy/config.yaml"
STATE = ".local/state/egress-proxy"
PLACE = ".local/share/egress-proxy/verify"


class Home:
    """A user's home on the machine of an opencode."""

    def __init__(self, path: Path, bare: Bare) -> None:
        self.path, self.bare = path, bare
        self.said = bytearray()

    def run(
        self, *words: str, code: int = 0, module: str = "egress_proxy.cli", extra: Mapping[str, str] | None = None
    ) -> str:
        """Run a command of this user's; give its stdout. All that it says is kept for the leak guard."""
        done = subprocess.run(
            [sys.executable, "-m", module, *words],
            env={**os.environ, "HOME": str(self.path), "USER": "ann", **(extra or {})},
            cwd=ROOT,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        self.said += done.stdout + done.stderr
        assert done.returncode == code, (done.stderr.decode()[-2000:], _unsaid(done.stdout))
        return done.stdout.decode()

    def init(self, *options: str) -> str:
        return self.run("init", "--non-interactive", "--opencode", self.bare.opencode.url, *options)

    def files(self) -> dict[str, tuple[int, bytes]]:
        """Give mode and content of every file, by its path."""
        found = (path for path in sorted(self.path.rglob("*")) if path.is_file())
        return {str(one.relative_to(self.path)): (one.stat().st_mode & 0o777, one.read_bytes()) for one in found}

    def read(self, name: str) -> str:
        return (self.path / name).read_text().strip()

    @contextmanager
    def serving(self, url: str) -> Iterator[None]:
        with (self.path / "serve.log").open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "egress_proxy.cli", "serve"],
                env={**os.environ, "HOME": str(self.path)},
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
        try:
            poll(lambda: process.poll() is not None or _healthy(url), timeout=120)
            assert process.poll() is None, self.read("serve.log")[-2000:]
            yield
        finally:
            process.terminate()
            process.wait(120)


def _healthy(url: str) -> bool:
    try:
        return Client(url).get("/_egress/health").status == 200
    except OSError:
        return False


FOLDER = CONFIG.rpartition("/")[0]


@pytest.mark.parametrize("version", ["1.15.13", "1.18.33"])
def test_from_nothing_to_a_verified_proxy(launch: Launch, version: str, tmp_path: Path) -> None:
    bare = launch(version, snapshots=True)
    home = Home(tmp_path / "home", bare)
    home.path.mkdir()
    own = bare.agent().session()
    listen, operator = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"
    url = f"http://{listen}"

    told = home.init("--units", "--listen", listen, "--operator", operator)
    assert f"Found opencode {version} at {bare.opencode.url}, process {bare.opencode.pid}" in told
    assert "DB_PASSWORD" in told
    files = home.files()
    assert {name: mode for name, (mode, _) in files.items() if "systemd" not in name and mode != 0o600} == {}
    assert home.read(f"{FOLDER}/opencode-password") == bare.opencode.password
    token = home.read(f"{FOLDER}/cloud-agent.token")
    assert told.rstrip().splitlines()[-1].startswith(f"export OCODE_URL={url} OCODE_TOKEN=")

    # Hand edits and tokens stay, whatever a second run is told.
    config = home.path / CONFIG
    config.write_text(config.read_text() + "# by hand\n")
    assert "write " not in home.init("--units", "--model", "local/large", "--listen", "127.0.0.1:1")
    assert home.files() == {**files, CONFIG: (0o600, files[CONFIG][1] + b"# by hand\n")}

    leftovers(home.path / PLACE, home.path / STATE)
    with home.serving(url):
        task(home, url, token)
        verified(home, f"http://{operator}", tmp_path)
        nothing_left(home, bare, own, url, token)
        if version == "1.18.33":  # neither depends on opencode's release
            checked = home.run("doctor")
            assert {line.split()[0] for line in checked.splitlines()} <= {"ok", "warn"}
            assert "last found clean" in checked
            bundled(home, tmp_path / "bundle.tar.gz", token)
    assert bare.canaries.leaks(bytes(home.said) + home.read("serve.log").encode()) == []
    assert token.encode() not in home.said


def leftovers(place: Path, state: Path) -> None:
    """Leave what a verification that was killed leaves."""
    (place / "inside" / "old").mkdir(mode=0o700, parents=True)
    (place / "inside" / "old" / "file").write_text("")
    (place / MARKER).write_text("")
    Tokens(state).create(VERIFIER, (str(place / "inside"),))


def task(home: Home, url: str, token: str) -> None:
    """What a cloud agent does with the line that `init` ended with."""
    bare = home.bare
    prompt = bare.model.script(
        "first-task", call("bash", command="cat .env", description="Read"), Text(lambda seen: seen.tool_results[-1])
    )
    access, ocode = {"OCODE_URL": url, "OCODE_TOKEN": token}, "egress_proxy.ocode.cli"
    session = home.run("new", module=ocode, extra=access).strip()
    reply = home.run("prompt", session, prompt, module=ocode, extra=access)
    assert "redacted" in reply
    assert bare.canaries.leaks(reply) == []


def verified(home: Home, operator: str, tmp_path: Path) -> None:
    metrics = tmp_path / "verify.prom"
    assert states(home.run("verify", "--json", "--seconds", "120", "--textfile", str(metrics))) == dict.fromkeys(
        CHANNELS | ONLY_THROUGH_THE_PROXY, "clean"
    )
    without = home.run("verify", "--json", "--seconds", "120", "--bare", code=1)
    assert states(without) == dict.fromkeys(CHANNELS, "leaked")
    assert all(channel["canaries"] for channel in json.loads(without)["channels"])
    exposed = Client(operator).get("/metrics").text
    assert "egress_verify_last_result 0.0\n" in exposed  # a control says nothing of the proxy
    (line,) = [one for one in exposed.splitlines() if one.startswith("egress_verify_last_success_timestamp_seconds ")]
    found = float(line.split()[1])
    assert found > 0
    assert f"egress_verify_last_success_timestamp_seconds {found}\n" in metrics.read_text()


def nothing_left(home: Home, bare: Bare, own: str, url: str, token: str) -> None:
    """No file, token, session or configuration of the verification; all else is as it was."""
    place = home.path / PLACE
    assert sorted(path.name for path in place.rglob("*")) == [MARKER, "inside", "outside"]
    assert [entry.name for entry in Tokens(home.path / STATE).list()] == ["cloud-agent"]
    inside = bare.opencode.client(place / "inside")
    assert inside.get("/session").json == []
    assert inside.get("/config").json["provider"]["local"]["options"]["baseURL"] == bare.model.url
    assert bare.agent().client.get(f"/session/{own}").status == 200
    # An ordinary token does not see the place.
    assert Client(url, bearer(token), str(place / "inside")).get("/session").status == 403


def bundled(home: Home, bundle: Path, token: str) -> None:
    """Neither the machine's secrets nor the proxy's own are in it."""
    home.run("support", str(bundle), "--log", str(home.path / "serve.log"))
    assert bundle.stat().st_mode & 0o777 == 0o600
    with tarfile.open(bundle) as archive:
        parts = {Path(one.name).name: archive.extractfile(one) for one in archive}
        texts = {name: part.read() for name, part in parts.items() if part is not None}
    assert set(texts) == {"config.txt", "versions.txt", "doctor.txt", "metrics.txt", "journal.txt", "log-1.txt"}
    assert b"egress_build_info" in texts["metrics.txt"]
    assert b"serving on" in texts["log-1.txt"]
    assert home.bare.canaries.leaks(b"".join(texts.values())) == []
    assert token.encode() not in b"".join(texts.values())


def states(told: str) -> dict[str, Any]:
    return {channel["name"]: channel["state"] for channel in json.loads(told)["channels"]}


def _unsaid(output: bytes) -> list[object]:
    """What of a report is not clean."""
    try:
        report = json.loads(output)
    except ValueError:
        return []
    channels = report.get("channels", []) if isinstance(report, dict) else []
    return [one for one in channels if one.get("state") != "clean"]
