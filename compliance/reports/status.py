"""The words of a status cell: what a verdict, a finding or a piece of evidence can be, each with a symbol and a tone.

A status is never shown by colour alone: symbol and word stand beside it, in that order.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

__all__ = ["RESULTS", "STATUSES", "StatusStyle", "overall", "status_key"]


class StatusStyle(NamedTuple):
    """`tone` names a pair of colours that pages and prints share; the symbol is in the fonts of both."""

    symbol: str
    tone: str


STATUSES: dict[str, StatusStyle] = {
    "pass": StatusStyle("✓", "proven"),
    "fail": StatusStyle("×", "fail"),
    "not applicable": StatusStyle("–", "unchecked"),
    "insufficient data": StatusStyle("?", "claimed"),
    "near the limit": StatusStyle("▲", "claimed"),
    "exception": StatusStyle("×", "fail"),
    "no exception": StatusStyle("✓", "proven"),
    "proven": StatusStyle("✓", "proven"),
    "attested": StatusStyle("○", "attested"),
    "claimed": StatusStyle("△", "claimed"),
    "unchecked": StatusStyle("?", "unchecked"),
    "verified": StatusStyle("✓", "proven"),
    "secondary": StatusStyle("△", "claimed"),
    "unverified": StatusStyle("?", "unchecked"),
}
"""Every word that a column of kind `status` may hold."""
RESULTS = ("pass", "fail", "not applicable", "insufficient data")
"""The four answers of a rule, as `compliance.verdicts` spells them."""


def status_key(status: str) -> str:
    """The name of a status among texts: `status_insufficient_data`."""
    return "status_" + status.replace(" ", "_")


def overall(results: Iterable[str]) -> str:
    """What many answers are together: one failure is a failure, and what lacks data is never a pass."""
    found = set(results)
    assert found <= set(RESULTS), found - set(RESULTS)
    for worst in ("fail", "insufficient data", "pass"):
        if worst in found:
            return worst
    return "not applicable"
