"""Patterns of our own: what detect-secrets 1.5.0 does not cover, or not as people write it.

    tokens of a known shape     cloud, models, forges, talk, payment, saas        one line a kind
    what stands in a known place    headers, urls, files, shell, options, places, calls, apart, asked,
                                    blocks, columns, devices, keyed, keys, codes, printed
    what a name or a sentence says  scan.assignments, scan.prose, scan.tables     a word beside a value
    what looks random           scan.random_tokens                                judged in its context

`tests/scan/test_own.py` holds true and near-miss examples for every detector.
"""

from __future__ import annotations

from egress_proxy.scan import (
    amid,
    assignments,
    messages,
    neighbours,
    patterns,
    prose,
    random_tokens,
    tables,
    tokens,
)
from egress_proxy.scan.own import (
    apart,
    asked,
    blocks,
    calls,
    cloud,
    codes,
    columns,
    devices,
    files,
    forges,
    headers,
    keyed,
    keys,
    models,
    notes,
    options,
    pairs,
    payment,
    places,
    printed,
    saas,
    shell,
    shown,
    talk,
    told,
    unwrapped,
    urls,
)
from egress_proxy.scan.rule import Rule, unless

TOKENS = (
    *cloud.TOKENS,
    *forges.TOKENS,
    *keys.TOKENS,
    *models.TOKENS,
    *payment.TOKENS,
    *saas.TOKENS,
    *talk.TOKENS,
)
PATTERNS = (
    *apart.PATTERNS,
    *codes.PATTERNS,
    *devices.PATTERNS,
    *files.PATTERNS,
    *headers.PATTERNS,
    *keyed.PATTERNS,
    *keys.PATTERNS,
    *pairs.PATTERNS,
    *shell.PATTERNS,
    *places.PATTERNS,
    *printed.PATTERNS,
    *talk.PATTERNS,
    *told.PATTERNS,
    *unwrapped.PATTERNS,
    *urls.PATTERNS,
)
RULES = (
    *apart.RULES,
    *asked.RULES,
    *blocks.RULES,
    *calls.RULES,
    *codes.RULES,
    *columns.RULES,
    *files.RULES,
    *headers.RULES,
    *keyed.RULES,
    *keys.RULES,
    *notes.RULES,
    *options.RULES,
    *pairs.RULES,
    *places.RULES,
    *shown.RULES,
    *told.RULES,
    *urls.RULES,
)
# What a place, a name or a sentence says: it may be said of something else.
_BY_PLACE = (
    *(patterns.rule_of(pattern) for pattern in PATTERNS),
    *RULES,
    *(unless(rule, messages.innocent) for rule in assignments.RULES),
    *tables.RULES,
    *prose.RULES,
    *random_tokens.RULES,
)


def _not_a_row(rule: Rule) -> Rule:
    return unless(rule, neighbours.is_row) if rule.detector == "secret-below-its-name" else rule


def own_rules() -> tuple[Rule, ...]:
    """Every rule that is not a plugin's. Several may share a detector."""
    return (
        *(unless(tokens.rule_of(token), random_tokens.in_digest) for token in TOKENS),
        *(unless(_not_a_row(rule), amid.innocent) for rule in _BY_PLACE),
    )
