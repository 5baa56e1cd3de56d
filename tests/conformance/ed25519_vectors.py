"""Emits `ed25519.json`: keys, messages and signatures on both sides of the one strict rule (encoding.md section 5).

Affine arithmetic straight from RFC 8032, slow and shared with no verifier.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import NamedTuple

from tests.conformance.cases import Files, pretty

__all__ = ["emit", "vectors"]

P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, P) % P
E = 2707385501144840649318225287225658788936804267575313519463743609750303402022
LABEL = b"tallystick/attestation/1\0"
RFC_8032 = (
    (
        "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
        "",
        (
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8"
            "821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"
        ),
    ),
    (
        "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
        "72",
        (
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085a"
            "c1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
        ),
    ),
)
Point = tuple[int, int]


class Vector(NamedTuple):
    """One question; `valid` by the rule."""

    name: str
    key: bytes
    message: bytes
    signature: bytes
    valid: bool


def add(one: Point, two: Point) -> Point:
    (x1, y1), (x2, y2) = one, two
    product = D * x1 * x2 * y1 * y2 % P
    x = (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P
    y = (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P
    return x, y


def times(scalar: int, point: Point) -> Point:
    total = (0, 1)
    while scalar:
        if scalar & 1:
            total = add(total, point)
        point, scalar = add(point, point), scalar >> 1
    return total


def x_of(y: int) -> int | None:
    """The even x on the curve at this y, or None."""
    square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
    root = pow(square, (P + 3) // 8, P)
    if root * root % P != square:
        root = root * pow(2, (P - 1) // 4, P) % P
    if root * root % P != square:
        return None
    return root if root % 2 == 0 else P - root


def encoded(y: int, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


def compressed(point: Point) -> bytes:
    return encoded(point[1], point[0] & 1)


BASE_Y = 4 * pow(5, -1, P) % P
BASE: Point = (x_of(BASE_Y) or 0, BASE_Y)
ORDER_8: Point = (x_of(E) or 0, E)


def message(name: str) -> bytes:
    return LABEL + hashlib.sha256(name.encode()).digest()


def challenge(r: bytes, key: bytes, text: bytes) -> int:
    return int.from_bytes(hashlib.sha512(r + key + text).digest(), "little") % L


def signed(key: bytes, secret: int, nonce: int, text: bytes, r: bytes | None = None) -> bytes:
    """R and S such that [S]B = [nonce]B + [k secret]B, whatever R and the key are said to be."""
    r = compressed(times(nonce, BASE)) if r is None else r
    return r + ((nonce + challenge(r, key, text) * secret) % L).to_bytes(32, "little")


def vectors() -> list[Vector]:
    """Every vector; the secrets are small numbers, for tests only."""
    found = [
        Vector(f"RFC 8032 test {number}", *map(bytes.fromhex, parts), True)
        for number, parts in enumerate(RFC_8032, start=1)
    ]
    found += [*_honest_and_changed(), *_small_order(), *_mixed_order()]
    assert len({vector.name for vector in found}) == len(found)
    return found


def _honest_and_changed() -> Iterator[Vector]:
    secret, text = 12345, message("plain")
    key = compressed(times(secret, BASE))
    good = signed(key, secret, 678, text)
    yield Vector("honest", key, text, good, True)
    yield Vector("another message", key, message("other"), good, False)
    yield Vector("another label", key, text.replace(b"attestation", b"rotation"), good, False)
    yield Vector("the digest without its label", key, text[len(LABEL) :], good, False)
    yield Vector("another key", compressed(times(secret + 1, BASE)), text, good, False)
    yield Vector("the key's sign bit", bytes([*key[:31], key[31] ^ 128]), text, good, False)
    yield Vector("R's sign bit", key, text, bytes([*good[:31], good[31] ^ 128, *good[32:]]), False)
    s = int.from_bytes(good[32:], "little")
    for name, value in (("S + L", s + L), ("S + 2L", s + 2 * L), ("S = L", L), ("S = 2^256-1", 2**256 - 1)):
        yield Vector(name, key, text, good[:32] + value.to_bytes(32, "little"), False)
    at_edge = next(n for n in range(1, 99) if int.from_bytes(signed(key, secret, n, text)[32:], "little") > L // 2)
    yield Vector("S in the upper half of the order", key, text, signed(key, secret, at_edge, text), True)
    for size in (0, 31, 33):
        yield Vector(f"key of {size} bytes", (key + b"\0")[:size], text, good, False)
    for size in (0, 32, 63, 65):
        yield Vector(f"signature of {size} bytes", key, text, (good + b"\0")[:size], False)
    off = next(y for y in range(2, 99) if x_of(y) is None)
    yield Vector("a key that is on no curve", encoded(off), text, good, False)
    yield Vector("an R that is on no curve", key, text, encoded(off) + good[32:], False)


def _small_order() -> Iterator[Vector]:
    """With a small-order key or R the equation can hold for messages that nobody signed."""
    secret = 777
    key = compressed(times(secret, BASE))
    points = [(f"order-8 multiple {n}", times(n, ORDER_8)) for n in range(8)]
    for name, point in points:
        small = compressed(point)
        for attempt in range(200):
            text = message(f"{name} {attempt}")
            signature = signed(small, 0, 55, text)
            if challenge(signature[:32], small, text) % 8 == 0:
                break
        yield Vector(f"small-order key, {name}", small, text, signature, False)
        text = message(f"R {name}")
        yield Vector(f"small-order R, {name}", key, text, signed(key, secret, 0, text, small), False)
    spellings = {
        "y = p": P,
        "y = p + 1": P + 1,
        "y = p + 1 with sign": (P + 1) | 1 << 255,
        "y = 1 with sign": 1 | 1 << 255,
    }
    for name, number in spellings.items():
        odd, text = number.to_bytes(32, "little"), message(name)
        yield Vector(f"unreduced key, {name}", odd, text, signed(odd, 0, 55, text), False)
        yield Vector(f"unreduced R, {name}", key, text, signed(key, secret, 0, text, odd), False)
    high = next(y for y in range(2, 19) if x_of(y) is not None)
    yield Vector("unreduced key, a full point", encoded(high + P), message("full"), signed(key, 1, 5, b""), False)


def _mixed_order() -> Iterator[Vector]:
    """Points with a part of order 8: with a cofactor all of these hold, without one only where the part vanishes."""
    secret, text = 4242, message("mixed")
    honest, moved = compressed(times(secret, BASE)), compressed(add(times(secret, BASE), ORDER_8))
    r = compressed(add(times(9, BASE), ORDER_8))
    yield Vector(
        "R with a part of order 8: only with cofactor", honest, text, signed(honest, secret, 9, text, r), False
    )
    seen = set()
    for nonce in range(1, 99):
        signature = signed(moved, secret, nonce, text)
        vanishes = challenge(signature[:32], moved, text) % 8 == 0
        if vanishes not in seen:
            seen.add(vanishes)
            word = "which vanishes" if vanishes else "only with cofactor"
            yield Vector(f"key with a part of order 8: {word}", moved, text, signature, vanishes)


def emit() -> Files:
    rows = [
        {
            "key": vector.key.hex(),
            "message": vector.message.hex(),
            "name": vector.name,
            "signature": vector.signature.hex(),
            "valid": vector.valid,
        }
        for vector in vectors()
    ]
    return {"ed25519.json": pretty({"attack": "33: traps of signature schemes", "cases": rows})}
