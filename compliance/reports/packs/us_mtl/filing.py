"""The call report as files: XML in the order of form version 4, and CSV in a layout of our own. No schema is claimed.

Every field is there, zeros too. A figure that is not known stands as zero, because the form asks for all; the comment
at the top names each of them, so that a draft is not taken for a report.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from fractions import Fraction
from typing import Final, NamedTuple
from xml.sax.saxutils import escape

from compliance.reports.document import csv_cell
from compliance.reports.inputs import PackInput
from compliance.reports.packs.us_mtl.common import records_of, states
from compliance.reports.packs.us_mtl.figures import Figure, company_figures, state_figures
from compliance.reports.packs.us_mtl.form import ASSETS, COMPANY, EQUITY, INCOME, INVESTMENTS, NOTED, STATE, Field, Kind
from ledger.errors import InputError

__all__ = ["CSV_FILE", "XML_FILE", "Filing", "call_report_csv", "call_report_xml", "filing_of", "text_of"]

XML_FILE, CSV_FILE = "msb-call-report.xml", "msb-call-report.csv"
DIGITS_MAX: Final = 13
NOTE_MAX: Final = 4000
_FORBIDDEN: Final = re.compile(r"[<>%\x00-\x08\x0b\x0c\x0e-\x1f]")
_NOTES: Final = "us.msbcr.notes"
_OWN_NOTES: Final = ("FCNOTE_1", "TANOTE_1", "STNOTE_1", "PINOTE_1", "TDANOTE_1", "TDBNOTE_1")
_COUNTRY: Final = re.compile(r"[A-Z]{2}\Z")


class Filing(NamedTuple):
    """A report's figures: of the firm, by state, and the notes by (field, state)."""

    year: int
    quarter: int
    company: Mapping[str, Figure]
    by_state: Mapping[str, Mapping[str, Figure]]
    notes: Mapping[tuple[str, str], str]
    destinations: tuple[tuple[str, str, Fraction, Fraction], ...]
    """Country, state or nothing, amount, number of transactions; of the fourth quarter alone."""

    @property
    def unknown(self) -> list[str]:
        """Fields that stand as zero because nothing is known, a state's with its name."""
        firm = [code for code, figure in self.company.items() if figure.value is None]
        found = [
            f"{code} {state}"
            for state, figures in self.by_state.items()
            for code, figure in figures.items()
            if figure.value is None
        ]
        return firm + found


def filing_of(data: PackInput) -> Filing:
    """The report of the quarter in which the period ends; raises InputError for a note or country out of its form."""
    end: date = data.end
    quarter = (end.month + 2) // 3
    notes = {}
    for row in records_of(data, _NOTES) or ():
        field, state, text = str(row["field"]), str(row["state"] or ""), str(row["text"])
        if not (field in _OWN_NOTES or field.removesuffix("NOTE") in NOTED):
            raise InputError(
                _NOTES, f"has a note for {field}, which is no field of the form", "Name a field for notes."
            )
        if len(text) > NOTE_MAX or _FORBIDDEN.search(text):
            words = f"{field}: a note has at most 4,000 characters and none of <, > and %"
            raise InputError(_NOTES, words, "Write percentages in words, and shorten the note.")
        notes[field, state] = text
    rows = records_of(data, "us.msbcr.destinations") or () if quarter == 4 else ()
    destinations = []
    for row in rows:
        amount, count, country = row["amount"], row["count"], str(row["country"])
        assert isinstance(amount, Fraction) and isinstance(count, Fraction), "figures are numbers"
        if not _COUNTRY.match(country):
            raise InputError("us.msbcr.destinations", f"has {country[:20]} for a country", "Write its two letters.")
        destinations.append((country, str(row["state"] or ""), amount, count))
    by_state = {state: state_figures(data, state) for state in states(data)}
    return Filing(end.year, quarter, company_figures(data), by_state, notes, tuple(sorted(destinations)))


def text_of(field: Field, value: Fraction | None) -> str:
    """A value as the form has it: whole dollars (halves up), numbers, percentages with two decimals.

    Raises InputError for one that is too long, below zero where none may be, or no whole number of things.
    """
    amount = value or Fraction(0)
    fact = f"line {field.code}"
    if field.kind != Kind.DOLLAR and amount < 0:
        raise InputError(fact, "is below zero", "Only lines of section I may be.")
    if field.kind == Kind.COUNT and amount.denominator != 1:
        raise InputError(fact, "is a number of things and no whole number", "State how many there were.")
    scale = 100 if field.kind == Kind.HUNDREDTH else 1
    whole = int((amount * scale + Fraction(1, 2)).__floor__())
    if len(str(abs(whole))) > DIGITS_MAX:
        raise InputError(fact, "has more than 13 digits", "State it in whole dollars.")
    return f"{whole // 100}.{whole % 100:02d}" if scale == 100 else str(whole)


