"""The engine's state at log positions, in files that can be checked: what a restart begins from instead of genesis.

A file is one line of canonical JSON (exchange, position, head, rule set, state hash, and each section's size) and then
the sections end to end. It is believed only if its state hash is that of the sections, its head the log's own hash at
the position, and the engine made of it hashes the same. An auditor gets the same file in a bundle's replay folder.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from ledger.canonical import Digest, Json, canonical_file, from_hex, parse
from ledger.engine import RULE_SET, Engine, state_hash_of
from ledger.errors import CheckFailed, FormatError
from ledger.genesis import Genesis
from ledger.log.files import Files, Handle
from ledger.log.record import Head, Sequence64

__all__ = ["FORMAT", "Checkpoints", "read_checkpoint", "write_checkpoint"]

FORMAT: Final = "tallystick/checkpoint/1"
KEPT: Final = 3
_NAME: Final = "checkpoint-{:016d}"


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


def read_checkpoint(data: bytes, genesis: Genesis) -> tuple[Engine, Head]:
    """The engine of a checkpoint's bytes and the head at which it stands; raises FormatError or CheckFailed."""
    line, separator, rest = data.partition(b"\n")
    header: Any = parse(line)
    fields = {"exchange", "format", "head", "position", "ruleset", "sections", "state"}
    if not separator or not isinstance(header, dict) or set(header) != fields or header["format"] != FORMAT:
        raise FormatError("this is no checkpoint of a format that is known")
    if header["exchange"] != genesis.exchange or header["ruleset"] != RULE_SET:
        raise FormatError("the checkpoint is of another exchange or of rules that are not known here")
    sections: dict[str, bytes] = {}
    if not isinstance(header["sections"], list):
        raise FormatError("the checkpoint has no list of sections")
    for row in header["sections"]:
        if not isinstance(row, list) or len(row) != 2 or not isinstance(row[0], str) or type(row[1]) is not int:
            raise FormatError("the checkpoint's list of sections is malformed")
        if not 0 <= row[1] <= len(rest) or row[0] in sections:
            raise FormatError("the checkpoint's sections are not as long as its list says, or come twice")
        sections[row[0]], rest = rest[: row[1]], rest[row[1] :]
    if rest or state_hash_of(sections).hex() != header["state"]:
        raise CheckFailed("the checkpoint is not what its state hash says")
    engine = Engine.restore(genesis, sections)
    if engine.sequence != header["position"] or engine.state_hash().hex() != header["state"]:
        raise CheckFailed("the engine of the checkpoint does not hash to its state")
    return engine, Head(Sequence64(engine.sequence), Digest(from_hex(header["head"], 32)))


class Checkpoints:
    """The checkpoint files of one venue; the newest few are kept."""

    def __init__(self, folder: Path, genesis: Genesis, files: Files) -> None:
        self._folder, self._genesis, self._files = folder, genesis, files

    def positions(self) -> list[int]:
        """Where there are checkpoints, rising."""
        names = self._files.names(self._folder)
        return sorted(int(name[11:]) for name in names if name.startswith("checkpoint-") and name[11:].isdigit())

    def path(self, position: int) -> Path:
        """The file of a position."""
        return self._folder / _NAME.format(position)

    def write(self, engine: Engine, head: Head) -> None:
        """Write the checkpoint of where the engine stands, whole and durable or not at all; forget the oldest.

        Raises OSError where the disk refuses; the log has everything all the same.
        """
        position = int(head.sequence)
        if position in self.positions():
            return
        data, _ = write_checkpoint(engine, head)
        files = self._files
        files.make_directory(self._folder)
        for left in [name for name in files.names(self._folder) if name.startswith("part-")]:
            files.remove(self._folder / left)
        part = self._folder / f"part-{position:016d}"
        handle = files.open(part, write=True, create=True)
        try:
            _write_whole(files, handle, data)
            files.sync(handle)
        finally:
            files.close(handle)
        files.rename(part, self.path(position))
        files.sync_directory(self._folder)
        for old in self.positions()[:-KEPT]:
            files.remove(self.path(old))

    def restore(self, position: int, hash_at: Callable[[int], Digest | None]) -> Engine:
        """The engine of the newest checkpoint at or before a log position, or of genesis.

        A file that is damaged or not of this log is passed over: the log can make everything again.
        """
        for candidate in reversed(self.positions()):
            if candidate > position:
                continue
            try:
                engine, head = read_checkpoint(self._read(candidate), self._genesis)
            except (FormatError, CheckFailed):
                continue
            if hash_at(candidate) == head.hash:
                return engine
        return Engine.begin(self._genesis)

    def _read(self, position: int) -> bytes:
        handle = self._files.open(self.path(position))
        try:
            return self._files.read(handle, 0, self._files.size(handle))
        finally:
            self._files.close(handle)


def _write_whole(files: Files, handle: Handle, data: bytes) -> None:
    """A disk may take less at once than it is given."""
    offset = 0
    while offset < len(data):
        taken = files.write(handle, offset, data[offset:])
        if taken <= 0:
            raise OSError("the disk did not take the checkpoint")
        offset += taken
