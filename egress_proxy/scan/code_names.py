"""Names that programs and data have where a password might stand: of types, constants, classes, files, errors.

    password: Uint8Array        RESET_FORM = "shop.accounts.forms.ResetForm"        INVALID_PASSWORD: "wrong-password"

A name is made of words, and one that is the name of something says so by its form. A single word may be a password.
"""

from __future__ import annotations

import re

from egress_proxy.scan.phrases import is_passphrase
from egress_proxy.scan.random_text import random_score, words

_LONGEST, _RANDOM = 120, 0.42
# Words with a capital, among them one with the number that its kind is known by.
_KIND = (
    r"(?:U?[Ii]nt|Float|Sha|Aes|Tls|Ssl|Chacha|ChaCha|Poly|Argon|Base|Http|O[Aa]uth|Utf|UTF|SHA|AES|PKCS|RFC|(?:SK)?E(?:CDSA|D)|RSA|DSA|[XVUIFv])"
    r"[0-9]{1,4}"
)
_TYPE = re.compile(rf"(?=[A-Za-z]*[0-9])(?:U?int(?:8|16|32|64)[A-Z][a-z]+|(?>{_KIND}|[A-Z][a-z]++)++)")
_ALGORITHM = re.compile(
    r"(?:rsa-|scram-)?(?:sha|md|aes|hmac|blake|ripemd|sm|[hrep]s)[-_]?[0-9]{1,4}[a-z]?(?:[-_/][a-z0-9]{2,8}){0,3}",
    re.IGNORECASE,
)
# And what is put together of such: `RSAES-PKCS1-V1_5`, `pkcs5PBES2`, `aes128-CBC`.
_SUITE = re.compile(
    r"(?:(?:aes|des|ede|rc|rsa(?:es|ssa)?|ec(?:dsa|dhe?)?|dsa|dhe?|ed|sha|md|hmac|pkcs|pbes?|pbkdf|mgf|oaep|pss|cbc|ecb|gcm|ctr"
    r"|cfb|ofb|ccm|wrap|camellia|aria|chacha|poly|salsa|blowfish|triple|with|and|padding|v|x|curve|secp|prime)"
    r"[0-9]{0,5}+[-_/.]?+[0-9]{0,4}+){2,8}",
    re.IGNORECASE,
)
_CONSTANT = re.compile(r"[A-Z]++(?>_[A-Z]++)++(?:_[0-9])?")
# With two dots and more: `shop.accounts.forms.ResetForm`.
_CLASS = re.compile(r"(?>[A-Za-z_]++\.){2,}+[A-Za-z_]++")
_FILE = re.compile(r"(?>[A-Za-z_.-]++/)++[A-Za-z_-]+(?:\.[a-z]{2,5}){1,2}")
_ACCOUNT = re.compile(r"[\w-]{1,32}:[x*!]{1,2}:[0-9]*:[0-9]*:.*")  # a line of /etc/passwd or /etc/shadow without a hash
_RESOURCE = re.compile(r"arn:[a-z-]{2,20}:[a-z0-9-]{2,40}:.*|-----BEGIN (?:PUBLIC|CERTIFICATE|RSA PUBLIC).*", re.DOTALL)
_ADDRESS = re.compile(r"[a-z][a-z.+-]{0,40}@(?:[a-z-]{1,40}\.){1,4}(?:com|org|net|edu|io|de|local|test|invalid)")
_WORDS = re.compile(r"[A-Za-z]{2,}(?:[-_/ ][A-Za-z]{2,}){1,4}")
_GAP = re.compile(r"[-_/ ]")
_OF_SECRETS = frozenset(
    {"SECRET", "SECRETS", "TOKEN", "PASSWORD", "PASSWD", "PASSPHRASE", "KEY", "CREDENTIAL", "CREDENTIALS"}
)
# What becomes of passwords, and what is wrong with them.
_SAID = words(
    """
    wrong invalid missing weak expired incorrect not unsupported disabled denied error failed mismatch required forgot
    forgotten unset no too exceeded recover recovery reset change
    """
)


def is_name(value: str) -> bool:
    """Whether a value is a name by its own form."""
    if len(value) > _LONGEST:
        return _RESOURCE.match(value) is not None
    return (
        is_type(value)
        or (_CONSTANT.fullmatch(value) is not None and not _OF_SECRETS.isdisjoint(value.split("_")))
        or any(form.fullmatch(value) for form in (_ACCOUNT, _ADDRESS, _RESOURCE))
        or (any(form.fullmatch(value) for form in (_CLASS, _FILE)) and random_score(value) < _RANDOM)
    )


def is_type(value: str) -> bool:
    """Whether it is called like a type that has a number in its name: `Uint8Array`, `Aes128Gcm`."""
    return len(value) <= _LONGEST and _TYPE.fullmatch(value) is not None


def is_algorithm(value: str) -> bool:
    """Whether it is that of a hash or a cipher: `sha256`, `aes-256-gcm`."""
    return _ALGORITHM.fullmatch(value) is not None or (len(value) <= _LONGEST and _SUITE.fullmatch(value) is not None)


def says_what_is_wrong(value: str) -> bool:
    """Whether it is the name of an error: `auth/wrong-password`, `not_supported`."""
    if not _WORDS.fullmatch(value[: _LONGEST + 1]) or is_passphrase(value):
        return False
    return not _SAID.isdisjoint(_GAP.split(value.lower()))
