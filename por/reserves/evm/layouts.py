"""Where each token keeps a holder's balance: a table that the reader trusts because it comes with the verifier.

A storage proof shows that a word stands in a contract's storage. That the word is *this holder's balance* is
knowledge about the contract, and the exchange must not supply it: an allowance can be shown at another slot in the
same way. So layouts come from `layouts.toml` beside this module or from a file of the reader's own in the same form.

A layout names chain, contract, asset and decimals, and then either
- `base_slot` (of the balances mapping; decimal or 0x string) and `order`: "solidity" hashes key then slot, "vyper"
  slot then key; or `namespace` (ERC-7201) and `order`, with `base_slot` as the offset in the namespace, "0" if absent;
- or `order = "call"`: the reader knows the contract, and knows that its balances are computed and stand in no slot.
`shift` and `bits` cut the balance out of a packed word. `code_hash` pins the contract's code, and
`implementation_slot` with `implementation_code_hash` that of the contract it delegates to; without them the code is
not checked, and each row says so. `wraps` names the asset that the token stands for.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path

from ledger.errors import FormatError, InputErrors, InputProblem
from por.reserves.evm.hexes import from_hex, keccak256, parse_address, parse_caip2

__all__ = ["Layout", "LayoutTable", "erc7201_slot", "read_layouts", "shipped_layouts"]

_FORMAT = "tallystick/evm-layouts/1"
_REQUIRED = frozenset({"chain", "contract", "asset", "decimals", "order"})
_OPTIONAL = frozenset(
    {
        "base_slot",
        "bits",
        "code_hash",
        "implementation_code_hash",
        "implementation_slot",
        "namespace",
        "note",
        "shift",
        "wraps",
    }
)
_NATIVE_KEYS = frozenset({"chain", "asset", "decimals"})
_ORDERS = ("solidity", "vyper", "call")


@dataclass(frozen=True, slots=True)
class Layout:
    """One token's storage layout; `base_slot` is the mapping's absolute slot, namespace included."""

    chain: str
    contract: bytes
    asset: str
    decimals: int
    order: str
    base_slot: int = 0
    shift: int = 0
    bits: int = 256
    code_hash: bytes | None = None
    implementation_slot: int | None = None
    implementation_code_hash: bytes | None = None
    wraps: str | None = None

    def storage_key(self, holder: bytes) -> bytes:
        """The 32-byte slot that holds `holder`'s balance (20 bytes)."""
        assert len(holder) == 20 and self.order in ("solidity", "vyper")
        key, slot = holder.rjust(32, b"\0"), self.base_slot.to_bytes(32, "big")
        return keccak256(key + slot if self.order == "solidity" else slot + key)

    def balance_of(self, word: int) -> int:
        """Cut the balance, in the token's smallest unit, out of a storage word."""
        return (word >> self.shift) & ((1 << self.bits) - 1)


@dataclass(frozen=True, slots=True)
class LayoutTable:
    """All layouts a reader trusts, by chain and contract, and each chain's native coin with its decimals."""

    tokens: Mapping[tuple[str, bytes], Layout] = field(default_factory=dict)
    natives: Mapping[str, tuple[str, int]] = field(default_factory=dict)

    def find(self, chain: str, contract: bytes) -> Layout | None:
        """The layout of a contract, or None where the reader knows none."""
        return self.tokens.get((chain, contract))

    def extended_by(self, other: LayoutTable) -> LayoutTable:
        """This table with the reader's own entries added; theirs replace ours."""
        return LayoutTable({**self.tokens, **other.tokens}, {**self.natives, **other.natives})

    @classmethod
    def of(cls, layouts: Iterable[Layout], natives: Mapping[str, tuple[str, int]] | None = None) -> LayoutTable:
        """A table of the given layouts."""
        return cls({(layout.chain, layout.contract): layout for layout in layouts}, dict(natives or {}))


def erc7201_slot(namespace: str) -> int:
    """The base slot of an ERC-7201 namespace."""
    inner = int.from_bytes(keccak256(namespace.encode()), "big") - 1
    return int.from_bytes(keccak256(inner.to_bytes(32, "big")), "big") & ~0xFF


def shipped_layouts() -> LayoutTable:
    """The table that comes with the verifier."""
    text = files("por.reserves.evm").joinpath("layouts.toml").read_text(encoding="utf-8")
    return _read(text, "layouts.toml")


