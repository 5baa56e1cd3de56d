"""Merkle packages from PyPI on as many leaves: what each does and does not do stands beside its figures.

Facts of the releases that requirements.lock names; no judgement. The values handed in are prepared before the clock
starts. Every package hashes with SHA-256 here.
"""

from __future__ import annotations

import time
import warnings
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

__all__ = ["PEERS", "Peer", "measure_peer"]

PROOFS = 200


@dataclass(frozen=True)
class Peer:
    """One package: what its tree covers, and how to build it, prove a leaf and check the proof."""

    package: str
    scope: str
    prepare: Callable[[int], Any]
    build: Callable[[Any], Any]
    prove: Callable[[Any, int], Any]
    verify: Callable[[Any, int, Any], bool]


def _ids(leaves: int) -> list[str]:
    return [f"{number:010d}@example.com" for number in range(leaves)]


def _pymerkle_build(entries: list[bytes]) -> Any:
    from pymerkle import InmemoryTree

    tree = InmemoryTree(algorithm="sha256")
    tree.append_entries(entries)
    tree.get_state()
    return tree


def _pymerkle_verify(tree: Any, index: int, proof: Any) -> bool:
    from pymerkle import verify_inclusion

    verify_inclusion(tree.get_leaf(index + 1), tree.get_state(), proof)
    return True


def _merkletools_build(values: list[str]) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from merkletools import MerkleTools
    tree = MerkleTools(hash_type="sha256")
    tree.add_leaf(values, True)
    tree.make_tree()
    return tree


def _openreserve_leaves(leaves: int) -> list[Any]:
    from openreserve import MerkleLeaf

    return [MerkleLeaf(name, number + 1, "USD") for number, name in enumerate(_ids(leaves))]


def _openreserve_build(leaves: list[Any]) -> Any:
    from openreserve import MerkleTree

    tree = MerkleTree(leaves)
    assert tree.root_hash and tree.total_balance_cents()
    return tree, leaves


def _openreserve_verify(tree: Any, index: int, proof: Any) -> bool:
    from openreserve import verify_proof_with_node_prefix

    return bool(verify_proof_with_node_prefix(proof))


PEERS = (
    Peer(
        "pymerkle",
        "one tree of byte entries (RFC 9162 shape, tagged leaves and nodes), inclusion and consistency proofs; keeps "
        "the entries; no amounts in the nodes, no salts",
        lambda leaves: [name.encode() for name in _ids(leaves)],
        _pymerkle_build,
        lambda tree, index: tree.prove_inclusion(index + 1),
        _pymerkle_verify,
    ),
    Peer(
        "merkletools",
        "one tree of hashed values, inclusion proofs in hex; leaves and nodes are not tagged; no amounts in the "
        "nodes, no salts",
        _ids,
        _merkletools_build,
        lambda tree, index: tree.get_proof(index),
        lambda tree, index, proof: tree.validate_proof(proof, tree.get_leaf(index), tree.get_merkle_root()),
    ),
    Peer(
        "openreserve",
        "one tree of (account, balance, currency), inclusion proofs; the total is added up from the leaves beside the "
        "tree and is not in the nodes; no salts; a proof looks its account up from the first leaf on",
        _openreserve_leaves,
        _openreserve_build,
        lambda tree, index: tree[0].proof_for(tree[1][index].account_id),
        _openreserve_verify,
    ),
)


def measure_peer(peer: Peer, leaves: int, repeat: int) -> Iterator[dict[str, Any]]:
    """Build, prove and verify, as partial records; nothing if the package is not installed."""
    try:
        release = version(peer.package)
    except PackageNotFoundError:
        return
    given = peer.prepare(leaves)
    runs: dict[str, list[float]] = {"build": [], "proof": [], "verify": []}
    for _ in range(repeat):
        start = time.perf_counter()
        tree = peer.build(given)
        runs["build"].append(time.perf_counter() - start)
    indexes = [number * (leaves // PROOFS or 1) % leaves for number in range(PROOFS)]
    for _ in range(repeat):
        start = time.perf_counter()
        proofs = [peer.prove(tree, index) for index in indexes]
        runs["proof"].append(time.perf_counter() - start)
        start = time.perf_counter()
        fine = [peer.verify(tree, index, proof) for index, proof in zip(indexes, proofs, strict=True)]
        runs["verify"].append(time.perf_counter() - start)
        assert all(fine), "the package accepts its own proofs"
    for step, items in (("build", 1), ("proof", PROOFS), ("verify", PROOFS)):
        yield {"name": f"peer-{step}", "peer": f"{peer.package} {release}", "scope": peer.scope, "leaves": leaves} | {
            "items": items,
            "runs": runs[step],
        }
