"""What a regime's author hands over for one report: documents by name, files by name, and what to know of each file."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from compliance.reports.document import FILE_NAME, IDENTIFIER, Document

__all__ = ["Pack"]


@dataclass(frozen=True, slots=True)
class Pack:
    """A report of a regime, before it is rendered.

    `documents`: by a name from which files are named (`monthly` becomes monthly.html and monthly.pdf); the renderers
    also write each one's tables as CSV and its content as JSON. `files`: further files as they are, by path in the
    pack (JSON returns, XML, CSV). `notes`: what to know of a file, by its path, for the index: its schema and whether
    it was held against it. `attachments`: files of others, copied as they are, by path in the pack.
    """

    regime: str
    title: str
    documents: Mapping[str, Document]
    files: Mapping[str, bytes] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    attachments: Mapping[str, Path] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.documents, "a pack has a document"
        assert all(IDENTIFIER.match(name) for name in self.documents), "documents are named as files are"
        names = [*self.files, *self.attachments]
        assert all(FILE_NAME.match(name) for name in names), "a file stands inside the pack"
        assert len(set(names)) == len(names), "one file for each name"
        assert set(self.notes) <= set(names), "a note is of a file of the pack"
