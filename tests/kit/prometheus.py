"""A real Prometheus that scrapes what a test names and knows the rules that are shipped, and `promtool`.

Both are of Debian's package `prometheus` (`apt install --no-install-recommends prometheus`).
"""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, Self

import pytest

from tests.kit.agent import poll
from tests.kit.client import Client, free_port

SHIPPED: Final = Path(__file__).parents[2] / "deploy" / "prometheus"
RULES: Final = SHIPPED / "egress-proxy.rules.yml"
ALERTS: Final = SHIPPED / "egress-proxy.alerts.yml"

needs_prometheus: Final = pytest.mark.skipif(
    not (shutil.which("prometheus") and shutil.which("promtool")),
    reason="there is no prometheus: apt install --no-install-recommends prometheus",
)


def promtool(*arguments: str, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    """Run it to its end."""
    return subprocess.run(["promtool", *arguments], input=given, capture_output=True, timeout=120, check=False)


class Prometheus:
    """One server. `jobs` are names to addresses; each is scraped every second, and rules are evaluated as often."""

    def __init__(self, root: Path, jobs: Mapping[str, str]) -> None:
        self._root = root
        self._jobs = jobs
        self._port = free_port()
        self._client = Client(f"http://127.0.0.1:{self._port}")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        config = self._root / "prometheus.yml"
        config.write_text(json.dumps(self._config()), encoding="utf-8")
        with (self._root / "prometheus.log").open("wb") as log:
            self._process = subprocess.Popen(
                [
                    "prometheus",
                    f"--config.file={config}",
                    f"--storage.tsdb.path={self._root / 'data'}",
                    f"--web.listen-address=127.0.0.1:{self._port}",
                    "--enable-feature=exemplar-storage",
                    "--log.level=warn",
                ],
                cwd=self._root,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        try:
            poll(self._scraped)
        except BaseException:
            self._stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    def _stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(30)
            self._process = None

    def query(self, expression: str) -> list[Any]:
        """The samples that a query gives now. Raise `AssertionError` if it is none."""
        answer = self._client.get("/api/v1/query", query=expression).json
        assert answer["status"] == "success", (expression, answer.get("error"))
        result = answer["data"]["result"]
        assert isinstance(result, list)
        return result

    def exemplars(self, series: str, start: float, end: float) -> list[Any]:
        """The exemplars of a selector's series between two times."""
        span = {"query": series, "start": str(start), "end": str(end)}
        found = self._client.get("/api/v1/query_exemplars", **span).json["data"]
        return [exemplar for one in found for exemplar in one["exemplars"]]

    def rules(self) -> list[Any]:
        """All rules as it evaluates them."""
        groups = self._client.get("/api/v1/rules").json["data"]["groups"]
        return [rule for group in groups for rule in group["rules"]]

    def scrapes(self) -> float:
        """How often every job was scraped, at least."""
        return min(float(one["value"][1]) for one in self.query("count_over_time(up[1h])"))

    def _scraped(self) -> bool:
        try:
            ready = self._client.get("/-/ready").status == 200
            return ready and len(self.query("up == 1")) == len(self._jobs)
        except OSError:
            return False  # not listening yet

    def _config(self) -> dict[str, Any]:
        jobs = [{"job_name": name, "static_configs": [{"targets": [address]}]} for name, address in self._jobs.items()]
        return {
            "global": {"scrape_interval": "1s", "evaluation_interval": "1s"},
            "rule_files": [str(RULES), str(ALERTS)],
            "scrape_configs": jobs,
        }
