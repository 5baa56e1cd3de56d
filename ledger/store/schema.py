"""The tables of the store, which are also its read side. Alembic's migrations create them; a test holds both equal.

Conventions:
- Positions are the log's: `command.sequence`. Entries have numbers of their own, dense, and each names its command.
- Quanta and counters are unsigned integers of 128 bits, exact in both databases (`Wide`); see docs/decisions/store.md.
- NULL stands for "as usual": no client's id, value date equal to posting time, nothing released, no price, no text.
- `block` is a number divided by 2^16. An index that begins with it takes new rows into its newest part only, so that a
  batch of any size touches a few hundred pages; a look-up asks one block after the other.
- No foreign keys: rows come from the engine, whole batches at a time, and `fsck` checks what they would.
"""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    Column,
    Dialect,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Numeric,
    PrimaryKeyConstraint,
    SmallInteger,
    String,
    TypeDecorator,
)
from sqlalchemy.types import TypeEngine
from sqlmodel import Field, SQLModel

__all__ = [
    "BLOCK_BITS",
    "INTEGER_MAX",
    "METADATA",
    "AccountRow",
    "BalanceRow",
    "BookRow",
    "CommandRow",
    "EntryRow",
    "EventRow",
    "HolderRow",
    "MassRow",
    "OrderRow",
    "PositionRow",
    "Wide",
]

BLOCK_BITS: Final = 16
INTEGER_MAX: Final = 2**63 - 1
METADATA: Final = MetaData()


class Wide(TypeDecorator[int]):
    """An unsigned integer below 2^128. PostgreSQL: NUMERIC(39, 0). SQLite: INTEGER, and above 2^63 - 1 a BLOB of 16
    bytes, big-endian, which sorts after every INTEGER and by its value."""

    impl = Numeric(39, 0)
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        """The column's type in this database."""
        return dialect.type_descriptor(Integer() if dialect.name == "sqlite" else Numeric(39, 0))

    def process_bind_param(self, value: int | None, dialect: Dialect) -> Any:
        """What is bound for a number."""
        if value is not None and value > INTEGER_MAX and dialect.name == "sqlite":
            return value.to_bytes(16, "big")
        return value

    def process_result_value(self, value: Any, dialect: Dialect) -> int | None:
        """The number that was stored."""
        if value is None:
            return None
        return int.from_bytes(value, "big") if isinstance(value, bytes) else int(value)


def _big() -> TypeEngine[Any]:
    # SQLite's row number is a column that is called INTEGER and nothing else.
    return BigInteger().with_variant(Integer(), "sqlite")


def _key() -> Any:
    return Field(sa_column=Column(_big(), primary_key=True, autoincrement=False))


def _number(kind: TypeEngine[Any] | None = None, *, null: bool = False) -> Any:
    return Field(sa_column=Column(kind or _big(), nullable=null), default=None if null else ...)


def _text(*, null: bool = False) -> Any:
    return Field(sa_column=Column(String(), nullable=null), default=None if null else ...)


def _bytes(*, null: bool = False) -> Any:
    return Field(sa_column=Column(LargeBinary(), nullable=null), default=None if null else ...)


class _Table(SQLModel):
    """Root of the tables; they share one metadata, apart from any other program's."""

    metadata = METADATA


class PositionRow(_Table, table=True):
    """The one row that says how far the store is: the newest command, and how many entries and accounts there are."""

    __tablename__ = "position"
    id: int = _key()
    genesis: bytes = _bytes()
    sequence: int = _number()
    hash: bytes = _bytes()
    applied_micros: int = _number()
    entries: int = _number()
    accounts: int = _number()


class CommandRow(_Table, table=True):
    """One command of the log. `entries`: the number of the newest entry after it. `account`: whom it acted for."""

    __tablename__ = "command"
    __table_args__ = (Index("command_applied", "applied_micros"),)
    sequence: int = _key()
    received_micros: int = _number()
    applied_micros: int = _number()
    scheme: int = _number(SmallInteger())
    kind: str = _text()
    account: str | None = _text(null=True)
    hash: bytes = _bytes()
    entries: int = _number()


class BookRow(_Table, table=True):
    """An entity and an asset that have accounts."""

    __tablename__ = "book"
    number: int = _key()
    entity: str = _text()
    asset: str = _text()


class HolderRow(_Table, table=True):
    """An owner and a subaccount: of a customer, or the wallet, bank account or entity that a house account names."""

    __tablename__ = "holder"
    __table_args__ = (Index("holder_owner", "owner", "subaccount", unique=True),)
    number: int = _key()
    owner: str = _text()
    subaccount: str = _text()


class AccountRow(_Table, table=True):
    """An account by its dense index; `code` is a `ledger.journal.AccountCode`."""

    __tablename__ = "account"
    __table_args__ = (Index("account_holder", "holder"),)
    number: int = _key()
    book: int = _number()
    code: int = _number(SmallInteger())
    holder: int = _number()


