"""A pack on disk: every document in every form, its data, others' files, an index and a manifest; all or nothing.

    OUT/
      index.html          what is here, with the hash of each file
      NAME.html NAME.pdf  each document
      NAME-tables/        each of its tables and charts as CSV
      pack.json           the data (schemas/pack.schema.json)
      ...                 files that the caller adds: XML of a filing, letters of practitioners, evidence
      manifest.json       every file above with its SHA-256 (schemas/manifest.schema.json)
      SHA256SUMS          the same with manifest.json, as `sha256sum --check` reads it
      receipts/           what others say of the manifest, such as a time stamp

The same arguments give the same bytes, but for what signs and stamps.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from compliance.reports.csv_ import document_csvs
from compliance.reports.document import FILE_NAME, IDENTIFIER, Block, Column, Document, Table, Texts
from compliance.reports.html import render_html
from compliance.reports.json_ import pack_json
from compliance.reports.pack import PackData
from compliance.reports.pdf import render_pdf
from compliance.reports.texts import ENGLISH, LANGUAGES
from ledger.canonical import Json, canonical_file
from ledger.errors import InputError
from por.bundle import whole_or_nothing

__all__ = ["FORMS", "PackFile", "PackManifest", "write_pack"]

FORMS = ("html", "pdf", "csv")
KIND = "compliance-pack-manifest"
FORMAT = 1
CHUNK = 1 << 20
OWN = frozenset({"index.html", "pack.json", "manifest.json", "SHA256SUMS"})
ATTACHMENTS_MAX = 8 << 20
"""Bytes of CSV files inside a PDF; what is larger stands beside it only."""

Signing = Callable[[bytes], bytes]
Receipts = Callable[[bytes], Mapping[str, bytes]]


@dataclass(frozen=True, slots=True)
class PackFile:
    """One file of a pack, by its path from the pack's folder."""

    path: str
    size: int
    sha256: str


@dataclass(frozen=True, slots=True)
class PackManifest:
    """What was written: the folder, its files by path, and the SHA-256 of pack.json and of manifest.json."""

    out: Path
    files: tuple[PackFile, ...]
    pack_sha256: str
    manifest_sha256: str


def write_pack(
    out: Path,
    documents: Mapping[str, Document],
    data: PackData,
    extra_files: Mapping[str, bytes | Path] | None = None,
    *,
    forms: Iterable[str] = FORMS,
    sign: Signing | None = None,
    receipts: Receipts | None = None,
    texts: Texts = ENGLISH,
) -> PackManifest:
    """Write a pack into `out`, which must not exist or be empty; nothing half-written is ever there.

    `documents` by the name of their files. `extra_files` by path, as bytes or as a file to copy. `forms`: any of FORMS;
    pack.json and the index are always there. `sign` turns the bytes of a PDF into those of a signed one. `receipts` is
    given the bytes of manifest.json and returns files for receipts/. `texts` are the words of the index. Raises
    InputError for a folder that is not empty, and for names that clash or lead out of it.
    """
    extra, chosen = dict(extra_files or {}), frozenset(forms)
    assert chosen <= set(FORMS) and documents
    _check_names(documents, extra)
    if out.is_dir():
        if any(out.iterdir()):
            raise InputError(
                str(out), "is not empty", "Name a folder that does not exist; a pack is never overwritten."
            )
        out.rmdir()
    whole = pack_json(data)
    digest = hashlib.sha256(whole).hexdigest()
    for name, document in documents.items():
        if document.cover is not None:
            assert digest in dict(document.cover.hashes).values(), f"{name}: its cover names the data that go with it"
    with whole_or_nothing(out) as folder:
        for name, document in documents.items():
            for path, content in _forms(name, document, chosen, whole, sign):
                _put(folder, path, content)
        _put(folder, "pack.json", whole)
        for path, source in extra.items():
            _put(folder, path, source)
        files = _files(folder)
        _put(folder, "index.html", render_html(_index(files, documents, data, texts), texts=texts).encode())
        files = _files(folder)
        manifest = canonical_file(_manifest(files, data, digest))
        _put(folder, "manifest.json", manifest)
        stated = hashlib.sha256(manifest).hexdigest()
        listed = [*((file.path, file.sha256) for file in files), ("manifest.json", stated)]
        _put(folder, "SHA256SUMS", "".join(f"{sha256}  {path}\n" for path, sha256 in sorted(listed)).encode())
        for name, content in ({} if receipts is None else receipts(manifest)).items():
            assert FILE_NAME.match(name)
            _put(folder, f"receipts/{name}", content)
    return PackManifest(out, files, digest, stated)


