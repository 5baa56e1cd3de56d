"""Whose each reserve address is: the ledger's dated wallets where the address belongs to one, else the firm's word."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from sqlmodel import Session

from compliance.facts import Record
from compliance.sources.stored import documents
from ledger.store import history

__all__ = ["OWNERS", "Holder", "WalletBook", "folded_place", "read_wallets", "stated_wallets"]

OWNERS: Final = ("client", "own", "guarantee")
CUSTODIES: Final = ("online", "offline", "custodian")


class Holder(NamedTuple):
    """What is known of an address: wallet id, whose it is, how its keys are kept, its label in the books."""

    wallet: str
    owner: str
    custody: str
    label: str = ""


@dataclass(frozen=True, slots=True)
class WalletBook:
    """Addresses by (chain, address in lower case), and wallets by id; `mixed` are addresses with several owners."""

    addresses: Mapping[tuple[str, str], Holder] = field(default_factory=dict)
    wallets: Mapping[str, Holder] = field(default_factory=dict)
    mixed: tuple[tuple[str, str], ...] = ()
    """Address and reason."""

    def find(self, chain: str, address: str, label: str) -> Holder | None:
        """Whose an address is: by the address, or by a label that is a wallet's id."""
        return self.addresses.get((chain, _folded(address))) or self.wallets.get(label)

    @property
    def is_empty(self) -> bool:
        """Whether nothing at all is known of anybody's wallets."""
        return not self.addresses and not self.wallets

    def joined(self, other: WalletBook) -> WalletBook:
        """With what another book says of addresses that this one does not have; where both speak and differ: mixed."""
        mixed = [
            (address, f"{mine.owner} by the ledger, {theirs.owner} by the firm")
            for (chain, address), theirs in other.addresses.items()
            if (mine := self.addresses.get((chain, address))) is not None and mine.owner != theirs.owner
        ]
        # The firm's label stands beside what the ledger says.
        addresses = {**other.addresses, **self.addresses}
        for place, holder in self.addresses.items():
            label = other.addresses[place].label if place in other.addresses else holder.label
            addresses[place] = holder._replace(label=label or holder.label)
        both = (*self.mixed, *other.mixed, *mixed)
        return WalletBook(addresses, {**other.wallets, **self.wallets}, both)


def _folded(address: str) -> str:
    """Addresses in hexadecimal are the same in either case; others are not."""
    return address.lower() if address.startswith("0x") else address


def folded_place(chain: str, address: str) -> tuple[str, str]:
    """The key of an address in a book."""
    return chain, _folded(address)


_ADDRESS: Final = re.compile(r'"address":"([^"]*)"')


def read_wallets(session: Session, position: int, wanted: Collection[tuple[str, str]] | None = None) -> WalletBook:
    """What the ledger says at a log position; of the addresses `wanted` (chain, folded address) alone, or of all.

    An exchange has an address for each customer, of which its statements name a few.
    """
    wallets: dict[str, Holder] = {}
    for event in history.events(session, "wallet-set", last=position):
        facts = event.document
        wallets[facts["wallet"]] = Holder(facts["wallet"], facts["owner"], facts["custodian"], facts["wallet"])
    names = None if wanted is None else {address for _, address in wanted}
    addresses: dict[tuple[str, str], Holder] = {}
    for _, _, document in documents(session, "address-assigned", last=position):
        if names is not None and "\\" not in document:
            found = _ADDRESS.search(document)
            if found is not None and _folded(found[1]) not in names:
                continue
        facts = json.loads(document)
        place = folded_place(facts["chain"], facts["address"])
        if facts["wallet"] in wallets and (wanted is None or place in wanted):
            addresses[place] = wallets[facts["wallet"]]
    return WalletBook(addresses, wallets)


def stated_wallets(rows: Iterable[Record]) -> WalletBook:
    """What the firm states of its addresses (the fact `wallets.stated`)."""
    addresses: dict[tuple[str, str], Holder] = {}
    mixed: list[tuple[str, str]] = []
    for row in rows:
        chain, address, owner = str(row["chain"]), str(row["address"]), str(row["owner"])
        place = (chain, _folded(address))
        before = addresses.get(place)
        if before is not None and before.owner != owner:
            mixed.append((address, f"{before.owner} and {owner} by the firm's own word"))
        addresses[place] = Holder("", owner, str(row["custody"]), str(row["label"] or ""))
    return WalletBook(addresses, {}, tuple(mixed))