def call_report_xml(filing: Filing) -> bytes:
    """The file, UTF-8, with a comment that says what it is and what is not known."""
    lines = ['<?xml version="1.0" encoding="UTF-8"?>', *_comment(filing)]
    root = f'year="{filing.year}" formVersion="v4" periodType="MSBQ{filing.quarter}"'
    lines.append(f"<MsbcrFiling {root}>")
    lines += _wrapped("Msbcrfc", _condition(filing))
    lines += _wrapped("Msbcrta", _activity(filing, "TransactionsCompanyWideSection", COMPANY, filing.company, ""))
    for state, figures in filing.by_state.items():
        activity = _activity(filing, "TransactionsStateSpecificSection", STATE, figures, state)
        lines += _wrapped("Msbcrst", activity, _code(state))
    investments = _part("PermissibleInvestmentsSection", INVESTMENTS, filing.company, filing)
    lines += _wrapped("Msbcrpi", [*investments, *_note("PINOTE_1", filing)])
    lines += _countries(filing)
    return ("\n".join([*lines, "</MsbcrFiling>"]) + "\n").encode()


def _comment(filing: Filing) -> Iterator[str]:
    yield "<!-- schema not verified: element order and types follow form version 4 as public notes describe it; -->"
    yield "<!-- no copy of the schema from the regulator was at hand. Made from the management's own records. -->"
    unknown = filing.unknown
    if unknown:
        yield f"<!-- draft, not for filing: {len(unknown)} fields are not known and stand as zero: -->"
        for place in range(0, len(unknown), 12):
            yield f"<!-- {', '.join(unknown[place : place + 12])} -->"


def _code(state: str) -> str:
    return f' stateCode="{state.removeprefix("US-")}"'


def _wrapped(name: str, inner: Iterable[str], attributes: str = "") -> list[str]:
    return [f"\t<{name}{attributes}>", *inner, f"\t</{name}>"]


def _part(name: str, fields: Iterable[Field], figures: Mapping[str, Figure], filing: Filing) -> Iterator[str]:
    yield f"\t\t<{name}>"
    for field in fields:
        yield f"\t\t\t<{field.code}>{text_of(field, figures[field.code].value)}</{field.code}>"
        note = filing.notes.get((f"{field.code}NOTE", ""))
        if field.code in NOTED and note:
            yield f"\t\t\t<{field.code}NOTE>{escape(note)}</{field.code}NOTE>"
    yield f"\t\t</{name}>"


def _note(name: str, filing: Filing, state: str = "") -> list[str]:
    text = filing.notes.get((name, state))
    if not text:
        return []
    inner = f"\t\t\t<{name}>{escape(text)}</{name}>"
    return ["\t\t<ExplanatoryNotesSection>", inner, "\t\t</ExplanatoryNotesSection>"]


def _condition(filing: Filing) -> Iterator[str]:
    for name, fields in (("Assets", ASSETS), ("LiabilitiesAndEquity", EQUITY), ("IncomeStatement", INCOME)):
        yield from _part(name, fields, filing.company, filing)
    yield from _note("FCNOTE_1", filing)


def _activity(
    filing: Filing, name: str, fields: Iterable[Field], figures: Mapping[str, Figure], state: str
) -> Iterator[str]:
    yield from _part(name, fields, figures, filing)
    yield from _note("STNOTE_1" if state else "TANOTE_1", filing, state)


def _countries(filing: Filing) -> Iterator[str]:
    """Section IV: of the firm, and of each state that has rows."""
    for state in ("", *filing.by_state):
        rows = [each for each in filing.destinations if each[1] == state]
        if not rows:
            continue
        item, code = ("StateTransactionsItem", "TDB") if state else ("CompanyTransactionsItem", "TDA")
        inner = [f"\t\t<ListSectionOf{item}>", "\t\t\t<DetailItemList>"]
        for country, _, amount, count in rows:
            dollars = text_of(Field(f"{code}_1", Kind.POSITIVE, ""), amount)
            number = text_of(Field(f"{code}_2", Kind.COUNT, ""), count)
            values = f"<{code}>{country}</{code}><{code}_1>{dollars}</{code}_1><{code}_2>{number}</{code}_2>"
            inner.append(f"\t\t\t\t<{item}>{values}</{item}>")
        inner += ["\t\t\t</DetailItemList>", f"\t\t</ListSectionOf{item}>", *_note(f"{code}NOTE_1", filing, state)]
        yield from _wrapped("Msbcrtdb" if state else "Msbcrtda", inner, _code(state) if state else "")


def call_report_csv(filing: Filing) -> bytes:
    """One line for each field: section, state, field, type, value, what it is, where it comes from."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("section", "state", "field", "type", "value", "what", "from"))
    for section, state, figures in _sections(filing):
        for code, figure in figures.items():
            value = text_of(figure.field, figure.value)
            cells = (section, state, code, figure.field.kind)
            writer.writerow((*cells, value, figure.field.label, csv_cell(figure.origin)))
    for (name, state), text in sorted(filing.notes.items()):
        writer.writerow(("notes", state, name, Kind.NOTE, csv_cell(text), "explanatory note", _NOTES))
    for country, state, amount, count in filing.destinations:
        writer.writerow(("IV", state, country, Kind.POSITIVE, text_of(Field("TD", Kind.POSITIVE, ""), amount),
                         f"{count} transactions", "us.msbcr.destinations"))  # fmt: skip
    return out.getvalue().encode()


def _sections(filing: Filing) -> Iterator[tuple[str, str, Mapping[str, Figure]]]:
    parts = (("I", (*ASSETS, *EQUITY, *INCOME)), ("II(a)", COMPANY))
    for section, fields in parts:
        yield section, "", {each.code: filing.company[each.code] for each in fields}
    for state, figures in filing.by_state.items():
        yield "II(b)", state, figures
    yield "III", "", {each.code: filing.company[each.code] for each in INVESTMENTS}
