"""For operators: a copy of an exchange's folder, taken while it runs, and a folder made again from one.

Rules:
1. What is copied first is what the log must reach: the note of the last statement, hours, trees, checkpoints, how far
   chains and banks were followed, the store; the log comes last, up to a whole batch. So a copy never holds a statement
   or a store ahead of its log.
2. The manifest is written at the end and names every file with its size and SHA-256. A folder without it is no copy.
3. Secrets, and the keys under which personal data are readable, are copied only where that is asked for: an erasure
   has to reach every place where they are. The bundles of hours are copied whole, and name the customers' own ids to
   auditors: a copy is kept as they are.
4. A restore checks everything before it makes anything, and makes the folder whole or not at all.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path, PurePosixPath
from typing import Any, Final, NamedTuple

import click

from cli.common import json_option, progress, read_input
from cli.exchange.config import CONFIG_NAME, Config
from cli.exchange.giving import folder_option, now_us, say
from cli.exchange.published import newest_position
from cli.exchange.statements import LAST_STATEMENT
from ledger.canonical import Json, canonical_file, parse_file
from ledger.errors import CheckFailed, FormatError, InputError
from ledger.log import LogReader, OsFiles
from ledger.log.archive import ARCHIVE_NAME
from ledger.store.database import database_url, sqlite_path

__all__ = ["backup", "restore"]

FORMAT: Final = "tallystick/backup/1"
MANIFEST: Final = "backup.json"
STORE: Final = "store.sqlite"
SECRETS: Final = "secrets"
PERSONAL_DATA: Final = "data.sqlite"
PERSONAL_KEYS: Final = "keys"
CHUNK: Final = 1 << 20
_FIELDS: Final = frozenset(
    {"created", "exchange", "files", "format", "head", "has_personal_keys", "has_secrets", "has_store", "position"}
)
_FOLDER = click.Path(file_okay=False, path_type=Path)
Report = Callable[[str, int, int], None]


class CopiedFile(NamedTuple):
    """One file of a copy, by its path in it."""

    path: str
    size: int
    sha256: str


# Copying.


@click.command()
@click.argument("out", type=_FOLDER)
@folder_option
@click.option("--with-secrets", is_flag=True, help="Copy the encrypted keys and the master secret too.")
@click.option(
    "--with-personal-keys", is_flag=True, help="Copy what makes personal data readable; erasures must follow."
)
@json_option
def backup(out: Path, folder: Path, with_secrets: bool, with_personal_keys: bool, as_json: bool) -> int:
    """Copy an exchange into the new folder OUT, while it runs or not."""
    config = Config.load(folder)
    with progress(not as_json) as bar, _whole_or_nothing(out) as part:
        document = _Copy(config, part, bar).make(with_secrets, with_personal_keys)
    files = document["files"]
    facts = {name: value for name, value in document.items() if name != "files"}
    size = sum(row["size"] for row in files)
    text = f"{out}: {len(files)} files, {size} bytes, log position {document['position']}"
    if not document["has_store"]:
        text += "\nthe store is no file: copy it with pg_dump, or make it again with `tallystick fsck --rebuild`"
    if not with_secrets:
        text += f"\nwithout secrets: keep {config.secrets} apart from this copy"
    return say(as_json, {**facts, "bytes": size, "files": len(files), "out": str(out)}, text)


@contextmanager
def _whole_or_nothing(target: Path) -> Iterator[Path]:
    """A folder beside the target that takes its place at the end; raises InputError if the target exists."""
    if target.exists() or target.is_symlink():
        raise InputError(str(target), "exists", "Name a folder that is not there yet; nothing is overwritten.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part-{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(mode=0o700)
    try:
        yield part
        part.rename(target)
        OsFiles().sync_directory(target.parent)
    finally:
        shutil.rmtree(part, ignore_errors=True)


ROOMS: Final = ("compliance", "surveillance", "screening", "statements", "filings", "archive", "travel-rule")
"""Folders of the compliance rooms: what firms and reviewers said there is in no log, and cannot be made again."""


class _Copy:
    """One copy being made."""

    def __init__(self, config: Config, part: Path, bar: Report) -> None:
        self._config, self._part, self._bar = config, part, bar
        self._files: list[CopiedFile] = []

    def make(self, with_secrets: bool, with_personal_keys: bool) -> dict[str, Any]:
        """Copy everything in the order of rule 1; the manifest, which is written last."""
        config = self._config
        genesis = config.genesis()
        self._file(config.folder / LAST_STATEMENT, LAST_STATEMENT, is_optional=True)
        for folder in (config.hours, config.trees, config.paths.checkpoints, config.treasury):
            self._tree(folder, folder.name)
        for name in ROOMS:
            self._room(name, with_secrets, with_personal_keys)
        has_store = self._store()
        self._personal(config.personal, "personal", with_personal_keys)
        if with_secrets:
            self._tree(config.secrets, SECRETS)
        self._tree(config.paths.refusals, "refusals")
        reader = LogReader(config.paths.log, genesis.exchange, genesis.hash)
        for number, (path, size) in enumerate(reader.segments, start=1):
            self._file(path, f"log/{path.name}", size)
            self._bar("copying the log", number, len(reader.segments))
        if (config.paths.log / ARCHIVE_NAME).exists():
            self._file(config.paths.log / ARCHIVE_NAME, f"log/{ARCHIVE_NAME}")
        self._file(config.paths.genesis, config.paths.genesis.name)
        self._file(config.folder / CONFIG_NAME, CONFIG_NAME)
        document: dict[str, Json] = {
            "created": now_us(),
            "exchange": genesis.exchange,
            "files": [{"path": each.path, "sha256": each.sha256, "size": each.size} for each in sorted(self._files)],
            "format": FORMAT,
            "has_personal_keys": with_personal_keys,
            "has_secrets": with_secrets,
            "has_store": has_store,
            "head": reader.head.hash.hex(),
            "position": int(reader.head.sequence),
        }
        _write(self._part / MANIFEST, iter((canonical_file(document),)))
        return document

    def _room(self, name: str, with_secrets: bool, with_personal_keys: bool) -> None:
        """What a room of compliance keeps there; its own personal data and secrets by the same rule as the others."""
        folder = self._config.folder / name
        self._tree(folder, name, frozenset({"lock", "personal"} if with_secrets else {"lock", "personal", SECRETS}))
        self._personal(folder / "personal", f"{name}/personal", with_personal_keys)

    def _tree(self, source: Path, name: str, without: frozenset[str] = frozenset()) -> None:
        """Every file below a folder but those that are being written, whose names begin with a point.

        `without`: names directly in the folder that are left out.
        """
        paths = [path for path in sorted(source.rglob("*")) if path.is_file()] if source.is_dir() else []
        paths = [path for path in paths if path.relative_to(source).parts[0] not in without]
        for number, path in enumerate(paths, start=1):
            relative = path.relative_to(source)
            if not any(part.startswith((".", "part-")) for part in relative.parts):
                self._file(path, f"{name}/{relative.as_posix()}", is_optional=True)
            self._bar(f"copying {name}", number, len(paths))

    def _file(self, source: Path, name: str, size: int | None = None, *, is_optional: bool = False) -> None:
        """One file, or its first `size` bytes; an optional one may be gone meanwhile."""
        try:
            copied = _write(self._part / name, _chunks(source, size))
        except FileNotFoundError:
            if is_optional:
                return
            raise
        if size is not None and copied[0] != size:
            raise InputError(str(source), "became shorter while it was copied", "Make the copy again.")
        self._files.append(CopiedFile(name, *copied))

    def _store(self) -> bool:
        """The store as it is now; False where it is no file."""
        address = database_url(self._config.store_url)
        if address.get_backend_name() != "sqlite" or not sqlite_path(address).is_file():
            return False
        self._database(sqlite_path(address), STORE)
        return True

    def _personal(self, folder: Path, name: str, with_keys: bool) -> None:
        if (folder / PERSONAL_DATA).is_file():
            self._database(folder / PERSONAL_DATA, f"{name}/{PERSONAL_DATA}")
            if with_keys:
                self._file(folder / PERSONAL_KEYS, f"{name}/{PERSONAL_KEYS}")

    def _database(self, source: Path, name: str) -> None:
        """One moment of a SQLite database that another process may write to, as a single file."""
        target = self._part / name
        target.parent.mkdir(parents=True, exist_ok=True)
        self._bar(f"copying {source.name}", 0, 0)
        with closing(sqlite3.connect(source, timeout=60)) as old, closing(sqlite3.connect(target)) as new:
            old.backup(new)
            new.execute("PRAGMA journal_mode=DELETE")
        target.chmod(0o600)
        with target.open("rb") as file:
            os.fsync(file.fileno())
        self._files.append(CopiedFile(name, *_digest(target)))


def _chunks(source: Path, size: int | None = None) -> Iterator[bytes]:
    with source.open("rb") as file:
        left = size
        while data := file.read(CHUNK if left is None else min(CHUNK, left)):
            yield data
            if left is not None:
                left -= len(data)


def _write(path: Path, chunks: Iterator[bytes]) -> tuple[int, str]:
    """Write a file that its owner alone may read, durable; its size and SHA-256."""
    first = next(chunks, b"")
    path.parent.mkdir(parents=True, exist_ok=True)
    digest, size = hashlib.sha256(first), len(first)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(first)
        for data in chunks:
            file.write(data)
            digest.update(data)
            size += len(data)
        file.flush()
        os.fsync(file.fileno())
    return size, digest.hexdigest()


def _digest(path: Path) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    for data in _chunks(path):
        digest.update(data)
        size += len(data)
    return size, digest.hexdigest()


# Restoring.


@click.command()
@click.argument("source", type=_FOLDER)
@click.option("--folder", required=True, type=_FOLDER, envvar="TALLYSTICK_FOLDER", help="The new folder.")
@json_option
def restore(source: Path, folder: Path, as_json: bool) -> int:
    """Make an exchange's folder from the copy in SOURCE, after every byte of it was checked."""
    with progress(not as_json) as bar:
        document = _read_manifest(source)
        _check_files(source, document["files"], bar)
        with _whole_or_nothing(folder) as part:
            for number, row in enumerate(document["files"], start=1):
                if _write(part / row["path"], _chunks(source / row["path"])) != (row["size"], row["sha256"]):
                    raise InputError(str(source / row["path"]), "changed while it was read", "Restore again.")
                bar("restoring", number, len(document["files"]))
            config = _check_restored(source, part, document)
    notes = _notes(document, folder, config)
    facts = {name: value for name, value in document.items() if name != "files"}
    text = "\n".join(
        [f"{folder} stands at log position {document['position']}; check it with `tallystick fsck`", *notes]
    )
    return say(as_json, {**facts, "folder": str(folder), "notes": notes}, text)


