"""The market's side: order-to-trade ratios, surveillance and its cases, margin and CFDs."""

from __future__ import annotations

from fractions import Fraction
from typing import TypeAlias

from compliance.facts import Record
from compliance.primitives.view import View, holds
from compliance.reports.document import Block, Texts, columns_of
from compliance.reports.inputs import PackInput
from compliance.reports.packs.coverage import units
from compliance.reports.packs.eu.common import ROWS_SHOWN, cell, number_of, records_of, rule_in_force, table_block
from compliance.reports.packs.eu.texts import DETECTOR_NAMES
from compliance.reports.packs.period import minute_text
from compliance.rules import Rule

__all__ = ["cfd_blocks", "otr_block", "otr_of", "surveillance_blocks"]

_OTR = ("EU-VEN-04", "EU-VEN-04.2")
_ABUSE = ("EU-MA-01", "EU-MA-01.3", "EU-MA-01.4", "EU-MAR-01")
_SUSPICION = ("EU-MA-01.2", "EU-MAR-01.2")


def otr_of(orders: Fraction, trades: Fraction) -> Fraction | None:
    """Orders over transactions, less one (Regulation (EU) 2017/566 article 3); None where there was no transaction."""
    assert orders >= 0 and trades >= 0, "counts and volumes are not below zero"
    return None if trades == 0 else orders / trades - 1


