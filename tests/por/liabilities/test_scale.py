"""Trees through Dask: the same roots as in one process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest

from por.liabilities import forest, scale
from por.liabilities.kernels import AMOUNT_MAX, AmountOverflow, available, pack_amounts, pack_identities, pack_names
from por.liabilities.kernels import select as select_kernel

pytest.importorskip("distributed")

SNAPSHOT = "demo.exchange/2026-11-23T02:00:00Z/0"
TREES = [("main", "BTC", 8), ("main", "ETH", 9), ("main", "USDC", 6), ("other", "BTC", 8)]


class InProcess:
    """The three calls of a Dask client, at once and here."""

    def scatter(self, data: Any) -> Any:
        return data

    def submit(self, function: Callable[..., Any], *arguments: Any, pure: bool) -> Any:
        return function(*arguments)

    def gather(self, futures: Any) -> Any:
        return futures


def books(accounts: int, with_lines: bool) -> tuple[tuple[Any, ...], forest.Lines | None]:
    rng = np.random.default_rng(accounts)
    holds = rng.random((len(TREES), accounts)) < 0.5
    holds[2], holds[:, ::5] = False, False
    tree, account = (column.astype(np.uint32) for column in np.nonzero(holds))
    pairs = [(2 * int(a) + 2, 2 * int(b)) for a, b in rng.integers(0, 2**60, (tree.size, 2))]
    lines = None
    if with_lines:
        offsets = np.arange(0, 2 * tree.size + 1, 2, dtype=np.uint64)
        halves = pack_amounts([(claim // 2, debt // 2) for claim, debt in pairs for _ in range(2)])
        names = np.tile(np.array([0, 1], dtype=np.uint32), tree.size)
        lines = forest.Lines(offsets, names, halves, pack_names([("",), ("savings",)]))
    identities = pack_identities("email", [f"{i}@example.com" for i in range(accounts)])
    return (TREES, tree, account, pack_amounts(pairs), identities), lines


def same_roots(got: scale.Roots, want: forest.Forest) -> None:
    assert [tree.root for tree in got.trees] == [tree.root for tree in want.trees]
    assert [(t.count, t.claims, t.debts) for t in got.trees] == [(t.count, t.claims, t.debts) for t in want.trees]
    assert (got.account_count, got.account_root) == (want.accounts.count, want.accounts.root)


@pytest.mark.parametrize("with_lines", [False, True])
@pytest.mark.parametrize(("accounts", "ranges", "bits"), [(0, 3, 4), (2, 1, 0), (40, 7, 3), (333, 4, 5), (90, 99, 20)])
def test_ranges_of_any_size_join_to_the_same_roots(accounts: int, ranges: int, bits: int, with_lines: bool) -> None:
    arguments, lines = books(accounts, with_lines)
    want = forest.build(SNAPSHOT, bytes(32), *arguments, select_kernel("plain"), lines)
    for name in available():
        cut = {"kernel": name, "account_ranges": ranges, "slot_bits": bits}
        same_roots(scale.build(InProcess(), SNAPSHOT, bytes(32), *arguments, lines, **cut), want)
        same_roots(scale.build(InProcess(), SNAPSHOT, bytes(32), *arguments, lines, kept=want.kept, **cut), want)


def test_an_overflow_between_subtrees_is_found() -> None:
    tree = np.zeros(2, dtype=np.uint32)
    arguments = (TREES, tree, np.array([0, 1], dtype=np.uint32), pack_amounts([(AMOUNT_MAX, 0), (1, 0)]))
    with pytest.raises(AmountOverflow):
        scale.build(InProcess(), SNAPSHOT, bytes(32), *arguments, pack_identities("email", ["a", "b"]), slot_bits=0)


@pytest.fixture
def client() -> Iterator[Any]:
    client = scale.local_client(2)
    yield client
    cluster = client.cluster
    client.close()
    cluster.close()


def test_two_worker_processes_give_the_same_roots(client: Any) -> None:
    arguments, lines = books(3000, True)
    want = forest.build(SNAPSHOT, bytes(32), *arguments, select_kernel(), lines)
    got = scale.build(client, SNAPSHOT, bytes(32), *arguments, lines, account_ranges=4, slot_bits=9)
    same_roots(got, want)
