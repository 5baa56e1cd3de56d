"""The chain of attestations: no gap, no fork, restatements that name what they restate. Spec: attestation.md section 2.

In: links that each passed their own signature check, in any order. Out: one result and what was found. What the reader
did not hand over (earlier statements, statements in between) is *unchecked*; what contradicts itself is *fail*.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from por.snapshot import HOUR_SECONDS, SnapshotId, to_seconds

__all__ = ["ChainReport", "Link", "check_chain"]


@dataclass(frozen=True, slots=True)
class Link:
    """One attestation as the chain sees it. `source` names the file it came from; `restates` is a digest in hex.

    `failure` is the code of a missed hour that failed an assertion of the exchange's own.
    """

    source: str
    digest: str
    sequence: int
    previous: str | None
    kind: str
    snapshot: SnapshotId
    restates: str | None = None
    rotations: tuple[Any, ...] = ()
    failure: str | None = None


@dataclass(slots=True)
class ChainReport:
    """`failures` are contradictions, `missing` what the reader would have to hand over, `notes` for people."""

    failures: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    forks: list[tuple[str, str]] = field(default_factory=list)

    @property
    def result(self) -> str:
        if self.failures:
            return "fail"
        return "unchecked" if self.missing else "pass"


def check_chain(links: Sequence[Link]) -> ChainReport:
    """Check as much of the chain as was handed over."""
    report = ChainReport()
    unique = {link.digest: link for link in links}
    ordered = sorted(unique.values(), key=lambda link: (link.sequence, link.digest))
    if not ordered:
        report.missing.append("no attestation was handed over")
        return report
    if len({link.snapshot.exchange for link in ordered}) > 1:
        report.failures.append("the attestations are of more than one exchange")
        return report
    for left, right in pairwise(ordered):
        if left.sequence == right.sequence:
            report.forks.append((left.source, right.source))
            report.failures.append(
                f"fork: {left.source} and {right.source} are two signed statements with sequence {left.sequence}; "
                "keep both files, together they are the evidence"
            )
    if report.forks:
        return report
    _walk(ordered, unique, report)
    return report


def _walk(ordered: Sequence[Link], unique: dict[str, Link], report: ChainReport) -> None:
    first = ordered[0]
    if first.sequence > 0:
        report.missing.append(f"statements 0 to {first.sequence - 1} were not handed over")
    latest = None if first.kind == "restatement" else first
    unseen = 0  # statements not handed over since `latest`: each of them can have been for one hour
    for before, link in pairwise(ordered):
        skipped = link.sequence - before.sequence - 1
        unseen += skipped
        if skipped:
            report.missing.append(f"statements {before.sequence + 1} to {link.sequence - 1} were not handed over")
        named = unique.get(link.previous or "")
        if (not skipped and named is not before) or (named is not None and named.sequence + 1 != link.sequence):
            report.failures.append(f"{link.source} does not name the statement before it as its predecessor")
        _check_keys(before, link, report)
        if link.kind == "restatement":
            _check_restatement(link, unique, None if latest is None else _hour(latest) + unseen, report)
            continue
        if latest is not None and not 1 <= _hour(link) - _hour(latest) <= 1 + unseen:
            report.failures.append(
                f"gap: {link.source} is for {link.snapshot.hour} and follows the hour {latest.snapshot.hour} without a "
                "statement for the hours between"
            )
        latest, unseen = link, 0
    _check_snapshots(ordered, report)
    for link in ordered:
        if link.failure is not None:
            report.notes.append(f"{link.snapshot.hour} is attested as failed: {link.failure}")
        elif link.kind == "missed":
            report.notes.append(f"{link.snapshot.hour} is attested as missed")


def _hour(link: Link) -> int:
    """The hour's number, counted from 1970."""
    return to_seconds(link.snapshot.hour) // HOUR_SECONDS


def _check_keys(before: Link, link: Link, report: ChainReport) -> None:
    """Histories only grow, and a key that is listed as replaced signed nothing after that."""
    known = len(before.rotations)
    if link.rotations[:known] != before.rotations:
        report.failures.append(f"{link.source} has another history of keys than {before.source}")
    elif any(rotation["sequence"] <= before.sequence for rotation in link.rotations[known:]):
        report.failures.append(f"{link.source} says that the key of {before.source} was replaced before it signed that")


def _check_snapshots(ordered: Sequence[Link], report: ChainReport) -> None:
    """A snapshot's id, revision included, is stated once."""
    seen: dict[SnapshotId, Link] = {}
    for link in ordered:
        other = seen.setdefault(link.snapshot, link)
        if other is not link:
            report.failures.append(f"{other.source} and {link.source} are two statements of {link.snapshot}")


def _check_restatement(link: Link, unique: dict[str, Link], newest: int | None, report: ChainReport) -> None:
    report.notes.append(f"{link.source} restates {link.snapshot.hour}")
    if newest is not None and _hour(link) > newest:
        report.failures.append(f"{link.source} restates an hour that is not in the chain yet")
    restated = unique.get(link.restates or "")
    if restated is None:
        report.missing.append(f"what {link.source} restates was not handed over")
    elif restated.sequence >= link.sequence or (restated.snapshot.hour, restated.snapshot.revision + 1) != (
        link.snapshot.hour,
        link.snapshot.revision,
    ):
        report.failures.append(f"{link.source} does not follow what it restates by one revision of the same hour")
