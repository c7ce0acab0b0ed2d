"""What a configuration may say, and what is said of one that is not valid."""

from __future__ import annotations

import os
import re
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from egress_proxy.config import Address, Config, KnownSource, Limits, Source, load, warnings
from egress_proxy.errors import ConfigError, Exit
from egress_proxy.prompt_rules import ValueRequests
from tests.config.conftest import Site

MARK = "hunt" + "er2"
"""Stands where a value is wrong: no message may repeat it."""


def test_the_least_configuration_has_the_documented_defaults(site: Site) -> None:
    config = load(site.write())
    assert config == Config(
        upstream=config.upstream,
        directories=(str(site.root / "shop"),),
        models=(("local", "coder"),),
        state_dir=str(Path.home() / ".local/state/egress-proxy"),
    )
    assert (str(config.listen), str(config.operator)) == ("127.0.0.1:8642", "127.0.0.1:8643")
    assert (config.upstream.url, config.upstream.password_file) == ("http://127.0.0.1:4096", None)
    assert config.agents == ("build",)
    assert config.limits == Limits()


def test_every_key_is_read(site: Site) -> None:
    env, data = site.secret("values.env", b""), site.secret("values.json", b"{}")
    config = load(
        site.write(
            listen="'[::1]:1'",
            operator="0.0.0.0:0",
            upstream=f"{{url: https://agent.example:8443/, password_file: {site.root}/password}}",
            directories=f"[{site.project('b')}, {site.project('a')}]",
            models="[local/org/model:1.5, 'other/m']",
            agents="[plan, build]",
            known_values=f"[{{env_file: {env}}}, {{json_file: {data}}}, {{upstream_config: true}}]",
            state_dir=f"{site.root}/state",
            limits="{parts: 3, drain_seconds: 0}",
            features="{patch_text: true}",
            prompts="{value_requests: warn, value_phrases: [launch   code]}",
        )
    )
    assert (config.listen, config.operator) == (Address("::1", 1), Address("0.0.0.0", 0))
    assert str(config.listen) == "[::1]:1"
    assert (config.upstream.url, config.upstream.password_file) == (
        "https://agent.example:8443",
        f"{site.root}/password",
    )
    assert config.directories == (f"{site.root}/b", f"{site.root}/a")
    assert config.models == (("local", "org/model:1.5"), ("other", "m"))
    assert config.agents == ("plan", "build")
    assert config.known_values == (
        KnownSource(Source.ENV_FILE, str(env)),
        KnownSource(Source.JSON_FILE, str(data)),
        KnownSource(Source.UPSTREAM_CONFIG),
    )
    assert config.state_dir == f"{site.root}/state"
    assert (config.limits.parts, config.limits.drain_seconds, config.limits.body_depth) == (3, 0, 16)
    assert (config.features.patch_text, config.features.file_parts) == (True, False)
    assert (config.prompts.instruction, config.prompts.value_requests) == (True, ValueRequests.WARN)
    assert (config.prompts.value_phrases, config.prompts.innocent_phrases) == (("launch code",), ())


def test_directories_are_canonical(site: Site) -> None:
    (site.root / "link").symlink_to(site.project("real"))
    assert load(site.write(directories=f"[{site.root}/link/../link/.]")).directories == (f"{site.root}/real",)


