"""The tables of surveillance: what the order log says, one row for each thing that happened to an order or to money.

Order events: prices in ticks, quantities in steps of the market. A fill is two rows, the taker's and the maker's, each
from its own order's side. `value` is the notional and `fee` the fee, in millionths of the unit of account (null where
the quote had no price then), floor. `place` orders what one command caused; (`sequence`, `place`) is unique.
What is beyond `WIDE_MAX` is written as that: no real price or movement is, and forged ones must not stop a run.
Money events: `amount` and `balance` (owed before it) in millionths of the asset, floor; `quanta` is exact, as text.
Cost: 80 bytes a row in memory, about 20 in Parquet.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import IntEnum
from typing import Any, Final

import polars as pl

__all__ = ["MONEY_SCHEMA", "ORDER_SCHEMA", "WIDE_MAX", "EventKind", "MoneyKind", "Side", "money_frame", "order_frame"]


class EventKind(IntEnum):
    """What happened to an order."""

    PLACED = 1
    ACCEPTED = 2
    RESTED = 3
    TRADED_MAKER = 4
    TRADED_TAKER = 5
    CANCELLED = 6
    EXPIRED = 7
    AMENDED = 8
    PENDING = 9
    TRIGGERED = 10
    REJECTED = 11


class MoneyKind(IntEnum):
    """What happened to money."""

    DEPOSIT = 1
    DEPOSIT_REVERSED = 2
    WITHDRAWAL_REQUESTED = 3
    WITHDRAWAL_SENT = 4
    WITHDRAWAL_SETTLED = 5
    WITHDRAWAL_FAILED = 6


class Side(IntEnum):
    """The side of an order; 0 where the log that was read does not say (placed before it begins)."""

    BID = 1
    UNKNOWN = 0
    ASK = -1


WIDE_MAX: Final = 10**18
"""Of values, fees, amounts and balances; sums over them are made in 128 bits."""
_NAME: Final = pl.Categorical()
ORDER_SCHEMA: Final = pl.Schema(
    {
        "sequence": pl.Int64(),
        "place": pl.Int32(),
        "time": pl.Int64(),
        "market": _NAME,
        "kind": pl.UInt8(),
        "order": pl.Int64(),
        "account": _NAME,
        "subaccount": _NAME,
        "trader": _NAME,
        "side": pl.Int8(),
        "price": pl.Int64(),
        "quantity": pl.Int64(),
        "remaining": pl.Int64(),
        "trade": pl.Int64(),
        "counterparty": _NAME,
        "counter_order": pl.Int64(),
        "fee": pl.Int64(),
        "reason": pl.UInt8(),
        "value": pl.Int64(),
    }
)
"""`trader`: the session or API source that the log names. `price` of Pending and Triggered: the trigger, reference."""

MONEY_SCHEMA: Final = pl.Schema(
    {
        "sequence": pl.Int64(),
        "place": pl.Int32(),
        "time": pl.Int64(),
        "kind": pl.UInt8(),
        "account": _NAME,
        "asset": _NAME,
        "amount": pl.Int64(),
        "quanta": pl.String(),
        "value": pl.Int64(),
        "balance": pl.Int64(),
        "chain": _NAME,
        "address": pl.String(),
        "reference": pl.String(),
    }
)
"""`address`: where it came from or goes to, null where the log does not say."""


def order_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Order events from rows; what a row leaves out is null."""
    return pl.DataFrame(list(rows), schema=ORDER_SCHEMA, infer_schema_length=None)


def money_frame(rows: Sequence[Mapping[str, Any]]) -> pl.DataFrame:
    """Money events from rows; what a row leaves out is null."""
    return pl.DataFrame(list(rows), schema=MONEY_SCHEMA, infer_schema_length=None)
