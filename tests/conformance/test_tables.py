"""Tables of encoding.md and trees.md: each value, from every implementation of ours that computes or judges it."""

from __future__ import annotations

import base64
import hashlib
from itertools import accumulate
from typing import Any

import numpy as np
import pytest

from ledger.canonical import parse_file
from ledger.errors import FormatError
from ledger.identity import account_id_problem, subaccount_problem
from ledger.keys import verify_signature
from por.liabilities.forest import account_context, account_root, asset_context, asset_root
from por.liabilities.kernels import AmountOverflow, Kernel, available, pack_amounts, pack_identities, pack_names, select
from por.snapshot import SnapshotId
from por.verify import standalone
from por.verify.audit import strict_signature
from tests.conformance.conftest import table

LABEL = b"tallystick/attestation/1\0"


@pytest.fixture(params=available())
def kernel(request: pytest.FixtureRequest) -> Kernel:
    return select(request.param)


@pytest.mark.parametrize("count", range(10))
def test_trees_have_the_stated_nodes_and_roots_from_every_kernel(kernel: Kernel, count: int) -> None:
    vector = table("trees.json")["trees"][count]
    leaves, snapshot = vector["leaves"], vector["snapshot"]
    context = asset_context(snapshot, vector["entity"], vector["asset"])
    assert context.hex() == vector["asset_context"]
    identities = pack_identities([leaf["kind"] for leaf in leaves], [leaf["account"] for leaf in leaves])
    everyone = np.arange(count, dtype=np.uint32)
    salts, account_salts = (rows([leaf[name] for leaf in leaves]) for name in ("salt", "account_salt"))
    amounts = pack_amounts([(int(leaf["claim"]), int(leaf["debt"])) for leaf in leaves])
    commitments = kernel.commitments(context, salts, everyone, identities)
    assert hexes(commitments) == [leaf["commitment"] for leaf in leaves]
    levels = kernel.levels(kernel.leaf_nodes(commitments, amounts))
    assert [hexes(levels.level(n)) for n in range(len(vector["levels"]))] == vector["levels"]
    assert [levels.path(slot).hex() for slot in range(count)] == [leaf["path"] for leaf in leaves]
    name = (vector["entity"], vector["asset"], vector["scale"])
    assert asset_root(snapshot, name, count, levels.top).hex() == vector["asset_root"]
    hashes = statement_hashes(kernel, vector)
    assert hexes(hashes) == [leaf["statement_hash"] for leaf in leaves]
    nodes = kernel.account_leaves(account_context(snapshot), account_salts, identities, everyone, hashes)
    assert hexes(nodes) == [leaf["account_leaf"] for leaf in leaves]
    accounts = kernel.levels32(nodes)
    assert [accounts.path(slot).hex() for slot in range(count)] == [leaf["account_path"] for leaf in leaves]
    assert account_root(snapshot, count, accounts.top).hex() == vector["account_root"]


def rows(values: list[str]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return np.frombuffer(bytes.fromhex("".join(values)), np.uint8).reshape(-1, 32)


def hexes(nodes: np.ndarray[Any, np.dtype[np.uint8]]) -> list[str]:
    return [row.tobytes().hex() for row in nodes]


def statement_hashes(kernel: Kernel, vector: dict[str, Any]) -> np.ndarray[Any, np.dtype[np.uint8]]:
    leaves = vector["leaves"]
    lines = [line for leaf in leaves for line in leaf["lines"]]
    names = sorted({line["subaccount"] for line in lines}, key=str.encode)
    return kernel.statement_hashes(
        np.arange(len(leaves) + 1, dtype=np.uint64),
        np.zeros(len(leaves), np.uint32),
        np.arange(len(leaves), dtype=np.uint64),
        pack_amounts([(int(leaf["claim"]), int(leaf["debt"])) for leaf in leaves]),
        pack_names([(vector["entity"], vector["asset"])]),
        np.array([0, *accumulate(len(leaf["lines"]) for leaf in leaves)], np.uint64),
        np.array([names.index(line["subaccount"]) for line in lines], np.uint32),
        pack_amounts([(int(line["claim"]), int(line["debt"])) for line in lines]),
        pack_names((name,) for name in names),
    )


def test_statements_hash_from_their_stated_bytes() -> None:
    for vector in table("trees.json")["trees"]:
        for leaf in vector["leaves"]:
            data = bytes.fromhex(leaf["statement"])
            assert hashlib.sha256(data + b"\x08").hexdigest() == leaf["statement_hash"]


def test_two_children_have_the_stated_parent_or_none(kernel: Kernel) -> None:
    for vector in table("trees.json")["nodes"]:
        pair = np.frombuffer(bytes.fromhex(vector["left"] + vector["right"]), np.uint8).reshape(2, 64).copy()
        if vector["node"] is None:
            with pytest.raises(AmountOverflow):
                kernel.levels(pair)
        else:
            assert kernel.levels(pair).top.hex() == vector["node"], vector["name"]


def test_roots_bind_snapshot_names_scale_and_count() -> None:
    vectors = table("trees.json")["roots"]
    for vector in vectors:
        name = (vector["entity"], vector["asset"], vector["scale"])
        root = asset_root(vector["snapshot"], name, vector["count"], bytes.fromhex(vector["top"]))
        assert root.hex() == vector["root"]
    assert len({vector["root"] for vector in vectors}) == len(vectors)


def test_every_spelling_is_accepted_or_refused_by_both_parsers() -> None:
    for vector in table("canonical.json")["cases"]:
        data = base64.b64decode(vector["base64"])
        for parse, refusal in ((parse_file, FormatError), (standalone.parse_file, standalone.Malformed)):
            try:
                parse(data)
                accepted = True
            except refusal:
                accepted = False
            assert accepted == vector["canonical"], (parse.__module__, vector["name"])


def test_every_name_is_accepted_or_refused_by_both_rules() -> None:
    for vector in table("identity.json")["cases"]:
        text, valid, where = vector["text"], vector["valid"], (vector["kind"], ascii(vector["text"][:40]))
        if vector["kind"] == "snapshot":
            assert (standalone.snapshot_parts(text) is not None) == valid, where
            assert reads_as_snapshot(text) == valid, where
        elif vector["kind"] == "account":
            assert (standalone.account_id_problem(text) is None) == valid, where
            assert (account_id_problem(text) is None) == valid, where
        else:
            assert (text == "" or standalone.account_id_problem(text, 64) is None) == valid, where
            assert (subaccount_problem(text) is None) == valid, where


def reads_as_snapshot(text: str) -> bool:
    try:
        return str(SnapshotId.parse(text)) == text
    except FormatError:
        return False


def test_every_signature_is_judged_alike() -> None:
    for vector in table("ed25519.json")["cases"]:
        key, message, signature = (bytes.fromhex(vector[name]) for name in ("key", "message", "signature"))
        assert standalone.ed25519_verify(key, message, signature) == vector["valid"], vector["name"]
        if message.startswith(LABEL) and len(message) == len(LABEL) + 32:
            assert verify_signature(key, LABEL[:-1].decode(), message[len(LABEL) :], signature) == vector["valid"]
            assert strict_signature(key, message, signature) == vector["valid"], vector["name"]