@pytest.mark.parametrize(
    ("key", "value", "where", "said"),
    [
        pytest.param("listen", f"127.0.0.1:{MARK}", "listen", "an IP address and a port", id="port-no-number"),
        pytest.param("listen", "127.0.0.1:65536", "listen", "an IP address and a port", id="port-too-high"),
        pytest.param("listen", "127.0.0.1:080", "listen", "an IP address and a port", id="port-octal"),
        pytest.param("listen", "127.0.0.1", "listen", "an IP address and a port", id="no-port"),
        pytest.param("listen", "8642", "listen", "put it in quotes", id="number"),
        pytest.param("listen", "12:34", "listen", "put it in quotes", id="yaml-base-60"),
        pytest.param("listen", f"unix:{MARK}", "listen", "an absolute path", id="socket-relative"),
        pytest.param("listen", f"unix:/run/../{MARK}", "listen", "an absolute path", id="socket-dots"),
        pytest.param("listen", "unix:/" + "a" * 100, "listen", "at most 100 bytes", id="socket-long"),
        pytest.param("listen_group", "root", "listen_group", "is for a Unix socket", id="group-without-socket"),
        pytest.param("listen_group", MARK, "listen_group", "a group of this machine", id="no-such-group"),
        pytest.param("listen", "localhost:8642", "listen", "an IP address and a port", id="name"),
        pytest.param("listen", "127.0.0.01:8642", "listen", "an IP address and a port", id="ip-octal"),
        pytest.param("listen", "[]", "listen", "must be a string", id="list-for-string"),
        pytest.param("listen", "127.0.0.1:8643", "operator", "cloud-facing", id="same-socket"),
        pytest.param("listen", "0.0.0.0:8643", "operator", "cloud-facing", id="same-socket-by-wildcard"),
        pytest.param("listen", "127.0.0.1:4096", "upstream", "own address", id="calls-itself"),
        pytest.param("upstream", "http://127.0.0.1:4096", "upstream", "must be a mapping", id="upstream-string"),
        pytest.param("upstream", "{}", "upstream", "url is missing", id="no-url"),
        pytest.param(
            "upstream", "{url: 'http://localhost:8642'}", "upstream", "own address", id="calls-itself-by-name"
        ),
        pytest.param("upstream", f"{{url: 'http://{MARK}@h:1'}}", "upstream.url", "must be http", id="url-user"),
        pytest.param("upstream", f"{{url: 'http://h:1/{MARK}'}}", "upstream.url", "must be http", id="url-path"),
        pytest.param("upstream", f"{{url: 'http://h:1?{MARK}'}}", "upstream.url", "must be http", id="url-query"),
        pytest.param("upstream", f"{{url: 'http://h:1#{MARK}'}}", "upstream.url", "must be http", id="url-fragment"),
        pytest.param("upstream", "{url: 'ftp://h:1'}", "upstream.url", "must be http", id="url-scheme"),
        pytest.param("upstream", "{url: 'http://h:70000'}", "upstream.url", "must be http", id="url-port"),
        pytest.param("upstream", "{url: 'http://[::zz]:1'}", "upstream.url", "must be http", id="url-ip6"),
        pytest.param("upstream", "{url: 'http://a b'}", "upstream.url", "must be http", id="url-space"),
        pytest.param(
            "upstream", f"{{url: 'http://h', pass: {MARK}}}", "upstream.pass", "unknown key", id="unknown-inner-key"
        ),
        pytest.param(
            "upstream", "{url: 'http://h', password_file: pw}", "upstream.password_file", "absolute", id="relative-file"
        ),
        pytest.param("directories", "[]", "directories", "at least one", id="no-directory"),
        pytest.param("directories", "/srv", "directories", "must be a list", id="directory-no-list"),
        pytest.param("directories", f"[/nowhere/{MARK}]", "directories[0]", "does not exist", id="directory-missing"),
        pytest.param("directories", "[shop]", "directories[0]", "absolute path", id="directory-relative"),
        pytest.param("directories", "[~root/x]", "directories[0]", "absolute path", id="directory-of-user"),
        pytest.param("directories", "[/]", "directories[0]", "everything", id="directory-root"),
        pytest.param("directories", "[/proc/self/../..]", "directories[0]", "everything", id="directory-root-spelt"),
        pytest.param("directories", '["/tmp/\\0"]', "directories[0]", "control characters", id="directory-nul"),
        pytest.param("models", "[]", "models", "at least one", id="no-model"),
        pytest.param("models", f"[{MARK}]", "models[0]", "provider/model", id="model-without-provider"),
        pytest.param("models", "[local/]", "models[0]", "provider/model", id="model-empty"),
        pytest.param("models", "['local/a b']", "models[0]", "provider/model", id="model-space"),
        pytest.param("models", "[local/a, local/b, local/a]", "models[2]", "already", id="model-twice"),
        pytest.param("agents", "[]", "agents", "at least one", id="no-agent"),
        pytest.param("agents", "[no]", "agents[0]", "put it in quotes", id="agent-yaml-boolean"),
        pytest.param("agents", "[1.10]", "agents[0]", "put it in quotes", id="agent-yaml-number"),
        pytest.param("agents", "[2025-01-01]", "agents[0]", "put it in quotes", id="agent-yaml-date"),
        pytest.param("agents", "[~]", "agents[0]", "put it in quotes", id="agent-yaml-null"),
        pytest.param("agents", "['a\tb']", "agents[0]", "control characters", id="agent-tab"),
        pytest.param("agents", "", "agents", "must be a list", id="agents-nothing"),
        pytest.param("known_values", "[x]", "known_values[0]", "must be a mapping", id="source-string"),
        pytest.param("known_values", "[{}]", "known_values[0]", "exactly one", id="source-empty"),
        pytest.param(
            "known_values", "[{env_file: /a, json_file: /b}]", "known_values[0]", "exactly one", id="source-two"
        ),
        pytest.param("known_values", "[{file: /a}]", "known_values[0].file", "unknown key", id="source-unknown"),
        pytest.param(
            "known_values", f"[{{env_file: /{MARK}}}]", "known_values[0].env_file", "not exist", id="source-missing"
        ),
        pytest.param(
            "known_values", "[{env_file: /tmp}]", "known_values[0].env_file", "not a file", id="source-directory"
        ),
        pytest.param(
            "known_values",
            "[{upstream_config: false}]",
            "known_values[0].upstream_config",
            "must be true",
            id="source-off",
        ),
        pytest.param("state_dir", "state", "state_dir", "absolute path", id="state-relative"),
        pytest.param("limits", "[]", "limits", "must be a mapping", id="limits-list"),
        pytest.param("limits", "", "limits", "must be a mapping", id="limits-nothing"),
        pytest.param("limits", "{parts: 0}", "limits.parts", "from 1 to 1024", id="limit-low"),
        pytest.param("limits", "{parts: 1025}", "limits.parts", "from 1 to 1024", id="limit-high"),
        pytest.param("limits", "{parts: '3'}", "limits.parts", "whole number", id="limit-quoted"),
        pytest.param("limits", "{parts: 010}", "limits.parts", "whole number", id="limit-octal"),
        pytest.param("limits", "{parts: 0x10}", "limits.parts", "whole number", id="limit-hexadecimal"),
        pytest.param("limits", "{parts: 1_0}", "limits.parts", "whole number", id="limit-underscore"),
        pytest.param("limits", "{parts: 1:30}", "limits.parts", "whole number", id="limit-base-60"),
        pytest.param("limits", "{parts: 3.0}", "limits.parts", "whole number", id="limit-float"),
        pytest.param("limits", "{parts: -3}", "limits.parts", "whole number", id="limit-negative"),
        pytest.param("limits", "{parts: .inf}", "limits.parts", "whole number", id="limit-infinite"),
        pytest.param("limits", "{parts: true}", "limits.parts", "whole number", id="limit-boolean"),
        pytest.param("limits", f"{{parts: {'9' * 5000}}}", "limits.parts", "whole number", id="limit-huge"),
        pytest.param("limits", "{parts: ٣}", "limits.parts", "whole number", id="limit-other-digits"),
        pytest.param("limits", "{part: 3}", "limits.part", "unknown key", id="limit-unknown"),
        pytest.param("features", "{patch_text: yes}", "features.patch_text", "true or false", id="feature-yes"),
        pytest.param("features", "{patch_text: on}", "features.patch_text", "true or false", id="feature-on"),
        pytest.param("features", "{patch_text: True}", "features.patch_text", "true or false", id="feature-True"),
        pytest.param("features", "{patch_text: 'true'}", "features.patch_text", "true or false", id="feature-quoted"),
        pytest.param("prompts", "{value_requests: no}", "prompts.value_requests", "put it in quotes", id="requests-no"),
        pytest.param(
            "prompts", "{value_requests: allow}", "prompts.value_requests", "one of refuse, warn, off", id="requests"
        ),
        pytest.param(
            "prompts", "{value_phrases: [code]}", "prompts.value_phrases[0]", "2 to 24 words", id="phrase-short"
        ),
        pytest.param("prompts", "{value_phrases: ['a *']}", "prompts.value_phrases[0]", "no `*`", id="phrase-star"),
        pytest.param("prompts", "{instruction: 'no'}", "prompts.instruction", "true or false", id="instruction"),
        pytest.param("features", "{patch_text: 1}", "features.patch_text", "true or false", id="feature-one"),
        pytest.param("features", "{patch_text: }", "features.patch_text", "true or false", id="feature-nothing"),
        pytest.param("feature", "{}", "feature", "unknown key", id="unknown-key"),
        pytest.param("upstream", None, "", "upstream is missing", id="missing-upstream"),
        pytest.param("directories", None, "", "directories is missing", id="missing-directories"),
        pytest.param("models", None, "", "models is missing", id="missing-models"),
    ],
)
def test_a_wrong_value_is_an_error_that_names_file_line_and_key(
    site: Site, key: str, value: str | None, where: str, said: str
) -> None:
    site.keys = {"agents": "[build]", **site.keys}
    file = site.write(**{key: value})
    top = re.split(r"[.\[]", where)[0]
    lines = file.read_text().split("\n")
    line = next((number for number, text in enumerate(lines, 1) if text.startswith(f"{top}:")), 1)
    with pytest.raises(ConfigError) as caught:
        load(file)
    message = str(caught.value)
    assert message.startswith(f"{file}:{line}: " + (f"{where}: " if where else ""))
    assert said in message
    assert MARK not in message
    assert caught.value.exit is Exit.USAGE
    assert caught.value.__cause__ is None


