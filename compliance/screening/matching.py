"""Screening one subject: exact on wallets and numbers, then fuzzy on names. It finds hits and clears nobody.

Every score at or over the threshold is a hit, and so is every exact match; below it the best score is kept, for a clear
result is evidence too. `screen` asks the index which names to compare; `plain` compares all of them and is its twin.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from importlib.metadata import version
from typing import Final, NamedTuple

from compliance.screening.index import DOCUMENT_CHARACTERS_MIN, Entry, NameIndex, canonical_number
from compliance.screening.names import read_name
from compliance.screening.parties import PartyKind, Subject
from compliance.screening.scoring import RAISED_MAX, SAME, Modifier, modifiers, name_score
from ledger.canonical import Json
from ledger.errors import InputError

__all__ = ["Basis", "Hit", "ScreeningParameters", "ScreeningResult", "algorithm_version", "plain", "screen"]

ALGORITHM: Final = "tallystick/screening/1"


@lru_cache(maxsize=1)
def algorithm_version() -> str:
    """The version that a record keeps: ours, and those of the libraries whose tables and distances it rests on."""
    return f"{ALGORITHM}+anyascii-{version('anyascii')}+rapidfuzz-{version('rapidfuzz')}"


@dataclass(frozen=True, slots=True)
class ScreeningParameters:
    """The threshold in basis points, with where it comes from. No regulator gives one: the firm sets it."""

    threshold: int = 8_500
    source: str = "engineering default, measured in docs/screening.md"

    def __post_init__(self) -> None:
        if not 5_000 <= self.threshold <= SAME:
            remedy = "Give 5000 to 10000; docs/screening.md shows what each finds."
            raise InputError("threshold", f"{self.threshold} is out of range", remedy)


class Basis(StrEnum):
    """What a hit rests on."""

    WALLET = "wallet"
    DOCUMENT = "document"
    NAME = "name"


class Hit(NamedTuple):
    """One listed party that a subject may be. `listed` is what of the list matched: a name, number or address."""

    party: str
    basis: Basis
    listed: str
    quality: str
    name_score: int
    modifiers: tuple[Modifier, ...]
    score: int

    def document(self) -> Json:
        """As a record keeps it. Scores are basis points; a modifier below nought is written with its sign, as text."""
        return {
            "basis": self.basis.value,
            "listed": self.listed,
            "modifiers": [[each.reason, str(each.points)] for each in self.modifiers],
            "name_score": self.name_score,
            "party": self.party,
            "quality": self.quality,
            "score": self.score,
        }


class ScreeningResult(NamedTuple):
    """The hits, best first, and the best score; of a clear result, that of the names alone, under the threshold."""

    hits: tuple[Hit, ...]
    best_score: int


def screen(subject: Subject, index: NameIndex, parameters: ScreeningParameters) -> ScreeningResult:
    """Screen one subject against an index."""
    return _result(subject, index, parameters, is_plain=False)


def plain(subject: Subject, index: NameIndex, parameters: ScreeningParameters) -> ScreeningResult:
    """The same without the index's choice of names: every name is compared. The twin that tests hold `screen` to."""
    return _result(subject, index, parameters, is_plain=True)


def _result(subject: Subject, index: NameIndex, parameters: ScreeningParameters, *, is_plain: bool) -> ScreeningResult:
    exact = list(_exact(subject, index))
    best: dict[str, Hit] = {}
    best_score = 0
    is_organisation = subject.kind is not None and subject.kind is not PartyKind.PERSON
    for text in subject.names:
        name = read_name(text, is_organisation)
        numbers = range(len(index.entries)) if is_plain else index.candidates(name)
        for number in numbers:
            entry = index.entries[number]
            score = name_score(name, entry.read)
            best_score = max(best_score, min(score, parameters.threshold - 1))
            if score + RAISED_MAX < parameters.threshold:
                continue
            hit = _name_hit(subject, entry, score)
            if hit.score < parameters.threshold:
                continue
            before = best.get(hit.party)
            if before is None or (hit.score, hit.name_score) > (before.score, before.name_score):
                best[hit.party] = hit
    hits = [*exact, *best.values()]
    hits.sort(key=lambda hit: (-hit.score, hit.party, hit.basis.value, hit.listed))
    return ScreeningResult(tuple(hits), max((hit.score for hit in hits), default=best_score))


def _exact(subject: Subject, index: NameIndex) -> Iterable[Hit]:
    seen: set[tuple[str, str]] = set()
    for address in subject.wallets:
        for party, wallet in index.wallets(address):
            if (party.key, wallet.address) not in seen:
                seen.add((party.key, wallet.address))
                yield Hit(party.key, Basis.WALLET, f"{wallet.currency} {wallet.address}", "", 0, (), SAME)
    for number in subject.documents:
        if len(canonical_number(number)) < DOCUMENT_CHARACTERS_MIN:
            continue
        for party, document in index.documents(number):
            words = f"{document.kind} {document.number} {document.country}".strip()
            if (party.key, words) not in seen:
                seen.add((party.key, words))
                yield Hit(party.key, Basis.DOCUMENT, words, "", 0, (), SAME)


def _name_hit(subject: Subject, entry: Entry, score: int) -> Hit:
    changed = modifiers(subject, entry.party, entry.name.quality)
    total = max(0, min(SAME, score + sum(each.points for each in changed)))
    return Hit(entry.party.key, Basis.NAME, entry.name.text, entry.name.quality.value, score, changed, total)
