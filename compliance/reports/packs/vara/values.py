"""Figures of the facts as the packs show them; a fact that is not there is None, and the pages say so."""

from __future__ import annotations

from datetime import datetime
from fractions import Fraction

from compliance.facts import Scalar
from compliance.primitives.view import shown
from compliance.reports.document import Texts
from compliance.reports.packs.coverage import units
from compliance.reports.packs.given import amounts_of as amounts
from compliance.reports.packs.given import flag_of as flag
from compliance.reports.packs.given import names_of as names
from compliance.reports.packs.given import number_of as number
from compliance.reports.packs.given import records_of as records
from compliance.reports.packs.given import verdict_of
from compliance.reports.packs.period import shown_moment

__all__ = ["amounts", "cell", "flag", "names", "number", "records", "verdict_of"]


def cell(value: Scalar, texts: Texts) -> str:
    """A field of a record for a table."""
    if value is None:
        return texts["vara_unknown"]
    if isinstance(value, Fraction):
        return units(value)
    return shown_moment(value) if isinstance(value, datetime) else shown(value)
