"""The dated, cited numbers that tax files rest on. Status: V text read, S secondary source, U not confirmed."""

from __future__ import annotations

from datetime import date
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple

from compliance.rules import Parameter, Status

__all__ = ["PARAMETERS", "Dated", "carf_due", "covered_from", "parameters_json"]


class Dated(NamedTuple):
    """A parameter and since when it holds."""

    since: date
    parameter: Parameter


_S, _U = Status.SECONDARY, Status.UNVERIFIED
PARAMETERS: Final = MappingProxyType(
    {
        "1099-DA.proceeds_from": Dated(date(2025, 1, 1), Parameter("2025-01-01", "sales from", _S, "IRC 6045")),
        "1099-DA.covered_from": Dated(
            date(2026, 1, 1), Parameter("2026-01-01", "acquired from, and kept in custody", _S, "IRC 6045(g)")
        ),
        "1099-DA.stablecoin_de_minimis": Dated(
            date(2025, 1, 1), Parameter(Fraction(10_000), "USD a customer and year", _U, "Form 1099-DA instructions")
        ),
        "1099-DA.wash_sales": Dated(
            date(2025, 1, 1), Parameter("not applied to digital assets", "", _S, "IRC 1091: stock and securities")
        ),
        "DAC8.first_year": Dated(date(2026, 1, 1), Parameter("2026-01-01", "transactions from", _S, "2023/2226")),
        "DAC8.due": Dated(
            date(2026, 1, 1), Parameter("01-31", "of the following year, month and day", _S, "2023/2226; national date")
        ),
        "CARF.version": Dated(date(2026, 1, 1), Parameter("1.5", "XML schema", _S, "OECD, CARF XML schema, July 2025")),
    }
)
"""By name."""


def covered_from() -> date:
    """From which acquisition date on a lot that is kept in custody is covered."""
    value = PARAMETERS["1099-DA.covered_from"].parameter.value
    assert isinstance(value, str)
    return date.fromisoformat(value)


def carf_due(year: int) -> date:
    """The day by which the file for a year is due."""
    text = PARAMETERS["DAC8.due"].parameter.value
    assert isinstance(text, str)
    month, day = text.split("-")
    return date(year + 1, int(month), int(day))


def parameters_json() -> dict[str, object]:
    """All of them, for manifests."""
    return {
        name: {"parameter": dated.parameter.to_json(), "since": dated.since.isoformat()}
        for name, dated in PARAMETERS.items()
    }
