"""What the verdicts rest on: the facts with their origin, the wallets, and every piece of evidence by its hash."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from fractions import Fraction
from typing import Final

from compliance.facts import Evidence, Fact, FactKind, Source, Value, decimal_text, moment_text
from compliance.reports.document import Block, EvidenceItem, Table, Texts, columns_of, table_of
from compliance.reports.inputs import PackInput
from compliance.reports.pack import evidence_of
from compliance.reports.packs.coverage import units
from compliance.reports.packs.period import shown_moment

__all__ = ["evidence_block", "evidence_items", "facts_block", "value_text", "wallets_block"]

_AMOUNTS_SHOWN: Final = 6
_FIRMS: Final = ("firm's register", "firm's file", "document of ")
"""Kinds of evidence that are the firm's word, or what it hands in."""
_WALLET_FIELDS: Final = ("id", "wallet", "address", "chain", "owner", "custody", "label", "control")


def facts_block(data: PackInput, texts: Texts) -> Block:
    """Every fact that was known at the end, with its origin and how far it is shown."""
    columns = columns_of(
        texts,
        ("fact", "code", 26),
        ("value", "text", 34),
        ("as_of", "text", 16),
        ("origin", "text", 14),
        ("shown", "status", 11),
        ("evidence_hash", "code", 18),
    )
    rows = [_fact_row(data, fact, texts) for fact in data.facts]
    table = table_of(texts["facts_used"], columns, rows)
    named = Table(table.caption, table.columns, table.rows, name="facts")
    return Block(texts["facts_used"], 2, (texts["facts_intro"],), named)


def _fact_row(data: PackInput, fact: Fact, texts: Texts) -> tuple[str, ...]:
    kind = data.facts.catalogue[fact.name]
    name = f"{fact.name} {fact.scope}".rstrip()
    value = value_text(fact.value, texts)
    if isinstance(fact.value, Fraction) and kind.unit:
        value = f"{value} {kind.unit}"
    origin = ", ".join(texts["who_" + source.value.replace(" ", "_")] for source in _origins(fact, kind))
    digests = ", ".join(dict.fromkeys(each.digest[:16] for each in fact.evidence if each.digest))
    return name, value, shown_moment(fact.as_of), origin, fact.assurance.value, digests


def _origins(fact: Fact, kind: FactKind) -> list[Source]:
    """Who gave a fact: by its evidence where that is the firm's own word, which may stand in another's place."""
    stated = [each.kind.startswith(_FIRMS) for each in fact.evidence]
    if kind.source is Source.FIRM or not any(stated):
        return [kind.source]
    return [Source.FIRM] if all(stated) else [kind.source, Source.FIRM]


def value_text(value: Value, texts: Texts) -> str:
    """A fact's value as a short text: records are counted, long lists are cut."""
    if isinstance(value, bool | str):
        return str(value).lower() if isinstance(value, bool) else value
    if isinstance(value, Fraction):
        return units(value)
    if isinstance(value, datetime):
        return moment_text(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return texts["value_records"].format(count=f"{len(value):,}")
    if isinstance(value, Mapping):
        return _listed("value_amounts", [f"{decimal_text(each)} {name}" for name, each in sorted(value.items())], texts)
    return _listed("value_names", sorted(value), texts)


def _listed(word: str, parts: list[str], texts: Texts) -> str:
    first = ", ".join(parts[:_AMOUNTS_SHOWN]) + (" …" if len(parts) > _AMOUNTS_SHOWN else "")
    return texts[word].format(count=len(parts), first=first or "—")


def wallets_block(data: PackInput, texts: Texts, rules: tuple[str, ...] = ()) -> Block:
    """The address of every wallet, as the statement at the end knows it."""
    fact = data.facts.find("wallets")
    if fact is None:
        return Block(texts["wallets"], 2, (texts["wallets_none"],), rules=rules)
    assert isinstance(fact.value, tuple), "wallets are records"
    columns = columns_of(
        texts,
        ("wallet", "text", 14),
        ("address", "code", 32),
        ("chain", "text", 12),
        ("owner", "text", 12),
        ("custody", "text", 11),
        ("label", "text", 18),
        ("control", "text", 14),
    )
    rows = [tuple(str(row[name] or "") for name in _WALLET_FIELDS[1:]) for row in fact.value]
    table = table_of(texts["wallets"], columns, sorted(rows))
    named = Table(table.caption, table.columns, table.rows, name="wallets")
    return Block(texts["wallets"], 2, (texts["wallets_intro"].format(count=f"{len(rows):,}"),), named, rules=rules)


def evidence_items(data: PackInput) -> Iterator[EvidenceItem]:
    """Every piece of evidence, each once, by place: the bundles', the facts' and the verdicts'."""
    found: dict[tuple[str, str], Evidence] = {}
    parts = (data.evidence, *(fact.evidence for fact in data.facts), *(each.evidence for each in data.verdicts))
    for part in parts:
        for each in part:
            found.setdefault((each.place, each.digest), each)
    yield from evidence_of(each for _, each in sorted(found.items()))


def evidence_block(data: PackInput, texts: Texts) -> Block:
    """The appendix: every hash, and how to check it again."""
    items = tuple(evidence_items(data))
    words = texts["evidence_how"] if items else texts["evidence_none"]
    return Block(texts["evidence"], 2, (words,), evidence=items)
