"""Which files and commands look as if what comes out of them is secret.

    .env.local, id_ed25519, service-account.json, ~/.aws/credentials     a file that is there to hold secrets
    cat .env.local, printenv, kubectl get secret …, vault kv get …        a command that prints some
    pass show …, op read …, gh auth token                                 a command that prints nothing else

By name only: what a name does not say, the values themselves have to (`taint`).
"""

from __future__ import annotations

import re
from enum import IntEnum
from itertools import pairwise
from typing import Final


class Source(IntEnum):
    """How much of what comes from a place is secret."""

    ORDINARY = 0
    SECRET = 1  # all values in it
    BARE = 2  # whole lines too


_LONGEST: Final = 4096
_WORDS: Final = re.compile(r"[^\s'\"=<>|;&(){}`,]++")
_EXAMPLE: Final = re.compile(r"[._-](?:example|sample|template|tmpl|dist|schema|pub)$", re.IGNORECASE)
_FILE: Final = re.compile(
    r"\.env(?:rc)?(?:[._-][\w.-]*+)?|[\w-]++\.env|id_(?:rsa|dsa|ecdsa|ed25519)"
    r"|[\w.-]*\.(?:pem|key|p12|pfx|jks|keystore|kdbx|tfvars|tfstate|ovpn|gpg)"
    r"|[._]?(?:npmrc|netrc|pgpass|pypirc|htpasswd|git-credentials|my\.cnf|boto|s3cfg|vault-token|dockercfg|authinfo)"
    r"|auth\.json|kubeconfig|environ|shadow|\.dev\.vars",
    re.IGNORECASE,
)
_FOLDERS: Final = frozenset({".aws", ".gnupg", ".kube", ".azure", ".docker", "secrets", ".secrets", "gcloud", ".vault"})
# fmt: off
_TELLING: Final = frozenset({
    "secret", "secrets", "credential", "credentials", "creds", "password", "passwords", "passwd", "passphrase", "key",
    "keys", "apikey", "apikeys", "token", "tokens", "vault", "serviceaccount",
})
_ORDINARY_TYPES: Final = frozenset({
    "py", "pyi", "pyc", "ts", "tsx", "js", "jsx", "mjs", "cjs", "go", "rs", "java", "kt", "rb", "php", "c", "h", "cc",
    "cpp", "hpp", "cs", "swift", "scala", "sh", "md", "rst", "html", "css", "scss", "vue", "svelte", "lock", "sum",
    "mod", "proto", "ipynb", "svg", "png", "jpg", "log", "d", "pub", "example", "sample", "template", "dist", "ex",
    "erl", "clj", "lua", "zig", "dart", "graphql", "sql", "test", "spec", "snap", "map", "so", "o", "class", "jar",
})
_PRINTERS: Final = frozenset({
    "cat", "head", "tail", "less", "more", "bat", "tac", "nl", "source", "base64", "xxd", "od", "strings", "type",
})
# fmt: on
_ARGUMENTS: Final = r"[^|;&\n]{0,200}"
_COMMAND: Final = re.compile(
    r"(?:printenv|env)(?:\s+-\S+)*|set|(?:export|declare|typeset)\s+-\w*[px]\w*|compgen\s+-v"
    rf"|(?:kubectl|oc)\b{_ARGUMENTS}\bsecrets?\b.*|helm\s+get\b.*"
    rf"|aws\b{_ARGUMENTS}\b(?:secretsmanager|ssm|sts|configure|create-access-key|get-login-password|kms)\b.*"
    r"|(?:vault|bao|op|bw|lpass|gopass|pass|keepassxc-cli|doppler|infisical|chamber|sops|secret-tool)\s.*"
    r"|ansible-vault\s.*|(?:docker|podman)\s+(?:container\s+)?inspect\b.*|docker[\s-]compose\s+config\b.*"
    r"|(?:docker|podman|kubectl|oc)\s+(?:compose\s+)?exec\b.*\b(?:env|printenv)\b.*"
    r"|heroku\s+config\b.*|(?:fly|flyctl|gh)\s+secrets?\b.*|(?:vercel|netlify)\s+env\b.*|railway\s+variables\b.*"
    r"|az\s+(?:keyvault|account|storage\s+account\s+keys)\b.*|gcloud\s+(?:auth|secrets)\b.*|gh\s+auth\b.*|glab\s+auth\b.*"
    r"|security\s+(?:find|dump)\S*.*|(?:terraform|tofu)\s+(?:output|show)\b.*|pulumi\s+config\b.*|age\s+-\S*d.*"
    r"|gpg2?\b.*(?:\s-d|--decrypt).*|git\s+credential\b.*|systemctl\s+show\b.*|wg\s+show\S*.*|pwgen\b.*"
    r"|openssl\s+(?:rsa|pkey|pkcs12|rand)\b.*|ps\s+\S*e\S*w\S*.*",
    re.DOTALL,
)
_BARE: Final = re.compile(
    r"printenv\s+\w.*|pass\s+.*|op\s+read\s.*|(?:gh|glab)\s+auth\s+token\b.*|gcloud\s+auth\s+print\S*.*|az\s+account\s+get-access-token\b.*"
    r"|aws\s+ecr\s+get-login-password\b.*|(?:vault|bao)\s.*-field.*|(?:lpass|gopass)\s+show\b.*|bw\s+get\s+password\b.*"
    r"|secret-tool\s+lookup\b.*|security\s+find\S*\s.*-\w*w.*|openssl\s+rand\b.*|pwgen\b.*"
    rf"|kubectl\b{_ARGUMENTS}\bsecrets?\b{_ARGUMENTS}(?:jsonpath|template).*|doppler\s+secrets\s+get\b.*|chamber\s+read\b.*"
    r"|sops\s.*--extract.*|gcloud\s+secrets\s.*|(?:terraform|tofu)\s+output\s.*-raw\b.*|gpg2?\b.*(?:\s-d|--decrypt).*"
    r"|(?:jq|yq|dasel)\b[^|;&\n]{0,200}\.\w{0,32}(?i:passw|pwd|secret|token|api_?key|credential)[^|;&\n]{0,200}"
    r"|(?:printf|echo)\b[^|;&\n]{0,200}\$\{?\w{0,32}(?:PASS|PWD|SECRET|TOKEN|KEY|CREDENTIAL)\w{0,32}[^|;&\n]{0,200}",
    re.DOTALL,
)
_SEPARATOR: Final = re.compile(r"[|;&\n(`]|\$\(")
_ASSIGNED: Final = re.compile(r"(?>[A-Za-z_]\w*=\S*\s+)*+(?>(?:sudo|command|exec|time|then|do)\s+)*+")


