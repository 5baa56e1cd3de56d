"""Japan's packs from a `PackInput`, each document in Japanese and beside it in English.

`pack(data, kind)` makes them: the content of the quarterly report on users' property (`quarterly.py`, `property.py`),
the check list for the practitioner (`checklist.py`), the statutory books (`book_rows.py`, `books.py`). `texts*.py` have
the words, `japanese.py` turns rules and verdicts into Japanese (`rules_ja.py`, `facts_ja.py`, `phrases.py`), and
`returned.py` writes the report's items as JSON. No official form was read, so no conformity is claimed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final, NamedTuple

from compliance.regimes.jfsa.terms import Section
from compliance.reports.document import Block
from compliance.reports.inputs import PackInput
from compliance.reports.packs import blocks
from compliance.reports.packs.jfsa.books import books_blocks, books_files
from compliance.reports.packs.jfsa.checklist import check_blocks
from compliance.reports.packs.jfsa.japanese import in_japanese
from compliance.reports.packs.jfsa.quarterly import quarterly_blocks
from compliance.reports.packs.jfsa.returned import return_json
from compliance.reports.packs.jfsa.texts import ENGLISH, JAPANESE
from compliance.reports.packs.jfsa.values import Edition
from compliance.reports.packs.pack import Pack, Part, assemble
from compliance.reports.packs.texts import words

__all__ = ["KINDS", "pack"]

KINDS: Final = ("quarterly", "segregation-check", "books")
_OFFICERS: Final = ("president", "officer", "compliance")


class _Kind(NamedTuple):
    """What makes a kind: its title and form (names of texts), blocks, limits, roles, and sections (none: all)."""

    title: str
    form: str
    blocks: Callable[[Edition], list[Block]]
    limits: tuple[str, ...]
    roles: tuple[str, ...]
    sections: tuple[str, ...] = ()


_MAKERS: Final[Mapping[str, _Kind]] = {
    "quarterly": _Kind(
        "quarterly", "form_value", quarterly_blocks, ("form", "days", "accounts", "once"), _OFFICERS
    ),
    "segregation-check": _Kind(
        "check", "form_check", check_blocks, ("check", "days", "once"), (*_OFFICERS, "practitioner"),
        (Section.MONEY, Section.CRYPTO, Section.AUDIT, Section.BOOKS, Section.REPORTS),
    ),
    "books": _Kind("books", "form_books", books_blocks, ("days", "once"), _OFFICERS, (Section.BOOKS, Section.CRYPTO)),
}  # fmt: skip


def pack(data: PackInput, kind: str = "quarterly") -> Pack:
    """A pack of a kind of `KINDS`; raises AssertionError for another kind or another regime's input."""
    assert kind in KINDS and data.rules.regime == "jfsa", f"{kind}: a pack of this regime"
    maker = _MAKERS[kind]
    narrow = _of_sections(data, maker.sections)
    japanese = Edition(in_japanese(narrow), words("ja", JAPANESE))
    english = Edition(narrow, words("en", ENGLISH))
    parts = {kind: _part(japanese, maker), f"{kind}-en": _part(english, maker)}
    files, notes = _files(kind, japanese, data)
    title = japanese.word(maker.title)
    return assemble(data, kind, title, parts, japanese.texts, files=files, notes=notes)


def _of_sections(data: PackInput, wanted: tuple[str, ...]) -> PackInput:
    """The input with the verdicts of some sections alone."""
    if not wanted:
        return data
    ids = {(rule.id, rule.version) for rule in data.rules.rules if rule.section in wanted}
    return replace(data, verdicts=tuple(each for each in data.verdicts if (each.rule, each.version) in ids))


def _part(seen: Edition, maker: _Kind) -> Part:
    word = seen.word
    facts = ((word("form"), word(maker.form)), (word("basis"), word("basis_value")))
    body = [
        *maker.blocks(seen),
        *blocks.standard(
            seen.data,
            seen.texts,
            tuple(word(f"role_{role}") for role in maker.roles),
            [word(f"limit_{limit}") for limit in maker.limits],
        ),
    ]
    return Part(word(maker.title), body, facts, seen.data.verdicts, seen.texts)


def _files(kind: str, seen: Edition, data: PackInput) -> tuple[dict[str, bytes], dict[str, str]]:
    """Files beside the documents, and what to know of each."""
    if kind == "quarterly":
        note = "Own layout, compliance/reports/schemas/jfsa-return.schema.json; no conformity with a form is claimed."
        return {"jfsa-quarterly.json": return_json(data)}, {"jfsa-quarterly.json": note}
    if kind == "books":
        note = "Own layout, compliance/reports/schemas/jfsa-books.schema.json."
        return books_files(seen), {"jfsa-books.json": note}
    return {}, {}
