"""What goes into the archive for a day: small documents by their bytes, large evidence by its hash, where it stays.

1. Each hour's attestation is stored: it is small, and it binds by hash everything else of its bundle. The bundle stays
   where it is, and only its manifest is referenced.
2. The command log stays where it is. Sealed segments are referenced once each; what the open segment held at the end of
   the day is bound by the newest attestation's log position and head. The digest document of the day says both.
3. Folders of results and reports are stored file by file, or referenced above a size. A file that is archived already
   is passed over; one that has changed since is a correction of its older record, and both stay.
4. A customer's statements are sealed under the customer's key, and no name of a file that would tell who they are goes
   into the chain.
So a day costs the archive some hundred kilobytes whatever the exchange's size: gigabytes of log and bundles are not
copied, they are bound. Keeping those files is the job of the log's own archive and of backups; `verify --references`
tells whether they still are what they were.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

from compliance.retention.archive import Archive
from compliance.retention.classes import RecordClass, Regime
from compliance.retention.disposal import seal_document
from compliance.retention.records import DAY_US, Document, Entry, Payload, Referenced, Sealed
from compliance.retention.sealing import Vault
from compliance.retention.verifying import file_digest
from ledger.canonical import Json, canonical_file
from ledger.errors import InputError
from por.files import plain_size, read_document
from por.snapshot import to_seconds

__all__ = ["STORED_BYTES_MAX", "FolderSource", "Hour", "Sources", "StatementFile", "archive_day"]

STORED_BYTES_MAX: Final = 4 << 20
"""Files above this are referenced, not copied."""
EPOCH: Final = date(1970, 1, 1).toordinal()


class Hour(NamedTuple):
    """One published hour: its bundle, its time text, and where the log stood (None for outside books)."""

    bundle: Path
    time: str
    position: int | None
    head: str | None


class FolderSource(NamedTuple):
    """A folder whose files are records of a class, or one such file. `of_day`: only where the path names the day."""

    folder: Path
    record_class: RecordClass
    of_day: bool = False


class StatementFile(NamedTuple):
    """A customer's statement: the file, whose it is, and its period as it may stand in the chain."""

    path: Path
    customer: str
    period: str


class Sources(NamedTuple):
    """Where a day's records come from. Paths of references are told from `base`. `segments` are sealed ones only."""

    base: Path
    regimes: tuple[Regime, ...]
    hours: tuple[Hour, ...]
    segments: tuple[Path, ...] = ()
    folders: tuple[FolderSource, ...] = ()
    statements: tuple[StatementFile, ...] = ()


class _Known(NamedTuple):
    """What the archive holds already: by class and name, the newest record that nothing corrects."""

    newest: dict[tuple[RecordClass, str], tuple[int, Payload]]
    sealed: dict[tuple[str, str], int]
    """Customer's pseudonym and name of a sealed record to its sequence."""


def day_start(day: date) -> int:
    """The first microsecond of a UTC day."""
    return (day.toordinal() - EPOCH) * DAY_US


def _known(archive: Archive) -> _Known:
    newest: dict[tuple[RecordClass, str], tuple[int, Payload]] = {}
    sealed: dict[tuple[str, str], int] = {}
    for record, document in archive.view.documents.items():
        if record in archive.view.superseded or archive.view.is_disposed(record):
            continue
        if isinstance(document.payload, Sealed):
            sealed[str(document.subject), document.name] = record
        else:
            newest[document.record_class, document.name] = record, document.payload
    return _Known(newest, sealed)


def archive_day(archive: Archive, vault: Vault | None, sources: Sources, day: date, now: int) -> list[Entry]:
    """Archive what a day brought that is not in the archive yet; the lines that were written. Raises InputErrors.

    Running it again finds nothing new. The day is not closed here.
    """
    if not sources.regimes:
        raise InputError("regimes", "are not named", "Name those whose rules the records are kept under.")
    if sources.statements and vault is None:
        raise InputError("statements", "are sealed under customers' keys", "Give the master secret.")
    known = _known(archive)
    bodies: Iterator[Document]
    entries = []
    for bodies in (
        _segment_records(archive, sources, day, known),
        _hour_records(archive, sources, day, known),
        _digest_record(archive, sources, day, known),
        _folder_records(archive, sources, day, known),
        _statement_records(archive, vault, sources, day, known),
    ):
        entries += [archive.append(body, now) for body in bodies]
    return entries


def _document(
    sources: Sources, day: date, known: _Known, record_class: RecordClass, name: str, payload: Payload, valid_from: int
) -> Document | None:
    """A record, or the correction of an older one; None where the same content is archived already."""
    old = known.newest.get((record_class, name))
    if old is not None and (old[1].sha256, old[1].size) == (payload.sha256, payload.size):
        return None
    return Document(
        record_class=record_class,
        name=name,
        created=day,
        regimes=sources.regimes,
        valid_from=valid_from,
        payload=payload,
        corrects=None if old is None else old[0],
    )


