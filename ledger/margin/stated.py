"""What an hour's statement says of lending and of derivative markets: plain figures out of wallets, prices and marks.

In: every wallet's lines, prices, haircuts, and the positions of each market. Out: `LendingFacts`, which the cut's
report keeps beside the zero-sum report and por states in the sections `lending` and `markets` (docs/spec/attestation.md
sections 14 and 15).

Which part of a debt counts in the figure net of debts (DESIGN.md "Reserves"; docs/decisions/lending-attestation.md):
1. Debts of who is no customer (staff, affiliate, house, vault) count nothing and are listed one by one.
2. Debts in an asset that the exchange issues count nothing; such an asset is no collateral either.
3. A wallet's collateral is what its claims count for after haircuts, less what it stands to lose unsettled. Its debts
   are worth D. If the collateral is at least D they count in full; else each counts floor(debt * collateral / D), so
   that no collateral stands behind two debts.
4. If a debt of a wallet has no price, none of the wallet's debts count: nobody can say what its collateral is worth.
Values are 10^-18 of the unit of account; collateral is rounded down and debts up. What is counted is rounded down.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final, NamedTuple

from ledger.canonical import Json
from ledger.margin.formulas import collateral_value, debt_value
from ledger.margin.terms import Haircut

__all__ = [
    "CUSTOMER",
    "AssetFigures",
    "AssetPrice",
    "LendingFacts",
    "MarketFigures",
    "RelatedDebt",
    "StatedLine",
    "StatedWallet",
    "market_figures",
    "state_lending",
]

CUSTOMER: Final = "customer"
"""The relation of those whose debts may count."""


class StatedLine(NamedTuple):
    """One asset of a wallet, quanta. `claim`: what stands as collateral; what is leaving is none."""

    asset: str
    claim: int
    pool_debt: int
    house_debt: int


class StatedWallet(NamedTuple):
    """A subaccount's lines. `loss`: value that it stands to lose when its positions are settled, 0 for a gain."""

    relation: str
    lines: Sequence[StatedLine]
    loss: int = 0


class AssetPrice(NamedTuple):
    """What an asset was counted at: `price` of one unit, None where there is none; `issued` by the exchange itself."""

    asset: str
    scale: int
    price: int | None
    haircut: Haircut
    issued: bool = False


class RelatedDebt(NamedTuple):
    """One debt of somebody who is no customer: to a `pool` or to the `exchange`. Who it is stands nowhere."""

    asset: str
    relation: str
    creditor: str
    amount: int


class AssetFigures(NamedTuple):
    """One asset's figures, quanta. counted + over + related + issued = debts to pools + debts to the exchange.

    `over_count`: wallets with a debt that is not behind collateral, in part or in full.
    """

    asset: str
    debts_to_pools: int = 0
    debts_to_exchange: int = 0
    lent: int = 0
    insurance: int = 0
    counted_debts: int = 0
    over_collateral_count: int = 0
    over_collateral_sum: int = 0
    related_count: int = 0
    related_sum: int = 0
    issued_sum: int = 0


class MarketFigures(NamedTuple):
    """A derivative market: steps long and short, and what has not been settled.

    `mark` in ticks, None where none is valid; `last_mark`: the newest that ever was. `unsettled`: quanta of `asset`
    that the one side has gained from the other at `mark` or `last_mark`; None without either. `funding_rate`: of the
    hour, in 10^-12, None where the market was not funded.
    """

    market: str
    asset: str
    long: int
    short: int
    mark: int | None
    last_mark: int | None
    unsettled: int | None
    funding_rate: int | None = None


class LendingFacts(NamedTuple):
    """All of it: assets, prices and markets rise by name; `related` is sorted, so that its order names nobody."""

    entity: str
    assets: tuple[AssetFigures, ...]
    prices: tuple[AssetPrice, ...]
    related: tuple[RelatedDebt, ...]
    markets: tuple[MarketFigures, ...]

    def to_json(self) -> dict[str, Json]:
        """For the cut's report: amounts as text, None as null."""
        return {
            "assets": [_texts(row, ("over_collateral_count", "related_count")) for row in self.assets],
            "entity": self.entity,
            "markets": [_texts(row) for row in self.markets],
            "prices": [
                {
                    "asset": row.asset,
                    "haircut": {name: str(value) for name, value in row.haircut._asdict().items()},
                    "issued": row.issued,
                    "price": None if row.price is None else str(row.price),
                }
                for row in self.prices
            ],
            "related": [_texts(row) for row in self.related],
        }


