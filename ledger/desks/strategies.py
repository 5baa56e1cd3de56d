"""The desk of strategies: a quantity in equal parts at equal times (TWAP).

Each part is an ordinary market order with a worst price, placed when its time has come before the command then at hand.
What a part does not fill is not asked again. A strategy ends with its last part, at the owner's word, or when a part is
not taken at all because the account may not trade. Source: exchange.md 7.2, strategies.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from ledger.canonical import Json
from ledger.commands import CancelStrategy, Command, StartStrategy
from ledger.desks.base import NEVER_US, Desk, Handler, Refusal, Shared
from ledger.desks.orders import OrdersDesk
from ledger.events import StrategyMoved
from ledger.markets.perpetual import MARGIN, REDUCE_ONLY
from ledger.parameters import SECOND_MICROS
from ledger.trading.market import PPM
from ledger.trading.orders import Side

__all__ = ["StrategiesDesk"]

PARTS_MAX: Final = 1_000
STRATEGIES_MAX: Final = 20
"""So many may run for one account at a time."""
AT_ONCE: Final = 50


@dataclass(slots=True)
class Strategy:
    """A strategy that runs: parts placed so far, and when the next one is due."""

    payer: int
    market: str
    side: int
    quantity: int
    parts: int
    every_us: int
    slippage_ppm: int
    flags: int
    next_us: int
    placed: int = 0

    @property
    def part(self) -> int:
        """Steps of the next part: all parts together are the quantity."""
        return self.quantity * (self.placed + 1) // self.parts - self.quantity * self.placed // self.parts


class StrategiesDesk(Desk):
    """Runs the strategies."""

    NAME: ClassVar[str] = "strategies"

    def __init__(self, shared: Shared, orders: OrdersDesk) -> None:
        super().__init__(shared)
        self._orders = orders
        self.running: dict[int, Strategy] = {}
        self._last = 0

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {StartStrategy: self._start, CancelStrategy: self._cancel}

    @property
    def due_us(self) -> int:
        """When the next part is due."""
        return min((each.next_us for each in self.running.values()), default=NEVER_US)

    def pass_time(self) -> None:
        """Place the parts that are due."""
        if self.running:
            now = self.shared.time_us
            for number in [n for n, each in self.running.items() if each.next_us <= now][:AT_ONCE]:
                self._place(number, self.running[number])

    def _start(self, command: StartStrategy) -> None:
        shared = self.shared
        account = shared.account(command.account)
        room = self._orders.rooms.get(command.market)
        if room is None:
            raise Refusal("unknown-market")
        if not 1 <= command.parts <= PARTS_MAX or command.quantity < command.parts * room.market.quantity_min:
            raise Refusal("too-many-parts")
        if not command.every or command.slippage > PPM:
            raise Refusal("strategy-malformed")
        if command.reduce_only and room.derivative is None:
            raise Refusal("no-position-to-reduce")
        if account.blocked:
            raise Refusal("account-blocked")
        payer = shared.payer(command.account, command.subaccount)
        if sum(each.payer == payer for each in self.running.values()) >= STRATEGIES_MAX:
            raise Refusal("too-many-strategies")
        flags = MARGIN if command.margin or room.derivative is not None else 0
        flags |= REDUCE_ONLY if command.reduce_only else 0
        self._last += 1
        self.running[self._last] = each = Strategy(
            payer, command.market, int(Side.BID if command.side == "bid" else Side.ASK), command.quantity,
            command.parts, command.every * SECOND_MICROS, command.slippage, flags, shared.time_us,
        )  # fmt: skip
        self._say(self._last, each, "running")
        self._place(self._last, each)

    def _say(self, number: int, each: Strategy, state: str, reason: str = "") -> None:
        owner = self.shared.purse.owner(each.payer)
        self.shared.events.append(StrategyMoved(number, *owner, each.market, state, each.placed, reason))

    def _place(self, number: int, each: Strategy) -> None:
        """The next part, no worse than the slippage allows from the best price; without one it is left out."""
        shared, room = self.shared, self._orders.rooms[each.market]
        account, _ = shared.purse.owner(each.payer)
        if shared.accounts[account].blocked or self._orders.is_blocked(each.payer):
            del self.running[number]
            self._say(number, each, "terminated", "account-blocked")
            return
        steps = each.part
        best = room.book.depth(1 - each.side, 1)
        if best:
            price, slip = best[0][0], each.slippage_ppm
            worst = price * (PPM + slip) // PPM if each.side == Side.BID else -(-price * (PPM - slip) // PPM)
            self._orders.place_for(room, each.payer, each.side, steps, each.flags, max(1, worst), "strategy")
        each.placed += 1
        each.next_us += each.every_us
        if each.placed == each.parts:
            del self.running[number]
            self._say(number, each, "completed")

    def _cancel(self, command: CancelStrategy) -> None:
        each = self.running.get(command.strategy)
        if each is None or self.shared.purse.owner(each.payer) != (command.account, command.subaccount):
            raise Refusal("unknown-strategy")
        del self.running[command.strategy]
        self._say(command.strategy, each, "cancelled")

    # The state.

    def document(self) -> Json:
        """Strategies that run, by number, and the last number."""
        return {
            "last": self._last,
            "running": [
                [
                    number, each.payer, each.market, each.side, str(each.quantity), each.parts, each.every_us,
                    each.slippage_ppm, each.flags, each.next_us, each.placed,
                ]
                for number, each in self.running.items()
            ],
        }  # fmt: skip

    def restore(self, document: Any) -> None:
        """See `Desk.restore`."""
        self._last = document["last"]
        for number, payer, market, side, quantity, *rest in document["running"]:
            self.running[number] = Strategy(payer, market, side, int(quantity), *rest)
