"""The operator's settings: YAML without surprises, checked as a whole before anything starts."""

from egress_proxy.config.load import DEFAULT_FILE, load, upstream_address
from egress_proxy.config.password import read_password
from egress_proxy.config.schema import (
    Address,
    Config,
    Features,
    KnownSource,
    Limits,
    Setting,
    Source,
    Upstream,
    settings,
)
from egress_proxy.config.warn import warnings

__all__ = [
    "DEFAULT_FILE",
    "Address",
    "Config",
    "Features",
    "KnownSource",
    "Limits",
    "Setting",
    "Source",
    "Upstream",
    "load",
    "read_password",
    "settings",
    "upstream_address",
    "warnings",
]
