"""What is below the quantum: exact, owed and kept until it fills one.

Amounts are in 10^-38 of the asset's unit, so that every chain's smallest unit is a whole number of them. For each asset

    held by wallets + in transit  =  owed to customers + uncredited + the house's

holds after every command, beside the same equation in quanta: what a wallet really has is its custody account plus
`held`, which may be negative where another wallet's dust filled the quantum that was posted here. What is owed to a
customer, or is the house's, is at least zero and below one quantum; what fills one is posted.
"""

from __future__ import annotations

from typing import Any

from ledger.assets import SCALE_MAX
from ledger.canonical import Json

__all__ = ["DustBook", "quantum"]


def quantum(scale: int) -> int:
    """One quantum of an asset in 10^-38 of its unit."""
    return int(10 ** (SCALE_MAX - scale))


class DustBook:
    """The five sides of the equation. Entries that are zero are not kept."""

    def __init__(self) -> None:
        self.held: dict[tuple[str, str], int] = {}
        """By wallet and asset."""
        self.owed: dict[tuple[str, str, str], int] = {}
        """By account, subaccount and asset."""
        self.transit: dict[str, int] = {}
        self.uncredited: dict[str, int] = {}
        self.house: dict[str, int] = {}

    def add_held(self, wallet: str, asset: str, amount: int) -> None:
        """A wallet has so much more below the quantum."""
        _add(self.held, (wallet, asset), amount)

    def add_transit(self, asset: str, amount: int) -> None:
        """So much more is between two wallets."""
        _add(self.transit, asset, amount)

    def add_uncredited(self, asset: str, amount: int) -> None:
        """So much more came in for nobody."""
        _add(self.uncredited, asset, amount)

    def fill_owed(self, key: tuple[str, str, str], amount: int, one: int) -> int:
        """Owe a customer `amount` more (or less); the quanta that this fills, negative for those that it takes back."""
        return _fill(self.owed, key, amount, one)

    def fill_house(self, asset: str, amount: int, one: int) -> int:
        """The same for the house."""
        return _fill(self.house, asset, amount, one)

    def owed_fills(self, key: tuple[str, str, str], amount: int, one: int) -> int:
        """What `fill_owed` would answer; nothing changes."""
        return (self.owed.get(key, 0) + amount) // one

    def house_fills(self, asset: str, amount: int, one: int) -> int:
        """What `fill_house` would answer; nothing changes."""
        return (self.house.get(asset, 0) + amount) // one

    def difference(self, asset: str) -> int:
        """Left side less right side: zero, always."""
        held = sum(amount for (_, name), amount in self.held.items() if name == asset)
        owed = sum(amount for (_, _, name), amount in self.owed.items() if name == asset)
        right = owed + self.uncredited.get(asset, 0) + self.house.get(asset, 0)
        return held + self.transit.get(asset, 0) - right

    def document(self) -> Json:
        """All sides as sorted rows, amounts as decimal text with a sign where there is one."""
        return {
            "held": [[*key, str(amount)] for key, amount in sorted(self.held.items())],
            "house": [[key, str(amount)] for key, amount in sorted(self.house.items())],
            "owed": [[*key, str(amount)] for key, amount in sorted(self.owed.items())],
            "transit": [[key, str(amount)] for key, amount in sorted(self.transit.items())],
            "uncredited": [[key, str(amount)] for key, amount in sorted(self.uncredited.items())],
        }

    def restore(self, document: Any) -> None:
        """Inverse of `document`, into a book that is empty."""
        self.held = {(wallet, asset): int(amount) for wallet, asset, amount in document["held"]}
        self.owed = {(account, sub, asset): int(amount) for account, sub, asset, amount in document["owed"]}
        for name in ("house", "transit", "uncredited"):
            setattr(self, name, {asset: int(amount) for asset, amount in document[name]})


def _add(place: dict[Any, int], key: Any, amount: int) -> None:
    total = place.pop(key, 0) + amount
    if total:
        place[key] = total


def _fill(place: dict[Any, int], key: Any, amount: int, one: int) -> int:
    quanta, rest = divmod(place.pop(key, 0) + amount, one)
    if rest:
        place[key] = rest
    return quanta
