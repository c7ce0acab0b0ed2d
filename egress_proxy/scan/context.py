"""What the words beside a token say of it: a secret, something that only looks random, or nothing.

The name that a token is given decides (`commit: …`, `"api_key": "…"`); without one, or with one that could be of
anything (`value`, `x`), the nearest telling word before it on its line does, else one just after it (`… is the new
token`). Words are taken from camelCase and snake_case apart and looked up in two sets.
"""

from __future__ import annotations

import re
from enum import Enum

from egress_proxy.scan.random_text import random_score, words
from egress_proxy.scan.rule import Span

SECRET_WORDS = words(
    """
    password passwords passwd passphrase passcode pwd pass pw secret secrets token tokens credential credentials
    creds cred bearer auth authorization authentication authenticate key keys apikey apikeys apitoken authtoken
    accesskey secretkey privatekey jwt pat otp totp webhook webhooks cookie login signin sas dsn passwort
    kennwort contraseña contrasena senha wachtwoord geheimnis schlüssel zugangsdaten motdepasse mdp hasło heslo
    lösenord salasana пароль ключ токен 密码 密钥 トークン パスワード clave clé chiave chave sleutel klucz jeton license
    licence serial mnemonic pepper salt hmac rotate rotated leaked leak revoke revoked private confidential
    sensitive
    """
)
# Written as one word: `skey`, `bottoken`. `monkey` and `pubkey` end in the same letters, so each stands here.
_COMPOUNDS = {
    "key": "s app auth admin bot client crypt db enc encrypt encryption aes hmac jwt license master server session"
    " shared sign signing stream user web write",
    "token": "admin app bearer bot id refresh service session user web",
    "secret": "api app client consumer cookie jwt master my session shared token web",
    "pass": "admin db ftp mail my root smtp ssh user",
    "pwd": "admin db root user",
    "tok": "auth access",
}
SECRET_WORDS |= {first + last for last, firsts in _COMPOUNDS.items() for first in firsts.split()}
# Words that are said of other things as well, and those before `key` that make it no secret or any key.
KEY_WORDS = words(
    """
    key keys login cookie license licence serial salt private leak rotate webhook webhooks
    """
)
NO_KEY_WORDS = words(
    """
    public pub primary foreign cache recv unique unknown gpg pgp host known signed verify verifying verification
    websocket idempotency
    """
)
ANY_KEY_WORDS = words(
    """
    const let var readonly return string str static final int char auto val def new type import export field column
    sort partition object hash lookup dictionary dict map group row ws index order the a
    this each by for from of any same as with and or s record route query data search item
    """
)
# Before `token`: where a list goes on, and what makes a request that is sent twice count once.
NO_TOKEN_WORDS = words("next page pagination continuation idempotency lock change cursor resume")
INNOCENT_WORDS = words(
    """
    commit commits sha digest digests checksum checksums integrity md etag tag tags rev revision revisions uuid
    uuids guid guids id ids trace traceparent span hash hashes hashed version versions fingerprint fingerprints
    blob blobs tree parent parents nonce crc cid ref refs image images layer layers public pub pubkey publickey
    cert certificate certificates kid thumbprint correlation cursor snapshot merge branch cache cached build
    signature signatures modulus encoded identifier identifiers uid gid pid iv block tx txid transaction object
    oid ssh ecdsa rsa dss fixture slug anchor nanoid ulid ksuid cuid xid snowflake keyserver chunk bundle node keyid
    keyids keygrip grip fpr pod container address checkout cherry bisect rebase reset narhash png jpeg gif svg woff font
    wasm expected boundary callid
    actual accept regex pattern alphabet charset symbol mangled namespace class selector path file filename
    """
)
# Names that could be anything's: what stands further away counts too.
# Before a name that is only `key`, on the way down to it: `'crypt' => ['key' => …`.
CIPHER_WORDS = words("crypt crypto encryption encrypt cipher aes hmac jwt signing")
ANY_WORDS = words(
    """
    value val v x y s str string text content data result res output out body default const let var self this it
    is to be equal equals eq with print log echo from new return use using current old header set line param arg
    argument env name field item entry config prod production staging dev test live main primary secondary
    """
)
_TELLING = SECRET_WORDS | INNOCENT_WORDS
_STEMS = ("key", "token", "secret", "pass", "pwd", "cred", "auth", "bearer", "jwt", "kenn", "senha")
_WORD = re.compile(r"[A-Z]{2,}(?![a-z])|[A-Z]?[^\W\d_A-Z]+|[A-Z]+")
# Read from its end: a name, and one word before it: `public key: …`.
_NAME_BACKWARDS = re.compile(r"[\w.$@-]{1,64}(?: [A-Za-z]{1,24}(?![^\s\"'`(*_|>\[]))?")
_MAIL = re.compile(r"[\w.+-]++@[\w-]++\.[\w.-]++")
_HALF_WORD = re.compile(r"\w+")
_NOT_AFTER = re.compile(r"[\t{}<>=\[\]]|\w/")
_NEXT_CELLS = re.compile(r"[\"'],[ ]?(?:\d+|NULL),")  # of a row, which say nothing of this one
# A function that is called after what it does with keys or tells of them, among whose arguments this is a later one.
_OF_KEYS = re.compile(r"[A-Za-z]\w{0,40}(?:_keys?_[a-z]\w{0,40}|(?<=[a-z])Keys?[A-Z]\w{0,40})\((?=[^()]*,)")
_CACHE = re.compile(r"(?<![a-z])cach(?:e|ed|ing)(?![a-z])", re.IGNORECASE)
_RUN = re.compile(r"[0-9A-Za-z+/]{24,}+")
_RANDOM = 0.42
_MASK = "[]"  # how what was found already begins: nothing beyond it counts, for its placeholder may be shorter
_QUOTES = "\"'`<[{*\\@$ \t_"
_SIGNS = ":=|(>"
_AFTER_QUOTED = {'",', "',"}
BEFORE, AFTER = 96, 40  # characters of the line that are looked at


