"""Double entry: accounts, holds, postings and the invariants that they keep. Law 3 of the house lives here.

What flows in: movements that the engine decided, and transfers that clients made, each under a command's number and
time. What flows out: a `Result` for each, and one immutable row for every change. Nothing here reads a clock, draws a
random number or touches a file; nothing here knows a market, an order or a person.

A hold is the pending counter of the claim, against the book's HELD account:

    ledger = Ledger()
    claim = ledger.open(claim_key("alice", "USDC"))
    hold = ledger.hold(claim, 100, ReasonCode.ORDER_HOLD)
    ledger.post_pending(hold, 40, credit=seller, reason=ReasonCode.TRADE, keep=True)
    ledger.release(hold)
"""

from ledger.journal.accounts import NEVER_MICROS, Row, entry_of
from ledger.journal.chart import (
    CHART,
    CUSTOMER_CODES,
    NO_ACCOUNT,
    AccountCode,
    AccountFlag,
    AccountKey,
    AccountKind,
    ChartRow,
    claim_key,
    debt_key,
    house_debt_key,
    house_key,
)
from ledger.journal.ledger import Ledger
from ledger.journal.report import ZeroSumLine, group_difference
from ledger.journal.rounding import Split, div_ceil, div_floor, mul_div_ceil, mul_div_floor, split_floor
from ledger.journal.transfers import (
    COUNTER_MAX,
    ID_AHEAD_MILLIS_MAX,
    ID_TIME_SHIFT,
    OWN_ID_MAX,
    PRICE_SCALE,
    REFERENCE_BYTES_MAX,
    STICKY_RESULTS,
    TIME_MICROS_MAX,
    Balance,
    Entry,
    EntryKind,
    MassEntry,
    MassPosting,
    Pending,
    ReasonCode,
    Result,
    State,
    Transfer,
    TransferFlag,
    make_id,
)

__all__ = [
    "CHART",
    "COUNTER_MAX",
    "CUSTOMER_CODES",
    "ID_AHEAD_MILLIS_MAX",
    "ID_TIME_SHIFT",
    "NEVER_MICROS",
    "NO_ACCOUNT",
    "OWN_ID_MAX",
    "PRICE_SCALE",
    "REFERENCE_BYTES_MAX",
    "STICKY_RESULTS",
    "TIME_MICROS_MAX",
    "AccountCode",
    "AccountFlag",
    "AccountKey",
    "AccountKind",
    "Balance",
    "ChartRow",
    "Entry",
    "EntryKind",
    "Ledger",
    "MassEntry",
    "MassPosting",
    "Pending",
    "ReasonCode",
    "Result",
    "Row",
    "Split",
    "State",
    "Transfer",
    "TransferFlag",
    "ZeroSumLine",
    "claim_key",
    "debt_key",
    "div_ceil",
    "div_floor",
    "entry_of",
    "group_difference",
    "house_debt_key",
    "house_key",
    "make_id",
    "mul_div_ceil",
    "mul_div_floor",
    "split_floor",
]
