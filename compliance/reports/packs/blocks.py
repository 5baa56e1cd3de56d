"""The parts that every regime's documents are put together from; each takes a `PackInput` and words, and gives blocks.

`document` makes the whole: cover, facts of the pack, and the blocks in the order given. `standard` gives the parts that
every document ends with. What a regime has of its own stands between them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from pathlib import PurePosixPath

from compliance.reports.document import Block, Column, Document, SignOff, Table, Texts, columns_of, table_of
from compliance.reports.inputs import PackInput
from compliance.reports.pack import cover_of
from compliance.reports.packs.coverage import coverage_blocks, units
from compliance.reports.packs.evidence import evidence_block, facts_block, wallets_block
from compliance.reports.packs.period import minute_text, shown_moment, zone_of
from compliance.reports.packs.procedures import procedures_block, sources_block
from compliance.reports.packs.verdict_tables import (
    attention_block,
    deadlines_block,
    early_block,
    missing_block,
    verdict_blocks,
)
from compliance.reports.status import RESULTS
from compliance.verdicts import Result

__all__ = [
    "attached",
    "attachments_block",
    "attention_block",
    "books_block",
    "coverage_blocks",
    "deadlines_block",
    "document",
    "early_block",
    "evaluations_block",
    "evidence_block",
    "facts_block",
    "key_figures",
    "limits_block",
    "missing_block",
    "named",
    "not_covered_block",
    "procedures_block",
    "sign_off_block",
    "sources_block",
    "standard",
    "verdict_blocks",
    "wallets_block",
]

BOOK_LINES = (
    "custody", "in_transit", "debts", "receivables", "due_from", "claims", "receipts_uncredited", "house", "due_to",
)  # fmt: skip
"""The ledger's report of an asset, the left side first (por/hour/sections.py, ZeroSumRow)."""


def named(name: str, caption: str, columns: tuple[Column, ...], rows: Iterable[Sequence[str]]) -> Table:
    """A table with a name, by which its CSV file is called."""
    table = table_of(caption, columns, rows)
    return Table(table.caption, table.columns, table.rows, table.emphasis, name)


def document(
    data: PackInput,
    report: str,
    blocks: Iterable[Block],
    texts: Texts,
    *,
    hashes: tuple[tuple[str, str], ...] = (),
    facts: tuple[tuple[str, str], ...] = (),
) -> Document:
    """A document of a pack. `report`: the filing's name as readers know it; `facts`: more lines beside the title."""
    period = texts["pack_period_value"].format(start=data.start, end=data.end, calendar=zone_of(data))
    rules = texts["rule_set_value"].format(name=data.rules.name, version=data.rules.version)
    own = (
        (texts["entity"], data.entity),
        (texts["exchange"], data.exchange),
        (texts["report"], report),
        (texts["pack_period"], period),
        (texts["judged_at"], shown_moment(data.facts.as_of)),
        (texts["prepared"], shown_moment(data.prepared)),
        (texts["rule_set"], rules),
    )
    engine = ((texts["engine"], data.engine),) if data.engine else ()
    return Document(
        language=texts["language"],
        title=texts["title"],
        subtitle=f"{report} · {data.entity}",
        facts=(*own, *facts, *engine),
        blocks=tuple(blocks),
        prepared=f"{data.prepared:%Y-%m-%dT%H:%M:%SZ}",
        footer=f"{texts['title']} · {data.entity} · {report} · {data.start} – {data.end}",
        cover=cover_of(data.verdicts, texts, ((texts["rule_set_hash"], data.rules.hash().hex()), *hashes)),
        contents=True,
    )


def standard(data: PackInput, texts: Texts, roles: Sequence[str], limits: Sequence[str] = ()) -> list[Block]:
    """What every document ends with: missing data, procedures, facts, rules' texts, limits, sign-off, evidence."""
    return [
        missing_block(data, texts),
        procedures_block(data, texts),
        facts_block(data, texts),
        sources_block(data, texts),
        not_covered_block(data, texts),
        limits_block(texts, limits),
        sign_off_block(texts, roles),
        evidence_block(data, texts),
    ]


