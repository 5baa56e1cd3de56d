"""Live trees: at any moment the root is that of a rebuild from slots and amounts, whenever `refresh` was called."""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from ledger.errors import CheckFailed, FormatError
from por.liabilities import secrets
from por.liabilities.forest import asset_context, asset_root
from por.liabilities.kept import LeafWithoutSlot, leaves_by_slot, read_kept
from por.liabilities.kernels import (
    AMOUNT_MAX,
    AmountOverflow,
    Blob,
    available,
    pack_amounts,
    pack_identities,
    select,
)
from por.liabilities.live import LiveForest
from por.liabilities.opened import open_hour, read_opened, write_opened

SNAPSHOT = "small.exchange/2026-11-20T02:00:00Z/0"
NAMES = [("main", "BTC", 8), ("main", "ETH", 9)]
MASTER = b"m" * 32
PEOPLE = [f"{number}@example.com" for number in range(12)]


def hour(number):
    return f"small.exchange/2026-11-20T{number:02d}:00:00Z/0"


def forest_of(kernel="plain", people=PEOPLE):
    forest = LiveForest(SNAPSHOT, MASTER, NAMES, select(kernel))
    for entry in pack_identities("email", people).entries:
        forest.add_account(entry)
    return forest


def opening(rows):
    """Rows of (account, claim, debt), as `open` takes them."""
    return np.array([row[0] for row in rows], np.uint32), pack_amounts([row[1:] for row in rows]).reshape(-1, 32)


def slot_of(forest, tree):
    return {account: slot for slot, account in enumerate(forest.trees[tree].accounts.tolist())}


class PlainHour:
    """The rules of an hour, told again with dictionaries, lists and the plain kernel; by (entity, asset)."""

    def __init__(self, snapshot, identities):
        self.snapshot, self.identities, self.kernel = snapshot, list(identities), select("plain")
        self.slots = {}
        self.amounts = {}

    def open(self, name, balances):
        rows = [account for account in sorted(balances) if any(balances[account])]
        key = secrets.order_stream_key(secrets.hour_key(MASTER, self.snapshot), *name[:2])
        order = secrets.order(key, len(rows)).tolist()
        self.slots[name] = dict(zip(rows, order, strict=True))
        self.amounts[name] = {account: balances[account] for account in rows}

    def change(self, name, account, amounts):
        slots = self.slots.setdefault(name, {})
        slots.setdefault(account, len(slots))
        self.amounts.setdefault(name, {})[account] = amounts

    def root(self, name):
        slots, amounts = self.slots.get(name, {}), self.amounts.get(name, {})
        accounts = sorted(slots, key=slots.get)
        key = secrets.salt_stream_key(secrets.hour_key(MASTER, self.snapshot), *name[:2])
        levels = self.kernel.levels(
            self.kernel.leaves(
                asset_context(self.snapshot, *name[:2]),
                secrets.salts(key, len(accounts)),
                np.array(accounts, np.uint32),
                Blob.pack(self.identities),
                pack_amounts([amounts[account] for account in accounts]).reshape(-1, 32),
            )
        )
        return asset_root(self.snapshot, name, len(accounts), levels.top)


def columns_of(balances, names):
    """Leaf columns of {name: {account: amounts}}, rising by name and account."""
    rows = [
        (place, account, amounts)
        for place, name in enumerate(names)
        for account, amounts in sorted(balances[name].items())
    ]
    return (
        np.array([row[0] for row in rows], np.uint32),
        np.array([row[1] for row in rows], np.uint32),
        pack_amounts([row[2] for row in rows]).reshape(-1, 32),
    )


