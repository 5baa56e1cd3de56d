"""Block headers: from RLP or JSON-RPC fields to the block hash, for every fork from Frontier (15 fields) to Osaka (21).

A header is a flat RLP list. Later forks only append, so the number of fields names the fork, and a header never skips
one. Fields after the 21st belong to forks that this version does not know: they are kept as they are, since the hash
binds them and the verifier needs only number, timestamp, parent and state root, whose places never changed.

Source: yellow paper 4.4; EIP-1559 (base fee), 4895 (withdrawals), 4844 (blob gas), 4788 (beacon root), 7685 (requests).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from ledger.errors import FormatError
from por.reserves.evm import rlp
from por.reserves.evm.errors import RlpError
from por.reserves.evm.hexes import from_hex, keccak256, parse_quantity

__all__ = ["FIELDS", "Header", "decode_header", "header_from_rpc"]

# JSON-RPC name, and length in bytes: an int for fixed byte strings, None for any byte string, "uint" for an integer.
FIELDS: tuple[tuple[str, int | str | None], ...] = (
    ("parentHash", 32),
    ("sha3Uncles", 32),
    ("miner", 20),
    ("stateRoot", 32),
    ("transactionsRoot", 32),
    ("receiptsRoot", 32),
    ("logsBloom", 256),
    ("difficulty", "uint"),
    ("number", "uint"),
    ("gasLimit", "uint"),
    ("gasUsed", "uint"),
    ("timestamp", "uint"),
    ("extraData", None),
    ("mixHash", 32),
    ("nonce", 8),
    ("baseFeePerGas", "uint"),  # London: 16 fields
    ("withdrawalsRoot", 32),  # Shanghai: 17
    ("blobGasUsed", "uint"),
    ("excessBlobGas", "uint"),
    ("parentBeaconBlockRoot", 32),  # Cancun: 20
    ("requestsHash", 32),  # Prague and Osaka: 21
)
_FORK_LENGTHS = (15, 16, 17, 20, 21)
_FIELDS_MAX = 32
_HEADER_BYTES_MAX = 1 << 14


@dataclass(frozen=True, slots=True)
class Header:
    """One block header; `encoded` is its RLP and everything else is read from it. `timestamp` in Unix seconds."""

    encoded: bytes
    hash: bytes
    parent_hash: bytes
    state_root: bytes
    number: int
    timestamp: int


def decode_header(encoded: bytes) -> Header:
    """Read a header's RLP, check the form of every known field, and compute its hash. Raises RlpError."""
    fields = rlp.decode_flat(encoded, max_bytes=_HEADER_BYTES_MAX)
    if len(fields) not in _FORK_LENGTHS and not len(FIELDS) < len(fields) <= _FIELDS_MAX:
        raise RlpError(f"no fork has a header of {len(fields)} fields")
    known: dict[str, bytes] = {}
    for (name, kind), value in zip(FIELDS, fields, strict=False):
        if kind == "uint":
            rlp.decode_integer(value)
        elif kind is not None and len(value) != kind:
            raise RlpError(f"header field {name} is {len(value)} bytes long and must be {kind}")
        known[name] = value
    return Header(
        encoded=encoded,
        hash=keccak256(encoded),
        parent_hash=known["parentHash"],
        state_root=known["stateRoot"],
        number=rlp.decode_integer(known["number"], 52),
        timestamp=rlp.decode_integer(known["timestamp"], 52),
    )


def header_from_rpc(block: Mapping[str, object]) -> Header:
    """Build a header from the fields of `eth_getBlockBy…`, taking nothing from its `hash`. Raises FormatError.

    The caller compares the computed hash with the stated one: a difference means that the endpoint lies, or that the
    chain's headers have fields of their own.
    """
    fields: list[bytes] = []
    missing: str | None = None
    for name, kind in FIELDS:
        raw = block.get(name)
        if raw is None:
            missing = missing or name
            continue
        if missing is not None:
            raise FormatError(f"the block has {name} and lacks {missing}, which no fork does")
        if kind == "uint":
            fields.append(rlp.encode_integer(parse_quantity(raw, name)))
        else:
            assert not isinstance(kind, str)
            fields.append(from_hex(raw, kind, name))
    return decode_header(rlp.encode(fields))