LEAST = "upstream: {url: 'http://h'}\nmodels: [a/b]\ndirectories: [/tmp]\n"


@pytest.mark.parametrize(
    ("text", "line", "said"),
    [
        pytest.param("", 1, "empty", id="empty"),
        pytest.param("# nothing\n", 1, "empty", id="comment-only"),
        pytest.param("- a\n", 1, "must be a mapping", id="list"),
        pytest.param(f"{MARK}\n", 1, "must be a mapping", id="scalar"),
        pytest.param(
            f"{LEAST}agents: [a]\nagents: [{MARK}]\n", 5, "agents: the key is there twice", id="duplicate-key"
        ),
        pytest.param(
            f"{LEAST}limits:\n  parts: 1\n  'parts': 2\n", 6, "limits.parts: the key is there twice", id="inner"
        ),
        pytest.param(f"{LEAST}no: 1\n", 4, "a key must be a plain name", id="key-boolean"),
        pytest.param(f"{LEAST}? [a, b]\n: 1\n", 4, "a key must be a plain name", id="key-list"),
        pytest.param(f"{LEAST}? {{a: b}}\n: 1\n", 4, "a key must be a plain name", id="key-mapping"),
        pytest.param(f"{LEAST}<<: {{agents: [x]}}\n", 4, "a key must be a plain name", id="merge-key"),
        pytest.param(f"{LEAST}'<<': {{agents: [x]}}\n", 4, "(a key): unknown key", id="merge-key-quoted"),
        pytest.param(f"{LEAST}{MARK}-x y: 1\n", 4, "(a key): unknown key", id="key-that-is-no-name"),
        pytest.param(f"{LEAST}agents: &a [{MARK}]\n", 4, "agents: YAML anchors", id="anchor"),
        pytest.param(f"&a {LEAST}", 1, "YAML anchors", id="anchor-on-key"),
        pytest.param(f"{LEAST}agents: *{MARK}\n", 4, "agents: YAML aliases", id="alias"),
        pytest.param(f"{LEAST}agents: !!python/name:os.{MARK} x\n", 4, "agents: YAML tags", id="tag"),
        pytest.param(f"{LEAST}agents: !!seq [x]\n", 4, "agents: YAML tags", id="harmless-tag"),
        pytest.param(f"{LEAST}agents: ! [x]\n", 4, "agents: YAML tags", id="non-specific-tag"),
        pytest.param(f"--- !!map\n{LEAST}", 1, "YAML tags", id="document-tag"),
        pytest.param(f"{LEAST}---\n{LEAST}", 4, "only one YAML document", id="two-documents"),
        pytest.param(f"{LEAST}...\n{MARK}\n", 5, "not valid YAML", id="text-after-the-end"),
        pytest.param(f"%YAML 1.1\n---\n{LEAST}", 1, "directives", id="directive"),
        pytest.param(f"%TAG ! tag:{MARK},2000:\n---\n{LEAST}", 1, "directives", id="tag-directive"),
        pytest.param(f"{LEAST}agents: [{MARK}\n", 5, "not valid YAML", id="open-bracket"),
        pytest.param(f"{LEAST}agents: '{MARK}\n", 5, "not valid YAML", id="open-quote"),
        pytest.param(f"{LEAST}\t{MARK}: 1\n", 4, "not valid YAML", id="tab"),
        pytest.param(f'{LEAST}agents: ["\\q{MARK}"]\n', 4, "not valid YAML", id="bad-escape"),
        pytest.param(f"{LEAST}agents: @{MARK}\n", 4, "not valid YAML", id="reserved"),
        pytest.param(f"{LEAST}# a\0b\n", 4, "control or invisible", id="nul"),
        pytest.param(f"{LEAST}agents: [a\u202e]\n", 4, "control or invisible", id="bidirectional-override"),
        pytest.param(f"{LEAST}agents: [a\u200bb]\n", 4, "control or invisible", id="zero-width-space"),
        pytest.param(f"\ufeff{LEAST}", 1, "control or invisible", id="byte-order-mark"),
        pytest.param(f"{LEAST}# \u2028limits: 1\n", 4, "control or invisible", id="line-separator"),
        pytest.param(f"{LEAST}# \rlimits: 1\n", 4, "control or invisible", id="carriage-return"),
        pytest.param(LEAST.encode() + b"# \xff\n", 4, "not UTF-8", id="not-utf-8"),
        pytest.param(LEAST.encode("utf-16"), 1, "not UTF-8", id="utf-16"),
        pytest.param(f"{LEAST}agents: {'[' * 20}\n", 4, "nested too deeply", id="deep"),
        pytest.param(f"{LEAST}agents: {'[' * 100_000}\n", 4, "nested too deeply", id="very-deep"),
        pytest.param(f"{LEAST}{'? ' * 50_000}\n", 4, "a key must be a plain name", id="very-deep-keys"),
        pytest.param(f"{LEAST}#{'x' * 300_000}\n", 0, "larger than", id="too-large"),
    ],
)
def test_yaml_that_says_more_than_plain_data_is_an_error(site: Site, text: str | bytes, line: int, said: str) -> None:
    file = site.write(text)
    with pytest.raises(ConfigError) as caught:
        load(file)
    message = str(caught.value)
    assert message.startswith(f"{file}:{line}: " if line else f"{file}: ")
    assert said in message
    assert MARK not in message


