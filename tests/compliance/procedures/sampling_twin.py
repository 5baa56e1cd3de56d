"""The draw again, from docs/spec/sampling.md alone.

`python -m tests.compliance.procedures.sampling_twin` writes the vectors.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

VECTORS = Path(__file__).parent / "sampling_vectors.json"
CASES = [
    ("block 900000", 0, "leaves", 0, 5),
    ("block 900000", 1, "leaves", 1, 5),
    ("block 900000", 2, "leaves", 10, 10),
    ("block 900000", 3, "leaves", 11, 10),
    ("block 900000", 4, "reserves", 1_000_000, 5),
    ("サイコロ 3", 5, "movements", 2**63 + 1, 6),
    ("x" * 1024, 6, "leaves", 6_000_000, 25),
]


def plain_draw(seed: str, digest: bytes, name: str, length: int, count: int) -> tuple[int, ...]:
    if count >= length:
        return tuple(range(length))
    places: list[int] = []
    counter = 0
    while True:
        message = len(seed.encode()).to_bytes(4, "big") + seed.encode() + digest
        message += len(name.encode()).to_bytes(4, "big") + name.encode()
        message += length.to_bytes(8, "big") + counter.to_bytes(8, "big")
        block = hashlib.sha256(message + b"\x13").digest()
        for word in (block[0:8], block[8:16], block[16:24], block[24:32]):
            if len(places) == count:
                return tuple(places)
            number = int.from_bytes(word, "big")
            if number >= 2**64 - (2**64 % length):
                continue
            if number % length not in places:
                places.append(number % length)
        counter += 1


def vectors() -> list[dict[str, Any]]:
    made = []
    for seed, number, name, length, count in CASES:
        digest = hashlib.sha256(bytes([number])).digest()
        places = list(plain_draw(seed, digest, name, length, count))
        made.append(
            {"count": count, "digest": digest.hex(), "length": length, "name": name, "places": places, "seed": seed}
        )
    return made


if __name__ == "__main__":
    VECTORS.write_text(json.dumps(vectors(), indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
