"""The policy of an operator who names no file of their own. `config/gates.yaml` says the same, with comments."""

from __future__ import annotations

from typing import Final

from egress_proxy.gate_rules import Files, Gate, GateRule, Kind, Touch

DEFAULTS: Final[tuple[GateRule, ...]] = (
    GateRule(
        id="own-state",
        gate=Gate.NEVER,
        touches=(Touch.PROXY_STATE, Touch.OPENCODE_LOGINS),
        why="it touches the proxy's own state or the logins of opencode",
    ),
    GateRule(
        id="declared-env-files",
        gate=Gate.SELF,
        permissions=("read",),
        files=Files.DECLARED,
        why="the operator declared the file: its values are known to the scanner",
    ),
    *(
        GateRule(id=kind.value, gate=Gate.HUMAN, kinds=(kind,))
        for kind in (
            Kind.FORCE_PUSH,
            Kind.GIT_PUSH,
            Kind.HISTORY_REWRITING,
            Kind.PUBLISHING,
            Kind.REMOVAL_OUTSIDE,
            Kind.DISKS,
            Kind.CONTAINERS,
            Kind.SERVICES,
            Kind.CREDENTIALS,
            Kind.PRIVILEGE,
            Kind.PIPED_CODE,
            Kind.WRITE_OUTSIDE,
            Kind.INDIRECT,
        )
    ),
)
