"""The rules of Japan FSA."""

from __future__ import annotations

from typing import Final

from compliance.rules import RuleSet

__all__ = ["RULES"]

RULES: Final = RuleSet("jfsa", "Japan FSA", "0", ())