def read_layouts(path: Path) -> LayoutTable:
    """The table in a file of the reader's own. Raises InputErrors with every problem in it."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        problem = InputProblem(str(path), f"cannot be read: {error}", "Give a UTF-8 TOML file of layouts")
        raise InputErrors([problem]) from error
    return _read(text, str(path))


def _read(text: str, name: str) -> LayoutTable:
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputErrors([InputProblem(name, f"is not TOML: {error}", "Correct the syntax there")]) from error
    problems: list[InputProblem] = []
    if document.get("format") != _FORMAT:
        problems.append(InputProblem(name, "has another format or none", f'Begin it with format = "{_FORMAT}"'))
    for key in sorted(document.keys() - {"format", "layout", "native"}):
        problems.append(InputProblem(name, f"has an unknown section {key}", "Remove it"))
    layouts: dict[tuple[str, bytes], Layout] = {}
    natives: dict[str, tuple[str, int]] = {}
    for entry, table in enumerate(_tables(document, "layout"), start=1):
        try:
            layout = _layout(table)
            if (layout.chain, layout.contract) in layouts:
                raise FormatError("the contract has a layout already")
            layouts[layout.chain, layout.contract] = layout
        except FormatError as error:
            problems.append(InputProblem(name, f"layout {entry}: {error}", "Correct this entry"))
    for entry, table in enumerate(_tables(document, "native"), start=1):
        try:
            chain, coin = _native(table)
            if chain in natives:
                raise FormatError("the chain has a native coin already")
            natives[chain] = coin
        except FormatError as error:
            problems.append(InputProblem(name, f"native {entry}: {error}", "Correct this entry"))
    if problems:
        raise InputErrors(problems)
    return LayoutTable(layouts, natives)


def _tables(document: Mapping[str, object], key: str) -> list[Mapping[str, object]]:
    tables = document.get(key, [])
    return [table for table in tables if isinstance(table, dict)] if isinstance(tables, list) else []


def _layout(table: Mapping[str, object]) -> Layout:
    _check_keys(table, _REQUIRED, _OPTIONAL)
    parse_caip2(table["chain"], "chain")
    order = table["order"]
    if order not in _ORDERS:
        raise FormatError(f"order must be one of {', '.join(_ORDERS)}")
    if order != "call" and "namespace" not in table and "base_slot" not in table:
        raise FormatError("base_slot or namespace is needed to compute a storage key")
    if ("implementation_slot" in table) != ("implementation_code_hash" in table):
        raise FormatError("implementation_slot and implementation_code_hash stand together or not at all")
    base_slot = _slot(table.get("base_slot", "0"), "base_slot")
    if "namespace" in table:
        base_slot = (erc7201_slot(_text(table["namespace"], "namespace")) + base_slot) % 2**256
    shift, bits = _small(table.get("shift", 0), "shift", 255), _small(table.get("bits", 256), "bits", 256)
    if bits == 0 or shift + bits > 256:
        raise FormatError("shift and bits must lie inside a word of 256 bits")
    implementation = table.get("implementation_slot")
    return Layout(
        chain=_text(table["chain"], "chain"),
        contract=parse_address(table["contract"], "contract"),
        asset=_text(table["asset"], "asset"),
        decimals=_small(table["decimals"], "decimals", 77),
        order=_text(order, "order"),
        base_slot=base_slot,
        shift=shift,
        bits=bits,
        code_hash=_hash(table.get("code_hash"), "code_hash"),
        implementation_slot=None if implementation is None else _slot(implementation, "implementation_slot"),
        implementation_code_hash=_hash(table.get("implementation_code_hash"), "implementation_code_hash"),
        wraps=None if table.get("wraps") is None else _text(table["wraps"], "wraps"),
    )


def _native(table: Mapping[str, object]) -> tuple[str, tuple[str, int]]:
    _check_keys(table, _NATIVE_KEYS, frozenset())
    parse_caip2(table["chain"], "chain")
    coin = (_text(table["asset"], "asset"), _small(table["decimals"], "decimals", 77))
    return _text(table["chain"], "chain"), coin


def _check_keys(table: Mapping[str, object], required: frozenset[str], optional: frozenset[str]) -> None:
    missing, unknown = required - table.keys(), table.keys() - required - optional
    if missing:
        raise FormatError(f"lacks {', '.join(sorted(missing))}")
    if unknown:
        raise FormatError(f"has unknown {', '.join(sorted(unknown))}")


def _text(value: object, what: str) -> str:
    if not isinstance(value, str) or not value or not value.isascii() or not value.isprintable():
        raise FormatError(f"{what} must be a line of printable ASCII")
    return value


def _small(value: object, what: str, most: int) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= most:
        raise FormatError(f"{what} must be a whole number from 0 to {most}")
    return value


def _slot(value: object, what: str) -> int:
    if isinstance(value, str) and value.startswith("0x"):
        return int.from_bytes(from_hex(value, 32, what), "big")
    if not isinstance(value, str) or not value.isdecimal() or not value.isascii() or int(value) >= 2**256:
        raise FormatError(f"{what} must be a string: a decimal number, or 0x and 64 digits")
    return int(value)


def _hash(value: object, what: str) -> bytes | None:
    return None if value is None else from_hex(value, 32, what)
