"""The operator's settings: YAML without surprises, checked as a whole before anything starts."""

from egress_proxy.config import apart
from egress_proxy.config.console import Console
from egress_proxy.config.evidence import Evidence
from egress_proxy.config.gates import read_gates
from egress_proxy.config.load import DEFAULT_FILE, load, upstream_address
from egress_proxy.config.log import Level, Log, LogForm, Ship
from egress_proxy.config.network import Network
from egress_proxy.config.password import read_database_password, read_password
from egress_proxy.config.recipients import recipient_lines
from egress_proxy.config.rules import OperatorRule, read_rules
from egress_proxy.config.schema import (
    FILES,
    Address,
    Config,
    Features,
    KnownSource,
    Limits,
    Notify,
    Setting,
    Source,
    Upstream,
    settings,
)
from egress_proxy.config.tls import CertificateOf, Login, Tls, TlsVersion
from egress_proxy.config.warn import warnings
from egress_proxy.config.webhook import HookSecrets, read_hook_secrets, read_sso_secret

__all__ = [
    "DEFAULT_FILE",
    "FILES",
    "Address",
    "CertificateOf",
    "Config",
    "Console",
    "Evidence",
    "Features",
    "HookSecrets",
    "KnownSource",
    "Level",
    "Limits",
    "Log",
    "LogForm",
    "Login",
    "Network",
    "Notify",
    "OperatorRule",
    "Setting",
    "Ship",
    "Source",
    "Tls",
    "TlsVersion",
    "Upstream",
    "apart",
    "load",
    "read_database_password",
    "read_gates",
    "read_hook_secrets",
    "read_password",
    "read_rules",
    "read_sso_secret",
    "recipient_lines",
    "settings",
    "upstream_address",
    "warnings",
]
