"""The rule that keeps everybody but the proxy's user from opencode's port, in a network of its own, with two users."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.deploy.box import DEPLOY

RULE = DEPLOY / "nftables" / "opencode.nft"
_PATH = f"{os.environ['PATH']}:/usr/sbin:/sbin"
_NEEDED = ("nft", "ip", "unshare", "setpriv", "curl")
_MISSING = [name for name in _NEEDED if shutil.which(name, path=_PATH) is None]

pytestmark = [
    pytest.mark.skipif(os.geteuid() != 0, reason="a network of its own needs root"),
    pytest.mark.skipif(bool(_MISSING), reason=f"not installed: {', '.join(_MISSING)}"),
]

STORY = """
set -eu
ip link set lo up
ip addr add 192.0.2.1/32 dev lo
cd "$1"
"$2" -c '
import http.server, socket
class Server(http.server.HTTPServer):
    address_family = socket.AF_INET6
    def server_bind(self):
        self.socket.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        super().server_bind()
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(204)
        self.end_headers()
Server(("::", 4096), Handler).serve_forever()
' 2>/dev/null &
server=$!
trap 'kill $server' EXIT
as() {
    setpriv --reuid "$1" --regid 65534 --clear-groups \\
        curl -s -o /dev/null --noproxy '*' --max-time 20 -w '%{http_code} ' "$2" || :
}
until [ "$(as 1000 http://127.0.0.1:4096/)" = "204 " ]; do :; done
tell() {
    echo "$1:"
    for address in 127.0.0.1 '[::1]' 192.0.2.1; do
        as 1000 "http://$address:4096/"
        as 1001 "http://$address:4096/"
    done
    echo
}
tell without
nft -f "$3"
nft -f "$3"
tell with
sed 's/proxy_uid = 1000/proxy_uid = 1001/' "$3" > rule.nft
nft -f rule.nft
tell other
"""


def test_one_user_connects_and_the_other_is_refused(tmp_path: Path) -> None:
    """Over IPv4 and IPv6, to loopback and to another address of the machine; without the rule, both do."""
    tmp_path.chmod(0o755)
    done = subprocess.run(
        ["unshare", "-n", "sh", "-c", STORY, "story", str(tmp_path), sys.executable, str(RULE)],
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
        env={**os.environ, "PATH": _PATH},
    )
    assert done.returncode == 0, done.stderr
    told = dict(zip(*[iter(done.stdout.split("\n")[:-1])] * 2, strict=True))
    assert told["without:"].split() == ["204", "204"] * 3
    assert told["with:"].split() == ["204", "000"] * 3
    assert told["other:"].split() == ["000", "204"] * 3
