"""Auctions: against brute force over every tick, and on books with money behind them."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.trading.auction import auction_price
from ledger.trading.orders import NewOrder
from ledger.trading.reports import Kind, Traded
from tests.support.trading import Twins

levels = st.dictionaries(st.integers(90, 115), st.integers(1, 30), min_size=1, max_size=8)


def volume(bids: dict[int, int], asks: dict[int, int], price: int) -> tuple[int, int]:
    """What trades at a price, and what is left over."""
    demand = sum(quantity for at, quantity in bids.items() if at >= price)
    supply = sum(quantity for at, quantity in asks.items() if at <= price)
    return min(demand, supply), abs(demand - supply)


@given(levels, levels, st.integers(0, 130))
@settings(max_examples=400)
def test_the_price_is_the_one_that_brute_force_finds(bids: dict[int, int], asks: dict[int, int], at: int) -> None:
    if max(bids) < min(asks):
        asks = {max(bids): 1}
    found = auction_price(sorted(bids.items(), reverse=True), sorted(asks.items()), at)
    ranks = []
    for price in range(85, 121):
        most, left = volume(bids, asks, price)
        if most:
            ranks.append((-most, left, abs(price - at), price))
    assert found == (min(ranks)[3], -min(ranks)[0])


def test_ties_go_to_less_imbalance_then_to_the_reference_then_down() -> None:
    assert auction_price([(110, 5)], [(100, 5)], 104) == (104, 5)
    assert auction_price([(110, 5)], [(100, 5)], 0) == (100, 5)
    assert auction_price([(110, 5)], [(100, 5)], 130) == (110, 5)
    assert auction_price([(110, 5), (105, 2)], [(100, 5)], 100) == (106, 5), "at 105 two would be left over"
    assert auction_price([(110, 1), (104, 3)], [(100, 1), (106, 3)], 105) == (105, 1)


rows = st.lists(st.tuples(st.integers(0, 1), st.integers(94, 106), st.integers(1, 20), st.integers(0, 3)), max_size=24)


@given(rows, st.integers(0, 110), st.booleans())
@settings(max_examples=200, deadline=None)
def test_no_order_trades_outside_its_limit_and_most_volume_trades(
    orders: list[tuple[int, int, int, int]], index: int, by_funds: bool
) -> None:
    twins = Twins(with_funds=by_funds)
    twins.do("set_state", 5)
    twins.do("set_reference", 2, index)
    placed = {}
    for number, (side, price, quantity, mode) in enumerate(orders, 1):
        # Owners of their own, so that nothing but price and time decides.
        order = NewOrder(number, number % 4 + 1, number, side, price=price, quantity=quantity, self_trade=mode)
        placed[number] = order
        assert [row[0] for row in twins.do("place", order)] == [Kind.ACCEPTED, Kind.RESTED]
    bids: dict[int, int] = {}
    asks: dict[int, int] = {}
    for order in placed.values():
        table = asks if order.side else bids
        table[order.price] = table.get(order.price, 0) + order.quantity
    trades = [Traded(*row) for row in twins.do("uncross")]
    twins.check()
    assert len({trade.price for trade in trades}) <= 1
    for trade in trades:
        maker, taker = placed[trade.maker_id], placed[trade.taker_id]
        assert maker.order_id < taker.order_id and maker.side != taker.side
        bid, ask = (maker, taker) if taker.side else (taker, maker)
        assert ask.price <= trade.price <= bid.price
    most = max(volume(bids, asks, price)[0] for price in range(90, 110))
    assert sum(trade.quantity for trade in trades) == most
    best = [twins.books[1].depth(side, 1) for side in (0, 1)]
    assert not (best[0] and best[1] and best[0][0][0] >= best[1][0][0]), "nothing crosses any more"
    # Better prices went first, and of one price the earlier order.
    left = {order_id for order_id in placed if order_id in twins.live()}
    for side in (0, 1):
        ranked = sorted((o.price if side else -o.price, o.order_id) for o in placed.values() if o.side == side)
        gone = [order_id not in left for _, order_id in ranked]
        assert gone == sorted(gone, reverse=True)
    assert twins.do("set_state", 0) == []


@given(rows, st.integers(0, 110), st.integers(0, 2**32))
@settings(max_examples=150, deadline=None)
def test_owners_and_fickle_money_only_end_orders(
    orders: list[tuple[int, int, int, int]], index: int, seed: int
) -> None:
    twins = Twins(quanta=120_000, fickle=True)
    twins.do("set_state", 5)
    twins.do("set_reference", 1, index)
    for number, (side, price, quantity, mode) in enumerate(orders, 1):
        owner = (number * 7 + seed) % 4 + 1
        twins.do("place", NewOrder(number, owner, owner, side, price=price, quantity=quantity, self_trade=mode))
        twins.check()
    if len(orders) > 1:
        twins.do("place_pair", *(
            NewOrder(100 + leg, 1, 1, leg, price=100, quantity=3, oco_partner=101 - leg, self_trade=3) for leg in (0, 1)
        ))  # fmt: skip
    twins.do("set_state", 0)
    twins.check()
    best = [twins.books[1].depth(side, 1) for side in (0, 1)]
    assert not (best[0] and best[1] and best[0][0][0] >= best[1][0][0])