def test_windows_line_ends_are_plain_data(site: Site) -> None:
    text = site.write().read_text()
    assert load(site.write(text.replace("\n", "\r\n"))).models == (("local", "coder"),)


def test_a_missing_file_says_where_to_start(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="egress-proxy init"):
        load(tmp_path / "none.yaml")


def test_a_file_that_is_a_directory_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        load(tmp_path)


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        pytest.param({"state_dir": "{root}/shop/state"}, "state_dir", id="state"),
        pytest.param({"state_dir": "{root}/link"}, "state_dir", id="state-by-link"),
        pytest.param(
            {"upstream": "{{url: 'http://h', password_file: {root}/shop/pw}}"}, "upstream.password_file", id="password"
        ),
        pytest.param({"directories": "['{root}']"}, "this file", id="configuration"),
    ],
)
def test_the_local_agent_cannot_write_what_binds_it(site: Site, keys: dict[str, str], name: str) -> None:
    (site.root / "link").symlink_to(site.root / "shop" / "inner")
    file = site.write(**{key: value.format(root=site.root) for key, value in keys.items()})
    with pytest.raises(ConfigError, match=rf"directories: one of them contains {re.escape(name)}"):
        load(file)


def test_a_directory_beside_with_the_same_beginning_is_not_inside(site: Site) -> None:
    assert load(site.write(state_dir=f"{site.root}/shop-state")).state_dir == f"{site.root}/shop-state"


