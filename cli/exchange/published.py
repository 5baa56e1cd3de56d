"""What an exchange published hour by hour, as far as its folder still has it: where its log stood, in what state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cli.common import read_input
from ledger.canonical import Digest
from ledger.errors import InputError
from ledger.log import Head, Sequence64
from por.verify.standalone import Malformed, read_attestation

__all__ = ["PublishedHour", "newest_position", "published_hours"]

ATTESTATION = "attestation.json"
NEWEST = 48
"""How many hours back the furthest position is looked for: restated and failed hours may stand after it."""


class PublishedHour(NamedTuple):
    """One attestation: its snapshot's id, and what it says of the log (hashes in hex)."""

    snapshot: str
    position: int
    head: str
    state: str
    ruleset: int
    parameters: str

    @property
    def log_head(self) -> Head:
        """Where the log stood."""
        return Head(Sequence64(self.position), Digest(bytes.fromhex(self.head)))


def published_hours(folder: Path, newest: int | None = None) -> Iterator[PublishedHour]:
    """The attestations in a folder of bundles that state a log position; raises InputError for one that is none.

    `newest`: only so many, the last by name. A bundle that is being written has a name that begins with a point.
    """
    if not folder.is_dir():
        return
    bundles = sorted(each for each in folder.iterdir() if not each.name.startswith("."))
    for bundle in bundles if newest is None else bundles[-newest:]:
        path = bundle / ATTESTATION
        if not path.is_file():
            continue
        try:
            document = read_attestation(read_input(path, "attestation"))
        except Malformed as problem:
            raise InputError(str(path), f"is no attestation ({problem})", "Restore the bundle.") from None
        ledger = _ledger_of(document)
        if ledger is not None:
            yield PublishedHour(document["statement"]["snapshot"], **ledger)


def _ledger_of(document: Any) -> dict[str, Any] | None:
    """What the snapshot, or the section of a failed hour, says of the log; None where it is of outside books."""
    stated = (document["sections"].get(name, {}).get("ledger") for name in ("snapshot", "failed"))
    return next((ledger for ledger in stated if ledger is not None), None)


def newest_position(folder: Path) -> PublishedHour | None:
    """The attestation whose log position is the furthest. The names of bundles sort as their hours do."""
    return max(published_hours(folder, NEWEST), key=lambda hour: hour.position, default=None)
