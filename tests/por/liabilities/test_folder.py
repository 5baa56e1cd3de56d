"""Where the records of accounts.bin begin: the fast way finds the same places as the walk, or leaves it to the walk."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.errors import CheckFailed
from ledger.identity import ID_KINDS
from por.liabilities import folder
from por.liabilities.kernels import Blob, lp
from por.liabilities.rebuild import taken

KINDS = st.sampled_from([*(kind.encode() for kind in ID_KINDS), b"", b"phone"])
# Ids that look like records themselves must not mislead the search for records.
IDS = st.one_of(
    st.binary(max_size=40),
    st.builds(lambda head, tail: head + lp(b"email") + lp(b"x") + tail, st.binary(max_size=4), st.binary(max_size=4)),
)


def outcome(find: object, data: bytes, count: int) -> list[int] | str:
    try:
        found: list[int] = find(np.frombuffer(data, np.uint8), count).tolist()  # type: ignore[operator]  # one of two
    except CheckFailed as failure:
        return str(failure)
    return found


@given(st.lists(st.tuples(KINDS, IDS), max_size=8), st.binary(max_size=2), st.integers(-1, 1))
def test_offsets_are_those_of_the_walk(pairs: list[tuple[bytes, bytes]], tail: bytes, more: int) -> None:
    data = b"".join(lp(kind) + lp(account) for kind, account in pairs) + tail
    count = max(0, len(pairs) + more)
    walked = outcome(folder._offsets_one_by_one, data, count)
    assert outcome(folder._identity_offsets, data, count) == walked


def test_known_kinds_need_no_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(folder, "_offsets_one_by_one", None)
    entries = [lp(ID_KINDS[n % 3].encode()) + lp(b"x" * (n % 257)) for n in range(800)]
    blob = Blob.pack(entries)
    assert np.array_equal(folder._identity_offsets(blob.data, len(entries)), blob.offsets)


def test_a_cut_file_is_refused() -> None:
    data = lp(b"email") + lp(b"ann@example.com")
    for size in range(len(data)):
        with pytest.raises(CheckFailed):
            folder._identity_offsets(np.frombuffer(data[:size], np.uint8), 1)


@given(st.lists(st.binary(max_size=9), max_size=20), st.randoms(use_true_random=False))
def test_entries_are_taken_in_any_order(entries: list[bytes], random: object) -> None:
    order = list(range(len(entries)))
    random.shuffle(order)  # type: ignore[attr-defined]  # a random.Random
    found = taken(Blob.pack(entries), np.array(order, np.int64))
    assert list(found.entries) == [entries[number] for number in order]
