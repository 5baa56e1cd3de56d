"""What a list says of one party, in one form whatever list it came from, and what is asked about one customer.

A day is text YYYY-MM-DD. A birth date is the days between which it lies, because lists say "1961", "circa 1961" and
"1961 to 1963"; where a list's words cannot be read as days they are kept as words and match nothing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from ledger.canonical import Json

__all__ = [
    "BirthDate",
    "Identifier",
    "ListedName",
    "ListedParty",
    "NameQuality",
    "PartyKind",
    "Subject",
    "Wallet",
    "is_day",
    "party_document",
]

_DAY = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])\Z", re.ASCII)


def is_day(text: str) -> bool:
    """Whether a text is a day YYYY-MM-DD; the length of months is not asked, as lists round to day 31."""
    return _DAY.match(text) is not None


class PartyKind(StrEnum):
    """What is listed."""

    PERSON = "person"
    ENTITY = "entity"
    VESSEL = "vessel"
    AIRCRAFT = "aircraft"


class NameQuality(StrEnum):
    """How sure the list is of a name. `SCRIPT`: the name in its own script."""

    PRIMARY = "primary"
    STRONG = "strong"
    WEAK = "weak"
    SCRIPT = "script"


class ListedName(NamedTuple):
    """One name of a party as the list writes it."""

    text: str
    quality: NameQuality


class BirthDate(NamedTuple):
    """Born from `earliest` to `latest`, both included; empty texts where the list's words cannot be read as days."""

    earliest: str
    latest: str
    text: str


class Identifier(NamedTuple):
    """A document or registration: kind in the list's words, number as written, country as ISO code, words, or empty."""

    kind: str
    number: str
    country: str


class Wallet(NamedTuple):
    """A listed address with the list's code for the currency (XBT, ETH, USDT)."""

    currency: str
    address: str


@dataclass(frozen=True, slots=True)
class ListedParty:
    """One entry of one list. `party_id` is the list's own id; `listed` and `updated` are days or empty."""

    list_id: str
    party_id: str
    kind: PartyKind
    names: tuple[ListedName, ...]
    births: tuple[BirthDate, ...] = ()
    birthplaces: tuple[str, ...] = ()
    nationalities: tuple[str, ...] = ()
    documents: tuple[Identifier, ...] = ()
    wallets: tuple[Wallet, ...] = ()
    programmes: tuple[str, ...] = ()
    listed: str = ""
    updated: str = ""

    def __post_init__(self) -> None:
        assert self.list_id and self.party_id and self.names, "a listed party has a list, an id and a name"
        assert all(name.text for name in self.names)
        assert all(day == "" or is_day(day) for birth in self.births for day in birth[:2])
        assert all(day == "" or is_day(day) for day in (self.listed, self.updated))

    @property
    def key(self) -> str:
        """`list/id`, the party's name in records."""
        return f"{self.list_id}/{self.party_id}"


@dataclass(frozen=True, slots=True)
class Subject:
    """Who or what is screened. `subject_id` is random and says nothing of the person; names are never logged.

    `born` is YYYY, YYYY-MM or YYYY-MM-DD, or empty; nationalities are ISO 3166 codes; documents are numbers alone.
    """

    subject_id: str
    names: tuple[str, ...] = ()
    kind: PartyKind | None = None
    born: str = ""
    nationalities: tuple[str, ...] = ()
    documents: tuple[str, ...] = ()
    wallets: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        assert self.subject_id
        assert self.names or self.documents or self.wallets, "there is something to screen"


def party_document(party: ListedParty) -> Json:
    """A party as JSON, every field: what two versions of a list are compared by."""
    return {
        "births": [list(birth) for birth in party.births],
        "birthplaces": list(party.birthplaces),
        "documents": [list(document) for document in party.documents],
        "id": party.party_id,
        "kind": party.kind.value,
        "list": party.list_id,
        "listed": party.listed,
        "names": [[name.text, name.quality.value] for name in party.names],
        "nationalities": list(party.nationalities),
        "programmes": list(party.programmes),
        "updated": party.updated,
        "wallets": [list(wallet) for wallet in party.wallets],
    }
