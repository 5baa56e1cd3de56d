"""What is asked of the ledger, what it answers, and the rows that it leaves behind.

`Result` lists the answers in their fixed precedence: where several hold, the one with the lowest number is given, so
that two implementations agree on which. Sticky results burn the id of a client-made transfer: the same id can never
succeed later, because what refused it was the state of that moment.
"""

from __future__ import annotations

from enum import IntEnum, IntFlag
from typing import Final, NamedTuple, TypeAlias

from ledger.journal.chart import NO_ACCOUNT

__all__ = [
    "COUNTER_MAX",
    "ID_AHEAD_MILLIS_MAX",
    "ID_TIME_SHIFT",
    "OWN_ID_MAX",
    "PRICE_SCALE",
    "REFERENCE_BYTES_MAX",
    "STICKY_RESULTS",
    "TIME_MICROS_MAX",
    "Balance",
    "Entry",
    "EntryKind",
    "MassEntry",
    "MassPosting",
    "Pending",
    "PendingRow",
    "ReasonCode",
    "Result",
    "State",
    "Transfer",
    "TransferFlag",
    "make_id",
]

COUNTER_MAX: Final = 2**127 - 1
"""The largest value of a counter, and of a pending and a posted counter together."""
ID_TIME_SHIFT: Final = 80
"""A client-made id is 48 bits of Unix milliseconds and then 80 bits of the client's choice."""
OWN_ID_MAX: Final = 2**ID_TIME_SHIFT - 1
"""Ids up to here are the ledger's own: the sequence number of the entry that they name."""
ID_AHEAD_MILLIS_MAX: Final = 3_600_000
"""An id whose time is further ahead than this would be remembered for too long, and is refused."""
TIME_MICROS_MAX: Final = 2**63 - 1
REFERENCE_BYTES_MAX: Final = 128
PRICE_SCALE: Final = 18
"""A reference price is in 10^-18 of the unit of account for one whole unit of the asset."""


class ReasonCode(IntEnum):
    """Why an entry was made: a closed list. The numbers are part of the log's format and never change."""

    TRADE = 1
    FEE = 2
    REBATE = 3
    REFERRAL = 4
    DEPOSIT = 5
    DEPOSIT_REVERSAL = 6
    WITHDRAWAL = 7
    WITHDRAWAL_FEE = 8
    REFUND = 9
    INTEREST = 10
    FUNDING = 11
    SETTLEMENT = 12
    LIQUIDATION = 13
    CONVERSION = 14
    CORRECTION = 15
    DUST = 16
    BORROW = 17
    REPAY = 18
    TRANSFER = 19
    ORDER_HOLD = 20
    LIQUIDATION_FEE = 21
    INSURANCE = 22
    BACKSTOP = 23
    DELEVERAGING = 24
    LEND = 25
    REDEEM = 26
    PLEDGE = 27
    VAULT = 28
    DIVIDEND = 29
    CORPORATE_ACTION = 30
    PAYOUT = 31
    TAX = 32
    NETWORK_FEE = 33
    CUSTODY_MOVE = 34
    CAPITAL = 35
    INTER_ENTITY = 36


class TransferFlag(IntFlag):
    """How a client-made transfer is to be applied.

    LINKED: stands or falls with the next one of the batch. PENDING: a hold. POST_PENDING, VOID_PENDING: ends a hold.
    BALANCING_DEBIT, BALANCING_CREDIT: at most what the limit of that account leaves, instead of all or nothing.
    """

    NONE = 0
    LINKED = 1
    PENDING = 2
    POST_PENDING = 4
    VOID_PENDING = 8
    BALANCING_DEBIT = 16
    BALANCING_CREDIT = 32


