"""What a collection is asked for: chains with their endpoints, reserves, and the signatures over their challenges."""

from __future__ import annotations

from dataclasses import dataclass

from por.reserves.evm.control import Challenge

__all__ = ["ChainConfig", "ControlItem", "EvmReserve"]


@dataclass(frozen=True, slots=True)
class ChainConfig:
    """One chain: CAIP-2 name, endpoint URLs (secret: they may hold keys), and the block tag that counts as final."""

    chain: str
    rpc: tuple[str, ...]
    finality: str = "finalized"


@dataclass(frozen=True, slots=True)
class EvmReserve:
    """One reserve to be shown: `contract` None for the chain's own coin; addresses are 20 bytes."""

    chain: str
    address: bytes
    asset: str
    contract: bytes | None = None
    entity: str = "main"
    label: str = ""
    decimals: int | None = None


@dataclass(frozen=True, slots=True)
class ControlItem:
    """A signed challenge: the scheme ("eip191", "eip712", "eip1271") and the signature's bytes."""

    challenge: Challenge
    scheme: str
    signature: bytes
