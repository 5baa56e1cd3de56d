"""The call report for people: each section with its totals, states, notes, countries, and the checks of the file."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Final

from compliance.reports.document import Block, Column, Texts
from compliance.reports.inputs import PackInput
from compliance.reports.packs.blocks import named
from compliance.reports.packs.us_mtl.common import amounts_of, column, money, percent, rule_in_force, table_block
from compliance.reports.packs.us_mtl.figures import LINES, STATE_LINES, Figure, base_of, known, total
from compliance.reports.packs.us_mtl.filing import Filing, text_of
from compliance.reports.packs.us_mtl.form import (
    ASSETS,
    COMPANY,
    EQUITY,
    INCOME,
    INVESTMENTS,
    NOTED,
    TOTALS,
    Field,
    state_field,
)

__all__ = ["checks", "checks_block", "missing_notes", "section_blocks"]

_SECTIONS: Final = (
    ("I", "assets", ASSETS, "section-i-assets"),
    ("I", "liabilities and equity", EQUITY, "section-i-liabilities"),
    ("I", "income", INCOME, "section-i-income"),
    ("II(a)", "transactions of the whole firm", COMPANY, "section-ii-company"),
    ("III", "permissible investments", INVESTMENTS, "section-iii"),
)
_QUARTERS: Final = {"03-31": "01-01", "06-30": "04-01", "09-30": "07-01", "12-31": "10-01"}
"""The first day of the quarter that ends with a day."""


def section_blocks(data: PackInput, filing: Filing, texts: Texts) -> list[Block]:
    """Every section, in the form's order."""
    blocks = []
    for section, name, fields, table in _SECTIONS:
        heading = texts["us_values"].format(section=section, name=name)
        rows = [*_rows(fields, filing.company), *_totals(fields, filing.company)]
        intro = (texts["us_values_intro"],) if section == "I" and name == "assets" else ()
        blocks.append(Block(heading, 2, intro, named(table, heading, _columns(), rows), rules=("US-CR-02", "US-CR-06")))
    blocks[4:4] = _state_blocks(filing, texts)
    blocks.append(_notes(filing, texts))
    blocks.append(_destinations(filing, texts))
    return blocks


def _columns() -> tuple[Column, ...]:
    return (
        column("Field", weight=9), column("What", weight=40), column("Value", "number", 18),
        column("From", weight=26), column("State", "status", 13),
    )  # fmt: skip


def _row(figure: Figure) -> tuple[str, ...]:
    value = text_of(figure.field, figure.value)
    shown = value if "." in value else f"{int(value):,}"
    origin = f"{figure.origin}; {figure.other}" if figure.other else figure.origin
    state = "insufficient data" if figure.value is None else "exception" if figure.other else ""
    return figure.field.code, figure.field.label, shown, origin, state


def _rows(fields: Iterable[Field], figures: Mapping[str, Figure]) -> list[tuple[str, ...]]:
    return [_row(figures[field.code]) for field in fields]


def _totals(fields: Iterable[Field], figures: Mapping[str, Figure]) -> Iterator[tuple[str, ...]]:
    codes = {field.code for field in fields}
    for code, (name, parts) in TOTALS.items():
        # A total stands where its first own field stands.
        if any(part in codes for part in parts):
            label = f"total {name} (not in the file)"
            yield code, label, f"{_whole(total(figures, code)):,}", "sum of the lines above", ""


def _whole(value: Fraction) -> int:
    return int((value + Fraction(1, 2)).__floor__())


def _state_blocks(filing: Filing, texts: Texts) -> list[Block]:
    heading = texts["us_state_values"]
    if not filing.by_state:
        lacking = texts["us_lacking"].format(facts="licences.us.states")
        return [Block(heading, 2, (texts["us_state_values_intro"], lacking), rules=("US-CR-02",))]
    blocks = [Block(heading, 2, (texts["us_state_values_intro"],), rules=("US-CR-02",))]
    for state, figures in filing.by_state.items():
        rows = [_row(each) for each in figures.values() if each.value is None or each.value]
        for name in ("TA50", "TA60", "TA340", "TA350"):
            code = state_field(name)
            label = f"total {TOTALS[name][0]} (not in the file)"
            rows.append((code, label, f"{_whole(total(figures, code)):,}", "sum of its lines", ""))
        if figures["ST360"].value is not None and figures["ST361"].value is not None:
            difference = known(figures, "ST360") - known(figures, "ST361")
            label = "bond less average daily liability (not in the file)"
            rows.append(("ST362", label, money(difference), "ST360 less ST361", ""))
        name = f"section-ii-{state.lower()}"
        blocks.append(Block(state, 3, (), named(name, state, _columns(), rows), rules=("US-CR-02",)))
    return blocks


