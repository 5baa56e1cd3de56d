"""What a pack is made from: one entity, one regime, one period. Plain data; whoever reads the exchange fills it in.

A pack judges the end of its period and shows the whole of it: verdicts at the end, every evaluation in between, and the
coverage of every hour, because one moment alone is what a firm could have prepared for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import NamedTuple

from compliance.facts import Amounts, Evidence, Facts
from compliance.rules import RuleSet
from compliance.verdicts import Result, Verdict

__all__ = ["BookLine", "CoveragePoint", "Evaluated", "PackInput"]


class CoveragePoint(NamedTuple):
    """One hour of the chain of statements: its kind (`attestation`, `missed`), and units held and owed per asset."""

    hour: datetime
    kind: str
    held: Amounts
    owed: Amounts
    digest: str


class Evaluated(NamedTuple):
    """One hourly evaluation of the regime's rules: how many came out how, and the digest of the record kept of it."""

    moment: datetime
    counts: Mapping[Result, int]
    digest: str


class BookLine(NamedTuple):
    """The ledger's own report of one asset (units): custody + in transit + debts + receivables = claims + receipts not
    yet credited + house. Signed where a line may be below zero."""

    asset: str
    lines: Amounts
    """Keys: custody, in_transit, debts, receivables, due_from, claims, receipts_uncredited, house, due_to; what is not
    there is nothing."""


@dataclass(frozen=True, slots=True)
class PackInput:
    """See the module. The period is from `start` up to and with `end`, days of the regime's calendar.

    `facts`, `verdicts`: at the end. `evaluations` and `coverage`: oldest first. `attachments`: files of others (an
    auditor's report, a bank's certificate) by the name under which the pack refers to them; what is not there is named
    as missing. `evidence`: every file of the bundles that the pack rests on.
    """

    exchange: str
    entity: str
    rules: RuleSet
    start: date
    end: date
    prepared: datetime
    facts: Facts
    verdicts: tuple[Verdict, ...]
    evaluations: tuple[Evaluated, ...] = ()
    coverage: tuple[CoveragePoint, ...] = ()
    books: tuple[BookLine, ...] = ()
    attachments: Mapping[str, Path] = field(default_factory=dict)
    evidence: tuple[Evidence, ...] = ()
    engine: str = ""
    """Name and version of the software, for the cover."""

    def __post_init__(self) -> None:
        assert self.start <= self.end, "a period has a day"
        assert all(verdict.regime == self.rules.regime for verdict in self.verdicts), "verdicts of this regime"

    def counts(self) -> dict[Result, int]:
        """How many verdicts came out how."""
        return {result: sum(verdict.result is result for verdict in self.verdicts) for result in Result}
