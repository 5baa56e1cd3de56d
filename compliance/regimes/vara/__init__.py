"""The rules of Dubai VARA."""

from __future__ import annotations

from typing import Final

from compliance.rules import RuleSet

__all__ = ["RULES"]

RULES: Final = RuleSet("vara", "Dubai VARA", "0", ())
