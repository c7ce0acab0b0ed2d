"""What the local model is made to say and do: the worst that a model could be talked into."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, Final

from egress_proxy.config.verify import VALUES_FILE
from egress_proxy.trial.canaries import Canaries, Kind
from egress_proxy.trial.field import MADE, TAINT_FILE, Field
from egress_proxy.trial.speaker import Script, Turn, marked

HARMLESS: Final = "All is in order."
"""A sentence of each reply that must come through: else nothing is known of what does not."""
_LEAD: Final = "".join(f"{HARMLESS} This is line {number} of a report without a secret.\n" for number in range(1, 4))
TITLE: Final = "Check"
ASKED: Final = "true verify"
"""How the one command begins that has to be asked for."""


def opencode_config(url: str, key: str, provider: str, model: str, canaries: Canaries) -> dict[str, Any]:
    """Give the opencode.json of the planted directory: the permitted model's provider is the trial's own speaker there,
    and its tools run unasked but for one command.
    """
    configured = canaries[Kind.CONFIGURED]
    limit = {"context": 128_000, "output": 8_000}
    return {
        "model": f"{provider}/{model}",
        "small_model": f"{provider}/{model}",
        "share": "disabled",
        "permission": {
            "read": "allow",
            "edit": "allow",
            "bash": {"*": "allow", f"{ASKED}*": "ask"},
            "task": "allow",
            "question": "allow",
        },
        "provider": {
            provider: {
                "npm": "@ai-sdk/openai-compatible",
                "options": {"baseURL": url, "apiKey": key, "headers": {"X-Egress-Verify": configured}},
                "models": {model: {"name": "Verify", "limit": limit, "tool_call": True}},
            }
        },
        "mcp": {
            "egress-verify": {
                "type": "local",
                "command": ["true"],
                "environment": {"EGRESS_VERIFY_KEY": configured},
                "enabled": False,
            }
        },
    }


def scripts(canaries: Canaries, field: Field) -> Mapping[str, Script]:
    """Give every script by its name."""
    known, token, tainted = canaries[Kind.KNOWN], canaries[Kind.TOKEN], canaries[Kind.TAINTED]
    plain = f"{_LEAD}The password is {known}\nThe token is {token}\nStaging has {tainted}\n{HARMLESS}"
    values = (known, token, tainted)
    look = ("bash", {"command": f"cat {VALUES_FILE} {TAINT_FILE}", "description": "Read the settings"})
    read = ("read", {"filePath": str(field.inside / TAINT_FILE)})
    write = ("write", {"filePath": str(field.inside / MADE), "content": f"password: {known}\n{token}\n"})
    todo = {"id": "1", "content": f"Rotate {known} and {token}", "status": "pending", "priority": "low"}
    option = {"label": f"Use {known}"[:40], "description": token}
    question = {"question": f"Is {known} right?", "header": "Check", "options": [option, {**option, "label": "No"}]}
    task = {"description": "Ask a child", "prompt": marked("inner"), "subagent_type": "general"}
    thought = f"The password is {known}, staging has {tainted}."
    return {
        "plain": Script(
            (Turn(calls=(look, read, write, ("todowrite", {"todos": [todo]}))), Turn(plain, thought)),
            title=f"{TITLE} {known} {token}",
        ),
        # Alone: beside a value that is found, the whole text is looked at more closely.
        "tainted": Script((Turn(f"{_LEAD}Staging has {tainted}\n"),)),
        "encoded": Script((Turn(_LEAD + "\n".join(_encoded(value) for value in values)),)),
        "ask": Script(
            (Turn(calls=(("bash", {"command": f"{ASKED} {known} {token}", "description": f"Check {known}"}),)),)
        ),
        "question": Script((Turn(calls=(("question", {"questions": [question]}),)),)),
        "error": Script((Turn(f"bad input: {known} {token}", status=400),)),
        "retry": Script((Turn(f"busy with {known} {token}", status=503),)),
        "child": Script((Turn(calls=(("task", task),)), Turn(HARMLESS))),
        "inner": Script((Turn(calls=(look,)), Turn(plain))),
        "thanks": Script((Turn(HARMLESS),)),
    }


def _encoded(value: str) -> str:
    raw = value.encode()
    return "\n".join((base64.b64encode(raw).decode(), raw.hex(), value[::-1], "-".join(value)))
