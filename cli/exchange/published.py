"""What an exchange published hour by hour, as far as its folder still has it: where its log stood, in what state."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cli.common import read_input
from ledger.canonical import Digest
from ledger.errors import InputError
from por.attestation import statement_digest
from por.snapshot import SnapshotId
from por.verify.standalone import Malformed, read_attestation

__all__ = ["PublishedHour", "attested_by", "newest_position", "published_hours"]

ATTESTATION = "attestation.json"
NEWEST = 48
"""How many hours back the furthest position is looked for: restated and failed hours may stand after it."""


class PublishedHour(NamedTuple):
    """One statement: its snapshot's id, number and digest, and what it says of the log (hashes in hex).

    `is_attested`: it has balances; a failed hour states its log position and nothing else.
    """

    snapshot: str
    sequence: int
    digest: Digest
    is_attested: bool
    position: int
    head: str
    state: str
    ruleset: int
    parameters: str

    @property
    def hour(self) -> str:
        """The time at which the hour ended, UTC."""
        return SnapshotId.parse(self.snapshot).hour


def published_hours(folder: Path, newest: int | None = None) -> Iterator[PublishedHour]:
    """The attestations in a folder of bundles that state a log position; raises InputError for one that is none.

    `newest`: only so many, the last by name. A bundle that is being written has a name that begins with a point.
    """
    if not folder.is_dir():
        return
    bundles = sorted(folder.iterdir())
    yield from _hours_in(bundles if newest is None else bundles[-newest:])


def _hours_in(bundles: Iterable[Path]) -> Iterator[PublishedHour]:
    for bundle in bundles:
        path = bundle / ATTESTATION
        if bundle.name.startswith(".") or not path.is_file():
            continue
        try:
            document = read_attestation(read_input(path, "attestation"))
        except Malformed as problem:
            raise InputError(str(path), f"is no attestation ({problem})", "Restore the bundle.") from None
        hour = _read(document)
        if hour is not None:
            yield hour


def _read(document: Any) -> PublishedHour | None:
    """What the snapshot, or the section of a failed hour, says of the log; None where it is of outside books."""
    statement, sections = document["statement"], document["sections"]
    for name in ("snapshot", "failed"):
        ledger = sections.get(name, {}).get("ledger")
        if ledger is not None:
            digest = statement_digest(statement)
            return PublishedHour(statement["snapshot"], statement["sequence"], digest, name == "snapshot", **ledger)
    return None


def attested_by(folder: Path, time: str) -> PublishedHour | None:
    """The newest attested hour that ended at a time (UTC, as in a snapshot's id) or before it, as far as they go."""
    if not folder.is_dir():
        return None
    names = sorted((each.name for each in folder.iterdir() if each.name[:17] <= time.replace(":", "")), reverse=True)
    for name in names:
        hour = next(iter(_hours_in([folder / name])), None)
        if hour is not None and hour.is_attested:
            return hour
    return None


def newest_position(folder: Path) -> PublishedHour | None:
    """The attestation whose log position is the furthest. The names of bundles sort as their hours do."""
    return max(published_hours(folder, NEWEST), key=lambda hour: hour.position, default=None)
