"""Dubai's Virtual Assets Regulatory Authority: its rulebooks as rows.

`facts.py` says what the firm must state; `rules_*.py` are the rows by part of the reports; `terms.py` what they share;
`not_covered.py` what is left out and why. Nothing computes here. The texts are of 7 February 2023, with those of 19 May
2025 where a difference was seen; each row says how far its text was read, and parameters say so where they differ.
"""

from __future__ import annotations

from typing import Final

from compliance.regimes.vara import (
    rules_money,
    rules_prudential,
    rules_reporting,
    rules_reserves,
    rules_services,
    rules_trading,
    rules_transfers,
)
from compliance.regimes.vara.not_covered import NOT_COVERED
from compliance.regimes.vara.terms import REGIME
from compliance.rules import RuleSet

__all__ = ["RULES"]

RULES: Final = RuleSet(
    REGIME,
    "Dubai VARA rulebooks, own summary",
    "2026.11.30",
    (
        *rules_reserves.RULES,
        *rules_money.RULES,
        *rules_prudential.RULES,
        *rules_reporting.RULES,
        *rules_transfers.RULES,
        *rules_trading.RULES,
        *rules_services.RULES,
    ),
    NOT_COVERED,
    licence="vara.activities",
)
"""The set; its version is raised with any change of a row."""
