"""The auditor's check of what an exchange says of lending: the section against its statement, and against the leaves.

Recomputed here: every sum that trees and rows have, and, where the leaves were handed over, the most that the debts of
each wallet can count: the lesser of a debt's worth and of the wallet's collateral at the section's own prices and
haircuts. The exchange may count less (claims that are leaving, losses not settled, debts of who is no customer), so a
figure within the bound is *claimed* and one above it is wrong. That a debt's owner is a customer, and that the prices
are those of the signed feeds, is shown by a replay of the log alone. Haircuts: exchange.md 2.4, computed here anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isqrt
from typing import Any, Final

from ledger.errors import CheckFailed
from por.hour.lending import LENDING, MARKETS, lending_problem, markets_problem
from por.liabilities.folder import Columns
from por.liabilities.kernels import unpack_amount

__all__ = ["LENDING_CHECKS", "Finding", "check_lending", "counted_most"]

LENDING_CHECKS: Final = (LENDING, MARKETS)

Finding = tuple[str, str, str | None, str]
"""(name, result, assurance, detail)."""

_UNIT: Final = 10**18
_E9: Final = 10**9
_PPM: Final = 10**6


def check_lending(sections: Mapping[str, Any], columns: Columns | None) -> list[Finding]:
    """What there is to say of the two sections; nothing where the statement has none and owes nothing to say it."""
    found: list[Finding] = []
    if LENDING in sections:
        problem = lending_problem(sections)
        if problem is None and columns is not None:
            try:
                problem = _above_the_bound(sections, columns)
            except CheckFailed as failure:
                problem = str(failure)
        if problem is not None:
            found.append((LENDING, "fail", None, problem))
        else:
            found.append((LENDING, "pass", "claimed", _lending_words(sections[LENDING], columns is not None)))
    elif sections["snapshot"]["ledger"] is not None and any(t["debts"] != "0" for t in sections["snapshot"]["trees"]):
        found.append(
            (LENDING, "unchecked", None, "customers owe the exchange, and what stands behind it is not stated")
        )
    if MARKETS in sections:
        problem = markets_problem(sections)
        if problem is not None:
            found.append((MARKETS, "fail", None, problem))
        else:
            found.append((MARKETS, "pass", "claimed", _market_words(sections[MARKETS])))
    return found


def _lending_words(section: Mapping[str, Any], has_leaves: bool) -> str:
    over = [row for row in section["rows"] if row["over_collateral_count"]]
    words = "claims stand gross; the figure net of debts is claimed by the exchange"
    words += ", and within what the leaves allow" if has_leaves else ", and was not held against the leaves"
    if over:
        words += "; debts above their collateral in " + ", ".join(
            f"{row['asset']} ({row['over_collateral_count']})" for row in over
        )
    related = len(section["related"])
    return words + (f"; {related} debts of house, staff, affiliates and vaults count nothing" if related else "")


def _market_words(section: Mapping[str, Any]) -> str:
    bare = [row["market"] for row in section["rows"] if row["mark"] is None]
    words = f"{len(section['rows'])} markets, long and short equal in each"
    return words + (f"; without a valid mark, and not settled: {', '.join(bare)}" if bare else "")


def _collateral(value: int, haircut: Mapping[str, str]) -> int:
    """What of a value counts, down: min(weight, base / (1 + penalty sqrt(value))) of it, up to the limit."""
    weight, base, penalty, limit = (int(haircut[name]) for name in ("weight_ppm", "base_ppm", "penalty_e9", "limit"))
    counted = min(value, limit * _UNIT)
    if counted <= 0:
        return 0
    flat = counted * weight // _PPM
    if not base:
        return flat
    root = isqrt(counted)
    root += root * root < counted
    return min(flat, counted * base * _E9 * _E9 // (_PPM * (_E9 * _E9 + penalty * root)))


def counted_most(lines: Mapping[str, tuple[int, int]], prices: Mapping[str, tuple[int, Any]]) -> dict[str, int]:
    """The most that each debt of one wallet counts. `lines`: claim and debt by asset; `prices`: scale and row."""
    collateral = worth = 0
    for asset, (claim, debt) in lines.items():
        scale, row = prices[asset]
        if row["price"] is None:
            if debt:
                return {}
            continue
        if not row["issued"]:
            collateral += _collateral(claim * int(row["price"]) // 10**scale, row["haircut"])
        worth -= -debt * int(row["price"]) // 10**scale
    owed = {asset: debt for asset, (_, debt) in lines.items() if debt}
    if collateral < worth:
        owed = {asset: debt * collateral // worth for asset, debt in owed.items()}
    return {asset: debt for asset, debt in owed.items() if not prices[asset][1]["issued"]}


def _above_the_bound(sections: Mapping[str, Any], columns: Columns) -> str | None:
    """A row that counts more than the wallets' collateral, by name."""
    scales = {tree["asset"]: tree["scale"] for tree in sections["snapshot"]["trees"]}
    stated = {row["asset"]: row for row in sections[LENDING]["prices"]}
    missing = {"base_ppm": "0", "limit": "0", "penalty_e9": "0", "weight_ppm": "0"}
    prices = {
        asset: (scale, stated.get(asset, {"haircut": missing, "issued": False, "price": None}))
        for asset, scale in scales.items()
    }
    bounds: dict[tuple[str, str], int] = {}
    for (entity, _, _), lines in _wallets(columns).items():
        for asset, most in counted_most(lines, prices).items():
            bounds[entity, asset] = bounds.get((entity, asset), 0) + most
    for row in sections[LENDING]["rows"]:
        if int(row["counted_debts"]) > bounds.get((row["entity"], row["asset"]), 0):
            return f"{row['entity']}/{row['asset']}: counts more debts than there is collateral for in their statements"
    return None


def _wallets(columns: Columns) -> dict[tuple[str, int, int], dict[str, tuple[int, int]]]:
    """Claim and debt by asset of every wallet that owes: by entity, account and subaccount."""
    rows: dict[tuple[str, int, int], dict[str, tuple[int, int]]] = {}
    for tree in columns.trees:
        slots = tree.lines.slot.tolist()
        # A leaf without lines of its own is one line of the main subaccount.
        explicit = set(slots)
        for slot, account in enumerate(tree.accounts.tolist()):
            if slot not in explicit:
                amounts = unpack_amount(tree.amounts[slot].tobytes())
                rows.setdefault((tree.entity, account, -1), {})[tree.asset] = amounts
        for at, (slot, subaccount) in enumerate(zip(slots, tree.lines.subaccount.tolist(), strict=True)):
            place = -1 if columns.subaccounts[subaccount] == "" else subaccount
            amounts = unpack_amount(tree.lines.amounts[at].tobytes())
            rows.setdefault((tree.entity, int(tree.accounts[slot]), place), {})[tree.asset] = amounts
    return {key: lines for key, lines in rows.items() if any(debt for _, debt in lines.values())}
