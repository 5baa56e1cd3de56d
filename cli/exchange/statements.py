"""The last statement that was made, noted beside the bundles, so that a folder that lost some is not gone on from.

Two signed statements of one number contradict each other for ever, whatever became of the first. So the exchange does
not open when `hours/` ends before the statement that is noted here. A crash between a bundle and its note leaves the
note one behind; then the folder is right.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any, Final

from cli.keys import read_previous
from ledger.errors import InputError
from por.attestation import statement_digest

__all__ = ["LAST_STATEMENT", "note_statement", "require_statements", "write_durable"]

LAST_STATEMENT: Final = "last-statement.json"
_REMEDY: Final = "Restore the folder from a backup: a statement that was made is never made again."


def write_durable(path: Path, data: bytes) -> None:
    """Put a whole file in place of another one, durable; raises OSError."""
    part = path.with_name(f".{path.name}.part")
    with part.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    part.replace(path)
    if os.name == "posix":
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _read(bundle: Path) -> tuple[int, str]:
    """The number and digest of a bundle's statement."""
    statement = read_previous(bundle)["statement"]
    return int(statement["sequence"]), statement_digest(statement).hex()


def note_statement(folder: Path, bundle: Path) -> None:
    """Note the statement of a bundle as the last; raises OSError."""
    sequence, digest = _read(bundle)
    document = {"digest": digest, "hour": bundle.name, "sequence": sequence}
    write_durable(folder / LAST_STATEMENT, json.dumps(document).encode())


def require_statements(folder: Path, bundles: list[Path]) -> None:
    """Refuse to go on from bundles that end before the noted statement; raises InputError."""
    path = folder / LAST_STATEMENT
    if not path.exists():
        return
    try:
        noted: dict[str, Any] = json.loads(path.read_bytes())
        sequence, digest, hour = int(noted["sequence"]), str(noted["digest"]), str(noted["hour"])
    except (OSError, ValueError, KeyError, TypeError):
        raise InputError(str(path), "cannot be read", "Restore it, or the whole folder, from a backup.") from None
    newest, found = _read(bundles[-1]) if bundles else (-1, "")
    if newest < sequence:
        raise InputError(str(folder / "hours"), f"lacks the statement of {hour}, number {sequence}", _REMEDY)
    if newest == sequence and found != digest:
        raise InputError(str(folder / "hours"), f"has another statement number {sequence} than was made", _REMEDY)
