"""The folder of the screening: list files by their hash, the chained log, and the key that hides who was screened.

    FOLDER/screening/lists/SHA256/NAME   every list file that was ever loaded, unchanged
    FOLDER/screening/log.jsonl           the log; the last record of lists says which are screened against
    FOLDER/secrets/master-secret.json    the exchange's master secret, where FOLDER is an exchange's; else
    FOLDER/screening/master-secret.json  one made here by the first `screen load`

The log is read, checked and written under a lock; a record is on disk before anything is said of it.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import Any, Final

from cli.common import passphrase, read_input
from cli.keys import MASTER_NAME
from compliance.screening import ListFile, ListSet, ScreeningLog, read_lists
from compliance.screening.lists import SanctionsList
from ledger.canonical import lp
from ledger.errors import CheckFailed, InputError
from ledger.keys import load_secret, new_secret, save_secret
from ledger.log.files import LockTaken, OsFiles

__all__ = ["ScreeningFolder"]

KEY_LABEL: Final = "tallystick/screening-subjects/1"


class ScreeningFolder:
    """The folder and its log. Use `opened` to write; what was appended is on disk when the block ends."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "screening"
        self.path = self.root / "log.jsonl"
        self._disk = OsFiles()

    def read_log(self, head: str | None = None) -> ScreeningLog:
        """The log, its chain checked; raises InputError where there is none, CheckFailed where it was changed."""
        if not self.path.exists():
            raise InputError(str(self.path), "is not there", "Load lists first: `tallystick screen load FILE...`.")
        return ScreeningLog.read(read_input(self.path, "screening log"), str(self.path), head)

    @contextmanager
    def opened(self, *, is_new: bool = False) -> Iterator[ScreeningLog]:
        """The log to append to, under its lock. Nothing is written where the block raises."""
        if is_new:
            self._disk.make_directory(self.root)
        if not self.root.is_dir():
            raise InputError(str(self.root), "is not there", "Load lists first: `tallystick screen load FILE...`.")
        try:
            lock = self._disk.lock(self.root / "lock")
        except LockTaken:
            raise InputError(str(self.path), "another process writes to it", "Wait until it has ended.") from None
        try:
            log = self.read_log() if self.path.exists() or not is_new else ScreeningLog()
            yield log
            self._write(b"".join(log.new_lines))
            log.new_lines.clear()
        finally:
            self._disk.close(lock)

    def _write(self, data: bytes) -> None:
        if not data:
            return
        file = self._disk.open(self.path, write=True, create=not self.path.exists())
        try:
            at = self._disk.size(file)
            while data:
                taken = self._disk.write(file, at, data)
                at, data = at + taken, data[taken:]
            self._disk.sync(file)
        finally:
            self._disk.close(file)
        self._disk.sync_directory(self.root)

    def keep(self, files: Sequence[ListFile]) -> None:
        """Keep list files under their hashes; one that is there already is the same."""
        for file in files:
            path = self._kept(hashlib.sha256(file.data).hexdigest(), PurePath(file.name).name)
            if not path.exists():
                self._disk.make_directory(path.parent)
                part = path.with_suffix(path.suffix + ".part")
                part.write_bytes(file.data)
                part.replace(path)

    def _kept(self, digest: str, name: str) -> Path:
        return self.root / "lists" / digest / name

    def lists(self, body: dict[str, Any]) -> ListSet:
        """The set that a record of lists names, from the kept files; raises InputError or CheckFailed."""
        made: list[SanctionsList] = []
        for said in body["lists"]:
            files = []
            for name, digest in said["files"]:
                data = read_input(self._kept(digest, name), f"kept list {said['list']}")
                if hashlib.sha256(data).hexdigest() != digest:
                    raise CheckFailed(f"{self._kept(digest, name)}: the kept list was changed")
                files.append(ListFile(name, data))
            made += read_lists(files, said["retrieved"]).lists
        found = ListSet.of(made)
        if found.hash != body["set"]:
            raise CheckFailed("the kept lists do not make the set that the log names")
        return found

    def sets(self, log: ScreeningLog) -> list[ListSet | None]:
        """The set now in force and the one before it, None where there is none."""
        bodies = [record.body for record in log.records if record.kind == "lists"]
        if not bodies:
            raise InputError(str(self.path), "no list was loaded", "Load lists: `tallystick screen load FILE...`.")
        before = next((body for body in reversed(bodies) if body["set"] != bodies[-1]["set"]), None)
        return [self.lists(bodies[-1]), None if before is None else self.lists(before)]

    def key(self, *, may_make: bool = False) -> bytes:
        """The key of the keyed hashes, from the exchange's master secret or one of the screening's own."""
        paths = [self.folder / "secrets" / MASTER_NAME, self.root / MASTER_NAME]
        path = next((each for each in paths if each.exists()), paths[1])
        words = passphrase("The passphrase of the master secret")
        if not path.exists() and may_make:
            save_secret(path, "master", new_secret(), words)
        master = load_secret(path, "master", words)
        return hmac.digest(master, lp(KEY_LABEL), hashlib.sha256)
