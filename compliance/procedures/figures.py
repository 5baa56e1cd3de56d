"""Figures over the hours handed over: cover before and after each hour, and how control of reserves was shown.

One hour's figures can be met with money that is there for that hour alone, so each is set beside its neighbours. What
is found is a figure; whether it is enough is for whoever reads it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from compliance.procedures.outcomes import RUN, Outcome, WindowPoint, unperformed
from ledger.assets import format_amount
from por.snapshot import SnapshotId, to_seconds
from por.verify.audit import BundleAudit

__all__ = [
    "check_books",
    "check_hours",
    "check_in_flight",
    "check_mix",
    "check_prices",
    "check_window",
    "window_points",
]

HOUR_SECONDS = 3_600
Labelled = Sequence[tuple[str, BundleAudit]]


def window_points(audits: Labelled) -> list[WindowPoint]:
    """Held and owed per tree and hour, hours rising; of an hour stated twice the higher revision."""
    latest: dict[str, tuple[int, str, BundleAudit]] = {}
    for label, audit in audits:
        if audit.snapshot is None or not audit.trees:
            continue
        snapshot = SnapshotId.parse(audit.snapshot)
        before = latest.get(snapshot.hour)
        if before is None or before[0] < snapshot.revision:
            latest[snapshot.hour] = (snapshot.revision, label, audit)
    return [
        WindowPoint(
            label,
            hour,
            tree["entity"],
            tree["asset"],
            tree["scale"],
            sum(int(value) for value in tree["reserves"].values()),
            int(tree["claims"]),
        )
        for hour, (_, label, audit) in sorted(latest.items())
        for tree in audit.trees
    ]


def check_window(points: Sequence[WindowPoint]) -> Outcome:
    """Cover of each hour beside the hour before and after it, gross and per asset."""
    hours = sorted({point.hour for point in points})
    if not hours:
        return unperformed("window", RUN, "no statement with balances was reached")
    wrong = [
        f"{point.asset} ({point.entity}) at {point.hour}: reserves of {format_amount(point.held, point.scale)} "
        f"and claims of {format_amount(point.claims, point.scale)}"
        for point in points
        if point.held < point.claims
    ]
    wrong += [*_alone(points)]
    detail = f"{len(hours)} hours from {hours[0]} to {hours[-1]}, {len(points)} figures"
    if wrong:
        return Outcome("window", RUN, "fail", None, detail, wrong)
    if len(hours) < 2:
        return unperformed("window", RUN, f"{detail}: one hour has no hour beside it; hand over those around it")
    return Outcome("window", RUN, "pass", "claimed", f"{detail}; in none are claims above reserves")


def _alone(points: Sequence[WindowPoint]) -> Iterator[str]:
    """Hours that are covered while the hours right before and after them are not."""
    by_tree: dict[tuple[str, str], dict[int, WindowPoint]] = {}
    for point in points:
        by_tree.setdefault((point.entity, point.asset), {})[to_seconds(point.hour)] = point
    for (entity, asset), series in sorted(by_tree.items()):
        for at, point in sorted(series.items()):
            around = [series.get(at - HOUR_SECONDS), series.get(at + HOUR_SECONDS)]
            known = [each for each in around if each is not None]
            if point.held >= point.claims and len(known) == 2 and all(each.held < each.claims for each in known):
                yield f"{asset} ({entity}) is covered at {point.hour} and neither the hour before nor the hour after"


def check_hours(audits: Labelled) -> Outcome:
    """Whether the hours follow each other without a gap, with a statement, if only of a missed hour, for each."""
    stated = sorted({SnapshotId.parse(a.snapshot).hour for _, a in audits if a.snapshot and a.is_signed})
    if len(stated) < 2:
        return unperformed("hours", RUN, "fewer than two hours with a signature that holds were handed over")
    places = [to_seconds(hour) for hour in stated]
    gaps = [
        f"between {stated[n]} and {stated[n + 1]} there are {(places[n + 1] - places[n]) // HOUR_SECONDS - 1} hours "
        "without a statement among those handed over"
        for n in range(len(stated) - 1)
        if places[n + 1] - places[n] != HOUR_SECONDS
    ]
    missed = [SnapshotId.parse(a.snapshot).hour for _, a in audits if a.snapshot and a.kind == "missed"]
    detail = f"{len(stated)} hours from {stated[0]} to {stated[-1]}; {len(missed)} of them stated as missed"
    if gaps:
        return Outcome("hours", RUN, "fail", None, detail, gaps)
    return Outcome("hours", RUN, "pass", "proven", detail)


def check_in_flight(label: str, audit: BundleAudit) -> Outcome:
    """Reserves less custody, explained by the listed movements: what they leave unexplained is an exception."""
    section = audit.sections.get("in-flight")
    if section is None:
        why = "the statement has no list of movements in flight: the books are kept outside"
        return unperformed("in-flight", label, "the statement has no balances" if "missed" in audit.sections else why)
    if not any(check.name == "in-flight" for check in audit.checks):
        return unperformed("in-flight", label, "not reached, because form or signature failed")
    wrong = [
        f"{total['asset']} ({total['entity']}): reserves {total['reserves']}, custody {total['custody']}, in flight "
        f"{total['in_flight']}: {total['difference']} quanta are not explained"
        for total in section["totals"]
        if total["difference"] != "0"
    ]
    detail = f"{len(section['rows'])} movements between ledger and chains, {len(section['totals'])} assets reconciled"
    if wrong:
        return Outcome("in-flight", label, "fail", None, detail, wrong)
    return Outcome("in-flight", label, "pass", "claimed", detail)


def check_mix(label: str, audit: BundleAudit) -> Outcome:
    """How control of reserve rows was shown: a count of each kind, as evidence and control are signed and were held."""
    if audit.reserves is None:
        return unperformed("mix", label, "the reserve rows were not reached")
    rows = audit.reserves.rows
    if not rows:
        return unperformed("mix", label, "the statement has no reserve row")
    kinds = Counter((row.control, row.assurance) for row in rows)
    listed = ", ".join(f"{count} {control} ({assurance})" for (control, assurance), count in sorted(kinds.items()))
    without = [f"{row.asset} at {row.address}: no proof of control" for row in rows if row.control == "none"]
    detail = f"{len(rows)} rows by proof of control and what it came to: {listed}"
    if without:
        return Outcome("mix", label, "fail", None, detail, without)
    return Outcome("mix", label, "pass", min((row.assurance for row in rows), key=_RANK.index), detail)


def check_books(label: str, audit: BundleAudit) -> Outcome:
    """The exchange's books beside its reserves: every deficit that it signed itself is an exception."""
    found = next((check for check in audit.checks if check.name == "books"), None)
    if found is None or found.result != "pass":
        return unperformed("books", label, "the statement has no balances" if found is None else found.detail)
    rows = audit.sections["books"]["rows"]
    scales = {(tree["entity"], tree["asset"]): tree["scale"] for tree in audit.sections["snapshot"]["trees"]}
    wrong = [
        f"{row['asset']} ({row['entity']}): the books state a deficit of "
        f"{format_amount(int(row['deficit']), scales[row['entity'], row['asset']])}"
        for row in rows
        if row["deficit"] != "0"
    ]
    detail = f"{len(rows)} assets: custody, in transit, debts and receivables set against claims and house"
    if wrong:
        return Outcome("books", label, "fail", None, detail, wrong)
    return Outcome("books", label, "pass", found.assurance, detail)


_RANK = ("claimed", "attested", "proven")


def check_prices(label: str, audit: BundleAudit) -> Outcome:
    """The prices and haircuts that the net figure rests on: listed; their source is not in a bundle."""
    section = audit.sections.get("net")
    if section is None or not any(check.name == "net" for check in audit.checks):
        return unperformed("prices", label, "no figure net of debts is stated, and no price with it")
    prices = ", ".join(f"{row['asset']} {row['price']} less {row['haircut']}" for row in section["prices"])
    why = "their source is not in the bundle, and no price of the practitioner's own was given to compare with"
    return unperformed("prices", label, f"{len(section['prices'])} prices are stated ({prices or 'none'}); {why}")
