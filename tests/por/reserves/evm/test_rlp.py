"""RLP: one value, one encoding, and nothing else is read."""

from __future__ import annotations

import contextlib
from typing import Any

import pytest
import rlp as library
from hypothesis import given
from hypothesis import strategies as st

from por.reserves.evm import rlp
from por.reserves.evm.errors import RlpError

ITEMS = st.recursive(st.binary(max_size=70), lambda inner: st.lists(inner, max_size=5), max_leaves=20)


def depth(item: Any) -> int:
    return 0 if isinstance(item, bytes) else 1 + max(map(depth, item), default=0)


@given(ITEMS)
def test_every_item_encodes_as_the_library_does_and_reads_back(item: Any) -> None:
    encoded = rlp.encode(item)
    assert encoded == library.encode(item)
    if depth(item) <= rlp.MAX_DEPTH:
        assert rlp.decode(encoded) == item


@given(st.binary(max_size=80))
def test_whatever_is_read_is_the_one_encoding_of_what_it_gave(data: bytes) -> None:
    try:
        item = rlp.decode(data)
    except RlpError:
        return
    assert rlp.encode(item) == data
    assert library.decode(data, strict=True) == item


@given(ITEMS, st.data())
def test_a_changed_byte_is_refused_or_is_another_item(item: Any, data: st.DataObject) -> None:
    encoded = bytearray(rlp.encode(item))
    position = data.draw(st.integers(0, len(encoded) - 1))
    encoded[position] ^= data.draw(st.integers(1, 255))
    with contextlib.suppress(RlpError):
        assert rlp.decode(bytes(encoded)) != item


@pytest.mark.parametrize(
    "encoded",
    [
        "",  # nothing
        "8101",  # a prefix that a small byte needs none of
        "b800",  # long form for a short length
        "b837" + "00" * 55,  # the longest that the short form takes
        "b90038" + "00" * 56,  # a length with a leading zero
        "83ffff",  # shorter than it says
        "c3820000ff",  # something follows
        "c28200",  # an item beyond its list
        "bb",  # ends inside a length
        "bfffffffffffffffff",  # a length that nobody could hold
        "f800",  # long form for a short list
        "c1" * 12 + "c0",  # lists in lists
    ],
)
def test_loose_forms_are_refused(encoded: str) -> None:
    with pytest.raises(RlpError):
        rlp.decode(bytes.fromhex(encoded))


def test_input_over_the_limit_is_refused_before_it_is_read() -> None:
    with pytest.raises(RlpError, match="longer"):
        rlp.decode(b"\xff" * 11, max_bytes=10)


def test_deep_nesting_stops_at_the_limit() -> None:
    nested: Any = b""
    for _ in range(rlp.MAX_DEPTH):
        nested = [nested]
    assert rlp.decode(rlp.encode(nested)) == nested
    with pytest.raises(RlpError, match="deeply"):
        rlp.decode(rlp.encode([nested]))


def test_an_integer_has_no_leading_zero_and_fits_its_bits() -> None:
    assert rlp.decode_integer(b"") == 0
    assert rlp.decode_integer(rlp.encode_integer(2**64 - 1), 64) == 2**64 - 1
    for data, bits in ((b"\0", 256), (b"\0\1", 256), (rlp.encode_integer(2**64), 64)):
        with pytest.raises(RlpError):
            rlp.decode_integer(data, bits)


def test_a_flat_list_holds_no_list() -> None:
    with pytest.raises(RlpError):
        rlp.decode_flat(rlp.encode([b"a", [b"b"]]))
    with pytest.raises(RlpError):
        rlp.decode_flat(rlp.encode(b"abc"))
