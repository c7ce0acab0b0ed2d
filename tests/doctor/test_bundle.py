"""A support bundle has what helps, and is not written if anything in it looks like a secret."""

from __future__ import annotations

import base64
import tarfile
from datetime import UTC, datetime
from pathlib import Path

import pytest

from egress_proxy import authority
from egress_proxy.config import load
from egress_proxy.doctor import bundle
from egress_proxy.errors import ConfigError, EgressError
from egress_proxy.scan import TextScanner
from egress_proxy.tokens import Tokens

VALUE = "bodukira" + "melo47"
TOKEN = "gh" + "p_" + "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path.resolve()
    (root / "shop").mkdir()
    (root / "values").write_text(f"DB_PASSWORD={VALUE}\n")
    (root / "password").write_text(f"{VALUE}-too\n")
    (root / "password").chmod(0o600)
    (root / "config.yaml").write_text(
        f"upstream: {{url: 'http://127.0.0.1:9', password_file: {root}/password}}\noperator: 127.0.0.1:10\n"
        f"directories: [{root}/shop]\nmodels: [local/coder]\nknown_values: [{{env_file: {root}/values}}]\n"
        f"state_dir: {root}/state\nnotify: {{webhook: 'https://hooks.example/{VALUE}?k={TOKEN}'}}\n"
    )
    return root


@pytest.fixture(autouse=True)
def _one_scanner(monkeypatch: pytest.MonkeyPatch) -> None:
    """Built once for a test: it takes a second."""
    made: list[TextScanner] = []
    build = bundle._scanner

    def once(config: object) -> TextScanner:
        if not made:
            made.append(build(config))  # type: ignore[arg-type]
        return made[0]

    monkeypatch.setattr(bundle, "_scanner", once)


def test_it_has_what_helps_and_no_secret(root: Path) -> None:
    log = root / "serve.log"
    log.write_text("".join(f"line {number}\n" for number in range(3000)))
    target = root / "bundle.tar.gz"
    written = bundle.write(target, load(root / "config.yaml"), ["ok    clock"], [log])
    assert target.stat().st_mode & 0o777 == 0o600
    with tarfile.open(target) as archive:
        texts = {Path(one.name).name: (archive.extractfile(one) or log.open("rb")).read().decode() for one in archive}
    assert [name for name, _ in written] == list(texts)
    assert "state_dir" in texts["config.txt"]
    assert "hooks.example" in texts["config.txt"]
    assert texts["doctor.txt"] == "ok    clock\n"
    assert texts["log-1.txt"].splitlines()[0] == "line 2000"
    everything = "".join(texts.values())
    assert VALUE not in everything
    assert TOKEN not in everything
    with pytest.raises(ConfigError, match="is there already"):
        bundle.write(target, load(root / "config.yaml"), [], [])


def test_a_secret_anywhere_in_it_and_nothing_is_written(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Known values, the password, what only a rule knows, and encoded: in each part."""
    config, target = load(root / "config.yaml"), root / "bundle.tar.gz"
    forms = (VALUE, f"{VALUE}-too", TOKEN, base64.b64encode(VALUE.encode()).decode(), "-".join(VALUE))
    for form in forms:
        for part in ("_config", "_versions", "_journal"):
            with monkeypatch.context() as patched:
                patched.setattr(bundle, part, lambda *_, form=form: f"first\nit is {form}\n")
                refused(root, target, form, f"{part[1:]}.txt: line 2")
        (root / "bad.log").write_text(f"first\nit is {form}\n")
        refused(root, target, form, "log-1.txt: line 2", root / "bad.log")
        with pytest.raises(EgressError, match=r"doctor\.txt: line 1"):
            bundle.write(target, config, [f"it is {form}"], [])
    assert not target.exists()


def refused(root: Path, target: Path, form: str, where: str, *logs: Path) -> None:
    with pytest.raises(EgressError) as caught:
        bundle.write(target, load(root / "config.yaml"), [], logs)
    assert where in str(caught.value)
    assert form not in str(caught.value)
    assert VALUE not in str(caught.value)


def test_a_log_that_cannot_be_read(root: Path) -> None:
    with pytest.raises(ConfigError, match="--log"):
        bundle.write(root / "b", load(root / "config.yaml"), [], [root / "nowhere"])


PLANTED = {
    "values": "walrus-amber-cello",
    "password": "pelican-copper-oboe",
    "hook-header": "badger-olive-piccolo",
    "hook-key": "marmot-indigo-trombone-and-viola",
    "hook-path": "B0" + "celot7Umber4Bx2soon9",  # words in a path are words
    "hook-query": "heron-violet-dulcimer",
    "sso": "lemur-crimson-harmonium-and-cornet-0",
    "database": "gecko-ivory-clavichord",
}
"""A value in each place where a configuration may have one: words, of which no rule knows that they are secret."""


def test_no_value_of_any_configured_place_is_in_it_and_a_log_with_one_is_refused(tmp_path: Path) -> None:
    root = tmp_path.resolve()
    (root / "shop").mkdir()
    lines = {"values": "DB_PASSWORD={}", "hook-header": "X-Token: {}"}
    for name, value in PLANTED.items():
        (root / name).write_text(lines.get(name, "{}").format(value) + "\n")
        (root / name).chmod(0o600)
    now = datetime.now(UTC)
    ca = authority.new_authority(["localhost"], now)
    issued = authority.issue_server(ca, ["localhost"], now)
    for name, content in (("server.pem", issued.certificate), ("server.key", issued.key)):
        (root / name).write_bytes(content)
        (root / name).chmod(0o600)
    (root / "config.yaml").write_text(
        f"upstream: {{url: 'http://127.0.0.1:9', password_file: {root}/password}}\noperator: 127.0.0.1:10\n"
        f"directories: [{root}/shop]\nmodels: [local/coder]\nknown_values: [{{env_file: {root}/values}}]\n"
        f"state_dir: {root}/state\nnotify: {{webhook: 'https://hooks.example/services/{PLANTED['hook-path']}"
        f"?key={PLANTED['hook-query']}', webhook_header_file: {root}/hook-header, webhook_key_file: {root}/hook-key}}\n"
        f"console: {{sso_origin: 'https://console.example', sso_approvers: [ann], sso_secret_file: {root}/sso}}\n"
        f"audit: {{database: 'postgresql://proxy@db.internal/audit', ledger: box, "
        f"database_password_file: {root}/database}}\n"
        f"tls: {{certificate_file: {root}/server.pem, key_file: {root}/server.key}}\n"
    )
    config, target, log = load(root / "config.yaml"), root / "bundle.tar.gz", root / "serve.log"
    token = Tokens(Path(config.state_dir)).create("ann").reveal()
    bundle.write(target, config, ["ok    clock"], [])
    with tarfile.open(target) as archive:
        everything = b"".join((archive.extractfile(one) or log.open("rb")).read() for one in archive).decode()
    assert "hooks.example" in everything
    assert [name for name, value in PLANTED.items() if value in everything] == []
    assert token not in everything
    secrets = {**PLANTED, "token": token, "tls": issued.key.decode()}
    for name, value in secrets.items():
        log.write_text(f"a line\nwith {value}\nof somebody else's\n")
        with pytest.raises(EgressError, match="log-1") as refused:
            bundle.write(root / "second.tar.gz", config, [], [log])
        assert value not in str(refused.value), name
    assert not (root / "second.tar.gz").exists()
