"""The sections `lending` and `markets` of an exchange that lends and trades derivatives, and what must hold in them.

In: the engine's facts of the cut as JSON (`ledger.margin.stated.LendingFacts.to_json`), the signed trees, the reserve
totals. Out: the two sections, and `lending_problem` and `markets_problem`, which say by name what is wrong with a
section against the rest of its statement. The rules are pure and read sections alone, so that a verifier that brings
the leaves as well has a bound to hold the claimed figure against (`por.verify.lending`).

The figure net of debts is the exchange's word: `coverage_gross` is the headline, and a reader never sees the one
without the other. Format: docs/spec/attestation.md sections 14 and 15.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import Any, Final

from ledger.canonical import Json
from por.attestation import ReserveTotal, TreeRow, coverage_text

__all__ = [
    "LENDING",
    "MARKETS",
    "RELATIONS",
    "REPLAY_LENDING",
    "lending_problem",
    "lending_sections",
    "markets_problem",
    "replay_problem",
]

LENDING: Final = "lending"
MARKETS: Final = "markets"
REPLAY_LENDING: Final = "replay-lending"
FORMAT: Final = 1
RELATIONS: Final = ("affiliate", "house", "staff", "vault")
"""Whose debts never count."""
_CREDITORS: Final = ("exchange", "pool")
_SUMS: Final = (
    "counted_debts",
    "debts_to_exchange",
    "debts_to_pools",
    "insurance",
    "issued_sum",
    "lent",
    "over_collateral_sum",
    "related_sum",
)
_COUNTS: Final = ("over_collateral_count", "related_count")
_HAIRCUT: Final = ("base_ppm", "limit", "penalty_e9", "weight_ppm")


def lending_sections(
    facts: Mapping[str, Any], trees: Sequence[TreeRow], totals: Sequence[ReserveTotal]
) -> dict[str, Json]:
    """The two sections; `totals` are of the reserves, in the order of the trees. A tree without figures has none."""
    figures = {row["asset"]: row for row in facts["assets"]}
    rows: list[Json] = []
    for tree, total in zip(trees, totals, strict=True):
        is_ours = tree.entity == facts["entity"]
        row = figures.get(tree.asset, {}) if is_ours else {}
        counted = int(row.get("counted_debts", "0"))
        net = tree.claims - counted
        held = total.custody
        rows.append(
            {
                **{name: row.get(name, "0") for name in _SUMS},
                **{name: row.get(name, 0) for name in _COUNTS},
                "asset": tree.asset,
                "claims": str(tree.claims),
                "coverage_gross": coverage_text(held, tree.claims),
                "coverage_net_claimed": coverage_text(held, net) if net > 0 else None,
                "entity": tree.entity,
                "net_claims": str(net),
            }
        )
    lending: dict[str, Json] = {
        "format": FORMAT,
        "prices": list(facts["prices"]),
        "related": [dict(row) for row in facts["related"]],
        "rows": rows,
    }
    return {
        LENDING: lending,
        MARKETS: {"entity": facts["entity"], "format": FORMAT, "rows": [dict(row) for row in facts["markets"]]},
    }


def replay_problem(facts: Mapping[str, Any] | None, sections: Mapping[str, Any]) -> str | None:
    """What of the signed sections is not what a replay of the log gives; None if nothing.

    `facts` as for `lending_sections`, None where the replayed engine has neither debts nor derivatives.
    """
    if facts is None or LENDING not in sections or MARKETS not in sections:
        if (facts is None) == (LENDING not in sections) == (MARKETS not in sections):
            return None
        return "the replay says otherwise whether there are debts, pools or derivatives"
    lending, markets = sections[LENDING], sections[MARKETS]
    for name in ("prices", "related"):
        if lending[name] != facts[name]:
            return f"the replay gives other {name} than the section lending"
    figures = {row["asset"]: row for row in facts["assets"]}
    for row in lending["rows"]:
        replayed = figures.get(row["asset"], {}) if row["entity"] == facts["entity"] else {}
        for name in (*_SUMS, *_COUNTS):
            if row[name] != replayed.get(name, 0 if name in _COUNTS else "0"):
                return f"{row['entity']}/{row['asset']}: the replay gives another {name}"
    if (markets["entity"], markets["rows"]) != (facts["entity"], facts["markets"]):
        return "the replay gives other positions, marks or unsettled profits than the section markets"
    return None


class _Wrong(Exception):
    """What is wrong with a section."""


def _need(holds: bool, problem: str) -> None:
    if not holds:
        raise _Wrong(problem)


def _amount(value: Any, where: str, *, signed: bool = False) -> int:
    pattern = r"(0|-?[1-9][0-9]{0,59})" if signed else r"(0|[1-9][0-9]{0,59})"
    _need(type(value) is str and re.fullmatch(pattern, value) is not None, f"{where} is no amount")
    return int(value)


def _keys(value: Any, names: Sequence[str], where: str) -> None:
    _need(type(value) is dict and set(value) == set(names), f"{where} has other keys than {', '.join(sorted(names))}")


def _list(section: Mapping[str, Any], name: str) -> list[Any]:
    value = section[name]
    if type(value) is not list:
        raise _Wrong(f"{name} is no list")
    return value


def _rising(values: Sequence[Any], where: str, *, strictly: bool = True) -> None:
    _need(all(a < b or (a == b and not strictly) for a, b in pairwise(values)), f"{where} are out of order")


def _problem(test: Callable[[], None]) -> str | None:
    try:
        test()
    except _Wrong as problem:
        return str(problem)
    return None


def lending_problem(sections: Mapping[str, Any]) -> str | None:
    """What is wrong with the section `lending` of a statement whose other sections are well formed; None if nothing."""
    return _problem(lambda: _check_lending(sections))


def _check_lending(sections: Mapping[str, Any]) -> None:
    section = sections[LENDING]
    _keys(section, ("format", "prices", "related", "rows"), "the section")
    _need(type(section["format"]) is int and section["format"] == FORMAT, "the format is not known")
    prices = _check_prices(_list(section, "prices"))
    related = _check_related(_list(section, "related"))
    trees, totals = sections["snapshot"]["trees"], sections["reserves"]["totals"]
    rows = _list(section, "rows")
    _need(len(rows) == len(trees), "rows are not one for each tree")
    names = (*_SUMS, *_COUNTS, "asset", "claims", "coverage_gross", "coverage_net_claimed", "entity", "net_claims")
    entities = set()
    for row, tree, total in zip(rows, trees, totals, strict=True):
        where = f"{tree['entity']}/{tree['asset']}"
        _keys(row, names, where)
        _need((row["entity"], row["asset"]) == (tree["entity"], tree["asset"]), "rows are not one for each tree")
        for name in _COUNTS:
            _need(type(row[name]) is int and 0 <= row[name] < 2**32, f"{where}: {name} is no count")
        sums = {name: _amount(row[name], f"{where}: {name}") for name in _SUMS}
        _check_row(where, row, sums, tree, total)
        listed = related.pop(tree["asset"], (0, 0)) if sums["related_sum"] or row["related_count"] else (0, 0)
        _need(
            (row["related_count"], sums["related_sum"]) == listed,
            f"{where}: the debts of house, staff, affiliates and vaults are not those that are listed",
        )
        if sums["debts_to_pools"] + sums["debts_to_exchange"]:
            entities.add(tree["entity"])
            price = prices.get(tree["asset"])
            _need(price is not None, f"{where}: has debts and no line among the prices")
            assert price is not None
            _need(
                not sums["counted_debts"] or (price["price"] is not None and not price["issued"]),
                f"{where}: counts debts that have no price, or that are in an asset of the exchange's own",
            )
            _need(price["issued"] or not sums["issued_sum"], f"{where}: is called issued and is not among the prices")
    _need(not related, "debts of house, staff, affiliates and vaults are listed of an asset whose row has none")
    _need(len(entities) <= 1, "debts are stated of more than one entity")


def _check_row(
    where: str, row: Mapping[str, Any], sums: Mapping[str, int], tree: Mapping[str, Any], total: Mapping[str, Any]
) -> None:
    claims, debts = int(tree["claims"]), int(tree["debts"])
    _need(
        row["claims"] == tree["claims"], f"{where}: claims are not the tree's: they are stated gross, and never netted"
    )
    _need(
        sums["debts_to_pools"] + sums["debts_to_exchange"] == debts,
        f"{where}: debts to pools and to the exchange do not add up to the tree's debts",
    )
    parts = ("counted_debts", "over_collateral_sum", "related_sum", "issued_sum")
    _need(
        sum(sums[name] for name in parts) == debts,
        f"{where}: debts that count, above collateral, related and issued do not add up to the debts",
    )
    _need(
        (sums["over_collateral_sum"] == 0) == (row["over_collateral_count"] == 0),
        f"{where}: debts above their collateral have a sum without a count, or a count without a sum",
    )
    _need(sums["lent"] <= claims, f"{where}: more is lent than is owed")
    net = _amount(row["net_claims"], f"{where}: net_claims", signed=True)
    _need(net == claims - sums["counted_debts"], f"{where}: the net figure is not claims less the debts that count")
    _need(
        row["coverage_gross"] == total["coverage"],
        f"{where}: gross coverage is not that of the reserves: insurance and debts are none",
    )
    held = sum(int(total[part]) for part in ("proven", "attested", "claimed"))
    expected = coverage_text(held, net) if net > 0 else None
    _need(row["coverage_net_claimed"] == expected, f"{where}: coverage net of debts is not reserves by net claims")


def _check_prices(rows: list[Any]) -> dict[str, Mapping[str, Any]]:
    for row in rows:
        _keys(row, ("asset", "haircut", "issued", "price"), "a price")
        _need(type(row["asset"]) is str, "a price is of no asset")
        _need(type(row["issued"]) is bool, f"{row['asset']}: issued is neither true nor false")
        _keys(row["haircut"], _HAIRCUT, f"{row['asset']}: the haircut")
        for name in _HAIRCUT:
            _amount(row["haircut"][name], f"{row['asset']}: {name}")
        _need(int(row["haircut"]["weight_ppm"]) <= 10**6, f"{row['asset']}: counts for more than it is worth")
        _need(row["price"] is None or _amount(row["price"], f"{row['asset']}: price") > 0, "a price is 0")
    _rising([row["asset"] for row in rows], "prices")
    return {row["asset"]: row for row in rows}


def _check_related(rows: list[Any]) -> dict[str, tuple[int, int]]:
    """Count and sum by asset."""
    found: dict[str, tuple[int, int]] = {}
    order = []
    for row in rows:
        _keys(row, ("amount", "asset", "creditor", "relation"), "a listed debt")
        _need(row["relation"] in RELATIONS, "a listed debt is of no relation that is known")
        _need(row["creditor"] in _CREDITORS, "a listed debt is to nobody")
        _need(type(row["asset"]) is str, "a listed debt is in no asset")
        amount = _amount(row["amount"], "a listed debt")
        _need(amount > 0, "a listed debt is of nothing")
        count, total = found.get(row["asset"], (0, 0))
        found[row["asset"]] = (count + 1, total + amount)
        order.append((row["asset"], row["relation"], row["creditor"], amount))
    _rising(order, "listed debts", strictly=False)
    return found


def markets_problem(sections: Mapping[str, Any]) -> str | None:
    """What is wrong with the section `markets`; None if nothing."""
    return _problem(lambda: _check_markets(sections[MARKETS]))


def _check_markets(section: Mapping[str, Any]) -> None:
    _keys(section, ("entity", "format", "rows"), "the section")
    _need(type(section["format"]) is int and section["format"] == FORMAT, "the format is not known")
    rows = _list(section, "rows")
    names = ("asset", "funding_rate", "last_mark", "long", "mark", "market", "short", "unsettled")
    for row in rows:
        _keys(row, names, "a market")
        where = str(row["market"])
        _need(type(row["market"]) is str and type(row["asset"]) is str, "a market has no name")
        long, short = (_amount(row[side], f"{where}: {side}") for side in ("long", "short"))
        _need(long == short, f"{where}: long and short open interest are not equal")
        for name in ("mark", "last_mark"):
            _need(row[name] is None or _amount(row[name], f"{where}: {name}") > 0, f"{where}: {name} is 0")
        _need(row["mark"] is None or row["mark"] == row["last_mark"], f"{where}: the newest mark is not the mark")
        _need(
            (row["unsettled"] is None) == (row["last_mark"] is None),
            f"{where}: an unsettled profit without a mark, or a mark without one",
        )
        if row["unsettled"] is not None:
            _amount(row["unsettled"], f"{where}: unsettled")
        if row["funding_rate"] is not None:
            _amount(row["funding_rate"], f"{where}: funding_rate", signed=True)
    _rising([row["market"] for row in rows], "markets")