class LiveHours(RuleBasedStateMachine):
    """Hours one after the other: changes, newcomers, listings, slices, restarts, adoption with changes under way."""

    @initialize(kernel=st.sampled_from(available()))
    def begin(self, kernel):
        self.folder = Path(tempfile.mkdtemp(prefix="hours-"))
        self.kernel = select(kernel)
        self.number = 1
        self.position = 0
        self.names = list(NAMES)
        self.ids = list(pack_identities("email", PEOPLE[:4]).entries)
        self.live = LiveForest(hour(1), MASTER, NAMES, self.kernel)
        for entry in self.ids:
            self.live.add_account(entry)
        self.plain = PlainHour(hour(1), self.ids)
        self.ledger = {name: {} for name in NAMES}
        self.since_opening = []
        self.drawn = None

    def teardown(self):
        if hasattr(self, "folder"):
            shutil.rmtree(self.folder)

    def here(self):
        return self.folder / f"hour-{self.number}"

    @rule(
        tree=st.integers(0, 9),
        account=st.integers(0, 99),
        claim=st.sampled_from([0, 1, 7, 2**62]),
        debt=st.integers(0, 1),
    )
    def change(self, tree, account, claim, debt):
        name = self.names[tree % len(self.names)]
        account %= len(self.ids)
        number = self.live.number(*name[:2])
        self.live.change(number, account, claim, debt)
        self.position += 1
        self.ledger[name][account] = (claim, debt)
        self.since_opening.append((name, account, (claim, debt)))
        if self.drawn is None:
            self.plain.change(name, account, (claim, debt))

    @rule()
    def newcomer(self):
        entry = pack_identities("email", [f"late{len(self.ids)}@example.com"]).entries[0]
        assert self.live.add_account(entry) == len(self.ids)
        self.ids.append(entry)
        self.plain.identities.append(entry)

    @rule()
    def listing(self):
        if len(self.names) < 5:
            name = ("main", f"A{len(self.names)}", 3)  # before every other by name
            self.live.add_tree(name)
            self.names.append(name)
            self.ledger[name] = {}

    @rule(limit=st.integers(1, 4))
    def slice(self, limit):
        before = self.live.pending
        after = self.live.refresh(limit)
        assert after == (before if self.live.is_cut else max(before - limit, 0))

    @rule()
    def cut_and_draw(self):
        if self.drawn is not None:
            return
        self.live.refresh()
        roots = self.live.cut(self.position, self.here())
        assert {state.name: state.root for state in roots.trees} == {n: self.plain.root(n) for n in self.names}
        ordered = sorted(self.names)
        assert [state.name for state in roots.trees] == ordered
        self.check_rebuild(ordered, roots)
        opened = open_hour(
            hour(self.number + 1),
            MASTER,
            self.position,
            ordered,
            *columns_of(self.ledger, ordered),
            Blob.pack(self.ids),
            self.kernel,
        )
        write_opened(self.folder / f"hour-{self.number + 1}", opened)
        self.drawn = (ordered, {name: dict(balances) for name, balances in self.ledger.items()})
        self.since_opening = []

    def check_rebuild(self, ordered, roots):
        kept = read_kept(self.here())
        assert kept.names == ordered
        leaf_tree, accounts, amounts, _ = leaves_by_slot(kept, *columns_of(self.ledger, ordered))
        for place, tree in enumerate(kept.trees):
            rows = leaf_tree == place
            key = secrets.salt_stream_key(secrets.hour_key(MASTER, kept.snapshot_id), *tree.name[:2])
            leaves = self.kernel.leaves(
                asset_context(kept.snapshot_id, *tree.name[:2]),
                secrets.salts(key, tree.slots.size),
                accounts[rows],
                kept.identities,
                amounts[rows],
                None,
                tree.slots,
            )
            levels = self.kernel.levels(leaves)
            assert asset_root(kept.snapshot_id, tree.name, levels.count, levels.top) == roots.trees[place].root

    @rule()
    def adopt(self):
        if self.drawn is None:
            return
        ordered, balances = self.drawn
        self.number += 1
        self.live.adopt(read_opened(self.here()))
        self.plain = PlainHour(hour(self.number), self.ids)
        for name in ordered:
            self.plain.open(name, balances[name])
        for name, account, amounts in self.since_opening:
            self.plain.change(name, account, amounts)
        self.drawn = None

    @rule()
    def restart_from_the_opening(self):
        """The hour's folder is adopted again and every change since is given again."""
        if self.drawn is not None or self.number == 1:
            return
        again = LiveForest(hour(self.number), MASTER, [], self.kernel)
        again.adopt(read_opened(self.here()))
        self.go_on(again, self.since_opening)

    @rule(lost=st.integers(0, 3))
    def restart_from_kept_slots(self, lost):
        """Slots and balances of one position, then the changes after it."""
        if self.drawn is not None:
            return
        self.live.refresh()
        self.live.write_kept(self.here(), self.position)
        kept = read_kept(self.here())
        leaves = columns_of(self.ledger, kept.names)
        self.go_on(
            LiveForest.reopen(kept, MASTER, *leaves, self.kernel), self.since_opening[len(self.since_opening) - lost :]
        )

    def go_on(self, again, changes):
        for entry in self.ids[again.account_count :]:
            again.add_account(entry)
        for name in self.names:
            if again.number(*name[:2]) is None:
                again.add_tree(name)
        for name, account, amounts in changes:
            again.change(again.number(*name[:2]), account, *amounts)
        self.live = again

    @invariant()
    def roots_are_those_of_the_plain_hour(self):
        if not hasattr(self, "live") or self.live.is_cut or self.live.pending:
            return
        for name in self.names:
            number = self.live.number(*name[:2])
            assert self.live.root(number) == self.plain.root(name)
            owed = self.ledger[name].values()
            assert self.live.trees[number].sums == tuple(sum(amounts[side] for amounts in owed) for side in (0, 1))


