"""The engine's state at log positions, in files that can be checked: what a restart begins from instead of genesis.

A file is one line of canonical JSON (exchange, position, head, rule set, state hash, and each section's size) and then
the sections end to end. It is believed only if its state hash is that of the sections, its head the log's own hash at
the position, and the engine made of it hashes the same. An auditor gets the same file in a bundle's replay folder.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ledger.canonical import Digest, Json, canonical_file, from_hex, parse
from ledger.engine import RULE_SET, Engine, state_hash_of
from ledger.errors import CheckFailed, FormatError
from ledger.genesis import Genesis
from ledger.log.files import Files, Handle, OsFiles
from ledger.log.record import Head, Sequence64

__all__ = ["FORMAT", "Checkpoints", "checkpoint_sections", "read_checkpoint", "write_checkpoint"]

FORMAT: Final = "tallystick/checkpoint/1"
KEPT: Final = 3
INLINE_ACCOUNTS_MAX: Final = 2_000
"""Up to so many accounts of the ledger a checkpoint takes a few milliseconds, which is less than a fork is worth."""
HEADER_BYTES_MAX: Final = 64 * 1024
_NAME: Final = "checkpoint-{:016d}"
_REPORT: Final = "report-{:016d}.json"


def write_checkpoint(engine: Engine, head: Head) -> tuple[bytes, Digest]:
    """The bytes of a checkpoint file, and the state hash in it."""
    assert head.sequence == engine.sequence, "a checkpoint is of the position at which the engine stands"
    sections = engine.sections()
    state = state_hash_of(sections)
    header: dict[str, Json] = {
        "exchange": engine.exchange,
        "format": FORMAT,
        "head": head.hash.hex(),
        "position": int(head.sequence),
        "ruleset": RULE_SET,
        "sections": [[name, len(data)] for name, data in sections.items()],
        "state": state.hex(),
    }
    return b"".join((canonical_file(header), *sections.values())), state


def checkpoint_sections(data: bytes, genesis: Genesis) -> tuple[dict[str, bytes], Head, Digest]:
    """The sections of a checkpoint's bytes, the head at which it stands, and its state hash, which is theirs.

    Raises FormatError or CheckFailed.
    """
    end = data.find(b"\n")
    header: Any = parse(data[: max(end, 0)])
    fields = {"exchange", "format", "head", "position", "ruleset", "sections", "state"}
    if not isinstance(header, dict) or set(header) != fields or header["format"] != FORMAT:
        raise FormatError("this is no checkpoint of a format that is known")
    if header["exchange"] != genesis.exchange or header["ruleset"] != RULE_SET:
        raise FormatError("the checkpoint is of another exchange or of rules that are not known here")
    if not isinstance(header["sections"], list):
        raise FormatError("the checkpoint has no list of sections")
    if type(header["position"]) is not int:
        raise FormatError("the checkpoint's position is malformed")
    sections: dict[str, bytes] = {}
    at = end + 1
    for row in header["sections"]:
        if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], str) or type(row[1]) is not int:
            raise FormatError("the checkpoint's list of sections is malformed")
        if row[1] < 0 or row[0] in sections:
            raise FormatError("the checkpoint's sections have no size, or come twice")
        sections[row[0]] = data[at : at + row[1]]
        at += row[1]
    if at != len(data) or state_hash_of(sections).hex() != header["state"]:
        raise CheckFailed("the checkpoint is not what its state hash says")
    head = Head(Sequence64(header["position"]), Digest(from_hex(header["head"], 32)))
    return sections, head, Digest(from_hex(header["state"], 32))


def read_checkpoint(data: bytes, genesis: Genesis) -> tuple[Engine, Head]:
    """The engine of a checkpoint's bytes and the head at which it stands; raises FormatError or CheckFailed."""
    sections, head, _ = checkpoint_sections(data, genesis)
    engine = Engine.restore(genesis, sections)  # refuses sections that are not those of the engine it makes
    if engine.sequence != head.sequence:
        raise CheckFailed("the engine of the checkpoint stands at another position")
    return engine, head