def _notes(document: dict[str, Any], folder: Path, config: Config) -> list[str]:
    """What the operator has to bring back by other ways."""
    notes = []
    if not document["has_secrets"]:
        notes.append(f"put the secrets back into {folder / SECRETS} before it is started")
    if config.secrets != config.folder / SECRETS:
        notes.append(f"{CONFIG_NAME} names another folder of secrets than {folder / SECRETS}: change it, or move them")
    if not document["has_personal_keys"]:
        notes.append(f"put {PERSONAL_KEYS} back into {folder / 'personal'}, or personal data stay unreadable")
    own = f"sqlite:///{config.folder / STORE}"
    if not document["has_store"] or config.store_url != own:
        notes.append("make the store again with `tallystick fsck --rebuild`")
    return notes


def _refused(source: Path, problem: str) -> InputError:
    return InputError(str(source), problem, "Take another copy; this one restores nothing.")


def _read_manifest(source: Path) -> dict[str, Any]:
    """The manifest of a copy; raises InputError."""
    path = source / MANIFEST
    if not path.is_file():
        raise _refused(source, f"has no {MANIFEST}: it is no copy, or one that was never finished")
    try:
        document: Any = parse_file(read_input(path, "manifest"))
        if not isinstance(document, dict) or set(document) != _FIELDS or document["format"] != FORMAT:
            raise FormatError("another format")
        for row in document["files"]:
            if set(row) != {"path", "sha256", "size"} or not _is_inside(row["path"]):
                raise FormatError("a file's row is malformed")
    except (FormatError, KeyError, TypeError, AttributeError) as error:
        raise _refused(path, f"is no manifest of a copy ({error})") from None
    return document


