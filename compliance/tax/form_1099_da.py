"""Rows of Form 1099-DA: one for each part of a lot that was disposed of in a year, in dollars and cents.

Boxes 1a to 1g are numbered as on the form (IRC 6045, status S); what stands in other boxes goes by its name. Amounts
are rounded once, here, half up. Basis is reported for covered lots; of others it is shown where it is known, and not
reported.

The optional method for qualifying stablecoins gives one row for each customer and asset; where their sum for the year
is at most the de minimis (status U), rows are marked so and still listed. What is sold for anything but money or
another stablecoin is not a designated sale, and is summed in a row of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final, NamedTuple

from compliance.tax.movements import Departure
from compliance.tax.parameters import PARAMETERS
from compliance.transactions.identifiers import decimal_text, dti_problem, round_half_up

__all__ = ["COLUMNS", "NFT_CODE", "AggregateRow", "Aggregates", "FormRow", "form_rows"]

NFT_CODE: Final = "999999999"
"""Box 1a of what has no DTI of its own, such as an NFT."""
COLUMNS: Final = ("account", "name", "tin", "1a_code", "1b_asset", "1c_units", "1d_acquired", "1e_sold", "1f_proceeds",
                  "1g_basis", "basis_reported", "noncovered", "term", "gain", "cash_only", "kind", "reference", "lot",
                  "fee")  # fmt: skip
_UNITS_DECIMALS: Final = 18


class FormRow(NamedTuple):
    """One row: texts by column, and what makes it an exception."""

    cells: Mapping[str, str]
    problems: tuple[str, ...]


def cents(value: Fraction | None) -> str:
    """Dollars and cents, half up; always two decimals; empty for None."""
    if value is None:
        return ""
    units = round_half_up(value, 2)
    return f"{'-' if units < 0 else ''}{abs(units) // 100}.{abs(units) % 100:02d}"


def _day(time_us: int) -> datetime:
    return datetime.fromtimestamp(time_us // 1_000_000, UTC)


def is_long_term(acquired_us: int, sold_us: int) -> bool:
    """Whether more than a year was held: sold after the day one year after the day of acquisition (IRC 1222)."""
    acquired, sold = _day(acquired_us).date(), _day(sold_us).date()
    try:
        anniversary = acquired.replace(year=acquired.year + 1)
    except ValueError:  # 29 February: the year after ends with the 28th
        anniversary = acquired.replace(year=acquired.year + 1, day=28)
    return sold > anniversary


def form_rows(departures: Iterable[Departure], dtis: Mapping[str, str], names: Mapping[str, str]) -> Iterator[FormRow]:
    """The rows of disposals; none of departures that are no disposal. `names`: what box 1b calls an asset."""
    for departure in departures:
        if departure.is_disposal:
            yield _row(departure, dtis, names)


def _row(departure: Departure, dtis: Mapping[str, str], names: Mapping[str, str]) -> FormRow:
    part, code = departure.part, dtis.get(departure.asset, "")
    proceeds, basis = departure.proceeds, part.basis
    acquired = _day(part.acquired_us).date().isoformat() if part.basis is not None else ""
    problems = []
    if not code or (code != NFT_CODE and dti_problem(code)):
        problems.append("1a: the asset has no DTI")
    if proceeds is None:
        problems.append("1f: no price at that time")
    if part.covered and basis is None:
        problems.append("1g: a covered lot without basis")
    gain = None if proceeds is None or basis is None else proceeds - basis
    cells = {
        "account": departure.account,
        "1a_code": code,
        "1b_asset": names.get(departure.asset, departure.asset),
        "1c_units": decimal_text(Fraction(part.quanta, 10**departure.scale), _UNITS_DECIMALS),
        "1d_acquired": acquired,
        "1e_sold": _day(departure.time_us).date().isoformat(),
        "1f_proceeds": cents(proceeds),
        "1g_basis": cents(basis),
        "basis_reported": "yes" if part.covered else "no",
        "noncovered": "no" if part.covered else "yes",
        "term": "" if not acquired else "long" if is_long_term(part.acquired_us, departure.time_us) else "short",
        "gain": cents(gain),
        "cash_only": "yes" if departure.kind == "sale" else "no",
        "kind": departure.kind,
        "reference": departure.reference,
        "lot": str(part.lot),
        "fee": cents(departure.fee),
    }
    return FormRow({name: cells.get(name, "") for name in COLUMNS}, tuple(problems))


# Stablecoins in sums.


@dataclass(slots=True)
class _Sum:
    quanta: int = 0
    proceeds: Fraction = field(default_factory=Fraction)
    count: int = 0
    unvalued: int = 0


class AggregateRow(NamedTuple):
    """A customer's sales of one stablecoin in a year. `designated`: for money or another stablecoin."""

    account: str
    asset: str
    scale: int
    designated: bool
    quanta: int
    proceeds: Fraction
    transactions: int
    unvalued: int
    below_de_minimis: bool


class Aggregates:
    """Takes stablecoins' disposals out of a stream and sums them; the rest passes."""

    def __init__(self, stablecoins: Iterable[str], money: Iterable[str]) -> None:
        self._stablecoins = frozenset(stablecoins)
        self._cash = self._stablecoins | frozenset(money)
        self._sums: dict[tuple[str, str, int, bool], _Sum] = {}
        self._last: tuple[str, str, str] | None = None

    def passing(self, departures: Iterable[Departure]) -> Iterator[Departure]:
        """What is reported one by one."""
        for departure in departures:
            if departure.asset in self._stablecoins and departure.is_disposal:
                self._add(departure)
            else:
                yield departure

    def _add(self, departure: Departure) -> None:
        designated = departure.received in self._cash
        key = (departure.account, departure.asset, departure.scale, designated)
        total = self._sums.setdefault(key, _Sum())
        total.quanta += departure.part.quanta
        total.proceeds += departure.proceeds or 0
        total.unvalued += departure.proceeds is None
        # Parts of one sale follow each other: it is one transaction, out of how many lots it came.
        sale = (departure.account, departure.asset, departure.reference)
        total.count += sale != self._last
        self._last = sale

    def rows(self) -> list[AggregateRow]:
        """By account and asset; the de minimis holds for all designated sales of a customer together."""
        limit = PARAMETERS["1099-DA.stablecoin_de_minimis"].parameter.value
        assert isinstance(limit, Fraction)
        totals: dict[str, Fraction] = {}
        for (account, _, _, designated), total in self._sums.items():
            if designated:
                totals[account] = totals.get(account, Fraction()) + total.proceeds
        return [
            AggregateRow(
                account, asset, scale, designated, total.quanta, total.proceeds, total.count, total.unvalued,
                designated and not total.unvalued and totals[account] <= limit,
            )
            for (account, asset, scale, designated), total in sorted(self._sums.items())
        ]  # fmt: skip
