"""What a cut says of lending: collateral counts once, and who is no customer counts nothing."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from ledger.margin.stated import AssetPrice, LendingFacts, StatedLine, StatedWallet, market_figures, state_lending
from ledger.margin.terms import Haircut
from tests.support.wallet import USDC, WalletExchange

UNIT = 10**18
HALF = Haircut(500_000, 0, 0, 2**62)
WHOLE = Haircut(1_000_000, 0, 0, 2**62)
PRICES = (
    AssetPrice("BTC", 8, 50_000 * UNIT, HALF),
    AssetPrice("OWN", 2, 10 * UNIT, WHOLE, issued=True),
    AssetPrice("RARE", 2, None, WHOLE),
    AssetPrice("SOL", 9, 100 * UNIT, HALF),
    AssetPrice("USDC", 6, UNIT, WHOLE),
)


def stated(*wallets: StatedWallet) -> LendingFacts:
    return state_lending("main", wallets, PRICES, {}, {})


def counted(*wallets: StatedWallet) -> dict[str, int]:
    return {row.asset: row.counted_debts for row in stated(*wallets).assets if row.counted_debts}


def wallet(*lines: tuple[str, int, int, int], relation: str = "customer", loss: int = 0) -> StatedWallet:
    return StatedWallet(relation, [StatedLine(*line) for line in lines], loss)


def test_a_debt_counts_up_to_its_collateral_under_exact_and_over() -> None:
    for debt, counts in ((24_999, 24_999), (25_000, 25_000), (25_001, 25_000)):
        found = stated(wallet(("BTC", 10**8, 0, 0), ("USDC", 0, debt * USDC, 0)))
        dollars = found.assets[-1]
        assert dollars.counted_debts == counts * USDC
        assert dollars.over_collateral_sum == (debt - counts) * USDC
        assert dollars.over_collateral_count == (debt > counts)


def test_collateral_is_shared_and_stands_behind_no_two_debts() -> None:
    found = counted(wallet(("BTC", 10**8, 0, 0), ("SOL", 0, 250 * 10**9, 0), ("USDC", 0, 20_000 * USDC, 5_000 * USDC)))
    assert found == {"SOL": 125 * 10**9, "USDC": 12_500 * USDC}


def test_what_a_wallet_stands_to_lose_is_no_collateral() -> None:
    lines = (("BTC", 10**8, 0, 0), ("USDC", 0, 25_000 * USDC, 0))
    assert counted(wallet(*lines, loss=5_000 * UNIT)) == {"USDC": 20_000 * USDC}
    assert counted(wallet(*lines, loss=26_000 * UNIT)) == {}


def test_debts_of_who_is_no_customer_count_nothing_and_are_listed() -> None:
    lines = (("BTC", 10**8, 0, 0), ("USDC", 0, 100, 7))
    for relation in ("staff", "affiliate", "house", "vault"):
        found = stated(wallet(*lines, relation=relation))
        assert found.assets[-1].counted_debts == 0 and found.assets[-1].related_sum == 107
        assert [(row.creditor, row.amount) for row in found.related] == [("exchange", 7), ("pool", 100)]
        assert {row.relation for row in found.related} == {relation}


def test_what_the_exchange_issues_is_no_collateral_and_no_debt_that_counts() -> None:
    assert counted(wallet(("OWN", 10**9, 0, 0), ("USDC", 0, 100, 0))) == {}
    found = stated(wallet(("BTC", 10**8, 0, 0), ("OWN", 0, 50, 0)))
    assert next(row for row in found.assets if row.asset == "OWN").issued_sum == 50 and not counted()


def test_a_debt_without_a_price_lets_none_of_the_wallet_count() -> None:
    assert counted(wallet(("BTC", 10**8, 0, 0), ("RARE", 0, 1, 0), ("USDC", 0, 100, 0))) == {}


@given(st.lists(st.tuples(*[st.integers(0, 10**12)] * 3), min_size=3, max_size=3), st.integers(0, 10**24))
def test_what_counts_is_never_worth_more_than_the_collateral(amounts: list[tuple[int, int, int]], loss: int) -> None:
    assets = ("BTC", "SOL", "USDC")
    one = wallet(*((asset, *three) for asset, three in zip(assets, amounts, strict=True)), loss=loss)
    priced = {row.asset: row for row in PRICES}

    def worth(asset: str, quanta: int) -> int:
        price = priced[asset].price
        assert price is not None
        return quanta * price // 10 ** priced[asset].scale

    twice = sum(worth(line.asset, line.claim) * (2 if line.asset == "USDC" else 1) for line in one.lines) - 2 * loss
    assert 2 * sum(worth(asset, quanta) for asset, quanta in counted(one).items()) <= max(twice, 0)


def test_a_market_without_a_mark_states_its_positions_and_its_last_unsettled_profit() -> None:
    sides = [(5, 500), (-5, -500)]
    assert market_figures("P", "USDC", 1, sides, None, 103)[2:] == (5, 5, None, 103, 15, None)
    assert market_figures("P", "USDC", 1, sides, None)[2:] == (5, 5, None, None, None, None)


def test_an_engine_states_pools_debts_and_markets_and_a_replay_the_same() -> None:
    world = WalletExchange()
    for who in (1, 2, 3):
        world.settings(who)
    assert world.engine.lending_facts() is not None, "pools are open"
    world.deposit(3, USDC=1_000_000)
    world.deposit(1, BTC=1)
    world.deposit(2, USDC=100_000)
    world.tick()
    world.trade(1, 2, 10_000, 50_000)
    world.prices(BTC=49_400)
    world.tick()
    world.cut()
    facts = world.engine.lending_facts()
    assert facts is not None
    pool, house = world.owes(1)
    dollars = next(row for row in facts.assets if row.asset == "USDC")
    assert (dollars.debts_to_pools, dollars.debts_to_exchange) == (pool, house) and pool
    assert dollars.counted_debts == pool and dollars.lent >= pool
    market = next(row for row in facts.markets if row.market == "BTC_PERP")
    assert market.long == market.short == 10_000 and market.mark and market.funding_rate is not None
    assert world.replayed().lending_facts() == facts
