"""The auditor's folder: every leaf and line of one snapshot as flat columns. Format: docs/spec/bundle.md section 1.

Written once by `prove`, read by `audit` and by whoever makes proofs on demand. Reading takes nothing for granted:
sizes, ranges, orders and names are checked here, and what the numbers mean is checked by por.verify.audit.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from ledger.canonical import Json, canonical_file, parse_file
from ledger.errors import CheckFailed, FormatError
from ledger.identity import ID_KINDS
from por.files import plain_size, read_document
from por.liabilities.kernels import lp

__all__ = ["FOLDER", "Columns", "Lines", "TreeColumns", "read_folder", "write_folder"]

FOLDER = "liabilities"
FORMAT = "tallystick/liabilities/1"

Bytes: TypeAlias = NDArray[np.uint8]
Indices: TypeAlias = NDArray[np.uint32]

_LINE = np.dtype([("slot", ">u8"), ("subaccount", ">u4"), ("amounts", "u1", (32,))])
assert _LINE.itemsize == 44


@dataclass(frozen=True, slots=True)
class Lines:
    """Explicit subaccount lines of a tree: `slot` u64[L] not falling, `subaccount` u32[L], `amounts` u8[L,32]."""

    slot: NDArray[np.uint64]
    subaccount: Indices
    amounts: Bytes

    @classmethod
    def none(cls) -> Lines:
        return cls(np.empty(0, np.uint64), np.empty(0, np.uint32), np.empty((0, 32), np.uint8))


@dataclass(frozen=True, slots=True)
class TreeColumns:
    """One tree by slot: `accounts` u32[n] (slots of the account tree), `salts` u8[n,32], `amounts` u8[n,32]."""

    entity: str
    asset: str
    accounts: Indices
    salts: Bytes
    amounts: Bytes
    lines: Lines


@dataclass(frozen=True, slots=True)
class Columns:
    """One snapshot's liabilities. Account n has identity bytes `identities[offsets[n]:offsets[n+1]]` and salt n."""

    snapshot: str
    identities: Bytes
    offsets: NDArray[np.uint64]
    account_salts: Bytes
    subaccounts: tuple[str, ...]
    trees: tuple[TreeColumns, ...]

    @property
    def account_count(self) -> int:
        return len(self.offsets) - 1

    def identity(self, slot: int) -> tuple[str, str]:
        """Kind and id of the account at a slot."""
        data = self.identities[int(self.offsets[slot]) : int(self.offsets[slot + 1])].tobytes()
        size = int.from_bytes(data[:4], "big")
        return data[4 : 4 + size].decode(), data[8 + size :].decode()


def write_folder(folder: Path, columns: Columns) -> None:
    """Write all files of the folder, which must not exist yet."""
    folder.mkdir(mode=0o700)  # ids, salts and balances: for their owner, until they are handed over on purpose
    trees: list[Json] = []
    for number, tree in enumerate(columns.trees):
        stem = f"tree-{number:05d}"
        count = len(tree.accounts)
        assert tree.salts.shape == (count, 32) and tree.amounts.shape == (count, 32)
        tree.accounts.astype(">u4").tofile(folder / f"{stem}-accounts.bin")
        tree.salts.tofile(folder / f"{stem}-salts.bin")
        tree.amounts.tofile(folder / f"{stem}-amounts.bin")
        records = np.empty(len(tree.lines.slot), _LINE)
        records["slot"], records["subaccount"] = tree.lines.slot, tree.lines.subaccount
        records["amounts"] = tree.lines.amounts
        records.tofile(folder / f"{stem}-lines.bin")
        trees.append({"asset": tree.asset, "entity": tree.entity, "leaves": count, "lines": len(records)})
    columns.identities.tofile(folder / "accounts.bin")
    columns.account_salts.tofile(folder / "account-salts.bin")
    index: Json = {
        "accounts": columns.account_count,
        "format": FORMAT,
        "snapshot": columns.snapshot,
        "subaccounts": list(columns.subaccounts),
        "trees": trees,
    }
    (folder / "index.json").write_bytes(canonical_file(index))


def read_folder(folder: Path) -> Columns:
    """Read and check the folder's form; raises FormatError or CheckFailed with the file's name."""
    index = _read_index(folder)
    expected = {"index.json", "accounts.bin", "account-salts.bin"}
    trees = []
    for number, row in enumerate(index["trees"]):
        stem = f"tree-{number:05d}"
        expected |= {f"{stem}-{part}.bin" for part in ("accounts", "salts", "amounts", "lines")}
        trees.append(_read_tree(folder, stem, row, index["accounts"], len(index["subaccounts"])))
    found = {path.name for path in folder.iterdir()}
    if found != expected:
        odd = min(found ^ expected)
        raise CheckFailed(f"{f'{folder.name}/{odd}'!a} is {'not expected' if odd in found else 'missing'}")
    data = _read(folder / "accounts.bin", np.dtype(np.uint8), None)
    if len(data) < 8 * index["accounts"]:  # before anything of that many entries is made
        raise CheckFailed("liabilities/accounts.bin is too short for its records")
    offsets = _identity_offsets(data, index["accounts"])
    salts = _read(folder / "account-salts.bin", np.dtype(np.uint8), 32 * index["accounts"]).reshape(-1, 32)
    return Columns(index["snapshot"], data, offsets, salts, tuple(index["subaccounts"]), tuple(trees))


