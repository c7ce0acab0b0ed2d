"""Prompt rules: whether what a client says to the local agent plainly asks for a value. Pure."""

from __future__ import annotations

from egress_proxy.prompts.requests import PromptRules as PromptRules
