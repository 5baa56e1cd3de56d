"""The rules of European Union."""

from __future__ import annotations

from typing import Final

from compliance.rules import RuleSet

__all__ = ["RULES"]

RULES: Final = RuleSet("eu", "European Union", "0", ())
