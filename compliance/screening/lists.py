"""Sanctions lists as they stood at one time, with hashes that say which, and what changed between two sets.

A list's hash is the SHA-256 of its file's bytes; of a list in several files, the SHA-256 of their names and hashes. The
set's hash is over every list's id and hash, so a record that names it names every byte that was screened against.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import NamedTuple

from compliance.screening.loaders import ListFile, load_files
from compliance.screening.parties import ListedParty, is_day, party_document
from ledger.canonical import Json, canonical
from por.snapshot import to_seconds

__all__ = ["ListDelta", "ListSet", "SanctionsList", "compare", "read_lists"]


@dataclass(frozen=True, slots=True)
class SanctionsList:
    """One list. `published`: a day, or empty where its format does not say; `retrieved`: when it was got, as told."""

    list_id: str
    files: tuple[tuple[str, str], ...]
    published: str
    retrieved: str
    parties: tuple[ListedParty, ...]

    def __post_init__(self) -> None:
        assert self.files and self.parties and all(party.list_id == self.list_id for party in self.parties)
        assert self.published == "" or is_day(self.published)
        to_seconds(self.retrieved)

    @property
    def sha256(self) -> str:
        """Hex; see the module for what it covers."""
        if len(self.files) == 1:
            return self.files[0][1]
        return hashlib.sha256(canonical([list(file) for file in self.files])).hexdigest()

    def document(self) -> Json:
        """What a record says of the list: which, of when, how large; never its parties."""
        return {
            "count": len(self.parties),
            "files": [list(file) for file in self.files],
            "list": self.list_id,
            "published": self.published,
            "retrieved": self.retrieved,
            "sha256": self.sha256,
        }


@dataclass(frozen=True, slots=True)
class ListSet:
    """All lists that are screened against at one time, by list id."""

    lists: tuple[SanctionsList, ...]

    def __post_init__(self) -> None:
        ids = [each.list_id for each in self.lists]
        assert ids and ids == sorted(set(ids)), "lists stand once each, in order of their ids"

    @classmethod
    def of(cls, lists: Iterable[SanctionsList]) -> ListSet:
        """A set of lists in whatever order."""
        return cls(tuple(sorted(lists, key=lambda each: each.list_id)))

    @property
    def hash(self) -> str:
        """Hex; the same lists have the same hash whenever they were retrieved."""
        return hashlib.sha256(canonical([[each.list_id, each.sha256] for each in self.lists])).hexdigest()

    @property
    def parties(self) -> tuple[ListedParty, ...]:
        """Every party of every list."""
        return tuple(party for each in self.lists for party in each.parties)


def read_lists(files: Sequence[ListFile], retrieved: str) -> ListSet:
    """Load files into a set; `retrieved` is when they were got (YYYY-MM-DDTHH:MM:SSZ). Raises InputErrors."""
    made = []
    for loaded, group in load_files(files):
        hashes = sorted((PurePath(file.name).name, hashlib.sha256(file.data).hexdigest()) for file in group)
        made.append(SanctionsList(loaded.list_id, tuple(hashes), loaded.published, retrieved, loaded.parties))
    return ListSet.of(made)


class ListDelta(NamedTuple):
    """From one set to the next: parties added, as they are now where changed, and removed; each in order of its key."""

    added: tuple[ListedParty, ...]
    changed: tuple[ListedParty, ...]
    removed: tuple[ListedParty, ...]

    @property
    def to_screen(self) -> tuple[ListedParty, ...]:
        """What customers must be screened against after the change."""
        return self.added + self.changed


def compare(before: ListSet | None, after: ListSet) -> ListDelta:
    """What changed, party by party and field by field; with nothing before, everything was added.

    A list that is loaded in another format changes nearly every party, for formats say different things: rescreen all.
    """
    old = _by_key(before.parties) if before is not None else {}
    new = _by_key(after.parties)
    common = sorted(old.keys() & new.keys())
    return ListDelta(
        tuple(new[key] for key in sorted(new.keys() - old.keys())),
        tuple(new[key] for key in common if party_document(old[key]) != party_document(new[key])),
        tuple(old[key] for key in sorted(old.keys() - new.keys())),
    )


def _by_key(parties: Sequence[ListedParty]) -> Mapping[str, ListedParty]:
    return {party.key: party for party in parties}
