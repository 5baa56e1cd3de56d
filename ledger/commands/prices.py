"""Prices as services publish them. The feed is the owner of the key that signs; no field names it."""

from __future__ import annotations

from typing import ClassVar

from ledger.commands.codecs import ASSET, MICROS, PRICE, Command, Fields, field_as, list_of, matching, record_of, shape

__all__ = ["AssetPrice", "CurrencyPrice", "FeedPrices"]

LINES_MAX = 500
_CURRENCY = matching(r"[A-Z]{3}", "a currency")


@shape
class AssetPrice(Fields):
    """The price of one whole unit of an asset, in 10^-18 of the unit of account."""

    asset: str = field_as(ASSET)
    price: int = field_as(PRICE)


@shape
class CurrencyPrice(Fields):
    """A fiat cross: the price of one unit of a currency (ISO 4217), in 10^-18 of the unit of account."""

    currency: str = field_as(_CURRENCY)
    price: int = field_as(PRICE)


@shape
class FeedPrices(Command):
    """What a feed saw at one time; `unit` is the unit of account in which it speaks."""

    TYPE: ClassVar[str] = "feed-prices"
    published: int = field_as(MICROS)
    unit: str = field_as(_CURRENCY)
    prices: tuple[AssetPrice, ...] = field_as(list_of(record_of(AssetPrice), 0, LINES_MAX))
    crosses: tuple[CurrencyPrice, ...] = field_as(list_of(record_of(CurrencyPrice), 0, LINES_MAX))
