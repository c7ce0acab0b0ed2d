"""Logins as people note them down: `ID/PW: root/…`, `10.0.0.9 (root/…)`, `PW - …`, `비번: …`.

A note has few signs and no grammar, so what stands there must surely look like a password (`passwords`); behind a label
that announces a name and a password, or in a language without capitals, it must only look like no word.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from egress_proxy.scan.passwords import surely_password
from egress_proxy.scan.prose import bare_password
from egress_proxy.scan.rule import Rule, Span, TooMuchError

_USER = r"(?:user(?:[ _-]?(?:name|id))?|id|login|account|acc?t|아이디|계정|사용자)"
_KOREAN = "비밀번호|비번|암호|패스워드"
_CHINESE = "密码|密碼|口令|パスワード|暗証番号"
_PASS = rf"(?:passw(?:or)?d|passcode|pass|pwd|pw|p/w|{_KOREAN})"
_WORD = r"[^\s\"'`<>(),;\u3001\u3002\u300c\u300d\uff08\uff09\uff0c\uff1a\uff1b]"  # what a value is made of
_NAME = r"[^\W_][\w.@+-]{0,63}"
_IP = r"(?:\d{1,3}\.){3}\d{1,3}(?::\d{1,5})?"
_HOST = rf"(?<![\w.@-])(?:[\w.-]{{1,64}}@)?(?:{_IP}|(?<=@)[\w-]{{1,40}}(?:\.[\w-]{{1,40}}){{1,4}})"
# An address alone is in every log, so beside one only users are looked for that many machines have.
_MACHINES = (
    r"root|admin|administrator|sysadmin|superuser|master|guest|ubuntu|debian|centos|ec2-user|vagrant|jenkins|oracle"
    r"|postgres|deploy|operator|manager|support|backup|tester|developer|service"
)
_END = r"(?=[)\s,;]|\Z)"
_LOGIN = rf"{_NAME}[ ]?//?[ ]?(?P<s>{_WORD}{{4,96}}+){_END}"

# `ID/PW: root/…`, `login/password are root : …`, `user/pass for shop (root/…)`, `(ID&PW) 10.0.0.9 root …`.
_ANNOUNCED = (
    rf"(?<![^\W_]){_USER}\)?(?:[ ]?[/,&:|(+][ ]?\(?|[ ](?:and[ ])?){_PASS}(?![a-z])\)?(?:/\w{{1,10}})?[ \t]{{0,3}}"
    r"(?:[:=(-]|-{1,2}>|=>|→|are|is|for[ ][\w.-]{1,40}[ ]?[:(])?[ \t]{0,3}\(?"
    rf"(?:{_IP}[ \t/]{{1,3}})?{_NAME}(?:[ \t]{{0,3}}(?://?|[:,(|])[ \t]{{0,3}}|[ \t]{{1,3}})"
    rf"(?P<s>{_WORD}{{4,96}}+)"
)
# `10.0.0.9 (root/…)`, `bob@box.example,bob/…`, `10.0.0.9 staging --> root/…`.
_AT_HOST = rf"{_HOST}(?:[ \t]{{1,3}}[\w-]{{1,24}})?[ \t]{{0,3}}(?:[,/(]|-{{1,2}}>|계정)?[ \t]{{0,3}}{_LOGIN}"
# `telnet (root/…)`, `Login: root/…`, and a user that many machines have: `root/…`.
_AT_SERVICE = rf"(?<![\w-])(?:telnet|s?ftp|ssh|rdp|vnc|{_USER})[ \t]?[:(-][ \t]{{0,3}}{_LOGIN}"
_OF_MACHINE = rf"(?<![\w/.@:-])(?:{_MACHINES})(?://?|[ ]/[ ])(?P<s>{_WORD}{{4,96}}+){_END}"
# `PW - …`, `pwd(…)`, `(PW) …`, `bob/PASS-…`, `password, default: …`, `password for root: …`.
_LABELLED = (
    rf"(?<![^\W_])(?:(?<=[ /(,&:|+]){_PASS}-|{_PASS}(?:\)[ ]?|[ ]?\((?:default:[ ]?)?|[ ]?,[ ]?default:[ ]?"
    rf"|[ ]-{{1,8}}[ ]|[ ]|[ ](?:for|of)[ ][\w.@-]{{1,40}}[ ]?:[ ]?))(?P<s>{_WORD}{{4,96}}+)"
)
# The particle stands behind the word: `비밀번호는 …`.
_WITH_PARTICLE = (
    rf"(?:(?:{_KOREAN}|(?<![\w/])p/w)(?:설정)?[은는]?|(?:{_CHINESE})(?:是|为|為|は)?)"
    rf"[ ]{{0,2}}[\])(:=「『]?[ ]{{0,2}}(?:default:)?(?P<s>{_WORD}{{4,96}}+)"
)
# As other languages have it, behind a sign.
_OTHERS = (
    r"şifre(?:si|niz)?|parol[aăe]?|jelszó|lozinka|geslo|slaptažodis|salasõna|parool|kata sandi|mật khẩu"
    r"|סיסמ[הא]|كلمة (?:المرور|السر)|گذرواژه|رمز عبور|รหัสผ่าน|पासवर्ड|кодовое слово"
)
_FOREIGN = (
    rf"(?<![^\W_])(?:{_OTHERS})"
    rf"[ ]{{0,2}}(?:[:=]|->|[—-](?=[ ]))[ ]{{0,2}}[`*]{{0,2}}(?P<s>{_WORD}{{4,96}}+)"
)
# What a line must have for an expression to match in it: that begins with a few characters, which are searched for at
# once, where the expression itself is tried at each. Of a line of ASCII small letters are asked, which takes a tenth of
# the time, and so there is another one for all other lines.
_TOLD = "p(?:ass|/?w)"
_TOLD_ANY = rf"(?:{_TOLD}|{_KOREAN})"
_AT_SLASH = "|".join(rf"(?<={name}{gap}/)" for name in _MACHINES.split("|") for gap in ("", " "))
_AMID = r"[\w \t,(>.@:+-]{0,200}/"
_COMPILED = tuple(
    (re.compile(expression, re.IGNORECASE), check, re.compile(small, re.ASCII), re.compile(needed, re.IGNORECASE))
    for expression, check, small, needed in (
        (_ANNOUNCED, bare_password, rf"[/,&:|(+ ]{_TOLD}", rf"[/,&:|(+ ]{_TOLD_ANY}"),
        (
            _AT_HOST,
            surely_password,
            rf"@[^@/]{{0,400}}/|[.][0-9]{{1,3}}[.][0-9]{{1,3}}{_AMID}",
            rf"@[^@/]{{0,400}}/|[.]\d{{1,3}}[.]\d{{1,3}}{_AMID}",
        ),
        (
            _AT_SERVICE,
            surely_password,
            r"[:(-][ \t]{0,3}[0-9a-z][\w.@+-]{0,63}[ ]?/",
            r"[:(-][ \t]{0,3}[^\W_][\w.@+-]{0,63}[ ]?/",
        ),
        (_OF_MACHINE, surely_password, rf"/(?:{_AT_SLASH})", rf"/(?:{_AT_SLASH})"),
        (_LABELLED, surely_password, rf"{_TOLD}[a-z]{{0,6}}[ (),-]", rf"{_TOLD_ANY}[a-z]{{0,6}}[ (),-]"),
        (_WITH_PARTICLE, bare_password, "p/w", rf"p/w|{_KOREAN}|{_CHINESE}"),
        (_FOREIGN, bare_password, "[pglk](?:arol|arool|ozinka|eslo|ata sandi)", _OTHERS),
    )
)


_FOLDER = re.compile(r"[a-z]{4,}/")  # `debian/patches/CVE-…`
_MOST_VALUES = 512  # of one line: whether one is a password takes some 50 µs


def _logins(line: str) -> Iterator[Span]:
    ends = set[int]()
    asked = 0
    small = line.lower() if line.isascii() else None
    for pattern, check, of_small, of_any in _COMPILED:
        if not (of_any.search(line) if small is None else of_small.search(small)):
            continue
        for found in pattern.finditer(line):
            value = found["s"].rstrip(".:")
            end = found.start("s") + len(value)
            asked += 1
            if asked > _MOST_VALUES:
                raise TooMuchError
            if end not in ends and not _FOLDER.match(value) and check(value):  # else what stands before it is the user
                ends.add(end)
                yield found.start("s"), end


# For the prefilter: a word with a digit or a sign, and a word behind a name and a slash.
_ODD = r"[^\s\"'`<>(),;]{0,24}[0-9!@#$%^&*+?~]"
_BEHIND = r"[\w.@+-][ ]?//?[ ]?[^\s\"'`<>(),;/]{4}"
_LABEL = r"(?:pass(?:w(?:or)?d|code)?|pwd|pw)"
_PROJECTED = r"[as]ifre(?:si|niz)?|parol[ae]?|jelsz[ao]|lozinka|geslo|slapta[az]odis|salas[ao]na|parool|sandi|kh[au]u"
RULES = (
    Rule(
        "noted-login",
        rf"(?:{_MACHINES})(?://?|[ ]/[ ])[^\s\"'`<>(),;/]{{4}}",
        _logins,
        caseless=True,
        strong=False,
        also=(
            rf"@[\w-]+\.[\w.-]+[ \t,/(>a-][^\n/]{{0,32}}{_BEHIND}",
            rf"(?:telnet|ftp|ssh|rdp|vnc|id|name|user|login|account|acc?t|aa)[ \t]?[:(-][ \t]{{0,3}}[\w.@+-]*{_BEHIND}",
            rf"aa[ ]{{0,2}}[\])(:=][ ]{{0,2}}(?:default:)?{_ODD}",
            rf"aaa[ ]{{0,2}}{_ODD}",
            rf"(?:{_PROJECTED}|aaa)[ ]{{0,2}}(?:[:=a-]|->)[ ]{{0,2}}[`*]{{0,2}}{_ODD}",
            rf"aa[/,&:|(+]a{{2}}[^\n]{{0,64}}{_ODD}",
            rf"p/w[^\n]{{0,64}}{_ODD}",
        ),
        said=(
            rf"(?:id|name|user|login|account|acc?t|aa)\)?(?:[ ]?[/,&:|(+][ ]?\(?|[ ](?:and[ ])?){_LABEL}[^\n]*{_ODD}",
            rf"{_LABEL}(?:\)[ ]?|[ ]?\((?:default:[ ]?)?|[ ]?,[ ]?default:[ ]?|[ ]-{{1,8}}[ ]|[ ]){_ODD}",
            rf"{_LABEL}[ ](?:for|of)[ ][\w.@-]{{1,40}}[ ]?:[ ]?{_ODD}",
            rf"[ /(,&:|+]{_LABEL}-{_ODD}",
        ),
    ),
)
