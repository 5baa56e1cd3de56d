"""The flat arrays that every kernel reads and writes: ragged byte tables, tree levels, and the checks on them.

Nothing here hashes. All arrays are C-contiguous; a sum node is 64 bytes, `hash ‖ u128(claims) ‖ u128(debts)`
big-endian, an account node 32 bytes; amounts are 32 bytes, `u128(claim) ‖ u128(debt)`. Formats: docs/spec/trees.md.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ledger.canonical import AMOUNT_MAX, lp
from ledger.errors import TallystickError

__all__ = [
    "AMOUNT_MAX",
    "U32",
    "U64",
    "AmountOverflow",
    "Blob",
    "Bytes2D",
    "Levels",
    "join_identities",
    "lp",
    "pack_amounts",
    "pack_identities",
    "pack_names",
    "require_bytes",
    "require_u32",
    "require_u64",
    "table",
    "unpack_amount",
    "with_lengths",
]

Bytes2D = npt.NDArray[np.uint8]
U32 = npt.NDArray[np.uint32]
U64 = npt.NDArray[np.uint64]

SUM_NODE_BYTES: Final = 64
ACCOUNT_NODE_BYTES: Final = 32
CACHE_LINE_BYTES: Final = 64


class AmountOverflow(TallystickError):
    """A sum of claims or of debts is over 2^128-1; no node exists for it (docs/spec/trees.md section 2)."""

    def __init__(self, what: str = "a sum of claims or debts") -> None:
        super().__init__(f"{what} is over 2^128-1")


def _require(array: npt.NDArray[Any], dtype: type[np.generic], shape: tuple[int | None, ...], name: str) -> None:
    """Raise ValueError unless the array is C-contiguous and of this type and shape (None stands for any length)."""
    if array.dtype != np.dtype(dtype) or not array.flags.c_contiguous or array.ndim != len(shape):
        raise ValueError(f"{name} must be a C-contiguous array of {np.dtype(dtype)} with {len(shape)} dimensions")
    if any(want is not None and want != have for want, have in zip(shape, array.shape, strict=True)):
        raise ValueError(f"{name} has shape {array.shape}, expected {shape}")


def require_bytes(array: Bytes2D, rows: int | None, width: int, name: str) -> None:
    """Raise ValueError unless `array` is u8[rows, width], C-contiguous."""
    _require(array, np.uint8, (rows, width), name)


def require_u32(array: U32, rows: int | None, name: str) -> None:
    """Raise ValueError unless `array` is u32[rows], C-contiguous."""
    _require(array, np.uint32, (rows,), name)


def require_u64(array: U64, rows: int | None, name: str) -> None:
    """Raise ValueError unless `array` is u64[rows], C-contiguous."""
    _require(array, np.uint64, (rows,), name)


@dataclass(frozen=True)
class Blob:
    """Byte strings of different lengths, end to end: entry i is `data[offsets[i]:offsets[i + 1]]`.

    `data` is u8[total], `offsets` u64[entries + 1], rising from 0 to total. Raises ValueError if they are not.
    """

    data: npt.NDArray[np.uint8]
    offsets: U64

    def __post_init__(self) -> None:
        _require(self.data, np.uint8, (None,), "blob data")
        _require(self.offsets, np.uint64, (None,), "blob offsets")
        offsets = self.offsets
        if offsets.size == 0 or offsets[0] != 0 or int(offsets[-1]) != self.data.size:
            raise ValueError("blob offsets must run from 0 to the number of bytes")
        if np.any(offsets[1:] < offsets[:-1]):
            raise ValueError("blob offsets must not fall")

    @property
    def count(self) -> int:
        """Number of entries."""
        return self.offsets.size - 1

    @cached_property
    def entries(self) -> tuple[bytes, ...]:
        """All entries as bytes objects; kept, because the kernels without C come back to them for every tree."""
        data, offsets = self.data.tobytes(), self.offsets.tolist()
        return tuple([data[offsets[i] : offsets[i + 1]] for i in range(len(offsets) - 1)])

    @cached_property
    def _closed(self) -> dict[bytes, npt.NDArray[np.object_]]:
        return {}

    def closed(self, suffix: bytes) -> npt.NDArray[np.object_]:
        """All entries as bytes objects with `suffix` behind each, in an array that can be indexed; kept as well."""
        if suffix not in self._closed:
            array = np.empty(self.count, dtype=np.object_)
            array[:] = [entry + suffix for entry in self.entries] if suffix else self.entries
            self._closed[suffix] = array
        return self._closed[suffix]

    @classmethod
    def pack(cls, entries: Sequence[bytes]) -> Blob:
        """The blob of these entries, in this order."""
        offsets = np.zeros(len(entries) + 1, dtype=np.uint64)
        np.cumsum(np.fromiter(map(len, entries), dtype=np.uint64, count=len(entries)), out=offsets[1:])
        return cls(np.frombuffer(b"".join(entries), dtype=np.uint8), offsets)


def pack_identities(kinds: str | Sequence[str], ids: Sequence[str]) -> Blob:
    """Entry i = `lp(kind of id) ‖ lp(account id)`; `kinds` is one kind for all or one each.

    Raises ValueError if there are not as many kinds as ids. Whether an id is allowed is decided at the door, not here.
    """
    if isinstance(kinds, str):
        kinds = [kinds] * len(ids)
    if len(kinds) != len(ids):
        raise ValueError(f"{len(kinds)} kinds for {len(ids)} ids")
    kind_parts = {kind: lp(kind) for kind in set(kinds)}
    length_parts = [length.to_bytes(4, "big") for length in range(257)]
    encoded = [identity.encode() for identity in ids]
    if any(len(part) >= len(length_parts) for part in encoded):
        raise ValueError("an account id has at most 256 bytes")
    return Blob.pack(
        [kind_parts[kind] + length_parts[len(part)] + part for kind, part in zip(kinds, encoded, strict=True)]
    )


def join_identities(kinds: Sequence[str], kind: npt.NDArray[np.uint8], ids: bytes, id_offsets: U64) -> Blob:
    """As `pack_identities` for ids that lie end to end: id i is `ids[id_offsets[i]:id_offsets[i + 1]]`, of kind
    `kinds[kind[i]]` (u8[m]).

    Raises ValueError if the columns do not fit.
    """
    plain = Blob(np.frombuffer(ids, dtype=np.uint8), id_offsets)
    if kind.shape != (plain.count,) or (plain.count and int(kind.max()) >= len(kinds)):
        raise ValueError("there must be one kind of id for each id")
    id_sizes = (id_offsets[1:] - id_offsets[:-1]).astype(np.int64)
    heads = [np.frombuffer(lp(name) + bytes(4), dtype=np.uint8) for name in kinds]
    head_sizes = np.array([head.size for head in heads], dtype=np.int64)[kind]
    offsets = np.concatenate([[0], np.cumsum(head_sizes + id_sizes)])
    data = np.empty(int(offsets[-1]), dtype=np.uint8)
    inside = np.repeat(np.cumsum(head_sizes), id_sizes)  # Each id byte moves behind all heads up to its own.
    inside += np.arange(plain.data.size)
    data[inside] = plain.data
    lengths = id_sizes.astype(">u4").view(np.uint8).reshape(-1, 4)
    for number, head in enumerate(heads):
        rows = np.flatnonzero(kind == number)
        starts = offsets[rows][:, None]
        data[starts + np.arange(head.size - 4)] = head[:-4]
        data[starts + np.arange(head.size - 4, head.size)] = lengths[rows]
    return Blob(data, offsets.astype(np.uint64))


def with_lengths(blob: Blob) -> Blob:
    """Entry i = `lp(entry i)`."""
    sizes = (blob.offsets[1:] - blob.offsets[:-1]).astype(np.int64)
    offsets = np.concatenate([[0], np.cumsum(sizes + 4)])
    data = np.empty(int(offsets[-1]), dtype=np.uint8)
    if blob.count and bool((sizes == sizes[0]).all()):  # ids that the exchange drew are all of one width
        width = int(sizes[0])
        rows = data.reshape(blob.count, width + 4)
        rows[:, :4], rows[:, 4:] = (
            np.frombuffer(width.to_bytes(4, "big"), np.uint8),
            blob.data.reshape(blob.count, width),
        )
        return Blob(data, offsets.astype(np.uint64))
    inside = np.repeat(4 * np.arange(1, blob.count + 1), sizes)  # Each byte moves behind all lengths up to its own.
    inside += np.arange(blob.data.size)
    data[inside] = blob.data
    data[offsets[:-1, None] + np.arange(4)] = sizes.astype(">u4").view(np.uint8).reshape(-1, 4)
    return Blob(data, offsets.astype(np.uint64))


def pack_names(names: Iterable[Sequence[str]]) -> Blob:
    """Entry i = the `lp` of each part in turn: `(entity, asset)` for trees, `(subaccount,)` for lines."""
    return Blob.pack([b"".join(lp(part) for part in parts) for parts in names])


def pack_amounts(amounts: Sequence[tuple[int, int]]) -> Bytes2D:
    """(claim, debt) pairs as u8[n, 32]. Raises AmountOverflow over 2^128-1 and ValueError below 0."""
    if any(value < 0 for pair in amounts for value in pair):
        raise ValueError("an amount is never negative")
    if any(value > AMOUNT_MAX for pair in amounts for value in pair):
        raise AmountOverflow("an amount")
    packed = b"".join(claim.to_bytes(16, "big") + debt.to_bytes(16, "big") for claim, debt in amounts)
    return np.frombuffer(packed, dtype=np.uint8).reshape(-1, 32).copy()


def unpack_amount(row: bytes) -> tuple[int, int]:
    """(claim, debt) of the last 32 bytes of a leaf, a node or an amount row."""
    assert len(row) in (32, 64)
    return int.from_bytes(row[-32:-16], "big"), int.from_bytes(row[-16:], "big")


def table(rows: int, width: int) -> Bytes2D:
    """An empty u8[rows, width] that starts on a cache line, so that a node of 64 bytes never lies across two."""
    room = np.empty(rows * width + CACHE_LINE_BYTES - 1, dtype=np.uint8)
    skip = -room.ctypes.data % CACHE_LINE_BYTES
    return room[skip : skip + rows * width].reshape(rows, width)


def level_counts(count: int) -> list[int]:
    """Number of nodes in each level from the leaves to the top: ceil(count / 2^k). Empty for no leaves."""
    counts = [count] if count else []
    while counts and counts[-1] > 1:
        counts.append((counts[-1] + 1) // 2)
    return counts


class Levels:
    """All nodes of one tree: the leaf level as it was given, and one buffer that holds every level above it.

    `width` is 64 (sum tree) or 32 (account tree). Room for more leaves is made by `grow`, by a quarter at a time, so
    that appending costs amortised constant time. The kernels fill the nodes; this class knows only the shape.
    """

    def __init__(self, leaves: Bytes2D) -> None:
        if leaves.ndim != 2 or leaves.shape[1] not in (SUM_NODE_BYTES, ACCOUNT_NODE_BYTES):
            raise ValueError(f"leaves have shape {leaves.shape}, expected (n, 64) or (n, 32)")
        require_bytes(leaves, None, leaves.shape[1], "leaves")
        self.width: int = leaves.shape[1]
        self.count: int = leaves.shape[0]
        self._allocate(leaves)

    def __getstate__(self) -> tuple[int, Bytes2D, Bytes2D]:
        return self.count, self.leaves, self.upper

    def __setstate__(self, state: tuple[int, Bytes2D, Bytes2D]) -> None:
        self.count, leaves, upper = state
        self.width = leaves.shape[1]
        self._allocate(leaves)
        self.upper[:] = upper

    @classmethod
    def stored(cls, count: int, leaves: Bytes2D, upper: Bytes2D) -> Levels:
        """The levels whose `leaves` and `upper` were kept, without a copy; the first `count` leaves are in use.

        Raises ValueError if the arrays do not belong together.
        """
        levels = cls.__new__(cls)
        levels.count, levels.width = count, leaves.shape[1]
        require_bytes(leaves, None, levels.width, "leaves")
        require_bytes(upper, sum(level_counts(leaves.shape[0])[1:]), levels.width, "upper levels")
        if count > leaves.shape[0]:
            raise ValueError(f"{count} leaves in room for {leaves.shape[0]}")
        levels._allocate(leaves, upper)
        return levels

    def make_room(self, leaves: int) -> None:
        """Make room for this many leaves more, so that appending them moves nothing."""
        if self.count + leaves > self.capacity:
            self._move(self.count + leaves)

    def _allocate(self, leaves: Bytes2D, upper: Bytes2D | None = None) -> None:
        """Lay out levels above `leaves`, whose number of rows is the new capacity: empty, or those of `upper`."""
        self.leaves = leaves
        sizes = level_counts(leaves.shape[0])[1:]
        self.upper: Bytes2D = table(sum(sizes), self.width) if upper is None else upper
        starts = np.concatenate([[0], np.cumsum(sizes, dtype=np.int64)]).tolist()
        self._stored: list[Bytes2D] = [leaves]
        self._stored += [self.upper[a:b] for a, b in pairwise(starts)]
        self._flat = [memoryview(level.reshape(-1).data) for level in self._stored]

    @property
    def capacity(self) -> int:
        """Number of leaves that fit before the next `grow`."""
        return len(self.leaves)

    @property
    def height(self) -> int:
        """Number of levels, leaves included; 0 for the empty tree."""
        return len(level_counts(self.count))

    def level(self, k: int) -> Bytes2D:
        """The nodes of level k (0 is the leaves) as a view, u8[ceil(count / 2^k), width]."""
        counts = level_counts(self.count)
        if not 0 <= k < max(len(counts), 1):
            raise IndexError(f"level {k} of a tree with {len(counts)} levels")
        return self._stored[k][: counts[k]] if counts else self.leaves[:0]

    @property
    def top(self) -> bytes:
        """The top node; zeros for the empty tree (docs/spec/trees.md sections 4 and 5)."""
        return self.level(self.height - 1)[0].tobytes() if self.count else bytes(self.width)

    def path(self, slot: int) -> bytes:
        """The inclusion path of a slot: sibling nodes from level 0 upwards (docs/spec/trees.md section 3).

        Raises IndexError outside 0 to count-1.
        """
        if not 0 <= slot < self.count:
            raise IndexError(f"slot {slot} of a tree with {self.count} leaves")
        siblings, index, nodes, width = [], slot, self.count, self.width
        for level in self._flat:
            sibling = index ^ 1
            if sibling < nodes:
                siblings.append(level[sibling * width : (sibling + 1) * width])
            index, nodes = index >> 1, (nodes + 1) >> 1
            if nodes == 1:
                break
        return b"".join(siblings) if self.count > 1 else b""

    def grow(self, count: int) -> None:
        """Make the tree `count` leaves long; leaves and nodes that are new are left for the kernel to fill."""
        assert count >= self.count, "a tree never loses a leaf"
        if count > self.capacity:
            self._move(max(count, self.capacity + self.capacity // 4))
        self.count = count

    def _move(self, capacity: int) -> None:
        """Lay the levels out anew with room for `capacity` leaves."""
        old, old_counts = self._stored, level_counts(self.count)
        self._allocate(table(capacity, self.width))
        for source, target, nodes in zip(old, self._stored, old_counts, strict=False):
            target[:nodes] = source[:nodes]