def _is_inside(name: Any) -> bool:
    """Whether a path stays inside the folder that it is joined to."""
    if not isinstance(name, str) or not name or "\\" in name or "\0" in name:
        return False
    path = PurePosixPath(name)
    return not path.is_absolute() and path.as_posix() == name and not {"..", "."} & set(path.parts)


def _check_files(source: Path, rows: list[dict[str, Any]], bar: Report) -> None:
    """Every file that the manifest names is there as it says, and no other; raises InputError."""
    there = {path.relative_to(source).as_posix() for path in source.rglob("*") if not path.is_dir()}
    named = {row["path"] for row in rows}
    extra = sorted(there - named - {MANIFEST})
    if extra:
        raise _refused(source / extra[0], "is not in the manifest")
    for number, row in enumerate(rows, start=1):
        path = source / row["path"]
        if path.is_symlink() or not path.is_file():
            raise _refused(path, "is missing")
        if _digest(path) != (row["size"], row["sha256"]):
            raise _refused(path, "is not what the manifest says: the copy is torn or was changed")
        bar("checking the copy", number, len(rows))


def _check_restored(source: Path, part: Path, document: dict[str, Any]) -> Config:
    """The log is whole and reaches what was published; raises InputError."""
    config = Config.load(part)
    try:
        genesis = config.genesis()
        reader = LogReader(config.paths.log, genesis.exchange, genesis.hash)
        for _ in reader.records(reader.first_sequence):
            pass
    except CheckFailed as error:
        raise _refused(source / "log", f"is not whole ({error})") from None
    head = reader.head
    if (int(head.sequence), head.hash.hex()) != (document["position"], document["head"]):
        raise _refused(source / "log", "does not end where the manifest says")
    newest = newest_position(config.hours)
    if newest is None:
        return config
    if newest.position > head.sequence:
        raise _refused(source / "log", f"ends at {head.sequence}, but {newest.position} was published")
    if newest.position >= reader.first_sequence:
        record = next(reader.records(newest.position, newest.position))
        if record.hash.hex() != newest.head:
            raise _refused(source / "log", f"holds another record than the one published at {newest.position}")
    return config
