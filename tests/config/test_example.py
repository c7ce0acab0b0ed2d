"""The commented example loads, and its comments tell the truth about every setting."""

from __future__ import annotations

import re
from pathlib import Path

from egress_proxy.config import Config, Source, load, settings
from egress_proxy.config.sources import OPTIONS
from tests.config.conftest import Site

EXAMPLE = Path(__file__).parents[2] / "config" / "config.example.yaml"
HOME = "~/.config/egress-proxy"


def text_for(site: Site) -> str:
    """Give the example with its paths moved to where they exist."""
    project = site.project("shop")
    (project / ".env").touch()
    site.secret("opencode-password", b"x")
    text = EXAMPLE.read_text()
    assert "/srv/projects/shop" in text
    assert HOME in text
    return text.replace("/srv/projects/shop", str(project)).replace(HOME, str(site.root))


def loaded(site: Site, text: str) -> Config:
    return load(site.write(text))


def test_the_example_loads(site: Site) -> None:
    config = loaded(site, text_for(site))
    assert config.models == (("local", "qwen3-coder-30b"),)
    assert config.upstream.password_file == f"{site.root}/opencode-password"
    assert [source.kind.value for source in config.known_values] == ["env_file", "upstream_config"]


def test_what_is_commented_out_shows_the_default(site: Site) -> None:
    text = text_for(site)
    spelt_out = re.sub(r"^( *)# ([a-z_]+: +?\S)", r"\1\2", text, flags=re.MULTILINE)
    assert len(spelt_out) < len(text) - 20
    assert loaded(site, spelt_out) == loaded(site, text)


def test_every_setting_stands_in_the_example() -> None:
    text = EXAMPLE.read_text()
    for setting in settings():
        indent, name = ("  ", setting.name.partition(".")[2]) if "." in setting.name else ("", setting.name)
        assert re.search(rf"^{indent}(# )?{name}:", text, re.MULTILINE), setting.name


def test_every_source_and_option_stands_in_the_example() -> None:
    text = EXAMPLE.read_text()
    for source in Source:
        assert re.search(rf"^  (# )?- {source.value}:", text, re.MULTILINE), source
    for option in {option for options in OPTIONS.values() for option in options}:
        assert re.search(rf"^  (# )?  {option}:", text, re.MULTILINE), option


def test_the_sources_of_the_example_are_valid(site: Site) -> None:
    """Its comments taken away, and what it names made."""
    text = text_for(site)
    start, end = text.index("known_values:"), text.index("# Tokens (hashes only)")
    entries = re.sub(r"^  # (?=- [a-z_]+: |  [a-z_]+: )", "  ", text[start:end], flags=re.MULTILINE)
    for path in re.findall(r"(?:~|/[a-z])[\w/.-]+", re.sub(r"#.*", "", entries)):
        real = site.root / "named" / path.lstrip("~/")
        real.parent.mkdir(parents=True, exist_ok=True)
        real.touch(mode=0o700)
        entries = entries.replace(f" {path}", f" {real}").replace(f"[{path}", f"[{real}")
    config = loaded(site, text[:start] + entries + text[end:])
    assert {source.kind for source in config.known_values} == set(Source)
