"""Writes the conformance vectors: `python -m tests.conformance.generate`. The same code gives the same bytes.

`reserves/recorded.json` alone comes from elsewhere: `record_reserves.py` takes it from a development chain.
"""

from __future__ import annotations

import sys

from tests.conformance import (
    bundle_vectors,
    chain_vectors,
    ed25519_vectors,
    manifest_vectors,
    proof_vectors,
    reserve_vectors,
    table_vectors,
)
from tests.conformance.cases import VECTORS, Files

__all__ = ["RECORDED", "generate"]

RECORDED = frozenset({"reserves/recorded.json"})
EMITTERS = (
    proof_vectors,
    table_vectors,
    ed25519_vectors,
    bundle_vectors,
    chain_vectors,
    manifest_vectors,
    reserve_vectors,
)


def generate() -> Files:
    """Every generated file by its path under `vectors/`."""
    files: Files = {}
    for emitter in EMITTERS:
        made = emitter.emit()
        assert not made.keys() & files.keys(), "each file has one emitter"
        files |= made
    return files


def main() -> int:
    """Write what differs, remove what is no longer generated."""
    files = generate()
    stale = {path.relative_to(VECTORS).as_posix() for path in VECTORS.rglob("*") if path.is_file()} - files.keys()
    for name in stale - RECORDED:
        (VECTORS / name).unlink()
    for folder in VECTORS.glob("*/*"):
        if folder.is_dir() and not any(folder.iterdir()):
            folder.rmdir()
    for name, data in files.items():
        path = VECTORS / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    print(f"{len(files)} files, {sum(map(len, files.values())):,} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
