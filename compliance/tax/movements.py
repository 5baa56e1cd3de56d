"""From records to lots: what each trade and transfer acquires, disposes of or moves, in the reporting currency.

Rules, for digital assets; money (an asset with a currency) has no lots:
1. A purchase for money acquires at what was paid with the fee. A sale for money brings what was received less the fee.
2. Crypto against crypto is a disposal of one and an acquisition of the other at the value of the quote that changed
   hands; the fee, in the quote asset, belongs to the disposal: what is received counts net of it.
3. A deposit acquires with unknown basis, noncovered; so does a correction. A referral or interest is income: basis is
   its value then. Lots that were bought here on or after `covered_from` are covered while they stay.
4. A withdrawal takes lots away with their basis and is no disposal. A fee in the asset is one, at its value.
5. A reversed deposit takes its own lot first. A repayment or a correction takes lots and is no disposal.
6. A trade with oneself moves nothing but its fees. A move between one's own subaccounts moves nothing.

What has no value is kept with None and listed. Source: IRC 1001, 1012, 6045 and their regulations, status S.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Final, NamedTuple

from compliance.tax.lots import LotBook, Method, Part
from compliance.tax.parameters import covered_from
from compliance.tax.valuation import PriceBoard
from compliance.transactions.records import PriceRecord, Record, TradeRecord, TradeSide, TransferRecord
from ledger.journal import ReasonCode

__all__ = ["DISPOSALS", "Departure", "LotLedger"]

DISPOSALS: Final = frozenset({"sale", "exchange", "fee"})
"""Kinds of departures that are disposals; the others take lots away and realise nothing."""
_INCOME: Final = frozenset({ReasonCode.REFERRAL, ReasonCode.INTEREST, ReasonCode.FUNDING, ReasonCode.DIVIDEND})
_FEES: Final = frozenset({ReasonCode.WITHDRAWAL_FEE, ReasonCode.LIQUIDATION_FEE})
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
Chooser = Callable[[str, str, str], Sequence[int]]
"""The lots that a customer named for a departure: account, asset, reference to numbers of lots."""


class Departure(NamedTuple):
    """Part of one lot that left: what it brought (`proceeds`) and had cost (`basis`), in the reporting currency.

    `cash`: whether money alone was received. `received`: the asset that was. Proceeds of what is no disposal are None.
    """

    account: str
    asset: str
    scale: int
    time_us: int
    kind: str
    reference: str
    part: Part
    proceeds: Fraction | None
    received: str
    fee: Fraction | None

    @property
    def is_disposal(self) -> bool:
        return self.kind in DISPOSALS


class LotLedger:
    """Every owner's lots, brought forward record by record. `books` by account and asset."""

    def __init__(self, board: PriceBoard, method: Method = Method.FIFO, choose: Chooser | None = None) -> None:
        self.board = board
        self.method = method
        self.books: dict[tuple[str, str], LotBook] = {}
        self.unvalued = 0
        self._choose = choose
        self._covered_us = int(
            (datetime.combine(covered_from(), datetime.min.time(), UTC) - _EPOCH).total_seconds() * 1_000_000
        )

    def departures(self, records: Iterable[Record]) -> Iterator[Departure]:
        """What left, in the order of the records."""
        for record in records:
            if isinstance(record, PriceRecord):
                self.board.take(record)
            elif isinstance(record, TradeRecord):
                yield from self._trade(record)
            elif isinstance(record, TransferRecord) and record.quanta:
                yield from self._transfer(record)

    def _is_money(self, asset: str) -> bool:
        return asset in self.board.money

    def _book(self, account: str, asset: str) -> LotBook:
        key = (account, asset)
        book = self.books.get(key)
        if book is None:
            book = self.books[key] = LotBook(self.method)
        return book

    # Trades.

    def _trade(self, trade: TradeRecord) -> Iterator[Departure]:
        market = trade.market
        reference = f"{market.symbol}/{trade.trade_id}"
        sides = (trade.buyer, trade.seller)
        if trade.buyer.account == trade.seller.account:
            for side in sides:
                yield from self._own_fee(trade, side, reference)
            return
        # The side whose asset leaves comes first: what it gives must be there before what it gets.
        yield from self._sold(trade, trade.seller, reference)
        yield from self._bought(trade, trade.buyer, reference)

    def _quote(self, trade: TradeRecord, quanta: int) -> Fraction | None:
        """Value of so many quanta of the quote asset."""
        return self.board.value(trade.market.quote, Fraction(quanta, 10**trade.market.quote_scale))

    def _sold(self, trade: TradeRecord, side: TradeSide, reference: str) -> Iterator[Departure]:
        market, net = trade.market, trade.quote_quanta - side.fee_quanta
        received = self._quote(trade, net)
        if not self._is_money(market.base):
            fee = self._quote(trade, side.fee_quanta)
            what = (market.base, market.base_scale, trade.base_quanta)
            kind = "sale" if self._is_money(market.quote) else "exchange"
            yield from self._leave(side.account, what, trade.time_us, kind, reference, received, market.quote, fee)
        if not self._is_money(market.quote) and net > 0:
            self._buy(side.account, market.quote, net, received, trade.time_us, reference)

    def _bought(self, trade: TradeRecord, side: TradeSide, reference: str) -> Iterator[Departure]:
        market, gross = trade.market, trade.quote_quanta + side.fee_quanta
        value = self._quote(trade, trade.quote_quanta)
        if self._is_money(market.quote):
            cost = self._quote(trade, gross)
        else:
            cost, fee = value, self._quote(trade, side.fee_quanta)
            what = (market.quote, market.quote_scale, gross)
            kind = "sale" if self._is_money(market.base) else "exchange"
            yield from self._leave(side.account, what, trade.time_us, kind, reference, value, market.base, fee)
        if not self._is_money(market.base):
            self._buy(side.account, market.base, trade.base_quanta, cost, trade.time_us, reference)

    def _own_fee(self, trade: TradeRecord, side: TradeSide, reference: str) -> Iterator[Departure]:
        market, quanta = trade.market, side.fee_quanta
        if self._is_money(market.quote) or not quanta:
            return
        value = self._quote(trade, abs(quanta))
        if quanta > 0:
            what = (market.quote, market.quote_scale, quanta)
            yield from self._leave(side.account, what, trade.time_us, "fee", reference, value, "", None)
        else:
            self._book(side.account, market.quote).acquire(trade.time_us, -quanta, value, "rebate", reference)

    def _buy(self, account: str, asset: str, quanta: int, cost: Fraction | None, time_us: int, reference: str) -> None:
        self.unvalued += cost is None
        covered = cost is not None and time_us >= self._covered_us
        self._book(account, asset).acquire(time_us, quanta, cost, "trade", reference, covered=covered)

    # Transfers.

    def _transfer(self, transfer: TransferRecord) -> Iterator[Departure]:
        own = transfer.counterparty == f"customer:{transfer.account}" and transfer.reason is ReasonCode.TRANSFER
        if self._is_money(transfer.asset) or own:
            return
        amount = Fraction(abs(transfer.quanta), 10**transfer.scale)
        if transfer.quanta > 0:
            is_income = transfer.reason in _INCOME
            basis = self.board.value(transfer.asset, amount) if is_income else None
            self.unvalued += is_income and basis is None
            book = self._book(transfer.account, transfer.asset)
            book.acquire(transfer.time_us, transfer.quanta, basis, transfer.kind, transfer.reference)
            return
        is_fee = transfer.reason in _FEES
        proceeds = self.board.value(transfer.asset, amount) if is_fee else None
        kind = "fee" if is_fee else transfer.kind
        what = (transfer.asset, transfer.scale, -transfer.quanta)
        yield from self._leave(
            transfer.account, what, transfer.time_us, kind, transfer.reference, proceeds, "", None
        )  # fmt: skip

    # Departures.

    def _leave(
        self, account: str, what: tuple[str, int, int], time_us: int, kind: str, reference: str,
        proceeds: Fraction | None, received: str, fee: Fraction | None,
    ) -> Iterator[Departure]:  # fmt: skip
        asset, scale, quanta = what
        book = self._book(account, asset)
        chosen = list(book.of_reference(reference)) if kind == "deposit reversal" else []
        if self._choose is not None:
            chosen += self._choose(account, asset, reference)
        self.unvalued += kind in DISPOSALS and proceeds is None
        for part in book.release(quanta, chosen):
            share = Fraction(part.quanta, quanta)
            yield Departure(
                account, asset, scale, time_us, kind, reference, part, None if proceeds is None else proceeds * share,
                received, None if fee is None else fee * share,
            )  # fmt: skip
