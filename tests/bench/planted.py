"""Texts with a secret of each kind that detect-secrets has a plugin for, random ones at random places."""

from __future__ import annotations

import base64
import random
import re
import string
from collections.abc import Mapping
from typing import Final

from tests.bench.corpora import texts

_ALPHABETS: Final[Mapping[str, str]] = {
    "w": string.ascii_letters + string.digits,
    "l": string.ascii_lowercase + string.digits,
    "u": string.ascii_uppercase + string.digits,
    "a": string.ascii_lowercase,
    "h": "0123456789abcdef",
    "d": string.digits,
}
_FIELD: Final = re.compile(r"<(\d+)(\w)>")

# Put together when they are needed: no line here has the form of a secret. `<20w>` is 20 random letters and digits.
KINDS: Final[Mapping[str, str]] = {
    "artifactory": "key AK" + "C<20w> is in use",
    "aws id": "the id AK" + "IA<16u> belongs to the build",
    "aws secret": 'aws_secret_key = "<40w>"',
    "azure": "AccountKey=<86w>==;EndpointSuffix=core",
    "base64": 'seed = "<44w>"',
    "basic auth": "git clone https://bot:<16w>@git.example.org/x",
    "cloudant": "cloudant_password=<64h>",
    "discord": "client.run(M<23w>.<6w>.<27w>)",
    "github": "export GH=gh" + "p_<36w>",
    "gitlab": "glab auth with gl" + "pat-<20w> now",
    "hex": "token_seed = '<40h>'",
    "ibm cloud": "ibm_cloud_iam_key: <44w>",
    "ibm cos": "cos_secret_access_key = <48h>",
    "jwt": "see <jwt>",
    "keyword": 'password: "<12w>"',
    "keyword in yaml": "api_key: '<18w>'",
    "mailchimp": "mail key <32h>-us12",
    "npm": "//registry.example.org/:_authToken=np" + "m_<36w>",
    "openai": "key sk-<20w>T3Blbk" + "FJ<20w> of the bot",
    "private key": "-----BEGIN RSA PRIVATE " + "KEY-----\n<64w>\n<64w>\n<40w>==\n-----END RSA PRIVATE " + "KEY-----",
    "pypi": "upload with pypi-" + "AgEIcHlwaS5vcmc<80w>",
    "sendgrid": "mail SG" + ".<22w>.<43w>",
    "slack": "bot xox" + "b-<10d>-<10d>-<24w>",
    "slack hook": "https://hooks.slack" + ".com/services/T<8u>/B<8u>/<24w>",
    "softlayer": "softlayer_api_key: <64h>",
    "square": "sq0" + "csp-<43w>",
    "stripe": "pay with sk_" + "live_<24w> today",
    "telegram": "<9d>:<35w>",
    "twilio": "sid AC" + "<32h>",
}


def planted(sort: str, characters: int, count: int, seed: int) -> list[str]:
    """Give `count` texts of a sort of `corpora`, each with a secret of every kind on a line of its own."""
    made = []
    for number, text in enumerate(texts(sort, characters, count, seed)):
        dice = random.Random(f"planted {sort} {seed} {number}")
        lines = text.split("\n")
        for template in KINDS.values():
            lines.insert(dice.randrange(len(lines) + 1), _filled(dice, template))
        made.append("\n".join(lines))
    return made


def _filled(dice: random.Random, template: str) -> str:
    def letters(field: re.Match[str]) -> str:
        return "".join(dice.choices(_ALPHABETS[field[2]], k=int(field[1])))

    return _FIELD.sub(letters, template.replace("<jwt>", _token(dice)))


def _token(dice: random.Random) -> str:
    parts = (
        b'{"alg":"HS256","typ":"JWT"}',
        b'{"sub":"%d","iat":1767225600}' % dice.getrandbits(40),
        dice.randbytes(32),
    )
    return ".".join(base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts)
