"""Verdicts as tables: by section, what fails and what that makes due, what is near its limit, what lacks data."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from compliance.facts import FactKind, Source
from compliance.reports.document import Block, Table, Texts, columns_of, table_of
from compliance.reports.inputs import PackInput
from compliance.reports.packs.period import minute_text, readable, rule_of, sections, verdict_name
from compliance.reports.status import RESULTS
from compliance.verdicts import Result, Verdict

__all__ = ["attention_block", "deadlines_block", "early_block", "missing_block", "verdict_blocks"]

LINES_SHOWN: Final = 60
"""So many lines of a failing rule are shown; the JSON file has every one that the verdict keeps."""
LACKING_SHOWN: Final = 12
"""So many rules without data stand under what to look at first; the table of missing data has all."""


def _named(table: Table, name: str) -> Table:
    return Table(table.caption, table.columns, table.rows, table.emphasis, name)


def note_of(verdict: Verdict, texts: Texts) -> str:
    """What stands beside a verdict: its warning, note and what it lacks."""
    parts = [verdict.warning, verdict.note]
    if verdict.missing:
        parts.append(texts["missing"].format(names=", ".join(verdict.missing)))
    return "; ".join(part for part in parts if part)


def _figures(verdict: Verdict, texts: Texts) -> tuple[str, str, str]:
    """Measured with what is noted, required (of what does not apply: when it would), and margin."""
    note = note_of(verdict, texts)
    if verdict.result is Result.NOT_APPLICABLE:
        return "", note, ""
    found = " · ".join(part for part in (readable(verdict.measured), note) if part)
    return found, readable(verdict.required), readable(verdict.margin)


def attention_block(data: PackInput, texts: Texts) -> Block:
    """What fails, then what is near its limit, then what lacks data, as far as one page shows it."""
    failing = [each for each in data.verdicts if each.result is Result.FAIL]
    near = [each for each in data.verdicts if each.warning]
    lacking = [each for each in data.verdicts if each.result is Result.INSUFFICIENT]
    wanted = [*failing, *near, *lacking[:LACKING_SHOWN]]
    if not wanted:
        return Block(texts["attention"], 2, (texts["attention_none"],))
    columns = columns_of(
        texts,
        ("result", "status", 14),
        ("rule", "rule", 16),
        ("requirement", "text", 30),
        ("measured", "text", 20),
        ("required", "text", 22),
        ("note", "text", 26),
    )
    rows = [
        (
            "near the limit" if each.warning else each.result.value,
            verdict_name(each),
            rule_of(data, each).title,
            readable(each.measured),
            readable(each.required),
            note_of(each, texts),
        )
        for each in wanted
    ]
    more = len(lacking) - LACKING_SHOWN
    after = (texts["attention_more"].format(count=more),) if more > 0 else ()
    return Block(texts["attention"], 2, (), _named(table_of(texts["attention"], columns, rows), "attention"), after)


def verdict_blocks(data: PackInput, texts: Texts) -> list[Block]:
    """Every verdict, a table for each section of the regime's rules, and the lines of what fails."""
    blocks = [Block(texts["verdicts"], 2, (texts["verdicts_intro"],), _by_section(data, texts))]
    columns = columns_of(
        texts,
        ("rule", "rule", 14),
        ("requirement", "text", 25),
        ("text_status", "status", 11),
        ("result", "status", 13),
        ("measured", "text", 22),
        ("required", "text", 28),
        ("margin", "text", 15),
    )
    for place, (section, found) in enumerate(sections(data), 1):
        rows = [
            (
                verdict_name(verdict),
                f"{rule.title} · {rule.citation}",
                rule.status.value,
                verdict.result.value,
                *_figures(verdict, texts),
            )
            for rule, verdict in found
        ]
        heading = section or texts["section_none"]
        ids = tuple(dict.fromkeys(rule.id for rule, _ in found))
        table = _named(table_of(heading, columns, rows), f"verdicts-{place}")
        blocks.append(Block(heading, 3, (), table, rules=ids))
        blocks += [_failing(verdict, texts) for _, verdict in found if verdict.result is Result.FAIL and verdict.lines]
    return blocks


def _by_section(data: PackInput, texts: Texts) -> Table:
    columns = columns_of(
        texts,
        ("section", "text", 40),
        *(("status_" + result.replace(" ", "_"), "number", 12) for result in RESULTS),
    )
    rows: list[tuple[str, ...]] = []
    for section, found in sections(data):
        counts = [sum(verdict.result.value == result for _, verdict in found) for result in RESULTS]
        rows.append((section or texts["section_none"], *(str(count) for count in counts)))
    return _named(table_of(texts["by_section"], columns, rows), "by-section")


