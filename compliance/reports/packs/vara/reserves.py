"""The reserve assets statement: asset by asset, what is lent out, and the days' reconciliations."""

from __future__ import annotations

from datetime import date
from fractions import Fraction

from compliance.facts import Scalar
from compliance.reports.document import Block, Texts, columns_of
from compliance.reports.inputs import PackInput
from compliance.reports.packs.blocks import named
from compliance.reports.packs.coverage import units
from compliance.reports.packs.vara.values import amounts, cell, records

__all__ = ["RESERVE_RULES", "reserve_blocks"]

RESERVE_RULES = ("VARA-RES-01", "VARA-RES-02", "VARA-RES-03", "VARA-SEG-03")
_PARTS = ("reserves.client.hot", "reserves.client.offline", "reserves.client.custodian", "reserves.own", "debts")
_NONE = Fraction(0)


def reserve_blocks(data: PackInput, texts: Texts) -> list[Block]:
    """Holdings, encumbrances, reconciliations."""
    return [_holdings(data, texts), _encumbrances(data, texts), _reconciliations(data, texts)]


def _holdings(data: PackInput, texts: Texts) -> Block:
    heading = texts["vara_holdings"]
    held, owed = amounts(data, "reserves.client"), amounts(data, "claims")
    if held is None or owed is None:
        return Block(heading, 2, (texts["vara_holdings_unknown"],), rules=RESERVE_RULES)
    parts = {name: amounts(data, name) for name in _PARTS}
    columns = columns_of(
        texts,
        ("asset", "text", 8),
        ("owed", "number", 15),
        ("held", "number", 15),
        ("difference", "number", 14),
        ("answer", "status", 11),
        ("vara_hot_units", "number", 13),
        ("vara_cold_units", "number", 13),
        ("vara_custodian_units", "number", 13),
        ("vara_own_units", "number", 12),
        ("vara_debts_units", "number", 12),
    )
    rows = []
    for asset in sorted({*held, *owed}):
        have, need = held.get(asset, _NONE), owed.get(asset, _NONE)
        answer = "not applicable" if need == 0 else "pass" if have >= need else "fail"
        more = ("" if found is None else units(found.get(asset, _NONE)) for found in parts.values())
        rows.append((asset, units(need), units(have), units(have - need), answer, *more))
    table = named("reserve-assets", heading, columns, rows)
    return Block(heading, 2, (texts["vara_holdings_note"],), table, rules=RESERVE_RULES)


def _encumbrances(data: PackInput, texts: Texts) -> Block:
    heading, found = texts["vara_encumbered"], records(data, "encumbrances")
    if not found:
        words = texts["vara_none_stated"] if found is not None else texts["vara_not_stated"].format(name="encumbrances")
        return Block(heading, 3, (words,), rules=("VARA-SEG-03",))
    columns = columns_of(
        texts,
        ("asset", "text", 10),
        ("vara_units", "number", 16),
        ("vara_consent", "text", 20),
        ("vara_licence", "text", 20),
        ("vara_place", "text", 14),
    )
    fields = ("asset", "units", "consent", "licence", "in_wallets")
    rows = [tuple(cell(row[name], texts) for name in fields) for row in found]
    return Block(heading, 3, (), named("encumbrances", heading, columns, rows), rules=("VARA-SEG-03",))


def _is_inside(day: Scalar, data: PackInput) -> bool:
    assert isinstance(day, date), "a reconciliation has its day"
    return data.start <= day <= data.end


def _reconciliations(data: PackInput, texts: Texts) -> Block:
    heading, found = texts["vara_reconciled"], records(data, "reconciliations")
    if found is None:
        return Block(heading, 3, (texts["vara_reconciled_unknown"],), rules=("VARA-RES-02",))
    inside = [row for row in found if row["kind"] == "assets" and _is_inside(row["day"], data)]
    left = [row for row in inside if row["unexplained"] != 0]
    words = texts["vara_reconciled_note"].format(days=len({row["day"] for row in inside}), open=len(left))
    if not left:
        return Block(heading, 3, (words,), rules=("VARA-RES-02",))
    columns = columns_of(
        texts, ("vara_day", "text", 16), ("vara_differences", "number", 18), ("vara_unexplained", "number", 18)
    )
    rows = [tuple(cell(row[name], texts) for name in ("day", "differences", "unexplained")) for row in left]
    return Block(heading, 3, (words,), named("reconciliations", heading, columns, rows), rules=("VARA-RES-02",))
