"""The one written form of bytes, quantities and addresses; everything that enters the verifier passes through here.

Bytes are "0x" and lower-case hexadecimal, two digits a byte. A JSON-RPC quantity is "0x" and the number without
leading zeros. An amount in evidence is a decimal string without sign, leading zeros or separators.
"""

from __future__ import annotations

import re

from eth_hash.auto import keccak

from ledger.errors import FormatError

__all__ = [
    "checksum_address",
    "from_hex",
    "keccak256",
    "parse_address",
    "parse_caip2",
    "parse_decimal",
    "parse_quantity",
    "to_hex",
]

_BYTES = re.compile(r"0x(?:[0-9a-f]{2})*\Z")
_QUANTITY = re.compile(r"0x(?:0|[1-9a-f][0-9a-f]*)\Z")
_DECIMAL = re.compile(r"(?:0|[1-9][0-9]{0,77})\Z")  # 2**256 has 78 digits
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_CAIP2 = re.compile(r"eip155:([1-9][0-9]{0,15})\Z")


def keccak256(data: bytes) -> bytes:
    """Keccak-256 as Ethereum uses it (not NIST SHA3-256)."""
    return keccak(data)


def to_hex(data: bytes) -> str:
    """Bytes in their one written form."""
    return "0x" + data.hex()


def from_hex(text: object, length: int | None, what: str) -> bytes:
    """Read bytes in their one written form; `length` in bytes, None for any. Raises FormatError."""
    if not isinstance(text, str) or not _BYTES.match(text):
        raise FormatError(f"{what} is not 0x and lower-case hexadecimal")
    data = bytes.fromhex(text[2:])
    if length is not None and len(data) != length:
        raise FormatError(f"{what} is {len(data)} bytes long and must be {length}")
    return data


def parse_quantity(text: object, what: str) -> int:
    """Read a JSON-RPC quantity: no leading zeros, "0x0" for nought. Raises FormatError."""
    if not isinstance(text, str) or not _QUANTITY.match(text):
        raise FormatError(f"{what} is not a canonical hexadecimal quantity")
    return int(text, 16)


def parse_decimal(text: object, what: str) -> int:
    """Read an amount: a decimal string, below 2**256. Raises FormatError."""
    if not isinstance(text, str) or not _DECIMAL.match(text):
        raise FormatError(f"{what} is not a canonical decimal number")
    number = int(text)
    if number >= 2**256:
        raise FormatError(f"{what} does not fit 256 bits")
    return number


def checksum_address(address: bytes) -> str:
    """The mixed-case form of EIP-55."""
    assert len(address) == 20
    digits = address.hex()
    digest = keccak256(digits.encode()).hex()
    return "0x" + "".join(c.upper() if int(d, 16) >= 8 else c for c, d in zip(digits, digest, strict=False))


def parse_address(text: object, what: str) -> bytes:
    """Read an address in EIP-55 or all-lower-case form; a wrong checksum is a typing error and refused."""
    if not isinstance(text, str) or not _ADDRESS.match(text):
        raise FormatError(f"{what} is not an address of 0x and 40 hexadecimal digits")
    address = bytes.fromhex(text[2:])
    if text not in (to_hex(address), checksum_address(address)):
        raise FormatError(f"{what} has a wrong EIP-55 checksum; {checksum_address(address)} would be right")
    return address


def parse_caip2(text: object, what: str) -> int:
    """Read a CAIP-2 chain name "eip155:1" and give the chain id. Raises FormatError."""
    found = _CAIP2.match(text) if isinstance(text, str) else None
    if found is None:
        raise FormatError(f'{what} is not a chain of the form "eip155:1"')
    chain_id = int(found[1])
    if chain_id >= 2**53:
        raise FormatError(f"{what} has a chain id beyond 2**53")
    return chain_id
