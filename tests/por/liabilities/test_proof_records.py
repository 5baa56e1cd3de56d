"""Proof files: the plain kernel's are the canonical documents, and every kernel writes the same bytes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from ledger.canonical import lp, parse_file, tagged_hash, u64
from por.liabilities import forest
from por.liabilities.kernels import (
    AMOUNT_MAX,
    ProofPlan,
    available,
    pack_amounts,
    pack_identities,
    pack_names,
    proof_names,
    select,
)
from por.verify import standalone

SNAPSHOT = "demo.exchange/2026-11-23T02:00:00Z/0"
TREES = [("main", "BTC", 8), ("main", "ETH", 9), ("main", "USDC", 6), ("other", "BTC", 8)]
KINDS = ("assigned", "email", "key")
SUBACCOUNTS = ("", 'quote " and \\', "savings", "\u00e9t\u00e9")
EDGES = [0, 1, 9, 10, 10**9 - 1, 10**9, 2**32, 10**18, 2**63, 2**64 - 1, 2**64, 10**27, 2**96, 10**38]


def plan(accounts: int, with_lines: bool) -> ProofPlan:
    """The plan of `grown` alone."""
    return grown(accounts, with_lines)[1]


def grown(accounts: int, with_lines: bool) -> tuple[forest.Forest, ProofPlan]:
    """Accounts in some of the trees, with amounts of every length; some with two to four lines a leaf."""
    rng = np.random.default_rng(accounts)
    holds = rng.random((len(TREES), accounts)) < 0.7
    holds[0] = True
    tree, account = (column.astype(np.uint32) for column in np.nonzero(holds))
    spread = [EDGES[i % len(EDGES)] // accounts for i in range(2 * tree.size)]
    counts = rng.integers(1, 4, tree.size) if with_lines else np.ones(tree.size, dtype=np.int64)
    pairs = [(spread[2 * i] + 1, spread[2 * i + 1]) for i in range(tree.size)]
    amounts = pack_amounts([(a * int(n), b * int(n)) for (a, b), n in zip(pairs, counts, strict=True)])
    lines = None
    if with_lines:
        offsets = np.cumsum([0, *counts], dtype=np.uint64)
        names = np.concatenate([np.arange(n, dtype=np.uint32) for n in counts])
        each: list[tuple[int, int]] = [pair for pair, n in zip(pairs, counts, strict=True) for _ in range(n)]
        lines = forest.Lines(offsets, names, pack_amounts(each), pack_names((name,) for name in SUBACCOUNTS))
    identities = pack_identities([KINDS[i % 3] for i in range(accounts)], [f"{i}@example.com" for i in range(accounts)])
    built = forest.build(SNAPSHOT, bytes(32), TREES, tree, account, amounts, identities, select("numpy"), lines)
    kind = (np.arange(accounts) % 3).astype(np.uint8)
    return built, forest.proof_plan(built, bytes(range(32)), KINDS, kind, tree, amounts, lines, SUBACCOUNTS)


@pytest.mark.parametrize("with_lines", [False, True])
@pytest.mark.parametrize("accounts", [1, 2, 3, 70])
def test_every_kernel_writes_the_same_proofs(accounts: int, with_lines: bool) -> None:
    made = plan(accounts, with_lines)
    want = select("plain").proof_records(made, 0, made.count).entries
    for name in available():
        got = select(name).proof_records(made, 0, made.count)
        assert got.entries == want, name
        assert select(name).proof_records(made, accounts // 2, accounts).entries == want[accounts // 2 :], name
        assert select(name).proof_records(made, 1, 1).count == 0


def test_a_proof_is_a_canonical_document_and_leads_to_its_roots() -> None:
    made = plan(70, True)
    for account, data in enumerate(select().proof_records(made, 0, made.count).entries):
        document: Any = parse_file(data)
        assert document["kind"] == KINDS[account % 3]
        assert document["account"]["salt"] == made.account_tree.salts[document["account"]["slot"]].tobytes().hex()
        for leaf in document["leaves"]:
            for side in ("claim", "debt"):
                listed = [int(line[side]) for line in leaf["lines"]] or [int(leaf[side])]
                assert int(leaf[side]) == sum(listed)
    names = proof_names(made).entries
    assert names[3] == tagged_hash(0x10, made.account_tree.salts[int(made.account_slots[3])].tobytes())


@pytest.mark.parametrize("with_lines", [False, True])
@pytest.mark.parametrize("accounts", [1, 2, 41])
def test_the_customers_verifier_accepts_every_proof(accounts: int, with_lines: bool) -> None:
    built, made = grown(accounts, with_lines)
    trees = {}
    for tree in built.trees:
        names = lp(SNAPSHOT) + lp(tree.entity) + lp(tree.asset)
        signed = (tree.scale, tree.count, tree.claims, tree.debts, tree.root, tree.context)
        trees[tree.entity, tree.asset] = standalone.Tree(*signed, names + bytes([tree.scale]) + u64(tree.count))
    attestation = standalone.AttestationResult(
        digest=bytes(range(32)).hex(),
        exchange="demo.exchange",
        snapshot=SNAPSHOT,
        signature=("pass", ""),
        trees=trees,
        accounts=built.accounts.count,
        account_root=built.accounts.root,
    )
    for account, data in enumerate(select().proof_records(made, 0, made.count).entries):
        report = standalone.check_proof(data, attestation, f"{account}@example.com")
        assert report.verdict == "valid", report.checks
        assert standalone.check_proof(data, attestation, "another@example.com").verdict == "invalid"


@pytest.mark.parametrize("name", available())
def test_the_largest_amount_is_written_whole(name: str) -> None:
    tree = np.zeros(1, dtype=np.uint32)
    amounts = pack_amounts([(AMOUNT_MAX, AMOUNT_MAX)])
    identities = pack_identities("key", ["k"])
    built = forest.build(SNAPSHOT, bytes(32), TREES[:1], tree, tree, amounts, identities, select(name))
    made = forest.proof_plan(built, bytes(32), KINDS, np.array([2], dtype=np.uint8), tree, amounts)
    assert str(AMOUNT_MAX).encode() in select(name).proof_records(made, 0, 1).entries[0]


@pytest.mark.parametrize("name", available())
def test_accounts_that_do_not_exist_have_no_proof(name: str) -> None:
    made = plan(3, False)
    for first, last in ((-1, 1), (0, 4), (2, 1)):
        with pytest.raises(ValueError):
            select(name).proof_records(made, first, last)


@pytest.mark.parametrize("name", [name for name in available() if name.startswith("c-")])
def test_proofs_that_fill_several_buffers_stay_whole(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from por.liabilities.kernels import compiled

    made = plan(1200, True)
    want = select("numpy").proof_records(made, 0, made.count).entries
    for size in (100, 9000, 100_000):
        monkeypatch.setattr(compiled, "PROOF_BUFFER_BYTES", size)
        assert select(name).proof_records(made, 0, made.count).entries == want
