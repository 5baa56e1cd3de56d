"""Every operation that the command log asks of a file system, behind one small protocol.

The log does nothing to a disk that is not named here, so a test can stand a simulated disk in its place and stop it
before or after any operation, tear what was not yet synced, or fill it up.
"""

from __future__ import annotations

import errno
import os
import sys
from pathlib import Path
from typing import NewType, Protocol

__all__ = ["Files", "Handle", "LockTaken", "OsFiles"]

Handle = NewType("Handle", int)


class LockTaken(OSError):
    """Another process holds the lock file."""


class Files(Protocol):
    """What the log needs of a disk. Every method may raise OSError; paths are the caller's."""

    def make_directory(self, path: Path) -> None:
        """Make a directory and its parents, durable; nothing happens when it is there."""

    def names(self, directory: Path) -> list[str]:
        """The names in a directory, sorted; empty when the directory is not there."""

    def open(self, path: Path, *, write: bool = False, create: bool = False) -> Handle:
        """Open for reading, or for reading and writing; `create` raises FileExistsError if the file is there."""

    def close(self, handle: Handle) -> None:
        """Close; what was written and not synced may still be lost."""

    def size(self, handle: Handle) -> int:
        """Bytes in the file."""

    def read(self, handle: Handle, offset: int, size: int) -> bytes:
        """Up to `size` bytes from `offset`; fewer only at the end of the file."""

    def write(self, handle: Handle, offset: int, data: bytes | memoryview) -> int:
        """Write at `offset` and return how many bytes were taken, which may be fewer than given."""

    def truncate(self, handle: Handle, size: int) -> None:
        """Cut the file to `size` bytes."""

    def sync(self, handle: Handle) -> None:
        """Return when the file's bytes and length are durable."""

    def sync_directory(self, directory: Path) -> None:
        """Return when the directory's names are durable."""

    def rename(self, source: Path, target: Path) -> None:
        """Put `source` in the place of `target`, atomically."""

    def remove(self, path: Path) -> None:
        """Remove a name."""

    def lock(self, path: Path) -> Handle:
        """Hold the lock file until `close`; raises LockTaken."""

    def random(self, size: int) -> bytes:
        """Bytes that no outsider can guess."""


class OsFiles:
    """The real disk."""

    def make_directory(self, path: Path) -> None:
        if path.is_dir():
            return
        path.mkdir(parents=True, exist_ok=True)
        self.sync_directory(path.parent)

    def names(self, directory: Path) -> list[str]:
        try:
            return sorted(os.listdir(directory))
        except FileNotFoundError:
            return []

    def open(self, path: Path, *, write: bool = False, create: bool = False) -> Handle:
        flags = os.O_RDWR if write or create else os.O_RDONLY
        if create:
            flags |= os.O_CREAT | os.O_EXCL
        flags |= getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0)
        return Handle(os.open(path, flags, 0o600))

    def close(self, handle: Handle) -> None:
        os.close(handle)

    def size(self, handle: Handle) -> int:
        return os.fstat(handle).st_size

    def read(self, handle: Handle, offset: int, size: int) -> bytes:
        pieces: list[bytes] = []
        while size > 0:
            piece = self._read_once(handle, offset, size)
            if not piece:
                break
            pieces.append(piece)
            offset += len(piece)
            size -= len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    @staticmethod
    def _read_once(handle: Handle, offset: int, size: int) -> bytes:
        if hasattr(os, "pread"):
            return os.pread(handle, size, offset)
        os.lseek(handle, offset, os.SEEK_SET)
        return os.read(handle, size)

    def write(self, handle: Handle, offset: int, data: bytes | memoryview) -> int:
        if hasattr(os, "pwrite"):
            return os.pwrite(handle, data, offset)
        os.lseek(handle, offset, os.SEEK_SET)
        return os.write(handle, data)

    def truncate(self, handle: Handle, size: int) -> None:
        os.ftruncate(handle, size)

    def sync(self, handle: Handle) -> None:
        if sys.platform == "darwin":
            import fcntl

            fcntl.fcntl(handle, fcntl.F_FULLFSYNC)  # fsync there leaves the bytes in the drive's own cache
        elif hasattr(os, "fdatasync"):
            os.fdatasync(handle)
        else:
            os.fsync(handle)

    def sync_directory(self, directory: Path) -> None:
        if os.name == "nt":
            return  # a directory cannot be opened there, and its names are journalled
        descriptor = os.open(directory, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        os.replace(source, target)

    def remove(self, path: Path) -> None:
        os.remove(path)

    def lock(self, path: Path) -> Handle:
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), 0o600)
        try:
            _lock_descriptor(descriptor)
        except OSError as error:
            os.close(descriptor)
            if error.errno in (errno.EACCES, errno.EAGAIN, errno.EDEADLK):
                raise LockTaken(error.errno, "another process holds the lock", str(path)) from None
            raise
        return Handle(descriptor)

    def random(self, size: int) -> bytes:
        return os.urandom(size)


def _lock_descriptor(descriptor: int) -> None:
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
