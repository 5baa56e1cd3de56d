"""Files of a bundle that came from somebody else: plain ones are read, and nothing else is opened.

A link could lead out of the bundle, and a pipe or a device would never end.
"""

from __future__ import annotations

import errno
import os
import stat
from pathlib import Path

__all__ = ["read_plain", "require_plain"]


def require_plain(path: Path) -> None:
    """Raises OSError unless there is a regular file, not a link to one, at this path."""
    if not stat.S_ISREG(os.lstat(path).st_mode):
        raise OSError(errno.EINVAL, "is no plain file", str(path))


def read_plain(path: Path) -> bytes:
    """The bytes of a plain file; raises OSError for anything else."""
    require_plain(path)
    return path.read_bytes()
