"""The patterns of every detect-secrets plugin, as rules of ours. The only importer of detect_secrets.

What is taken: the compiled patterns, the keyword list, the entropy functions and limits. What is not: its engine,
settings, filters, transformers and verification (FACTS.md, "detect-secrets as it really behaves"). Spans are our own,
because the values that it returns are not the secrets: its groups hold `ghp`, a JWT without signature, a key's header.

Changes to a pattern, each exact but for what is said here (`tests/scan/test_rules.py` compares with `finditer`):
- assignments: ` *` `( +|=|...)` ` *` is cubic on a run of spaces; rewritten with one run.
- JWT, OpenAI, npm: quadratic on repeated starts; rewritten so that each run of token characters is tried once.
- spans: trimmed to the secret (`Cut.lead`, `Cut.trail`) and extended over the rest of a token (`Cut.extend`) where the
  pattern has a fixed length that newer tokens exceed.
"""

from __future__ import annotations

import base64
import binascii
import inspect
import math
import re
import string
from collections.abc import Iterable, Iterator
from importlib import import_module
from pkgutil import iter_modules
from typing import cast

from detect_secrets import plugins
from detect_secrets.plugins.base import BasePlugin, RegexBasedDetector
from detect_secrets.plugins.high_entropy_strings import HighEntropyStringsPlugin
from detect_secrets.plugins.keyword import DENYLIST, KeywordDetector
from msgspec import Struct

from egress_proxy.scan.blocks import private_keys
from egress_proxy.scan.cues import WORDS
from egress_proxy.scan.innocent import innocent_in_text, innocent_of
from egress_proxy.scan.keywords import ASSIGN, assignments, expressions
from egress_proxy.scan.prefilter import expression
from egress_proxy.scan.quoted import Quoted
from egress_proxy.scan.rule import Finder, Rule, Scope, Span, spans_of

EXCLUDED: dict[str, str] = {
    "IPPublicDetector": "An address is no secret: its own filters never let it report one, and it takes `1.2.3.4` "
    "and `0.0.0.0` for a finding in every second reply about servers.",
}
_ID_OF_OPENCODE = re.compile(r"[a-z]{3}_[0-9a-f]{12}[0-9A-Za-z]{14}")


class Cut(Struct, frozen=True):
    """Where the secret is in a match: `group`, less `lead` and `trail`, plus the run of `extend` that follows. `named`:
    it need only be looked for in lines that may name a value (`cues`)."""

    group: int = 0
    lead: str = ""
    trail: str = ""
    extend: str = ""
    named: bool = False


_ALNUM = r"[0-9A-Za-z]*+"
_WORD = r"[0-9A-Za-z_]*+"
_TOKEN = r"[0-9A-Za-z_-]*+"  # noqa: S105  a character class

# One entry for each pattern of the class, in its order; a class that is not here takes whole matches.
_CUTS: dict[str, tuple[Cut, ...]] = {
    "ArtifactoryDetector": (Cut(lead=r'[\s=:"]', trail=r'[\s"]'),) * 2,
    "AWSKeyDetector": (Cut(), Cut(group=1)),
    "AzureStorageKeyDetector": (Cut(lead=r"AccountKey="),),
    "BasicAuthDetector": (Cut(group=1),),
    "CloudantDetector": (*(Cut(group=1, named=True),) * 2, *(Cut(group=1),) * 2),
    "DiscordBotTokenDetector": (Cut(extend=_TOKEN),),
    "GitHubTokenDetector": (Cut(extend=_WORD),),
    "GitLabTokenDetector": (Cut(extend=r"(?:\.[0-9a-z]{2}\.[0-9a-z]{7,})?"), *(Cut(),) * 6),
    "IbmCloudIamDetector": (Cut(group=1, named=True),),
    "IbmCosHmacDetector": (Cut(group=1, named=True),),
    "SlackDetector": (Cut(extend=_ALNUM), Cut()),
    "SoftlayerDetector": (Cut(group=1, named=True), Cut(group=1)),
    "StripeDetector": (Cut(extend=_ALNUM),),
}

# Those that know a secret by the name or the address beside it, or by a few letters before it, not by its own form.
_BY_NAME = frozenset(
    {
        "ArtifactoryDetector",
        "CloudantDetector",
        "IbmCloudIamDetector",
        "IbmCosHmacDetector",
        "SoftlayerDetector",
    }
)