LiveHours.TestCase.settings = settings(
    max_examples=40, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
TestLiveHours = LiveHours.TestCase


@pytest.mark.parametrize("kernel", available())
@settings(max_examples=20)
@given(
    changes=st.lists(
        st.tuples(st.integers(0, 1), st.integers(0, 11), st.integers(0, 3), st.integers(0, 1)), max_size=40
    ),
    limits=st.lists(st.integers(1, 7), max_size=40),
)
def test_slots_follow_from_the_log_and_never_from_when_refresh_was_called(kernel, changes, limits):
    one, other = forest_of(kernel), forest_of(kernel)
    for forest in (one, other):
        forest.open(0, *opening([(1, 5, 0), (4, 6, 0)]))
    for number, change in enumerate(changes):
        one.change(*change)
        other.change(*change)
        if number < len(limits):
            other.refresh(limits[number])
    one.refresh()
    other.refresh()
    assert [one.root(tree) for tree in (0, 1)] == [other.root(tree) for tree in (0, 1)]


def test_a_leaf_that_falls_to_zero_keeps_its_slot_and_newcomers_follow_in_log_order():
    forest = forest_of()
    forest.open(0, *opening([(1, 5, 0), (2, 6, 0), (3, 7, 0)]))
    slots = slot_of(forest, 0)
    for account, claim in ((2, 0), (9, 1), (8, 0), (9, 4), (0, 2)):
        forest.change(0, account, claim, 0)
    forest.refresh()
    found = slot_of(forest, 0)
    assert {account: found[account] for account in slots} == slots
    assert (found[9], found[8], found[0]) == (3, 4, 5)


def test_the_order_of_the_opening_is_that_of_the_hours_stream():
    forest = forest_of()
    forest.open(0, *opening([(account, 1, 0) for account in range(12)]))
    key = secrets.order_stream_key(secrets.hour_key(MASTER, SNAPSHOT), "main", "BTC")
    found = slot_of(forest, 0)
    assert [found[account] for account in range(12)] == secrets.order(key, 12).tolist()


@settings(max_examples=30)
@given(slots=st.lists(st.integers(0, 2**40), max_size=20))
def test_salts_of_single_slots_are_those_of_the_stream(slots):
    found = secrets.salts_at(b"k" * 32, np.array(slots, np.uint64))
    assert [salt.tobytes() for salt in found] == [secrets.salts(b"k" * 32, 1, slot).tobytes() for slot in slots]


def test_a_sum_that_is_too_large_leaves_its_changes_to_come():
    forest = forest_of()
    forest.open(0, *opening([(1, AMOUNT_MAX - 5, 0), (2, 5, 0)]))
    before = forest.root(0)
    forest.change(0, 2, 6, 0)
    with pytest.raises(AmountOverflow):
        forest.refresh()
    assert forest.root(0) == before and forest.pending == 1
    with pytest.raises(AssertionError):
        forest.roots(1)


def test_between_the_cut_and_the_next_hour_changes_wait(tmp_path):
    forest = forest_of()
    forest.open(0, *opening([(1, 5, 0)]))
    roots = forest.cut(7, tmp_path / "hour")
    forest.change(0, 1, 9, 0)
    assert forest.refresh() == 1 and forest.root(0) == roots.trees[0].root
    with pytest.raises(AssertionError):
        forest.cut(8, tmp_path / "hour")


def test_a_start_between_two_hours_waits_for_the_next_one():
    forest = LiveForest(SNAPSHOT, MASTER, NAMES, select(), is_cut=True)
    for entry in pack_identities("email", PEOPLE).entries:
        forest.add_account(entry)
    forest.change(0, 3, 7, 0)
    assert forest.refresh() == 1
    columns = columns_of({NAMES[0]: {0: (5, 0)}, NAMES[1]: {}}, NAMES)
    forest.adopt(open_hour(hour(3), MASTER, 1, NAMES, *columns, pack_identities("email", PEOPLE), select()))
    assert forest.refresh() == 0 and forest.trees[0].sums == (12, 0)


def kept_folder(tmp_path):
    forest = forest_of()
    forest.open(0, *opening([(1, 5, 0), (2, 6, 0)]))
    forest.change(0, 3, 1, 0)
    forest.refresh()
    forest.write_kept(tmp_path / "hour", 3)
    return tmp_path / "hour"


def test_balances_of_a_later_position_have_no_slot(tmp_path):
    kept = read_kept(kept_folder(tmp_path))
    balances = {name: {} for name in NAMES} | {NAMES[0]: {1: (5, 0), 4: (1, 0)}}
    with pytest.raises(LeafWithoutSlot, match="main/BTC: 1 balances"):
        LiveForest.reopen(kept, MASTER, *columns_of(balances, NAMES), select())


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "kept" / "newcomers.npy").unlink(),
        lambda folder: np.save(folder / "kept" / "newcomers.npy", np.array([3, 3], np.uint32)),
        lambda folder: np.save(folder / "kept" / "newcomers.npy", np.array([1], np.uint32)),
        lambda folder: (folder / "tree-00000-slots.npy").write_bytes(b"no array"),
        lambda folder: (folder / "kept" / "kept.json").write_text("{}\n"),
        lambda folder: (folder / "index.json").unlink(),
    ],
)
def test_a_damaged_folder_is_refused(tmp_path, damage):
    folder = kept_folder(tmp_path)
    damage(folder)
    with pytest.raises((CheckFailed, FormatError)):
        read_kept(folder)


