"""The four regimes as tables: Dubai VARA, Japan FSA, US states, the European Union.

Each regime is a folder: `facts.py` the facts that it alone asks for (`FACTS`), `rules*.py` its rows, `__init__.py` the
rule set (`RULES`). Nothing computes here; `compliance.evaluate` does. A regime's word on the command line is its key.
"""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Final

from compliance.catalogue import SHARED, by_name
from compliance.facts import FactKind
from compliance.rules import RuleSet

__all__ = ["REGIMES", "ZONES", "catalogue", "rule_set"]

REGIMES: Final = ("vara", "jfsa", "us-mtl", "eu")
ZONES: Final[Mapping[str, str]] = {"vara": "AE", "jfsa": "JP", "us-mtl": "US", "eu": "TARGET"}
"""The calendar on which a regime's day of judgement is counted."""


def rule_set(regime: str) -> RuleSet:
    """The rules of a regime."""
    assert regime in REGIMES, f"no regime {regime}"
    found = import_module(f"compliance.regimes.{regime.replace('-', '_')}").RULES
    assert isinstance(found, RuleSet)
    return found


def catalogue() -> Mapping[str, FactKind]:
    """Every fact of every regime, by name."""
    kinds = list(SHARED)
    for regime in REGIMES:
        kinds += import_module(f"compliance.regimes.{regime.replace('-', '_')}.facts").FACTS
    return by_name(kinds)
