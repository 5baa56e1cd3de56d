"""The evidence manifest: a bundle's files under one signed Merkle root, and receipts for handing one file over.

Format: docs/spec/manifest.md. merkletools builds the tree and the receipts; checking needs none of it. What goes into
the tree is tagged and the count is bound outside it, because the tree itself does neither.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ledger.canonical import Json, Tag, canonical, canonical_file, from_hex, parse_file, tagged_hash, u64
from ledger.errors import CheckFailed, FormatError, InputError
from ledger.keys import LABEL_MANIFEST, SigningKey, verify_signature
from por.files import read_document

__all__ = [
    "MANIFEST_NAME",
    "PRIVATE_FOLDERS",
    "Manifest",
    "build_manifest",
    "check_files",
    "check_receipt",
    "entries_of",
    "make_receipt",
    "merkle_root",
    "read_manifest",
    "signed_by",
]

MANIFEST_NAME = "manifest.json"
PRIVATE_FOLDERS = ("liabilities", "proofs", "replay")
_RECEIPT_FORMAT = "tallystick/receipt/1"
_PART = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}\Z")
_ENTRY_KEYS = {"path", "position", "sha256", "size", "snapshot"}
_POINT_FIXED: dict[str, Json] = {
    "@context": "https://w3id.org/chainpoint/v2",
    "anchors": [],
    "type": "ChainpointSHA256v2",
}
_POINT_KEYS = {*_POINT_FIXED, "merkleRoot", "proof", "targetHash"}
_STATEMENT_KEYS = {"attestation", "count", "entries", "format", "key", "private", "root", "sequence", "snapshot"}


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest whose signature, roots and entries hold together under the key it names."""

    statement: dict[str, Any]
    key: bytes
    attestation: str
    sequence: int
    snapshot: str
    entries: tuple[dict[str, Any], ...]
    private: dict[str, tuple[int, bytes]]


# Building


def entries_of(bundle: Path, folder: str | None, snapshot: str) -> list[dict[str, Json]]:
    """Entries of a bundle's public files (`folder` None) or of one private folder; raises CheckFailed on odd files."""
    paths = sorted(_walk(bundle, folder), key=str.encode)
    return [
        {"path": path, "position": position, **_file_facts(bundle / path), "snapshot": snapshot}
        for position, path in enumerate(paths)
    ]


def _walk(bundle: Path, folder: str | None) -> list[str]:
    found: list[str] = []
    start = bundle if folder is None else bundle / folder
    for directory, folders, files in os.walk(start, onerror=_refuse_hidden):
        relative = Path(directory).relative_to(bundle)
        for name in list(folders):
            if os.path.islink(Path(directory) / name):
                raise CheckFailed(f"{str(relative / name)!a} is a link; a bundle holds files only")
            if folder is None and relative == Path(".") and name in PRIVATE_FOLDERS:
                folders.remove(name)
        for name in files:
            path = (relative / name).as_posix()
            mode = os.lstat(Path(directory) / name).st_mode
            if not stat.S_ISREG(mode) or not all(_PART.match(part) for part in path.split("/")):
                raise CheckFailed(f"{path!a} is no plain file with a plain name; a bundle holds nothing else")
            if path != MANIFEST_NAME:
                found.append(path)
    return found


def _refuse_hidden(error: OSError) -> None:
    """A folder that cannot be looked into could hold anything; it is not passed over."""
    raise error


def _file_facts(path: Path) -> dict[str, Json]:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        return {"sha256": digest, "size": file.tell()}


def _leaf(entry: Json) -> bytes:
    return tagged_hash(Tag.MANIFEST_ENTRY, canonical(entry))


