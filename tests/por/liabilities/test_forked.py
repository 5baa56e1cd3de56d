"""Two processes give what one gives, and an error in the child is met by the parent."""

from __future__ import annotations

import os
import threading
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from por.liabilities import forked
from por.liabilities.forked import in_two_processes


def square(number: int) -> tuple[int, int]:
    return number * number, os.getpid()


@given(st.lists(st.integers(0, 10**6), max_size=12))
def test_results_come_back_in_order(sizes):
    results = in_two_processes([partial(square, size) for size in sizes], sizes)
    assert [result[0] for result in results] == [size * size for size in sizes]


@pytest.mark.skipif(not hasattr(os, "fork") or os.cpu_count() == 1, reason="this system does not fork, or has one core")
def test_half_of_the_work_is_done_elsewhere():
    if threading.active_count() > 1:
        pytest.skip("this test process has other threads, so it does not fork")
    owners = {owner for _, owner in in_two_processes([partial(square, 2)] * 4, [1] * 4)}
    assert len(owners) == 2


def test_an_error_in_either_half_is_raised_here():
    def fail():
        raise ValueError("of this half")

    for jobs in ([fail, partial(square, 1)], [partial(square, 1), fail]):
        with pytest.raises(ValueError, match="of this half"):
            in_two_processes(jobs, [1, 1])


def test_a_child_that_dies_loses_nothing():
    parent = os.getpid()

    def die_elsewhere():
        if os.getpid() != parent:
            os._exit(9)
        return "here"

    assert in_two_processes([die_elsewhere] * 4, [1] * 4) == ["here"] * 4


def test_one_large_job_is_not_split():
    assert forked._share_of_child([5]) == set()
    assert len(forked._share_of_child([5, 5])) == 1
