"""What the house lists and keeps open: assets, wallets, markets and their states."""

from __future__ import annotations

from typing import ClassVar

from ledger.commands.codecs import (
    ASSET,
    CODE,
    ENTITY,
    MARKET,
    POSITIVE,
    SMALL,
    TEXT,
    WORD,
    Command,
    field_as,
    one_of,
    optional,
    shape,
)

__all__ = ["MARKET_STATES", "HaltMarket", "ListAsset", "ListMarket", "OpenMarket", "SetAssetFacts", "SetWallet"]

MARKET_STATES = ("open", "post-only", "limit-only", "reduce-only", "cancel-only", "withdraw-only", "closed")
"""What a market or the venue takes, from everything to nothing; of a market's and the venue's the later one holds."""


@shape
class ListAsset(Command):
    """An asset with its quantum, fixed for ever: 10^-scale. The codes are empty where the asset has none."""

    TYPE: ClassVar[str] = "list-asset"
    asset: str = field_as(ASSET)
    scale: int = field_as(SMALL)
    chain: str = field_as(CODE)
    contract: str = field_as(CODE)
    dti: str = field_as(CODE)
    isin: str = field_as(CODE)
    cfi: str = field_as(CODE)


@shape
class SetAssetFacts(Command):
    """Other master data for an asset, from now on; its scale never changes."""

    TYPE: ClassVar[str] = "set-asset-facts"
    asset: str = field_as(ASSET)
    chain: str = field_as(CODE)
    contract: str = field_as(CODE)
    dti: str = field_as(CODE)
    isin: str = field_as(CODE)
    cfi: str = field_as(CODE)


@shape
class SetWallet(Command):
    """What a wallet or bank account is, from now on: whose assets it holds and how its keys are kept."""

    TYPE: ClassVar[str] = "set-wallet"
    wallet: str = field_as(WORD)
    entity: str = field_as(ENTITY)
    owner: str = field_as(one_of("client", "own", "guarantee"))
    custodian: str = field_as(one_of("online", "offline", "custodian"))
    chain: str = field_as(CODE)


@shape
class ListMarket(Command):
    """A spot market; `tick` in quanta of the quote asset for one unit of the base, `step` in quanta of the base."""

    TYPE: ClassVar[str] = "list-market"
    market: str = field_as(MARKET)
    base: str = field_as(ASSET)
    quote: str = field_as(ASSET)
    tick: int = field_as(POSITIVE)
    step: int = field_as(POSITIVE)
    quantity_min: int = field_as(POSITIVE)
    quantity_max: int = field_as(POSITIVE)


@shape
class HaltMarket(Command):
    """A stricter state, at once; `market` null means the venue."""

    TYPE: ClassVar[str] = "halt-market"
    market: str | None = field_as(optional(MARKET))
    state: str = field_as(one_of(*MARKET_STATES[1:]))
    reason: str = field_as(TEXT)


@shape
class OpenMarket(Command):
    """A looser state, which takes two operators; `market` null means the venue."""

    TYPE: ClassVar[str] = "open-market"
    market: str | None = field_as(optional(MARKET))
    state: str = field_as(one_of(*MARKET_STATES[:-1]))
    reason: str = field_as(TEXT)
