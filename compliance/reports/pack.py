"""A report pack: what it is about, its rules and verdicts, and the document that shows them, in one language.

A regime's pack is `PackData`, from which come the JSON file and the frame of the document: cover, what to look at
first, every verdict, the pack's own blocks, what is not covered, limits, places to sign, and the evidence with how to
check it again. The frame is the same for every regime, so that a reader knows where to look.
"""

from __future__ import annotations

import re
import shlex
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from compliance.facts import Evidence, moment_text
from compliance.reports.chart import Chart
from compliance.reports.document import (
    HASH,
    Block,
    Cover,
    Document,
    EvidenceItem,
    SignOff,
    Table,
    Texts,
    columns_of,
    table_of,
    time_text,
)
from compliance.reports.inputs import PackInput
from compliance.reports.status import RESULTS, overall
from compliance.rules import Rule, RuleSet
from compliance.verdicts import Result, Verdict
from por.pages import plain

__all__ = ["PackData", "PackHeader", "cover_of", "evidence_of", "pack_document"]

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}\Z")
PLACE = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_./-]*\.[A-Za-z0-9]+\Z")
"""Evidence that stands in a file of the bundle; other evidence names a position in a log."""
ORDER = {Result.FAIL: 0, Result.INSUFFICIENT: 1, Result.PASS: 2, Result.NOT_APPLICABLE: 3}


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
    """Evidence of facts for the appendix; a file gets the command that prints its hash."""
    for each in evidence:
        if HASH.match(each.digest):
            command = f"sha256sum {shlex.quote(each.place)}" if PLACE.match(each.place) else ""
            yield EvidenceItem(plain(each.place), each.digest, plain(each.kind), command)


def cover_of(verdicts: Sequence[Verdict], texts: Texts, hashes: tuple[tuple[str, str], ...] = ()) -> Cover:
    """The cover of some verdicts."""
    found = Counter(each.result.value for each in verdicts)
    verdict = overall(found)
    counts = tuple((result, found[result]) for result in RESULTS)
    warnings = sum(1 for each in verdicts if each.warning)
    return Cover(verdict, texts["said_" + verdict.replace(" ", "_")], counts, hashes, warnings)


def pack_document(
    data: PackData,
    texts: Texts,
    data_sha256: str,
    blocks: Sequence[Block] = (),
    sign_offs: Sequence[SignOff] = (),
    report_name: str = "",
    limits: Sequence[str] = (),
) -> Document:
    """The document of a pack: the frame, with the pack's own `blocks` and `limits` in it.

    `data_sha256` is that of `json_.pack_json(data)`; it stands on the cover. `report_name` is the filing's name as its
    readers know it.
    """
    assert HASH.match(data_sha256), "a SHA-256 in hex"
    header = data.header
    period = texts["period_value"].format(start=header.start, end=header.end)
    named = texts["rule_set_value"].format(name=data.rules.name, version=data.rules.version)
    hashes = ((texts["rule_set_hash"], data.rules.hash().hex()), (texts["data_hash"], data_sha256))
    report = plain(report_name or header.report)
    return Document(
        language=texts["language"],
        title=texts["title"],
        subtitle=f"{report} · {plain(header.entity)}",
        facts=(
            (texts["entity"], plain(header.entity)),
            (texts["exchange"], plain(header.exchange)),
            (texts["regime"], plain(header.regime)),
            (texts["report"], report),
            (texts["period"], period),
            (texts["prepared"], time_text(header.prepared)),
            (texts["rule_set"], plain(named)),
        ),
        blocks=tuple(_frame(data, texts, blocks, sign_offs, limits)),
        prepared=header.prepared,
        footer=f"{texts['title']} · {plain(header.entity)} · {report} · {header.start} – {header.end}",
        cover=cover_of(data.verdicts, texts, hashes),
        contents=True,
    )


