"""Markets as the store lists them at a position: what is traded for what, and in which units. Spot and derivatives."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fractions import Fraction
from typing import NamedTuple

from sqlmodel import Session

from compliance.sources.stored import documents

__all__ = ["ListedMarket", "listed_markets"]


class ListedMarket(NamedTuple):
    """`kind`: spot, perpetual or dated. `tick`: quote quanta a unit of base; `step`: base quanta."""

    market: str
    kind: str
    base: str
    quote: str
    tick: int
    step: int
    base_scale: int
    quote_scale: int

    @property
    def unit_quanta(self) -> int:
        """Quote quanta of one tick times one step; the listing takes only whole ones."""
        quanta, rest = divmod(self.tick * self.step, int(10**self.base_scale))
        assert rest == 0, "a tick times a step is a whole number of quanta"
        return quanta

    def notional(self, price: int, steps: int) -> Fraction:
        """Units of the quote asset of steps at a price in ticks."""
        return Fraction(price * steps * self.unit_quanta, 10**self.quote_scale)

    def price(self, ticks: int) -> Fraction:
        """Units of the quote asset for a unit of base."""
        return Fraction(ticks * self.tick, 10**self.quote_scale)


def listed_markets(session: Session, last: int, scales: Mapping[str, int]) -> dict[str, ListedMarket]:
    """Every market listed up to a position, by name; `scales` of the assets."""
    found: dict[str, ListedMarket] = {}
    for name in ("market-listed", "derivative-listed"):
        for _, _, document in documents(session, name, last=last):
            event = json.loads(document)
            base, quote = event["base"], event["quote"]
            found[event["market"]] = ListedMarket(
                event["market"], event.get("kind", "spot"), base, quote, int(event["tick"]), int(event["step"]),
                scales[base], scales[quote],
            )  # fmt: skip
    return found
