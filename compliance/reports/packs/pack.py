"""What a regime's author hands over for one report: documents by name, files by name, and what to know of each file.

`assemble` makes the data of the whole (pack.json), whose hash stands on the cover of each document, and the documents.
`compliance.reports.write.write_pack(out, pack.documents, pack.data, pack.extra_files)` puts it on disk.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from compliance.reports.document import FILE_NAME, IDENTIFIER, Block, Document, Texts
from compliance.reports.inputs import PackInput
from compliance.reports.json_ import pack_json
from compliance.reports.pack import PackData, PackHeader
from compliance.reports.packs.blocks import document
from compliance.reports.packs.evidence import evidence_items
from compliance.verdicts import Verdict

__all__ = ["Pack", "Part", "assemble"]


@dataclass(frozen=True, slots=True)
class Pack:
    """A report of a regime, before it is rendered.

    `data` is what pack.json is made from. `documents`: by a name from which files are named (`monthly` becomes
    monthly.html and monthly.pdf); the renderers also write each one's tables as CSV. `files`: further files as they
    are, by path in the pack (JSON returns, XML, CSV). `notes`: what to know of a file, by its path: its schema, and
    whether it was held against it. `attachments`: files of others, copied as they are, by path in the pack.
    """

    regime: str
    title: str
    data: PackData
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

    @property
    def extra_files(self) -> dict[str, bytes | Path]:
        """Files and attachments together, as they are written."""
        return {**self.files, **self.attachments}


@dataclass(frozen=True, slots=True)
class Part:
    """One document of a pack: the filing's name as its readers know it, its blocks, and more lines beside the title.

    `verdicts` are those that its cover counts; None: all of the input. `texts`: its words, where they are not those of
    the pack: a document in another language.
    """

    report: str
    blocks: Sequence[Block]
    facts: tuple[tuple[str, str], ...] = ()
    verdicts: tuple[Verdict, ...] | None = None
    texts: Texts | None = None


def assemble(
    given: PackInput,
    kind: str,
    title: str,
    parts: Mapping[str, Part],
    texts: Texts,
    *,
    files: Mapping[str, bytes] | None = None,
    notes: Mapping[str, str] | None = None,
) -> Pack:
    """A pack of the kind (`monthly`) from its parts by the name of their files; the input's attachments go with it."""
    blocks = [block for part in parts.values() for block in part.blocks]
    data = PackData(
        PackHeader.of(given, f"{given.rules.regime}-{kind}"),
        given.rules,
        given.verdicts,
        # What stands in two documents of the pack is one thing in its data.
        tuple(dict.fromkeys(block.table for block in blocks if block.table is not None)),
        tuple(dict.fromkeys(chart for block in blocks for chart in block.charts)),
        tuple(evidence_items(given)),
    )
    digest = hashlib.sha256(pack_json(data)).hexdigest()
    documents = {}
    for name, part in parts.items():
        words = texts if part.texts is None else part.texts
        seen = given if part.verdicts is None else replace(given, verdicts=part.verdicts)
        documents[name] = document(
            seen,
            part.report,
            part.blocks,
            words,
            hashes=((words["data_hash"], digest),),
            facts=part.facts,
        )
    return Pack(
        given.rules.regime, title, data, documents, dict(files or {}), dict(notes or {}), dict(given.attachments)
    )
