"""What a document of ours must never call itself: audited, assured or solvent. Every renderer asks here first.

Our packs are the management's own assertion with its evidence. A practitioner's report is somebody else's document and
may be named: *auditor*, *audit report attached*, *audited financial statements*, *unaudited*, *not audited* all pass.
Three strengths, each with its own words:

- a **title** (of a document) must not even be the name of such a report: no *audit report*, no *certificate*;
- a **heading** (of a block, a table, a chart, a cover's sentence) must not claim, and may name;
- a **text** of ours (templates and tables of words, linted by the tests) as a heading.

Cells, facts and paragraphs are the figures and words of others and are not looked at when a document is rendered.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import Enum

from compliance.reports.document import Document
from ledger.errors import InputError

__all__ = ["Strength", "check_claims", "claims_in"]


class Strength(Enum):
    """How strictly a text is read."""

    TITLE = "title"
    HEADING = "heading"


NAMES = re.compile(
    # Names of documents of others, and denials: they are taken out before claims are looked for.
    r"\bun-?audited\b|\b(?:not|never|no(?:r|t yet)|neither) (?:been |be |yet )*(?:audited|assured|certified|solvent)\b"
    r"|\baudited (?:annual |interim |consolidated )*(?:financial )?(?:statements?|accounts?|balance sheets?)\b"
    r"|\b(?:audited|assured|certified) by (?:an? |the )?(?:independent |external |third-party )*"
    r"(?:auditors?|accountants?|practitioners?)\b"
    r"|未監査|監査済みでは?(?:ない|ありません)|監査(?:を受けて|されて)いない"
    r"|履行保証|保証金|保証会社|保証するものでは?(?:ない|ありません)|保証し(?:ない|ません)",
    re.IGNORECASE,
)
CLAIMS = re.compile(
    r"\baudited\b|\bassured\b|\bsolven(?:t|cy)\b|\bcertified\b|\bfully (?:backed|reserved)\b"
    r"|監査済|監査証明|保証済|保証(?:する|します|いたします)|支払能力(?:が|を)?(?:ある|あり|有)|支払い能力がある",
    re.IGNORECASE,
)
REPORTS = re.compile(
    r"\b(?:audit(?:or'?s?|ors['’]|or['’]s)?|assurance|attestation|examination|solvency)"
    r" (?:report|opinion|certificate)s?\b|\bcertificates?\b|\bassurance\b|監査報告|監査意見|監査証明|保証報告|証明書",
    re.IGNORECASE,
)


def claims_in(text: str, strength: Strength = Strength.HEADING) -> tuple[str, ...]:
    """The words of a text that claim what only an independent practitioner may; empty where there are none."""
    own = NAMES.sub(" ", text)
    found = [match.group() for match in CLAIMS.finditer(own)]
    if strength is Strength.TITLE:
        found += [match.group() for match in REPORTS.finditer(own)]
    return tuple(found)


def check_claims(document: Document) -> None:
    """Refuse a document whose title or headings claim an audit, assurance or solvency: raises InputError."""
    for text, strength in _own_words(document):
        found = claims_in(text, strength)
        if found:
            raise InputError(
                f"{strength.value} {text!r}",
                f"claims {', '.join(map(repr, found))}",
                "Say what was checked and by whom; a report of ours is the management's own, unaudited.",
            )


def _own_words(document: Document) -> Iterator[tuple[str, Strength]]:
    yield document.title, Strength.TITLE
    if document.cover is not None:
        yield document.cover.statement, Strength.HEADING
    for block in document.blocks:
        yield block.heading, Strength.HEADING
        if block.table is not None:
            yield block.table.caption, Strength.HEADING
        for chart in block.charts:
            yield chart.caption, Strength.HEADING
            yield chart.description, Strength.HEADING
