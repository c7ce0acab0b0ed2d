"""The section `notify`: where notices go, and what is sent along with them."""

from __future__ import annotations

import pytest

from egress_proxy.config import HookSecrets, Notify, load, read_hook_secrets
from egress_proxy.errors import ConfigError
from tests.config.conftest import Site

MARK = "hunt" + "er2"
HEADER = "Authorization: Bearer " + "tok" + "en"


def test_without_the_section_nobody_is_told(site: Site) -> None:
    assert load(site.write()).notify == Notify()
    assert read_hook_secrets(Notify()) == HookSecrets()


def test_every_key_is_read(site: Site) -> None:
    program = site.secret("tell", b"", 0o700)
    text = (
        f"{{command: [{program}, --urgent], command_seconds: 3, commands_at_once: 4, waiting: 5, asks_per_minute: 6, "
        f"webhook: 'https://hooks.example:8443/a/b?c=d&e=%20', webhook_header_file: {site.root}/header, "
        f"webhook_key_file: {site.root}/key, webhook_seconds: 7, webhook_tries: 8, page: 'https://box.example/desk/'}}"
    )
    assert load(site.write(notify=text)).notify == Notify(
        command=(str(program), "--urgent"),
        command_seconds=3,
        commands_at_once=4,
        waiting=5,
        asks_per_minute=6,
        webhook="https://hooks.example:8443/a/b?c=d&e=%20",
        webhook_header_file=f"{site.root}/header",
        webhook_key_file=f"{site.root}/key",
        webhook_seconds=7,
        webhook_tries=8,
        page="https://box.example/desk",
    )


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:1/x", "http://127.9.9.9/", "http://[::1]:9/x", "http://localhost:9", "https://a.example"]
)
def test_http_is_for_this_machine(site: Site, url: str) -> None:
    assert load(site.write(notify=f"{{webhook: '{url}'}}")).notify.webhook == url


@pytest.mark.parametrize(
    ("value", "where", "said"),
    [
        (f"{{webhook: 'http://{MARK}.example/x'}}", "notify.webhook", "on this machine"),
        (f"{{webhook: 'http://10.0.0.1/{MARK}'}}", "notify.webhook", "on this machine"),
        ("{webhook: 'http://0.0.0.0:1/'}", "notify.webhook", "on this machine"),
        ("{webhook: 'http://127.0.0.1.example:1/'}", "notify.webhook", "on this machine"),
        (f"{{webhook: 'https://{MARK}@a.example/'}}", "notify.webhook", "must be https://"),
        (f"{{webhook: 'https://a.example/#{MARK}'}}", "notify.webhook", "must be https://"),
        ("{webhook: 'https://a.example/a b'}", "notify.webhook", "must be https://"),
        ("{webhook: 'https://a.example:70000/'}", "notify.webhook", "must be https://"),
        ("{webhook: 'https://[::zz]/'}", "notify.webhook", "must be https://"),
        ("{webhook: 'ftp://a.example/'}", "notify.webhook", "must be https://"),
        ("{command: /bin/true}", "notify.command", "must be a list"),
        ("{command: []}", "notify.command", "must be a list"),
        ("{command: [true]}", "notify.command[0]", "put it in quotes"),
        ("{command: [sh, -c, x]}", "notify.command[0]", "absolute path"),
        ("{command: [/etc/passwd]}", "notify.command[0]", "may not be run"),
        ("{command_seconds: 0}", "notify.command_seconds", "from 1 to 300"),
        ("{waiting: 100000}", "notify.waiting", "from 1 to 10000"),
        (f"{{{MARK}: 1}}", "notify", "unknown key"),
        (f"{{webhook_key_file: /{MARK}}}", "notify", "is for a webhook"),
        (f"{{webhook_header_file: /{MARK}}}", "notify", "is for a webhook"),
        (f"{{page: 'https://{MARK}@a'}}", "notify.page", "must be http"),
        ("{page: 'https://a.example/?q'}", "notify.page", "must be http"),
    ],
)
def test_what_is_wrong_is_named_and_not_repeated(site: Site, value: str, where: str, said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        load(site.write(notify=value))
    text = str(caught.value)
    assert f": {where}" in text
    assert said in text
    if where != "notify":
        assert MARK not in text


def test_what_the_local_agent_can_write_is_not_run_or_read(site: Site) -> None:
    inside = site.project("shop") / "tell"
    inside.touch(0o700)
    inside.chmod(0o700)
    (site.root / "link").symlink_to(inside)
    for program in (inside, site.root / "link"):
        with pytest.raises(ConfigError, match="can write its program"):
            load(site.write(notify=f"{{command: [{program}]}}"))
    for key in ("webhook_key_file", "webhook_header_file"):
        with pytest.raises(ConfigError, match="the local agent works there"):
            load(site.write(notify=f"{{webhook: 'https://a.example', {key}: {inside}}}"))


def read(site: Site, name: str, content: str, mode: int = 0o600) -> HookSecrets:
    file = str(site.secret(name, content.encode(), mode))
    if name == "header":
        return read_hook_secrets(Notify(webhook="https://a", webhook_header_file=file))
    return read_hook_secrets(Notify(webhook="https://a", webhook_key_file=file))


def test_a_header_and_a_key_are_read(site: Site) -> None:
    header = read(site, "header", HEADER + "\n").header
    assert header is not None
    assert (header[0], header[1].reveal()) == ("Authorization", "Bearer " + "tok" + "en")
    key = read(site, "key", "k" * 32 + "\r\n").key
    assert key is not None
    assert key.reveal() == "k" * 32


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("header", ""),
        ("header", MARK),
        ("header", f"A b: {MARK}"),
        ("header", f"{HEADER}\nX: {MARK}"),
        ("header", f"X: {MARK}\r\nY: z"),
        ("header", f"X: {MARK}\x00"),
        ("header", f"X: {MARK}\u00e9"),
        ("header", f"Host: {MARK}"),
        ("header", f"Content-Length: {MARK}"),
        ("header", f"Egress-Signature: {MARK}"),
        ("key", MARK),
        ("key", MARK * 6 + "\nx"),
        ("key", MARK * 6 + "\u00e9"),
    ],
)
def test_a_file_that_is_not_of_its_form(site: Site, name: str, content: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(site, name, content)
    assert f"notify.webhook_{name}_file" in str(caught.value)
    assert MARK not in str(caught.value)


@pytest.mark.parametrize("name", ["header", "key"])
def test_a_file_that_others_may_read(site: Site, name: str) -> None:
    with pytest.raises(ConfigError, match="chmod 600"):
        read(site, name, HEADER if name == "header" else "k" * 40, 0o640)
    (site.root / name).unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        read_hook_secrets(Notify(webhook="https://a", webhook_key_file=str(site.root / name)))
