"""The archive's facts in the names of the catalogue (`compliance/catalogue.py`), for rules to ask about.

`retention`: a row for each class of which there is a record; classes are the values of `RecordClass`.
`archive.verified`: only of a verification that found nothing wrong. `archive.drilled`: the newest drill that passed.
`archive.regions`: countries of the active storages and those from which they can be viewed; a claim by the firm. What
is not known is missing, and what needs it is *insufficient data*.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from compliance.facts import Assurance, Evidence, Fact, Record
from compliance.retention.archive import ARCHIVE_NAME, Loaded
from compliance.retention.clock_table import CLOCKS
from compliance.retention.facts import ClassFacts, RetentionFacts, retention_facts
from compliance.retention.timestamps import TrustedCertificates
from compliance.retention.verifying import verify_archive

__all__ = ["archive_facts", "rule_facts"]

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


def archive_facts(folder: Path, as_of: datetime, trusted: TrustedCertificates | None = None) -> list[Fact]:
    """The same of an archive's folder, which is verified for it; none where there is no archive or its chain is broken.

    `archive.verified` is then this moment: chain, signed days and documents were checked, time stamps too with the
    certificates that are trusted. Cost: 60 us a line, and reading every object. Raises InputError.
    """
    if not (folder / ARCHIVE_NAME).exists():
        return []
    findings, loaded = verify_archive(folder, trusted=trusted)
    if loaded is None:
        return []
    micros = (as_of - _EPOCH) // timedelta(microseconds=1)
    facts = retention_facts(loaded, CLOCKS, as_of.astimezone(UTC).date(), findings=findings, verified_at=micros)
    return rule_facts(facts, loaded, as_of)
