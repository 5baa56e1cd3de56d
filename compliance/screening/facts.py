"""What the screening log says to the rules at one time: lists and their ages, who is screened against them, open hits.

Nothing here judges: a rule compares these facts with its parameters. The days that a report may take are such a
parameter; OFAC's are from reference material that was not read in the original, and say so.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NamedTuple

from compliance.screening.occasions import covered
from compliance.screening.records import HitState, ScreeningLog, Verdict
from por.snapshot import to_seconds

__all__ = ["OFAC_REPORT", "ConfirmedHit", "ListAge", "OpenHit", "ReportClock", "ScreeningFacts", "screening_facts"]

_DAY_SECONDS: Final = 86_400


class ReportClock(NamedTuple):
    """How many business days a report may take from the day on which a hit was confirmed.

    `status`: V where the text was read, S where secondary material was, U where neither.
    """

    rule: str
    business_days: int
    calendar: str
    citation: str
    status: str
    as_of: str


OFAC_REPORT: Final = ReportClock("US-OFAC-01", 10, "US federal", "31 CFR 501.603 and 501.604", "U", "2026-11-30")


class ListAge(NamedTuple):
    """One list of the current set. `published_days` is None where the format gives no date."""

    list_id: str
    sha256: str
    count: int
    published: str
    retrieved: str
    retrieved_seconds: int
    published_days: int | None


class OpenHit(NamedTuple):
    """A hit that nobody has decided on, and for how long."""

    hit: HitState
    age_seconds: int


class ConfirmedHit(NamedTuple):
    """A hit that a reviewer confirmed, and the last day for its report."""

    hit: HitState
    report_due: str


class ScreeningFacts(NamedTuple):
    """Everything at `as_of`. `set_hash` is empty and `lists` are none where no list was ever loaded."""

    as_of: str
    head: str
    set_hash: str
    lists: tuple[ListAge, ...]
    subjects: int
    subjects_current: int
    transfers: int
    open_hits: tuple[OpenHit, ...]
    confirmed_hits: tuple[ConfirmedHit, ...]
    cleared_hits: int
    clear_results: int

    @property
    def oldest_open_seconds(self) -> int:
        """The age of the oldest open hit; 0 where there is none."""
        return max((each.age_seconds for each in self.open_hits), default=0)


def screening_facts(
    log: ScreeningLog,
    as_of: str,
    business_day_after: Callable[[str, int], str],
    clock: ReportClock = OFAC_REPORT,
) -> ScreeningFacts:
    """The facts at a time. `business_day_after(day, count)` gives the day that many business days after a day."""
    now = to_seconds(as_of)
    records = list(log.until(as_of))
    sets = [record for record in records if record.kind == "lists"]
    current = sets[-1].body if sets else {"lists": [], "set": ""}
    screenings = [record.body for record in records if record.kind == "screening"]
    customers = covered(records)
    hits = log.hits(as_of)
    confirmed = (hit for hit in hits if hit.verdict is Verdict.CONFIRMED)
    return ScreeningFacts(
        as_of=as_of,
        head=records[-1].hash if records else ScreeningLog().head,
        set_hash=current["set"],
        lists=tuple(
            ListAge(
                each["list"], each["sha256"], each["count"], each["published"], each["retrieved"],
                now - to_seconds(each["retrieved"]),
                (now - to_seconds(f"{each['published']}T00:00:00Z")) // _DAY_SECONDS if each["published"] else None,
            )
            for each in current["lists"]
        ),
        subjects=len(customers),
        subjects_current=sum(set_hash == current["set"] for set_hash in customers.values()),
        transfers=sum(body["occasion"] == "transfer" for body in screenings),
        open_hits=tuple(OpenHit(hit, now - to_seconds(hit.since)) for hit in hits if hit.verdict is None),
        confirmed_hits=tuple(
            ConfirmedHit(hit, business_day_after(hit.decided[:10], clock.business_days)) for hit in confirmed
        ),
        cleared_hits=sum(hit.verdict is Verdict.CLEARED for hit in hits),
        clear_results=sum(not body["hits"] for body in screenings),
    )  # fmt: skip
