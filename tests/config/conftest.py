"""A configuration on disk, one key at a time."""

from __future__ import annotations

from pathlib import Path

import pytest


class Site:
    """A machine's worth of files: two projects, a password, and a configuration to change."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.file = root / "config.yaml"
        self.keys = {
            "upstream": "{url: 'http://127.0.0.1:4096'}",
            "directories": f"[{self.project('shop')}]",
            "models": "[local/coder]",
        }

    def project(self, name: str) -> Path:
        path = self.root / name
        path.mkdir(exist_ok=True)
        return path

    def secret(self, name: str, content: bytes, mode: int = 0o600) -> Path:
        path = self.root / name
        path.write_bytes(content)
        path.chmod(mode)
        return path

    def write(self, text: str | bytes | None = None, **keys: str | None) -> Path:
        """Write `text`, or the least configuration with keys replaced (or left out: None)."""
        if text is None:
            merged = {**self.keys, **keys}
            text = "".join(f"{key}: {value}\n" for key, value in merged.items() if value is not None)
        self.file.write_bytes(text if isinstance(text, bytes) else text.encode())
        return self.file


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path.resolve())
