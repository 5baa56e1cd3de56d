"""Trie proofs against the published vectors, the `trie` library as an oracle, and everything that must be refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import rlp as library
from hypothesis import given, settings
from hypothesis import strategies as st
from trie import HexaryTrie

from por.reserves.evm import rlp
from por.reserves.evm.errors import ProofError
from por.reserves.evm.hexes import keccak256
from por.reserves.evm.trie import EMPTY_ROOT, prove_value

BESIDE = Path(__file__).parents[5]  # a worktree may stand one folder deeper than the checkout
VECTORS = (
    next((d for d in (BESIDE / "shared", BESIDE.parent / "shared") if d.is_dir()), BESIDE) / "data" / "merkle-trie"
)
FILES = ("trieanyorder", "trietest", "trietest_secureTrie", "hex_encoded_securetrie_test")


def build(pairs: dict[bytes, bytes]) -> HexaryTrie:
    trie = HexaryTrie({})
    for key, value in pairs.items():
        trie[key] = value
    return trie


def proof_of(trie: HexaryTrie, key: bytes) -> list[bytes]:
    """The oracle's proof in our form: it also lists embedded nodes, and the empty node of an empty trie."""
    if trie.root_hash == EMPTY_ROOT:
        return []
    nodes = [library.encode(node) for node in trie.get_proof(key)]
    return [node for index, node in enumerate(nodes) if index == 0 or len(node) >= 32]


def as_bytes(text: str) -> bytes:
    return bytes.fromhex(text[2:]) if text.startswith("0x") else text.encode()


def cases() -> list[Any]:
    if not VECTORS.is_dir():
        reason = "the public trie vectors are not beside this checkout (../shared/data/merkle-trie)"
        return [pytest.param("", {}, marks=pytest.mark.skip(reason=reason))]
    found = []
    for name in FILES:
        for label, case in json.loads((VECTORS / f"{name}.json").read_text()).items():
            found.append(pytest.param(name, case, id=f"{name}-{label}"))
    return found


@pytest.mark.parametrize(("name", "case"), cases())
def test_published_roots_are_proven_for_every_key_and_absence(name: str, case: dict[str, Any]) -> None:
    pairs = case["in"].items() if isinstance(case["in"], dict) else case["in"]
    trie, final = HexaryTrie({}), {}
    for key, value in pairs:
        given_key = keccak256(as_bytes(key)) if "secure" in name else as_bytes(key)
        if value is None:
            trie.delete(given_key)
            final.pop(given_key, None)
        else:
            trie[given_key] = final[given_key] = as_bytes(value)
    root = bytes.fromhex(case["root"][2:])
    assert trie.root_hash == root
    for key, value in final.items():
        assert prove_value(root, key, proof_of(trie, key)) == value
    for key in (b"", b"nobody", keccak256(b"nobody"), *(key + b"x" for key in final), *(key[:-1] for key in final)):
        if key not in final:
            assert prove_value(root, key, proof_of(trie, key)) is None


KEYS = st.one_of(st.binary(max_size=4), st.sampled_from([b"\x11" * 4, b"\x11" * 3, b"\x12" * 4, b"\x10\x00"]))
TRIES = st.dictionaries(KEYS, st.binary(min_size=1, max_size=40), max_size=12)


@given(TRIES, KEYS)
def test_random_tries_agree_with_the_oracle(pairs: dict[bytes, bytes], key: bytes) -> None:
    trie = build(pairs)
    assert prove_value(trie.root_hash, key, proof_of(trie, key)) == pairs.get(key)


