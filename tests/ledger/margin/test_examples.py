"""Four wallets worked by hand. Dollars are 10^18, so that each figure can be followed with a pencil."""

from __future__ import annotations

from ledger.margin.limits import liquidation_mark, liquidation_prices
from ledger.margin.risk import AccountView, AssetLine, PositionLine, assess
from ledger.margin.terms import AssetTerms, Haircut, MarginFunction, MarketTerms, Terms
from tests.support.what_could import max_borrow, max_order, max_withdrawal

USD = 10**18
FLAT = Haircut(1_000_000, 0, 0, 2**62)
BORROWING = MarginFunction(100_000, 0), MarginFunction(50_000, 0)
TERMS = Terms(
    "USDC",
    {
        "USDC": AssetTerms(6, FLAT, *BORROWING),
        # Nine tenths count, less for much of it: 1.1 / (1 + 0.0002 sqrt(x)).
        "BTC": AssetTerms(8, Haircut(900_000, 1_100_000, 200_000, 2**62), *BORROWING),
    },
    # One tick is 1 dollar, one step 0.001 BTC: a tick times a step is 0.001 dollars, 1,000 quanta.
    {"BTC-PERP": MarketTerms(1_000, MarginFunction(50_000, 60_000), MarginFunction(25_000, 30_000))},
    20,
    500_000,
    2,
    60_000,
)
PRICES = {"USDC": USD, "BTC": 60_000 * USD}
MARKS = {"BTC-PERP": 60_000}


def test_one_bitcoin_owes_ten_thousand_dollars() -> None:
    # 1 BTC at 60,000: the curve gives 1.1 / (1 + 0.0002 * 244.95) = 1.0486, so the weight of 0.9 counts: 54,000.
    # The debt is 10,000 and asks 10 % = 1,000 to begin with and 5 % = 500 to be kept.
    view = AccountView((AssetLine("BTC", 10**8, 0), AssetLine("USDC", 0, 10_000 * 10**6)), (), 0, 10)
    health = assess(view, TERMS, PRICES, MARKS)
    assert health is not None
    assert (health.collateral, health.liabilities, health.equity) == (54_000 * USD, 10_000 * USD, 44_000 * USD)
    assert (health.initial, health.maintenance) == (1_000 * USD, 500 * USD)
    assert health.stop == 750 * USD  # half of the way
    # max(500 / 2, 500 - 6 % of 10,000) = 250.
    assert health.backstop == 250 * USD
    # Liquidation below 0.9 p = 10,500, that is p = 11,666.67 dollars. Debts in dollars: no price above.
    below, above = liquidation_prices(view, TERMS, PRICES, MARKS, "BTC")
    assert below is not None and above is None
    assert 11_666_666 <= below // 10**15 <= 11_666_667


def test_a_long_position_of_one_bitcoin_on_ten_thousand_dollars() -> None:
    # 1,000 steps bought at 58,000: basis 58,000 dollars. At a mark of 60,000 the profit is 2,000, equity 12,000.
    # Size factor: 6e-5 sqrt(60,000) = 1.47 %, below 5 %: initial is 3,000, and at own leverage 10 it is 6,000.
    view = AccountView(
        (AssetLine("USDC", 10_000 * 10**6, 0),), (PositionLine("BTC-PERP", 1_000, 58_000 * 10**6),), 0, 10
    )
    health = assess(view, TERMS, PRICES, MARKS)
    assert health is not None
    assert (health.profit, health.equity, health.exposure) == (2_000 * USD, 12_000 * USD, 60_000 * USD)
    assert (health.initial, health.maintenance) == (6_000 * USD, 1_500 * USD)
    # 10,000 + m - 58,000 < 0.025 m, so m < 48,000 / 0.975 = 49,230.77: the first mark below is 49,230.
    assert liquidation_mark(view, TERMS, PRICES, MARKS, "BTC-PERP") == 49_230
    # Equity of 12,000 carries 120,000 at leverage 10: one bitcoin more. Or it sells three: its own one, and two.
    assert max_order(view, TERMS, PRICES, MARKS, "BTC-PERP", is_bid=True) == 1_000
    assert max_order(view, TERMS, PRICES, MARKS, "BTC-PERP", is_bid=False) == 3_000
    # 6,000 dollars of the equity are not asked by anything.
    assert max_withdrawal(view, TERMS, PRICES, MARKS, "USDC", 10_000 * 10**6) == 6_000 * 10**6


def test_a_large_position_asks_more() -> None:
    # 100 BTC short are 6,000,000 dollars: 6e-5 sqrt(6e6) = 14.697 %, more than 5 %. Initial: 881,816.3 dollars.
    # 3e-5 sqrt(6e6) = 7.348 %: maintenance 440,908.2.
    view = AccountView((AssetLine("USDC", 2 * 10**12, 0),), (PositionLine("BTC-PERP", -100_000, -6 * 10**12),), 0, 20)
    health = assess(view, TERMS, PRICES, MARKS)
    assert health is not None
    assert health.initial // 10**17 == 8_818_163
    assert health.maintenance // 10**17 == 4_409_081
    # max(half of maintenance, 440,908 - 6 % of 6,000,000 = 80,908) is half of it.
    assert health.backstop == health.maintenance // 2


def test_a_hundred_bitcoin_count_less_each() -> None:
    # 6,000,000 dollars: 1.1 / (1 + 0.0002 * 2,449.49) = 1.1 / 1.489898 = 0.738306: 4,429,833 dollars count.
    view = AccountView((AssetLine("BTC", 100 * 10**8, 0),), (), 0, 10)
    health = assess(view, TERMS, PRICES, MARKS)
    assert health is not None
    assert health.collateral // USD == 4_429_833
    assert health.initial == health.maintenance == 0
    # Each borrowed dollar asks 10 cents and stays in the wallet: ten times 4,429,833.60, by margin alone.
    assert max_borrow(view, TERMS, PRICES, MARKS, "USDC") // 10**6 == 44_298_336
    # At the boundary: exactly enough is allowed, one quantum more is not.
    exact = AccountView((AssetLine("USDC", 1_000 * 10**6, 0),), (), 0, 10)
    assert max_borrow(exact, TERMS, PRICES, MARKS, "USDC") == 10_000 * 10**6
