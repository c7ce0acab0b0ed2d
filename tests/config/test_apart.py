"""What binds the local agent is not where it works: nor by a link, in the place of `verify`, or for a database."""

from __future__ import annotations

import re

import pytest

from egress_proxy.config import load
from egress_proxy.errors import ConfigError
from tests.config.conftest import Site

AGAINST = "sslmode=verify-full&sslrootcert="


@pytest.mark.parametrize(
    ("keys", "name"),
    [
        ({"gates_file": "{root}/shop/link"}, "gates_file"),
        ({"gates_file": "{root}/trial/inside/gates", "verify": "{{directory: {root}/trial}}"}, "gates_file"),
        ({"log": "{{syslog: 'unix:{root}/shop/log'}}"}, "the socket of `log.syslog`"),
        ({"audit": "{{database: 'postgresql://h/d?host={root}/shop', ledger: x}}"}, "a file of `audit.database`"),
        ({"audit": f"{{{{database: 'postgresql://h/d?{AGAINST}{{root}}/shop/ca', ledger: x}}}}"}, "a file of"),
    ],
)
def test_what_binds_the_local_agent_is_apart(site: Site, keys: dict[str, str], name: str) -> None:
    """A link in its place leads elsewhere until the local agent makes it lead to a file of its own."""
    (site.root / "trial").mkdir()
    (site.root / "shop" / "link").symlink_to(site.secret("gates", b""))
    file = site.write(**{key: value.format(root=site.root) for key, value in keys.items()})
    with pytest.raises(ConfigError, match=rf"directories: one of them contains {re.escape(name)}"):
        load(file)


def test_the_same_elsewhere_is_taken(site: Site) -> None:
    (site.root / "trial").mkdir()
    database = f"{{database: 'postgresql://h/d?{AGAINST}{site.root}/ca', ledger: x}}"
    gates, log = site.secret("gates", b""), f"{{syslog: 'unix:{site.root}/log'}}"
    verify = f"{{directory: {site.root}/trial}}"
    assert load(site.write(gates_file=str(gates), verify=verify, log=log, audit=database)).gates_file == str(gates)