def source_of(named: str) -> Source:
    """Say what to expect of a file's path, a command or a URL."""
    named = named[:_LONGEST]
    found = max(map(_command, _SEPARATOR.split(named)), default=Source.ORDINARY)
    if found is not Source.ORDINARY:
        return found
    words = ["", *_WORDS.findall(named)]
    single = len(words) == 2  # noqa: PLR2004  a path, and no command
    files = (_is_file(word, bare=single or before in _PRINTERS) for before, word in pairwise(words))
    return Source.SECRET if any(files) else Source.ORDINARY


def _command(simple: str) -> Source:
    """One simple command, without the variables that are set for it."""
    simple = _ASSIGNED.sub("", simple.strip(), 1)
    if _BARE.fullmatch(simple):
        return Source.BARE
    return Source.SECRET if _COMMAND.fullmatch(simple) else Source.ORDINARY


def _is_file(word: str, *, bare: bool) -> bool:
    """Whether a word names a secret file. `bare` is one that needs no slash or dot to be a name."""
    *folders, name = word.partition("::")[0].replace("\\", "/").split("/")
    if not name or _EXAMPLE.search(name):
        return False
    if _FILE.fullmatch(name) and (name[0] == "." or "." in name or "_" in name or bare or folders):
        return True
    stem, _, kind = name.rpartition(".") if "." in name[1:] else (name, "", "")
    if kind.lower() in _ORDINARY_TYPES:
        return False
    if not _FOLDERS.isdisjoint(folders):
        return True
    telling = not _TELLING.isdisjoint(re.split(r"[._-]", stem.lower()))
    return telling and (bare or bool(folders) or bool(kind))