def key_figures(heading: str, rows: Sequence[tuple[str, str, str]], texts: Texts, note: str = "") -> Block:
    """Figures that a reader looks for first: what it is, the figure, and by which rule or from which fact."""
    columns = (Column(texts["fact"], "text", 30), Column(texts["value"], "text", 30), Column(texts["rule"], "text", 24))
    notes = (note,) if note else ()
    return Block(heading, 2, notes, named("key-figures", heading, columns, rows))


def books_block(data: PackInput, texts: Texts) -> Block:
    """The ledger's balance of each asset, line by line."""
    if not data.books:
        return Block(texts["books"], 2, (texts["books_none"],))
    columns = columns_of(texts, ("asset", "text", 9), *((f"books_{line}", "number", 11) for line in BOOK_LINES))
    rows = []
    for book in data.books:
        assert set(book.lines) <= set(BOOK_LINES), f"the balance of {book.asset} has no other line"
        rows.append((book.asset, *(units(book.lines.get(line, Fraction(0))) for line in BOOK_LINES)))
    return Block(texts["books"], 2, (texts["books_intro"],), named("books", texts["books"], columns, rows))


def evaluations_block(data: PackInput, texts: Texts) -> Block:
    """The evaluations of the period: the first, the last, and each that failed more rules than the one before."""
    found = data.evaluations
    if not found:
        return Block(texts["evaluations"], 2, (texts["evaluations_none"],))
    kept = [
        each
        for place, each in enumerate(found)
        if place in (0, len(found) - 1) or each.counts.get(Result.FAIL, 0) > found[place - 1].counts.get(Result.FAIL, 0)
    ]
    columns = (
        Column(texts["moment"], "text", 16),
        *(Column(texts["status_" + result.replace(" ", "_")], "number", 9) for result in RESULTS),
        Column(texts["record_hash"], "code", 40),
    )
    rows = [
        (minute_text(each.moment), *(str(each.counts.get(Result(result), 0)) for result in RESULTS), each.digest)
        for each in kept
    ]
    words = texts["evaluations_intro"].format(count=f"{len(found):,}")
    return Block(texts["evaluations"], 2, (words,), named("evaluations", texts["evaluations"], columns, rows))


def attached(data: PackInput, stem: str) -> str:
    """The attachment whose file is called `stem`, with any ending and in any folder; empty: there is none."""
    found = [name for name in data.attachments if PurePosixPath(name).name.partition(".")[0] == stem]
    return min(found, default="")


def attachments_block(data: PackInput, wanted: Mapping[str, str], texts: Texts) -> Block:
    """Documents of others by the stem of their file, as `wanted` describes them: attached, or missing."""
    columns = columns_of(
        texts, ("attachment", "text", 40), ("attachment_file", "code", 26), ("attachment_state", "text", 12)
    )
    found = {stem: attached(data, stem) for stem in wanted}
    rows = [(wanted[stem], name or stem, texts["attached" if name else "not_attached"]) for stem, name in found.items()]
    rows += [(name, name, texts["attached"]) for name in data.attachments if name not in found.values()]
    table = named("attachments", texts["attachments"], columns, rows)
    return Block(texts["attachments"], 2, (texts["attachments_intro"],), table)


def not_covered_block(data: PackInput, texts: Texts) -> Block:
    """The regime's rules that the toolkit does not decide, and why."""
    columns = columns_of(
        texts, ("rule", "rule", 16), ("citation", "text", 18), ("requirement", "text", 34), ("reason", "text", 34)
    )
    rows = [(each.id, each.citation, each.requirement, each.reason) for each in data.rules.not_covered]
    if not rows:
        return Block(texts["not_covered"], 2, (texts["none_here"],))
    table = named("not-covered", texts["not_covered"], columns, rows)
    return Block(texts["not_covered"], 2, (texts["not_covered_intro"],), table)


def limits_block(texts: Texts, more: Sequence[str] = ()) -> Block:
    """What a pack is and is not; `more` are the regime's own limits."""
    own = tuple(texts["limit_" + name] for name in ("assertion", "scope", "missing", "rules", "hash"))
    return Block(texts["limits"], 2, items=(*own, *more))


def sign_off_block(texts: Texts, roles: Sequence[str]) -> Block:
    """A place to sign for each role."""
    slots = tuple(SignOff(role, statement=texts["sign_statement"]) for role in roles)
    return Block(texts["sign_off"], 2, sign_offs=slots)
