"""The exchanges' keys that this reader has used before, one key file each in their own configuration folder.

A key is kept after a check whose signature held under it, and never replaced silently: another key for the same
exchange must be joined to it by rotations, or the reader removes the old file themselves.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import click

from ledger.canonical import canonical_file
from ledger.errors import InputError
from por.snapshot import EXCHANGE
from por.verify.standalone import KeyUnreadable, ReaderKey, read_key

__all__ = ["keep", "kept", "load_key"]


def _folder() -> Path:
    override = os.environ.get("TALLYSTICK_CONFIG_DIR")
    return Path(override or click.get_app_dir("tallystick")) / "keys"


def load_key(source: str) -> ReaderKey:
    """The reader's key from a file, or from 64 hex digits themselves; raises InputError."""
    path = Path(source)
    data: str | bytes = path.read_bytes() if path.is_file() else source
    try:
        return read_key(data)
    except KeyUnreadable as error:
        remedy = "Give the exchange's key file, or its key as 64 hex digits."
        raise InputError(source[:100], str(error), remedy) from None


def kept(exchange: str | None) -> ReaderKey | None:
    """The key kept for an exchange, or None."""
    if exchange is None or not EXCHANGE.match(exchange):
        return None
    path = _folder() / f"{exchange}.json"
    return load_key(str(path)) if path.is_file() else None


def keep(exchange: str, key: str, rotations: list[dict[str, Any]]) -> bool:
    """Keep a key that was just used; True if it is new. Does nothing where the folder cannot be written."""
    path = _folder() / f"{exchange}.json"
    document: Any = {"exchange": exchange, "format": "tallystick/key/1", "key": key, "rotations": rotations}
    data = canonical_file(document)
    try:
        if path.is_file() and path.read_bytes() == data:
            return False
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(data)
        part.replace(path)
    except OSError:
        return False
    return True
