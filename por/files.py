"""Reading files that somebody else wrote: plain files only, and documents no longer than a document can be.

A pipe or a device in a bundle would hold the reader for ever, and so would a file without end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

from ledger.canonical import DOCUMENT_BYTES_MAX

__all__ = ["plain_size", "read_document"]


def plain_size(path: Path) -> int:
    """The size of a plain file, in bytes; raises OSError for anything else."""
    status = os.lstat(path)
    if not stat.S_ISREG(status.st_mode):
        raise OSError(errno.EINVAL, "is no plain file", str(path))
    return status.st_size


def read_document(path: Path) -> bytes:
    """A document's bytes, one more than it may have at the most: its reader then refuses it. Raises OSError."""
    # Not blocking, so that a pipe that took the file's place opens at once and is refused; a link is not followed,
    # because it could lead out of the bundle.
    flags = (getattr(os, name, 0) for name in ("O_NONBLOCK", "O_BINARY", "O_NOFOLLOW"))
    descriptor = os.open(path, os.O_RDONLY | sum(flags))
    with os.fdopen(descriptor, "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise OSError(errno.EINVAL, "is no plain file", str(path))
        return file.read(DOCUMENT_BYTES_MAX + 2)
