"""The tables of the first store."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

BIG = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
WIDE = sa.Numeric(39, 0).with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    """Create every table."""
    _account()
    _balance()
    _book()
    _command()
    _entry()
    _event()
    _holder()
    _mass()
    _placed_order()
    _position()


def _account() -> None:
    op.create_table(
        "account",
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("book", BIG, nullable=False),
        sa.Column("code", sa.SmallInteger(), nullable=False),
        sa.Column("holder", BIG, nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("account_holder", "account", ["holder"])


def _balance() -> None:
    op.create_table(
        "balance",
        sa.Column("account", BIG, autoincrement=False, nullable=False),
        sa.Column("debits_pending", WIDE, nullable=False),
        sa.Column("debits_posted", WIDE, nullable=False),
        sa.Column("credits_pending", WIDE, nullable=False),
        sa.Column("credits_posted", WIDE, nullable=False),
        sa.Column("version", BIG, nullable=False),
        sa.Column("sequence", BIG, nullable=False),
        sa.PrimaryKeyConstraint("account"),
    )


def _book() -> None:
    op.create_table(
        "book",
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("entity", sa.String(), nullable=False),
        sa.Column("asset", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )


def _command() -> None:
    op.create_table(
        "command",
        sa.Column("sequence", BIG, autoincrement=False, nullable=False),
        sa.Column("received_micros", BIG, nullable=False),
        sa.Column("applied_micros", BIG, nullable=False),
        sa.Column("scheme", sa.SmallInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("entries", BIG, nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index("command_applied", "command", ["applied_micros"])


def _entry() -> None:
    op.create_table(
        "entry",
        sa.Column("sequence", BIG, autoincrement=False, nullable=False),
        sa.Column("command", BIG, nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("kind", sa.SmallInteger(), nullable=False),
        sa.Column("id", WIDE, nullable=True),
        sa.Column("pending_id", WIDE, nullable=True),
        sa.Column("debit", BIG, nullable=True),
        sa.Column("credit", BIG, nullable=True),
        sa.Column("contra", BIG, nullable=True),
        sa.Column("amount", WIDE, nullable=True),
        sa.Column("released", WIDE, nullable=True),
        sa.Column("reason", sa.SmallInteger(), nullable=False),
        sa.Column("value_micros", BIG, nullable=True),
        sa.Column("posted_micros", BIG, nullable=False),
        sa.Column("expires_micros", BIG, nullable=True),
        sa.Column("price", WIDE, nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("flags", sa.SmallInteger(), nullable=False),
        sa.Column("debit_debits_pending", WIDE, nullable=True),
        sa.Column("debit_debits_posted", WIDE, nullable=True),
        sa.Column("debit_credits_pending", WIDE, nullable=True),
        sa.Column("debit_credits_posted", WIDE, nullable=True),
        sa.Column("debit_version", BIG, nullable=True),
        sa.Column("credit_debits_pending", WIDE, nullable=True),
        sa.Column("credit_debits_posted", WIDE, nullable=True),
        sa.Column("credit_credits_pending", WIDE, nullable=True),
        sa.Column("credit_credits_posted", WIDE, nullable=True),
        sa.Column("credit_version", BIG, nullable=True),
        sa.Column("contra_debits_pending", WIDE, nullable=True),
        sa.Column("contra_debits_posted", WIDE, nullable=True),
        sa.Column("contra_credits_pending", WIDE, nullable=True),
        sa.Column("contra_credits_posted", WIDE, nullable=True),
        sa.Column("contra_version", BIG, nullable=True),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index(
        "entry_contra",
        "entry",
        ["block", "contra", "sequence"],
        sqlite_where=sa.text("contra IS NOT NULL"),
        postgresql_where=sa.text("contra IS NOT NULL"),
    )
    op.create_index("entry_credit", "entry", ["block", "credit", "sequence"])
    op.create_index("entry_debit", "entry", ["block", "debit", "sequence"])


def _event() -> None:
    op.create_table(
        "event",
        sa.Column("sequence", BIG, nullable=False),
        sa.Column("place", sa.Integer(), nullable=False),
        sa.Column("side", sa.SmallInteger(), nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=True),
        sa.Column("market", sa.String(), nullable=True),
        sa.Column("order_id", BIG, nullable=True),
        sa.Column("reference", sa.String(), nullable=True),
        sa.Column("document", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("sequence", "place", "side"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "event_account",
        "event",
        ["block", "account", "sequence", "place"],
        sqlite_where=sa.text("account IS NOT NULL"),
        postgresql_where=sa.text("account IS NOT NULL"),
    )
    op.create_index(
        "event_kind",
        "event",
        ["kind", "sequence", "place"],
        sqlite_where=sa.text("order_id IS NULL"),
        postgresql_where=sa.text("order_id IS NULL"),
    )
    op.create_index(
        "event_order",
        "event",
        ["order_id", "sequence", "place"],
        sqlite_where=sa.text("order_id IS NOT NULL"),
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.create_index(
        "event_reference",
        "event",
        ["reference", "sequence", "place"],
        sqlite_where=sa.text("reference IS NOT NULL"),
        postgresql_where=sa.text("reference IS NOT NULL"),
    )


def _holder() -> None:
    op.create_table(
        "holder",
        sa.Column("number", BIG, autoincrement=False, nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("subaccount", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_index("holder_owner", "holder", ["owner", "subaccount"], unique=True)


def _mass() -> None:
    op.create_table(
        "mass",
        sa.Column("sequence", BIG, autoincrement=False, nullable=False),
        sa.Column("book", BIG, nullable=False),
        sa.Column("first_account", BIG, nullable=False),
        sa.Column("last_account", BIG, nullable=False),
        sa.Column("width", sa.SmallInteger(), nullable=False),
        sa.Column("accounts", sa.LargeBinary(), nullable=False),
        sa.Column("amounts", sa.LargeBinary(), nullable=False),
        sa.Column("after", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sequence"),
    )
    op.create_index("mass_book", "mass", ["book", "sequence"])


def _placed_order() -> None:
    op.create_table(
        "placed_order",
        sa.Column("order_id", BIG, autoincrement=False, nullable=False),
        sa.Column("command", BIG, nullable=False),
        sa.Column("block", sa.Integer(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("order_id"),
    )
    op.create_index("placed_order_account", "placed_order", ["block", "account", "order_id"])


def _position() -> None:
    op.create_table(
        "position",
        sa.Column("id", BIG, autoincrement=False, nullable=False),
        sa.Column("genesis", sa.LargeBinary(), nullable=False),
        sa.Column("sequence", BIG, nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.Column("applied_micros", BIG, nullable=False),
        sa.Column("entries", BIG, nullable=False),
        sa.Column("accounts", BIG, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
