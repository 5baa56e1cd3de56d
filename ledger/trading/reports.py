"""What a book answers: flat rows of integers, the first one their kind, and the closed list of reasons.

Books append plain tuples, which cost a third of a named one; `read_report` gives the readable form, and a named tuple
equals the plain one of the same numbers. An order's last word is Rejected, Cancelled, Expired, or a Traded that leaves
it nothing; an order by quote quantity always ends Expired (`BudgetSpent` when it did all that it could).
"""

from __future__ import annotations

from enum import IntEnum
from typing import Final, NamedTuple, TypeAlias

__all__ = [
    "Accepted",
    "Amended",
    "Cancelled",
    "Expired",
    "Kind",
    "Pending",
    "Reason",
    "Rejected",
    "Report",
    "ReportRow",
    "Rested",
    "Traded",
    "Triggered",
    "read_report",
]


class Kind(IntEnum):
    """The first number of every report."""

    ACCEPTED = 1
    RESTED = 2
    TRADED = 3
    CANCELLED = 4
    EXPIRED = 5
    AMENDED = 6
    PENDING = 7
    TRIGGERED = 8
    REJECTED = 9


class Reason(IntEnum):
    """Why an order was rejected, cancelled or expired. The list is closed; numbers never change their meaning.

    Where several hold, the first in the order of `rules.py` is given. `label` is the name on the wire.
    """

    NONE = 0
    USER_REQUEST = 1
    CANCEL_ALL = 2
    SESSION_CLOSED = 3
    KILL_SWITCH = 4
    OPERATOR = 5
    OCO_PARTNER = 6
    AMENDED_TO_FILLED = 7
    ACCOUNT_TRADING_SUSPENDED = 10
    MARKET_CLOSED = 11
    CANCEL_ONLY_MODE = 12
    LIMIT_ONLY_MODE = 13
    POST_ONLY_MODE = 14
    DUPLICATE_ORDER = 15
    UNKNOWN_ORDER = 16
    NOT_RESTING = 17
    INVALID_ORDER = 18
    INVALID_PRICE = 19
    INVALID_QUANTITY = 20
    MIN_NOTIONAL = 21
    INVALID_EXPIRY = 22
    INVALID_TRIGGER = 23
    OPEN_ORDERS_MAX = 24
    PRICE_OUT_OF_BOUNDS = 30
    PRICE_IMPACT = 31
    SLIPPAGE_TOLERANCE_EXCEEDED = 32
    POST_ONLY_TAKER = 33
    FILL_OR_KILL = 34
    IMMEDIATE_OR_CANCEL = 35
    INSUFFICIENT_LIQUIDITY = 36
    BUDGET_SPENT = 37
    SELF_TRADE_PREVENTION = 38
    GOOD_TILL_TIME = 39
    INSUFFICIENT_FUNDS = 40
    INSUFFICIENT_MARGIN = 41
    POSITION_LIMIT = 42
    NEGATIVE_EQUITY = 43
    BORROW_LIMIT = 44
    INSUFFICIENT_BORROWABLE_QUANTITY = 45
    BORROW_REQUIRES_LEND_REDEEM = 46
    LENT_OUT = 47
    NOT_PERMITTED = 48
    REDUCE_ONLY_NOT_REDUCED = 49
    ACCOUNT_LIQUIDATING = 50
    LIQUIDATION = 51
    OPEN_INTEREST_LIMIT = 52
    NO_VALID_PRICE = 53
    MEAN_MARK_BAND = 54
    MEAN_PREMIUM_BAND = 55
    DISCOVERY_BAND = 56
    ORDER_VALUE_MAX = 57
    ORDER_VOLUME_MAX = 58
    STOP_WITHOUT_POSITION = 59
    MARKET_EXPIRED = 60
    CIRCUIT_BREAKER = 61

    @property
    def label(self) -> str:
        """The name that clients see, such as `PostOnlyTaker`."""
        return "".join(word.capitalize() for word in self.name.split("_"))


ReportRow: TypeAlias = tuple[int, ...]


class Accepted(NamedTuple):
    """The order passed every check and its funds are held."""

    kind: int
    order_id: int


class Rested(NamedTuple):
    """`quantity` steps now stand in the book at `price`."""

    kind: int
    order_id: int
    price: int
    quantity: int


class Traded(NamedTuple):
    """A fill at the maker's `price`. Fees are quote quanta, negative for a rebate; `taker_side` is a `Side`.

    `trade_id` counts from 1 in each market. A taker by quote quantity shows 0 remaining steps.
    """

    kind: int
    trade_id: int
    maker_id: int
    taker_id: int
    price: int
    quantity: int
    taker_side: int
    maker_remaining: int
    taker_remaining: int
    maker_fee_quanta: int
    taker_fee_quanta: int


class Cancelled(NamedTuple):
    """Somebody ended the order; `quantity` steps were left."""

    kind: int
    order_id: int
    quantity: int
    reason: int


class Expired(NamedTuple):
    """A rule ended the order; `quantity` steps were left (0 for an order by quote quantity)."""

    kind: int
    order_id: int
    quantity: int
    reason: int


class Amended(NamedTuple):
    """The order now has `price` and `quantity` steps left; `kept_priority` is 1 where it kept its place."""

    kind: int
    order_id: int
    price: int
    quantity: int
    kept_priority: int


class Pending(NamedTuple):
    """The order waits for its trigger (TriggerPending). It holds no funds until then."""

    kind: int
    order_id: int
    trigger_price: int


class Triggered(NamedTuple):
    """The watched price reached the trigger; what follows is the order itself."""

    kind: int
    order_id: int
    reference_price: int


class Rejected(NamedTuple):
    """The order or instruction changed nothing."""

    kind: int
    order_id: int
    reason: int


Report: TypeAlias = Accepted | Rested | Traded | Cancelled | Expired | Amended | Pending | Triggered | Rejected

_READERS: Final = {
    Kind.ACCEPTED: Accepted,
    Kind.RESTED: Rested,
    Kind.TRADED: Traded,
    Kind.CANCELLED: Cancelled,
    Kind.EXPIRED: Expired,
    Kind.AMENDED: Amended,
    Kind.PENDING: Pending,
    Kind.TRIGGERED: Triggered,
    Kind.REJECTED: Rejected,
}


def read_report(row: ReportRow) -> Report:
    """The named form of one report. Raises ValueError for an unknown kind."""
    reader: type[Report] = _READERS[Kind(row[0])]
    return reader(*row)
