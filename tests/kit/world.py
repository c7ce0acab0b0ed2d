"""The planted world: directories that a local agent works in, with secrets where people really leave them.

root/
  project/     a git repository: .env (ignored), committed and modified files, `escape` -> ../forbidden
  plain/       the same kind of work without git
  broken/      an opencode.json that does not parse, with a reference to a secret of the server's environment
  forbidden/   what no client of the proxy may reach
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from tests.kit.canaries import Canaries

REFERENCE_VARIABLE = "EGRESS_TEST_PROVIDER_HEADER"
"""The variable of the server's environment that opencode.json files refer to; it holds PROVIDER_HEADER."""
DATABASE_HOST = "db.internal"
_GIT_ENVIRONMENT: Final[Mapping[str, str]] = {
    "GIT_CONFIG_GLOBAL": "/dev/null",
    "GIT_CONFIG_SYSTEM": "/dev/null",
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.invalid",
    "GIT_AUTHOR_DATE": "2025-01-01T00:00:00Z",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.invalid",
    "GIT_COMMITTER_DATE": "2025-01-01T00:00:00Z",
}


@dataclass(frozen=True)
class World:
    """The directories, all with their real paths, and the secrets planted in them."""

    root: Path
    canaries: Canaries

    @property
    def project(self) -> Path:
        """The git repository: the directory most tests work in."""
        return self.root / "project"

    @property
    def plain(self) -> Path:
        """A directory without git."""
        return self.root / "plain"

    @property
    def broken(self) -> Path:
        """A directory whose opencode.json does not parse."""
        return self.root / "broken"

    @property
    def forbidden(self) -> Path:
        """A directory that the proxy's configuration does not name."""
        return self.root / "forbidden"

    @property
    def escape(self) -> Path:
        """A symbolic link inside the project that leads to the forbidden directory."""
        return self.project / "escape"

    @property
    def env_file(self) -> Path:
        """The git project's .env."""
        return self.project / ".env"


def plant(root: Path, canaries: Canaries) -> World:
    """Make the world below `root`, which must be new. Raise `CalledProcessError` if git fails, `ValueError` if `root`
    lies in a git repository: `plain` would be a part of that.
    """
    if any((parent / ".git").exists() for parent in (root, *root.resolve().parents)):
        raise ValueError("the world must not lie in a git repository")
    world = World(root.resolve(), canaries)
    for directory in (world.project / "src", world.plain, world.broken, world.forbidden):
        directory.mkdir(parents=True)
    _write(world.env_file, env_text(canaries))
    _write(world.plain / ".env", f"PLAIN_TOKEN={canaries['PLAIN_TOKEN']}\n")
    _write(world.plain / "notes.txt", "Nothing to see here.\n")
    _write(world.broken / "opencode.json", f'{{"username": "{{env:{REFERENCE_VARIABLE}}}"')
    _write(world.forbidden / ".env", f"FORBIDDEN_TOKEN={canaries['FORBIDDEN_TOKEN']}\n")
    _write(world.forbidden / "secret.txt", f"the vault opens with {canaries['FORBIDDEN_PASSWORD']}\n")
    _commit_project(world)
    world.escape.symlink_to(world.forbidden)
    _write(world.project / "src" / "settings.py", _settings(canaries["MODIFIED_TOKEN"]))
    return world


def database_url(canaries: Canaries) -> str:
    """Give the URL that .env holds; only its password is a secret."""
    return f"postgres://app:{canaries['DATABASE_URL_PASSWORD']}@{DATABASE_HOST}:5432/app"


def env_text(canaries: Canaries) -> str:
    """Give the project's .env: keys of providers, a weak password, a URL with a password, harmless settings."""
    lines = [
        "# local development",
        "APP_ENV=development",
        f"AWS_ACCESS_KEY_ID={canaries['AWS_ACCESS_KEY_ID']}",
        f"AWS_SECRET_ACCESS_KEY={canaries['AWS_SECRET_ACCESS_KEY']}",
        f"DB_PASSWORD={canaries['DB_PASSWORD']}",
        f"DATABASE_URL={database_url(canaries)}",
        f'export API_TOKEN="{canaries["API_TOKEN"]}"',
        "PORT=8080",
        "DEBUG=true",
    ]
    return "\n".join(lines) + "\n"


def _settings(token: str) -> str:
    return f'"""Settings."""\n\nTOKEN = "{token}"\nRETRIES = 3\n'


def _commit_project(world: World) -> None:
    project = world.project
    _write(project / ".gitignore", ".env\n")
    _write(project / "README.md", "# Sample project\n\nA small service.\n")
    _write(project / "src" / "app.py", f'TOKEN = "{world.canaries["COMMITTED_TOKEN"]}"\n')
    _write(project / "src" / "settings.py", _settings("unset"))
    for command in ("init --quiet --initial-branch=main", "add .", "commit --quiet --message Start"):
        subprocess.run(["git", *command.split()], cwd=project, env={**os.environ, **_GIT_ENVIRONMENT}, check=True)


def _write(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
