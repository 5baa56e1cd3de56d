"""At the maximum it is allowed and one more is not; at the liquidation price it begins and one nearer it does not."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.margin.limits import liquidation_mark, liquidation_prices
from ledger.margin.risk import AccountView, AssetLine, assess
from tests.ledger.margin.strategies import Case, cases
from tests.support.what_could import max_borrow, max_margin_order, max_order, max_withdrawal


def _allows(case: Case, after: AccountView) -> bool:
    before, then = assess(*case), assess(after, *case[1:])
    assert before is not None and then is not None
    slack = then.equity - then.initial
    return slack >= 0 or slack >= before.equity - before.initial


def _change(view: AccountView, asset: str, *, claim: int = 0, debt: int = 0, potential: int = 0) -> AccountView:
    def changed(line: AssetLine) -> AssetLine:
        if line.asset != asset:
            return line
        return AssetLine(asset, line.claim + claim, line.debt + debt, line.potential + potential)

    return view._replace(assets=tuple(changed(line) for line in view.assets))


@given(cases(), st.booleans(), st.integers(1, 10**9))
def test_an_order(case: Case, is_bid: bool, most: int) -> None:
    found = max_order(*case, "A", is_bid=is_bid, most=most)

    def after(steps: int) -> AccountView:
        line = case.view.positions[0]
        more = line._replace(bids=line.bids + steps) if is_bid else line._replace(asks=line.asks + steps)
        return case.view._replace(positions=(more, *case.view.positions[1:]))

    assert _allows(case, after(found))
    assert found == most or not _allows(case, after(found + 1))


@given(cases(), st.integers(0, 10**9))
def test_a_spot_margin_order(case: Case, uncommitted: int) -> None:
    found, most = max_margin_order(*case, "USDC", uncommitted, most=10**13), 10**13
    assert found >= uncommitted
    assert _allows(case, _change(case.view, "USDC", potential=found - uncommitted))
    assert found == most or not _allows(case, _change(case.view, "USDC", potential=found + 1 - uncommitted))


@given(cases(), st.integers(0, 10**13))
def test_borrowing(case: Case, most: int) -> None:
    found = max_borrow(*case, "SOL", most=most)
    assert _allows(case, _change(case.view, "SOL", claim=found, debt=found))
    assert found == most or not _allows(case, _change(case.view, "SOL", claim=found + 1, debt=found + 1))


@given(cases(), st.data(), st.sampled_from([0, 10**12]))
def test_a_withdrawal(case: Case, data: st.DataObject, borrowable: int) -> None:
    own = data.draw(st.integers(0, case.view.assets[0].claim))
    found = max_withdrawal(*case, "BTC", own, borrowable=borrowable)

    def after(quanta: int) -> AccountView:
        return _change(case.view, "BTC", claim=-min(quanta, own), debt=max(0, quanta - own))

    assert found <= own + borrowable
    assert _allows(case, after(found))
    assert found == own + borrowable or not _allows(case, after(found + 1))


def _is_healthy(case: Case) -> bool:
    health = assess(*case)
    assert health is not None
    return health.equity >= health.maintenance


@given(cases(), st.data())
def test_a_mark_of_liquidation(case: Case, data: st.DataObject) -> None:
    size, now = case.view.positions[0].size, case.marks["A"]

    def healthy(mark: int) -> bool:
        return _is_healthy(case._replace(marks={**case.marks, "A": mark}))

    found = liquidation_mark(*case, "A")
    if found is None:
        assert not size or healthy(data.draw(st.integers(1, now) if size > 0 else st.integers(now, 2**63)))
    elif found == now:
        assert not healthy(now)
    else:
        assert (found < now) == (size > 0)
        assert not healthy(found)
        assert healthy(found + 1 if size > 0 else found - 1)
        nearer = st.integers(found + 1, now) if size > 0 else st.integers(now, found - 1)
        assert healthy(data.draw(nearer))


@given(cases(), st.data())
def test_prices_of_liquidation(case: Case, data: st.DataObject) -> None:
    now = case.prices["BTC"]

    def healthy(price: int) -> bool:
        return _is_healthy(case._replace(prices={**case.prices, "BTC": price}))

    below, above = liquidation_prices(*case, "BTC")
    if not healthy(now):
        assert (below, above) == (now, now)
        return
    assert healthy(data.draw(st.integers((below or 0) + 1, now)))
    assert below is None or (below < now and not healthy(below) and healthy(below + 1))
    assert above is None or (above > now and not healthy(above) and healthy(above - 1))
