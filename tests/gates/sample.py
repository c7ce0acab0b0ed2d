"""A project, a policy for it, and asks."""

from __future__ import annotations

from typing import Final

from egress_proxy.gate_rules import Gate, GateRule
from egress_proxy.gates import DEFAULTS, GatePolicy, Own
from egress_proxy.model import Ask
from tests.gates.commands import DECLARED

TREE: Final = "/srv/shop"
HOME: Final = "/home/agent"
AUTH: Final = f"{HOME}/.local/share/opencode/auth.json"
STATE: Final = "/var/lib/egress"
CLIENT: Final = "cloud"
OWN: Final = Own((STATE,), (AUTH,), HOME)
ENV_FILES: Final = frozenset({f"{TREE}/.env", f"{TREE}/app/.env.local"})
POLICY: Final = GatePolicy(DEFAULTS, ENV_FILES, OWN)
LET_PASS: Final = GateRule(id="declared", gate=Gate.SELF, permissions=("bash",), commands=DECLARED)
GENEROUS: Final = GatePolicy((*DEFAULTS, LET_PASS), ENV_FILES, OWN)


def ask(permission: str, *patterns: str, worktree: str = TREE, directory: str = TREE) -> Ask:
    return Ask("per_1", "ses_1", directory, permission, patterns, worktree)


def shell(command: str | None, *patterns: str, workdir: str = "") -> Ask:
    """A shell ask whose whole command was looked up, unless it is None."""
    return Ask("per_1", "ses_1", TREE, "bash", patterns, TREE, command=command, workdir=workdir)