_SPACED = r"(?: *)(?:=|:|:=|=>| +|::)(?: *)"
_SPACED_ONCE = r" *+(?:(?:=>?|:=|::?) *+|(?<= ))"
_SPACED_LOOSE = r"(?: *(?:=>?|:=|::?) *| +)"


def plugin_classes() -> tuple[type[BasePlugin], ...]:
    """Every concrete plugin class that detect-secrets ships, by name."""
    modules = [import_module(f"{plugins.__name__}.{info.name}") for info in iter_modules(plugins.__path__)]
    classes = {item for module in modules for _, item in inspect.getmembers(module, inspect.isclass)}
    bases = {BasePlugin, RegexBasedDetector, HighEntropyStringsPlugin}
    found = (item for item in classes - bases if issubclass(item, BasePlugin))
    return tuple(sorted(found, key=lambda item: item.__name__))


def detector_of(plugin: type[BasePlugin]) -> str:
    """The stable id: its `secret_type` in kebab case."""
    return re.sub(r"[^a-z0-9]+", "-", str(plugin.secret_type).lower()).strip("-")


def plugin_rules() -> tuple[Rule, ...]:
    """The rules of every plugin that is not excluded."""
    return tuple(rule for plugin in plugin_classes() for rule in rules_of(plugin))


def rules_of(plugin: type[BasePlugin]) -> tuple[Rule, ...]:
    """One plugin's rules; a kind of plugin that is not known here is an error, not a silent gap."""
    detector = detector_of(plugin)
    if plugin.__name__ in EXCLUDED:
        return ()
    if not issubclass(plugin, RegexBasedDetector):
        return (_special_rule(detector, plugin),)
    if plugin.__name__ in _LINEAR:
        return (_LINEAR[plugin.__name__](detector),)
    patterns = _patterns(plugin)
    if plugin.__name__ == "PrivateKeyDetector":
        headers = "|".join(pattern.pattern for pattern in patterns)
        return (Rule(detector, expression(f"(?:{headers})"), private_keys(headers), scope=Scope.TEXT),)
    cuts = _CUTS.get(plugin.__name__, (Cut(),) * len(patterns))
    strong = plugin.__name__ not in _BY_NAME
    return tuple(
        _pattern_rule(detector, pattern, cut, strong=strong) for pattern, cut in zip(patterns, cuts, strict=True)
    )


def _special_rule(detector: str, plugin: type[BasePlugin]) -> Rule:
    if issubclass(plugin, KeywordDetector):
        keywords = "|".join(DENYLIST)
        told = [word for word in DENYLIST if WORDS.search(word.encode())]
        first, *also = map(expression, expressions("|".join(word for word in DENYLIST if word not in told)))
        return Rule(
            detector,
            first,
            assignments(keywords),
            caseless=True,
            also=(*also, ASSIGN),
            named=tuple(map(expression, expressions("|".join(told)))),
            strong=False,
            innocent=innocent_of(detector),
            in_text=innocent_in_text,
        )
    if issubclass(plugin, HighEntropyStringsPlugin):
        return _entropy_rule(detector, plugin())  # type: ignore[call-arg]  # each class has its own limit
    raise TypeError(f"no adapter for the plugin {plugin.__name__}")


def _patterns(plugin: type[RegexBasedDetector]) -> tuple[re.Pattern[str], ...]:
    """A class attribute of every plugin, which the base class declares as an abstract property."""
    return tuple(cast("Iterable[re.Pattern[str]]", plugin.denylist))


def _pattern_rule(detector: str, pattern: re.Pattern[str], cut: Cut, *, strong: bool) -> Rule:
    linear = re.compile(pattern.pattern.replace(_SPACED, _SPACED_ONCE), pattern.flags)
    loose = expression(pattern.pattern.replace(_SPACED, _SPACED_LOOSE))
    return Rule(
        detector,
        "" if cut.named else loose,
        _cut(linear, cut),
        caseless=bool(pattern.flags & re.IGNORECASE),
        strong=strong,
        innocent=innocent_of(detector),
        named=(loose,) if cut.named else (),
    )


