"""What something was worth at a moment of the log: the exchange's reference prices as they stood, in any currency.

A price is 10^-18 of the unit of account for one whole unit (docs/spec/prices.md). Exact; where asset or currency had no
price there is no value, and none is invented. The unit of account is worth itself.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from fractions import Fraction

from sqlmodel import Session, col, select

from compliance.transactions.records import PriceRecord
from ledger.prices import UNIT_PRICE
from ledger.store.schema import EventRow

__all__ = ["PriceBoard", "prices_before"]


class PriceBoard:
    """The prices in force, brought forward by `PriceRecord`s. `money` maps an asset that is money to its currency."""

    def __init__(self, currency: str, unit: str, money: Mapping[str, str]) -> None:
        """`currency`: in which values are stated. `unit`: the unit of account."""
        self.currency = currency
        self.unit = unit
        self.money = money
        self._assets: dict[str, int] = {}
        self._currencies: dict[str, int] = {}

    def take(self, record: PriceRecord) -> None:
        """What changed."""
        if record.unit != self.unit:
            self.unit = record.unit
            self._assets.clear()
            self._currencies.clear()
        for board, rows in ((self._assets, record.assets), (self._currencies, record.currencies)):
            for name, price in rows:
                if price is None:
                    board.pop(name, None)
                else:
                    board[name] = price

    def _price(self, asset: str) -> int | None:
        """Of one whole unit, in 10^-18 of the unit of account."""
        currency = self.money.get(asset)
        if currency == self.unit or asset == self.unit:
            return UNIT_PRICE
        price = self._assets.get(asset)
        return self._currencies.get(currency) if price is None and currency is not None else price

    def value(self, asset: str, amount: Fraction) -> Fraction | None:
        """What so many whole units are worth in the currency; None where a price is missing."""
        return self.value_at(asset, amount, None)

    def value_at(self, asset: str, amount: Fraction, price: int | None) -> Fraction | None:
        """The same at a price that an entry carried (10^-18 of the unit of account), or at the one in force (None)."""
        if self.money.get(asset) == self.currency:
            return amount
        price = self._price(asset) if price is None else price
        cross = UNIT_PRICE if self.currency == self.unit else self._currencies.get(self.currency)
        return None if price is None or not cross else amount * Fraction(price, cross)


def prices_before(session: Session, position: int, names: Iterable[str]) -> list[PriceRecord]:
    """The last change of each name's price before a position, as far back as is needed; oldest first.

    Names of assets and currencies together; a name that never had a price makes the search go to the log's beginning.
    """
    wanted = set(names)
    found: list[PriceRecord] = []
    query = (
        select(EventRow)
        .where(EventRow.kind == "prices-set", col(EventRow.order_id).is_(None), EventRow.sequence < position)
        .order_by(col(EventRow.sequence).desc(), col(EventRow.place).desc())
    )
    for row in session.exec(query.execution_options(yield_per=500)):
        document = json.loads(row.document)
        assets = tuple((name, price) for name, price in document["assets"] if f"asset:{name}" in wanted)
        currencies = tuple((name, price) for name, price in document["currencies"] if f"currency:{name}" in wanted)
        wanted -= {f"asset:{name}" for name, _ in assets} | {f"currency:{name}" for name, _ in currencies}
        if assets or currencies:
            found.append(PriceRecord(row.sequence, 0, document["unit"], assets, currencies))
        if not wanted:
            break
    return found[::-1]
