"""Every procedure over a run of audited bundles: the audit's own checks as they came out, and what is beyond them.

In: (label, folder, audit) of each bundle, oldest first, and what the practitioner asked for. Out: outcomes and samples.
The audit is not repeated; leaves are built up again once for each bundle, because samples are followed through them.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from compliance.procedures.figures import (
    check_books,
    check_hours,
    check_in_flight,
    check_mix,
    check_prices,
    check_window,
    window_points,
)
from compliance.procedures.log_cut import LogView, check_cut, read_log, receipts_in, sample_movements
from compliance.procedures.outcomes import (
    RUN,
    CutRow,
    LeafSample,
    MovementSample,
    Outcome,
    RowSample,
    WindowPoint,
    unperformed,
)
from compliance.procedures.samples import check_included, read_leaves, sample_leaves, sample_rows
from por.liabilities.kernels import Kernel
from por.verify.audit import AuditReport, BundleAudit
from por.verify.standalone import ReaderKey

__all__ = ["Asked", "Handed", "Performed", "perform"]


_LISTED = frozenset({"missed", "failed", "unread"})
_OWN = frozenset({"books", "in-flight"})
"""Checks that figures.py reads line by line; a bundle whose form fails has them as it says."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What the practitioner brings: the seed, the exchange's key, how many items to draw, ids that must be there."""

    seed: str
    key: ReaderKey | None
    kernel: Kernel
    leaves: int
    rows: int
    movements: int
    included: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Handed:
    """One bundle: its label in the report, its folder, and the audit of it."""

    label: str
    folder: Path
    audit: BundleAudit


@dataclass(frozen=True, slots=True)
class Performed:
    """What was found. Outcomes are by procedure and bundle; a procedure that has none was not performed."""

    outcomes: tuple[Outcome, ...]
    leaves: tuple[LeafSample, ...] = ()
    rows: tuple[RowSample, ...] = ()
    movements: tuple[MovementSample, ...] = ()
    cuts: tuple[CutRow, ...] = ()
    points: tuple[WindowPoint, ...] = ()


def perform(handed: Sequence[Handed], report: AuditReport, asked: Asked) -> Performed:
    """Perform all of them; never raises for what is in a bundle. Labels must differ."""
    assert len({each.label for each in handed}) == len(handed), "each bundle has a label of its own"
    labelled = [(each.label, each.audit) for each in handed]
    outcomes = [*_checks(handed), *_chain(report)]
    leaves: list[LeafSample] = []
    rows: list[RowSample] = []
    for each in handed:
        found, drawn = _of_leaves(each, asked)
        outcomes += found
        leaves += drawn
        outcome, some = sample_rows(each.label, each.audit, asked.seed, asked.rows)
        outcomes += [outcome, check_in_flight(each.label, each.audit), check_mix(each.label, each.audit)]
        outcomes.append(check_books(each.label, each.audit))
        outcomes.append(check_prices(each.label, each.audit))
        rows += some
    logs, movements, cuts = _of_logs(handed, asked)
    points = window_points(labelled)
    outcomes += [*logs, check_hours(labelled), check_window(points)]
    return Performed(tuple(outcomes), tuple(leaves), tuple(rows), tuple(movements), tuple(cuts), tuple(points))


def _checks(handed: Sequence[Handed]) -> Iterator[Outcome]:
    """The audit's checks. What this room does more of under the same name is left to it.

    An hour without balances, a fault of its own and an unread reserve are said openly, and still each is an exception.
    """
    for each in handed:
        for check in each.audit.checks:
            if check.name not in _OWN:
                result = "fail" if check.name in _LISTED else check.result
                wrong = (check.detail,) if result == "fail" else ()
                yield Outcome(check.name, each.label, result, check.assurance, check.detail, wrong)


def _chain(report: AuditReport) -> Iterator[Outcome]:
    """The chain: each failure is an exception of its own."""
    check = report.chain_check
    wrong = tuple(report.chain.failures) if check.result == "fail" else ()
    yield Outcome(
        "chain",
        RUN,
        check.result,
        check.assurance,
        check.detail,
        wrong or ((check.detail,) if check.result == "fail" else ()),
    )


def _of_leaves(each: Handed, asked: Asked) -> tuple[list[Outcome], list[LeafSample]]:
    leaves = read_leaves(each.folder, each.audit, asked.key, asked.kernel)
    if isinstance(leaves, str):
        return [unperformed(name, each.label, leaves) for name in ("sample-leaves", "included")], []
    outcome, drawn = sample_leaves(each.label, leaves, asked.seed, asked.leaves)
    return [outcome, check_included(each.label, leaves, asked.included)], drawn


def _of_logs(handed: Sequence[Handed], asked: Asked) -> tuple[list[Outcome], list[MovementSample], list[CutRow]]:
    outcomes: list[Outcome] = []
    movements: list[MovementSample] = []
    cuts: list[CutRow] = []
    logs = [read_log(each.label, each.folder, each.audit) for each in handed]
    views = [log for log in logs if isinstance(log, LogView)]
    receipts = receipts_in(views)
    for each, log in zip(handed, logs, strict=True):
        if isinstance(log, str):
            outcomes += [unperformed(name, each.label, log) for name in ("around-cut", "sample-movements")]
            continue
        outcome, around = check_cut(each.label, each.audit, log, _following(each, views))
        outcomes.append(outcome)
        cuts += around
        outcome, drawn = sample_movements(each.label, each.audit, log, asked.seed, asked.movements, receipts)
        outcomes.append(outcome)
        movements += drawn
    return outcomes, movements, cuts


def _following(each: Handed, views: Sequence[LogView]) -> LogView | None:
    """The log that begins right after the signed position of this bundle."""
    position = int(each.audit.sections["snapshot"]["ledger"]["position"])
    return next((view for view in views if int(view.header.first_sequence) == position + 1), None)
