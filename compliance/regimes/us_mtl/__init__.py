"""US states' money transmission, FinCEN and the IRS, New York, California: their rules as rows.

`facts.py` says what the firm must state; `rules_*.py` are the rows by part of the reports; `states.py` how states
differ, as data: where a section holds, from when, and what stands in its place; `terms.py` what rows share;
`not_covered.py` what is left out and why. Nothing computes here. There is no one answer for the United States: rules by
state have a verdict for each state of the fact `licences.us.states`.
"""

from __future__ import annotations

from typing import Final

from compliance.regimes.us_mtl import (
    rules_california,
    rules_call_report,
    rules_federal,
    rules_kind,
    rules_new_york,
    rules_prudential,
)
from compliance.regimes.us_mtl.not_covered import NOT_COVERED
from compliance.regimes.us_mtl.terms import REGIME
from compliance.rules import RuleSet

__all__ = ["RULES"]

RULES: Final = RuleSet(
    REGIME,
    "US states, FinCEN, New York and California, own summary",
    "2026.11.30",
    (
        *rules_prudential.RULES,
        *rules_kind.RULES,
        *rules_call_report.RULES,
        *rules_federal.RULES,
        *rules_new_york.RULES,
        *rules_california.RULES,
    ),
    NOT_COVERED,
    licence="licences.us.states",
)
"""The set; its version is raised with any change of a row."""
