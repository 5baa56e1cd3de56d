"""What only the exchange knows of an hour: keys, salts and leaf orders (docs/spec/trees.md section 7).

Cost: AES-256-CTR gives over 3 GB/s, so 32-byte salts for 6 million leaves take 60 ms; sorting the order keys of twenty
trees of 300,000 takes 160 ms, of one tree of 6 million 400 ms (NumPy's AVX-512 sort; three times that without).
"""

from __future__ import annotations

import hashlib
import hmac
from typing import Final

import numpy as np
import numpy.typing as npt
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from ledger.canonical import Tag, lp
from por.liabilities.kernels.arrays import U64, Bytes2D, table

__all__ = ["hour_key", "order", "order_stream_key", "salt_stream_key", "salts", "salts_at", "stream_key"]

KEY_BYTES: Final = 32
ZEROS: Final = bytes(1 << 20)


def hour_key(master: bytes, snapshot_id: str) -> bytes:
    """The key of one snapshot, 32 bytes. `master` has 32 bytes and never leaves the exchange; else ValueError."""
    if len(master) != KEY_BYTES:
        raise ValueError("the master key has 32 bytes")
    return hmac.digest(master, lp(b"hour") + lp(snapshot_id) + bytes([Tag.HOUR_KEY]), hashlib.sha256)


def stream_key(hour: bytes, use: str, entity: str = "", asset: str = "") -> bytes:
    """The key of one stream, 32 bytes; entity and asset are empty for the account tree."""
    assert len(hour) == KEY_BYTES
    return hmac.digest(hour, lp(use) + lp(entity) + lp(asset) + bytes([Tag.STREAM_KEY]), hashlib.sha256)


def salt_stream_key(hour: bytes, entity: str = "", asset: str = "") -> bytes:
    """Stream key of the use `salt`."""
    return stream_key(hour, "salt", entity, asset)


def order_stream_key(hour: bytes, entity: str = "", asset: str = "") -> bytes:
    """Stream key of the use `order`."""
    return stream_key(hour, "order", entity, asset)


def stream(key: bytes, size: int, first_block: int = 0) -> npt.NDArray[np.uint8]:
    """Bytes of a stream from a 16-byte block on: AES-256-CTR of zeros, first counter block zero."""
    assert len(key) == KEY_BYTES
    encryptor = Cipher(algorithms.AES256(key), modes.CTR(first_block.to_bytes(16, "big"))).encryptor()
    out = table(size, 1).reshape(size)
    view = out.data
    for first in range(0, size, len(ZEROS)):
        piece = min(len(ZEROS), size - first)
        encryptor.update_into(ZEROS[:piece], view[first : first + piece])
    return out


def salts(key: bytes, count: int, first: int = 0) -> Bytes2D:
    """u8[count, 32]: the salts of the slots from `first` on."""
    return stream(key, 32 * count, 2 * first).reshape(count, 32)


def salts_at(key: bytes, slots: U64) -> Bytes2D:
    """u8[n, 32]: the salts of single slots, in any order. One call of the cipher for all."""
    blocks = np.zeros((slots.size, 2, 2), dtype=">u8")  # slot, half of the salt, half of the counter
    blocks[:, 0, 1] = slots * np.uint64(2)
    blocks[:, 1, 1] = slots * np.uint64(2) + np.uint64(1)
    # The counters are all different and no message, so the electronic code book gives exactly the stream's blocks.
    encryptor = Cipher(algorithms.AES256(key), modes.ECB()).encryptor()
    made = encryptor.update(blocks.tobytes())
    return np.frombuffer(made, dtype=np.uint8).reshape(-1, 32)


def order(key: bytes, count: int) -> U64:
    """u64[count]: the slot of each row. The row with the smallest key gets slot 0; of equal keys the earlier row."""
    keys = stream(key, 8 * count).view("<u8").astype(np.uint64, copy=False)
    ranked = np.argsort(keys)
    ordered = keys[ranked]
    if np.any(ordered[1:] == ordered[:-1]):  # About once in 2^64 / count^2 times; the fast sort is not stable.
        ranked = np.argsort(keys, kind="stable")
    slots = np.empty(count, dtype=np.uint64)
    slots[ranked] = np.arange(count, dtype=np.uint64)
    return slots
