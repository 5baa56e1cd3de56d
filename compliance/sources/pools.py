"""Lending pools and who lends and borrows in them, from what the engine stated up to a log position."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

from sqlmodel import Session

from compliance.sources.stored import documents

__all__ = ["BORROWS", "Borrow", "Pool", "borrows", "consents", "lent_by", "pools"]

BORROWS: Final = ("borrow", "house-debt")
"""Kinds of a move that give credit: by the lenders of a pool, and by the exchange itself."""
_KIND: Final = re.compile(r'"kind": ?"([^"]*)"')


class Pool(NamedTuple):
    """A pool as it was stated last, quanta; `position` of that statement."""

    asset: str
    position: int
    lent: int
    borrowed: int
    house_debt: int


class Borrow(NamedTuple):
    """Credit that was given; `kind` is one of `BORROWS`."""

    sequence: int
    account: str
    subaccount: str
    asset: str
    kind: str
    cause: str


def pools(session: Session, last: int) -> dict[str, Pool]:
    """Every pool that was ever stated, by its asset."""
    found: dict[str, Pool] = {}
    for sequence, _, document in documents(session, "pool-stated", last=last):
        facts = json.loads(document)
        amounts = (int(facts[name]) for name in ("lent", "borrowed", "house_debt"))
        found[facts["asset"]] = Pool(facts["asset"], sequence, *amounts)
    return found


def borrows(session: Session, first: int, last: int) -> Iterator[Borrow]:
    """The credit given in the positions, in its order."""
    for sequence, facts in _moves(session, first, last, BORROWS):
        yield Borrow(sequence, facts["account"], facts["subaccount"], facts["asset"], facts["kind"], facts["cause"])


def _moves(session: Session, first: int, last: int, kinds: tuple[str, ...]) -> Iterator[tuple[int, Any]]:
    for sequence, _, document in documents(session, "lending-moved", first, last=last):
        kind = _KIND.search(document)
        assert kind is not None, "a move of lending has a kind"
        if kind[1] in kinds:
            yield sequence, json.loads(document)


def lent_by(session: Session, last: int) -> dict[str, dict[str, int]]:
    """What each account has lent of each asset, quanta, by asset; one pass over every move of lenders."""
    found: dict[str, dict[str, int]] = {}
    for _, facts in _moves(session, 1, last, ("lend", "redeem")):
        by = found.setdefault(facts["asset"], {})
        change = int(facts["amount"]) if facts["kind"] == "lend" else -int(facts["amount"])
        by[facts["account"]] = by.get(facts["account"], 0) + change
    return {asset: {account: quanta for account, quanta in by.items() if quanta > 0} for asset, by in found.items()}


def consents(session: Session, consent: str, last: int) -> dict[str, list[tuple[int, bool, str]]]:
    """What each account said of a consent: log position, given or withdrawn, the digest of the text."""
    found: dict[str, list[tuple[int, bool, str]]] = {}
    for sequence, account, document in documents(session, "consent-set", last=last):
        facts = json.loads(document)
        if facts["consent"] == consent:
            found.setdefault(str(account), []).append((sequence, bool(facts["given"]), facts["text"]))
    return found
