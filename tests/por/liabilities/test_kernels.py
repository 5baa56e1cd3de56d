"""Every kernel against the plain one, and the plain one against a verifier written here from the specification."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from por.liabilities.kernels import (
    AMOUNT_MAX,
    AmountOverflow,
    Blob,
    Bytes2D,
    Kernel,
    KernelMissing,
    Levels,
    available,
    join_identities,
    lp,
    pack_amounts,
    pack_identities,
    pack_names,
    select,
    unpack_amount,
)
from por.liabilities.kernels.compiled import CompiledKernel

PLAIN = select("plain")
CONTEXT = bytes(range(32))

SIZES = [*range(71), 127, 129, 255, 256, 257, 1000, 1023]


@pytest.fixture(params=available())
def kernel(request: pytest.FixtureRequest) -> Kernel:
    return select(request.param)


def random_bytes(seed: int, *shape: int) -> Bytes2D:
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


def random_amounts(seed: int, rows: int) -> Bytes2D:
    amounts = random_bytes(seed, rows, 32)
    amounts[:, [0, 1, 16, 17]] = 0  # 112 bits, so that 65,536 of them add up without overflow.
    return amounts


def random_leaves(seed: int, rows: int) -> Bytes2D:
    return np.hstack([random_bytes(seed, rows, 32), random_amounts(seed + 1, rows)])


def same(levels: Levels, other: Levels) -> None:
    assert levels.count == other.count
    assert levels.height == other.height
    assert levels.top == other.top
    for k in range(levels.height):
        assert np.array_equal(levels.level(k), other.level(k)), f"level {k}"


def fold(leaf: bytes, slot: int, count: int, path: bytes) -> bytes:
    """The top node that a path leads to, from docs/spec/trees.md sections 2 and 3 alone."""
    node, width = leaf, len(leaf)
    while count > 1:
        if not (slot % 2 == 0 and slot == count - 1):
            sibling, path = path[:width], path[width:]
            pair = node + sibling if slot % 2 == 0 else sibling + node
            node = hashlib.sha256(pair + (b"\x01" if width == 64 else b"\x06")).digest()
            for start in (32, 48) if width == 64 else ():
                halves = (int.from_bytes(pair[at : at + 16], "big") for at in (start, start + 64))
                node += sum(halves).to_bytes(16, "big")
        slot, count = slot // 2, (count + 1) // 2
    assert path == b"", "no sibling is left over"
    return node


@pytest.mark.parametrize("count", SIZES)
def test_levels_equal_the_plain_ones(kernel: Kernel, count: int) -> None:
    leaves = random_leaves(count, count)
    same(kernel.levels(leaves), PLAIN.levels(leaves))
    hashes = random_bytes(count, count, 32)
    same(kernel.levels32(hashes), PLAIN.levels32(hashes))


@pytest.mark.parametrize("count", [1, 2, 3, 5, 6, 7, 8, 33, 70, 257])
def test_every_path_leads_to_the_top(kernel: Kernel, count: int) -> None:
    for levels in (kernel.levels(random_leaves(1, count)), kernel.levels32(random_bytes(1, count, 32))):
        for slot in range(count):
            assert fold(levels.level(0)[slot].tobytes(), slot, count, levels.path(slot)) == levels.top
        for outside in (-1, count):
            with pytest.raises(IndexError):
                levels.path(outside)


def test_a_tree_survives_being_sent_to_another_process(kernel: Kernel) -> None:
    levels = kernel.levels(random_leaves(1, 9))
    kernel.append(levels, random_leaves(2, 4))
    received = pickle.loads(pickle.dumps(levels))
    same(received, levels)
    assert received.path(11) == levels.path(11)
    kernel.append(received, random_leaves(3, 8))
    kernel.append(levels, random_leaves(3, 8))
    same(received, levels)


def test_the_empty_tree_and_the_tree_of_one(kernel: Kernel) -> None:
    empty = kernel.levels(np.empty((0, 64), dtype=np.uint8))
    assert (empty.count, empty.height, empty.top) == (0, 0, bytes(64))
    assert kernel.levels32(np.empty((0, 32), dtype=np.uint8)).top == bytes(32)
    leaf = random_leaves(1, 1)
    assert kernel.levels(leaf).top == leaf.tobytes()
    assert kernel.levels(leaf).path(0) == b""


identity_lists = st.lists(st.text(st.characters(codec="utf-8"), min_size=1, max_size=64), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None)
@given(ids=identity_lists, rows=st.integers(0, 70), seed=st.integers(0, 2**32 - 1), shuffled=st.booleans())
def test_leaves_and_account_leaves_equal_the_plain_ones(ids: list[str], rows: int, seed: int, shuffled: bool) -> None:
    identities = pack_identities(["email", "key", "assigned"] * len(ids), ids * 3)
    rng = np.random.default_rng(seed)
    accounts = rng.integers(0, identities.count, rows, dtype=np.uint32)
    salts, amounts, hashes = random_bytes(seed, rows, 32), random_amounts(seed, rows), random_bytes(seed + 1, rows, 32)
    slots = rng.permutation(rows).astype(np.uint64) if shuffled else None
    for name in available():
        kernel = select(name)
        for got, want in (
            (each.leaves(CONTEXT, salts, accounts, identities, amounts, None, slots) for each in (kernel, PLAIN)),
            (each.account_leaves(CONTEXT, salts, identities, accounts, hashes, slots) for each in (kernel, PLAIN)),
            (each.commitments(CONTEXT, salts, accounts, identities) for each in (kernel, PLAIN)),
        ):
            assert np.array_equal(got, want), name


def test_ids_of_every_length_give_the_commitment_of_the_specification(kernel: Kernel) -> None:
    ids = ["x" * length for length in range(1, 257)]
    salts = random_bytes(3, 256, 32)
    got = kernel.commitments(CONTEXT, salts, np.arange(256, dtype=np.uint32), pack_identities("email", ids))
    for row, identity in enumerate(ids):
        message = CONTEXT + salts[row].tobytes() + lp(b"email") + lp(identity.encode()) + b"\x04"
        assert got[row].tobytes() == hashlib.sha256(message).digest()
    amounts = random_amounts(4, 256)
    nodes = kernel.leaf_nodes(got, amounts)
    for row in range(256):
        body = got[row].tobytes() + amounts[row].tobytes()
        assert nodes[row].tobytes() == hashlib.sha256(body + b"\x00").digest() + amounts[row].tobytes()
    out = np.empty_like(nodes)
    assert kernel.leaf_nodes(got, amounts, out) is out
    assert np.array_equal(out, nodes)


@pytest.mark.parametrize("column", [0, 1])
@pytest.mark.parametrize("over", [-1, 0, 1])
def test_a_sum_at_the_limit_is_a_node_and_one_over_it_is_not(kernel: Kernel, over: int, column: int) -> None:
    for split in (1, 2**64 - 1, 2**64, 2**127, AMOUNT_MAX):
        values = [split, AMOUNT_MAX + over - split]
        if not 0 <= values[1] <= AMOUNT_MAX:
            continue
        amounts = pack_amounts([(value, 5) if column == 0 else (5, value) for value in values])
        for count in (2, 3, 40):
            rows = np.vstack([amounts, np.zeros((count - 2, 32), dtype=np.uint8)])
            leaves = np.hstack([random_bytes(1, count, 32), rows])
            if over > 0:
                with pytest.raises(AmountOverflow):
                    kernel.levels(leaves)
                with pytest.raises(AmountOverflow):
                    kernel.sums(rows)
                with pytest.raises(AmountOverflow):
                    kernel.grouped_sums(rows, np.array([0, count], dtype=np.uint64))
            else:
                assert unpack_amount(kernel.levels(leaves).top)[column] == AMOUNT_MAX + over
                assert kernel.sums(rows)[column] == AMOUNT_MAX + over


@pytest.mark.parametrize("rows", [0, 1, 7, 1000])
def test_sums_by_group(kernel: Kernel, rows: int) -> None:
    amounts = random_amounts(rows, rows)
    assert kernel.sums(amounts) == PLAIN.sums(amounts)
    for cuts in ([], [0, 0, rows // 2, rows // 2], [rows // 3, rows // 2, rows]):
        starts = np.array([0, *cuts, rows], dtype=np.uint64)
        assert np.array_equal(kernel.grouped_sums(amounts, starts), PLAIN.grouped_sums(amounts, starts))


@pytest.mark.parametrize("rows", [0, 1, 500])
def test_rows_by_account_keep_their_order(kernel: Kernel, rows: int) -> None:
    accounts = np.random.default_rng(rows).integers(0, 40, rows, dtype=np.uint32)
    for got, want in zip(kernel.group(accounts, 50), PLAIN.group(accounts, 50), strict=True):
        assert got.dtype == np.uint64
        assert np.array_equal(got, want)


steps = st.lists(st.tuples(st.sampled_from(["update", "append"]), st.integers(0, 40), st.integers(0, 999)), max_size=8)


@settings(max_examples=60, deadline=None)
@given(start=st.integers(0, 70), steps=steps, width=st.sampled_from([64, 32]))
def test_changing_leaves_gives_the_same_tree_as_building_it_again(
    start: int, steps: list[tuple[str, int, int]], width: int
) -> None:
    for name in available():
        kernel = select(name)
        leaves = random_leaves(start, start)[:, :width].copy()
        levels = kernel.levels(leaves.copy())
        for what, size, seed in steps:
            if what == "update":
                slots = np.random.default_rng(seed).permutation(len(leaves))[:size].astype(np.uint64)
                fresh = random_leaves(seed, slots.size)[:, :width].copy()
                leaves[slots] = fresh
                kernel.update(levels, slots, fresh)
            else:
                fresh = random_leaves(seed, size)[:, :width].copy()
                leaves = np.vstack([leaves, fresh])
                kernel.append(levels, fresh)
            same(levels, PLAIN.levels(leaves))


def test_a_refused_change_leaves_the_tree_as_it_was(kernel: Kernel) -> None:
    leaves = np.hstack([random_bytes(1, 5, 32), pack_amounts([(AMOUNT_MAX - 9, 0), (1, 0), (2, 0), (3, 1), (3, 0)])])
    levels = kernel.levels(leaves.copy())
    more = np.hstack([random_bytes(2, 1, 32), pack_amounts([(4, 0)])])
    with pytest.raises(AmountOverflow):
        kernel.update(levels, np.array([3], dtype=np.uint64), more)
    with pytest.raises(AmountOverflow):
        kernel.append(levels, more)
    same(levels, PLAIN.levels(leaves))
    swap = np.hstack([random_bytes(2, 2, 32), pack_amounts([(1, 0), (AMOUNT_MAX - 9, 0)])])
    kernel.update(levels, np.array([0, 1], dtype=np.uint64), swap)  # The sum stays: no step on the way may overflow.
    assert unpack_amount(levels.top) == (AMOUNT_MAX, 1)


def statement(leaves: list[tuple[bytes, int, bytes, list[tuple[bytes, bytes]]]]) -> bytes:
    parts = [len(leaves).to_bytes(4, "big")]
    for name, slot, amounts, lines in leaves:
        parts += [name, slot.to_bytes(8, "big"), amounts, len(lines).to_bytes(4, "big")]
        parts += [lp(subaccount) + line for subaccount, line in lines]
    return hashlib.sha256(b"".join(parts) + b"\x08").digest()


@settings(max_examples=40, deadline=None)
@given(
    shape=st.lists(st.lists(st.integers(1, 4), min_size=1, max_size=5), max_size=40),
    names=st.lists(st.text("Ab\u00e9", max_size=21), min_size=1, max_size=4),
    seed=st.integers(0, 2**32 - 1),
)
def test_statements_are_those_of_the_specification(shape: list[list[int]], names: list[str], seed: int) -> None:
    rng = np.random.default_rng(seed)
    trees = [("main", "A"), ("main", "LONGER.NAME"), ("other", "USDC")]
    line_counts = [lines for account in shape for lines in account]
    leaves, lines = len(line_counts), sum(line_counts)
    offsets = np.cumsum([0, *map(len, shape)], dtype=np.uint64)
    rows = rng.permutation(leaves).astype(np.uint64)
    by_row = np.zeros(leaves, dtype=np.uint64)
    by_row[rows] = line_counts
    line_offsets = np.concatenate([[0], np.cumsum(by_row)]).astype(np.uint64)
    columns: tuple[Any, ...] = (
        rng.integers(0, len(trees), leaves, dtype=np.uint32),
        rng.integers(0, 2**63, leaves, dtype=np.uint64),
        random_bytes(seed, leaves, 32),
    )
    line_columns: tuple[Any, ...] = (
        rng.integers(0, len(names), lines, dtype=np.uint32),
        random_bytes(seed + 1, lines, 32),
    )

    def expected(with_lines: bool) -> list[bytes]:
        hashes = []
        for i in range(len(shape)):
            own = []
            for row in rows[int(offsets[i]) : int(offsets[i + 1])].tolist():
                entity, asset = trees[int(columns[0][row])]
                between = range(int(line_offsets[row]), int(line_offsets[row + 1]))
                listed = [(names[line_columns[0][j]].encode(), line_columns[1][j].tobytes()) for j in between]
                amounts = columns[2][row].tobytes()
                head = lp(entity.encode()) + lp(asset.encode())
                own.append((head, int(columns[1][row]), amounts, listed if with_lines else [(b"", amounts)]))
            hashes.append(statement(own))
        return hashes

    none: tuple[Any, ...] = (None, np.empty(0, dtype=np.uint32), np.empty((0, 32), dtype=np.uint8), pack_names([]))
    full: tuple[Any, ...] = (line_offsets, *line_columns, pack_names((name,) for name in names))
    for kernel in map(select, available()):
        for with_lines, given_lines in ((True, full), (False, none)):
            got = kernel.statement_hashes(offsets, *columns, pack_names(trees), *given_lines, rows=rows)
            assert [row.tobytes() for row in got] == expected(with_lines), kernel.name
        ordered: list[Any] = [np.ascontiguousarray(column[rows]) for column in columns]
        got = kernel.statement_hashes(offsets, *ordered, pack_names(trees), *none)
        assert [row.tobytes() for row in got] == expected(False), kernel.name


def test_wrong_arguments_are_refused_before_a_byte_is_read(kernel: Kernel) -> None:
    identities = pack_identities("email", ["a", "b"])
    salts, amounts = random_bytes(1, 2, 32), random_amounts(1, 2)
    accounts = np.array([0, 1], dtype=np.uint32)
    beyond = np.array([0, 2], dtype=np.uint32)
    twice, outside = np.array([1, 1], dtype=np.uint64), np.array([0, 2], dtype=np.uint64)
    levels = kernel.levels(random_leaves(1, 2))
    wide: Any = accounts.astype(np.int64)
    wrong_calls: list[Callable[[], object]] = [
        lambda: kernel.commitments(CONTEXT[:-1], salts, accounts, identities),
        lambda: kernel.commitments(CONTEXT, salts[:1], accounts, identities),
        lambda: kernel.commitments(CONTEXT, salts, beyond, identities),
        lambda: kernel.commitments(CONTEXT, salts, wide, identities),
        lambda: kernel.commitments(CONTEXT, np.asfortranarray(salts), accounts, identities),
        lambda: kernel.leaves(CONTEXT, salts, beyond, identities, amounts),
        lambda: kernel.leaves(CONTEXT, salts, accounts, identities, amounts[:1]),
        lambda: kernel.leaves(CONTEXT, salts, accounts, identities, amounts, None, twice),
        lambda: kernel.leaves(CONTEXT, salts, accounts, identities, amounts, None, outside),
        lambda: kernel.leaves(CONTEXT, salts, accounts, identities, amounts, np.empty((1, 64), dtype=np.uint8)),
        lambda: kernel.account_leaves(CONTEXT, salts, identities, accounts, salts[:1]),
        lambda: kernel.account_leaves(CONTEXT, salts, identities, accounts, salts, twice),
        lambda: kernel.update(levels, twice, random_leaves(1, 2)),
        lambda: kernel.update(levels, outside, random_leaves(1, 2)),
        lambda: kernel.update(levels, outside[:1], random_leaves(1, 2)),
        lambda: kernel.append(levels, salts),
        lambda: kernel.levels(np.empty((2, 63), dtype=np.uint8)),
        lambda: kernel.sums(salts[:, :31]),
        lambda: kernel.grouped_sums(amounts, np.array([0, 1], dtype=np.uint64)),
        lambda: kernel.grouped_sums(amounts, np.array([0, 2, 1, 2], dtype=np.uint64)),
        lambda: kernel.group(beyond, 2),
    ]
    for call in wrong_calls:
        with pytest.raises(ValueError):
            call()


@pytest.mark.parametrize("count", [0, 1, 60])
def test_identities_joined_from_columns_equal_those_packed_from_texts(count: int) -> None:
    kinds, ids = ("email", "key", "assigned"), ["\u00e9" * (i % 7) + "x" * (i % 11) for i in range(count)]
    kind = (np.arange(count) * 7 % 3).astype(np.uint8)
    flat = Blob.pack([identity.encode() for identity in ids])
    got = join_identities(kinds, kind, flat.data.tobytes(), flat.offsets)
    assert got.entries == pack_identities([kinds[k] for k in kind], ids).entries
    with pytest.raises(ValueError):
        join_identities(kinds, np.append(kind, np.uint8(0)), flat.data.tobytes(), flat.offsets)


def test_a_blob_whose_offsets_do_not_fit_is_refused() -> None:
    data = np.zeros(4, dtype=np.uint8)
    for offsets in ([], [1, 4], [0, 3], [0, 5], [0, 3, 2, 4]):
        with pytest.raises(ValueError):
            Blob(data, np.array(offsets, dtype=np.uint64))


@pytest.mark.parametrize("name", [name for name in available() if name.startswith("c-")])
def test_every_engine_gives_the_published_digests(name: str) -> None:
    engine = CompiledKernel(name)
    million, two_blocks = b"a" * 1_000_000, b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq"
    vectors = {  # FIPS 180-2 appendix B, and the empty message.
        b"": "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
        b"abc": "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
        two_blocks: "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1",
        million: "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0",
    }
    for repeat in (1, 2, 31, 33):
        messages = [message for message in vectors if repeat < 3 or message != million] * repeat
        got = engine.digests(Blob.pack(messages))
        assert [row.tobytes().hex() for row in got] == [vectors[message] for message in messages]


@pytest.mark.parametrize("name", [name for name in available() if name.startswith("c-")])
def test_every_engine_hashes_any_number_of_messages_of_any_length(name: str) -> None:
    engine = CompiledKernel(name)
    noise = random_bytes(1, 4000).tobytes()
    lengths = [*range(260), *range(1500, 1640), 4000]
    for order in (lengths, lengths[::-1], [55] * 47, [56] * 12, [64] * 11, [119] * 64, [3000] * 3):
        messages = [noise[-length:] if length else b"" for length in order]
        got = engine.digests(Blob.pack(messages))
        assert [row.tobytes() for row in got] == [hashlib.sha256(message).digest() for message in messages]


def test_work_shared_among_threads_gives_the_same_tree(kernel: Kernel) -> None:
    if kernel.name == "plain":
        pytest.skip("one thread only, and slow at this size")
    rows, numpy = 50_001, select("numpy")
    identities = pack_identities("email", [f"{i}@example.com" for i in range(1000)])
    accounts = np.random.default_rng(1).integers(0, 1000, rows, dtype=np.uint32)
    salts, amounts = random_bytes(2, rows, 32), random_amounts(3, rows)
    slots = np.random.default_rng(4).permutation(rows).astype(np.uint64)
    both = [each.leaves(CONTEXT, salts, accounts, identities, amounts, None, slots) for each in (kernel, numpy)]
    assert np.array_equal(*both)
    same(kernel.levels(both[0]), numpy.levels(both[1]))


def test_a_missing_kernel_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KernelMissing, match="gpu"):
        select("gpu")
    monkeypatch.setenv("TALLYSTICK_KERNEL", "plain")
    assert select().name == "plain"
    assert select("numpy").name == "numpy"
    monkeypatch.setenv("TALLYSTICK_KERNEL", "")
    assert select().name == available()[-1]
