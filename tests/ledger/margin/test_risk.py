"""Risk against the plain calculator: never in the customer's favour, and off by roundings only."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from ledger.margin.explain import Judged, read_view, view_document
from ledger.margin.formulas import collateral_value, requirement
from ledger.margin.risk import AccountView, AssetLine, PositionLine, assess
from ledger.margin.terms import Haircut, MarginFunction
from tests.ledger.margin.strategies import UNIT, Case, cases, functions, haircuts
from tests.support.plain_risk import counted, judge, required

QUANTUM = Fraction(1, UNIT)


def _down(ours: int, low: Fraction, high: Fraction, units: int) -> None:
    """Ours is not above the true number, and below it by so many units at most."""
    assert low - units * QUANTUM <= Fraction(ours, UNIT) <= high


def _up(ours: int, low: Fraction, high: Fraction, slack: Fraction) -> None:
    assert low <= Fraction(ours, UNIT) <= high + slack


@given(cases())
def test_it_is_the_plain_calculation_rounded_against_the_customer(case: Case) -> None:
    health, plain = assess(*case), judge(*case)
    assert health is not None
    lines = len(case.view.assets) + len(case.view.positions)
    _down(health.collateral, *plain.collateral, 2 * len(case.view.assets))
    _down(health.profit, plain.profit, plain.profit, 1)
    _up(health.liabilities, plain.liabilities, plain.liabilities, len(case.view.assets) * QUANTUM)
    _up(health.exposure, plain.exposure, plain.exposure, lines * QUANTUM)
    # A notional is rounded up, then its root (10^-9 of a root of a unit), then the product.
    slack = lines * 4 * QUANTUM + plain.exposure * Fraction(1, 10**9) * Fraction(10**6, 10**9)
    _up(health.initial, *plain.initial, slack)
    _up(health.maintenance, *plain.maintenance, slack)
    _up(health.stop, *plain.stop, 2 * slack)
    assert abs(Fraction(health.backstop, UNIT) - plain.backstop[1]) <= slack + 2 * QUANTUM


@given(st.integers(0, 2**110), haircuts)
def test_collateral_is_rounded_down_once(value: int, haircut: Haircut) -> None:
    _down(collateral_value(value, haircut), *counted(Fraction(value, UNIT), haircut), 2)


@given(st.integers(0, 2**110), functions)
def test_a_requirement_is_rounded_up(notional: int, function: MarginFunction) -> None:
    low, high = required(Fraction(notional, UNIT), function)
    _up(requirement(notional, function), low, high, 2 * QUANTUM + Fraction(notional, UNIT) * Fraction(1, 10**12))


@given(st.integers(0, 2**61), st.integers(-3, 3), st.integers(0, 2**40), haircuts)
def test_more_never_counts_less(root: int, beside: int, more: int, haircut: Haircut) -> None:
    # Beside a square is where the root takes its step.
    value = max(0, root * root + beside)
    assert collateral_value(value, haircut) <= collateral_value(value + 1, haircut)
    assert collateral_value(value, haircut) <= collateral_value(value + more, haircut)


@given(st.integers(0, 2**61), st.integers(-3, 3), functions)
def test_more_never_requires_less(root: int, beside: int, function: MarginFunction) -> None:
    notional = max(0, root * root + beside)
    assert requirement(notional, function) <= requirement(notional + 1, function)


@given(cases())
def test_what_is_missing_is_never_guessed(case: Case) -> None:
    view, terms, prices, marks = case
    assert assess(view, terms, prices, {"A": 1}) is None
    assert assess(view, terms, {name: prices[name] for name in ("BTC", "SOL")}, marks) is None
    only = view._replace(assets=(AssetLine("BTC", 5, 1),))
    assert assess(only, terms, {"USDC": prices["USDC"]}, marks) is None
    # A claim alone counts nothing without its price.
    health = assess(AccountView((AssetLine("BTC", 5, 0),), (), 0, 1), terms, {}, {})
    assert health is not None and health.equity == 0


@given(cases())
def test_orders_ask_initial_margin_and_nothing_else(case: Case) -> None:
    view, terms, prices, marks = case
    bare = view._replace(
        assets=tuple(line._replace(potential=0) for line in view.assets),
        positions=tuple(PositionLine(line.market, line.size, line.basis) for line in view.positions),
    )
    with_orders, without = assess(view, terms, prices, marks), assess(bare, terms, prices, marks)
    assert with_orders is not None and without is not None
    assert with_orders.initial >= without.initial
    same = ("collateral", "profit", "liabilities", "maintenance", "stop", "backstop")
    assert all(getattr(with_orders, name) == getattr(without, name) for name in same)
    assert without.stop >= without.maintenance >= without.backstop


@given(cases())
def test_a_wallet_as_it_was_judged_can_be_judged_again(case: Case) -> None:
    text = view_document(*case)
    read: Judged = read_view(text)
    assert read.view == case.view
    assert read.health() == assess(*case)
    assert view_document(*read) == text
