"""The example for nginx as a real nginx takes it."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping
from pathlib import Path

from tests.deploy.box import DEPLOY
from tests.deploy.fronts import HOSTS, SECRET
from tests.kit.pki import Pki

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")


def configured(root: Path, ports: Mapping[int, int], pki: Pki) -> tuple[list[str], Path]:
    """The example with the machine's own paths and ports, and no other change."""
    text = (DEPLOY / "nginx" / "egress-proxy.conf").read_text()
    for shipped, port in ports.items():
        assert f":{shipped}" in text or shipped == 443
        text = text.replace(f"127.0.0.1:{shipped}", f"127.0.0.1:{port}")
    text = text.replace("listen 443 ssl", f"listen 127.0.0.1:{ports[443]} ssl")
    text = text.replace("/var/log/nginx/egress-proxy.log", str(root / "access.log"))
    for host in HOSTS:
        certificate, key = pki.server(host, (host,))
        text = text.replace(f"/etc/nginx/{host}.pem", certificate).replace(f"/etc/nginx/{host}.key", key)
    (root / "egress-sso-secret.conf").write_text(f'proxy_set_header X-Egress-Sso-Secret "{SECRET}";\n')
    (root / "opencode-login.conf").write_text('proxy_set_header Authorization "Basic b3BlbmNvZGU6eA==";\n')
    text = re.sub(r"/etc/nginx/(egress-sso-secret|opencode-login)\.conf", rf"{root}/\1.conf", text)
    assert "/etc/nginx" not in text.replace("#", "")
    (root / "egress-proxy.conf").write_text(text)
    places = "".join(
        f"{kind}_temp_path {root}/temp;\n" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    main = root / "nginx.conf"
    main.write_text(
        f"daemon off; worker_processes 1; pid {root}/pid; error_log {root}/error.log;\nevents {{}}\n"
        f"http {{\naccess_log off; port_in_redirect off;\n{places}include {root}/egress-proxy.conf;\n}}\n"
    )
    return [str(NGINX), "-c", str(main), "-e", str(root / "error.log")], pki.ca
