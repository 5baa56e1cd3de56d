"""What only the log has: the terms of orders and the destinations of withdrawals, from the bytes that were signed.

A period is read in one pass over its records; the terms of an order that was placed before it are looked up one by one.
What was archived and removed from the log is None, never guessed. Memory: the open batch of the log.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple, Protocol

from compliance.transactions.records import OrderTerms
from ledger.api_strings import read_instructions
from ledger.commands import Command, NewOrder, PlaceOrders, RequestWithdrawal, read_command
from ledger.commands.listing import ListAsset, SetAssetFacts
from ledger.errors import FormatError
from ledger.log import LogReader, Record
from ledger.signatures import parse_request
from ledger.trading.market import Market

__all__ = ["AssetCodes", "LogTerms", "NoTerms", "Terms"]


class AssetCodes(NamedTuple):
    """An asset's codes as its listing states them: DTI (ISO 24165), ISIN, CFI; empty where it has none."""

    dti: str
    isin: str
    cfi: str


class Terms(Protocol):
    """Where the reader asks for what the store lacks."""

    def orders_of(self, position: int, account: str) -> tuple[OrderTerms, ...] | None:
        """The terms of a command's orders in their order; None where the log does not have them any more."""

    def destination_of(self, position: int, account: str) -> str | None:
        """Where the withdrawal that was asked for at a position goes."""


class NoTerms:
    """For who needs none: every answer is None."""

    def orders_of(self, position: int, account: str) -> tuple[OrderTerms, ...] | None:
        """See `Terms`."""
        return None

    def destination_of(self, position: int, account: str) -> str | None:
        """See `Terms`."""
        return None


class LogTerms:
    """See the module. Questions about positions from `first` to `last` are asked in rising order."""

    def __init__(
        self,
        reader: LogReader,
        exchange: str,
        markets: Mapping[str, Market],
        scales: Mapping[str, int],
        first: int,
        last: int,
    ) -> None:
        self._reader, self._exchange = reader, exchange
        self._markets, self._scales = markets, scales
        self._oldest, self._newest = reader.first_sequence, int(reader.head.sequence)
        self._first = max(first, self._oldest)
        self._records: Iterator[Record] = reader.records(self._first, last) if last >= self._first else iter(())
        self._record: Record | None = None

    def record(self, position: int) -> Record | None:
        """The record at a position; None where the log does not have it any more."""
        if not self._oldest <= position <= self._newest:
            return None
        if position < self._first:
            return next(self._reader.records(position, position))
        while self._record is None or self._record.sequence < position:
            self._record = next(self._records, None)
            if self._record is None:
                return next(self._reader.records(position, position))
        if self._record.sequence == position:
            return self._record
        return next(self._reader.records(position, position))

    def _command(self, position: int, account: str) -> tuple[Record, Command] | None:
        record = self.record(position)
        if record is None:
            return None
        request = parse_request(record.entry.scheme, record.entry.signed, self._exchange)
        try:
            if request.command is not None:
                return record, read_command(request.command)
            return record, read_instructions(request.instructions, account, self._markets, self._scales)
        except FormatError:
            return None

    def orders_of(self, position: int, account: str) -> tuple[OrderTerms, ...] | None:
        """See `Terms`."""
        found = self._command(position, account)
        if found is None or not isinstance(found[1], PlaceOrders):
            return None
        return tuple(_terms(order, found[0]) for order in found[1].orders)

    def destination_of(self, position: int, account: str) -> str | None:
        """See `Terms`."""
        found = self._command(position, account)
        return found[1].destination if found is not None and isinstance(found[1], RequestWithdrawal) else None

    def codes_at(self, position: int) -> tuple[str, AssetCodes] | None:
        """The asset that the command at a position lists or describes, and its codes."""
        found = self._command(position, "")
        if found is None or not isinstance(found[1], ListAsset | SetAssetFacts):
            return None
        return found[1].asset, AssetCodes(found[1].dti, found[1].isin, found[1].cfi)


def _terms(order: NewOrder, record: Record) -> OrderTerms:
    door = record.entry.door
    return OrderTerms(
        {"bid": "buy", "ask": "sell"}[order.side], order.kind, order.quantity, order.quote_quantity, order.price,
        order.time_in_force, order.expires, order.post_only, order.self_trade, order.trigger, order.trigger_price,
        int(record.entry.received_us), door.capacity, door.on_behalf, door.trader_kind, door.trader,
        door.beneficial_owner,
    )  # fmt: skip
