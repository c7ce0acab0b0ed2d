"""A value is known before the reply that mentions it: the local agent wrote it a moment ago, or the operator added it.

Each value is one that no rule knows, and the negative control is the same sentence before the value was known.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.conftest import Proxied
from tests.e2e.conftest import IN_PROCESS, LATER, OF_DIRECTORY
from tests.kit.agent import poll
from tests.kit.script import Text, Turn, call

pytestmark = pytest.mark.e2e

VALUES = {
    "NEW_TOKEN": "velvet" + "Anchor" + "58",
    "LATER_TOKEN": "copper" + "Lantern" + "73",
    "db.password": "marble" + "Willow" + "91",
}


def said(watching: Proxied, name: str, *turns: Turn, text: str) -> str:
    """What crosses of a reply that ends in `text`."""
    agent = watching.agent()
    script = watching.model.script(name, *turns, Text(text))
    answer = agent.prompt(agent.session(), script)
    assert answer.status == 200
    return "".join(part.get("text", "") for part in answer.json["parts"] if part["type"] == "text")


@pytest.mark.parametrize(
    ("path", "content", "name"),
    [
        (".env", "{env}NEW_TOKEN={value}\n", "NEW_TOKEN"),
        (LATER, "LATER_TOKEN={value}\n", "LATER_TOKEN"),
        ("later/secret.yaml", "db:\n  password: {value}\n", "db.password"),
    ],
    ids=["appended", "new-file", "new-directory"],
)
def test_a_value_is_known_to_the_reply_that_mentions_it(watching: Proxied, path: str, content: str, name: str) -> None:
    """The local agent writes it through its tool, and says it in the same turn."""
    value = VALUES[name]
    text = f"I have put {value} there."
    assert said(watching, f"before-{name}", text=text) == text
    written = content.format(env=watching.world.env_file.read_text("utf-8"), value=value)
    write = call("write", filePath=str(watching.world.project / path), content=written)
    assert said(watching, f"after-{name}", write, text=text) == f"I have put [redacted:KNOWN:{name}] there."
    assert (watching.world.project / path).read_text("utf-8") == written
    assert value.encode() not in watching.proxy.traces()


def test_a_login_of_the_operator_is_known_at_once(watching: Proxied) -> None:
    value = "walnut" + "Harbors" + "27"
    text = f"The new key is {value}."
    assert said(watching, "before-login", text=text) == text
    file = watching.bare.opencode.auth_file
    logins = json.loads(file.read_text("utf-8"))
    file.write_text(json.dumps({**logins, "acme": {"type": "api", "key": value}}), "utf-8")
    assert said(watching, "after-login", text=text) == "The new key is [redacted:KNOWN:auth.acme.key]."


def test_what_opencode_was_started_with_is_known(watching: Proxied) -> None:
    assert said(watching, "environment", text=f"ODD is {IN_PROCESS}.") == "ODD is [redacted:KNOWN:ODD]."


def test_what_a_directorys_own_configuration_holds_is_known(watching: Proxied) -> None:
    told = said(watching, "of-directory", text=f"It is {OF_DIRECTORY}.")
    assert told == "It is [redacted:KNOWN:provider.acme.apiKey]."


def test_a_fingerprint_is_known_at_once(watching: Proxied, tmp_path: Path) -> None:
    value = "winter" + "Pebble" + "56"
    text = f"It opens with {value}."
    assert said(watching, "before-fingerprint", text=text) == text
    (tmp_path / "value.env").write_text(f"VAULT={value}\n", "utf-8")
    config = ("--config", str(watching.proxy.config_file))
    done = watching.proxy.command("fingerprint", "add", "--from", str(tmp_path / "value.env"), *config)
    assert (done.returncode, done.stdout) == (0, b"taken\tVAULT\n")
    assert said(watching, "after-fingerprint", text=text) == "It opens with [redacted:KNOWN:VAULT]."
    (tmp_path / "text").write_text(text, "utf-8")
    done = watching.proxy.command("fingerprint", "check", str(tmp_path / "text"), *config)
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, b"the text would be redacted")
    assert value.encode() not in watching.proxy.traces()


def test_a_broken_file_is_told_in_the_log_and_hides_nothing(watching: Proxied) -> None:
    value = "harbor" + "Candle" + "82"
    broken = f"db: [unclosed\npassword: {value}\n"
    write = call("write", filePath=str(watching.world.project / "later" / "secret.yaml"), content=broken)
    told = said(watching, "broken", write, text=f"It is {value} now.")
    assert value not in told
    assert "[redacted:KNOWN:" in told
    log = watching.proxy.log
    poll(lambda: b"not of its format now" in log.read_bytes() or None)
