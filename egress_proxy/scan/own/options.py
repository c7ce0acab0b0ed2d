"""What programs are told in an option of one letter, or at a place of its own: by program, for `-p` means anything.

A program has many options and a line many programs, so every option of a program's part of a line is looked at, and
each part of a line once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.own.shell import WORD, likely
from egress_proxy.scan.rule import Rule, Span

# By option (with what stands between it and the value): the programs that are given a password, a token or a key so.
_SPACED = r"[ \t]++"
_OPTIONS = (
    ("-a", _SPACED, "redis-cli redis-benchmark valkey-cli"),
    (
        "-p",
        _SPACED,
        (
            "docker podman nerdctl buildah helm skopeo oras az oc mongo mongosh mongodump mongorestore mongoexport"
            " mongoimport twine cmdkey plink pscp argocd vault sshpass kinit beeline"
        ),
    ),
    ("-P", _SPACED, "zip unzip sqlcmd bcp tsql isql ipmitool mosquitto_pub mosquitto_sub mosquitto_rr"),
    ("-w", _SPACED, "ldapsearch ldapadd ldapmodify ldapdelete ldappasswd ldapwhoami kadmin vsql"),
    ("-s", _SPACED, "ldappasswd slappasswd"),
    ("-[NP]", _SPACED, "ssh-keygen"),
    ("-c", _SPACED, "snmpget snmpwalk snmpbulkwalk snmpset snmptable snmpgetnext snmptrap"),
    (
        "-[AXax]",
        _SPACED,
        "snmpget snmpwalk snmpbulkwalk snmpset snmptable snmpgetnext snmptrap snmpusm",
    ),
    ("-t", _SPACED, "codecov"),
    ("-H", _SPACED, "nxc crackmapexec netexec evil-winrm"),
    ("-y", r"[ \t]++(?:hmac-[\w-]{1,12}:)?[\w.-]{1,60}:", "nsupdate dig delv"),
    ("-u", r"[ \t]*+[^\s,;:\"']{1,60},", "lftp ncftp"),
)


def _commands() -> Iterator[tuple[str, re.Pattern[str]]]:
    by_program: dict[str, list[str]] = {}
    for option, gap, programs in _OPTIONS:
        for program in programs.split():
            by_program.setdefault(program, []).append(option + gap)
    for program, options in by_program.items():
        yield program, re.compile(rf"(?<![^ \t])(?:{'|'.join(options)}){WORD}")


_OF = dict(_commands())
_PROGRAM = re.compile(rf"(?<![\w.-])({'|'.join(sorted(_OF, key=len, reverse=True))})(?=[ \t])")
_END = re.compile(r"[|;\n]|&&")
_PARTS = ("s1", "s2", "s3")


def _given(line: str) -> Iterator[Span]:
    done = 0
    for program in _PROGRAM.finditer(line):
        if program.start() < done:
            continue
        end = _END.search(line, program.end())
        done = end.start() if end else len(line)
        for option in _OF[program[1]].finditer(line, program.end(), done):
            yield from (option.span(part) for part in _PARTS if option[part] and likely(option[part]))


RULES = (
    Rule(
        "command-password",
        r"[ \t]-[a-zA-Z][ \t]+[^\s|;&<>(){}$`]",  # of any program: sixty names would take longer to look for
        _given,
        strong=False,
    ),
)
