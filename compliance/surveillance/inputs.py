"""What the detectors need beside the log: who belongs together, markets, rates, tagged addresses, dates, levels.

Each table is given or it is None, and None means that nobody looked: what needs it answers `NotRun`. An empty table
means that somebody looked and there is nothing. Times in microseconds, prices in ticks, values in millionths.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple

__all__ = [
    "HOUSE_RELATIONS",
    "INSIDE_RELATIONS",
    "AccountFacts",
    "Announcement",
    "ChainTransfer",
    "Fixing",
    "Inputs",
    "Level",
    "MarketFacts",
    "Obligation",
]

INSIDE_RELATIONS: Final = frozenset({"staff", "affiliate", "house"})
HOUSE_RELATIONS: Final = INSIDE_RELATIONS


class AccountFacts(NamedTuple):
    """Whose an account is: `cluster` names the beneficial owner, `relation` is a `ledger.registry.Relation` in words.

    `domicile`: ISO 3166, empty where it is not known. From the ledger's dated registry, as of the period's end.
    """

    cluster: str
    relation: str = "customer"
    domicile: str = ""


class MarketFacts(NamedTuple):
    """A market's assets, and whether each is fiat."""

    market: str
    base: str
    quote: str
    base_is_fiat: bool = False
    quote_is_fiat: bool = True


class ChainTransfer(NamedTuple):
    """A transfer between two addresses that an analysis of the chain gave."""

    source: str
    target: str


class Announcement(NamedTuple):
    """A listing, delisting, hack notice or other news about a market's asset, and when it became public."""

    market: str
    time_us: int
    kind: str
    insiders: frozenset[str] = frozenset()


class Fixing(NamedTuple):
    """A time at which a price is taken: a close, an index or reference fixing."""

    market: str
    time_us: int
    kind: str = "close"


class Obligation(NamedTuple):
    """A market maker's duty: the widest spread in ppm of the mid price that may stand, from one time to another."""

    account: str
    market: str
    spread_max_ppm: int
    start_us: int
    end_us: int


class Level(NamedTuple):
    """A price near which an option, a loan or a barrier pays: a strike, a liquidation price."""

    market: str
    price: int
    kind: str
    start_us: int
    end_us: int


@dataclass(frozen=True, slots=True)
class Inputs:
    """All of them. `rates`: one unit of a currency or coin in millionths of the unit of account."""

    accounts: Mapping[str, AccountFacts] | None = None
    are_owners_known: bool = True
    """Whether somebody has looked who owns the accounts; else each cluster is only the account itself."""
    markets: Mapping[str, MarketFacts] | None = None
    fiat_assets: frozenset[str] | None = None
    rates: Mapping[str, int] = field(default_factory=dict)
    tagged_addresses: Mapping[str, str] | None = None
    chain_transfers: tuple[ChainTransfer, ...] | None = None
    devices: Mapping[str, frozenset[str]] | None = None
    """Account to the devices or other instruments that were seen with it."""
    announcements: tuple[Announcement, ...] | None = None
    fixings: tuple[Fixing, ...] | None = None
    obligations: tuple[Obligation, ...] | None = None
    levels: tuple[Level, ...] | None = None
    last_activity: Mapping[str, int] | None = None
    """Account to the time of its last activity before the log that is read; for dormancy."""

    def cluster(self, account: str) -> str:
        """Whose an account is; itself where nothing is known."""
        facts = (self.accounts or {}).get(account)
        return account if facts is None else facts.cluster

    def accounts_with(self, relations: frozenset[str]) -> frozenset[str]:
        """The accounts that are in such a relation to the exchange."""
        return frozenset(name for name, facts in (self.accounts or {}).items() if facts.relation in relations)
