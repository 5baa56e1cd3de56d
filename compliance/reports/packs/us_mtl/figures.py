"""What stands in each field of the call report, and where it comes from; a figure that is not known is told apart.

The firm's own line comes first; then what ledger and registers give; then zero for an activity that is not carried out.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from compliance.facts import Amounts, Record
from compliance.reports.inputs import PackInput
from compliance.reports.packs.us_mtl.common import amounts_of, names_of, number_of, records_of, states
from compliance.reports.packs.us_mtl.form import ASSETS, COMPANY, EQUITY, INCOME, INVESTMENTS, STATE, TOTALS, Field
from compliance.required import Lacking
from compliance.state_formulas import in_unit

__all__ = ["LINES", "STATE_LINES", "Figure", "base_of", "company_figures", "dollars", "known", "state_figures", "total"]

LINES: Final = "us.msbcr.lines"
STATE_LINES: Final = "us.msbcr.state_lines"
_KIND_LINES: Final[Mapping[str, tuple[str, ...]]] = {
    "PI10": ("domestic-deposit",),
    "PI20": ("foreign-deposit",),
    "PI30": ("cash", "in-transit"),
    "PI31": ("card-receivable",),
    "PI32": ("aaa-money-fund",),
    "PI50": ("letter-of-credit",),
    "PI60": ("delegate-receivable",),
    "PI70": (
        "short-term-investment", "commercial-paper", "repurchase-agreement", "rated-money-fund", "investment-fund",
        "rated-debt",
    ),
    "PI71": ("short-term-investment",),
    "PI72": ("commercial-paper",),
    "PI73": ("repurchase-agreement",),
    "PI74": ("rated-money-fund",),
    "PI75": ("investment-fund",),
    "PI76": ("rated-debt",),
    "PI90": ("us-obligation",),
    "PI100": ("bank-debt", "state-obligation", "same-coin-stablecoin"),
}  # fmt: skip
"""The line of each kind of permissible investment."""
_PARTS_OF: Final = {"PI21": "foreign-deposit", "PI61": "delegate-receivable", "PI62": "delegate-receivable"}
"""Lines that are a part of a kind: nothing where there is nothing of the kind, else the firm says how much."""
_BASES: Final[Mapping[str, tuple[str, ...]]] = {
    "FC480": tuple(each.code for each in INCOME if each.code < "FC490"),
    "FC590": tuple(each.code for each in INCOME if "FC500" <= each.code <= "FC590"),
    "PI100": ("PI10", "PI20", "PI30", "PI31", "PI32", "PI50", "PI60", "PI70", "PI80", "PI90", "PI100"),
    "PI160": ("PI140", "PI150", "PI160"),
}


class Figure(NamedTuple):
    """A field with its value (None: not known), where that comes from, and what else says otherwise."""

    field: Field
    value: Fraction | None
    origin: str
    other: str = ""


def dollars(data: PackInput, name: str, state: str = "") -> Fraction | None:
    """Amounts by currency in US dollars; None where they, or a rate, are not known."""
    amounts = amounts_of(data, name, state)
    if amounts is None:
        return None
    try:
        return in_unit({"unit": "USD"}, {"owed": amounts, "rates?": amounts_of(data, "us.rates") or {}}, "owed")
    except Lacking:
        return None


def known(figures: Mapping[str, Figure], code: str) -> Fraction:
    """A field's value; what is not known counts as the zero that stands in the file."""
    return figures[code].value or Fraction(0)


def total(figures: Mapping[str, Figure], code: str) -> Fraction:
    """A total of the form, of the firm or (ST340) of a state."""
    prefix = "ST" if code.startswith("ST") else ""
    name = "TA" + code[2:] if prefix else code
    if name not in TOTALS:
        return known(figures, code)
    return sum((total(figures, prefix + each[2:] if prefix else each) for each in TOTALS[name][1]), Fraction(0))


def base_of(figures: Mapping[str, Figure], code: str, whole: str) -> Fraction:
    """What a line of others is a part of."""
    if whole:
        return total(figures, whole)
    return sum((known(figures, each) for each in _BASES[code]), Fraction(0))