def _merkle_tree(leaves: Sequence[bytes]) -> Any:
    """The package's tree over tagged leaves; raises InputError with the remedy where it is not installed."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            import merkletools
    except ImportError:
        raise InputError(
            "merkletools",
            "the package that builds the evidence manifest is not installed",
            "Run `pip install --no-deps merkletools==1.0.3` (its other dependency does not build and is not used).",
        ) from None
    tree = merkletools.MerkleTools(hash_type="sha256")
    for leaf in leaves:
        tree.add_leaf(leaf.hex())
    tree.make_tree()
    return tree


def _build_root(tag: Tag, entries: Sequence[Json]) -> bytes:
    leaves = [_leaf(entry) for entry in entries]
    root = bytes.fromhex(_merkle_tree(leaves).get_merkle_root())
    assert root == merkle_root(leaves), "the package and our own code build the same tree"
    return tagged_hash(tag, root + u64(len(leaves)))


def build_manifest(bundle: Path, snapshot: str, sequence: int, attestation: bytes, key: SigningKey) -> bytes:
    """The signed manifest of every file now in the bundle (file bytes; the caller writes them)."""
    public = entries_of(bundle, None, snapshot)
    private: list[Json] = []
    for folder in PRIVATE_FOLDERS:
        entries = entries_of(bundle, folder, snapshot) if (bundle / folder).is_dir() else []
        if entries:
            root = _build_root(Tag.PRIVATE_ROOT, entries)
            private.append({"count": len(entries), "folder": folder, "root": root.hex()})
    statement: dict[str, Json] = {
        "attestation": attestation.hex(),
        "count": len(public),
        "entries": list(public),
        "format": LABEL_MANIFEST,
        "key": key.public.hex(),
        "private": private,
        "root": _build_root(Tag.MANIFEST_ROOT, public).hex(),
        "sequence": sequence,
        "snapshot": snapshot,
    }
    signature = key.sign(LABEL_MANIFEST, tagged_hash(Tag.MANIFEST, canonical(statement)))
    data = canonical_file({"signature": signature.hex(), "statement": statement})
    read_manifest(data)
    return data


def make_receipt(bundle: Path, path: str) -> bytes:
    """A receipt for one file of a bundle, public or private; raises InputError if the manifest does not cover it."""
    document = parse_file(read_document(bundle / MANIFEST_NAME))
    manifest = read_manifest(canonical_file(document))
    folder = path.split("/", 1)[0]
    private = folder in PRIVATE_FOLDERS
    entries = entries_of(bundle, folder, manifest.snapshot) if private else list(manifest.entries)
    position = next((n for n, entry in enumerate(entries) if entry["path"] == path), None)
    if position is None:
        raise InputError(path, "the manifest does not list this file", "Name a path as the manifest spells it.")
    tree = _merkle_tree([_leaf(entry) for entry in entries])
    receipt: dict[str, Json] = {
        "entry": entries[position],
        "format": _RECEIPT_FORMAT,
        "manifest": document,
        "receipt": {
            **_POINT_FIXED,
            "merkleRoot": tree.get_merkle_root(),
            "proof": [dict(step) for step in tree.get_proof(position)],
            "targetHash": _leaf(entries[position]).hex(),
        },
        "root": folder if private else "public",
    }
    return canonical_file(receipt)


# Checking


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Pairwise SHA-256, odd node promoted; at least one leaf."""
    assert leaves, "a list of no entries does not exist"
    level = list(leaves)
    while len(level) > 1:
        odd = [level[-1]] if len(level) % 2 else []
        level = [hashlib.sha256(level[n] + level[n + 1]).digest() for n in range(0, len(level) - 1, 2)] + odd
    return level[0]


def read_manifest(data: bytes) -> Manifest:
    """Check form, order, root and signature of a manifest; raises FormatError or CheckFailed.

    The key is the manifest's own word until the caller compares it with the attestation's.
    """
    document = parse_file(data)
    if not isinstance(document, dict) or set(document) != {"signature", "statement"}:
        raise FormatError("a manifest has a statement and a signature")
    statement: Any = document["statement"]
    if not isinstance(statement, dict) or set(statement) != _STATEMENT_KEYS or statement["format"] != LABEL_MANIFEST:
        raise FormatError("the manifest's statement has other keys or another format")
    entries, snapshot = statement["entries"], statement["snapshot"]
    is_count = isinstance(statement["count"], int) and not isinstance(statement["count"], bool)
    if not isinstance(entries, list) or not entries or not is_count or statement["count"] != len(entries):
        raise FormatError("the manifest's count is not the number of its entries")
    _check_entries(entries, snapshot)
    key = from_hex(statement["key"], 32)
    from_hex(statement["attestation"], 32)
    root = tagged_hash(Tag.MANIFEST_ROOT, merkle_root([_leaf(entry) for entry in entries]) + u64(len(entries)))
    if root.hex() != statement["root"]:
        raise CheckFailed("the manifest's root is not the root of its entries")
    digest = tagged_hash(Tag.MANIFEST, canonical(statement))
    if not verify_signature(key, LABEL_MANIFEST, digest, from_hex(document["signature"], 64)):
        raise CheckFailed("the manifest's signature does not hold")
    private = _read_private(statement["private"])
    sequence = statement["sequence"]
    if not isinstance(sequence, int) or isinstance(sequence, bool):
        raise FormatError("the manifest has no sequence")
    return Manifest(statement, key, statement["attestation"], sequence, snapshot, tuple(entries), private)


