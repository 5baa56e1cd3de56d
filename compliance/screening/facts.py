"""What the screening log says to the rules at one time: lists and their ages, who is screened against them, open hits.

Nothing here judges: a rule compares these facts with its parameters. The days that a report may take are such a
parameter; OFAC's come from reference material whose original was not read, and say so.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final, NamedTuple

from compliance.calendars import Clock, Unit
from compliance.facts import Assurance, Evidence, Fact
from compliance.facts import Record as FactRecord
from compliance.rules import Status
from compliance.screening.occasions import covered
from compliance.screening.records import HitState, Occasion, Record, ScreeningLog, Verdict
from por.snapshot import time_text, to_seconds

__all__ = [
    "OFAC_REPORT",
    "ConfirmedHit",
    "ListAge",
    "OccasionCount",
    "OpenHit",
    "ReportClock",
    "ScreeningFacts",
    "screening_fact",
    "screening_facts",
]

_DAY_SECONDS: Final = 86_400


class ReportClock(NamedTuple):
    """How long a report may take from the day on which a hit was confirmed, and where that is said."""

    rule: str
    clock: Clock
    citation: str
    status: Status
    dated: str


OFAC_REPORT: Final = ReportClock(
    "US-OFAC-01", Clock(10, Unit.BUSINESS_DAYS, "US"), "31 CFR part 501", Status.UNVERIFIED, "2026-11-30"
)


class ListAge(NamedTuple):
    """One list of the current set. `published_days` is None where the format gives no date."""

    list_id: str
    sha256: str
    parties: int
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


class OccasionCount(NamedTuple):
    """Screenings of one occasion; for list changes all customers, and those screened against the current set."""

    occasion: Occasion
    subjects: int
    screened: int
    open_hits: int
    oldest_open: str


class ScreeningFacts(NamedTuple):
    """Everything at `as_of`. `set_hash` is empty and `lists` are none where no list was ever loaded."""

    as_of: str
    head: str
    set_hash: str
    lists: tuple[ListAge, ...]
    subjects: int
    subjects_current: int
    occasions: tuple[OccasionCount, ...]
    open_hits: tuple[OpenHit, ...]
    confirmed_hits: tuple[ConfirmedHit, ...]
    cleared_hits: int
    clear_results: int

    @property
    def oldest_open_seconds(self) -> int:
        """The age of the oldest open hit; 0 where there is none."""
        return max((each.age_seconds for each in self.open_hits), default=0)


def screening_facts(log: ScreeningLog, as_of: str, clock: ReportClock = OFAC_REPORT) -> ScreeningFacts:
    """The facts at a time YYYY-MM-DDTHH:MM:SSZ, from the records up to then."""
    now = to_seconds(as_of)
    records = list(log.until(as_of))
    sets = [record for record in records if record.kind == "lists"]
    current: dict[str, Any] = sets[-1].body if sets else {"lists": [], "set": ""}
    customers = covered(records)
    hits = log.hits(as_of)
    is_current = sum(each.set_hash == current["set"] for each in customers.values())
    confirmed = (hit for hit in hits if hit.verdict is Verdict.CONFIRMED)
    return ScreeningFacts(
        as_of=as_of,
        head=records[-1].hash if records else ScreeningLog().head,
        set_hash=current["set"],
        lists=tuple(_age(each, now) for each in current["lists"]),
        subjects=len(customers),
        subjects_current=is_current,
        occasions=tuple(_occasions(records, hits, len(customers), is_current)),
        open_hits=tuple(OpenHit(hit, now - to_seconds(hit.since)) for hit in hits if hit.verdict is None),
        confirmed_hits=tuple(ConfirmedHit(hit, _due(hit, clock)) for hit in confirmed),
        cleared_hits=sum(hit.verdict is Verdict.CLEARED for hit in hits),
        clear_results=sum(record.kind == "screening" and not record.body["hits"] for record in records),
    )


def _age(said: dict[str, Any], now: int) -> ListAge:
    published = said["published"]
    days = (now - to_seconds(f"{published}T00:00:00Z")) // _DAY_SECONDS if published else None
    age = now - to_seconds(said["retrieved"])
    return ListAge(said["list"], said["sha256"], said["count"], published, said["retrieved"], age, days)


def _due(hit: HitState, clock: ReportClock) -> str:
    return time_text(int(clock.clock.due(datetime.fromisoformat(hit.decided)).timestamp()))


def _occasions(
    records: Sequence[Record], hits: Sequence[HitState], customers: int, is_current: int
) -> list[OccasionCount]:
    of = {record.sequence: Occasion(record.body["occasion"]) for record in records if record.kind == "screening"}
    found = []
    for occasion in Occasion:
        count = sum(each is occasion for each in of.values())
        times = sorted(hit.since for hit in hits if hit.verdict is None and of[hit.screening] is occasion)
        subjects, screened = (customers, is_current) if occasion is Occasion.LIST_CHANGE else (count, count)
        found.append(OccasionCount(occasion, subjects, screened, len(times), times[0] if times else ""))
    return found


def screening_fact(facts: ScreeningFacts) -> Fact:
    """The catalogue's fact `screening`: a record for each occasion, resting on the log's head and the lists' hashes."""
    rows: list[FactRecord] = [
        {
            "id": f"{each.occasion.value}/{facts.set_hash}",
            "occasion": each.occasion.value,
            "subjects": Fraction(each.subjects),
            "screened": Fraction(each.screened),
            "open_hits": Fraction(each.open_hits),
            "oldest_open": datetime.fromisoformat(each.oldest_open) if each.oldest_open else None,
        }
        for each in facts.occasions
    ]
    evidence = [Evidence("screening log", "screening/log.jsonl", facts.head)]
    evidence += [Evidence("sanctions list", f"screening/lists/{each.list_id}", each.sha256) for each in facts.lists]
    moment = datetime.fromtimestamp(to_seconds(facts.as_of), UTC)
    return Fact("screening", tuple(rows), moment, Assurance.CLAIMED, tuple(evidence))
