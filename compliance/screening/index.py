"""Finds, among many listed names, the few that are worth comparing; and exact numbers and wallets at once.

A word is kept under its skeleton (its consonants, names.py) and under the skeleton with each letter left out, so that
two words meet if their consonants differ by one letter left out, put in or exchanged; vowels may differ at will. Two
words of a name written together have a key too. A name is compared if two words meet, or the one word that there is.
`plain` in matching.py compares every name and is what this is measured against.

Cost: some 30 keys a listed name; a query is a few lookups and one pass over a small integer array a word.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple

import numpy as np

from compliance.screening.names import Name, Token, read_name, token
from compliance.screening.parties import Identifier, ListedName, ListedParty, PartyKind, Wallet
from compliance.screening.wallets import canonical_address

__all__ = ["DOCUMENT_CHARACTERS_MIN", "Entry", "NameIndex", "canonical_number"]

DOCUMENT_CHARACTERS_MIN: Final = 4
"""A shorter document number is no identity: it would meet half the customers."""
_PAIRED_TOKENS_MAX: Final = 5
_CACHE_MAX: Final = 50_000
_VOWELS: Final = str.maketrans("", "", "aeiou")
_SEPARATORS: Final = re.compile(r"[\W_]+")
Ids = Any  # np.ndarray of int32; numpy's generic is spelt differently by its versions


class Entry(NamedTuple):
    """One listed name, ready to compare."""

    party: ListedParty
    name: ListedName
    read: Name


def canonical_number(text: str) -> str:
    """A document's or register's number to compare by: letters and digits, upper case; "IMO 9123456" is the number."""
    return _SEPARATORS.sub("", text).upper().removeprefix("IMO") or text.strip()


def _without_one(word: str) -> list[str]:
    return [word[:at] + word[at + 1 :] for at in range(len(word))]


def _keys(skeleton: str, folded: str) -> list[str]:
    if len(skeleton) >= 3:
        return [skeleton, *_without_one(skeleton)]
    # A word of few consonants (Ali, Yuki, Wu) is kept as it is written, and with each letter left out.
    shorter = ["=" + each for each in _without_one(folded)] if len(folded) >= 3 else []
    return [*([skeleton] if len(skeleton) == 2 else []), "=" + folded, *shorter]


def _token_keys(word: Token, is_abjad: bool) -> Iterable[str]:
    keys = dict.fromkeys(_keys(word.skeleton, word.folded))
    # As it is written too: a slip inside sh or ch spoils the folded form of both letters.
    bare = word.plain.translate(_VOWELS)
    if len(bare) >= 2:
        keys.update(dict.fromkeys([bare, *(_without_one(bare) if len(bare) >= 3 else [])]))
    if is_abjad:
        keys.update(dict.fromkeys(_keys(word.skeleton.replace("v", ""), word.folded)))
    return keys


def _pair_keys(name: Name) -> Iterable[str]:
    tokens = [each for each in name.tokens if len(each.plain) > 1]
    if len(tokens) > _PAIRED_TOKENS_MAX:
        near = list(pairwise(tokens))
    else:
        near = [(a, b) for a in tokens for b in tokens if a is not b]
    return dict.fromkeys("+" + token(a.plain + b.plain).folded for a, b in near)


class NameIndex:
    """An index over the parties of a set of lists."""

    def __init__(self, parties: Sequence[ListedParty]) -> None:
        """Build it; about 40 us a name."""
        self.entries: list[Entry] = []
        self._wallets: dict[str, list[tuple[ListedParty, Wallet]]] = {}
        self._numbers: dict[str, list[tuple[ListedParty, Identifier]]] = {}
        self._han: dict[str, list[int]] = {}
        self._same: dict[str, list[int]] = {}
        for party in parties:
            for name in party.names:
                self.entries.append(Entry(party, name, read_name(name.text, party.kind is not PartyKind.PERSON)))
            for wallet in party.wallets:
                self._wallets.setdefault(canonical_address(wallet.address), []).append((party, wallet))
            for document in party.documents:
                number = canonical_number(document.number)
                if len(number) >= DOCUMENT_CHARACTERS_MIN:
                    self._numbers.setdefault(number, []).append((party, document))
        self._tokens: dict[str, Ids] = {}
        self._pairs: dict[str, Ids] = {}
        self._cache: dict[tuple[str, bool], Ids] = {}
        self._fill()
        counts = [len(entry.read.tokens) for entry in self.entries]
        words = [sum(len(word.plain) > 1 for word in entry.read.tokens) for entry in self.entries]
        self._counts = np.array(counts, dtype=np.int8)
        self._needs = np.minimum(2, np.maximum(1, np.array(words, dtype=np.int8)))

    def _fill(self) -> None:
        tokens: dict[str, list[int]] = {}
        pairs: dict[str, list[int]] = {}
        for number, entry in enumerate(self.entries):
            for word in entry.read.tokens:
                for key in _token_keys(word, entry.read.is_abjad):
                    tokens.setdefault(key, []).append(number)
                pairs.setdefault("+" + word.folded, []).append(number)
            for key in _pair_keys(entry.read):
                pairs.setdefault(key, []).append(number)
            self._same.setdefault(entry.read.normal, []).append(number)
            for character in dict.fromkeys(entry.read.han):
                self._han.setdefault(character, []).append(number)
        self._tokens = {key: np.unique(np.array(ids, dtype=np.int32)) for key, ids in tokens.items()}
        self._pairs = {key: np.unique(np.array(ids, dtype=np.int32)) for key, ids in pairs.items()}

    def wallets(self, address: str) -> Sequence[tuple[ListedParty, Wallet]]:
        """The parties that an address is listed for."""
        return self._wallets.get(canonical_address(address), ())

    def documents(self, number: str) -> Sequence[tuple[ListedParty, Identifier]]:
        """The parties that a document or registration number is listed for."""
        return self._numbers.get(canonical_number(number), ())

    def _meeting(self, word: Token, is_abjad: bool) -> Ids:
        """The entries with a word that meets this one."""
        key = (word.plain, is_abjad)
        found = self._cache.get(key)
        if found is None:
            lists = [ids for each in _token_keys(word, is_abjad) if (ids := self._tokens.get(each)) is not None]
            found = np.unique(np.concatenate(lists)) if lists else np.empty(0, dtype=np.int32)
            if len(self._cache) < _CACHE_MAX:
                self._cache[key] = found
        return found

    def candidates(self, name: Name) -> list[int]:
        """The numbers of the entries to compare a name with, in order."""
        words = [word for word in name.tokens if len(word.plain) > 1]
        met = np.zeros(len(self.entries), dtype=np.int8)
        joined = np.zeros(len(self.entries), dtype=bool)
        for word in words[:100]:
            met[self._meeting(word, name.is_abjad)] += 1
            # One word here that is two there; and, below, two words here that are one or two there.
            if (ids := self._pairs.get("+" + word.folded)) is not None:
                joined[ids[self._counts[ids] > len(name.tokens)]] = True
        for key in _pair_keys(name):
            if (ids := self._pairs.get(key)) is not None:
                joined[ids] = True
        if len(name.tokens) == 1:
            chosen = (joined & (self._counts == 2)) | ((met >= 1) & (self._counts == 1))
        else:
            needs = np.minimum(self._needs, max(1, len(words)))
            several = self._counts >= 2
            chosen = (several & (met + joined >= needs)) | (joined & ~several)
        found = set(np.flatnonzero(chosen).tolist())
        found.update(self._same.get(name.normal, ()))  # names of initials alone have no other key
        if name.han:
            for character in name.han:
                found.update(self._han.get(character, ()))
        return sorted(found)