def _check_entries(entries: list[Any], snapshot: Any) -> None:
    before = b""
    for position, entry in enumerate(entries):
        if not isinstance(entry, dict) or set(entry) != _ENTRY_KEYS:
            raise FormatError(f"manifest entry {position} has other keys")
        path = entry["path"]
        if not isinstance(path, str) or not all(_PART.match(part) for part in path.split("/")):
            raise FormatError(f"manifest entry {position} has an odd path")
        if path.encode() <= before:
            raise FormatError("the manifest's paths do not rise strictly")
        before = path.encode()
        if entry["position"] != position or isinstance(entry["position"], bool):
            raise FormatError(f"manifest entry {position} states another position")
        if entry["snapshot"] != snapshot or not isinstance(snapshot, str):
            raise FormatError(f"manifest entry {position} is of another snapshot")
        if not isinstance(entry["size"], int) or isinstance(entry["size"], bool):
            raise FormatError(f"manifest entry {position} has no size")
        from_hex(entry["sha256"], 32)


def _read_private(rows: Any) -> dict[str, tuple[int, bytes]]:
    if not isinstance(rows, list):
        raise FormatError("the manifest's private folders are no list")
    private: dict[str, tuple[int, bytes]] = {}
    for row in rows:
        if not isinstance(row, dict) or set(row) != {"count", "folder", "root"}:
            raise FormatError("a private folder has other keys")
        count, folder = row["count"], row["folder"]
        if folder not in PRIVATE_FOLDERS or any(before >= folder for before in private):
            raise FormatError("private folders are known ones, each once, in order")
        if not isinstance(count, int) or isinstance(count, bool) or count < 1:
            raise FormatError("a private folder has at least one file")
        private[folder] = (count, from_hex(row["root"], 32))
    return private


def check_files(bundle: Path, manifest: Manifest) -> dict[str, str]:
    """Compare a bundle's files with its manifest; raises CheckFailed at the first difference.

    Returns for `public` and each private folder `pass` or `unchecked` (listed, but not handed over).
    """
    found = entries_of(bundle, None, manifest.snapshot)
    if found != list(manifest.entries):
        raise CheckFailed(_first_difference(found, manifest.entries))
    results = {"public": "pass"}
    for folder in PRIVATE_FOLDERS:
        present = (bundle / folder).exists()
        if present and folder not in manifest.private:
            raise CheckFailed(f"{folder}/ is in the bundle and not in its manifest")
        if folder in manifest.private:
            results[folder] = _check_private(bundle, folder, manifest) if present else "unchecked"
    return results


def _check_private(bundle: Path, folder: str, manifest: Manifest) -> str:
    count, root = manifest.private[folder]
    entries = entries_of(bundle, folder, manifest.snapshot)
    leaves = [_leaf(entry) for entry in entries]
    if len(entries) != count or tagged_hash(Tag.PRIVATE_ROOT, merkle_root(leaves) + u64(count)) != root:
        raise CheckFailed(f"the files of {folder}/ are not the ones that the manifest binds")
    return "pass"


def _first_difference(found: Sequence[dict[str, Json]], listed: Sequence[dict[str, Json]]) -> str:
    have, want = {str(e["path"]): e for e in found}, {str(e["path"]): e for e in listed}
    for path in sorted(set(have) | set(want)):
        if path not in want:
            return f"{path} is in the bundle and not in its manifest"
        if path not in have:
            return f"{path} is in the manifest and not in the bundle"
        if (have[path]["sha256"], have[path]["size"]) != (want[path]["sha256"], want[path]["size"]):
            return f"{path} is not the file that the manifest binds"
    return "the manifest lists its files in another order"