def _read_index(folder: Path) -> dict[str, Any]:
    try:
        index: Any = parse_file(read_document(folder / "index.json"))
    except OSError:
        raise CheckFailed(f"{folder.name}/index.json is missing") from None
    if not isinstance(index, dict) or set(index) != {"accounts", "format", "snapshot", "subaccounts", "trees"}:
        raise FormatError("liabilities/index.json has other keys")
    if index["format"] != FORMAT:
        raise FormatError("liabilities/index.json is of another format")
    names = index["subaccounts"]
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        raise FormatError("liabilities/index.json: subaccounts are texts")
    encoded = [name.encode() for name in names]
    if sorted(set(encoded)) != encoded:
        raise FormatError("liabilities/index.json: subaccounts do not rise strictly")
    _check_count(index["accounts"])
    rows = index["trees"]
    if not isinstance(rows, list):
        raise FormatError("liabilities/index.json: trees are a list")
    for row in rows:
        if not isinstance(row, dict) or set(row) != {"asset", "entity", "leaves", "lines"}:
            raise FormatError("liabilities/index.json: a tree has other keys")
        _check_count(row["leaves"])
        _check_count(row["lines"])
    return index


def _check_count(count: Any) -> None:
    if not isinstance(count, int) or isinstance(count, bool) or count >= 2**32:
        raise FormatError("liabilities/index.json: a count is an integer below 2^32")


def _read(path: Path, dtype: np.dtype[Any], count: int | None) -> NDArray[Any]:
    try:
        size = plain_size(path)
        if count is not None and size != count * dtype.itemsize:
            raise CheckFailed(f"liabilities/{path.name} has {size} bytes instead of {count * dtype.itemsize}")
        return np.fromfile(path, dtype)
    except OSError:
        raise CheckFailed(f"liabilities/{path.name} is missing or cannot be read") from None


def _read_tree(folder: Path, stem: str, row: dict[str, Any], accounts: int, subaccounts: int) -> TreeColumns:
    count = row["leaves"]
    owners = _read(folder / f"{stem}-accounts.bin", np.dtype(">u4"), count).astype(np.uint32)
    if count and int(owners.max()) >= accounts:
        raise CheckFailed(f"liabilities/{stem}-accounts.bin names an account that is not there")
    salts = _read(folder / f"{stem}-salts.bin", np.dtype(np.uint8), 32 * count).reshape(-1, 32)
    amounts = _read(folder / f"{stem}-amounts.bin", np.dtype(np.uint8), 32 * count).reshape(-1, 32)
    records = _read(folder / f"{stem}-lines.bin", _LINE, row["lines"])
    lines = Lines(
        records["slot"].astype(np.uint64),
        records["subaccount"].astype(np.uint32),
        np.ascontiguousarray(records["amounts"]).reshape(-1, 32),
    )
    _check_lines(stem, lines, count, subaccounts)
    return TreeColumns(row["entity"], row["asset"], owners, salts, amounts, lines)


def _check_lines(stem: str, lines: Lines, count: int, subaccounts: int) -> None:
    if not len(lines.slot):
        return
    if int(lines.slot.max()) >= count or int(lines.subaccount.max()) >= subaccounts:
        raise CheckFailed(f"liabilities/{stem}-lines.bin names a slot or subaccount that is not there")
    same = lines.slot[1:] == lines.slot[:-1]
    rising = (lines.slot[1:] > lines.slot[:-1]) | (same & (lines.subaccount[1:] > lines.subaccount[:-1]))
    if not bool(rising.all()):
        raise CheckFailed(f"liabilities/{stem}-lines.bin does not rise strictly")


def _identity_offsets(data: Bytes, count: int) -> NDArray[np.uint64]:
    """Where each record of accounts.bin starts. Raises CheckFailed unless `count` records fill the file."""
    offsets = _offsets_by_kind(data, count)
    return _offsets_one_by_one(data, count) if offsets is None else offsets


def _offsets_by_kind(data: Bytes, count: int) -> NDArray[np.uint64] | None:
    """The offsets, if every record begins with a known kind; None says nothing. About 0.1 us an account.

    Every place that looks like the start of a record is a candidate. Candidates where each begins at the end of the
    one before it are the records and nothing else, because the first one fixes all that follow.
    """
    found = [np.empty(0, np.int64)]
    zeros = np.flatnonzero(data[:-8] == 0)
    zeros = zeros[(data[zeros + 1] == 0) & (data[zeros + 2] == 0)]
    for kind in ID_KINDS:
        head = np.frombuffer(lp(kind.encode()), np.uint8)
        starts = zeros[zeros + head.size + 4 <= data.size]
        for place in range(3, head.size):
            starts = starts[data[starts + place] == head[place]]
        found.append(starts)
    starts = np.sort(np.concatenate(found))
    if starts.size != count or (count and starts[0] != 0):
        return None
    sizes = data[starts + 3].astype(np.int64) + 4
    length = np.zeros(count, np.int64)
    for place in range(4):
        length = (length << 8) | data[starts + sizes + place]
    ends = starts + sizes + 4 + length
    if not np.array_equal(np.append(starts[1:], data.size), ends):
        return None
    return np.append(starts, data.size).astype(np.uint64)


def _offsets_one_by_one(data: Bytes, count: int) -> NDArray[np.uint64]:
    """The same for records of any kind, one pass, about 0.5 us an account."""
    view = data.tobytes()
    if count > len(view) // 8:  # two lengths a record; asked before room is made for a count that only the file states
        raise CheckFailed("liabilities/accounts.bin ends inside a record")
    offsets = np.empty(count + 1, np.uint64)
    at, end = 0, len(view)
    for number in range(count):
        offsets[number] = at
        for _ in range(2):
            if at + 4 > end:
                raise CheckFailed("liabilities/accounts.bin ends inside a record")
            at += 4 + int.from_bytes(view[at : at + 4], "big")
    if at != end:
        raise CheckFailed("liabilities/accounts.bin has more or fewer bytes than its records")
    offsets[count] = at
    return offsets