def _some(documents: Iterable[Document | None]) -> Iterator[Document]:
    return (each for each in documents if each is not None)


def _reference(base: Path, path: Path) -> Referenced:
    try:
        digest, size = file_digest(path)
    except OSError as error:
        raise InputError(str(path), f"cannot be read ({error.strerror})", "Check the file.") from None
    return Referenced(digest, size, path.relative_to(base).as_posix())


def _stored(archive: Archive, base: Path, path: Path) -> Payload:
    """A plain file's bytes, or its hash where it is large."""
    try:
        if plain_size(path) > STORED_BYTES_MAX:
            return _reference(base, path)
        return archive.store(read_document(path))
    except OSError as error:
        raise InputError(str(path), f"cannot be read ({error.strerror})", "Check the file.") from None


def _segment_records(archive: Archive, sources: Sources, day: date, known: _Known) -> Iterator[Document]:
    for path in sources.segments:
        name = f"segment/{path.name}"
        old = known.newest.get((RecordClass.COMMAND_LOG, name))
        if old is not None and old[1].size == path.stat().st_size:
            continue  # sealed and archived: gigabytes are not read again each day; `verify --references` reads them
        payload = _reference(sources.base, path)
        yield from _some([_document(sources, day, known, RecordClass.COMMAND_LOG, name, payload, day_start(day))])


def _hour_records(archive: Archive, sources: Sources, day: date, known: _Known) -> Iterator[Document]:
    for hour in _hours_of(sources, day):
        valid_from = to_seconds(hour.time) * 1_000_000
        attestation = _stored(archive, sources.base, hour.bundle / "attestation.json")
        name = f"attestation/{hour.bundle.name}"
        yield from _some([_document(sources, day, known, RecordClass.ATTESTATION, name, attestation, valid_from)])
        manifest = hour.bundle / "manifest.json"
        if manifest.exists():
            payload = _reference(sources.base, manifest)
            name = f"manifest/{hour.bundle.name}"
            yield from _some([_document(sources, day, known, RecordClass.ATTESTATION, name, payload, valid_from)])


def _hours_of(sources: Sources, day: date) -> list[Hour]:
    """The hours that ended on the day; the one that ends at its last moment is the next day's first."""
    return [hour for hour in sources.hours if hour.time[:10] == day.isoformat()]


def _digest_record(archive: Archive, sources: Sources, day: date, known: _Known) -> Iterator[Document]:
    """One small document: how far the log reached, and the hash of every segment that is sealed."""
    reached = [hour for hour in _hours_of(sources, day) if hour.position is not None]
    if not reached:
        return
    last = max(reached, key=lambda hour: hour.position or 0)
    segments: list[Json] = []
    newest = _known(archive).newest  # with the segments that this day brought
    for path in sources.segments:
        _, held = newest[RecordClass.COMMAND_LOG, f"segment/{path.name}"]
        segments.append({"bytes": held.size, "name": path.name, "sha256": held.sha256})
    document: dict[str, Json] = {
        "format": "tallystick/archive-log-digest/1",
        "head": last.head,
        "hour": last.time,
        "position": last.position,
        "segments": segments,
    }
    payload = archive.store(canonical_file(document))
    name = f"log-digest/{day.isoformat()}"
    yield from _some([_document(sources, day, known, RecordClass.COMMAND_LOG, name, payload, day_start(day))])


def _folder_records(archive: Archive, sources: Sources, day: date, known: _Known) -> Iterator[Document]:
    for source in sources.folders:
        below = [source.folder, *source.folder.rglob("*")]
        for path in sorted(each for each in below if each.is_file()):
            relative = path.relative_to(sources.base)
            if any(part.startswith((".", "part-")) for part in relative.parts):
                continue  # a file that is being written
            if source.of_day and day.isoformat() not in relative.as_posix():
                continue
            payload = _stored(archive, sources.base, path)
            name = f"file/{relative.as_posix()}"
            made = _document(sources, day, known, source.record_class, name, payload, day_start(day))
            yield from _some([made])


def _statement_records(
    archive: Archive, vault: Vault | None, sources: Sources, day: date, known: _Known
) -> Iterator[Document]:
    for each in sources.statements:
        assert vault is not None, "asked before"
        subject = vault.subject(each.customer)
        data = each.path.read_bytes()
        name = f"statement/{each.period}"
        old = known.sealed.get((subject, name))
        if old is not None:
            payload = archive.view.documents[old].payload
            assert isinstance(payload, Sealed)
            if vault.open(subject, payload, archive.objects) == data:
                continue
        yield Document(
            record_class=RecordClass.CLIENT_STATEMENT,
            name=name,
            created=day,
            regimes=sources.regimes,
            valid_from=day_start(day),
            payload=seal_document(archive, vault, subject, data),
            subject=subject,
            corrects=old,
        )
