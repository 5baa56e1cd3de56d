"""The input of a pack from a chain of statements: facts at the period's end, verdicts, every evaluation, coverage."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from importlib.metadata import version
from itertools import groupby
from pathlib import Path

from compliance.calendars import calendar
from compliance.evaluate import evaluate
from compliance.facts import Evidence, FactKind
from compliance.gathering import HourSource, firm_facts, gather, position_of, wallet_book
from compliance.regimes import ZONES
from compliance.reports.inputs import CoveragePoint, Evaluated, PackInput
from compliance.rules import RuleSet
from compliance.sources.attested import Statement, book_lines, coverage_points
from compliance.verdicts import Verdict
from ledger.errors import InputError
from ledger.store import history

__all__ = ["WINDOW", "Asked", "bounds", "following", "pack_input", "within"]

WINDOW = timedelta(days=30)
"""So far after a period coverage is shown, as far as there is any."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What a pack is asked for. `prepared`: now, by whoever asks. `attachments`: files of others by their name."""

    exchange: str
    rules: RuleSet
    start: date
    end: date
    prepared: datetime
    attachments: Mapping[str, Path] = field(default_factory=dict)
    following: Sequence[Statement] = ()
    """Statements after the period, which are not judged: what a firm shows at one moment must last a while."""


def bounds(regime: str, start: date, end: date) -> tuple[datetime, datetime]:
    """The first and the last moment of a period of days of a regime's calendar."""
    days = calendar(ZONES[regime])
    return datetime.combine(start, time(), days.zone), days.end_of(end)


def within(chain: Sequence[Statement], regime: str, start: date, end: date) -> list[Statement]:
    """The statements of a period, and the newest one before it, whose hour the first can be compared with.

    By their hours: a restatement stands in the chain where it was made, and here after what it restates, so that the
    last one is always of the period's last hour.
    """
    chain = sorted(chain, key=lambda each: each.hour)
    first, last = bounds(regime, start, end)
    inside = [each for each in chain if first <= each.hour <= last]
    before = [each for each in chain if each.hour < first]
    return [*before[-1:], *inside] if inside else []


def following(chain: Sequence[Statement], regime: str, end: date) -> list[Statement]:
    """The statements after a period's last day, as far as the window after it reaches."""
    _, last = bounds(regime, end, end)
    return sorted((each for each in chain if last < each.hour <= last + WINDOW), key=lambda each: each.hour)


def pack_input(
    asked: Asked,
    source: HourSource,
    catalogue: Mapping[str, FactKind],
    kept: Iterable[Evaluated],
    before: Iterable[Verdict] = (),
) -> PackInput:
    """The input; `source.chain` holds the period's statements (`within`), `kept` its evaluations, oldest first.

    Verdicts are made here, from the facts of the last statement and the movements of the whole period; a breach that
    `before`, the verdicts of the last evaluation, has kept began when it says. Raises InputError where the period has
    no statement.
    """
    if not source.chain:
        remedy = "Give a period with at least one hour that was attested, or stated as missed."
        raise InputError("--from, --to", "hold no statement of the chain", remedy)
    period = (source.chain[-1].hour - source.chain[0].hour) + timedelta(days=1)
    book = wallet_book(source, firm_facts(source))
    facts = gather(replace(source, period=period), catalogue, book)
    regime = asked.rules.regime
    earlier = [verdict for verdict in before if verdict.regime == regime]
    verdicts = tuple(evaluate(asked.rules, facts, earlier, ZONES[regime]))
    attested = [statement for statement in source.chain if statement.snapshot is not None]
    return PackInput(
        exchange=asked.exchange,
        entity=source.entity,
        rules=asked.rules,
        start=asked.start,
        end=asked.end,
        prepared=asked.prepared,
        facts=facts,
        verdicts=verdicts,
        evaluations=tuple(kept),
        coverage=tuple(_coverage(replace(source, chain=[*source.chain, *asked.following]))),
        books=book_lines(attested[-1], source.entity) if attested else (),
        attachments=asked.attachments,
        evidence=tuple(Evidence("attestation", each.place, each.digest) for each in source.chain),
        engine=f"tallystick {version('tallystick')}",
    )


def _coverage(source: HourSource) -> Iterator[CoveragePoint]:
    """Coverage hour by hour, each hour's reserves by whose the wallets were then, and not by whose they are now."""
    marks: list[int] = []
    if source.store is not None:
        known: dict[str, object] = {}
        for event in history.events(source.store.session, "wallet-set"):
            if known.get(event.document["wallet"], event.document) != event.document:
                marks.append(event.sequence)
            known[event.document["wallet"]] = event.document
    position = 0

    def owners(statement: Statement) -> tuple[object, ...]:
        nonlocal position
        position = position_of(statement) or position
        stated = [fact for fact in firm_facts(replace(source, chain=[statement])) if fact.name == "wallets.stated"]
        return (bisect_right(marks, position), *(each for fact in stated for each in fact.evidence))

    for _, found in groupby(source.chain, owners):
        part = replace(source, chain=list(found))
        yield from coverage_points(part.chain, source.entity, wallet_book(part, firm_facts(part)))