def _cut(pattern: re.Pattern[str], cut: Cut) -> Finder:
    lead, trail, extend = re.compile(cut.lead), re.compile(f"(?:{cut.trail})\\Z"), re.compile(cut.extend)

    def find(line: str) -> Iterator[Span]:
        run = 0  # the end of the last run that was read: tokens that are glued to each other share it
        for match in pattern.finditer(line):
            start, end = match.span(cut.group)
            if cut.lead and (head := lead.match(line, start, end)):
                start = head.end()
            if cut.trail and (tail := trail.search(line, end - 1, end)):
                end = tail.start()
            if cut.extend and end >= run and (rest := extend.match(line, end)):
                run = rest.end()
            if cut.extend:
                end = max(end, run)
            yield start, end

    return find


def _entropy_rule(detector: str, plugin: HighEntropyStringsPlugin) -> Rule:
    """Quoted strings of the plugin's alphabet above its limit. An id of opencode is random but no secret."""
    quoted = Quoted(
        plugin.charset,
        plugin.entropy_limit,
        _taken_off_numbers(plugin),
        plugin.calculate_shannon_entropy,
        _ID_OF_OPENCODE.fullmatch,
    )
    charset = re.escape(plugin.charset)
    loose = "|".join(f"{quote}[{charset}]{{{quoted.shortest},}}{quote}" for quote in "'\"")
    find = spans_of(plugin.regex, 2, quoted.is_random)
    return Rule(detector, expression(loose), find, strong=False, quoted=quoted, innocent=innocent_of(detector))


def _taken_off_numbers(plugin: HighEntropyStringsPlugin) -> float:
    """By how many bits, times log2 of its length, the plugin says a number is less random than it looks."""
    digits = string.digits
    off = math.log2(len(digits)) - plugin.calculate_shannon_entropy(digits)
    return off * math.log2(len(digits)) if off > 1e-6 else 0.0  # noqa: PLR2004  more than an error of rounding


# The first start in a run of token characters is the only one worth trying: what follows it is the same for the others.
_JWT = re.compile(
    r"(?<![0-9A-Za-z\-_=])(?>[0-9A-Za-z\-_=]*?(?=eyJ))"
    r"([0-9A-Za-z\-_=]++)\.[0-9A-Za-z\-_=][0-9A-Za-z\-_+/=]*+(?>\.[0-9A-Za-z\-_+/=]++)*+"
)
_OPENAI = re.compile(
    r"(?<![0-9A-Za-z\-_])(?>[0-9A-Za-z\-_]*?(?=sk-))([0-9A-Za-z\-_]*[0-9A-Za-z]{20}T3BlbkFJ[0-9A-Za-z]{20}[0-9A-Za-z]*+)"
)
_NPM = re.compile(r"/:_authToken=\s*+(npm_[^\s'\"]++|[0-9A-Fa-f-]{36,}+)")
_HEADER_CHARS = 4096
_HEADER_STARTS = 32


def jose_header(part: str) -> bool:
    """Whether it decodes to the beginning of a JSON object in ASCII (RFC 7515, 4.1).

    The plugin's own check also wants the second part to be JSON, which that of an encrypted token (JWE) is not.
    """
    head = part[:_HEADER_CHARS].rstrip("=")
    try:
        header = base64.urlsafe_b64decode(head[: len(head) // 4 * 4])
    except (binascii.Error, ValueError):
        return False
    return header.startswith(b'{"') and header.isascii() and b":" in header


def _tokens(text: str) -> Iterator[Span]:
    """JSON Web Tokens. `keyJson=eyJ…` is one run with two starts, of which the second is the token."""
    for match in _JWT.finditer(text):
        start = match.start(1)
        for _ in range(_HEADER_STARTS):
            if start < 0 or jose_header(text[start : match.end(1)]):
                break
            start = text.find("eyJ", start + 1, match.end(1))
        if start >= 0:
            yield start, match.end()


def _jwt_rule(detector: str) -> Rule:
    return Rule(detector, r"eyJ[0-9A-Za-z\-_=]+\.[0-9A-Za-z\-_=]", _tokens)


def _openai_rule(detector: str) -> Rule:
    return Rule(detector, r"sk-[0-9A-Za-z\-_]{20,}T3BlbkFJ[0-9A-Za-z]{20}", spans_of(_OPENAI, 1))


def _npm_rule(detector: str) -> Rule:
    return Rule(detector, r"/:_authToken=\s*(?:npm_|[0-9A-Fa-f-]{36})", spans_of(_NPM, 1))


_LINEAR = {"JwtTokenDetector": _jwt_rule, "NpmDetector": _npm_rule, "OpenAIDetector": _openai_rule}
