"""The tables of the pack: summary, exceptions, what was not performed, every outcome, samples, cuts and figures."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from compliance.procedures.outcomes import WindowPoint
from compliance.reports.chart import Chart, Series
from compliance.reports.document import Column, Table, amount_text
from compliance.reports.packs.aup.catalogue import PROCEDURES
from compliance.reports.packs.aup.findings import UNPERFORMED, Found
from compliance.reports.packs.aup.inputs import ProceduresInput
from compliance.reports.packs.blocks import named
from por.attestation import coverage_text
from por.snapshot import time_text

__all__ = [
    "bundles_table",
    "cuts_table",
    "exceptions_table",
    "leaves_table",
    "movements_table",
    "outcomes_table",
    "rows_table",
    "summary_table",
    "unperformed_table",
    "window_chart",
    "window_table",
]

_RESULT = {"pass": "no exception", "fail": "exception", "unchecked": UNPERFORMED}
TREES_DRAWN = 4
LABELS_SHOWN = 3


def _columns(*columns: tuple[str, str, int]) -> tuple[Column, ...]:
    return tuple(Column(*each) for each in columns)


def bundles_table(data: ProceduresInput) -> Table:
    """The bundles by their labels."""
    columns = _columns(("Bundle", "text", 14), ("Kind", "text", 10), ("Statement", "text", 26), ("Digest", "code", 40))
    rows = [(each.label, each.kind, each.snapshot, each.digest) for each in data.bundles]
    return named("bundles", "Bundles handed over", columns, rows)


def summary_table(found: Sequence[Found]) -> Table:
    """Every procedure with its result and counts."""
    columns = _columns(
        ("No.", "text", 6), ("Procedure", "code", 20), ("Result", "status", 14), ("Exceptions", "number", 10),
        ("Bundles not performed", "text", 24),
    )  # fmt: skip
    rows = []
    for each in found:
        shown = _some([label for label, _ in each.open])
        rows.append((each.wording.number, each.wording.key, each.status, str(len(each.exceptions)), shown))
    return named("summary", "Procedures and results", columns, rows)


def _some(labels: Sequence[str]) -> str:
    """The first of them, and how many more; which ones is in the table of outcomes."""
    more = f" and {len(labels) - LABELS_SHOWN} more" if len(labels) > LABELS_SHOWN else ""
    return ", ".join(labels[:LABELS_SHOWN]) + more


def exceptions_table(found: Sequence[Found]) -> Table:
    """Every exception, one a row."""
    columns = _columns(("No.", "text", 6), ("Procedure", "code", 18), ("Exception", "text", 60))
    rows = [(each.wording.number, each.wording.key, text) for each in found for text in each.exceptions]
    return named("exceptions", "Exceptions", columns, rows)


def unperformed_table(found: Sequence[Found]) -> Table:
    """What was not performed, for which bundle, and why."""
    columns = _columns(("No.", "text", 6), ("Procedure", "code", 18), ("Bundle", "text", 14), ("Why not", "text", 50))
    rows = []
    for each in found:
        by_reason: dict[str, list[str]] = {}
        for label, why in each.open:
            by_reason.setdefault(why, []).append(label)
        rows += [(each.wording.number, each.wording.key, _some(labels), why) for why, labels in by_reason.items()]
    return named("not-performed", "Not performed, and why", columns, rows)


def outcomes_table(data: ProceduresInput) -> Table:
    """Every procedure of every bundle."""
    columns = _columns(
        ("No.", "text", 6), ("Procedure", "code", 16), ("Bundle", "text", 12), ("Result", "status", 12),
        ("Shown by", "status", 10), ("What was found", "text", 44),
    )  # fmt: skip
    numbers = {wording.key: (place, wording.number) for place, wording in enumerate(PROCEDURES)}
    ordered = sorted(data.performed.outcomes, key=lambda each: numbers[each.procedure])
    rows = [
        (numbers[e.procedure][1], e.procedure, e.bundle or "all", _RESULT[e.result], e.assurance or "", e.detail)
        for e in ordered
    ]
    return named("outcomes", "Outcome of each procedure for each bundle", columns, rows)


def leaves_table(data: ProceduresInput) -> Table:
    """Leaves drawn."""
    columns = _columns(
        ("Bundle", "text", 12), ("Leaf", "number", 8), ("Asset", "text", 10), ("Account", "code", 24),
        ("Claim", "number", 16), ("Debt", "number", 16), ("Result", "status", 12), ("What was found", "text", 30),
    )  # fmt: skip
    rows = [
        (e.bundle, str(e.place), f"{e.asset} {e.entity}", f"{e.kind}:{e.account}", amount_text(e.claim, e.scale),
         amount_text(e.debt, e.scale), _RESULT[e.result], e.detail)
        for e in data.performed.leaves
    ]  # fmt: skip
    return named("sample-leaves", "Leaves drawn", columns, rows)


def rows_table(data: ProceduresInput) -> Table:
    """Reserve rows drawn."""
    columns = _columns(
        ("Bundle", "text", 12), ("Row", "number", 6), ("Asset", "text", 10), ("Address", "code", 26),
        ("Signed", "number", 16), ("From evidence", "number", 16), ("Control", "text", 9), ("Shown by", "status", 10),
        ("Result", "status", 12), ("What was found", "text", 26),
    )  # fmt: skip
    rows = [
        (e.bundle, str(e.place), f"{e.asset} {e.entity}", f"{e.address} {e.chain}", amount_text(e.signed, e.scale),
         amount_text(e.recomputed, e.scale), e.control, e.assurance, _RESULT[e.result], e.detail)
        for e in data.performed.rows
    ]  # fmt: skip
    return named("sample-reserves", "Reserve rows drawn", columns, rows)


def movements_table(data: ProceduresInput) -> Table:
    """Deposits and withdrawals drawn."""
    columns = _columns(
        ("Bundle", "text", 12), ("Position", "number", 13), ("Command", "text", 18), ("Names", "code", 26),
        ("Record", "code", 30), ("Result", "status", 12), ("What was found", "text", 26),
    )  # fmt: skip
    rows = [
        (e.bundle, str(e.sequence), e.command, e.about, e.digest, _RESULT[e.result], e.detail)
        for e in data.performed.movements
    ]
    return named("sample-movements", "Deposits and withdrawals drawn", columns, rows)


def cuts_table(data: ProceduresInput) -> Table:
    """Commands around each cut."""
    columns = _columns(
        ("Bundle", "text", 12), ("Where", "text", 12), ("Position", "number", 12), ("Command", "text", 18),
        ("Applied (UTC)", "text", 24), ("Record", "code", 34),
    )  # fmt: skip
    rows = [
        (e.bundle, e.where, str(e.sequence), e.command, _moment(e.applied_us), e.digest) for e in data.performed.cuts
    ]
    return named("cuts", "Commands around each cut", columns, rows)


def _moment(micros: int) -> str:
    return f"{time_text(micros // 1_000_000)[:-1].replace('T', ' ')}.{micros % 1_000_000:06d}"


def window_table(data: ProceduresInput) -> Table:
    """Held and owed per asset and hour."""
    columns = _columns(
        ("Hour (UTC)", "text", 18), ("Asset", "text", 12), ("Reserves", "number", 18), ("Claims, gross", "number", 18),
        ("Reserves to claims", "number", 12), ("Change of reserves", "number", 18),
    )  # fmt: skip
    rows, before = [], dict[tuple[str, str], int]()
    for point in data.performed.points:
        tree = (point.entity, point.asset)
        change = amount_text(point.held - before[tree], point.scale) if tree in before else ""
        before[tree] = point.held
        rows.append(
            (point.hour, f"{point.asset} {point.entity}", amount_text(point.held, point.scale),
             amount_text(point.claims, point.scale), coverage_text(point.held, point.claims) or "no claims", change)
        )  # fmt: skip
    return named("window", "Reserves and gross claims of each hour", columns, rows)


def window_chart(data: ProceduresInput) -> Iterator[Chart]:
    """A line of cover for each asset, some assets a drawing; none for a single hour."""
    points = data.performed.points
    hours = tuple(sorted({point.hour for point in points}))
    trees = sorted({(point.entity, point.asset) for point in points})
    if len(hours) < 2:
        return
    for start in range(0, len(trees), TREES_DRAWN):
        drawn = trees[start : start + TREES_DRAWN]
        yield Chart(
            "line",
            "Reserves to gross claims",
            f"Reserves in hundredths of claims, rounded down, for {len(hours)} hours and {len(drawn)} assets.",
            tuple(hour[:16].replace("T", " ") for hour in hours),
            tuple(Series(f"{asset} {entity}", _series(points, (entity, asset), hours)) for entity, asset in drawn),
            "%",
            2,
            10_000,
            "100 % of claims",
            name=f"window-{start // TREES_DRAWN + 1}",
        )


def _series(points: Sequence[WindowPoint], tree: tuple[str, str], hours: Sequence[str]) -> tuple[int | None, ...]:
    found = {p.hour: p.held * 10_000 // p.claims for p in points if (p.entity, p.asset) == tree and p.claims}
    return tuple(found.get(hour) for hour in hours)