def signed_by(key: bytes, rotations: Sequence[Mapping[str, Any]] = ()) -> Callable[[bytes, int], bool]:
    """Which key may have signed at which sequence: the reader's, or one that its file says came before, in its time."""

    def accepts(signer: bytes, sequence: int) -> bool:
        later = [rotation for rotation in rotations if sequence < rotation["sequence"]]
        return signer == (bytes.fromhex(later[0]["from"]) if later else key)

    return accepts


def check_receipt(file: bytes, receipt: bytes, accepts: Callable[[bytes, int], bool]) -> dict[str, Json]:
    """Check one handed-over file against its receipt under the reader's keys (`signed_by`); gives the entry.

    Raises FormatError or CheckFailed. Needs no merkletools.
    """
    document: Any = parse_file(receipt)
    if not isinstance(document, dict) or set(document) != {"entry", "format", "manifest", "receipt", "root"}:
        raise FormatError("a receipt has other keys")
    if document["format"] != _RECEIPT_FORMAT:
        raise FormatError("not a receipt of this format")
    manifest = read_manifest(canonical_file(document["manifest"]))
    if not accepts(manifest.key, manifest.sequence):
        raise CheckFailed("the manifest is signed by another key than the reader's at that time")
    entry, point = document["entry"], document["receipt"]
    if not isinstance(entry, dict) or set(entry) != _ENTRY_KEYS or entry["snapshot"] != manifest.snapshot:
        raise FormatError("the receipt's entry has other keys or another snapshot")
    if entry["sha256"] != hashlib.sha256(file).hexdigest() or entry["size"] != len(file):
        raise CheckFailed("the file is not the one that the receipt is for")
    tag, count, root = _receipt_root(document["root"], manifest, entry)
    if not isinstance(point, dict) or set(point) != _POINT_KEYS or any(point[k] != v for k, v in _POINT_FIXED.items()):
        raise FormatError("the receipt's path has other keys, or another type than ours")
    if point["targetHash"] != _leaf(entry).hex():
        raise CheckFailed("the receipt's target is not its entry")
    top = _walk_receipt(_leaf(entry), point["proof"], entry["position"], count)
    if point["merkleRoot"] != top.hex() or tagged_hash(tag, top + u64(count)) != root:
        raise CheckFailed("the receipt's path does not lead to the signed root")
    return dict(entry)


def _receipt_root(name: Any, manifest: Manifest, entry: dict[str, Any]) -> tuple[Tag, int, bytes]:
    if name == "public":
        if entry not in manifest.entries:
            raise CheckFailed("the manifest does not list the receipt's entry")
        return Tag.MANIFEST_ROOT, len(manifest.entries), from_hex(manifest.statement["root"], 32)
    if not isinstance(name, str) or name not in manifest.private or not str(entry["path"]).startswith(f"{name}/"):
        raise CheckFailed("the receipt names a folder that its manifest does not have")
    count, root = manifest.private[name]
    return Tag.PRIVATE_ROOT, count, root


def _walk_receipt(node: bytes, steps: Any, position: Any, count: int) -> bytes:
    """Follow a path whose length and sides come from position and count, never from the receipt."""
    if not isinstance(position, int) or isinstance(position, bool) or not 0 <= position < count:
        raise CheckFailed("the receipt's position is outside the list")
    if not isinstance(steps, list):
        raise FormatError("the receipt's path is no list")
    rest = list(steps)
    while count > 1:
        if position % 2 or position != count - 1:
            side = "left" if position % 2 else "right"
            step = rest.pop(0) if rest else None
            if not isinstance(step, dict) or set(step) != {side}:
                raise CheckFailed("the receipt's path has another shape than its position gives")
            sibling = from_hex(step[side], 32)
            node = hashlib.sha256(sibling + node if position % 2 else node + sibling).digest()
        position, count = position // 2, (count + 1) // 2
    if rest:
        raise CheckFailed("the receipt's path is too long")
    return node
