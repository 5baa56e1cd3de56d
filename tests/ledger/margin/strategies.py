"""Wallets of three assets and two markets for properties of risk: small and very large, healthy and not."""

from __future__ import annotations

from typing import NamedTuple

from hypothesis import strategies as st

from ledger.margin.risk import AccountView, AssetLine, PositionLine
from ledger.margin.terms import AssetTerms, Haircut, MarginFunction, MarketTerms, Terms

UNIT = 10**18
MILLION = 10**6


class Case(NamedTuple):
    view: AccountView
    terms: Terms
    prices: dict[str, int]
    marks: dict[str, int]


haircuts = st.builds(
    Haircut,
    st.integers(0, MILLION),
    st.sampled_from([0, 500_000, 1_100_000]) | st.integers(1, 3 * MILLION),
    st.integers(0, 10**7),
    st.sampled_from([0, 1, 1_000, 2**62]) | st.integers(0, 10**9),
)
functions = st.builds(MarginFunction, st.integers(0, 300_000), st.sampled_from([0, 30_000, 60_000, 10**6]))


def _amounts(most: int) -> st.SearchStrategy[int]:
    return st.just(0) | st.integers(0, 1_000) | st.integers(0, most)


@st.composite
def cases(draw: st.DrawFn) -> Case:
    assets, scales = ("BTC", "SOL", "USDC"), {"BTC": 8, "SOL": 9, "USDC": 6}
    terms = Terms(
        "USDC",
        {name: AssetTerms(scales[name], draw(haircuts), draw(functions), draw(functions)) for name in assets},
        {name: MarketTerms(draw(st.integers(1, 1_000)), draw(functions), draw(functions)) for name in ("A", "B")},
        draw(st.integers(1, 100)),
        draw(st.integers(0, MILLION)),
        draw(st.integers(1, 10)),
        draw(st.integers(0, MILLION)),
    )
    view = AccountView(
        tuple(
            AssetLine(name, draw(_amounts(10**15)), draw(_amounts(10**13)), draw(_amounts(10**13))) for name in assets
        ),
        tuple(
            PositionLine(
                name,
                draw(st.integers(-(10**7), 10**7)),
                draw(st.integers(-(10**14), 10**14)),
                draw(_amounts(10**7)),
                draw(_amounts(10**7)),
            )
            for name in ("A", "B")
        ),
        draw(st.integers(-(10**13), 10**13)),
        draw(st.integers(1, 100)),
    )
    prices = {name: draw(st.integers(1, 10**5 * UNIT)) for name in ("BTC", "SOL")}
    prices["USDC"] = draw(st.integers(UNIT * 9 // 10, UNIT * 11 // 10))
    return Case(view, terms, prices, {name: draw(st.integers(1, 10**5)) for name in ("A", "B")})
