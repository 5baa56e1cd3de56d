"""When somebody is screened, and the records that it leaves: at onboarding, when lists change, for each transfer, and
backwards over past transfers when a wallet is listed later.

After a change of lists it is enough to screen everybody against the parties that were added or changed: `rescreen` does
that and records from which set it went on, so that a chain of such records proves the whole. It goes on only where a
subject was covered by the set before, with the same data, algorithm and threshold; everybody else is screened against
everything. A name whose listed form did not
change keeps the decision that it has; a full rescreening (`is_full`) opens every hit again, for nothing clears itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from compliance.screening.index import NameIndex
from compliance.screening.lists import ListDelta, ListSet, compare
from compliance.screening.matching import ScreeningParameters, ScreeningResult, algorithm_version, screen
from compliance.screening.parties import ListedParty, Subject
from compliance.screening.records import Occasion, Record, ScreeningLog, subject_hash
from ledger.canonical import canonical

__all__ = ["Coverage", "Screener", "Touched", "Transfer", "covered"]


class Transfer(NamedTuple):
    """A past or present transfer: addresses on every side that is known, and the other party's names, if any.

    `at` is YYYY-MM-DDTHH:MM:SSZ; `subject` is the customer's random id.
    """

    transfer_id: str
    at: str
    subject: str
    addresses: tuple[str, ...]
    counterparty: tuple[str, ...] = ()


class Touched(NamedTuple):
    """A transfer that a listed party had a hand in, with what was found and its record."""

    transfer: Transfer
    result: ScreeningResult
    record: Record


class Coverage(NamedTuple):
    """What a customer is screened against in full: the set, and with which data, algorithm and threshold."""

    set_hash: str
    screened: str
    algorithm: str
    threshold: int


def covered(records: Iterable[Record]) -> dict[str, Coverage]:
    """Each customer's coverage, by subject id.

    Only onboarding and list changes count: the other side of a transfer is no customer. A record that goes on from a
    set counts only for whoever was covered by that set in the same way: under another name, algorithm or threshold what
    did not change must be looked at again too.
    """
    found: dict[str, Coverage] = {}
    for record in records:
        body = record.body
        if record.kind != "screening" or body["occasion"] not in (Occasion.ONBOARDING, Occasion.LIST_CHANGE):
            continue
        now = Coverage(body["set"], body["screened"], body["algorithm"], body["threshold"])
        if not body["since"] or found.get(body["subject"]) == now._replace(set_hash=body["since"]):
            found[body["subject"]] = now
    return found


class Screener:
    """Screens against one set of lists and writes into one log. `key` (32 bytes) hides what was screened."""

    def __init__(self, lists: ListSet, log: ScreeningLog, key: bytes, parameters: ScreeningParameters) -> None:
        """Build the index: about 40 us a listed name."""
        self.lists, self.log, self.key, self.parameters = lists, log, key, parameters
        self.index = NameIndex(lists.parties)
        self._set = lists.hash

    def _record(
        self,
        subject: Subject,
        occasion: Occasion,
        result: ScreeningResult,
        at: str,
        since: str = "",
        reference: str = "",
    ) -> Record:
        screened = subject_hash(self.key, subject)
        return self.log.add_screening(
            subject.subject_id,
            screened,
            occasion,
            self._set,
            result,
            self.parameters,
            at,
            since=since,
            reference=reference,
        )

    def onboard(self, subject: Subject, at: str) -> tuple[ScreeningResult, Record]:
        """Screen a new customer against everything."""
        result = screen(subject, self.index, self.parameters)
        return result, self._record(subject, Occasion.ONBOARDING, result, at)

    def transfer(self, transfer: Transfer, at: str) -> tuple[ScreeningResult, Record]:
        """Screen the addresses and the other party of one transfer, before it is credited or sent."""
        subject = Subject(transfer.subject, transfer.counterparty, wallets=transfer.addresses)
        result = screen(subject, self.index, self.parameters)
        return result, self._record(subject, Occasion.TRANSFER, result, at, reference=transfer.transfer_id)

    def rescreen(
        self,
        subjects: Sequence[Subject],
        before: ListSet | None,
        at: str,
        *,
        is_full: bool = False,
        progress: Callable[[int], None] = lambda done: None,
    ) -> list[tuple[Subject, ScreeningResult, Record]]:
        """Screen customers after a change of lists; a result and record of each that was screened, in their order.

        Everybody whom the set before covered, with the same data, algorithm and threshold, is screened against what
        changed since; whom this set covers so already, not again; all others against everything.
        """
        delta = None if before is None or is_full or before.hash == self._set else compare(before, self.lists)
        since = before.hash if before is not None else ""
        small = NameIndex(delta.to_screen) if delta is not None and delta.to_screen else None
        coverage = covered(self.log.records)
        done = []
        for number, subject in enumerate(subjects):
            progress(number + 1)
            screened = subject_hash(self.key, subject)
            wanted = Coverage(self._set, screened, algorithm_version(), self.parameters.threshold)
            has = coverage.get(subject.subject_id)
            if has == wanted and not is_full:
                continue
            if delta is not None and has == wanted._replace(set_hash=since):
                result = ScreeningResult((), 0) if small is None else screen(subject, small, self.parameters)
                record = self._record(subject, Occasion.LIST_CHANGE, result, at, since)
            else:
                result = screen(subject, self.index, self.parameters)
                record = self._record(subject, Occasion.LIST_CHANGE, result, at)
            done.append((subject, result, record))
        return done

    def look_back(self, transfers: Sequence[Transfer], delta: ListDelta | None, at: str) -> list[Touched]:
        """The past transfers that touched a listed wallet: of the parties that changed, or of all without `delta`.

        Each of them gets a record, and the whole table one more that says how many were examined.
        """
        parties: Sequence[ListedParty] = self.lists.parties if delta is None else delta.to_screen
        index = NameIndex(_wallets_alone(parties))
        touched = []
        for transfer in transfers:
            if not transfer.addresses:
                continue
            subject = Subject(transfer.subject, wallets=transfer.addresses)
            result = screen(subject, index, self.parameters)
            if result.hits:
                record = self._record(subject, Occasion.HISTORY, result, at, reference=transfer.transfer_id)
                touched.append(Touched(transfer, result, record))
        rows = canonical([[row.transfer_id, row.at, row.subject, list(row.addresses)] for row in transfers])
        digest = hashlib.sha256(rows).hexdigest()
        self.log.add_history(self._set, digest, len(transfers), len(touched), at)
        return touched


def _wallets_alone(parties: Sequence[ListedParty]) -> list[ListedParty]:
    return [party for party in parties if party.wallets]
