"""A disk in memory that loses power, tears sectors, takes half of what it is given, fills up and fails.

What a power loss leaves of a file: everything that was synced; of what was written since, any choice of its 512-byte
sectors, each one old, new, or (when `torn`) garbage; of names made since the directory was synced, any first part.
"""

from __future__ import annotations

import errno
import os
from pathlib import Path
from random import Random

from ledger.log.files import Handle, LockTaken

SECTOR = 512


class PowerLoss(BaseException):
    """The machine stopped. Not an Exception, so that nothing handles it."""


class Inode:
    def __init__(self, durable: bytes = b"") -> None:
        self.durable = bytes(durable)
        self.current = bytearray(durable)
        self.pending: list[tuple[str, int, bytes]] = []


class SimulatedDisk:
    """Counts every change in `operations`; stops before number `stop_at`."""

    def __init__(self, *, stop_at: int | None = None, capacity: int | None = None, short: Random | None = None) -> None:
        self.names_now: dict[Path, Inode] = {}
        self.names_durable: dict[Path, Inode] = {}
        self.name_changes: list[tuple[Path, Path, Inode | None]] = []
        self.handles: dict[int, Inode] = {}
        self.locks: set[Path] = set()
        self.locked_by: dict[int, Path] = {}
        self.next_handle = 3
        self.operations = 0
        self.stop_at, self.capacity, self.short = stop_at, capacity, short
        self.fail: dict[str, int] = {}
        """Operation name to errno: the next such operation fails with it."""
        self.generator = Random(1)

    # --- faults ------------------------------------------------------------------------------------------------

    def _step(self, name: str) -> None:
        if self.stop_at is not None and self.operations >= self.stop_at:
            raise PowerLoss
        self.operations += 1
        if name in self.fail:
            code = self.fail.pop(name)
            raise OSError(code, os.strerror(code))

    def after_power_loss(self, rng: Random, *, torn: bool) -> SimulatedDisk:
        """A fresh disk with what survived."""
        disk = SimulatedDisk()
        names = dict(self.names_durable)
        by_directory: dict[Path, list[tuple[Path, Inode | None]]] = {}
        for directory, path, inode in self.name_changes:
            by_directory.setdefault(directory, []).append((path, inode))
        for changes in by_directory.values():
            for path, inode in changes[: rng.randint(0, len(changes))]:
                if inode is None:
                    names.pop(path, None)
                else:
                    names[path] = inode
        survivors: dict[int, Inode] = {}
        for path, inode in names.items():
            if id(inode) not in survivors:
                survivors[id(inode)] = Inode(_survives(inode, rng, torn))
            disk.names_now[path] = survivors[id(inode)]
        disk.names_durable = dict(disk.names_now)
        return disk

    def flip(self, path: Path, offset: int, mask: int = 0xFF) -> None:
        """Change one durable byte."""
        inode = self.names_now[path]
        inode.current[offset] ^= mask
        inode.durable = bytes(inode.current)

    # --- the protocol ------------------------------------------------------------------------------------------

    def make_directory(self, path: Path) -> None:
        pass

    def names(self, directory: Path) -> list[str]:
        return sorted(path.name for path in self.names_now if path.parent == directory)

    def open(self, path: Path, *, write: bool = False, create: bool = False) -> Handle:
        if create:
            if path in self.names_now:
                raise FileExistsError(errno.EEXIST, "exists", str(path))
            self._step("create")
            self._rename(path, Inode())
        if path not in self.names_now:
            raise FileNotFoundError(errno.ENOENT, "not there", str(path))
        self.next_handle += 1
        self.handles[self.next_handle] = self.names_now[path]
        return Handle(self.next_handle)

    def _rename(self, path: Path, inode: Inode | None) -> None:
        self.name_changes.append((path.parent, path, inode))
        if inode is None:
            del self.names_now[path]
        else:
            self.names_now[path] = inode

    def close(self, handle: Handle) -> None:
        path = self.locked_by.pop(handle, None)
        if path is not None:
            self.locks.discard(path)
        else:
            del self.handles[handle]

    def size(self, handle: Handle) -> int:
        return len(self.handles[handle].current)

    def read(self, handle: Handle, offset: int, size: int) -> bytes:
        return bytes(self.handles[handle].current[offset : offset + size])

    def write(self, handle: Handle, offset: int, data: bytes | memoryview) -> int:
        inode = self.handles[handle]
        size = len(data)
        if self.short is not None and size > 1:
            size = self.short.randint(1, size)
        if self.capacity is not None:
            used = sum(len(other.current) for other in set(self.names_now.values()))
            room = self.capacity - used + max(0, len(inode.current) - offset)
            if room <= 0:
                raise OSError(errno.ENOSPC, "no space left on device")
            size = min(size, room)
        if self.stop_at is not None and self.operations >= self.stop_at:
            # Power goes while the write is under way: some of it reached the cache.
            self._put(inode, offset, bytes(data[: self.generator.randint(0, size)]))
        self._step("write")
        self._put(inode, offset, bytes(data[:size]))
        return size

    @staticmethod
    def _put(inode: Inode, offset: int, data: bytes) -> None:
        if offset > len(inode.current):
            inode.current += bytes(offset - len(inode.current))
        inode.current[offset : offset + len(data)] = data
        inode.pending.append(("write", offset, data))

    def truncate(self, handle: Handle, size: int) -> None:
        self._step("truncate")
        inode = self.handles[handle]
        del inode.current[size:]
        inode.pending.append(("truncate", size, b""))

    def sync(self, handle: Handle) -> None:
        self._step("sync")
        inode = self.handles[handle]
        inode.durable, inode.pending = bytes(inode.current), []

    def sync_directory(self, directory: Path) -> None:
        self._step("sync_directory")
        for path in {p for p in (*self.names_durable, *self.names_now) if p.parent == directory}:
            if path in self.names_now:
                self.names_durable[path] = self.names_now[path]
            else:
                self.names_durable.pop(path)
        self.name_changes = [change for change in self.name_changes if change[0] != directory]

    def rename(self, source: Path, target: Path) -> None:
        self._step("rename")
        inode = self.names_now[source]
        self._rename(target, inode)
        self._rename(source, None)

    def remove(self, path: Path) -> None:
        self._step("remove")
        self._rename(path, None)

    def lock(self, path: Path) -> Handle:
        if path in self.locks:
            raise LockTaken(errno.EAGAIN, "locked", str(path))
        self.locks.add(path)
        self.next_handle += 1
        self.locked_by[self.next_handle] = path
        return Handle(self.next_handle)

    def random(self, size: int) -> bytes:
        return self.generator.randbytes(size)


def _survives(inode: Inode, rng: Random, torn: bool) -> bytes:
    content = bytearray(inode.durable)
    keep = rng.choice((0.0, 0.5, 0.9, 1.0))
    for kind, offset, data in inode.pending:
        if kind == "truncate":
            if rng.random() < keep:
                del content[offset:]
            continue
        if rng.random() < 0.5 and offset + len(data) > len(content):
            content += bytes(offset + len(data) - len(content))  # the length reached the disk before the bytes
        for start in range(offset - offset % SECTOR, offset + len(data), SECTOR):
            left, right = max(start, offset), min(start + SECTOR, offset + len(data))
            if rng.random() < keep:
                piece = data[left - offset : right - offset]
            elif torn and rng.random() < 0.3:
                piece = rng.randbytes(right - left)
            else:
                continue
            if left > len(content):
                content += bytes(left - len(content))
            content[left:right] = piece
    return bytes(content)
