"""Prometheus metrics of the proxy."""

from egress_proxy.metrics.counting import Metrics
from egress_proxy.metrics.families import Sample, ScanFailure

UNKNOWN_ROUTE = "unknown"

__all__ = ["UNKNOWN_ROUTE", "Metrics", "Sample", "ScanFailure"]
