"""The archive's facts in the names of the catalogue (`compliance/catalogue.py`), for rules to ask about.

`retention`: a row for each class of which there is a record; classes are the values of `RecordClass`.
`archive.verified`: only of a verification that found nothing wrong. `archive.drilled`: the newest drill that passed.
`archive.regions`: countries of the active storages and those from which they can be viewed; a claim by the firm. What
is not known is missing, and what needs it is *insufficient data*.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from compliance.facts import Assurance, Evidence, Fact, Record
from compliance.retention.archive import Loaded
from compliance.retention.facts import ClassFacts, RetentionFacts

__all__ = ["rule_facts"]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def moment(micros: int) -> datetime:
    """A time in microseconds since 1970 as a moment."""
    return _EPOCH + timedelta(microseconds=micros)


def _row(each: ClassFacts) -> Record:
    return {
        "class": each.record_class.value,
        "first_day": each.oldest,
        "gaps": Fraction(len(each.gaps or ())),
        "keeps_years": None if each.keeps_years is None else Fraction(each.keeps_years),
    }


def rule_facts(facts: RetentionFacts, loaded: Loaded, as_of: datetime) -> list[Fact]:
    """The facts of one archive at a moment, with the head of its chain as their evidence."""
    evidence = (Evidence("archive", f"line {facts.lines}", facts.head),)
    rows = tuple(_row(each) for each in facts.classes.values() if each.records)
    found = [Fact("retention", rows, as_of, Assurance.PROVEN, evidence)] if rows else []
    if facts.verified_at is not None and not facts.failed_checks:
        found.append(Fact("archive.verified", moment(facts.verified_at), as_of, Assurance.PROVEN, evidence))
    if facts.last_passed_drill is not None:
        drilled = moment(facts.last_passed_drill.recorded)
        found.append(Fact("archive.drilled", drilled, as_of, Assurance.PROVEN, evidence))
    active = [storage for storage in loaded.view.storages.values() if storage.is_active]
    countries = frozenset(region[:2] for each in active for region in (each.region, *each.viewable_from))
    if active:
        found.append(Fact("archive.regions", countries, as_of, Assurance.CLAIMED, evidence))
    return found