def company_figures(data: PackInput) -> dict[str, Figure]:
    """Sections I, II(a) and III."""
    stated, derived = amounts_of(data, LINES) or {}, _derived(data)
    fields = (*ASSETS, *EQUITY, *INCOME, *COMPANY, *INVESTMENTS)
    return _figures(fields, stated, derived, names_of(data, "us.msbcr.activities"), LINES)


def state_figures(data: PackInput, state: str) -> dict[str, Figure]:
    """Section II(b) of a state."""
    derived: dict[str, tuple[Fraction, str]] = {}
    bond, adtl = number_of(data, "us.bond", state), dollars(data, "us.adtl", state)
    if bond is not None:
        derived["ST360"] = bond, "us.bond"
    if adtl is not None:
        derived["ST361"] = adtl, "us.adtl"
    for code, value in (amounts_of(data, "us.activity.state", state) or {}).items():
        derived[code] = value, "us.activity.state"
    stated = amounts_of(data, STATE_LINES, state) or {}
    return _figures(STATE, stated, derived, names_of(data, "us.msbcr.activities"), STATE_LINES)


def _figures(
    fields: Iterable[Field], stated: Amounts, derived: Mapping[str, tuple[Fraction, str]],
    activities: frozenset[str] | None, source: str,
) -> dict[str, Figure]:  # fmt: skip
    found = {}
    for field in fields:
        value, origin, other = None, "not known", ""
        if field.code in stated:
            value, origin = stated[field.code], source
            if field.code in derived and _whole(derived[field.code][0]) != _whole(value):
                amount, name = derived[field.code]
                other = f"{name} gives {_whole(amount):,}"
        elif field.code in derived:
            value, origin = derived[field.code]
        elif field.activity and activities is not None and field.activity not in activities:
            value, origin = Fraction(0), f"no {field.activity}"
        found[field.code] = Figure(field, value, origin, other)
    return found


def _whole(value: Fraction) -> int:
    """Whole dollars, halves away from zero upwards."""
    return int((value + Fraction(1, 2)).__floor__())


def _derived(data: PackInput) -> dict[str, tuple[Fraction, str]]:
    """What facts give of the firm's lines."""
    found = _investments(records_of(data, "us.permissible"))
    for code, number in (amounts_of(data, "us.activity.company") or {}).items():
        found[code] = number, "us.activity.company"
    owed = dollars(data, "client_money.owed")
    if owed is not None:
        found["PI120"] = found["FC200"] = owed, "client_money.owed"
    averages = [dollars(data, "us.adtl", state) for state in states(data)]
    if averages and all(each is not None for each in averages):
        found["PI130"] = sum((each for each in averages if each is not None), Fraction(0)), "us.adtl of every state"
    for code, name in (("PI140", "values.client"), ("PI150", "values.own"), ("PI180", "values.claims")):
        value = (amounts_of(data, name) or {}).get("USD")
        if value is not None:
            found[code] = value, name
    if "PI180" in found:
        found["FC230"] = found["PI180"]
    return found


def _investments(rows: tuple[Record, ...] | None) -> dict[str, tuple[Fraction, str]]:
    if rows is None:
        return {}
    sums: dict[str, Fraction] = {}
    pledged = Fraction(0)
    for row in rows:
        value, part = row["value"], row["pledged"]
        assert isinstance(value, Fraction) and isinstance(part, Fraction), "values are numbers"
        sums[str(row["kind"])] = sums.get(str(row["kind"]), Fraction(0)) + value
        pledged += part
    found = {
        code: (sum((sums.get(kind, Fraction(0)) for kind in kinds), Fraction(0)), "us.permissible")
        for code, kinds in _KIND_LINES.items()
    }
    found["PI80"], found["PI110"] = (Fraction(0), "us.permissible"), (pledged, "us.permissible")
    found.update({code: (Fraction(0), "us.permissible") for code, kind in _PARTS_OF.items() if not sums.get(kind)})
    return found
