"""Prose, chats and pages."""

from __future__ import annotations

from typing import Final

from tests.corpus.benign.reply import Draw, Sort
from tests.corpus.prose import paragraph, sentence


def _prose(draw: Draw) -> str:
    return paragraph(draw.random, draw.number(2, 6)) + "\n"


def _about_secrets(draw: Draw) -> str:
    """What is said about secrets without saying one."""
    name = f"{draw.noun()}_{draw.choice('token', 'secret', 'password', 'api_key', 'private_key')}"
    return (
        draw.choice(
            f"The {draw.noun()} password is stored hashed, never in plain text, and the token expires after "
            f"{draw.number(5, 90)} minutes.",
            f"Set `{name.upper()}` in your environment, e.g. `export {name.upper()}=<your {draw.noun()} token>`.",
            f"The {draw.noun()} key is missing: `{name}` was not found in `config/{draw.noun()}.yaml`.",
            f"Password: at least {draw.number(8, 16)} characters, one digit, one special character.",
            f"The secret is read from the vault at `secret/data/{draw.kebab()}/{draw.noun()}` at start-up.",
            f"`{name}` must not be committed; use `${{{name.upper()}}}` or a secret manager instead.",
            f"The session token is rotated by `{draw.camel()}` and the API key is checked in `{draw.path('.ts')}`.",
            f"The password for the {draw.noun()} user is required, please ask {draw.person()} for it.",
            f'I replaced the hard-coded password with `os.environ["{name.upper()}"]`, so the secret is gone from git.',
            f'Authentication failed: invalid {draw.choice("password", "token", "credentials")} for user "{draw.noun()}".',
            f"The access token is a JWT signed with RS256; its key id is `{draw.kebab()}-{draw.number(1, 9)}`.",
            f"Authorization: Bearer <token> is sent by `{draw.camel()}`, basic auth by nobody.",
        )
        + "\n"
    )


def _markdown(draw: Draw) -> str:
    random, title = draw.random, sentence(draw.random)[:50].rstrip(" .,;`")
    slug = f"{draw.kebab()}-{draw.noun()}"
    rows = "\n".join(f"| `{draw.camel()}` | {draw.noun()} | {draw.version()} |" for _ in range(4))
    links = (
        f"[{draw.noun()}](https://github.com/{draw.noun()}/{draw.kebab()}/blob/{draw.hex(40)}/{draw.path('.md')}#L{draw.number(1, 900)})",
        f"[{draw.noun()} guide](https://docs.{draw.noun()}.io/en/stable/{draw.kebab()}/#{slug})",
        f"[#{draw.number(100, 9999)}](https://gitlab.com/{draw.noun()}/{draw.noun()}/-/issues/{draw.number(100, 9999)})",
        f"![{draw.noun()}](https://img.shields.io/badge/{draw.noun()}-{draw.number(1, 100)}%25-brightgreen?logo={draw.noun()})",
        f"<https://www.youtube.com/watch?v={draw.url64(11)}&t={draw.number(1, 500)}s>",
        f"[design](https://www.figma.com/design/{draw.base62(22)}/{draw.pascal()}?node-id={draw.number(1, 99)}-{draw.number(1, 999)})",
        f"[sheet](https://docs.google.com/spreadsheets/d/{draw.url64(44)}/edit#gid={draw.number(0, 99999)})",
    )
    return (
        f'## {title}\n\n<a id="{slug}"></a>\n{paragraph(random, 2)} See {random.choice(links)} and '
        f"[below](#{draw.kebab()}).\n\n| name | kind | since |\n|---|---|---|\n{rows}\n\n"
        f"- [ ] {sentence(random)}\n- [x] {sentence(random)} ({random.choice(links)})\n\n> {sentence(random)}\n"
    )


def _style(draw: Draw) -> str:
    def point() -> str:
        return f"{draw.number(0, 300)}.{draw.number(0, 99)}"

    curve = "".join(f"{draw.choice('c', 'l', 's', 'q')}{point()},{point()} {point()}-{point()}" for _ in range(12))
    return draw.choice(
        f".{draw.kebab()} {{\n  color: #{draw.hex(6)};\n  background: #{draw.hex(8)} url(/{draw.noun()}.svg);\n"
        f"  box-shadow: 0 1px {draw.number(1, 9)}px rgb(0 0 0 / {draw.number(1, 99)}%);\n}}\n",
        f'<svg viewBox="0 0 24 24" fill="#{draw.hex(6)}"><path d="M{point()} {point()}{curve}z"/></svg>\n',
        f"--{draw.kebab()}: #{draw.hex(6)}; --{draw.kebab()}-hover: #{draw.hex(3)};\n",
        f'<div class="{draw.kebab()} css-{draw.lower(6)} {draw.noun()}_{draw.noun()}__{draw.base62(5)}">{draw.noun()}</div>\n',
    )


SORTS: Final[dict[str, Sort]] = {
    "prose": _prose,
    "prose about secrets": _about_secrets,
    "Markdown": _markdown,
    "style and SVG": _style,
}
