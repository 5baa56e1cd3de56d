"""Lots against a plain twin that keeps every single unit, and the laws: units and basis are conserved, exactly."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.tax.lots import LotBook, Method


class Twin:
    """Every quantum on its own: (lot, time, basis of the quantum or None)."""

    def __init__(self, method):
        self.method, self.units, self.last = method, [], 0

    def acquire(self, time, quanta, basis):
        self.last += 1
        each = None if basis is None else Fraction(basis, quanta)
        self.units += [(self.last, time, each)] * quanta

    def release(self, quanta, chosen=()):
        left = []
        for _ in range(quanta):
            left.append(self.units.pop(self.units.index(self.next(chosen))))
        return left

    def next(self, chosen):
        for number in chosen:
            for unit in self.units:
                if unit[0] == number:
                    return unit
        if self.method is Method.LIFO:
            return self.units[-1] if not self.units else max(self.units, key=lambda unit: unit[0])
        if self.method is Method.HIFO:
            return min(self.units, key=lambda unit: (Fraction(1) if unit[2] is None else -unit[2], unit[0]))
        return min(self.units, key=lambda unit: unit[0])


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("in"), st.integers(1, 12), st.one_of(st.none(), st.integers(0, 100))),
        st.tuples(st.just("out"), st.integers(1, 20), st.lists(st.integers(1, 8), max_size=3)),
    ),
    max_size=25,
)


@given(steps=STEPS, method=st.sampled_from(list(Method)))
def test_lots_are_what_a_twin_with_single_units_says(steps, method):
    book, twin = LotBook(method), Twin(method)
    acquired = released = Fraction(0)
    for time, (kind, quanta, more) in enumerate(steps):
        if kind == "in":
            book.acquire(time, quanta, None if more is None else Fraction(more), "trade")
            twin.acquire(time, quanta, more)
            acquired += more or 0
            continue
        if quanta > len(twin.units):
            with pytest.raises(AssertionError, match="no more leaves"):
                LotBook(method).release(quanta)
            continue
        parts = book.release(quanta, more)
        units = twin.release(quanta, more)
        told = [(part.lot, part.acquired_us, part.quanta, part.basis) for part in parts]
        expected = []
        for lot, when, basis in units:
            if expected and expected[-1][0] == lot:
                before = expected[-1]
                expected[-1] = (lot, when, before[2] + 1, None if basis is None else before[3] + basis)
            else:
                expected.append((lot, when, 1, basis))
        assert told == expected
        released += sum(part.basis or 0 for part in parts)
        assert book.quanta == len(twin.units) == sum(lot.quanta for lot in book)
    assert acquired == released + sum(lot.basis or 0 for lot in book)


def three(method):
    book = LotBook(method)
    book.acquire(1, 10, Fraction(100), "trade", covered=True)
    book.acquire(2, 10, Fraction(300), "trade", covered=True)
    book.acquire(3, 10, None, "deposit", "chain:x")
    return book


@pytest.mark.parametrize(
    ("method", "chosen", "expected"),
    [
        (Method.FIFO, (), [(1, 10, 100), (2, 5, 150)]),
        (Method.LIFO, (), [(3, 10, None), (2, 5, 150)]),
        (Method.HIFO, (), [(2, 10, 300), (1, 5, 50)]),
        (Method.SPECIFIC, (3,), [(3, 10, None), (1, 5, 50)]),
        (Method.SPECIFIC, (2, 2, 99), [(2, 10, 300), (1, 5, 50)]),
    ],
)
def test_which_lots_leave(method, chosen, expected):
    book = three(method)
    assert [(part.lot, part.quanta, part.basis) for part in book.release(15, chosen)] == expected
    assert book.quanta == 15


def test_a_third_of_a_basis_is_exact():
    book = LotBook()
    book.acquire(1, 3, Fraction(1), "trade")
    assert book.release(1)[0].basis == Fraction(1, 3)
    assert [lot.basis for lot in book] == [Fraction(2, 3)]


@pytest.mark.parametrize("bad", [lambda book: book.acquire(0, 5, Fraction(1), "late"), lambda book: book.release(0),
                                 lambda book: book.acquire(9, 0, None, "none"), lambda book: book.release(31),
                                 lambda book: book.acquire(9, 1, Fraction(-1), "less"),
                                 lambda book: book.acquire(9, 1, None, "x", covered=True)])  # fmt: skip
def test_what_cannot_be_is_refused(bad):
    with pytest.raises(AssertionError):
        bad(three(Method.FIFO))


def test_the_lot_of_a_deposit_is_found():
    assert three(Method.FIFO).of_reference("chain:x") == [3]
