"""The one wallet: settings of a subaccount, lending and borrowing, derivative markets, backstop, conversion."""

from __future__ import annotations

from typing import ClassVar

from ledger.commands.codecs import (
    AMOUNT,
    ASSET,
    COUNTRY,
    ENTITY,
    FLAG,
    ID,
    MARKET,
    MICROS,
    POSITIVE,
    SMALL,
    SUBACCOUNT,
    TEXT,
    Command,
    Fields,
    field_as,
    list_of,
    one_of,
    optional,
    record_of,
    shape,
)
from ledger.commands.customers import CLIENT_CLASSES

__all__ = [
    "PRODUCTS",
    "Borrow",
    "CancelStrategy",
    "FundInsurance",
    "Lend",
    "ListDerivative",
    "Permission",
    "QuoteConversion",
    "Redeem",
    "SetBackstop",
    "SetPermissions",
    "SetWalletSettings",
    "StartStrategy",
]

PRODUCTS = ("spot-margin", "perpetual", "dated", "lending", "borrowing")
"""What a subaccount may be allowed to do beside cash trading."""


@shape
class ListDerivative(Command):
    """A perpetual or dated future on `base`, settled in `quote`; tick and step as in `ListMarket`.

    A position is a signed number of steps; `expires` is null for a perpetual and a full hour for a dated future.
    """

    TYPE: ClassVar[str] = "list-derivative"
    market: str = field_as(MARKET)
    kind: str = field_as(one_of("perpetual", "dated"))
    base: str = field_as(ASSET)
    quote: str = field_as(ASSET)
    tick: int = field_as(POSITIVE)
    step: int = field_as(POSITIVE)
    quantity_min: int = field_as(POSITIVE)
    quantity_max: int = field_as(POSITIVE)
    expires: int | None = field_as(optional(MICROS))


@shape
class Permission(Fields):
    """One row of the table of what is permitted: to whom, what, and up to which leverage (1 for none).

    Null stands for every country or class. Of the rows that fit, the most particular one counts: country before class.
    """

    country: str | None = field_as(optional(COUNTRY))
    client_class: str | None = field_as(optional(one_of(*CLIENT_CLASSES)))
    product: str = field_as(one_of(*PRODUCTS))
    allowed: bool = field_as(FLAG)
    leverage: int = field_as(SMALL)


@shape
class SetPermissions(Command):
    """The whole table for an entity, from now on. What no row allows is not permitted. `reason` is for the record."""

    TYPE: ClassVar[str] = "set-permissions"
    entity: str = field_as(ENTITY)
    rows: tuple[Permission, ...] = field_as(list_of(record_of(Permission)))
    reason: str = field_as(TEXT)


@shape
class SetWalletSettings(Command):
    """How a subaccount's wallet behaves. `leverage`: the customer's own limit, times; 1 for cash alone.

    `auto_lend`: what is free is lent at the next settlement. `auto_borrow`: losses and margin orders may borrow.
    `auto_repay`: what comes in of an asset that is owed repays it at the next settlement.
    """

    TYPE: ClassVar[str] = "set-wallet-settings"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    leverage: int = field_as(SMALL)
    auto_lend: bool = field_as(FLAG)
    auto_borrow: bool = field_as(FLAG)
    auto_repay: bool = field_as(FLAG)


@shape
class Lend(Command):
    """Lend a part of what is free, quanta."""

    TYPE: ClassVar[str] = "lend"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    asset: str = field_as(ASSET)
    amount: int = field_as(POSITIVE)


@shape
class Redeem(Command):
    """Take back a part of what is lent, quanta; only while auto-lend is off."""

    TYPE: ClassVar[str] = "redeem"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    asset: str = field_as(ASSET)
    amount: int = field_as(POSITIVE)


@shape
class Borrow(Command):
    """Borrow quanta against the wallet's collateral; they are free then, to trade or to withdraw."""

    TYPE: ClassVar[str] = "borrow"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    asset: str = field_as(ASSET)
    amount: int = field_as(POSITIVE)


@shape
class FundInsurance(Command):
    """The house's own money into the insurance fund, or back (`withdraw`); two operators, quanta."""

    TYPE: ClassVar[str] = "fund-insurance"
    asset: str = field_as(ASSET)
    amount: int = field_as(POSITIVE)
    withdraw: bool = field_as(FLAG)
    reason: str = field_as(TEXT)


@shape
class SetBackstop(Command):
    """An account stands ready to take over positions of `market` that the book cannot close, from now on.

    `capacity`: steps at most in all; zero ends it. `discount`: ppm better than the mark that it asks. `first_loss`:
    quanta of the settlement asset that it bears itself before any fund does.
    """

    TYPE: ClassVar[str] = "set-backstop"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    market: str = field_as(MARKET)
    capacity: int = field_as(AMOUNT)
    discount: int = field_as(SMALL)
    first_loss: int = field_as(AMOUNT)


@shape
class QuoteConversion(Command):
    """A maker's price for collateral that is being converted: quanta of the settlement asset for the whole of it."""

    TYPE: ClassVar[str] = "quote-conversion"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    conversion: int = field_as(POSITIVE)
    amount: int = field_as(POSITIVE)


@shape
class StartStrategy(Command):
    """A quantity in equal parts at equal times (TWAP): `parts` market orders, `every` seconds apart.

    `slippage`: ppm from the best price that each part accepts.
    """

    TYPE: ClassVar[str] = "start-strategy"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    market: str = field_as(MARKET)
    side: str = field_as(one_of("bid", "ask"))
    client_id: int = field_as(SMALL)
    quantity: int = field_as(POSITIVE)
    parts: int = field_as(SMALL)
    every: int = field_as(SMALL)
    slippage: int = field_as(SMALL)
    margin: bool = field_as(FLAG)
    reduce_only: bool = field_as(FLAG)


@shape
class CancelStrategy(Command):
    """End a strategy; what it has placed stays."""

    TYPE: ClassVar[str] = "cancel-strategy"
    account: str = field_as(ID)
    subaccount: str = field_as(SUBACCOUNT)
    strategy: int = field_as(POSITIVE)
