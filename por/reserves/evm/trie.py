"""Proofs in the hexary Merkle-Patricia trie: a key's value, or that the key has none. Pure, and strict.

A proof is the list of nodes on the path from the root to where the key is decided, outermost first. The rules:
1. The first node hashes to the root; each next node hashes to the 32-byte reference that the walk has just met.
2. Every node given is used, in its order, and none is left over. An empty trie has the empty list as its only proof.
3. A child whose encoding is under 32 bytes is embedded in its parent and never given alone; a longer one is never
   embedded. (The root alone may be short and given.)
4. A node is a branch of 17 items with at least two in use, or an extension or a leaf of 2; an extension moves at
   least one nibble and leads to a branch; a leaf's value is not empty.
5. A compact path has flag 0 to 3, and a zero nibble of padding when its length is even.
6. Absence is shown by an empty branch slot, an empty branch value, or a leaf or extension that parts from the key.
Every node is canonical RLP (see rlp.py). Anything else raises ProofError.

Source: Ethereum yellow paper, appendices C and D. EIP-1186 proofs have this form with the key `keccak256(address)` or
`keccak256(32-byte slot)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from por.reserves.evm import rlp
from por.reserves.evm.errors import ProofError, RlpError
from por.reserves.evm.hexes import keccak256

__all__ = ["EMPTY_ROOT", "prove_value"]

EMPTY_ROOT = keccak256(rlp.encode(b""))

MAX_NODE_BYTES = 1 << 16  # a node of a state or storage trie takes under 700; other tries hold larger values


class _Branch(NamedTuple):
    children: list[rlp.Item]
    value: bytes


class _Extension(NamedTuple):
    path: str
    child: rlp.Item


class _Leaf(NamedTuple):
    path: str
    value: bytes


_Node = _Branch | _Extension | _Leaf


def prove_value(root: bytes, key: bytes, proof: Sequence[bytes]) -> bytes | None:
    """The value that `key` has under `root`, or None where the proof shows that it has none.

    `key` is the trie's own key (already hashed in a secure trie). Raises ProofError; see the module's rules.
    """
    if root == EMPTY_ROOT:
        if proof:
            raise ProofError("an empty trie has an empty proof")
        return None
    if not proof:
        raise ProofError("the proof has no nodes")
    rest = list(proof)
    value = _walk(_hashed_node(root, rest, is_root=True), key.hex(), rest)
    if rest:
        raise ProofError(f"{len(rest)} nodes of the proof were not used")
    return value


def _walk(node: _Node, path: str, rest: list[bytes]) -> bytes | None:
    """Follow `path` (one hexadecimal digit a nibble) from `node`, taking hashed nodes off the front of `rest`."""
    while True:
        if isinstance(node, _Leaf):
            return node.value if node.path == path else None
        if isinstance(node, _Extension):
            if not path.startswith(node.path):
                return None
            path = path[len(node.path) :]
            node = _child(node.child, rest)
            if not isinstance(node, _Branch):
                raise ProofError("an extension leads to something that is not a branch")
            continue
        if not path:
            return node.value or None
        reference = node.children[int(path[0], 16)]
        path = path[1:]
        if reference == b"":
            return None
        node = _child(reference, rest)


def _child(reference: rlp.Item, rest: list[bytes]) -> _Node:
    if isinstance(reference, list):
        return _parse(reference)
    return _hashed_node(reference, rest)


def _hashed_node(reference: bytes, rest: list[bytes], *, is_root: bool = False) -> _Node:
    if not rest:
        raise ProofError("the proof ends before the key is decided")
    encoded = rest.pop(0)
    if keccak256(encoded) != reference:
        raise ProofError("a node does not hash to the reference above it")
    if len(encoded) < 32 and not is_root:
        raise ProofError("a node under 32 bytes is given by hash and should be embedded")
    try:
        item = rlp.decode(encoded, max_bytes=MAX_NODE_BYTES)
    except RlpError as error:
        raise ProofError(f"a node is not canonical RLP: {error}") from error
    return _parse(item)


def _parse(item: rlp.Item) -> _Node:
    if isinstance(item, list) and len(item) == 17:
        return _parse_branch(item)
    if isinstance(item, list) and len(item) == 2:
        return _parse_short(item[0], item[1])
    raise ProofError("a node is neither a branch, an extension nor a leaf")


def _parse_branch(items: list[rlp.Item]) -> _Branch:
    *children, value = items
    if not isinstance(value, bytes):
        raise ProofError("a branch has a list for its value")
    for child in children:
        if child != b"":
            _check_reference(child)
    if sum(part != b"" for part in items) < 2:
        raise ProofError("a branch has fewer than two items in use")
    return _Branch(children, value)


def _parse_short(compact: rlp.Item, content: rlp.Item) -> _Extension | _Leaf:
    if not isinstance(compact, bytes) or not compact:
        raise ProofError("a compact path is missing")
    digits = compact.hex()
    flag = int(digits[0], 16)
    if flag > 3:
        raise ProofError("a compact path has an unknown flag")
    is_odd, is_leaf = flag & 1, flag & 2
    if not is_odd and digits[1] != "0":
        raise ProofError("a compact path of even length has a padding nibble that is not zero")
    path = digits[1:] if is_odd else digits[2:]
    if is_leaf:
        if not isinstance(content, bytes) or not content:
            raise ProofError("a leaf has no value")
        return _Leaf(path, content)
    if not path:
        raise ProofError("an extension moves no nibble")
    _check_reference(content)
    return _Extension(path, content)


def _check_reference(reference: rlp.Item) -> None:
    if isinstance(reference, bytes):
        if len(reference) != 32:
            raise ProofError("a reference is neither 32 bytes nor an embedded node")
    elif len(rlp.encode(reference)) >= 32:
        raise ProofError("a node of 32 bytes or more is embedded and should be given by hash")
