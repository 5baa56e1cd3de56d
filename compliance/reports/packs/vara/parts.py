"""What a submission is made of: the list of its parts, its key figures, and the lists that the firm states."""

from __future__ import annotations

from fractions import Fraction

from compliance.reports.document import Block, Column, Texts, columns_of
from compliance.reports.inputs import PackInput
from compliance.reports.packs.blocks import attached, key_figures, named
from compliance.reports.packs.coverage import lowest_of, units
from compliance.reports.packs.period import end_of, readable, start_of
from compliance.reports.packs.vara.mapping import MAPPING, Entry
from compliance.reports.packs.vara.requirements import net_liquid_assets
from compliance.reports.packs.vara.values import amounts, cell, records, verdict_of
from compliance.verdicts import Result

__all__ = ["key_block", "list_blocks", "parts_block"]

_LISTS = {
    "vara.group_entities": ("vara_group", ("entity", "relation", "invests_own"), "group-entities"),
    "vara.group_transactions": ("vara_group_records", ("at", "entity", "kind", "asset", "units"), "group-transactions"),
    "vara.related_party_transactions": (
        "vara_related", ("at", "party", "relation", "kind", "asset", "units"), "related-parties",
    ),
}  # fmt: skip


def parts_block(data: PackInput, kind: str, texts: Texts) -> Block:
    """The parts that the rule lists, where each stands, and whether it is there."""
    columns = columns_of(
        texts,
        ("vara_letter", "text", 16),
        ("vara_part", "text", 28),
        ("vara_where", "text", 44),
        ("vara_state", "text", 12),
    )
    rows = [(entry.citation, entry.what, *_place(data, entry, texts)) for entry in MAPPING[kind]]
    rule = {"monthly": ("VARA-REP-M",), "quarterly": ("VARA-REP-Q", "VARA-REP-Qb")}.get(kind, ("VARA-RES-03",))
    table = named("parts", texts["vara_parts"], columns, rows)
    return Block(texts["vara_parts"], 2, (texts["vara_parts_note"],), table, rules=rule)


def _place(data: PackInput, entry: Entry, texts: Texts) -> tuple[str, str]:
    sort, _, name = entry.source.partition(":")
    given, missing = texts["vara_given"], texts["vara_missing"]
    if sort == "attachment":
        file = attached(data, name)
        if file:
            return texts["vara_file"].format(name=file), given
        return texts["vara_lacks_file"].format(name=name), missing
    if sort == "fact":
        is_known = data.facts.find(name) is not None
        where = (
            texts["vara_here"].format(heading=_heading(name, texts))
            if is_known
            else texts["vara_lacks_fact"].format(name=name)
        )
        return where, given if is_known else missing
    if sort == "own":
        is_known = bool(data.books) if name == "books" else data.facts.find("claims") is not None
        return texts["vara_here"].format(heading=texts[name]), given if is_known else missing
    verdict = verdict_of(data, name)
    is_judged = verdict is not None and verdict.result is not Result.INSUFFICIENT
    return texts["vara_here"].format(heading=f"{texts['verdicts']}, {name}"), given if is_judged else missing


def _heading(fact: str, texts: Texts) -> str:
    """The block that shows a fact."""
    words = {"wallets": "wallets", "encumbrances": "vara_encumbered", "debts": "vara_holdings"}
    if fact in _LISTS:
        return texts[_LISTS[fact][0]]
    return texts[words[fact]] if fact in words else f"{texts['facts_used']}, {fact}"


def key_block(data: PackInput, texts: Texts) -> Block:
    """The figures that a reader looks for first, each with its rule."""
    unknown = texts["vara_unknown"]
    covered, capital = verdict_of(data, "VARA-RES-01"), verdict_of(data, "VARA-CAP-01")
    wallets, audit = records(data, "wallets"), verdict_of(data, "VARA-RES-03")
    liquid = net_liquid_assets(data)
    rows = [
        (texts["vara_assets_covered"], (covered.measured if covered else "") or unknown, "VARA-RES-01"),
        (texts["vara_lowest"], _lowest(data) or unknown, "VARA-RES-01"),
        (texts["vara_capital"], _against(capital.measured, capital.required) if capital else unknown, "VARA-CAP-01"),
        (texts["vara_liquid"], unknown if liquid is None else _net(*liquid[:2]), "VARA-CAP-02"),
        (texts["vara_hot"], _crime_cover(data, texts), "VARA-CAP-03"),
        (texts["vara_clock"], (audit.measured if audit else "") or unknown, "VARA-RES-03"),
        (texts["vara_wallets"], unknown if wallets is None else f"{len(wallets):,}", "VARA-REP-M"),
    ]
    return key_figures(texts["vara_key"], [(what, figure or unknown, rule) for what, figure, rule in rows], texts)


def _against(measured: str, required: str) -> str:
    return f"{readable(measured)} ({readable(required)})" if measured else ""


def _net(net: Fraction, required: Fraction) -> str:
    return f"{units(net)} AED (>= {units(required)} AED)"


def _lowest(data: PackInput) -> str:
    first, last = start_of(data), end_of(data)
    ratios = [lowest_of(point) for point in data.coverage if first <= point.hour <= last]
    lowest = min((ratio for ratio in ratios if ratio is not None), default=None)
    return "" if lowest is None else f"{lowest // 100}.{lowest % 100:02d} %"


def _crime_cover(data: PackInput, texts: Texts) -> str:
    policies, hot = records(data, "vara.insurance"), amounts(data, "values.client.hot")
    cover = [row["cover"] for row in policies or () if str(row["name"]).startswith("commercial crime")]
    shown = [units(each) if isinstance(each, Fraction) else texts["vara_unknown"] for each in cover]
    value = units(hot["AED"]) if hot and "AED" in hot else texts["vara_unknown"]
    return f"{', '.join(shown) or texts['vara_unknown']} AED / {value} AED"


def list_blocks(data: PackInput, texts: Texts) -> list[Block]:
    """Group entities, their transactions, and those with related parties, as the firm states them."""
    return [_list(data, name, texts) for name in _LISTS]


def _list(data: PackInput, name: str, texts: Texts) -> Block:
    word, fields, table_name = _LISTS[name]
    found, heading = records(data, name), texts[word]
    if found is None:
        return Block(heading, 2, (texts["vara_not_stated"].format(name=name),), rules=("VARA-REP-M",))
    if not found:
        return Block(heading, 2, (texts["vara_none_stated"],), rules=("VARA-REP-M",))
    columns = tuple(Column(field.replace("_", " "), "number" if field == "units" else "text", 16) for field in fields)
    rows = [tuple(cell(row[field], texts) for field in fields) for row in found]
    return Block(heading, 2, (), named(table_name, heading, columns, rows), rules=("VARA-REP-M",))
