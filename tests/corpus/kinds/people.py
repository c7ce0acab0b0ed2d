"""Secrets as people say them, in words rather than in assignments, and secrets that they have split."""

from __future__ import annotations

from typing import Final

from tests.corpus.kinds.planted import Kind, Planted, pick
from tests.corpus.parts import Parts


def _admin_password(parts: Parts, instance: int) -> Planted:
    value = parts.invented()
    frames = (
        f"The admin password is {value}, so you can log in to the dashboard.",
        f"Log in as root with the password {value} and restart the service.",
        f"I set the password for the `deploy` user to {value} as you asked.",
        f"Their wifi password was changed to {value} last week.",
        f"Use username admin and password {value} for the staging server.",
    )
    return pick(instance, frames, value)


def _quoted_password(parts: Parts, instance: int) -> Planted:
    value = parts.password(14)
    frames = (
        f'The password for the production database is "{value}".',
        f"The database user `app` has the password `{value}` (see the notes).",
        f"Password: `{value}`\n\nPlease change it after the first login.",
        f"The default password, '{value}', still works on the router.",
        f"Credentials for the FTP server are `upload` / `{value}`.",
    )
    return pick(instance, frames, value)


def _passphrase(parts: Parts, instance: int) -> Planted:
    value = parts.passphrase(parts.number(4, 6), "-")
    frames = (
        f"The passphrase of the backup key is {value}.",
        f"The passphrase for the SSH key is `{value}`.",
        f"Decrypt it with the passphrase {value} and import the result.",
        f"My vault's master password is {value}.",
        f"passphrase: {value}",
    )
    return pick(instance, frames, value)


def _bare_hex_key(parts: Parts, instance: int) -> Planted:
    value = parts.hex(64)
    frames = (
        f"The encryption key is {value}, generated with openssl.",
        f"I used {value} as the secret key of the sessions.",
        f"The key that signs the cookies is {value}.",
        f"For the HMAC the shared secret {value} is used on both sides.",
        f"Your master key: {value}. Keep it safe.",
    )
    return pick(instance, frames, value)


def _mnemonic(parts: Parts, instance: int) -> Planted:
    value = parts.passphrase(parts.choice(12, 24), " ")
    frames = (
        f"The seed phrase of the wallet is: {value}",
        f"MNEMONIC={value!r}",
        f'const mnemonic = "{value}";',
        f"Recovery phrase:\n\n> {value}\n",
        f'{{"network": "sepolia", "mnemonic": "{value}"}}',
    )
    return pick(instance, frames, value)


def _pin(parts: Parts, instance: int) -> Planted:
    value = "-".join(parts.lower(5) for _ in range(2))
    frames = (
        f"One of the recovery codes is {value}; it works once.",
        f"Backup codes:\n\n- `{value}`\n",
        f"The two-factor backup code is `{value}`.",
        f"GitHub recovery code: {value}",
        f"Use the recovery code {value} if you have lost the phone.",
    )
    return pick(instance, frames, value)


def _totp_seed(parts: Parts, instance: int) -> Planted:
    value = parts.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 32)
    frames = (
        f"The TOTP secret is {value}; add it to your authenticator.",
        f"otpauth://totp/Acme:ops@acme.example?secret={value}&issuer=Acme",
        f"oathtool --totp -b {value}",
        f"TOTP_SECRET={value}",
        f'{{"user": "ops", "totpSecret": "{value}"}}',
    )
    return pick(instance, frames, value)


def _split_aws(parts: Parts, instance: int) -> Planted:
    name, value = "AK" + "IA" + parts.of("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", 16), parts.base64(30)
    frames = (
        f"| key id | secret |\n|---|---|\n| {name} | {value} |",
        f"The key id is {name}, and its secret is {value}.",
        f"Access key ID,Secret access key\n{name},{value}",
        f"User: ci\nAccess key ID: {name}\nSecret access key: {value}\n",
        f"aws configure\nAWS Access Key ID [None]: {name}\nAWS Secret Access Key [None]: {value}",
    )
    return pick(instance, frames, value)


def _two_halves(parts: Parts, instance: int) -> Planted:
    value = parts.base62(40)
    first, second = value[:20], value[20:]
    frames = (
        f"The first half of the API key is {first} and the second half is {second}.",
        f'const apiKey = "{first}" +\n  "{second}";',
        f'API_KEY = ("{first}"\n           "{second}")',
        f'API_KEY="{first}"\nAPI_KEY="${{API_KEY}}{second}"',
        f"api_key (part 1): {first}\napi_key (part 2): {second}",
    )
    return pick(instance, frames, first, second)


KINDS: Final[dict[str, Kind]] = {
    "spoken-password": _admin_password,
    "spoken-random-password": _quoted_password,
    "spoken-passphrase": _passphrase,
    "spoken-hex-key": _bare_hex_key,
    "seed-phrase": _mnemonic,
    "recovery-code": _pin,
    "totp-seed": _totp_seed,
    "aws-pair": _split_aws,
    "split-key": _two_halves,
}
