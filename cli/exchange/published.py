"""What an exchange published hour by hour, as far as its folder still has it: where its log stood, in what state."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from cli.common import read_input
from ledger.errors import InputError
from por.verify.standalone import Malformed, read_attestation

__all__ = ["PublishedHour", "newest_position", "published_hours"]

ATTESTATION = "attestation.json"


class PublishedHour(NamedTuple):
    """One attestation: its snapshot's id, and what it says of the log (hashes in hex)."""

    snapshot: str
    position: int
    head: str
    state: str
    ruleset: int
    parameters: str


def published_hours(folder: Path) -> Iterator[PublishedHour]:
    """The attestations in a folder of bundles that state a log position; raises InputError for one that is none.

    A bundle that is being written has a name that begins with a point.
    """
    if not folder.is_dir():
        return
    for bundle in sorted(folder.iterdir()):
        path = bundle / ATTESTATION
        if bundle.name.startswith(".") or not path.is_file():
            continue
        try:
            document = read_attestation(read_input(path, "attestation"))
        except Malformed as problem:
            raise InputError(str(path), f"is no attestation{problem}", "Restore the bundle.") from None
        ledger = _ledger_of(document)
        if ledger is not None:
            yield PublishedHour(document["statement"]["snapshot"], **ledger)


def _ledger_of(document: Any) -> dict[str, Any] | None:
    """What the snapshot, or the section of a failed hour, says of the log; None where it is of outside books."""
    stated = (document["sections"].get(name, {}).get("ledger") for name in ("snapshot", "failed"))
    return next((ledger for ledger in stated if ledger is not None), None)


def newest_position(folder: Path) -> PublishedHour | None:
    """The attestation whose log position is the furthest."""
    return max(published_hours(folder), key=lambda hour: hour.position, default=None)