def test_an_opened_hour_is_read_as_it_was_written(tmp_path):
    balances = {NAMES[0]: {0: (5, 0), 3: (0, 2), 4: (0, 0)}, NAMES[1]: {}}
    columns = columns_of(balances, NAMES)
    opened = open_hour(SNAPSHOT, MASTER, 9, NAMES, *columns, pack_identities("email", PEOPLE), select())
    write_opened(tmp_path / "hour", opened)
    again = read_opened(tmp_path / "hour")
    assert (again.snapshot_id, again.position, again.identities.entries) == (SNAPSHOT, 9, opened.identities.entries)
    assert [tree.levels.top for tree in again.trees] == [tree.levels.top for tree in opened.trees]
    assert again.trees[0].accounts.tolist() == [0, 3]
    data = (tmp_path / "hour" / "tree-00000-upper.npy").read_bytes()
    (tmp_path / "hour" / "tree-00000-upper.npy").write_bytes(data[:-64])
    with pytest.raises(CheckFailed):
        read_opened(tmp_path / "hour")


def test_a_changed_id_counts_from_the_next_hour():
    forest = forest_of()
    columns = columns_of({NAMES[0]: {0: (5, 0)}, NAMES[1]: {}}, NAMES)
    renamed = pack_identities("email", ["new@example.com", *PEOPLE[1:]])
    opened = open_hour(hour(3), MASTER, 1, NAMES, *columns, renamed, select())
    forest.adopt(replace(opened))
    plain = PlainHour(hour(3), renamed.entries)
    plain.open(NAMES[0], {0: (5, 0)})
    assert forest.root(0) == plain.root(NAMES[0])
