"""Values in money, at the reference prices that the log had at a position.

A reference price is 10^-18 of the unit of account for one unit of an asset, and a cross the same for one unit of a
currency; the value in a currency is units times price over cross. Where an asset that is held or owed has no price, no
value is stated at all: a sum without it would be too small.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final, NamedTuple

from sqlmodel import Session, col, select

from compliance.facts import Amounts, Assurance, Evidence, Fact, Record, decimal_text
from ledger.store import history
from ledger.store.schema import EventRow

__all__ = ["PriceBook", "read_prices", "value_facts"]

_ONE: Final = 10**18
_EVENTS_MAX: Final = 20_000
"""An asset that none of so many events priced has no price here."""
_VALUES: Final = {
    "values.client": "reserves.client",
    "values.client.hot": "reserves.client.hot",
    "values.claims": "claims",
    "values.own": "reserves.own",
}


@dataclass(frozen=True, slots=True)
class PriceBook:
    """Prices in the unit of account for one unit; `at`: when each was last stated, and by which log position."""

    unit: str
    assets: Mapping[str, Fraction]
    currencies: Mapping[str, Fraction]
    at: Mapping[str, tuple[datetime, int]]

    def value(self, units: Amounts, currency: str) -> Fraction | None:
        """What units are worth in a currency; None where a price is lacking."""
        cross = self.currencies.get(currency, Fraction(1) if currency == self.unit else None)
        total = Fraction(0)
        for asset, amount in units.items():
            price = self.assets.get(asset, Fraction(1) if asset == self.unit else self.currencies.get(asset))
            if amount and price is None:
                return None
            total += amount * (price or 0)
        return total / cross if cross else None


def read_prices(session: Session, position: int) -> PriceBook | None:
    """The prices that stood at a log position; None if there were none yet. Read backwards, newest first."""
    wanted = {event.document["asset"] for event in history.events(session, "asset-listed", last=position)}
    unit, assets, currencies = "", dict[str, Fraction](), dict[str, Fraction]()
    at: dict[str, tuple[datetime, int]] = {}
    seen: set[str] = set()
    for count, event in enumerate(_newest_first(session, position)):
        unit = unit or event.unit
        if event.unit != unit or count >= _EVENTS_MAX or wanted <= seen:
            break
        for board, prices in ((assets, event.assets), (currencies, event.currencies)):
            for name, price in prices:
                if name not in seen and price is not None:
                    board[name] = Fraction(int(price), _ONE)
                    at[name] = (_moment(session, event.sequence), event.sequence)
                seen.add(name)
    return PriceBook(unit, assets, currencies, at) if unit else None


class _Stated(NamedTuple):
    sequence: int
    unit: str
    assets: list[tuple[str, int | None]]
    currencies: list[tuple[str, int | None]]


def _newest_first(session: Session, position: int) -> Iterator[_Stated]:
    query = select(EventRow.sequence, EventRow.document).where(
        EventRow.kind == "prices-set", col(EventRow.order_id).is_(None), col(EventRow.sequence) <= position
    )
    order = query.order_by(col(EventRow.sequence).desc(), col(EventRow.place).desc())
    for sequence, text in history.stream(session, order):
        document = json.loads(text)
        yield _Stated(sequence, document["unit"], document["assets"], document["currencies"])


def _moment(session: Session, position: int) -> datetime:
    command = history.command_at(session, position)
    assert command is not None, "an event has its command"
    return datetime.fromtimestamp(command.applied_micros // 1_000_000, UTC)


def value_facts(prices: PriceBook, facts: Iterable[Fact], moment: datetime, currencies: Iterable[str]) -> list[Fact]:
    """Values of what is held and owed, in each currency in which all of it has a price, and the prices themselves."""
    amounts = {fact.name: fact for fact in facts}
    wanted = sorted({*currencies, prices.unit, *prices.currencies})
    found: list[Fact] = []
    newest = max((sequence for _, sequence in prices.at.values()), default=0)
    evidence = (Evidence("command log", f"prices up to position {newest}", ""),)
    for name, source in _VALUES.items():
        fact = amounts.get(source)
        if fact is None:
            continue
        assert isinstance(fact.value, Mapping), "units are amounts"
        values = {currency: prices.value(fact.value, currency) for currency in wanted}
        stated = {currency: value for currency, value in values.items() if value is not None}
        if stated:
            found.append(Fact(name, stated, moment, Assurance.CLAIMED, (*fact.evidence, *evidence)))
    rows: list[Record] = []
    for board in (prices.assets, prices.currencies):
        for name, price in sorted(board.items()):
            at, sequence = prices.at[name]
            rows.append(
                {
                    "id": f"{name} at {sequence}", "asset": name, "currency": prices.unit, "price": price, "at": at,
                    "source": f"command {sequence} of the log: {decimal_text(price)} {prices.unit}",
                }
            )  # fmt: skip
    found.append(Fact("prices", tuple(rows), moment, Assurance.CLAIMED, evidence))
    return found