def _check_names(documents: Mapping[str, Document], extra: Mapping[str, bytes | Path]) -> None:
    for name in documents:
        assert IDENTIFIER.match(name) and name not in ("index", "manifest"), f"{name}: a name for files"
    taken = {f"{name}{end}" for name in documents for end in (".html", ".pdf", "-tables")} | OWN | {"receipts"}
    for path, source in extra.items():
        if not FILE_NAME.match(path) or len(path) > 200:
            raise InputError(path, "is no name for a file of a pack", "Use letters, digits, dots and dashes, no '..'.")
        if path.partition("/")[0] in taken or any(other.startswith(path + "/") for other in extra):
            raise InputError(path, "is the name of a file that the pack itself has", "Give the file another name.")
        if isinstance(source, Path) and not source.is_file():
            raise InputError(str(source), "is no file", "Name a file that is there.")


def _forms(
    name: str, document: Document, forms: frozenset[str], whole: bytes, sign: Signing | None
) -> Iterator[tuple[str, bytes]]:
    texts = LANGUAGES[document.language]
    tables = document_csvs(document, texts["chart_place"])
    if "html" in forms:
        yield f"{name}.html", render_html(document).encode()
    if "pdf" in forms:
        # A pack's PDF carries its own data, so that it can be handed on alone.
        inside = {"pack.json": whole} if document.cover is not None else {}
        if document.cover is not None and sum(map(len, tables.values())) <= ATTACHMENTS_MAX:
            inside |= tables
        printed = render_pdf(document, attachments=inside)
        yield f"{name}.pdf", printed if sign is None else sign(printed)
    if "csv" in forms:
        for path, content in tables.items():
            yield f"{name}-tables/{path}", content


def _put(folder: Path, path: str, source: bytes | Path) -> None:
    target = folder / path
    target.parent.mkdir(parents=True, exist_ok=True)
    if isinstance(source, Path):
        with source.open("rb") as read, target.open("xb") as write:
            shutil.copyfileobj(read, write, CHUNK)
    else:
        with target.open("xb") as write:
            write.write(source)


def _files(folder: Path) -> tuple[PackFile, ...]:
    """Every file that is there, read back from the disk."""
    found = []
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            with path.open("rb") as stream:
                digest = hashlib.file_digest(stream, "sha256").hexdigest()
            found.append(PackFile(path.relative_to(folder).as_posix(), path.stat().st_size, digest))
    return tuple(found)


def _manifest(files: Iterable[PackFile], data: PackData, pack_sha256: str) -> Json:
    header = data.header
    listed: list[Json] = [{"bytes": file.size, "path": file.path, "sha256": file.sha256} for file in files]
    return {
        "entity": header.entity,
        "exchange": header.exchange,
        "files": listed,
        "format": FORMAT,
        "kind": KIND,
        "pack_sha256": pack_sha256,
        "period": {"end": header.end, "start": header.start},
        "prepared": header.prepared,
        "regime": header.regime,
        "report": header.report,
        "rule_set_hash": data.rules.hash().hex(),
    }


def _index(files: Iterable[PackFile], documents: Mapping[str, Document], data: PackData, texts: Texts) -> Document:
    """The page that lists the pack, with the cover of its first document."""
    first = next(iter(documents.values()))
    columns = (
        Column(texts["file"], "link", 30),
        Column(texts["bytes"], "number", 12),
        Column(texts["evidence_hash"], "code", 50),
    )
    # Documents first: they are what a reader came for. The two lists cannot hold their own hash.
    first_of_all = {f"{name}{end}" for name in documents for end in (".html", ".pdf")}
    ordered = sorted(files, key=lambda file: (file.path not in first_of_all, "/" in file.path, file.path))
    rows = (
        *((file.path, f"{file.size:,}", file.sha256) for file in ordered),
        *((name, "", "") for name in ("manifest.json", "SHA256SUMS")),
    )
    table = Table(texts["files"], columns, rows, name="files")
    return Document(
        language=texts["language"],
        title=texts["index_title"],
        subtitle=first.subtitle,
        facts=first.facts,
        blocks=(
            Block(texts["files"], 2, (texts["files_note"],), table),
            Block(texts["index_check"], 2, (texts["index_check_how"],)),
        ),
        prepared=data.header.prepared,
        footer=f"{texts['index_title']} · {first.subtitle}",
        cover=first.cover,
    )
