"""The desk of listings: assets, wallets, and the state of the venue. Markets themselves stand at the desk of orders."""

from __future__ import annotations

from typing import Any, ClassVar

from ledger.assets import SCALE_MAX
from ledger.canonical import Json
from ledger.commands import Command, ListAsset, SetAssetFacts, SetWallet
from ledger.desks.base import Desk, Handler, Refusal
from ledger.events import AssetListed, WalletSet
from ledger.registry import AssetFacts, Custodian, WalletFacts, WalletOwner

__all__ = ["ListingDesk"]


class ListingDesk(Desk):
    """Lists what the exchange deals in and where it keeps it."""

    NAME: ClassVar[str] = "listing"

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {ListAsset: self._list_asset, SetAssetFacts: self._set_asset, SetWallet: self._set_wallet}

    def _list_asset(self, command: ListAsset) -> None:
        shared = self.shared
        if command.asset in shared.assets:
            raise Refusal("asset-exists")
        if command.scale > SCALE_MAX:
            raise Refusal("scale-too-large")
        self._date_asset(command)
        shared.assets[command.asset] = command.scale
        shared.events.append(AssetListed(command.asset, command.scale, command.chain, command.contract))

    def _set_asset(self, command: SetAssetFacts) -> None:
        scale = self.shared.scale(command.asset)
        self._date_asset(command)
        self.shared.events.append(AssetListed(command.asset, scale, command.chain, command.contract))

    def _date_asset(self, command: ListAsset | SetAssetFacts) -> None:
        facts = AssetFacts(command.dti, command.isin, command.cfi, command.chain, command.contract)
        if facts.problem is not None:
            raise Refusal("asset-facts-malformed")
        self.shared.registry.set_asset(command.asset, self.shared.time_us, facts)

    def _set_wallet(self, command: SetWallet) -> None:
        facts = WalletFacts(
            command.entity,
            WalletOwner[command.owner.upper()],
            Custodian[command.custodian.upper()],
            command.chain,
        )
        if facts.problem is not None:
            raise Refusal("wallet-without-a-chain")
        self.shared.registry.set_wallet(command.wallet, self.shared.time_us, facts)
        self.shared.events.append(
            WalletSet(command.wallet, command.entity, command.owner, command.custodian, command.chain)
        )

    def document(self) -> Json:
        """Assets in the order of their listing, and the venue's state."""
        return {
            "assets": [[asset, scale] for asset, scale in self.shared.assets.items()],
            "venue": self.shared.venue_state,
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`."""
        self.shared.assets.update((asset, scale) for asset, scale in document["assets"])
        self.shared.venue_state = document["venue"]
