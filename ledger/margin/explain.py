"""A wallet as it was judged, in canonical JSON, so that anyone can judge it again with `risk.assess`.

What is in it is what `assess` was given, whole: the wallet, the terms in force, and the prices and marks of the moment.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from ledger.canonical import Json, canonical, parse
from ledger.errors import FormatError
from ledger.margin.risk import AccountView, AssetLine, Health, PositionLine, assess
from ledger.margin.terms import AssetTerms, Haircut, MarginFunction, MarketTerms, Terms

__all__ = ["Judged", "read_view", "view_document"]


class Judged(NamedTuple):
    """Everything that a judgement was made of."""

    view: AccountView
    terms: Terms
    prices: dict[str, int]
    marks: dict[str, int]

    def health(self) -> Health | None:
        """The judgement, made again."""
        return assess(self.view, self.terms, self.prices, self.marks)


def view_document(view: AccountView, terms: Terms, prices: Mapping[str, int], marks: Mapping[str, int]) -> str:
    """The document: of terms and prices only what this wallet needs; integers as texts."""
    assets = sorted({line.asset for line in view.assets} | {terms.settlement})
    markets = sorted(line.market for line in view.positions)
    document: dict[str, Json] = {
        "assets": [[line.asset, str(line.claim), str(line.debt), str(line.potential)] for line in view.assets],
        "leverage": view.leverage,
        "marks": [[name, str(marks[name])] for name in markets if name in marks],
        "positions": [[line.market, *(str(number) for number in line[1:])] for line in view.positions],
        "prices": [[asset, str(prices[asset])] for asset in assets if asset in prices],
        "terms": {
            "assets": [
                [asset, terms.assets[asset].scale, *_functions(terms.assets[asset])]
                for asset in assets
                if asset in terms.assets
            ],
            "backstop": [terms.backstop_divisor, terms.backstop_offset_ppm],
            "leverage_max": terms.leverage_max,
            "markets": [
                [
                    name, str(terms.markets[name].unit_quanta), *terms.markets[name].initial,
                    *terms.markets[name].maintenance,
                ]
                for name in markets
            ],
            "settlement": terms.settlement,
            "stop": terms.stop_ppm,
        },
        "unsettled": str(view.unsettled),
    }  # fmt: skip
    return canonical(document).decode()


def _functions(terms: AssetTerms) -> list[Json]:
    return [str(number) for number in (*terms.haircut, *terms.initial, *terms.maintenance)]


def read_view(text: str) -> Judged:
    """What `view_document` wrote; raises FormatError for anything else."""
    try:
        document: Any = parse(text.encode())
        judged = _read(document)
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise FormatError("this is no wallet as it was judged") from error
    if view_document(*judged) != text:
        raise FormatError("a wallet as it was judged is not in its one form")
    return judged


def _read(document: Any) -> Judged:
    given = document["terms"]
    assets = {}
    for asset, scale, *numbers in given["assets"]:
        n = [int(number) for number in numbers]
        assets[asset] = AssetTerms(scale, Haircut(*n[:4]), MarginFunction(*n[4:6]), MarginFunction(*n[6:]))
    markets = {
        name: MarketTerms(int(unit), MarginFunction(*numbers[:2]), MarginFunction(*numbers[2:]))
        for name, unit, *numbers in given["markets"]
    }
    terms = Terms(
        given["settlement"], assets, markets, given["leverage_max"], given["stop"], given["backstop"][0],
        given["backstop"][1],
    )  # fmt: skip
    view = AccountView(
        tuple(AssetLine(asset, *map(int, numbers)) for asset, *numbers in document["assets"]),
        tuple(PositionLine(market, *map(int, numbers)) for market, *numbers in document["positions"]),
        int(document["unsettled"]),
        document["leverage"],
    )
    prices = {asset: int(price) for asset, price in document["prices"]}
    return Judged(view, terms, prices, {name: int(mark) for name, mark in document["marks"]})
