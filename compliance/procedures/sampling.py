"""Which items of a list are looked at, drawn from a seed that its reader publishes. Spec: docs/spec/sampling.md.

The same seed, statement, list and length give the same places on every machine; the statement's digest is under the
hash, so whoever fixes the seed after a statement was signed draws what nobody could have prepared for.
Cost: about 1 us a place.
"""

from __future__ import annotations

from typing import Final

from ledger.canonical import Tag, lp, tagged_hash, u64

__all__ = ["SEED_BYTES_MAX", "draw"]

SEED_BYTES_MAX: Final = 1024
_WORD: Final = 8


def draw(seed: str, digest: bytes, name: str, length: int, count: int) -> tuple[int, ...]:
    """`count` places of a list of `length`, without repetition, in the order drawn; all of them where count >= length.

    `digest` (32 bytes) is of the attestation that the list belongs to, `name` says which of its lists.
    """
    assert len(digest) == 32 and 0 <= length < 2**64 and count >= 0
    assert 0 < len(seed.encode()) <= SEED_BYTES_MAX, "a seed is a short text"
    if count >= length:
        return tuple(range(length))
    prefix = lp(seed) + digest + lp(name) + u64(length)
    limit = 2**64 - 2**64 % length  # words from here on would favour the first places
    found: dict[int, None] = {}
    counter = 0
    while len(found) < count:
        block = tagged_hash(Tag.SAMPLE, prefix + u64(counter))
        counter += 1
        for start in range(0, len(block), _WORD):
            word = int.from_bytes(block[start : start + _WORD], "big")
            if word < limit and len(found) < count:
                found.setdefault(word % length)
    return tuple(found)