class Cue(Enum):
    """What the context says."""

    SECRET = "secret"  # noqa: S105  a name
    KEY = "key"  # one of some kind: a map's or a cache's as well
    INNOCENT = "innocent"
    NONE = "none"


def cue(line: str, span: Span) -> Cue:
    """What stands around a span of a line says."""
    start, end = span
    before = line[max(0, start - BEFORE) : start].rpartition(_MASK)[2]
    if "@" in before:
        before = _MAIL.sub(" ", before)  # nobody's address tells
    if start > BEFORE and (half := _HALF_WORD.match(before)):
        before = before[half.end() :]
    name, sign = name_of(before)
    if name:
        said = of_name(name)
        named = _WORD.findall(name)
        if said is Cue.KEY and _CACHE.search(before):
            return Cue.INNOCENT  # `cache restored from key: …`
        if said is Cue.KEY and len(named) == 1 and CIPHER_WORDS.intersection(_lowered(_WORD.findall(before)[-3:])):
            return Cue.SECRET
        if said is not Cue.NONE or (sign not in "(," and named and named[-1].lower() not in ANY_WORDS):
            return said
    said = _last(_WORD.findall(before))
    if said is Cue.INNOCENT:
        return said
    again = said if said is Cue.NONE else _last(_WORD.findall(_RUN.sub(_unless_random, before)))
    if again is Cue.SECRET and _OF_KEYS.search(before):
        return _less(_last(_WORD.findall(_OF_KEYS.sub(" ", before))))
    if again is Cue.NONE:
        again = _said_after(_NOT_AFTER.split(line[end : end + AFTER], 1)[0])
    # A second look says no more than the first, which is the one that the kernel takes.
    return Cue.KEY if said is Cue.KEY and again is Cue.SECRET else again


def _less(said: Cue) -> Cue:
    """No less than that it may be a key: what is said elsewhere is nearer to nothing."""
    return said if said is Cue.SECRET else Cue.KEY


def _said_after(after: str) -> Cue:
    """What is said behind a token. A second look is taken only where the first, which is the kernel's, tells of a
    secret: what leaves out words that tell of none would find what the kernel has dropped."""
    said = _first(_WORD.findall(after))
    if said is Cue.NONE or said is Cue.INNOCENT:
        return said
    again = _first(_WORD.findall(_RUN.sub(_unless_random, _NEXT_CELLS.split(after, 1)[0])))
    return Cue.KEY if said is Cue.KEY and again is Cue.SECRET else again


def _unless_random(run: re.Match[str]) -> str:
    """A run of characters if it has words: what a blob of base64 holds are none."""
    return " " if random_score(run[0]) >= _RANDOM else run[0]


def may_tell(line: str, span: Span) -> bool:
    """Whether there is a word for a secret at all around a span: a quick look that may say yes in vain."""
    lowered = line[max(0, span[0] - BEFORE) : span[1] + AFTER].lower()
    return any(stem in lowered for stem in _STEMS)


def of_name(name: str) -> Cue:
    """What a name says of what bears it: its last telling word counts, `token_hash` is a hash."""
    return _last(_WORD.findall(name))


def name_of(before: str) -> tuple[str, str]:
    """The name to which what follows is assigned, if any, and the sign: `"name": "`, `name=`, `| name | `, `name("`."""
    head = before.rstrip(_QUOTES)
    sign = head[-1:]
    if sign not in set(_SIGNS) and head[-2:] not in _AFTER_QUOTED:
        return "", ""
    found = _NAME_BACKWARDS.match(head.rstrip(_SIGNS + "," + _QUOTES + "]-'\"*")[::-1])
    return (found[0][::-1] if found else ""), sign


def _last(found: list[str]) -> Cue:
    """What the last telling word says; `public key` and `key id` are no keys."""
    lowered = _lowered(found)
    if _TELLING.isdisjoint(lowered):
        return Cue.NONE
    for index in range(len(lowered) - 1, -1, -1):
        word = lowered[index]
        if word in INNOCENT_WORDS:
            return Cue.INNOCENT
        if word in SECRET_WORDS:
            return _secret(word, lowered[index - 1] if index else "")
    return Cue.NONE


def _secret(word: str, before: str) -> Cue:
    """What a word for a secret says, given the one before it: `public key`, `sort key`, `Mailgun key`."""
    if word == "token" and before in NO_TOKEN_WORDS:
        return Cue.INNOCENT
    if word not in KEY_WORDS:
        return Cue.SECRET
    if before in NO_KEY_WORDS:
        return Cue.INNOCENT
    return Cue.KEY if not before or before in ANY_KEY_WORDS or word not in {"key", "keys"} else Cue.SECRET


def _first(found: list[str]) -> Cue:
    lowered = _lowered(found)
    if _TELLING.isdisjoint(lowered):
        return Cue.NONE
    for index, word in enumerate(lowered):
        if word in SECRET_WORDS:
            return _secret(word, lowered[index - 1] if index else "")
        if word in INNOCENT_WORDS:
            return Cue.INNOCENT
    return Cue.NONE


def _lowered(found: list[str]) -> list[str]:
    """Words in lower case, all at once: there are dozens around every token. None holds a space."""
    return " ".join(found).lower().split(" ")
