"""Japan's Financial Services Agency: the Payment Services Act and its Cabinet Office Order as rows.

`facts.py` says what the firm must state; `rules_*.py` are the rows by part of the reports; `terms.py` what they share;
`watch.py` what is known of the coming law; `not_covered.py` what is left out and why. Nothing computes here. The order
was read as in force on 1 April 2024; each row says how far its text was read, and parameters say so where they differ.
"""

from __future__ import annotations

from typing import Final

from compliance.regimes.jfsa import rules_books, rules_crypto, rules_money, rules_reports, rules_trading
from compliance.regimes.jfsa.not_covered import NOT_COVERED
from compliance.regimes.jfsa.terms import REGIME
from compliance.rules import RuleSet

__all__ = ["RULES"]

RULES: Final = RuleSet(
    REGIME,
    "Japan FSA (PSA), own summary",
    "2026.11.30",
    (
        *rules_money.RULES,
        *rules_crypto.RULES,
        *rules_books.RULES,
        *rules_reports.RULES,
        *rules_trading.RULES,
    ),
    NOT_COVERED,
)
"""The set; its version is raised with any change of a row."""
