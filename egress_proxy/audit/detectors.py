"""What each detector is, in a sentence. Pure.

Most know one maker's tokens by the form that the maker gives them, which their ids say. The others are told of here.
"""

from __future__ import annotations

from typing import Final

KNOWN: Final = "known-value"
TAINTED: Final = "tainted-value"

_TOLD: Final = {
    KNOWN: "a value that the operator has it watch for, by its keyed fingerprint: from a file, a process, a command or "
    "`egress-proxy fingerprint add`",
    TAINTED: "a value that a tool of the same session has shown, out of a file or a command that looks secret",
    "api-key-header": "a key in an HTTP header that carries one, such as `X-Api-Key`",
    "authorization-header": "the credentials of an HTTP `Authorization` header",
    "basic-auth-credentials": "a user and password in front of the host of a URL",
    "base64-high-entropy-string": "a quoted string in base64 that is as random as a key",
    "bearer-token": "a token after the word Bearer",
    "command-login": "a login that a command was given in its arguments",
    "command-password": "a password that a command was given in its arguments",
    "connection-string": "the password of a connection string",
    "cookie-value": "the value of a cookie that is as random as a key",
    "device-password": "a password in the configuration of a network device",
    "digest-response": "the response of an HTTP digest login",
    "hex-high-entropy-string": "a quoted string in hexadecimal that is as random as a key",
    "json-web-encryption": "an encrypted JSON Web Token",
    "json-web-token": "a JSON Web Token",
    "jwk-private": "the private part of a JSON Web Key",
    "key-data": "a key in the fields of a configuration that hold key data",
    "kubernetes-secret": "a value in the data of a Kubernetes Secret",
    "login-call": "a password in a call that logs in",
    "macaroon": "a macaroon: a token of a form that several services use",
    "netrc-password": "a password in the form of a netrc file",
    "noted-login": "a password in a login that somebody noted down, such as `ID/PW: root/…`",
    "npmrc-token": "a token in the form of an npmrc file",
    "one-time-code": "a one-time code, beside words that say so",
    "password-hash": "the hash of a password",
    "pgpass-entry": "a line in the form of a pgpass file",
    "presigned-url": "the signature of a URL that anybody may use",
    "private-key": "a private key in its armour",
    "putty-key": "a private key in the form of PuTTY",
    "query-credential": "a credential in the query of a URL",
    "random-token": "a string that is as random as a key, beside words that say that it is one",
    "recovery-codes": "a list of recovery codes",
    "registry-auth": "the login of a container registry",
    "saml-response": "a SAML response, with which somebody may log in",
    "secret-assignment": "a value that is assigned to a name that says secret",
    "secret-below-its-name": "a value on the line below a name that says secret",
    "secret-in-prose": "a value that a sentence calls a secret",
    "secret-in-table": "a value in the column of a table whose head says secret",
    "secret-key-token": "a token with the mark of a secret key",
    "secret-keyword": "a value beside a keyword such as password",
    "secret-phrase": "a pass phrase, beside words that say so",
    "session-cookie": "the value of a cookie that is a session",
    "sql-password": "a password in a statement of SQL",
    "static-key": "a static key of a VPN",
    "token-in-path": "a token in the path of a URL",
    "url-password": "the password in front of the host of a URL",
    "url-token": "a token in front of the host of a URL",
    "wallet-key": "the key or the words of a wallet",
    "webhook-token": "the secret part of a webhook's URL",
    "wireguard-key": "a private or shared key of WireGuard",
    "ansible-vault": "a text that Ansible Vault encrypted",
    "age-secret-key": "a private key of age",
}


def detector_told(detector: str) -> str:
    """A sentence about a detector, which may also be a rule of the operator's own, or of another version."""
    told = _TOLD.get(detector)
    if told is None:
        told = f"what has the form of {_words(detector)}; a rule knows the form and not the value"
    return f"`{detector}` finds {told}."


def _words(detector: str) -> str:
    words = detector.replace("-", " ")
    return f"{'an' if words[:1] in 'aeiou18' else 'a'} {words}" if words else "something"
