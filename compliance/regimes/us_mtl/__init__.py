"""The rules of US states."""

from __future__ import annotations

from typing import Final

from compliance.rules import RuleSet

__all__ = ["RULES"]

RULES: Final = RuleSet("us-mtl", "US states", "0", ())