@pytest.mark.parametrize(
    ("keys", "warned"),
    [
        pytest.param({}, {"upstream.password_file", "known_values"}, id="least"),
        pytest.param({"listen": "0.0.0.0:1"}, {"upstream.password_file", "known_values", "listen"}, id="listen"),
        pytest.param({"operator": "'[::]:1'"}, {"upstream.password_file", "known_values", "operator"}, id="operator"),
        pytest.param(
            {"upstream": "{url: 'http://agent', password_file: /none}"}, {"upstream.url", "known_values"}, id="clear"
        ),
        pytest.param({"upstream": "{url: 'https://agent', password_file: /none}"}, {"known_values"}, id="tls"),
        pytest.param(
            {"models": "[local/a, opencode/b]", "known_values": "[{upstream_config: true}]"},
            {"models", "upstream.password_file"},
            id="cloud-model",
        ),
        pytest.param(
            {"network": "{trusted_proxies: [127.0.0.1]}"},
            {"upstream.password_file", "known_values", "network.hosts"},
            id="reverse-proxy",
        ),
        pytest.param(
            {"network": "{trusted_proxies: [127.0.0.1], hosts: [proxy.example]}"},
            {"upstream.password_file", "known_values"},
            id="reverse-proxy-with-a-name",
        ),
    ],
)
def test_risks_are_told(site: Site, keys: dict[str, str], warned: set[str]) -> None:
    assert {warning.partition(":")[0] for warning in warnings(load(site.write(**keys)))} == warned


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.one_of(
        st.binary(max_size=200),
        st.text(max_size=200).map(lambda text: text.encode("utf-8", "surrogatepass")),
        st.text("{}[]:,-?&*!|>'\"%@`#ab~ \n\t.<=01", max_size=120).map(str.encode),
    )
)
def test_any_bytes_give_a_config_or_a_config_error(site: Site, content: bytes) -> None:
    with pytest.raises(ConfigError):
        load(site.write(content))


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(key=st.sampled_from(Config.__struct_fields__), value=st.text("{}[]:,-?&*!|>'\"%#ab~ .<=01/", max_size=40))
def test_any_value_gives_a_config_or_a_config_error(site: Site, key: str, value: str) -> None:
    try:
        config = load(site.write(**{key: value}))
    except ConfigError:
        return
    assert config.directories
    assert config.models
    assert all(os.path.realpath(directory) == directory for directory in config.directories)
