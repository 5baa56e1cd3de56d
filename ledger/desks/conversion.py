"""The desk of conversion: collateral becomes the settlement asset where a loss is owed to the exchange itself.

A debt to the exchange stands because no pool would lend. After a settlement each wallet that has one offers collateral
for it: the asset of the highest weight first. Makers answer with a price for the whole within a few seconds, and the
best one at or above the index less a discount takes it; without one it is sold on the book, no lower than that. What
comes in repays the debt. It is no liquidation: nothing else of the wallet is touched. Source: exchange.md 3, 6, 7.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, Final

from ledger.canonical import Json
from ledger.commands import Command, QuoteConversion
from ledger.desks.base import NEVER_US, Desk, Handler, Refusal, Shared
from ledger.desks.lending import LendingDesk
from ledger.desks.margin import MarginDesk
from ledger.desks.orders import OrdersDesk
from ledger.events import ConversionMoved
from ledger.journal import ReasonCode, Result
from ledger.markets.perpetual import MARGIN, SYSTEM
from ledger.parameters import SECOND_MICROS
from ledger.trading.market import PPM
from ledger.trading.orders import Side

__all__ = ["ConversionDesk"]

CONVERSIONS_MAX: Final = 50
"""Conversions that end before one command: the others follow with the next."""


@dataclass(slots=True)
class Conversion:
    """Coins of a payer that are held for sale until a time; `maker` has the best price so far, and it is held too."""

    payer: int
    asset: str
    quanta: int
    hold: int
    until_us: int
    least: int
    maker: int = 0
    amount: int = 0
    maker_hold: int = 0


class ConversionDesk(Desk):
    """Sells collateral for debts to the exchange."""

    NAME: ClassVar[str] = "conversion"

    def __init__(self, shared: Shared, margin: MarginDesk, lending: LendingDesk, orders: OrdersDesk) -> None:
        super().__init__(shared)
        self._margin, self._lending, self._orders = margin, lending, orders
        self.open: dict[int, Conversion] = {}
        self._last = 0

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {QuoteConversion: self._quote}

    @property
    def due_us(self) -> int:
        """When the next conversion's time for quotes is over."""
        return min((each.until_us for each in self.open.values()), default=NEVER_US)

    def pass_time(self) -> None:
        """End the conversions whose time is over."""
        if self.open:
            now = self.shared.time_us
            for number in [n for n, each in self.open.items() if each.until_us <= now][:CONVERSIONS_MAX]:
                self._end(number, self.open.pop(number))

    def after_settlement(self) -> None:
        """Offer collateral of the wallets that owe the exchange and are not liquidated."""
        if self._margin.settlement_asset not in self._lending.pools:
            return
        busy = {each.payer for each in self.open.values()}
        for payer in sorted(self._margin.debtors()):
            if payer not in busy and payer not in self._margin.liquidating:
                self._begin(payer)

    def close_for(self, payer: int) -> None:
        """A wallet is liquidated: the best quote takes what is offered now; without one the coins are free again."""
        for number in [n for n, each in self.open.items() if each.payer == payer]:
            self._end(number, self.open.pop(number), is_sold=False)

    def _begin(self, payer: int) -> None:
        shared, margin = self.shared, self._margin
        settlement = margin.settlement_asset
        owed = self._lending.house_debt(payer, settlement)
        unit = shared.prices.get(settlement)
        if not owed or unit is None:
            return
        keep: int = PPM - shared.parameters.value("conversion.discount")
        for asset in margin.by_weight(payer):
            price = shared.prices[asset]
            scale, dollars = 10 ** shared.assets[asset], 10 ** shared.assets[settlement]
            quanta = min(margin.own(payer, asset), -(-owed * unit * scale * PPM // (dollars * price * keep)))
            claim = shared.purse.claim(payer, asset)
            if quanta > shared.ledger.available(claim) and self._lending.free_up(claim, quanta, "conversion"):
                quanta = shared.ledger.available(claim)  # what is lent out stays lent
            least = quanta * price * dollars * keep // (scale * unit * PPM)
            if not quanta or not least:
                continue
            hold = shared.ledger.hold(claim, quanta, ReasonCode.CONVERSION)
            assert hold > 0, "what is free can be held"
            self._last += 1
            until = shared.time_us + shared.parameters.value("conversion.quote_time") * SECOND_MICROS
            self.open[self._last] = each = Conversion(payer, asset, quanta, hold, until, least)
            self._say(self._last, each, "requested", least)
            return

    def _say(self, number: int, each: Conversion, state: str, amount: int) -> None:
        owner = self.shared.purse.owner
        counterparty = owner(each.maker)[0] if each.maker else ""
        self.shared.events.append(
            ConversionMoved(number, *owner(each.payer), each.asset, each.quanta, amount, state, counterparty)
        )

    def _quote(self, command: QuoteConversion) -> None:
        """A maker's price for the whole; the best stands, and of equal ones the first."""
        shared, settlement = self.shared, self._margin.settlement_asset
        shared.account(command.account)
        each = self.open.get(command.conversion)
        if each is None:
            raise Refusal("unknown-conversion")
        payer = shared.purse.find(command.account, command.subaccount)
        if shared.purse.owner(each.payer)[0] == command.account:
            raise Refusal("own-conversion")
        if command.amount < each.least:
            raise Refusal("below-the-least-price")
        if command.amount <= each.amount:
            raise Refusal("not-better")
        shared.require_leave(command.account, command.subaccount, settlement, command.amount)
        shared.require_free(command.account, command.subaccount, settlement, command.amount)
        hold = shared.ledger.hold(shared.purse.claim(payer, settlement), command.amount, ReasonCode.CONVERSION)
        assert hold > 0, "what is free can be held"
        if each.maker_hold:
            shared.require(shared.ledger.release(each.maker_hold))
        each.maker, each.amount, each.maker_hold = payer, command.amount, hold
        self._say(command.conversion, each, "quoted", command.amount)

    def _end(self, number: int, each: Conversion, *, is_sold: bool = True) -> None:
        ledger, purse = self.shared.ledger, self.shared.purse
        settlement = self._margin.settlement_asset
        if each.maker:
            price = self.shared.prices.get(each.asset)
            paid = ledger.post_pending(
                each.maker_hold, each.amount, purse.claim(each.payer, settlement), ReasonCode.CONVERSION
            )
            gave = ledger.post_pending(
                each.hold, each.quanta, purse.claim(each.maker, each.asset), ReasonCode.CONVERSION, "", price
            )
            assert paid is gave is Result.OK, "both sides of a conversion were held"
            self._say(number, each, "done", each.amount)
        else:
            released = ledger.release(each.hold)
            assert released is Result.OK, "what is offered is held"
            if is_sold:
                self._sell(number, each)
            else:
                self._say(number, each, "cancelled", 0)
        owed = self._lending.house_debt(each.payer, settlement)
        if owed:
            self._lending.repay(each.payer, settlement, owed, "conversion")

    def _sell(self, number: int, each: Conversion) -> None:
        """No maker answered: the book, no lower than the least price; what it does not take waits for a next round."""
        room = self._orders.spot_room(each.asset, self._margin.settlement_asset)
        steps = 0 if room is None else min(each.quanta // room.market.step_quanta, room.market.quantity_max)
        amount = 0
        if room is not None and steps >= room.market.quantity_min:
            worst = -(-each.least * room.market.step_quanta // (each.quanta * room.market.unit_quanta))
            fills = self._orders.place_for(
                room, each.payer, int(Side.ASK), steps, SYSTEM | MARGIN, max(1, worst), "conversion"
            )
            amount = sum(price * quantity for price, quantity in fills) * room.market.unit_quanta
        self._say(number, each, "book", amount)

    # The state.

    def document(self) -> Json:
        """Open conversions by number, and the last number."""
        return {
            "last": self._last,
            "open": [
                [
                    number, each.payer, each.asset, str(each.quanta), str(each.hold), each.until_us, str(each.least),
                    each.maker, str(each.amount), str(each.maker_hold),
                ]
                for number, each in self.open.items()
            ],
        }  # fmt: skip

    def restore(self, document: Any) -> None:
        """See `Desk.restore`."""
        self._last = document["last"]
        for number, payer, asset, quanta, hold, until, least, maker, amount, maker_hold in document["open"]:
            self.open[number] = Conversion(
                payer, asset, int(quanta), int(hold), until, int(least), maker, int(amount), int(maker_hold)
            )