def _failing(verdict: Verdict, texts: Texts) -> Block:
    """The lines that fail, as far as they are shown."""
    failing = [line for line in verdict.lines if line.result is Result.FAIL]
    columns = columns_of(
        texts,
        ("line", "code", 22),
        ("result", "status", 12),
        ("measured", "text", 24),
        ("required", "text", 24),
        ("margin", "text", 16),
        ("note", "text", 22),
    )
    rows = [
        (
            line.key,
            line.result.value,
            readable(line.measured),
            readable(line.required),
            readable(line.margin),
            line.note,
        )
        for line in failing[:LINES_SHOWN]
    ]
    heading = texts["failing"].format(rule=verdict_name(verdict))
    after = (texts["lines_shown"].format(shown=len(rows), count=f"{verdict.line_count:,}"),)
    name = "lines-" + verdict_name(verdict).lower().replace(" ", "-").replace(".", "-")
    return Block(heading, 3, (), _named(table_of(heading, columns, rows), name), after, rules=(verdict.rule,))


def deadlines_block(data: PackInput, texts: Texts) -> Block:
    """Every deadline that a breach set, soonest first, and what a breach can lead to."""
    found = [(due, each) for each in data.verdicts for due in each.deadlines]
    if not found:
        return Block(texts["deadlines"], 2, (texts["deadlines_none"],), items=_consequences(data, texts))
    columns = columns_of(
        texts,
        ("due", "text", 18),
        ("rule", "rule", 18),
        ("what_due", "text", 32),
        ("clock", "text", 20),
        ("since", "text", 18),
    )
    rows = [
        (
            minute_text(due.due),
            verdict_name(each),
            due.what,
            due.clock,
            "" if each.since is None else minute_text(each.since),
        )
        for due, each in sorted(found, key=lambda pair: (pair[0].due, pair[1].place))
    ]
    table = _named(table_of(texts["deadlines"], columns, rows), "deadlines")
    return Block(texts["deadlines"], 2, (), table, items=_consequences(data, texts))


def _consequences(data: PackInput, texts: Texts) -> tuple[str, ...]:
    """What the breaches can lead to, each consequence once with its rules."""
    found: dict[str, dict[str, None]] = {}
    for each in data.verdicts:
        consequence = rule_of(data, each).consequence
        if each.result is Result.FAIL and consequence:
            found.setdefault(consequence, {})[each.rule] = None
    return tuple(f"{texts['consequence']}, {', '.join(rules)}: {words}" for words, rules in found.items())


def early_block(data: PackInput, texts: Texts) -> Block:
    """What still passes and is near its limit."""
    columns = columns_of(
        texts, ("rule", "rule", 16), ("warning", "text", 34), ("measured", "text", 24), ("required", "text", 24)
    )
    rows = [
        (verdict_name(each), each.warning, readable(each.measured), readable(each.required))
        for each in data.verdicts
        if each.warning
    ]
    if not rows:
        return Block(texts["early"], 2, (texts["early_none"],))
    return Block(texts["early"], 2, (), _named(table_of(texts["early"], columns, rows), "early-warnings"))


def missing_block(data: PackInput, texts: Texts) -> Block:
    """What could not be judged: each fact that is missing, for which rules, what it is, who gives it and how."""
    found: dict[tuple[str, str, str, str], list[str]] = {}
    for each in data.verdicts:
        for row in _missing_rows(data, each, texts):
            found.setdefault(row, []).append(verdict_name(each))
    if not found:
        return Block(texts["missing_data"], 2, (texts["missing_none"],))
    columns = columns_of(
        texts,
        ("rules", "text", 24),
        ("missing_what", "code", 24),
        ("missing_meaning", "text", 30),
        ("missing_who", "text", 14),
        ("missing_how", "text", 28),
    )
    rows = [(", ".join(dict.fromkeys(names)), *row) for row, names in found.items()]
    table = _named(table_of(texts["missing_data"], columns, rows), "missing-data")
    return Block(texts["missing_data"], 2, (texts["missing_intro"],), table)


def _missing_rows(data: PackInput, verdict: Verdict, texts: Texts) -> Iterator[tuple[str, str, str, str]]:
    """What a verdict lacks: name, meaning, who gives it, how."""
    catalogue = data.facts.catalogue
    for name in verdict.missing:
        kind = catalogue.get(name)
        if kind is not None:
            yield (name, kind.meaning, *_giver(kind, texts))
            continue
        # A record of a fact that is there lacks something: its kind is that of the rule's first input.
        first = catalogue[next(iter(rule_of(data, verdict).inputs.values()))]
        # What the primitive says may name the fact itself.
        said = name.removeprefix(f"{first.name}: ")
        yield (f"{first.name}: {said}", texts["missing_record"], *_giver(first, texts))


def _giver(kind: FactKind, texts: Texts) -> tuple[str, str]:
    word = kind.source.value.replace(" ", "_")
    how = texts[f"how_{word}"].format(name=kind.name)
    assert kind.source is not Source.FIRM or kind.name in how, "a firm is told the name that it states"
    return texts[f"who_{word}"], how