class Result(IntEnum):
    """The answers, in their precedence. OK is zero and everything else is a refusal that changed nothing."""

    OK = 0
    # Chains.
    LINKED_EVENT_FAILED = 1
    LINKED_EVENT_CHAIN_OPEN = 2
    # The id alone.
    ID_MUST_NOT_BE_ZERO = 3
    ID_MUST_NOT_BE_MAX = 4
    ID_MUST_CARRY_TIME = 5
    ID_TOO_OLD = 6
    ID_TIME_AHEAD = 7
    # The id was seen before.
    EXISTS_WITH_DIFFERENT_FLAGS = 8
    EXISTS_WITH_DIFFERENT_PENDING_ID = 9
    EXISTS_WITH_DIFFERENT_TIMEOUT = 10
    EXISTS_WITH_DIFFERENT_DEBIT_ACCOUNT = 11
    EXISTS_WITH_DIFFERENT_CREDIT_ACCOUNT = 12
    EXISTS_WITH_DIFFERENT_AMOUNT = 13
    EXISTS_WITH_DIFFERENT_REASON = 14
    EXISTS_WITH_DIFFERENT_VALUE_TIME = 15
    EXISTS_WITH_DIFFERENT_PRICE = 16
    EXISTS_WITH_DIFFERENT_REFERENCE = 17
    EXISTS = 18
    ID_ALREADY_FAILED = 19
    # The form of the transfer.
    FLAGS_ARE_UNKNOWN = 20
    FLAGS_ARE_MUTUALLY_EXCLUSIVE = 21
    AMOUNT_MUST_NOT_BE_ZERO = 22
    AMOUNT_OUT_OF_RANGE = 23
    REASON_UNKNOWN = 24
    VALUE_TIME_OUT_OF_RANGE = 25
    PRICE_OUT_OF_RANGE = 26
    REFERENCE_TOO_LONG = 27
    TIMEOUT_RESERVED_FOR_PENDING = 28
    TIMEOUT_OUT_OF_RANGE = 29
    PENDING_ID_MUST_BE_ZERO = 30
    PENDING_ID_MUST_NOT_BE_ZERO = 31
    PENDING_ID_MUST_BE_DIFFERENT = 32
    ACCOUNTS_MUST_BE_DIFFERENT = 33
    MASS_POSTING_EMPTY = 34
    MASS_POSTING_OUT_OF_ORDER = 35
    MASS_POSTING_NOT_ZERO_SUM = 36
    # The hold that is named.
    PENDING_TRANSFER_NOT_FOUND = 37
    PENDING_TRANSFER_NOT_PENDING = 38
    PENDING_TRANSFER_ALREADY_POSTED = 39
    PENDING_TRANSFER_ALREADY_VOIDED = 40
    PENDING_TRANSFER_EXPIRED = 41
    PENDING_TRANSFER_HAS_DIFFERENT_DEBIT_ACCOUNT = 42
    PENDING_TRANSFER_HAS_DIFFERENT_CREDIT_ACCOUNT = 43
    PENDING_TRANSFER_HAS_DIFFERENT_REASON = 44
    PENDING_TRANSFER_HAS_DIFFERENT_AMOUNT = 45
    EXCEEDS_PENDING_TRANSFER_AMOUNT = 46
    # The accounts.
    DEBIT_ACCOUNT_NOT_FOUND = 47
    CREDIT_ACCOUNT_NOT_FOUND = 48
    ACCOUNTS_MUST_HAVE_THE_SAME_ENTITY = 49
    ACCOUNTS_MUST_HAVE_THE_SAME_ASSET = 50
    DEBIT_ACCOUNT_CLOSED = 51
    CREDIT_ACCOUNT_CLOSED = 52
    DEBIT_ACCOUNT_FROZEN = 53
    DEBIT_ACCOUNT_TAKES_HOLDS_ONLY = 54
    CREDIT_ACCOUNT_TAKES_HOLDS_ONLY = 55
    # The counters.
    OVERFLOWS_DEBITS = 56
    OVERFLOWS_CREDITS = 57
    OVERFLOWS_TIMEOUT = 58
    EXCEEDS_CREDITS = 59
    EXCEEDS_DEBITS = 60
    # Closing an account.
    ACCOUNT_HAS_BALANCE = 61
    ACCOUNT_HAS_PENDING = 62


STICKY_RESULTS: Final = frozenset(
    {
        Result.PENDING_TRANSFER_NOT_FOUND,
        Result.EXCEEDS_PENDING_TRANSFER_AMOUNT,
        Result.DEBIT_ACCOUNT_NOT_FOUND,
        Result.CREDIT_ACCOUNT_NOT_FOUND,
        Result.DEBIT_ACCOUNT_CLOSED,
        Result.CREDIT_ACCOUNT_CLOSED,
        Result.DEBIT_ACCOUNT_FROZEN,
        Result.OVERFLOWS_DEBITS,
        Result.OVERFLOWS_CREDITS,
        Result.OVERFLOWS_TIMEOUT,
        Result.EXCEEDS_CREDITS,
        Result.EXCEEDS_DEBITS,
    }
)
"""Refusals that another moment would not have given; the id that met one has failed for good."""

State: TypeAlias = tuple[int, int, int, int, int]
"""debits pending, debits posted, credits pending, credits posted (quanta), version: plain, because it is hot."""


