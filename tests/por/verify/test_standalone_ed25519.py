"""The standalone verifier's own Ed25519 against the cryptography package and the rules of encoding.md section 5."""

from __future__ import annotations

import hashlib

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from por.verify import standalone

ORDER, P, E = standalone.L, standalone.P, standalone.ORDER_8_Y
SMALL_ORDER_Y = (0, 1, P - 1, E, P - E)


def encode(y: int, sign: int = 0) -> bytes:
    return (y | sign << 255).to_bytes(32, "little")


def signed(seed: bytes, message: bytes) -> tuple[bytes, bytes]:
    private = Ed25519PrivateKey.from_private_bytes(hashlib.sha256(seed).digest())
    return private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw), private.sign(message)


def library_verify(key: bytes, message: bytes, signature: bytes) -> bool:
    """What the command does: the same rules before, a compiled library for the equation."""
    if not standalone.strict_precheck(key, signature):
        return False
    try:
        Ed25519PublicKey.from_public_bytes(key).verify(signature, message)
    except (InvalidSignature, ValueError):
        return False
    return True


@settings(max_examples=40)
@given(seed=st.binary(max_size=4), message=st.binary(max_size=200))
def test_honest_signatures_pass_in_both(seed: bytes, message: bytes) -> None:
    key, signature = signed(seed, message)
    assert standalone.ed25519_verify(key, message, signature)
    assert library_verify(key, message, signature)


@settings(max_examples=80)
@given(seed=st.binary(max_size=2), bit=st.integers(0, 8 * 128 - 1))
def test_one_flipped_bit_anywhere_gives_one_answer_and_it_is_no(seed: bytes, bit: int) -> None:
    key, signature = signed(seed, bytes(32))
    whole = bytearray(key + signature + bytes(32))
    whole[bit // 8] ^= 1 << bit % 8
    parts = bytes(whole[:32]), bytes(whole[96:]), bytes(whole[32:96])
    assert not standalone.ed25519_verify(*parts)
    assert not library_verify(*parts)


@settings(max_examples=60)
@given(key=st.binary(min_size=32, max_size=32), signature=st.binary(min_size=64, max_size=64))
def test_random_bytes_never_pass_and_never_crash(key: bytes, signature: bytes) -> None:
    assert not standalone.ed25519_verify(key, b"", signature)
    assert not library_verify(key, b"", signature)


@pytest.mark.parametrize(
    ("key_hex", "message_hex", "signature_hex"),
    [  # RFC 8032 section 7.1
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00",
        ),
    ],
)
def test_the_vectors_of_the_standard_pass(key_hex: str, message_hex: str, signature_hex: str) -> None:
    parts = bytes.fromhex(key_hex), bytes.fromhex(message_hex), bytes.fromhex(signature_hex)
    assert standalone.ed25519_verify(*parts)


def test_the_small_order_list_is_all_points_of_order_up_to_8() -> None:
    found = set()
    for y in SMALL_ORDER_Y:
        for sign in (0, 1):
            point = standalone._decode_point(encode(y, sign))
            assert point is not None
            found.add(y)
            for _ in range(3):
                point = standalone._double(point)
            x, y8, z, _ = point
            assert x % P == 0
            assert y8 % P == z % P
    assert len(found) == 5


@pytest.mark.parametrize("sign", [0, 1])
@pytest.mark.parametrize("y", [*SMALL_ORDER_Y, P, P + 1, 2**255 - 1])
def test_small_order_and_unreduced_points_are_refused_as_key_and_as_r(y: int, sign: int) -> None:
    point = encode(y, sign)
    assert not standalone.is_strict_point(point)
    key, signature = signed(b"any", b"")
    # With S = 0 and R the identity the cofactored equation would hold for each small-order key.
    assert not standalone.ed25519_verify(point, b"", encode(1) + bytes(32))
    assert not standalone.ed25519_verify(key, b"", point + signature[32:])


@pytest.mark.parametrize("y", [2, 3, P - 2, E + 1, E - 1])
def test_neighbours_of_small_order_points_are_not_refused_for_it(y: int) -> None:
    assert standalone.is_strict_point(encode(y))


def test_s_is_below_the_order() -> None:
    key, signature = signed(b"seed", b"message")
    s = int.from_bytes(signature[32:], "little")
    assert s < ORDER
    for raised in (s + ORDER, s + 2 * ORDER):
        assert not standalone.ed25519_verify(key, b"message", signature[:32] + raised.to_bytes(32, "little"))
    for value, good in ((ORDER - 1, True), (ORDER, False), (ORDER + 1, False)):
        forged = signature[:32] + value.to_bytes(32, "little")
        assert standalone.strict_precheck(key, forged) == good


@pytest.mark.parametrize("size", [0, 31, 33, 64])
def test_keys_and_signatures_of_other_sizes_are_refused(size: int) -> None:
    key, signature = signed(b"seed", b"")
    assert not standalone.ed25519_verify((key * 3)[:size], b"", signature)
    assert not standalone.ed25519_verify(key, b"", (signature * 2)[: size + (size == 64)])


def test_the_equation_is_without_cofactor() -> None:
    """A key moved by a point of order 8 passes 8SB = 8R + 8kA and must fail SB = R + kA."""
    seed = hashlib.sha256(b"mixed").digest()
    half = bytearray(hashlib.sha512(seed).digest()[:32])
    half[0] &= 248
    half[31] = half[31] & 127 | 64
    secret = int.from_bytes(half, "little") % ORDER
    torsion = standalone._decode_point(encode(E))
    assert torsion is not None
    key = compressed(standalone._add(multiple(secret), torsion))
    for nonce in range(1, 9):
        r = compressed(multiple(nonce))
        k = int.from_bytes(hashlib.sha512(r + key).digest(), "little") % ORDER
        signature = r + ((nonce + k * secret) % ORDER).to_bytes(32, "little")
        holds = k % 8 == 0  # then [k] of the added point is the identity
        assert standalone.ed25519_verify(key, b"", signature) == library_verify(key, b"", signature) == holds


def multiple(scalar: int) -> standalone.Point:
    total, point = standalone.IDENTITY, standalone.BASE_ODD_MULTIPLES[0]
    while scalar:
        if scalar & 1:
            total = standalone._add(total, point)
        point, scalar = standalone._double(point), scalar >> 1
    return total


def compressed(point: standalone.Point) -> bytes:
    x, y, z, _ = point
    inverse = pow(z, -1, P)
    return encode(y * inverse % P, x * inverse % P & 1)
