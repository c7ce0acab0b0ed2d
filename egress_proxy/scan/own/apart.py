"""Names that stand apart from their values with no sign between: a space, a line's end, a question."""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.own.shell import SECRET_NAME, WORD, given, likely, odd, password_given, telling
from egress_proxy.scan.patterns import Pattern
from egress_proxy.scan.random_tokens import is_value
from egress_proxy.scan.rule import Rule, Scope, Span
from egress_proxy.scan.values import looks_random

# How variables that hold secrets are called.
_VARIABLE = r"(?:PASSWORD|PASSWD|PASS|TOKEN|SECRET|KEY|PWD|CREDENTIALS?|PAT|SALT)"


def _printed(value: str) -> bool:
    """What a command prints of a variable with a telling name."""
    return is_value(value, password=False)


_ENDS = r"(?:password|passwd|passphrase|pass|pwd|pw|secret|token|key|credentials?|auth|pat|salt)(?:_\d)?"
_TAG = r"<(?:code|b|strong|kbd|tt|td|dd|span|em|samp)(?: [^<>]{0,60})?>"

PATTERNS = (
    # A name and a value with nothing but space between: `ENV API_KEY …` of Docker, `setx`, `setenv`.
    Pattern(
        "command-password",
        rf"^[ \t]*+(?:env|setx|setenv|set(?>[ \t]++-\w++)++|\#[ \t]*+define"
        rf"|\((?:setq|setf|def\w*|set!))[ \t]++\"?{SECRET_NAME}\"?[ \t]++{WORD}",
        telling,
        prefilter=rf"(?:env|setx|setenv|define|\((?:def|set)[\w!]*|set[ \t]+-\w+)[ \t]+\"?{SECRET_NAME}\"?[ \t]+"
        r"[^\s|;&<>(){}$`]",
    ),
    Pattern(
        "secret-below-its-name",
        rf"(?:echo|printenv)[ \t]++[\"']?\$?\{{?(?-i:[A-Z][A-Z0-9_]{{0,60}}?{_VARIABLE})\}}?[\"']?[ \t]*+\r?\n[ \t]*+"
        r"(?P<s>[^\s\"'`]{6,}+)[ \t]*+\r?(?![^\n])",
        _printed,
        scope=Scope.NEAR,
        prefilter=rf"(?:echo|printenv)[ \t]+[\"']?\$?\{{?\w{{0,60}}{_VARIABLE}\}}?[\"']?[ \t]*\r?\n",
        strong=False,
    ),
    Pattern(
        "secret-assignment",
        rf"variable[ \t]++\"{SECRET_NAME}\"[ \t]*+\{{[ \t]*+\r?\n(?:[^}}\n]{{0,160}}+\n){{0,2}}?"
        r"[ \t]*+default[ \t]*+=[ \t]*+\"(?P<s>[^\"\n]{4,}+)\"",
        likely,
        scope=Scope.NEAR,
        prefilter=rf"variable[ \t]+\"{SECRET_NAME}\"[ \t]*\{{",
        strong=False,
    ),
    Pattern(
        "secret-assignment",
        rf"<key>{SECRET_NAME}</key>\s{{0,40}}<string>(?P<s>[^<\n]{{6,}}+)</string>",
        likely,
        scope=Scope.NEAR,
        prefilter=rf"<key>{SECRET_NAME}</key>",
        named=True,
        strong=False,
    ),
    # Quotes that one language alone has: `q(…)` of Perl, `[[…]]` of Lua, `r#"…"#` of Rust, `R"(…)"` of C++.
    Pattern(
        "secret-assignment",
        rf"{SECRET_NAME}[\"'\]]{{0,2}}+(?::[ \t]*+[&'\w]{{1,16}}+)?[ \t]*+(?:=>?|:)[ \t]*+(?:%?q[qw]?[(\[{{<|]"
        rf"|\[\[|r?#{{1,3}}\"|u?r\"\w{{0,8}}\()"
        r"(?P<s>[^\s\"'()\[\]{}<>|]{4,200}+)[\"()\[\]{}<>|]",
        likely,
        prefilter=r"(?:pass\w*|pwd|pw|secret|token|key|credentials?|auth)(?:_\d)?[\"'\]]{0,2}(?::[ \t]*[&'\w]+"
        r")?[ \t]*(?:=>?|:)[ \t]*(?:%?q[qw]?[(\[{<|]|\[\[|r?#+\"|u?r\"\w*\()",
        named=True,
        strong=False,
    ),
    # Pairs of Erlang and Elixir: `{default_pass, <<"…">>}`.
    Pattern(
        "secret-assignment",
        rf"\{{[ \t]*+:?{SECRET_NAME}[ \t]*+,[ \t]*+(?:<<)?\"(?P<s>[^\"\n]{{4,200}}+)\"(?:>>)?[ \t]*+\}}",
        likely,
        prefilter=rf"\{{[ \t]*:?{SECRET_NAME}[ \t]*,[ \t]*(?:<<)?\"",
        strong=False,
    ),
    # A key as the bytes that it has.
    Pattern(
        "secret-assignment",
        r"(?<!pub)(?<!public)(?<!public_)(?:key|secret|passw(?:or)?d)\w{0,24}+(?:\[[\w ]{0,24}\])?[ \t]*+(?::"
        r"[ \t]*+\[[\w; ]{1,24}\][ \t]*+)?[:=]{1,2}[ \t]*+"
        r"(?:new byte\[\][ \t]*+|\[\]byte|bytes\()?[({\[]\s{0,40}+(?P<s>(?>0x[0-9a-f]{2}(?:,\s{0,40}+)?){16,64}+)",
        scope=Scope.NEAR,
        prefilter=r"(?:key|secret|passw(?:or)?d)\w{0,24}(?:\[[\w ]*\])?[ \t]*(?::[ \t]*\[[\w; ]*\][ \t]*)?"
        r"[:=]{1,2}[^\n]{0,16}[({\[][ \t]*(?:0x[0-9a-f]{2},|\r?\n)",
        named=True,
        strong=False,
    ),
    # A part of a form, and an answer file: what names the value stands before it, on a line of its own.
    Pattern(
        "secret-assignment",
        rf"name=\"{SECRET_NAME}\"\r?\n(?:[^\r\n]++\r?\n)?\r?\n(?P<s>[^\r\n]{{4,}}+)",
        likely,
        scope=Scope.NEAR,
        prefilter=rf"name=\"{SECRET_NAME}\"\r?\n",
        strong=False,
    ),
    # A name in a cell or a label, and the value in the next or in marks: `<th>Password</th><td>…`, `*Password:* {{…}}`.
    Pattern(
        "secret-assignment",
        rf"{SECRET_NAME}(?:[ ]is)?[:=]?[*_}}]{{0,3}}(?:</\w{{1,10}}>[:=]?\s{{0,20}}+|[ \t]{{0,8}}+)"
        rf"(?:``|\{{\{{|\\(?:texttt|textbf|verb)[{{|]|{_TAG}(?:<(?:code|b|strong|kbd|tt|span)>)?)"
        r"(?P<s>[^\s`{}<>|]{4,200}+)(?=``|\}|\||</)",
        likely,
        scope=Scope.NEAR,
        prefilter=rf"{_ENDS}(?:[ ]is)?[:=]?[*_}}]*(?:</\w+>[:=]?[ \t]*(?:\r?\n|<)|[ \t]*(?:``|\{{\{{"
        r"|\\(?:texttt|textbf|verb)[{|]|<(?:code|b|strong|kbd|tt|td|dd|span|em|samp)[ >]))",
        strong=False,
    ),
    # A property by its name: Hadoop's, Hive's, KeePass'.
    Pattern(
        "secret-assignment",
        rf"<(?:name|key)>{SECRET_NAME}</(?:name|key)>\s{{0,40}}<value(?: [^<>]{{0,60}})?>(?P<s>[^<\n]{{4,400}}+)</",
        likely,
        scope=Scope.NEAR,
        prefilter=rf"<(?:name|key)>{SECRET_NAME}</(?:name|key)>",
        strong=False,
    ),
    # The default of an option: `'--password', default='…'`.
    Pattern(
        "secret-assignment",
        rf"[\"']--{SECRET_NAME}[\"'][^\n]{{0,120}}?\bdefault[ \t]*+[=:][ \t]*+[\"'](?P<s>[^\"'\n]{{4,200}}+)[\"']",
        likely,
        prefilter=r"[\"']--[\w.-]*(?:pass\w*|pwd|pw|secret|token|key|credentials?|auth)(?:_\d)?[\"'][^\n]*default",
        named=True,
        strong=False,
    ),
    # A constant that names what the next argument is: `put(Context.SECURITY_CREDENTIALS, "…")`.
    Pattern(
        "secret-assignment",
        r"[A-Z_.]{0,40}(?:PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS|SECRET)[ \t]*+,[ \t]*+[\"'](?P<s>"
        r"[^\s\"']{4,200}+)[\"']",
        password_given,
        caseless=False,
        strong=False,
        prefilter=r"(?:PASSWORD|PASSWD|PASSPHRASE|CREDENTIALS|SECRET)[ \t]*,[ \t]*[\"']",
    ),
    # A cookie as tools keep it: a name that is none of a secret's, and beside it or below it the value.
    Pattern(
        "session-cookie",
        r"\"name\"[ \t]*+:[ \t]*+\"[^\"\n]{0,60}?(?:sess|sid|csrf|xsrf|remember)[^\"\n]{0,60}+\",\s{0,40}+\"valu"
        r"e\"[ \t]*+:[ \t]*+"
        r"\"(?P<s>[^\"\n]{16,2000}+)\"",
        looks_random,
        scope=Scope.NEAR,
        prefilter=r"\"name\"[ \t]*:[ \t]*\"[^\"\n]{0,60}(?:sess|sid|csrf|xsrf|remember)[^\"\n]*\",",
    ),
    Pattern(
        "secret-assignment",
        r"<\w{0,24}password>\s{0,40}<value>(?P<s>[^<\n]{4,}+)</value>",
        given,
        scope=Scope.NEAR,
        prefilter=r"<\w{0,24}password>[ \t]*(?:\r?\n|<value>)",
        named=True,
        strong=False,
    ),
)

_ASKED = re.compile(r"assw|assphrase|\bPIN\b", re.IGNORECASE)
_SENT = re.compile(r"\bsend(?:line)?(?:[ \t]++--)?[ \t(]++[\"'](?P<s>[^\s\"'\\]{4,64}+)(?:\\[rn]|[\"']\))")


def _sent(text: str) -> Iterator[Span]:
    """What a script types when it is asked for a password; `text` is what stands above, and the line."""
    line = text.rfind("\n") + 1
    if _ASKED.search(text, 0, line) or _ASKED.search(text, line):
        yield from (sent.span("s") for sent in _SENT.finditer(text, line) if odd(sent["s"]))


RULES = (
    Rule(
        "command-password",
        r"\bsend(?:line)?(?:[ \t]+--)?[ \t(]+[\"'][^\s\"'\\]{4,64}(?:\\[rn]|[\"']\))",
        _sent,
        scope=Scope.BELOW,
        strong=False,
    ),
)
