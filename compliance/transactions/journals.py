"""Transaction-level books of Japan, the United States and Dubai, and how complete their fields are.

A row has every column of its book. What a row lacks is left empty and counted: a field that its rule needs and that
is empty is an exception, by column, with the rows it is missing in. Names and countries come from the firm's reference
data (its personal store); nothing here guesses them.

- `jp`: 取引日記帳, Cabinet Office Order on crypto-asset exchange service providers, article 34(2) (JP-BK-04, status V):
  one row for each side of each trade. The columns for margin trades stand empty: no such trade exists here yet.
- `us`: records of transactions, 31 CFR 1010.410 and 1010.430 (US-REC-01; retention V, fields S): trades and transfers.
- `vara`: books of each transaction, CRM Part I.F (VARA-REC-01, status V): trades and transfers.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from types import MappingProxyType
from typing import Final, NamedTuple

from compliance.transactions.identifiers import decimal_text, micros_text
from compliance.transactions.records import Record, TradeRecord, TradeSide, TransferRecord
from compliance.transactions.reference import Reference

__all__ = ["BOOKS", "Book", "Completeness", "book_rows"]


class Book(NamedTuple):
    """One book: its columns in order, which of them every row must have, and the rule that says so."""

    name: str
    rule: str
    columns: tuple[str, ...]
    needed: frozenset[str]
    has_transfers: bool


_JP_NEEDED: Final = ("date", "time", "user_name", "own_or_agency", "side", "asset", "quantity", "unit_price", "amount",
                     "other_asset", "fee", "fee_asset")  # fmt: skip
_JP_MARGIN: Final = ("margin", "margin_open_or_close", "margin_credit", "margin_due")
_TRANSACTION: Final = ("date", "time", "reference", "type", "account", "name", "country", "asset", "amount",
                       "unit_price", "value", "value_asset", "fee", "fee_asset", "instruction", "counterparty",
                       "destination")  # fmt: skip
_TRANSACTION_NEEDED: Final = ("date", "time", "reference", "type", "account", "name", "country", "asset", "amount",
                              "counterparty")  # fmt: skip
BOOKS: Final = MappingProxyType(
    {
        "jp": Book(
            "jp",
            "JP-BK-04",
            (*_JP_NEEDED[:10], "counterparty", *_JP_NEEDED[10:], *_JP_MARGIN, "account", "trade"),
            frozenset(_JP_NEEDED) | {"counterparty"},
            False,
        ),
        "us": Book("us", "US-REC-01", _TRANSACTION, frozenset(_TRANSACTION_NEEDED), True),
        "vara": Book("vara", "VARA-REC-01", _TRANSACTION, frozenset(_TRANSACTION_NEEDED) | {"instruction"}, True),
    }
)


class Completeness:
    """Counts rows, and for each column that is needed the rows that lack it."""

    def __init__(self, book: Book) -> None:
        self.book = book
        self.rows = 0
        self.missing = dict.fromkeys(sorted(book.needed), 0)

    def count(self, row: Mapping[str, str]) -> tuple[str, ...]:
        """Count one row; the needed columns that it lacks."""
        self.rows += 1
        lacking = tuple(name for name in self.missing if not row[name])
        for name in lacking:
            self.missing[name] += 1
        return lacking

    @property
    def share(self) -> Fraction:
        """Needed fields that are there, of all that should be; 1 for a book without rows."""
        total = self.rows * len(self.missing)
        return 1 - Fraction(sum(self.missing.values()), total) if total else Fraction(1)

    def document(self) -> dict[str, object]:
        """As JSON."""
        return {
            "book": self.book.name,
            "complete": decimal_text(self.share, 6),
            "missing": {name: count for name, count in self.missing.items() if count},
            "rows": self.rows,
            "rule": self.book.rule,
        }


def book_rows(records: Iterable[Record], reference: Reference, book: Book) -> Iterator[dict[str, str]]:
    """The rows of a book, in the order of the records."""
    for record in records:
        if isinstance(record, TradeRecord):
            for side in (record.buyer, record.seller):
                found = _jp_row(record, side, reference) if book.name == "jp" else _trade_row(record, side, reference)
                yield {name: found.get(name, "") for name in book.columns}
        elif isinstance(record, TransferRecord) and book.has_transfers:
            found = _transfer_row(record, reference)
            yield {name: found.get(name, "") for name in book.columns}


def _when(time_us: int) -> dict[str, str]:
    text = micros_text(time_us)
    return {"date": text[:10], "time": text[11:]}


def _figures(trade: TradeRecord, side: TradeSide) -> dict[str, str]:
    market = trade.market
    return {
        "asset": market.base,
        "quantity": decimal_text(Fraction(trade.base_quanta, 10**market.base_scale), market.base_scale),
        "unit_price": decimal_text(trade.unit_price, market.tick_decimals),
        "amount": decimal_text(Fraction(trade.quote_quanta, 10**market.quote_scale), market.quote_scale),
        "other_asset": market.quote,
        "fee": decimal_text(Fraction(side.fee_quanta, 10**market.quote_scale), market.quote_scale),
        "fee_asset": market.quote,
    }


def _jp_row(trade: TradeRecord, side: TradeSide, reference: Reference) -> dict[str, str]:
    """Money against crypto is a purchase or a sale, crypto against crypto an exchange (交換)."""
    is_buyer = side is trade.buyer
    other = trade.seller if is_buyer else trade.buyer
    is_money = bool(reference.asset(trade.market.quote).currency)
    return {
        **_when(trade.time_us),
        **_figures(trade, side),
        "user_name": reference.client(side.account).full_name,
        "own_or_agency": "agency",
        "side": ("buy" if is_buyer else "sell") if is_money else "exchange in" if is_buyer else "exchange out",
        "counterparty": reference.client(other.account).full_name,
        "account": side.account,
        "trade": f"{trade.market.symbol}/{trade.trade_id}",
    }


def _trade_row(trade: TradeRecord, side: TradeSide, reference: Reference) -> dict[str, str]:
    is_buyer = side is trade.buyer
    other = trade.seller if is_buyer else trade.buyer
    client, figures = reference.client(side.account), _figures(trade, side)
    terms = side.terms
    return {
        **_when(trade.time_us),
        "reference": f"{trade.market.symbol}/{trade.trade_id}",
        "type": "buy" if is_buyer else "sell",
        "account": side.account,
        "name": client.full_name,
        "country": client.country,
        "asset": figures["asset"],
        "amount": figures["quantity"],
        "unit_price": figures["unit_price"],
        "value": figures["amount"],
        "value_asset": figures["other_asset"],
        "fee": figures["fee"],
        "fee_asset": figures["fee_asset"],
        "instruction": ""
        if terms is None
        else f"order {side.order_id}: {terms.kind} {terms.side} {terms.time_in_force}",
        "counterparty": f"customer:{other.account}",
    }


def _transfer_row(transfer: TransferRecord, reference: Reference) -> dict[str, str]:
    client = reference.client(transfer.account)
    signed = transfer.quanta or -transfer.debt_quanta
    return {
        **_when(transfer.time_us),
        "reference": transfer.reference or f"entry:{transfer.entry}",
        "type": transfer.kind,
        "account": transfer.account,
        "name": client.full_name,
        "country": client.country,
        "asset": transfer.asset,
        "amount": decimal_text(Fraction(signed, 10**transfer.scale), transfer.scale),
        "unit_price": "" if transfer.price is None else decimal_text(Fraction(transfer.price, 10**18), 18),
        "instruction": f"log position {transfer.position}",
        "counterparty": transfer.counterparty,
        "destination": transfer.destination or "",
    }
