"""What lets somebody call the webhook is known wherever it stands in the address."""

from __future__ import annotations

import pytest

from egress_proxy.config import Config, Notify
from egress_proxy.config.schema import Upstream
from egress_proxy.server.own import own_secrets

TOKEN = "Qw7Zr2Lk9Xv4" + "Tn8Bm3Hs6Jd1"


@pytest.mark.parametrize(
    "path",
    [f"services/T0/{TOKEN}", f"services/T0/{TOKEN}/", f"{TOKEN}/sendMessage", f"notify-the-people?token={TOKEN}"],
)
def test_the_secret_of_a_webhooks_address(path: str) -> None:
    config = Config(
        upstream=Upstream(url="http://127.0.0.1:9"),
        directories=("/srv/project",),
        models=(("local", "coder"),),
        known_values=(),
        notify=Notify(webhook=f"https://hooks.example/{path}"),
    )
    assert [(name, value.reveal()) for name, value in own_secrets(config)] == [("EGRESS_WEBHOOK_TOKEN", TOKEN)]