def _texts(row: Any, numbers: Sequence[str] = ()) -> dict[str, Json]:
    return {
        name: value if value is None or isinstance(value, str) or name in numbers else str(value)
        for name, value in row._asdict().items()
    }


Weigh = Callable[[int, Haircut], int]


def _counted(wallet: StatedWallet, prices: Mapping[str, AssetPrice], weigh: Weigh) -> dict[str, int]:
    """What of each debt of a wallet is behind collateral: rules 3 and 4."""
    collateral, worth = -wallet.loss, 0
    owed = {line.asset: line.pool_debt + line.house_debt for line in wallet.lines if line.pool_debt or line.house_debt}
    for asset, claim, _, _ in wallet.lines:
        found = prices[asset]
        if found.price is not None and not found.issued and claim > 0:
            collateral += weigh(claim * found.price // 10**found.scale, found.haircut)
    for asset, debt in owed.items():
        found = prices[asset]
        if found.price is None:
            return dict.fromkeys(owed, 0)
        worth += debt_value(debt, found.scale, found.price)
    collateral = max(collateral, 0)
    if collateral >= worth:
        return owed
    return {asset: debt * collateral // worth for asset, debt in owed.items()}


def state_lending(
    entity: str,
    wallets: Iterable[StatedWallet],
    prices: Sequence[AssetPrice],
    lent: Mapping[str, int],
    insurance: Mapping[str, int],
    markets: Iterable[MarketFigures] = (),
    weigh: Weigh = collateral_value,
) -> LendingFacts:
    """The facts of an hour. `prices` has every asset that is listed; `weigh` gives what of a value is collateral."""
    by_name = {row.asset: row for row in prices}
    sums = {asset: dict.fromkeys(AssetFigures._fields[1:], 0) for asset in sorted(by_name)}
    related: list[RelatedDebt] = []
    for wallet in wallets:
        counted = _counted(wallet, by_name, weigh) if wallet.relation == CUSTOMER else {}
        for line in wallet.lines:
            debt = line.pool_debt + line.house_debt
            if not debt:
                continue
            row = sums[line.asset]
            row["debts_to_pools"] += line.pool_debt
            row["debts_to_exchange"] += line.house_debt
            if wallet.relation != CUSTOMER:
                for creditor, amount in (("pool", line.pool_debt), ("exchange", line.house_debt)):
                    if amount:
                        related.append(RelatedDebt(line.asset, wallet.relation, creditor, amount))
                        row["related_count"] += 1
                        row["related_sum"] += amount
            elif by_name[line.asset].issued:
                row["issued_sum"] += debt
            else:
                over = debt - counted[line.asset]
                assert over >= 0, "no more of a debt counts than there is"
                row["counted_debts"] += debt - over
                row["over_collateral_sum"] += over
                row["over_collateral_count"] += bool(over)
    figures = tuple(
        AssetFigures(asset, **(row | {"lent": lent.get(asset, 0), "insurance": insurance.get(asset, 0)}))
        for asset, row in sums.items()
    )
    for each in figures:
        assert each.debts_to_pools + each.debts_to_exchange == (
            each.counted_debts + each.over_collateral_sum + each.related_sum + each.issued_sum
        ), "every debt is in one place"
    ordered = tuple(by_name[asset] for asset in sums)
    return LendingFacts(entity, figures, ordered, tuple(sorted(related)), tuple(sorted(markets)))


def market_figures(
    market: str,
    asset: str,
    unit: int,
    positions: Iterable[tuple[int, int]],
    mark: int | None,
    last_mark: int | None = None,
    funding_rate: int | None = None,
) -> MarketFigures:
    """A market's figures from sizes (steps) and bases (quanta). `unit`: quanta of one tick times one step."""
    at = last_mark if mark is None else mark
    long = short = gained = lost = 0
    for size, basis in positions:
        long += max(size, 0)
        short += max(-size, 0)
        if at is not None:
            profit = size * at * unit - basis
            gained += max(profit, 0)
            lost += max(-profit, 0)
    assert long == short and gained == lost, "one side's gain is the other's loss"
    return MarketFigures(market, asset, long, short, mark, at, None if at is None else gained, funding_rate)
