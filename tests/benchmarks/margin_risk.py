"""What judging a wallet costs: `python -m tests.benchmarks.margin_risk`. Two assets, two positions, one core."""

from __future__ import annotations

import timeit

from ledger.margin.risk import AccountView, AssetLine, PositionLine, assess  # noqa: F401 (timed by name)
from ledger.margin.terms import AssetTerms, Haircut, MarginFunction, MarketTerms, Terms
from tests.support.what_could import max_order

BY = MarginFunction(50_000, 60_000), MarginFunction(25_000, 30_000)
TERMS = Terms(
    "USDC",
    {
        "USDC": AssetTerms(6, Haircut(1_000_000, 0, 0, 2**62), *BY),
        "BTC": AssetTerms(8, Haircut(900_000, 1_100_000, 200_000, 2**62), *BY),
    },
    {"A": MarketTerms(1_000, *BY), "B": MarketTerms(1_000, *BY)},
    20,
    500_000,
    2,
    60_000,
)
PRICES = {"USDC": 10**18, "BTC": 60_000 * 10**18}
MARKS = {"A": 60_000, "B": 3_000}
VIEW = AccountView(
    (AssetLine("USDC", 0, 10**9), AssetLine("BTC", 10**8, 0)),
    (PositionLine("A", 700, 41 * 10**9, 100, 50), PositionLine("B", -9_000, -26 * 10**9, 0, 70)),
    -5_000,
    10,
)


def _best_us(statement: str, number: int) -> float:
    return min(timeit.repeat(statement, globals=globals(), number=number, repeat=7)) / number * 1e6


def main() -> None:
    """Print microseconds of one judgement and of one question."""
    print(f"assess:    {_best_us('assess(VIEW, TERMS, PRICES, MARKS)', 5_000):8.2f} us")
    question = "max_order(VIEW, TERMS, PRICES, MARKS, 'A', is_bid=True)"
    print(f"max_order: {_best_us(question, 50):8.2f} us")


if __name__ == "__main__":
    assert max_order(VIEW, TERMS, PRICES, MARKS, "A", is_bid=True) > 0, "the wallet can trade"
    main()