def _notes(filing: Filing, texts: Texts) -> Block:
    rows = [(field, state or "the firm", text) for (field, state), text in sorted(filing.notes.items())]
    columns = (column("Field", weight=12), column("Of", weight=12), column("Note", weight=60))
    return table_block(
        texts["us_notes"], 2, ("US-CR-07",), columns, rows, texts, name="notes", facts=("us.msbcr.notes",)
    )


def _destinations(filing: Filing, texts: Texts) -> Block:
    rows = [
        (country, state or "the firm", money(amount), money(count))
        for country, state, amount, count in filing.destinations
    ]
    columns = (
        column("Country"), column("Of"), column("Amount (USD)", "number"), column("Transactions", "number"),
    )  # fmt: skip
    return table_block(
        texts["us_destinations"], 2, ("US-CR-02.2",), columns, rows, texts, name="destinations",
        facts=("us.msbcr.destinations",), intro=texts["us_destinations_intro"],
    )  # fmt: skip


# Checks.


def missing_notes(data: PackInput, filing: Filing) -> list[tuple[str, str]]:
    """Lines of others that are large and have no note: the field, and its share of what it is a part of."""
    rule = rule_in_force(data, "US-CR-07")
    limit = Fraction(1, 2) if rule is None else rule.parameters["other_share"].value
    assert isinstance(limit, Fraction)
    found = []
    for code, whole in NOTED.items():
        value, base = abs(known(filing.company, code)), abs(base_of(filing.company, code, whole))
        if value and (not base or value / base > limit) and (f"{code}NOTE", "") not in filing.notes:
            found.append((code, percent(value / base) if base else "all"))
    return found


def checks(data: PackInput, filing: Filing) -> Iterator[tuple[str, str, str]]:
    """What was looked for, what was found, and a status."""
    unknown = filing.unknown
    yield (
        "every field has a figure that is known",
        "all known" if not unknown else f"{len(unknown)} stand as zero: {', '.join(unknown[:12])}"
        + (" …" if len(unknown) > 12 else ""),
        "insufficient data" if unknown else "no exception",
    )  # fmt: skip
    yield "each field is present and of its type", "made so; else no file is written", "no exception"
    is_whole = (
        data.start.isoformat()[5:] == _QUARTERS.get(data.end.isoformat()[5:]) and data.start.year == data.end.year
    )
    yield _found("the period is a calendar quarter", "" if is_whole else f"it is {data.start} to {data.end}")
    notes = missing_notes(data, filing)
    yield _found(
        "a note explains each line of others over half of what it is a part of",
        ", ".join(f"{code} is {share}" for code, share in notes),
    )
    others = [f"{code}: {each.other}" for code, each in filing.company.items() if each.other]
    others += [
        f"{code} {state}: {each.other}"
        for state, figures in filing.by_state.items()
        for code, each in figures.items()
        if each.other
    ]
    yield _found("the firm's lines say what ledger and registers say", "; ".join(others))
    yield _found("each line that the firm states is one of the form", ", ".join(_strangers(data, filing)))
    yield _found("states do not add up to more than the firm", ", ".join(_exceeded(filing)))
    liability, fees = known(filing.company, "FC200"), known(filing.company, "PI120")
    yield _found(
        "the transmission liability of section III is that of section I",
        "" if liability == fees else f"PI120 {money(fees)}, FC200 {money(liability)}",
    )
    foreign = known(filing.company, "TA30") != 0
    is_lacking = filing.quarter == 4 and foreign and not filing.destinations
    words = "TA30 counts transmissions abroad, and no country is stated"
    yield _found("destination countries are there with the fourth quarter", words if is_lacking else "")


def _found(what: str, words: str) -> tuple[str, str, str]:
    return what, words or "nothing found", "exception" if words else "no exception"


def _exceeded(filing: Filing) -> Iterator[str]:
    for field in COMPANY:
        if field.code == "TA140":
            continue
        code = state_field(field.code)
        states = sum((known(figures, code) for figures in filing.by_state.values()), Fraction(0))
        if filing.company[field.code].value is not None and states > known(filing.company, field.code):
            yield f"{code} {money(states)} over {field.code} {money(known(filing.company, field.code))}"


def _strangers(data: PackInput, filing: Filing) -> list[str]:
    """Stated lines that the form does not have: they stand in no file."""
    found = [name for name in amounts_of(data, LINES) or () if name not in filing.company]
    for state, figures in filing.by_state.items():
        found += [f"{name} {state}" for name in amounts_of(data, STATE_LINES, state) or () if name not in figures]
    return sorted(found)


def checks_block(data: PackInput, filing: Filing, texts: Texts) -> Block:
    """The checks as a table."""
    columns = (column("Looked for", weight=40), column("Found", weight=48), column("Answer", "status", 14))
    rows = list(checks(data, filing))
    table = named("file-checks", texts["us_checks"], columns, rows)
    rules = ("US-CR-03", "US-CR-04", "US-CR-05", "US-CR-06", "US-CR-07", "US-CR-09")
    return Block(texts["us_checks"], 2, (texts["us_checks_intro"],), table, rules=rules)
