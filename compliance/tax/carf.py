"""CARF and DAC8 figures: for each user, crypto-asset and kind of transaction the amount, the units and the count.

Kinds and codes as the OECD's XML schema 1.5 names them (status S: read in bindings made from it):

    CryptoFiatIn, CryptoFiatOut            bought for, sold for money: what was paid or received
    CryptoToCryptoIn, CryptoToCryptoOut    crypto against crypto, at its value then
    CryptoTransferIn   CARF501-509         what came in, by reason; CARF509 unknown
    CryptoTransferOut  CARF601-606         what went out, by reason; CARF606 unknown
    TransferWallet                         of what went out: to addresses not known to be another provider's
    RRPT                                   retail payments: there are none here, the exchange processes no payments

Amounts are net of transaction fees (gross of nothing else), at the exchange's price at that moment, exact until
written. A transaction without a price is counted apart, never at zero. A reversed deposit takes back what it added, if
that was in the same period; else it is an exception: the earlier file is to be corrected.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple

from compliance.tax.valuation import PriceBoard
from compliance.transactions.records import PriceRecord, Record, TradeRecord, TransferRecord
from ledger.journal import ReasonCode

__all__ = ["KINDS", "CarfException", "CarfFigures", "CarfTable", "Key"]

KINDS: Final = ("CryptoToCryptoIn", "CryptoToCryptoOut", "CryptoFiatIn", "CryptoFiatOut", "CryptoTransferIn",
                "CryptoTransferOut", "TransferWallet", "RRPT")  # fmt: skip
"""In the order of the schema."""
IN_UNKNOWN, IN_PROVIDER, IN_LOAN, IN_OTHER = "CARF509", "CARF505", "CARF504", "CARF508"
OUT_UNKNOWN, OUT_PROVIDER, OUT_OTHER = "CARF606", "CARF601", "CARF605"
_IN_CODES: Final[Mapping[ReasonCode, str]] = MappingProxyType(
    {ReasonCode.DEPOSIT: IN_UNKNOWN, ReasonCode.DUST: IN_UNKNOWN, ReasonCode.INTEREST: IN_LOAN}
)
_OUT_CODES: Final[Mapping[ReasonCode, str]] = MappingProxyType({ReasonCode.WITHDRAWAL: OUT_UNKNOWN})


class Key(NamedTuple):
    """What is added up together; `code` is empty where a kind has none."""

    account: str
    asset: str
    kind: str
    code: str


@dataclass(slots=True)
class CarfFigures:
    """A sum: `amount` in the reporting currency, `units` whole units. `unvalued` of `count` had no price."""

    amount: Fraction = field(default_factory=Fraction)
    units: Fraction = field(default_factory=Fraction)
    count: int = 0
    unvalued: int = 0


class CarfException(NamedTuple):
    """What is in no figure, and why."""

    account: str
    asset: str
    position: int
    reference: str
    problem: str


Original = Callable[[TransferRecord], TransferRecord | None]
"""The deposit that a reversal takes back, if it was in the period."""


class CarfTable:
    """Adds records up. `providers`: destinations and counterparties known to be another provider's."""

    def __init__(self, board: PriceBoard, original: Original, providers: Iterable[str] = ()) -> None:
        self.board = board
        self.figures: dict[Key, CarfFigures] = {}
        self.exceptions: list[CarfException] = []
        self._original = original
        self._providers = frozenset(providers)

    def take(self, record: Record) -> None:
        """Add one record."""
        if isinstance(record, PriceRecord):
            self.board.take(record)
        elif isinstance(record, TradeRecord):
            self._trade(record)
        elif isinstance(record, TransferRecord) and record.quanta and record.asset not in self.board.money:
            self._transfer(record)

    def _add(self, key: Key, units: Fraction, value: Fraction | None, sign: int = 1) -> None:
        figures = self.figures.setdefault(key, CarfFigures())
        figures.units += sign * units
        figures.count += sign
        if value is None:
            figures.unvalued += sign
        else:
            figures.amount += sign * value

    def _trade(self, trade: TradeRecord) -> None:
        market, money = trade.market, self.board.money
        if trade.buyer.account == trade.seller.account:
            return  # Nothing changed hands.
        base, quote = market.base not in money, market.quote not in money
        base_units = Fraction(trade.base_quanta, 10**market.base_scale)
        quote_units = Fraction(trade.quote_quanta, 10**market.quote_scale)
        value = self.board.value(market.quote, quote_units)
        if value is None:
            value = self.board.value(market.base, base_units)
        into, out = ("CryptoToCryptoIn", "CryptoToCryptoOut") if base and quote else ("CryptoFiatIn", "CryptoFiatOut")
        if base:
            self._add(Key(trade.buyer.account, market.base, into, ""), base_units, value)
            self._add(Key(trade.seller.account, market.base, out, ""), base_units, value)
        if quote:
            self._add(Key(trade.seller.account, market.quote, into, ""), quote_units, value)
            self._add(Key(trade.buyer.account, market.quote, out, ""), quote_units, value)

    def _transfer(self, transfer: TransferRecord) -> None:
        if transfer.reason is ReasonCode.TRANSFER and transfer.counterparty == f"customer:{transfer.account}":
            return
        if transfer.reason is ReasonCode.DEPOSIT_REVERSAL:
            self._take_back(transfer)
            return
        units = Fraction(abs(transfer.quanta), 10**transfer.scale)
        value = self._value(transfer, units)
        if transfer.quanta > 0:
            code = _IN_CODES.get(transfer.reason, IN_OTHER)
            self._add(Key(transfer.account, transfer.asset, "CryptoTransferIn", code), units, value)
            return
        known = transfer.destination is not None and transfer.destination in self._providers
        code = OUT_PROVIDER if known else _OUT_CODES.get(transfer.reason, OUT_OTHER)
        self._add(Key(transfer.account, transfer.asset, "CryptoTransferOut", code), units, value)
        if transfer.reason is ReasonCode.WITHDRAWAL and not known:
            self._add(Key(transfer.account, transfer.asset, "TransferWallet", ""), units, value)

    def _value(self, transfer: TransferRecord, units: Fraction) -> Fraction | None:
        """At the price that the entry carries, else at the one in force."""
        return self.board.value_at(transfer.asset, units, transfer.price)

    def _take_back(self, transfer: TransferRecord) -> None:
        deposit = self._original(transfer)
        if deposit is None or deposit.quanta != -transfer.quanta:
            problem = "reverses a deposit of another period, or part of one: correct the file that it was in"
            self.exceptions.append(
                CarfException(transfer.account, transfer.asset, transfer.position, transfer.reference, problem)
            )
            return
        units = Fraction(deposit.quanta, 10**deposit.scale)
        key = Key(deposit.account, deposit.asset, "CryptoTransferIn", _IN_CODES.get(deposit.reason, IN_OTHER))
        self._add(key, units, self._value(deposit, units), sign=-1)

    def rows(self) -> list[tuple[Key, CarfFigures]]:
        """By user, asset and kind in the schema's order; sums that were taken back in full are gone."""
        order = {kind: place for place, kind in enumerate(KINDS)}
        left = [(key, figures) for key, figures in self.figures.items() if figures.count]
        return sorted(left, key=lambda row: (row[0].account, row[0].asset, order[row[0].kind], row[0].code))
