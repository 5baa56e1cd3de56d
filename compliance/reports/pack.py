"""A report pack as data: what it is about, its rules, verdicts, tables, charts and evidence. pack.json is made from it.

The documents that show it are put together in `packs/`; here are the parts of them that follow from the data alone: the
cover of some verdicts, and evidence with the command that checks it again.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from compliance.facts import Evidence, moment_text
from compliance.reports.chart import Chart
from compliance.reports.document import HASH, Cover, EvidenceItem, Table, Texts
from compliance.reports.inputs import PackInput
from compliance.reports.status import RESULTS, overall
from compliance.rules import Rule, RuleSet
from compliance.verdicts import Verdict
from por.pages import plain

__all__ = ["PackData", "PackHeader", "cover_of", "evidence_of"]

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
CHAINED = frozenset(
    {"archive", "command log", "firm's register", "screening log", "surveillance cases", "travel rule log"}
)
"""Kinds of evidence whose digest is the head of a chain, or of a record under its label, and not of a file's bytes."""
PLACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*\.[A-Za-z0-9]+\Z")
"""Evidence that stands in a file of the bundle; other evidence names a position in a log."""


@dataclass(frozen=True, slots=True)
class PackHeader:
    """Whose pack it is, of which filing (`report`, an id such as `vara-monthly`), and of which period.

    `start` and `end` are days as text, both in the period; `prepared` is a moment in UTC as text.
    """

    regime: str
    report: str
    exchange: str
    entity: str
    start: str
    end: str
    prepared: str

    def __post_init__(self) -> None:
        assert DAY.match(self.start) and DAY.match(self.end) and self.start <= self.end, "a period has a day"
        assert self.prepared.endswith("Z"), "a moment in UTC"

    @classmethod
    def of(cls, given: PackInput, report: str) -> PackHeader:
        """The header of a pack that is made from an input."""
        return cls(
            regime=given.rules.regime,
            report=report,
            exchange=given.exchange,
            entity=given.entity,
            start=given.start.isoformat(),
            end=given.end.isoformat(),
            prepared=moment_text(given.prepared),
        )


@dataclass(frozen=True, slots=True)
class PackData:
    """A pack as data. `verdicts` are of `rules`; tables and charts are those that its document shows, for JSON."""

    header: PackHeader
    rules: RuleSet
    verdicts: tuple[Verdict, ...]
    tables: tuple[Table, ...] = ()
    charts: tuple[Chart, ...] = ()
    evidence: tuple[EvidenceItem, ...] = ()

    def __post_init__(self) -> None:
        known = {(rule.id, rule.version) for rule in self.rules.rules}
        assert all((each.rule, each.version) in known for each in self.verdicts), "a verdict is of a rule of the set"

    def rule(self, verdict: Verdict) -> Rule:
        """The version of the rule that a verdict is of."""
        return next(rule for rule in self.rules.rules if (rule.id, rule.version) == (verdict.rule, verdict.version))

    @property
    def all_evidence(self) -> tuple[EvidenceItem, ...]:
        """The pack's own evidence and that of its verdicts, each once, by name."""
        found = {(item.name, item.sha256): item for verdict in self.verdicts for item in evidence_of(verdict.evidence)}
        found |= {(item.name, item.sha256): item for item in self.evidence}
        return tuple(found[place] for place in sorted(found))


def evidence_of(evidence: Iterable[Evidence]) -> Iterator[EvidenceItem]:
    """Evidence of facts for the appendix; a file gets the command that prints its hash, a statement the one that checks
    it and prints its digest.
    """
    for each in evidence:
        if HASH.match(each.digest):
            yield EvidenceItem(plain(each.place), each.digest, plain(each.kind), _command(each))


def _command(evidence: Evidence) -> str:
    """How a piece is checked again; empty where no command alone does it."""
    if not PLACE.match(evidence.place):
        return ""
    folder = evidence.place.rpartition("/")[0]
    if evidence.kind == "attestation":
        return f"tallystick audit {shlex.quote(folder)} --key exchange-key.json --json" if folder else ""
    return "" if evidence.kind in CHAINED else f"sha256sum {shlex.quote(evidence.place)}"


def cover_of(verdicts: Sequence[Verdict], texts: Texts, hashes: tuple[tuple[str, str], ...] = ()) -> Cover:
    """The cover of some verdicts."""
    found = Counter(each.result.value for each in verdicts)
    verdict = overall(found)
    counts = tuple((result, found[result]) for result in RESULTS)
    warnings = sum(1 for each in verdicts if each.warning)
    return Cover(verdict, texts["said_" + verdict.replace(" ", "_")], counts, hashes, warnings)