@settings(max_examples=300)
@given(TRIES.filter(bool), st.data())
def test_a_mutated_proof_is_never_accepted_and_never_crashes(pairs: dict[bytes, bytes], data: st.DataObject) -> None:
    trie = build(pairs)
    key = data.draw(st.sampled_from(sorted(pairs)))
    proof = proof_of(trie, key)
    node = data.draw(st.integers(0, len(proof) - 1))
    change = data.draw(st.sampled_from(["flip", "cut", "drop", "repeat", "append", "swap"]))
    changed = list(proof)
    if change == "flip":
        position = data.draw(st.integers(0, len(proof[node]) - 1))
        flipped = bytearray(proof[node])
        flipped[position] ^= data.draw(st.integers(1, 255))
        changed[node] = bytes(flipped)
    elif change == "cut":
        changed[node] = proof[node][:-1]
    elif change == "drop":
        del changed[node]
    elif change == "repeat":
        changed.insert(node, proof[node])
    elif change == "append":
        changed.append(data.draw(st.binary(max_size=40)))
    else:
        changed.reverse()
    if changed == proof:
        return
    with pytest.raises(ProofError):
        prove_value(trie.root_hash, key, changed)


def root_of(node: Any) -> tuple[bytes, list[bytes]]:
    encoded = rlp.encode(node)
    return keccak256(encoded), [encoded]


LONG = b"v" * 40


@pytest.mark.parametrize(
    "node",
    [
        [b"\x20\xab"],  # one item
        [b"\x20\xab", LONG, b""],  # three
        b"just bytes of a length beyond thirty-one",
        [b"", LONG],  # no path
        [b"\x41\xab", LONG],  # flag 4
        [b"\x2f\xab", LONG],  # even path with a padding nibble
        [b"\x20\xab", b""],  # a leaf without value
        [b"\x20\xab", [LONG]],  # a leaf with a list
        [b"\x00", b"\0" * 32],  # an extension that moves nothing
        [b"\x00\xab", b"\0" * 31],  # a reference of another length
        [b"\x00\xab", [b"\x20", LONG]],  # 32 bytes or more embedded
        [b"\x00\xab", [b"\x20", b"v"]],  # an extension to a leaf
        [LONG[:32]] + [b""] * 16,  # a branch with one child
        [b""] * 17,  # and with none
        [b""] * 15 + [b"x", b"y"],  # a branch with a short reference
        [b""] * 14 + [b"\0" * 32, b"\0" * 32, [b"y"]],  # a branch with a list for its value
    ],
)
def test_nodes_out_of_form_are_refused(node: Any) -> None:
    root, proof = root_of(node)
    with pytest.raises(ProofError):
        prove_value(root, b"\xab", proof)


def test_a_short_node_given_by_hash_is_refused_below_the_root() -> None:
    leaf = rlp.encode([b"\x3b", b"v"])
    other = keccak256(b"other")
    root, proof = root_of([other] + [b""] * 9 + [keccak256(leaf)] + [b""] * 6)
    with pytest.raises(ProofError, match="embedded"):
        prove_value(root, b"\xab", [*proof, leaf])


def test_an_embedded_leaf_and_a_short_root_are_read() -> None:
    root, proof = root_of([b""] * 9 + [b""] + [[b"\x3b", b"v"], [b"\x3b", b"w"]] + [b""] * 5)
    assert prove_value(root, b"\xab", proof) == b"v"
    assert prove_value(root, b"\xbb", proof) == b"w"
    assert prove_value(root, b"\xac", proof) is None
    root, proof = root_of([b"\x20\xab", b"v"])
    assert prove_value(root, b"\xab", proof) == b"v"


def test_only_the_empty_proof_shows_an_empty_trie() -> None:
    assert prove_value(EMPTY_ROOT, b"\xab", []) is None
    with pytest.raises(ProofError):
        prove_value(EMPTY_ROOT, b"\xab", [b"\x80"])
    with pytest.raises(ProofError):
        prove_value(keccak256(b"else"), b"\xab", [])


def test_a_value_that_looks_like_a_node_is_only_a_value() -> None:
    """A leaf's value may be the RLP of a node; it is never walked into."""
    inner = rlp.encode([b"\x20", LONG])
    root, proof = root_of([b"\x20\xab", inner])
    assert prove_value(root, b"\xab", proof) == inner
    with pytest.raises(ProofError, match="not used"):
        prove_value(root, b"\xab", [*proof, inner])
