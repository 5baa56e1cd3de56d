"""A seeded market for rehearsals: makers who quote around a drifting price and takers who cross, all of it signed.

The same seed and the same answers give the same commands. It trades through the front door like anybody: it knows what
it was told and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any, Final, NamedTuple

from cli.exchange.signing import signed
from ledger.commands import AmendOrder, CancelAll, Command, NewOrder, PlaceOrders
from ledger.door import Submission
from ledger.events import OrderPlaced, OrderReport
from ledger.keys import SigningKey
from ledger.trading.reports import Kind
from ledger.venue import Answer

__all__ = ["Customer", "Rehearsal", "RehearsedMarket"]

LEVELS: Final = 3
_ENDS: Final = frozenset({Kind.CANCELLED, Kind.EXPIRED, Kind.REJECTED})


class Customer(NamedTuple):
    """A customer of the rehearsal: what they are called, their account and their key."""

    name: str
    account: str
    key: SigningKey


@dataclass(slots=True)
class RehearsedMarket:
    """A market and where its price is. `middle` in ticks, `swing` the ticks that a step moves it at most."""

    symbol: str
    middle: int
    swing: int
    steps_max: int


@dataclass(slots=True)
class Rehearsal:
    """Gives the commands of one moment after the other; `hear` what became of them before the next."""

    exchange: str
    makers: Sequence[Customer]
    takers: Sequence[Customer]
    markets: Sequence[RehearsedMarket]
    seed: int
    _random: Random = field(init=False)
    _open: dict[int, tuple[Customer, str]] = field(default_factory=dict)
    _asked: list[Customer] = field(default_factory=list)
    _last_nonce: int = 0
    trades: int = 0

    def __post_init__(self) -> None:
        self._random = Random(self.seed)

    def moment(self, now_us: int) -> list[Submission]:
        """What makers and takers send at one time."""
        given: list[tuple[Customer, Command]] = []
        for market in self.markets:
            market.middle = max(market.middle + self._random.randint(-market.swing, market.swing), 10 * market.swing)
            for maker in self.makers:
                given += self._quotes(maker, market)
            for taker in self._random.sample(list(self.takers), min(3, len(self.takers))):
                given.append((taker, self._taking(taker, market)))
        self._asked = [customer for customer, _ in given]
        return [self._sign(customer, command, now_us) for customer, command in given]

    def hear(self, answers: Sequence[Answer | object]) -> None:
        """What became of the commands of the last moment: which orders stand, which are gone."""
        for customer, answer in zip(self._asked, answers, strict=True):
            for event in answer.events if isinstance(answer, Answer) else ():
                if isinstance(event, OrderPlaced):
                    self._open[event.order] = (customer, event.market)
                elif isinstance(event, OrderReport):
                    self._note(event.row)

    def _note(self, row: Sequence[int]) -> None:
        kind = row[0]
        if kind in _ENDS:
            self._open.pop(row[1], None)
        elif kind == Kind.TRADED:
            self.trades += 1
            for order, left in ((row[2], row[7]), (row[3], row[8])):
                if not left:
                    self._open.pop(order, None)

    def _sign(self, customer: Customer, command: Command, now_us: int) -> Submission:
        self._last_nonce = max(self._last_nonce + 1, now_us)
        return signed(self.exchange, command, self._last_nonce, [customer.key])

    def _quotes(self, maker: Customer, market: RehearsedMarket) -> list[tuple[Customer, Command]]:
        """Old quotes out, or one of them amended, and new ones in around the middle."""
        mine = [order for order, (owner, symbol) in self._open.items() if (owner, symbol) == (maker, market.symbol)]
        given: list[tuple[Customer, Command]] = []
        if mine and self._random.random() < 0.2:
            price, quantity = market.middle + self._random.choice((-2, 2)), self._random.randint(1, market.steps_max)
            given.append((maker, AmendOrder(maker.account, "", self._random.choice(mine), price, quantity)))
        elif mine:
            given.append((maker, CancelAll(maker.account, "", market.symbol, False)))
        quotes = [
            self._order(market, side, market.middle + (level if side == "ask" else -level), post_only=True)
            for level in range(1, LEVELS + 1)
            for side in ("bid", "ask")
        ]
        given.append((maker, PlaceOrders(maker.account, "", tuple(quotes))))
        return given

    def _taking(self, taker: Customer, market: RehearsedMarket) -> Command:
        side = self._random.choice(("bid", "ask"))
        worst = market.middle + (LEVELS if side == "bid" else -LEVELS)
        kinds: tuple[dict[str, Any], ...] = (
            {"time_in_force": "ioc"},
            {"time_in_force": "gtc"},
            {"kind": "market", "time_in_force": "ioc"},
            {"time_in_force": "fok"},
        )
        return PlaceOrders(taker.account, "", (self._order(market, side, worst, **self._random.choice(kinds)),))

    def _order(self, market: RehearsedMarket, side: str, price: int, **changes: Any) -> NewOrder:
        plain: dict[str, Any] = {
            "market": market.symbol,
            "side": side,
            "kind": "limit",
            "client_id": self._random.randrange(2**32),
            "quantity": self._random.randint(1, market.steps_max),
            "quote_quantity": None,
            "price": price,
            "time_in_force": "gtc",
            "expires": None,
            "post_only": False,
            "self_trade": "reject-taker",
            "trigger": None,
            "trigger_price": None,
            "trigger_by": None,
            "oco_group": None,
            "bound": False,
        }
        return NewOrder(**{**plain, **changes})
