"""Whose orders count for the ratio of orders to trades: a member's own and the parts of their strategies."""

from __future__ import annotations

from compliance.sources.counted import Span, counted_beside
from ledger.commands import StartStrategy
from ledger.store.snapshot import open_at
from ledger.store.store import Store
from tests.support.wallet import PERPETUAL, name
from tests.support.wallet_store import StoredWallet


def test_a_liquidation_is_no_order_of_its_member_and_a_part_of_a_strategy_is(tmp_path) -> None:  # type: ignore[no-untyped-def]  # pytest's own
    values = [("perpetual.mark_cap", PERPETUAL, "0"), ("perpetual.mark_bound", PERPETUAL, "0")]
    world = StoredWallet(values=values)
    for who in range(1, 6):
        world.settings(who, 20, lend=False)
    world.deposit(1, USDC=3_000)
    world.deposit(2, USDC=200_000)
    world.deposit(5, USDC=2_000_000)
    world.trade(1, 2, 10_000, 50_000)
    world.tick()
    world.order(5, "ask", 100, 50_100)
    world.give(StartStrategy(name(2), "", PERPETUAL, "bid", 7, 20, 2, 60, 10_000, True, False))
    world.order(5, "bid", 20_000, 48_200)
    world.prices(BTC=48_050)
    world.tick()
    world.tick(1)
    assert world.size(1) < 10_000, "the book took a part of it"
    url = f"sqlite:///{tmp_path}/store.db"
    with Store.open(url) as store:
        world.write(store)
    with open_at(url) as snapshot, counted_beside(snapshot, Span(1, 1, world.engine.sequence)) as counting:
        counts = counting.result()
    placed = {(account, market): orders for account, market, orders in counts.placed}
    fills = {(each.account, each.market): each.fills for each in counts.fills}
    assert placed[name(1), PERPETUAL] == 1, "its own order, and none of the liquidation's"
    assert fills[name(1), PERPETUAL] == 1
    assert placed[name(2), PERPETUAL] == 2, "its own order, and the part of its strategy"
