"""Salts and orders against the definition in docs/spec/trees.md section 7."""

from __future__ import annotations

import hashlib
import hmac

import numpy as np
import pytest
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from por.liabilities import secrets
from por.liabilities.kernels import lp

MASTER = bytes(range(32))
SNAPSHOT = "demo.exchange/2026-11-23T02:00:00Z/0"


def stream(key: bytes, size: int) -> bytes:
    return Cipher(algorithms.AES256(key), modes.CTR(bytes(16))).encryptor().update(bytes(size))


def test_keys_are_those_of_the_specification() -> None:
    hour = hmac.new(MASTER, lp(b"hour") + lp(SNAPSHOT.encode()) + b"\x20", hashlib.sha256).digest()
    assert secrets.hour_key(MASTER, SNAPSHOT) == hour
    salt = hmac.new(hour, lp(b"salt") + lp(b"main") + lp(b"BTC") + b"\x21", hashlib.sha256).digest()
    assert secrets.salt_stream_key(hour, "main", "BTC") == salt
    order = hmac.new(hour, lp(b"order") + bytes(8) + b"\x21", hashlib.sha256).digest()
    assert secrets.order_stream_key(hour) == order
    with pytest.raises(ValueError):
        secrets.hour_key(MASTER[:-1], SNAPSHOT)


@pytest.mark.parametrize("count", [0, 1, 3, 1000, 40_000])
def test_salts_and_order_come_from_one_stream_each(count: int) -> None:
    assert secrets.salts(MASTER, count).tobytes() == stream(MASTER, 32 * count)
    keys = np.frombuffer(stream(MASTER, 8 * count), dtype="<u8").tolist()
    slots = [0] * count
    for slot, row in enumerate(sorted(range(count), key=lambda row: (keys[row], row))):
        slots[row] = slot
    assert secrets.order(MASTER, count).tolist() == slots


def test_rows_with_equal_keys_keep_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    keys = np.array([5, 1, 5, 0, 1, 5] * 50, dtype="<u8")
    monkeypatch.setattr(secrets, "stream", lambda key, size: keys.view(np.uint8)[:size])
    ranked = sorted(range(keys.size), key=lambda row: (int(keys[row]), row))
    assert np.argsort(secrets.order(MASTER, keys.size)).tolist() == ranked
