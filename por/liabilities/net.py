"""The figure net of debts: *claimed*, never proven, and never without the gross one. Rules: attestation.md section 6.

A debt counts only up to the collateral in the same statement and subaccount. All arithmetic is exact: prices and
haircuts become integer weights over one denominator; what counts is rounded down (against the exchange).
Cost: about 2 us a line, one pass.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from math import lcm

from ledger.canonical import Json

__all__ = ["DebtLine", "NetRow", "Price", "net_rows", "net_section"]


@dataclass(frozen=True, slots=True)
class Price:
    """Price and haircut of an asset as decimal texts; `own_issue` assets count nothing as collateral."""

    asset: str
    price: str
    haircut: str
    scale: int
    own_issue: bool = False

    def debt_weight(self) -> Fraction:
        return Fraction(self.price) / Fraction(10**self.scale)

    def collateral_weight(self) -> Fraction:
        return Fraction(0) if self.own_issue else self.debt_weight() * Fraction(self.haircut)


@dataclass(frozen=True, slots=True)
class DebtLine:
    """One subaccount line: `tree` is its index, amounts in quanta; `related` for staff, house, affiliate and vault."""

    tree: int
    claim: int
    debt: int
    related: bool


@dataclass(slots=True)
class NetRow:
    """What counted and what did not, for one tree, in quanta and in lines."""

    counted: int = 0
    over_count: int = 0
    over_sum: int = 0
    related_count: int = 0
    related_sum: int = 0


def net_rows(groups: Iterable[Sequence[DebtLine]], tree_prices: Sequence[Price | None]) -> list[NetRow]:
    """Count debts group by group; a group is one account's lines in one entity and subaccount.

    A tree without a price gives no collateral, and a debt in it counts nothing.
    """
    collateral = [Fraction(0) if p is None else p.collateral_weight() for p in tree_prices]
    debts = [Fraction(0) if p is None else p.debt_weight() for p in tree_prices]
    scale = lcm(*(weight.denominator for weight in (*collateral, *debts)), 1)
    collateral_weights = [int(weight * scale) for weight in collateral]
    debt_weights = [int(weight * scale) for weight in debts]
    rows = [NetRow() for _ in tree_prices]
    for group in groups:
        if any(line.debt for line in group):
            _count(group, collateral_weights, debt_weights, rows)
    return rows


def _count(group: Sequence[DebtLine], collateral: Sequence[int], debts: Sequence[int], rows: list[NetRow]) -> None:
    backing = sum(line.claim * collateral[line.tree] for line in group)
    owed = sum(line.debt * debts[line.tree] for line in group)
    backed = min(backing, owed)
    for line in group:
        row = rows[line.tree]
        if line.debt and line.related:
            row.related_count += 1
            row.related_sum += line.debt
            continue
        counted = line.debt * backed // owed if owed and debts[line.tree] else 0
        assert 0 <= counted <= line.debt
        row.counted += counted
        if counted < line.debt:
            row.over_count += 1
            row.over_sum += line.debt - counted


def net_section(
    trees: Sequence[tuple[str, str, int]], rows: Sequence[NetRow], prices: Sequence[Price]
) -> dict[str, Json]:
    """The section `net`; `trees` are entity, asset and gross claims in quanta, in the order of the snapshot."""
    result: list[Json] = []
    for (entity, asset, claims), row in zip(trees, rows, strict=True):
        counted = min(row.counted, claims)
        result.append(
            {
                "asset": asset,
                "claims": str(claims),
                "counted_debts": str(counted),
                "entity": entity,
                "net_claims": str(claims - counted),
                "over_collateral_count": row.over_count,
                "over_collateral_sum": str(row.over_sum),
                "related_count": row.related_count,
                "related_sum": str(row.related_sum),
            }
        )
    ordered = sorted(prices, key=lambda price: price.asset.encode())
    return {
        "prices": [{"asset": p.asset, "haircut": "0" if p.own_issue else p.haircut, "price": p.price} for p in ordered],
        "rows": result,
    }