class Checkpoints:
    """The checkpoint files of one venue; the newest few are kept."""

    def __init__(self, folder: Path, genesis: Genesis, files: Files) -> None:
        self._folder, self._genesis, self._files = folder, genesis, files
        # On macOS the system's own libraries do not survive a fork, and Windows has none.
        self._may_fork = isinstance(files, OsFiles) and sys.platform.startswith("linux")
        self._child = 0

    def positions(self) -> list[int]:
        """Where there are checkpoints, rising."""
        names = self._files.names(self._folder)
        return sorted(int(name[11:]) for name in names if name.startswith("checkpoint-") and name[11:].isdigit())

    def path(self, position: int) -> Path:
        """The file of a position."""
        return self._folder / _NAME.format(position)

    def write_now(self, engine: Engine, head: Head) -> None:
        """Write it here, whatever its size."""
        self._write(engine, head)

    def write(self, engine: Engine, head: Head) -> None:
        """Write the checkpoint of where the engine stands, whole and durable or not at all; forget the oldest.

        A large engine is written by a child process that has the memory of this moment, so that trading goes on;
        `wait` says when it is there. Raises OSError where the disk refuses
        in this process; the log has everything all the same.
        """
        position = int(head.sequence)
        if position in self.positions():
            return
        if self._may_fork and len(engine.ledger) > INLINE_ACCOUNTS_MAX:
            self._fork(engine, head)
        else:
            self._write(engine, head)

    def _fork(self, engine: Engine, head: Head) -> None:
        self.wait()
        with warnings.catch_warnings():
            # The child runs no code but this, takes no lock of another thread, and leaves without cleaning up.
            warnings.simplefilter("ignore", DeprecationWarning)
            child = os.fork()
        if child:
            self._child = child
            return
        status = 1
        try:
            self._write(engine, head)
            status = 0
        finally:
            os._exit(status)

    def wait(self) -> None:
        """Return when no checkpoint is being written; raises CheckFailed if the one that was could not be."""
        if self._child:
            child, self._child = self._child, 0
            _, status = os.waitpid(child, 0)
            if status:
                raise CheckFailed("the checkpoint of the last hour could not be written")

    def reap(self) -> None:
        """Notice whether the child that was writing a checkpoint has ended. Raises CheckFailed as `wait` does."""
        if self._child:
            child, status = os.waitpid(self._child, os.WNOHANG)
            if child:
                self._child = 0
            if child and status:
                raise CheckFailed("the checkpoint of the last hour could not be written")

    def report(self, position: int) -> dict[str, Any]:
        """What was reported of the books at a cut: `parameters`, their hash in hex, and `zero_sum`, a row a book.

        And `lending` (ledger.margin.stated), null for an exchange that has neither debts nor derivatives.
        """
        self.wait()
        report: dict[str, Any] = json.loads(self._read_file(self._folder / _REPORT.format(position)))
        return report

    def state_at(self, position: int) -> Digest:
        """The state hash in the checkpoint of a position that was written; raises FormatError or OSError."""
        self.wait()
        path = self.path(position)
        handle = self._files.open(path)
        try:
            line, _, _ = self._files.read(handle, 0, min(self._files.size(handle), HEADER_BYTES_MAX)).partition(b"\n")
        finally:
            self._files.close(handle)
        header: Any = parse(line)
        return Digest(from_hex(header["state"], 32))

    def _write(self, engine: Engine, head: Head) -> None:
        position = int(head.sequence)
        data, _ = write_checkpoint(engine, head)
        self._files.make_directory(self._folder)
        for left in [name for name in self._files.names(self._folder) if name.startswith("part-")]:
            self._files.remove(self._folder / left)
        self._replace(self._folder / _REPORT.format(position), json.dumps(_report(engine)).encode())
        self._replace(self.path(position), data)
        for old in self.positions()[:-KEPT]:
            self._files.remove(self.path(old))
            if _REPORT.format(old) in self._files.names(self._folder):
                self._files.remove(self._folder / _REPORT.format(old))

    def _replace(self, path: Path, data: bytes) -> None:
        """A whole and durable file under its name, or nothing new there."""
        files, part = self._files, path.with_name(f"part-{path.name}")
        handle = files.open(part, write=True, create=True)
        try:
            _write_whole(files, handle, data)
            files.sync(handle)
        finally:
            files.close(handle)
        files.rename(part, path)
        files.sync_directory(self._folder)

    def restore(self, position: int, hash_at: Callable[[int], Digest | None]) -> Engine:
        """The engine of the newest checkpoint at or before a log position, or of genesis.

        A file that is damaged or not of this log is removed: the log makes it again on the way to its head.
        """
        for candidate in reversed(self.positions()):
            if candidate > position:
                continue
            try:
                engine, head = read_checkpoint(self._read(candidate), self._genesis)
            except (FormatError, CheckFailed):
                self._files.remove(self.path(candidate))
                continue
            if hash_at(candidate) == head.hash:
                return engine
            self._files.remove(self.path(candidate))
        return Engine.begin(self._genesis)

    def _read(self, position: int) -> bytes:
        return self._read_file(self.path(position))

    def _read_file(self, path: Path) -> bytes:
        handle = self._files.open(path)
        try:
            return self._files.read(handle, 0, self._files.size(handle))
        finally:
            self._files.close(handle)


def _report(engine: Engine) -> dict[str, Json]:
    """The zero-sum report of the cut, for the attestation; amounts as text."""
    rows: list[Json] = [
        [line.entity, line.asset, *map(str, tuple(line)[2:-1])] for line in engine.ledger.zero_sum_report()
    ]
    facts = engine.lending_facts()
    lending = None if facts is None else facts.to_json()
    return {"lending": lending, "parameters": engine.parameters.hash().hex(), "zero_sum": rows}


def _write_whole(files: Files, handle: Handle, data: bytes) -> None:
    """A disk may take less at once than it is given."""
    offset = 0
    while offset < len(data):
        taken = files.write(handle, offset, data[offset:])
        if taken <= 0:
            raise OSError("the disk did not take the checkpoint")
        offset += taken
