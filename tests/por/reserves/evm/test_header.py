"""Headers of real blocks hash to their hashes, and headers out of form are refused."""

from __future__ import annotations

from typing import Any

import pytest

from ledger.errors import FormatError
from por.reserves.evm import rlp
from por.reserves.evm.devnode import start_pyevm
from por.reserves.evm.errors import RlpError
from por.reserves.evm.header import decode_header, header_from_rpc
from por.reserves.evm.hexes import to_hex
from tests.chain.node import anvil


@pytest.mark.parametrize(
    ("hardfork", "fields"),
    [("london", 16), ("paris", 16), ("shanghai", 17), ("cancun", 20), ("prague", 21), ("osaka", 21)],
)
def test_real_blocks_hash_to_their_hashes(hardfork: str, fields: int) -> None:
    with anvil(hardfork=hardfork) as node:
        node.fund(b"\x11" * 20, 10**18)
        node.mine(blocks=2)
        parent = None
        for number in range(1, 4):
            block = node.rpc("eth_getBlockByNumber", hex(number), False)
            header = header_from_rpc(block)
            assert to_hex(header.hash) == block["hash"]
            assert len(rlp.decode_flat(header.encoded)) == fields
            assert decode_header(header.encoded) == header
            assert header.number == number
            assert parent is None or header.parent_hash == parent
            parent = header.hash


def test_blocks_of_the_second_implementation_hash_too() -> None:
    with start_pyevm() as node:
        node.mine(blocks=2)
        for number in range(3):
            block = node.rpc("eth_getBlockByNumber", hex(number), False)
            assert to_hex(header_from_rpc(block).hash) == block["hash"]


def sample() -> list[bytes]:
    """A header of 21 fields, made up."""
    fixed = {6: 256, 2: 20, 14: 8}
    integers = {7: b"", 8: b"\x10", 9: b"\x01", 10: b"", 11: b"\x65", 15: b"\x07", 17: b"", 18: b""}
    return [integers.get(n, bytes(0 if n == 12 else fixed.get(n, 32))) for n in range(21)]


def test_the_sample_is_read() -> None:
    header = decode_header(rlp.encode(sample()))
    assert (header.number, header.timestamp) == (16, 0x65)


@pytest.mark.parametrize("length", [14, 18, 19])
def test_a_number_of_fields_that_no_fork_has_is_refused(length: int) -> None:
    with pytest.raises(RlpError, match="no fork"):
        decode_header(rlp.encode(sample()[:length]))


def test_fields_of_forks_to_come_are_kept_under_the_hash() -> None:
    header = decode_header(rlp.encode([*sample(), b"\x01" * 32, b"\x05"]))
    assert header.number == 16
    with pytest.raises(RlpError):
        decode_header(rlp.encode([*sample(), *[b""] * 12]))


@pytest.mark.parametrize(
    ("field", "value"),
    [(0, bytes(31)), (3, b""), (6, bytes(255)), (8, b"\0"), (11, b"\x01" * 8), (14, bytes(9)), (2, [b""])],
)
def test_a_field_out_of_form_is_refused(field: int, value: Any) -> None:
    fields: list[Any] = list(sample())
    fields[field] = value
    with pytest.raises(RlpError):
        decode_header(rlp.encode(fields))


def test_json_that_skips_a_fork_or_is_loose_is_refused() -> None:
    with start_pyevm() as node:
        block = dict(node.rpc("eth_getBlockByNumber", "0x0", False))
    for changes in ({"withdrawalsRoot": None}, {"number": "0x00"}, {"number": 0}, {"stateRoot": "0x" + "AB" * 32}):
        with pytest.raises(FormatError):
            header_from_rpc(block | changes)