def _frame(
    data: PackData, texts: Texts, blocks: Sequence[Block], sign_offs: Sequence[SignOff], limits: Sequence[str]
) -> Iterator[Block]:
    yield _attention(data, texts)
    yield _verdicts(data, texts)
    if any(verdict.lines for verdict in data.verdicts):
        yield _lines(data, texts)
    yield from blocks
    if data.rules.not_covered:
        columns = columns_of(texts, ("rule", "rule", 16), ("citation", "text", 20), ("reason", "text", 44))
        rows = [(each.id, each.citation, each.reason) for each in data.rules.not_covered]
        yield Block(texts["not_covered"], 2, (), _named(table_of(texts["not_covered"], columns, rows), "not-covered"))
    said = tuple(texts["limit_" + name] for name in ("assertion", "scope", "missing", "rules", "hash"))
    yield Block(texts["limits"], 2, items=(*said, *limits))
    if sign_offs:
        yield Block(texts["sign_off"], 2, sign_offs=tuple(sign_offs))
    evidence = data.all_evidence
    words = texts["evidence_how"] if evidence else texts["evidence_none"]
    yield Block(texts["evidence"], 2, (words,), evidence=evidence)


def _named(table: Table, name: str) -> Table:
    return Table(table.caption, table.columns, table.rows, table.emphasis, name)


def _note(verdict: Verdict, texts: Texts) -> str:
    parts = [verdict.warning, verdict.note]
    if verdict.missing:
        parts.append(texts["missing"].format(names=", ".join(verdict.missing)))
    parts += [
        texts["deadline"].format(what=each.what, due=f"{each.due:%Y-%m-%d %H:%M}", clock=each.clock)
        for each in verdict.deadlines
    ]
    return "; ".join(part for part in parts if part)


def _id(verdict: Verdict) -> str:
    return f"{verdict.rule} {verdict.scope}".strip()


def _attention(data: PackData, texts: Texts) -> Block:
    """What fails, lacks data or is near its limit, worst first."""
    wanted = [each for each in data.verdicts if each.warning or ORDER[each.result] < ORDER[Result.PASS]]
    if not wanted:
        return Block(texts["attention"], 2, (texts["attention_none"],))
    columns = columns_of(
        texts, ("result", "status", 15), ("rule", "rule", 17), ("measured", "text", 20), ("required", "text", 20)
    ) + columns_of(texts, ("note", "text", 34))
    rows = [
        (
            "near the limit" if each.warning else each.result.value,
            _id(each),
            each.measured,
            each.required,
            _note(each, texts),
        )
        for each in sorted(wanted, key=lambda each: ORDER[each.result])
    ]
    return Block(texts["attention"], 2, (), _named(table_of(texts["attention"], columns, rows), "attention"))


def _verdicts(data: PackData, texts: Texts) -> Block:
    """Every verdict, in the set's order."""
    columns = columns_of(
        texts,
        ("rule", "rule", 16),
        ("citation", "text", 15),
        ("result", "status", 14),
        ("measured", "text", 15),
        ("required", "text", 15),
        ("margin", "text", 11),
        ("text_status", "status", 11),
        ("note", "text", 30),
    )
    rows = [
        (
            _id(each),
            data.rule(each).citation,
            each.result.value,
            each.measured,
            each.required,
            each.margin,
            data.rule(each).status.value,
            _note(each, texts),
        )
        for each in data.verdicts
    ]
    table = _named(table_of(texts["verdicts"], columns, rows), "verdicts")
    return Block(texts["verdicts"], 2, (texts["verdicts_note"],), table)


def _lines(data: PackData, texts: Texts) -> Block:
    """What the verdicts found, asset by asset or record by record; of each at most as many as it keeps."""
    columns = columns_of(
        texts,
        ("rule", "rule", 16),
        ("line", "text", 14),
        ("result", "status", 14),
        ("measured", "text", 16),
        ("required", "text", 16),
        ("margin", "text", 14),
        ("note", "text", 18),
    )
    rows = [
        (_id(each), line.key, line.result.value, line.measured, line.required, line.margin, line.note)
        for each in data.verdicts
        for line in each.lines
    ]
    kept_apart = tuple(
        texts["lines_kept"].format(rule=_id(each), kept=f"{len(each.lines):,}", count=f"{each.line_count:,}")
        for each in data.verdicts
        if each.line_count > len(each.lines)
    )
    return Block(texts["lines"], 3, (), _named(table_of(texts["lines"], columns, rows), "lines"), kept_apart)