class Balance(NamedTuple):
    """The four counters of an account in quanta, and how often they changed."""

    debits_pending: int
    debits_posted: int
    credits_pending: int
    credits_posted: int
    version: int

    @property
    def posted_credit(self) -> int:
        """Credits less debits, posted: what is owed to the holder of a claim."""
        return self.credits_posted - self.debits_posted

    @property
    def posted_debit(self) -> int:
        """Debits less credits, posted: what the holder of a debt owes, or what stands in custody."""
        return self.debits_posted - self.credits_posted

    @property
    def available_credit(self) -> int:
        """What a claim has free: posted credit less what is held. Incoming holds count for nothing."""
        return self.credits_posted - self.debits_posted - self.debits_pending


class Transfer(NamedTuple):
    """One movement that a client asks for. All fields together are its identity: sent again, it `EXISTS`.

    `id`: `make_id`. `debit`, `credit`: account indices; NO_ACCOUNT in an end of a hold means the hold's own.
    `amount`: quanta, above zero; in an end of a hold zero means all of it. `value_micros`: zero means posting time.
    `price`: 10^-18 of the unit of account per whole unit, or None. `reference`: order id, chain transaction and the
    like, up to 128 bytes. `timeout_micros`: a hold ends by itself so long after its posting time; zero is never.
    """

    id: int
    debit: int
    credit: int
    amount: int
    reason: int
    value_micros: int = 0
    price: int | None = None
    reference: str = ""
    flags: int = 0
    pending_id: int = 0
    timeout_micros: int = 0


class Pending(NamedTuple):
    """A hold that stands: `amount` is what is left of it, `sequence` the entry that made it; expiry zero is never."""

    debit: int
    credit: int
    amount: int
    reason: int
    expires_micros: int
    sequence: int
    reference: str


PendingRow: TypeAlias = tuple[int, int, int, int, int, int, str]
"""The fields of a `Pending`, plain, because holds are hot."""


class EntryKind(IntEnum):
    """What an entry did. VOID is an early release, in whole or part; EXPIRE is one by time."""

    POST = 1
    HOLD = 2
    POST_PENDING = 3
    VOID = 4
    EXPIRE = 5
    MASS = 6


class Entry(NamedTuple):
    """One applied entry: immutable, with the state of each account after it, so that one row proves its arithmetic.

    `amount` is what was posted or held, `released` what a hold gave back (quanta). `id` is the client's, or the
    sequence number. `contra` is the account that a hold stood against when its posting credited another one.
    """

    sequence: int
    command: int
    kind: EntryKind
    id: int
    pending_id: int
    debit: int
    credit: int
    amount: int
    released: int
    reason: int
    value_micros: int
    posted_micros: int
    expires_micros: int
    price: int | None
    reference: str
    flags: int
    contra: int
    debit_after: State
    credit_after: State
    contra_after: State | None


class MassPosting(NamedTuple):
    """One command's posting to many accounts of one book: `amounts[i]` quanta credited to `accounts[i]`, or debited
    where negative. Accounts strictly rise; amounts are not zero and add up to zero, house accounts among them."""

    reason: int
    accounts: tuple[int, ...]
    amounts: tuple[int, ...]
    value_micros: int = 0
    price: int | None = None
    reference: str = ""


class MassEntry(NamedTuple):
    """The one packed row of a mass posting, with the state of each account after it."""

    sequence: int
    command: int
    kind: EntryKind
    entity: str
    asset: str
    reason: int
    accounts: tuple[int, ...]
    amounts: tuple[int, ...]
    value_micros: int
    posted_micros: int
    price: int | None
    reference: str
    after: tuple[State, ...]

    def expand(self, account: int) -> int:
        """The signed quanta that this posting credited to `account`; zero if it did not touch it."""
        low, high = 0, len(self.accounts)
        while low < high:
            middle = (low + high) // 2
            if self.accounts[middle] < account:
                low = middle + 1
            else:
                high = middle
        return self.amounts[low] if low < len(self.accounts) and self.accounts[low] == account else 0


def make_id(time_micros: int, choice: int) -> int:
    """A client-made id: the milliseconds of `time_micros` above 80 bits that the client chose."""
    assert 0 < time_micros // 1000 < 2**48 and 0 <= choice <= OWN_ID_MAX, "an id has 48 bits of time and 80 of choice"
    return time_micros // 1000 << ID_TIME_SHIFT | choice


assert NO_ACCOUNT == -1, "no index names this account"
