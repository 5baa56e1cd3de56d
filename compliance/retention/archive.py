"""The one writer of an archive, and the one reader: a folder of segments, objects, days and who may order what.

    ARCHIVE/
      archive.json          whose archive it is, its first operators, its first key for days; the chain begins with it
      LOCK                  held by the one process that writes
      segments/N.arc        what was recorded between two closed days; read-only once its day is closed
      objects/aa/HASH       documents, or ciphertexts of documents
      days/DAY.json         signed statements; DAY.tsq and DAY.tsr beside them: time stamp request and answer
      personal/             keys of customers' documents, each under its customer's key (ledger/personal.py)

Writing: a line is checked against everything before it, written, and durable before `append` returns. Opening for
writing cuts a torn tail (a write that a crash ended) and says so; a damaged line anywhere else is an error, and nothing
is changed. A chain that ends before the newest signed day is refused. Reading changes nothing.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from types import TracebackType
from typing import Any, Final, NamedTuple

from compliance.retention.authority import Operator, operator_documents, read_operators
from compliance.retention.chain import (
    HEADER_BYTES,
    ArchiveCorrupt,
    Header,
    Link,
    TornTail,
    decode_header,
    encode_frame,
    encode_header,
    entries_in,
    make_entry,
    segment_name,
)
from compliance.retention.days import DayStatement, make_statement, read_statement, sign_statement
from compliance.retention.objects import LocalObjects, Objects, protect, write_once
from compliance.retention.records import Body, Close, Entry, Stored
from compliance.retention.view import View
from ledger.canonical import Digest, Json, Tag, canonical_file, from_hex, parse_file, tagged_hash
from ledger.errors import CheckFailed, FormatError, InputError
from ledger.keys import SigningKey
from ledger.log.files import Files, Handle, LockTaken, OsFiles

__all__ = ["ARCHIVE_NAME", "Archive", "Genesis", "Loaded", "create_archive", "load", "read_genesis", "statements"]

ARCHIVE_NAME: Final = "archive.json"
_FORMAT: Final = "tallystick/archive/1"
_REMEDY: Final = "Restore the folder from another copy of the archive."


class Genesis(NamedTuple):
    """What an archive begins with. `created` in microseconds; `day_key` signs the statements of days."""

    archive: str
    entity: str
    created: int
    day_key: bytes
    operators: tuple[Operator, ...]

    @property
    def document(self) -> dict[str, Json]:
        """The JSON object of archive.json."""
        return {
            "archive": self.archive,
            "created": self.created,
            "day_key": self.day_key.hex(),
            "entity": self.entity,
            "format": _FORMAT,
            "operators": operator_documents(self.operators),
        }

    @property
    def hash(self) -> Digest:
        """The hash before the first line."""
        return tagged_hash(Tag.ARCHIVE_GENESIS, canonical_file(self.document)[:-1])

    def view(self) -> View:
        """The state before the first line."""
        return View(self.archive, self.hash.hex(), self.operators, self.day_key, Link(0, self.hash, self.created))


def read_genesis(folder: Path) -> Genesis:
    """Read archive.json; raises InputError."""
    path = folder / ARCHIVE_NAME
    try:
        document: Any = parse_file(path.read_bytes())
        if not isinstance(document, dict) or document.get("format") != _FORMAT:
            raise FormatError("another format")
        genesis = Genesis(
            str(document["archive"]),
            str(document["entity"]),
            int(document["created"]),
            from_hex(document["day_key"], 32),
            read_operators(document["operators"]),
        )
        if genesis.document != document:
            raise FormatError("other fields")
    except FileNotFoundError:
        raise InputError(str(path), "is not there", "Name an archive's folder, or make one.") from None
    except (FormatError, KeyError, TypeError, ValueError) as error:
        raise InputError(str(path), f"is no archive's document ({error})", _REMEDY) from None
    return genesis


def create_archive(folder: Path, genesis: Genesis) -> None:
    """Begin an archive in a folder that has none; raises InputError."""
    if (folder / ARCHIVE_NAME).exists():
        raise InputError(str(folder / ARCHIVE_NAME), "exists", "An archive is never begun again.")
    read_operators(operator_documents(genesis.operators))
    write_once(OsFiles(), folder / ARCHIVE_NAME, canonical_file(genesis.document))


class Segment(NamedTuple):
    """A segment as it was read: its file, its header, its size in bytes, and where its lines begin in the chain."""

    path: Path
    header: Header
    size: int


@dataclass(slots=True)
class Loaded:
    """An archive that was read: every line, the state they give, and what was torn at the end."""

    folder: Path
    genesis: Genesis
    segments: list[Segment]
    entries: list[Entry]
    view: View
    torn: TornTail | None = None

    @property
    def objects(self) -> LocalObjects:
        """The documents of the folder."""
        return LocalObjects(self.folder / "objects")

    def lines_of_day(self, close: int) -> list[Entry]:
        """The lines that the statement of a close covers, itself at their end."""
        before = [sequence for sequence, _ in self.view.closed if sequence < close]
        return self.entries[(before[-1] if before else 0) : close]


def _segment_paths(folder: Path) -> list[Path]:
    paths = sorted((folder / "segments").glob("*.arc")) if (folder / "segments").is_dir() else []
    for number, path in enumerate(paths):
        if path.name != segment_name(number):
            raise ArchiveCorrupt(path.name, 0, f"segment {number} is missing, or a file is there that is none")
    return paths


def load(folder: Path) -> Loaded:
    """Read a whole archive and check its chain and rules; raises InputError, ArchiveCorrupt or CheckFailed.

    A torn tail of the last segment is no error here: it is in `torn`, for the caller to judge.
    """
    genesis = read_genesis(folder)
    loaded = Loaded(folder, genesis, [], [], genesis.view())
    paths = _segment_paths(folder)
    for number, path in enumerate(paths):
        try:
            _load_segment(loaded, number, path)
        except TornTail as torn:
            if path != paths[-1]:
                raise ArchiveCorrupt(torn.file, torn.offset, torn.problem) from None
            loaded.torn = torn
    return loaded


def _load_segment(loaded: Loaded, number: int, path: Path) -> None:
    data, link = path.read_bytes(), loaded.view.link
    header = decode_header(data, path.name)
    if header != Header(loaded.genesis.hash, number, link.sequence + 1, link.hash):
        raise ArchiveCorrupt(path.name, 0, "the segment does not continue the chain before it")
    if len(data) == HEADER_BYTES:
        raise TornTail(path.name, 0, "the segment holds no record yet")
    if number and not isinstance(loaded.entries[-1].body, Close):
        raise ArchiveCorrupt(path.name, 0, "the segment before it does not end with the close of a day")
    loaded.segments.append(Segment(path, header, len(data)))
    for entry in entries_in(data, link, path.name):
        if loaded.entries and entry.sequence > header.first and isinstance(loaded.entries[-1].body, Close):
            raise ArchiveCorrupt(path.name, 0, f"record {entry.sequence} stands after the close of its segment")
        try:
            loaded.view.add(entry)
        except (CheckFailed, FormatError) as error:
            raise ArchiveCorrupt(path.name, 0, f"record {entry.sequence} breaks a rule: {error}") from None
        loaded.entries.append(entry)


class Archive:
    """An archive open for writing, by one process at a time. Close it, or use it in a `with`."""

    def __init__(self, folder: Path, objects: Objects | None = None, files: Files | None = None) -> None:
        """Open, cut a torn tail, compare with the newest signed day. Raises InputError, ArchiveCorrupt, CheckFailed."""
        self.folder, self._files = folder, files or OsFiles()
        self._has_failed = False
        read_genesis(folder)
        try:
            self._lock: Handle | None = self._files.lock(folder / "LOCK")
        except LockTaken:
            raise InputError(str(folder), "another process writes this archive", "Wait for it to end.") from None
        try:
            self.loaded = load(folder)
            self.objects: Objects = objects if objects is not None else self.loaded.objects
            self.cut_bytes = self._cut() if self.loaded.torn is not None else 0
            self._require_days()
        except BaseException:
            self.close()
            raise

    @property
    def view(self) -> View:
        """The state after the last line."""
        return self.loaded.view

    def close(self) -> None:
        """Let others write."""
        if self._lock is not None:
            self._files.close(self._lock)
            self._lock = None

    def __enter__(self) -> Archive:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _cut(self) -> int:
        """Take away a write that a crash ended; how many bytes. A segment without a whole header goes as a whole."""
        torn = self.loaded.torn
        assert torn is not None
        path = self.folder / "segments" / torn.file
        size = path.stat().st_size
        if torn.offset == 0:
            self._files.remove(path)
            self._files.sync_directory(path.parent)
        else:
            handle = self._files.open(path, write=True)
            try:
                self._files.truncate(handle, torn.offset)
                self._files.sync(handle)
            finally:
                self._files.close(handle)
            last = self.loaded.segments.pop()
            self.loaded.segments.append(last._replace(size=torn.offset))
        self.loaded.torn = None
        return size - torn.offset

    def _require_days(self) -> None:
        """The chain reaches the newest statement that was signed; raises CheckFailed."""
        names = sorted((self.folder / "days").glob("*.json")) if (self.folder / "days").is_dir() else []
        if not names:
            return
        statement = read_statement(names[-1].read_bytes())
        entries = self.loaded.entries
        if statement.last > len(entries) or entries[statement.last - 1].hash != statement.head:
            raise CheckFailed(f"the chain does not hold what was signed for {statement.day}. {_REMEDY}")

    # Writing.

    def store(self, data: bytes) -> Stored:
        """Store a document in the clear, durable, before the line that names it."""
        return Stored(self.objects.put(data), len(data))

    def append(self, body: Body, recorded: int) -> Entry:
        """Check a line and write it, durable. `recorded`: now, in microseconds; never before the last line's time.

        Raises CheckFailed or FormatError where a rule forbids it; then nothing was written.
        """
        link = self.view.link
        entry, data = make_entry(link, max(recorded, link.recorded), body)
        self.view.check(entry.sequence, entry.recorded, body)
        if self._has_failed:
            raise CheckFailed("a write failed before: open the archive again, which tells what is durable")
        self._has_failed = True
        self._write(encode_frame(data, entry.hash))
        self._has_failed = False
        self.view.add(entry)
        self.loaded.entries.append(entry)
        return entry

    def _write(self, frame: bytes) -> None:
        segments, entries = self.loaded.segments, self.loaded.entries
        is_new = not segments or isinstance(entries[-1].body, Close)
        if is_new:
            link = self.view.link
            header = Header(self.loaded.genesis.hash, len(segments), link.sequence + 1, link.hash)
            path = self.folder / "segments" / segment_name(len(segments))
            self._files.make_directory(path.parent)
            frame = encode_header(header) + frame
            segments.append(Segment(path, header, 0))
        segment = segments[-1]
        handle = self._files.open(segment.path, write=True, create=is_new)
        try:
            if self._files.size(handle) != segment.size:
                raise ArchiveCorrupt(segment.path.name, segment.size, "the file changed under the writer")
            if self._files.write(handle, segment.size, frame) != len(frame):
                raise OSError("the disk did not take the record; open the archive again")
            self._files.sync(handle)
        finally:
            self._files.close(handle)
        if is_new:
            self._files.sync_directory(segment.path.parent)
        segments[-1] = segment._replace(size=segment.size + len(frame))

    def close_day(self, day: date, recorded: int, key: SigningKey) -> DayStatement:
        """Close a day: its last line, its signed statement, its segment made read-only. Raises CheckFailed.

        A crash between line and statement is mended by the next call of `finish_days`.
        """
        if key.public != self.view.day_key:
            raise CheckFailed("this key is not the one in force for the statements of days")
        self.finish_days(key)
        self.append(Close(day), recorded)
        return self.finish_days(key)[-1]

    def finish_days(self, key: SigningKey) -> list[DayStatement]:
        """Write the statements that closed days still lack; what was written. Statements follow from the chain."""
        made = []
        previous: bytes = self.loaded.genesis.hash
        for number, (close, day) in enumerate(self.view.closed):
            path = self.folder / "days" / f"{day.isoformat()}.json"
            if path.exists():
                previous = read_statement(path.read_bytes()).digest
                continue
            if key.public != self.view.day_keys[close]:
                raise CheckFailed(f"the statement of {day} needs the key that was in force then")
            statement = make_statement(self.view.archive, self.loaded.lines_of_day(close), previous, key.public)
            write_once(self._files, path, sign_statement(statement, key))
            protect(self.loaded.segments[number].path)
            previous = statement.digest
            made.append(statement)
        return made

    def statement(self, day: str) -> DayStatement:
        """The signed statement of a closed day, by its text; raises InputError."""
        path = self.folder / "days" / f"{day}.json"
        if not path.is_file():
            raise InputError(str(path), "is not there", "Close the day first: `tallystick archive day`.")
        return read_statement(path.read_bytes())


def statements(folder: Path) -> Iterator[tuple[Path, DayStatement]]:
    """The signed days of a folder, in order; raises FormatError or CheckFailed."""
    for path in sorted((folder / "days").glob("*.json")) if (folder / "days").is_dir() else []:
        yield path, read_statement(path.read_bytes())
