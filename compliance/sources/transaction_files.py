"""The manifests of transaction-level files as the EU's facts: each file with its hash, its records, what was found in
it, and how far its schema is official. Who reads a manifest from disk gives its document and the moment it was made.

Transaction reports and CARF files say how many were held back; order-book records are written and not checked again,
so that of them no number of problems is stated.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from typing import Any, Final, NamedTuple

from compliance.facts import Record
from compliance.transactions.journals import BOOKS
from ledger.errors import InputError

__all__ = ["Manifest", "field_records", "file_records"]


class Manifest(NamedTuple):
    """A manifest as it was read: the folder that it describes, by its name in the pack, and when it was made."""

    folder: str
    made: datetime
    document: Mapping[str, Any]


class _Kind(NamedTuple):
    """A kind of file: its name there, what the fact calls it, its schema, the class of its records."""

    file: str
    kind: str
    schema: str
    record: str


_KINDS: Final = (
    _Kind("auth.016.xml", "transaction reports", "auth.016.001.01", "transaction-report"),
    _Kind("order-book.jsonl", "order-book records", "RTS 2025/416 annex, JSON", "order-book-record"),
    _Kind("carf.xml", "CARF", "CARF XML 1.5", "carf"),
)
_HELD: Final = {"transaction-report": ("clean", "held_back"), "carf": ("users_reported", "users_held_back")}
"""In counts: what is in order, and what was held back for a problem."""
_REMEDY: Final = "Make the files again, or name the folder of files that were made whole."


def file_records(manifests: Iterable[Manifest]) -> tuple[Record, ...]:
    """Rows of the fact `eu.files`. Raises InputError for a manifest that is none."""
    return tuple(row for manifest in manifests for row in _files(manifest))


def field_records(manifests: Iterable[Manifest]) -> tuple[Record, ...]:
    """Rows of the fact `record_fields`: how many records of each class were held back because a field of them lacks."""
    rows: list[Record] = []
    for manifest in manifests:
        for kind in _kinds_of(manifest):
            if kind.record in _HELD:
                clean, held = _held(manifest, kind)
                name = f"{manifest.folder}/{kind.file}"
                rows.append(
                    {"id": name, "record": kind.record, "field": "any", "records": clean + held, "lacking": held}
                )
        rows += _book_fields(manifest)
    return tuple(rows)


_BOOKS: Final[Mapping[str, tuple[str, Mapping[str, str]]]] = {
    "jp": ("trade journal", {}),
    "vara": ("transaction", {"account": "accounts", "fee": "fees", "name": "names"}),
}
"""A book of transactions: what rules call such a record, and the fields that they call otherwise."""


def _book_fields(manifest: Manifest) -> Iterator[Record]:
    """Of each field that a book needs, how many rows lack it. A fee is a column of every row, and may be none."""
    completeness = manifest.document.get("completeness")
    if not isinstance(completeness, Mapping) or completeness.get("book") not in _BOOKS:
        return
    record, names = _BOOKS[completeness["book"]]
    count, missing = _number(manifest, completeness, "rows"), completeness.get("missing", {})
    for field in sorted({*BOOKS[completeness["book"]].needed, *names}):
        name = names.get(field, field)
        lacking = Fraction(missing.get(field, 0))
        yield {
            "id": f"{manifest.folder}/{record}/{name}", "record": record, "field": name, "records": count,
            "lacking": lacking,
        }  # fmt: skip


def _files(manifest: Manifest) -> Iterator[Record]:
    first, last = _days(manifest)
    for kind in _kinds_of(manifest):
        records, problems = _counted(manifest, kind)
        mark, digest = manifest.document.get("mark"), manifest.document["files"][kind.file].get("sha256")
        if not isinstance(mark, str) or not mark or not isinstance(digest, str):
            raise InputError(manifest.folder, f"does not say of {kind.file} what it is", _REMEDY)
        yield {
            "id": f"{manifest.folder}/{kind.file}",
            "kind": kind.kind,
            "made": manifest.made,
            "first": first,
            "last": last,
            "records": records,
            "problems": problems,
            "schema": kind.schema,
            "schema_status": mark,
            "sha256": digest,
        }


def _kinds_of(manifest: Manifest) -> list[_Kind]:
    files = manifest.document.get("files")
    if not isinstance(files, Mapping):
        raise InputError(manifest.folder, "has a manifest without files", _REMEDY)
    return [kind for kind in _KINDS if isinstance(files.get(kind.file), Mapping)]


def _counted(manifest: Manifest, kind: _Kind) -> tuple[Fraction, Fraction | None]:
    """How many records a file has, and how many problems were found; None where nobody looked."""
    if kind.record not in _HELD:
        return _number(manifest, manifest.document, "records"), None
    clean, held = _held(manifest, kind)
    findings = manifest.document.get("schema_findings", [])
    written = (
        _number(manifest, manifest.document["counts"], "written") if kind.record == "transaction-report" else clean
    )
    return written, held + (len(findings) if isinstance(findings, list) else 1)


def _held(manifest: Manifest, kind: _Kind) -> tuple[Fraction, Fraction]:
    counts = manifest.document.get("counts")
    if not isinstance(counts, Mapping):
        raise InputError(manifest.folder, "has a manifest without counts", _REMEDY)
    clean, held = (_number(manifest, counts, name) for name in _HELD[kind.record])
    return clean, held


def _number(manifest: Manifest, values: Mapping[str, Any], name: str) -> Fraction:
    value = values.get(name)
    if not isinstance(value, int) or isinstance(value, bool) or value < 0:
        raise InputError(manifest.folder, f"has a manifest without the number {name}", _REMEDY)
    return Fraction(value)


def _days(manifest: Manifest) -> tuple[date, date]:
    """The first and the last day that a file is about (UTC); the end of its span is outside it."""
    span = manifest.document.get("span")
    try:
        start, end = (datetime.fromisoformat(str(span[name])) for name in ("start", "end"))  # type: ignore[index]  # what is no table is refused below
    except (KeyError, TypeError, ValueError):
        raise InputError(manifest.folder, "has a manifest without a span", _REMEDY) from None
    first, last = (each.replace(tzinfo=each.tzinfo or UTC).astimezone(UTC) for each in (start, end))
    return first.date(), (last - timedelta(microseconds=1)).date()
