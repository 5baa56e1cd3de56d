"""Two hours of a small exchange, one missed hour and one changed file, as a practitioner's input; the golden document.

`python -m tests.cli.sample_aup` writes the golden file again.
"""

from __future__ import annotations

import json
import tempfile
from dataclasses import asdict, replace
from datetime import UTC, date, datetime
from pathlib import Path

from cli.procedures import _files, _line
from compliance.procedures.perform import Asked, Handed, perform
from compliance.reports.packs.aup import pack
from compliance.reports.packs.aup.inputs import ProceduresInput
from por.bundle import write_missed
from por.liabilities.kernels import select
from por.reserves.evm import LayoutTable
from por.snapshot import SnapshotId
from por.verify.audit import Reader, audit_bundle, report_of
from por.verify.reserves import ReserveReader
from por.verify.standalone import read_key
from tests.support.small import BANK, EXCHANGE, KEY, predecessor, small_bundle

GOLDEN = Path(__file__).parent / "golden" / "procedures.json"


def sample(folder: Path) -> ProceduresInput:
    """The input: the second hour has less than it owes, and a byte of its leaves was changed; the third was missed."""
    hours = [SnapshotId(EXCHANGE, f"2026-11-20T0{number}:00:00Z") for number in range(3)]
    first = small_bundle(folder, "hour-0", snapshot=hours[0]).path
    less = [replace(BANK, balance=10**8)]
    second = small_bundle(folder, "hour-1", snapshot=hours[1], reserve_rows=less, previous=predecessor(first)).path
    third = folder / "hour-2"
    write_missed(third, hours[2], "disk full", predecessor(second), KEY, ())
    amounts = second / "liabilities" / "tree-00000-amounts.bin"
    data = bytearray(amounts.read_bytes())
    data[15] ^= 1
    amounts.chmod(0o600)
    amounts.write_bytes(data)
    key = read_key(KEY.public.hex())
    reader = Reader(key, ReserveReader(LayoutTable()), select())
    handed = [Handed(path.name, path, audit_bundle(path, reader)) for path in (first, second, third)]
    asked = Asked("block 900000", key, select(), 3, 3, 3, ("ann@example.com", "left.out@example.com"))
    return ProceduresInput(
        exchange=EXCHANGE,
        entities=("main",),
        key=key.key,
        seed=asked.seed,
        start=date(2026, 11, 20),
        end=date(2026, 11, 20),
        prepared=datetime(2026, 11, 21, 9, tzinfo=UTC),
        bundles=tuple(_line(each) for each in handed),
        performed=perform(handed, report_of([each.audit for each in handed]), asked),
        evidence=tuple(item for each in handed for item in _files(each)),
        command="tallystick procedures hour-0 hour-1 hour-2 --key exchange-key.json --seed 'block 900000' --out OUT",
        engine="tallystick",
    )


def golden(folder: Path) -> bytes:
    """The document as one JSON text."""
    documents = {name: asdict(document) for name, document in pack(sample(folder)).documents.items()}
    return (json.dumps(documents, ensure_ascii=False, indent=1, sort_keys=True, default=sorted) + "\n").encode()


if __name__ == "__main__":
    GOLDEN.parent.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        GOLDEN.write_bytes(golden(Path(place)))