def _two(ratio: Fraction | None) -> str:
    """A ratio with two decimals, rounded up: a ratio above a limit is never shown as the limit."""
    if ratio is None:
        return "—"
    hundredths = -(-ratio.numerator * 100 // ratio.denominator)
    return units(Fraction(hundredths, 100))


def otr_block(data: PackInput, texts: Texts) -> Block:
    """The order-to-trade table, highest ratio first; members with no transaction come before all others."""
    found, limits = records_of(data, "order_to_trade"), []
    for name in ("eu.otr.number_max", "eu.otr.volume_max"):
        limits.append(number_of(data, name))
    rows = None
    if found is not None:
        judged = _judged(found, limits, rule_in_force(data, _OTR[0]), data)
        rows = [_otr_row(row, answer) for _, answer, row in judged[:ROWS_SHOWN]]
    columns = columns_of(
        texts,
        ("c_member", "code", 16),
        ("c_market", "text", 12),
        ("c_orders", "number", 11),
        ("c_trades", "number", 11),
        ("c_ratio_number", "number", 11),
        ("c_ordered", "number", 15),
        ("c_traded", "number", 15),
        ("c_ratio_volume", "number", 11),
        ("result", "status", 12),
    )
    number, volume = ("—" if limit is None else units(limit) for limit in limits)
    intro = texts["eu_otr_intro"].format(number=number, volume=volume)
    total = None if found is None else len(found)
    return table_block(
        texts["eu_otr"], 2, _OTR, columns, rows, texts,
        name="order-to-trade", facts=("order_to_trade",), intro=intro, total=total,
    )  # fmt: skip


_Judged: TypeAlias = "tuple[tuple[int, Fraction, str], str, Record]"


def _judged(
    found: tuple[Record, ...], limits: list[Fraction | None], rule: Rule | None, data: PackInput
) -> list[_Judged]:
    """Each member's answer, in the order of the table: what fails first, no transaction before any ratio."""
    view = None if rule is None else View(rule, {}, data.facts.as_of)
    ranks = {"fail": 0, "insufficient data": 1, "pass": 1, "not applicable": 2}
    judged = []
    for row in found:
        answers = []
        for (above, below), limit in zip((("orders", "trades"), ("ordered", "traded")), limits, strict=True):
            answers.append(None if limit is None else _number(row, above) <= (limit + 1) * _number(row, below))
        if view is None or not all(holds(each, row, view) for each in view.rule.where):
            answer = "not applicable"
        elif False in answers:
            answer = "fail"
        else:
            answer = "insufficient data" if None in answers else "pass"
        ratio = otr_of(_number(row, "orders"), _number(row, "trades"))
        place = (ranks[answer], Fraction(-(10**30)) if ratio is None else -ratio, str(row["id"]))
        judged.append((place, answer, row))
    judged.sort(key=lambda each: each[0])
    return judged


def _number(row: Record, name: str) -> Fraction:
    value = row[name]
    assert isinstance(value, Fraction), f"{name} is a number"
    return value


def _otr_row(row: Record, answer: str) -> tuple[str, ...]:
    number = otr_of(_number(row, "orders"), _number(row, "trades"))
    volume = otr_of(_number(row, "ordered"), _number(row, "traded"))
    fields = [cell(row[name]) for name in ("member", "market", "orders", "trades", "ordered", "traded")]
    return (*fields[:4], _two(number), *fields[4:], _two(volume), answer)


def surveillance_blocks(data: PackInput, texts: Texts) -> list[Block]:
    """Detectors and cases."""
    return [_detectors(data, texts), _cases(data, texts)]


def _detectors(data: PackInput, texts: Texts) -> Block:
    found = records_of(data, "detectors")
    rows = None
    if found is not None:
        known = {str(row["detector"]): row for row in found}
        rows = [_detector(name, known.get(name)) for name in sorted({*DETECTOR_NAMES, *known})]
    columns = columns_of(
        texts,
        ("c_detector", "code", 10),
        ("c_pattern", "text", 32),
        ("c_ran", "text", 16),
        ("c_whole", "text", 10),
        ("c_alerts", "number", 9),
        ("c_open", "number", 9),
        ("c_oldest", "text", 16),
    )
    return table_block(
        texts["eu_detectors"], 2, _ABUSE, columns, rows, texts,
        name="detectors", facts=("detectors",), intro=texts["eu_detectors_intro"],
    )  # fmt: skip


def _detector(name: str, row: Record | None) -> tuple[str, ...]:
    pattern = DETECTOR_NAMES.get(name, "")
    if row is None:
        return name, pattern, "has not run", "—", "—", "—", "—"
    return name, pattern, *(cell(row[each]) for each in ("ran_at", "complete", "alerts", "open", "oldest_open"))


def _cases(data: PackInput, texts: Texts) -> Block:
    found = records_of(data, "cases")
    rule = rule_in_force(data, _SUSPICION[0])
    rows = None
    if found is not None and rule is not None:
        view = View(rule, {}, data.facts.as_of)
        rows = [_case(row, view) for row in found if row["kind"] == "market abuse"]
    columns = columns_of(
        texts,
        ("c_id", "code", 22),
        ("c_state", "text", 20),
        ("c_detected", "text", 18),
        ("c_due", "text", 18),
        ("c_filed", "text", 18),
        ("result", "status", 14),
    )
    return table_block(texts["eu_cases"], 3, _SUSPICION, columns, rows, texts, name="cases", facts=("cases",))


def _case(row: Record, view: View) -> tuple[str, ...]:
    """A case, with the day by which it is reported where it is one to report."""
    fields = [cell(row[name]) for name in ("id", "state", "detected")]
    if not all(holds(each, row, view) for each in view.rule.where):
        return (*fields, "—", cell(row["filed"]), "not applicable")
    due = view.clock("due").due(row["detected"])  # type: ignore[arg-type]  # a moment, by its kind
    answer = "pass" if all(holds(each, row, view) for each in view.rule.must) else "fail"
    return (*fields, minute_text(due), cell(row["filed"]), answer)


def cfd_blocks(data: PackInput, texts: Texts) -> list[Block]:
    """Openings and accounts of retail clients; where nothing gives these the block says so."""
    opened, accounts = records_of(data, "eu.cfd.openings"), records_of(data, "eu.cfd.accounts")
    falls = records_of(data, "eu.depreciations")
    opening_rows = None if opened is None else [_fields(row, ("id", "class", "notional", "margin")) for row in opened]
    account_rows = (
        None if accounts is None else [_fields(row, ("id", "equity", "required_margin", "closed")) for row in accounts]
    )
    fall_rows = None if falls is None else [_fields(row, ("id", "crossed", "told")) for row in falls]
    columns = columns_of(
        texts, ("c_id", "code", 24), ("c_class", "text", 24), ("c_exposure", "number", 20), ("c_margin", "number", 20)
    )
    account_columns = columns_of(
        texts, ("c_id", "code", 24), ("c_exposure", "number", 20), ("c_margin", "number", 20), ("c_done", "text", 18)
    )
    fall_columns = columns_of(texts, ("c_id", "code", 24), ("c_when", "text", 20), ("c_done", "text", 20))
    rules = ("EU-CFD-01", "EU-CFD-02", "EU-CFD-03", "EU-CFD-03.2", "EU-CFD-03.3", "EU-CFD-03.4")
    heading = texts["eu_cfd"]
    return [
        table_block(
            heading, 2, rules[:1], columns, opening_rows, texts,
            name="cfd-openings", facts=("eu.cfd.openings",), intro=texts["eu_cfd_intro"],
        ),
        table_block(
            texts["eu_cfd_accounts"], 3, rules[1:], account_columns, account_rows, texts,
            name="cfd-accounts", facts=("eu.cfd.accounts",),
        ),
        table_block(
            texts["eu_depreciations"], 3, ("EU-STM-02",), fall_columns, fall_rows, texts,
            name="depreciations", facts=("eu.depreciations",),
        ),
    ]  # fmt: skip


def _fields(row: Record, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(cell(row[name]) for name in names)