class BalanceRow(_Table, table=True):
    """The counters of an account as they are now, in quanta, and the entry that changed them last (0: none did)."""

    __tablename__ = "balance"
    account: int = _key()
    debits_pending: int = _number(Wide())
    debits_posted: int = _number(Wide())
    credits_pending: int = _number(Wide())
    credits_posted: int = _number(Wide())
    version: int = _number()
    sequence: int = _number()


class EntryRow(_Table, table=True):
    """One entry with the state of each of its accounts after it (`debit_…`, `credit_…`, `contra_…`); the fields of a
    `ledger.journal.Entry`. A mass posting has no accounts here: `MassRow` packs them."""

    __tablename__ = "entry"
    __table_args__ = (
        Index("entry_debit", "block", "debit", "sequence"),
        Index("entry_credit", "block", "credit", "sequence"),
        Index(
            "entry_contra",
            "block",
            "contra",
            "sequence",
            sqlite_where=Column("contra").isnot(None),
            postgresql_where=Column("contra").isnot(None),
        ),
    )
    sequence: int = _key()
    command: int = _number()
    block: int = _number(Integer())
    kind: int = _number(SmallInteger())
    id: int | None = _number(Wide(), null=True)
    pending_id: int | None = _number(Wide(), null=True)
    debit: int | None = _number(null=True)
    credit: int | None = _number(null=True)
    contra: int | None = _number(null=True)
    amount: int | None = _number(Wide(), null=True)
    released: int | None = _number(Wide(), null=True)
    reason: int = _number(SmallInteger())
    value_micros: int | None = _number(null=True)
    posted_micros: int = _number()
    expires_micros: int | None = _number(null=True)
    price: int | None = _number(Wide(), null=True)
    reference: str | None = _text(null=True)
    flags: int = _number(SmallInteger())
    debit_debits_pending: int | None = _number(Wide(), null=True)
    debit_debits_posted: int | None = _number(Wide(), null=True)
    debit_credits_pending: int | None = _number(Wide(), null=True)
    debit_credits_posted: int | None = _number(Wide(), null=True)
    debit_version: int | None = _number(null=True)
    credit_debits_pending: int | None = _number(Wide(), null=True)
    credit_debits_posted: int | None = _number(Wide(), null=True)
    credit_credits_pending: int | None = _number(Wide(), null=True)
    credit_credits_posted: int | None = _number(Wide(), null=True)
    credit_version: int | None = _number(null=True)
    contra_debits_pending: int | None = _number(Wide(), null=True)
    contra_debits_posted: int | None = _number(Wide(), null=True)
    contra_credits_pending: int | None = _number(Wide(), null=True)
    contra_credits_posted: int | None = _number(Wide(), null=True)
    contra_version: int | None = _number(null=True)


class MassRow(_Table, table=True):
    """The accounts, amounts and states of one mass posting, packed (`ledger.store.mass`); the rest is in its entry."""

    __tablename__ = "mass"
    __table_args__ = (Index("mass_book", "book", "sequence"),)
    sequence: int = _key()
    book: int = _number()
    first_account: int = _number()
    last_account: int = _number()
    width: int = _number(SmallInteger())
    accounts: bytes = _bytes()
    amounts: bytes = _bytes()
    after: bytes = _bytes()


class OrderRow(_Table, table=True):
    """Whose order it is, and the command that placed it."""

    __tablename__ = "placed_order"
    __table_args__ = (Index("placed_order_account", "block", "account", "order_id"),)
    order_id: int = _key()
    command: int = _number()
    block: int = _number(Integer())
    account: str = _text()


class EventRow(_Table, table=True):
    """One event of a command, at its place among the command's events. A fill stands twice: `side` 0 for the taker,
    1 for the maker. `reference`: a deposit's evidence, a withdrawal's request, a move of custody. `document`: JSON.
    """

    __tablename__ = "event"
    __table_args__ = (
        PrimaryKeyConstraint("sequence", "place", "side"),
        Index(
            "event_account",
            "block",
            "account",
            "sequence",
            "place",
            sqlite_where=Column("account").isnot(None),
            postgresql_where=Column("account").isnot(None),
        ),
        Index(
            "event_order",
            "order_id",
            "sequence",
            "place",
            sqlite_where=Column("order_id").isnot(None),
            postgresql_where=Column("order_id").isnot(None),
        ),
        # Orders are most of the events, and nobody asks for all of them by kind.
        Index(
            "event_kind",
            "kind",
            "sequence",
            "place",
            sqlite_where=Column("order_id").is_(None),
            postgresql_where=Column("order_id").is_(None),
        ),
        Index(
            "event_reference",
            "reference",
            "sequence",
            "place",
            sqlite_where=Column("reference").isnot(None),
            postgresql_where=Column("reference").isnot(None),
        ),
        {"sqlite_with_rowid": False},
    )
    sequence: int = _number()
    place: int = _number(Integer())
    side: int = _number(SmallInteger())
    block: int = _number(Integer())
    kind: str = _text()
    account: str | None = _text(null=True)
    market: str | None = _text(null=True)
    order_id: int | None = _number(null=True)
    reference: str | None = _text(null=True)
    document: str = _text()
