"""Documents written once: an interface that a store with object lock can stand behind, and one on a local disk.

An object's name is the SHA-256 of its bytes, so a name can only ever hold one content. What the local kind does *not*
protect from is stated in `LocalObjects.limits`, and every report that shows the store shows that text.
"""

from __future__ import annotations

import errno
import hashlib
import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

from ledger.errors import CheckFailed
from ledger.log.files import Files, OsFiles

__all__ = ["LocalObjects", "Objects", "protect", "write_once"]

_NAME: Final = re.compile(r"[0-9a-f]{64}\Z")
CHUNK_BYTES: Final = 1 << 20
_NO_LINKS: Final = frozenset({errno.EPERM, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP})


class Objects(Protocol):
    """What an archive asks of a store of documents. Names are SHA-256 in hex; every method may raise OSError."""

    @property
    def limits(self) -> str:
        """What the store does not protect from, in words for a report."""

    def put(self, data: bytes) -> str:
        """Store bytes, durable, and give their name; storing them again changes nothing."""

    def get(self, name: str) -> bytes:
        """The bytes; raises FileNotFoundError, or CheckFailed if they are not what the name says."""

    def names(self) -> Iterator[str]:
        """Every object, sorted."""

    def dispose(self, name: str) -> None:
        """Remove an object, by order only; nothing happens if it is gone. A store that is locked refuses."""


def protect(path: Path) -> None:
    """Take every right to write away from a file that is complete."""
    path.chmod(stat.S_IRUSR)


def write_once(files: Files, path: Path, data: bytes) -> None:
    """Put a whole file in a place where there is none, durable and read-only.

    The same bytes again change nothing; others raise CheckFailed. A crash leaves the file whole or not there.
    """
    if path.exists():
        if path.read_bytes() != data:
            raise CheckFailed(f"{path}: exists with other bytes; what is written once is never overwritten")
        return
    files.make_directory(path.parent)
    part = path.with_name(f".{path.name}.part")
    if part.exists():
        part.unlink()
    handle = files.open(part, create=True)
    try:
        if files.write(handle, 0, data) != len(data):
            raise OSError("the disk did not take the file")
        files.sync(handle)
    finally:
        files.close(handle)
    protect(part)
    _put_in_place(files, part, path, data)
    files.sync_directory(path.parent)


def _put_in_place(files: Files, part: Path, path: Path, data: bytes) -> None:
    """A link, not a rename: it fails where somebody else was faster, instead of overwriting."""
    try:
        os.link(part, path)
    except FileExistsError:
        if path.read_bytes() != data:
            raise CheckFailed(f"{path}: exists with other bytes") from None
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        files.rename(part, path)  # a file system without hard links; the archive's lock keeps other writers away
        return
    files.remove(part)


class LocalObjects:
    """Objects in a folder, `aa/aa…`, in read-only files."""

    limits: Final = (
        "Files are written once, read-only, and named by their hash: a change is found, a second write refused. "
        "Whoever has the rights of the owner or of root can still remove or replace them, a disk can lose them, and "
        "nothing keeps them until a date by force. For that keep a replica in a store with object lock in compliance "
        "mode."
    )

    def __init__(self, folder: Path, files: Files | None = None) -> None:
        self._folder, self._files = folder, files or OsFiles()

    def path(self, name: str) -> Path:
        """Where an object is."""
        assert _NAME.match(name), "an object's name is a SHA-256 in hex"
        return self._folder / name[:2] / name

    def put(self, data: bytes) -> str:
        name = hashlib.sha256(data).hexdigest()
        write_once(self._files, self.path(name), data)
        return name

    def get(self, name: str) -> bytes:
        data = self.path(name).read_bytes()
        if hashlib.sha256(data).hexdigest() != name:
            raise CheckFailed(f"object {name[:16]} is not what its name says: it was changed")
        return data

    def names(self) -> Iterator[str]:
        if not self._folder.is_dir():
            return
        for folder in sorted(each for each in self._folder.iterdir() if each.is_dir()):
            yield from sorted(each.name for each in folder.iterdir() if _NAME.match(each.name))

    def dispose(self, name: str) -> None:
        path = self.path(name)
        if path.exists():
            path.chmod(stat.S_IRUSR | stat.S_IWUSR)  # some systems remove no read-only file
            self._files.remove(path)
            self._files.sync_directory(path.parent)
