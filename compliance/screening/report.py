"""The screening facts as a document for people: lists and their ages, coverage, open and confirmed hits. No names."""

from __future__ import annotations

from compliance.reports.document import Block, Column, Document, Table
from compliance.screening.facts import OFAC_REPORT, ReportClock, ScreeningFacts

__all__ = ["screening_document"]

_LIMITS = (
    "What is screened against is what was loaded; the ages above say how old it is.",
    "Who is not among the customers that were given to the screening is not in these figures.",
    "The log shows that no record was changed; that its end was not cut off only a hash of it kept elsewhere can show.",
    "What the matching finds and misses is measured in docs/screening.md.",
)


def screening_document(facts: ScreeningFacts, exchange: str, clock: ReportClock = OFAC_REPORT) -> Document:
    """The document at the facts' time."""
    return Document(
        language="en",
        title="Sanctions screening",
        subtitle=exchange,
        facts=(
            ("as of", facts.as_of),
            ("set of lists", facts.set_hash or "none was loaded"),
            ("log head", facts.head),
            ("customers screened against it", f"{facts.subjects_current:,} of {facts.subjects:,}"),
            ("open hits", f"{len(facts.open_hits):,}"),
            ("confirmed hits", f"{len(facts.confirmed_hits):,}"),
            ("hits cleared by a reviewer", f"{facts.cleared_hits:,}"),
            ("screenings without a hit", f"{facts.clear_results:,}"),
        ),
        blocks=(_lists(facts), _occasions(facts), _open(facts), _confirmed(facts, clock), Block("Limits", 2, _LIMITS)),
        prepared=facts.as_of,
        footer=f"{exchange}: sanctions screening as of {facts.as_of}",
    )


def _lists(facts: ScreeningFacts) -> Block:
    columns = (
        Column("list", weight=8), Column("published", weight=8), Column("retrieved", weight=12),
        Column("hours since", "number", 6), Column("parties", "number", 6), Column("SHA-256", "code", 30),
    )  # fmt: skip
    rows = tuple(
        (each.list_id, each.published or "not stated", each.retrieved, f"{each.retrieved_seconds // 3600:,}",
         f"{each.parties:,}", each.sha256)
        for each in facts.lists
    )  # fmt: skip
    return Block("Lists", 2, table=Table("The lists that are screened against", columns, rows, name="lists"))


def _occasions(facts: ScreeningFacts) -> Block:
    columns = (
        Column("occasion"), Column("subjects", "number"), Column("screened", "number"), Column("open hits", "number"),
        Column("oldest open hit", weight=14),
    )  # fmt: skip
    rows = tuple(
        (each.occasion.value, f"{each.subjects:,}", f"{each.screened:,}", f"{each.open_hits:,}", each.oldest_open)
        for each in facts.occasions
    )
    return Block("Screenings", 2, table=Table("Screenings by occasion", columns, rows, name="occasions"))


def _open(facts: ScreeningFacts) -> Block:
    columns = (
        Column("screening", "number", 6), Column("subject", "code", 16), Column("party", "code", 14),
        Column("score", "number", 6), Column("since", weight=12), Column("hours open", "number", 6),
    )  # fmt: skip
    rows = tuple(
        (str(each.hit.screening), each.hit.subject, each.hit.party, f"{each.hit.score:,}", each.hit.since,
         f"{each.age_seconds // 3600:,}")
        for each in facts.open_hits
    )  # fmt: skip
    return Block("Open hits", 2, table=Table("Hits that nobody has decided on", columns, rows, name="open-hits"))


def _confirmed(facts: ScreeningFacts, clock: ReportClock) -> Block:
    columns = (
        Column("screening", "number", 6), Column("subject", "code", 16), Column("party", "code", 14),
        Column("confirmed", weight=12), Column("report due", weight=12),
    )  # fmt: skip
    rows = tuple(
        (str(each.hit.screening), each.hit.subject, each.hit.party, each.hit.decided, each.report_due)
        for each in facts.confirmed_hits
    )
    note = f"Due {clock.clock} after confirmation: {clock.citation}, {clock.status.value}, as of {clock.dated}."
    table = Table("Hits that a reviewer confirmed", columns, rows, name="confirmed-hits")
    return Block("Confirmed hits", 2, table=table, after=(note,), rules=(clock.rule,))
