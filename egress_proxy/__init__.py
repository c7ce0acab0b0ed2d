"""A secret-aware egress proxy between cloud-hosted coding agents and a local `opencode serve`."""

__version__ = "0.1.0"
