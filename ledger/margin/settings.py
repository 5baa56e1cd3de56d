"""How a subaccount's wallet behaves: what its owner chose, or the defaults of the house."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DEFAULT_SETTINGS", "WalletSettings"]


class WalletSettings(NamedTuple):
    """`leverage`: the owner's own limit, times. The rest as in the command `set-wallet-settings`."""

    leverage: int = 1
    auto_lend: bool = True
    auto_borrow: bool = True
    auto_repay: bool = True


DEFAULT_SETTINGS = WalletSettings()
