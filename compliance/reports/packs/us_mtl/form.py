"""The MSB Call Report, form version 4, as data: sections, fields in the order of the schema, types, and what they are.

Codes, order and types are those of the schema's release 2024.8 as public notes and a public copy of it have them; no
copy from the regulator's own site was at hand, so that nothing here is called verified. Words are our own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

__all__ = [
    "ASSETS", "COMPANY", "EQUITY", "INCOME", "INVESTMENTS", "NOTED", "STATE", "TOTALS", "Field", "Kind", "state_field",
]  # fmt: skip


class Kind:
    """The schema's data types."""

    DOLLAR = "Dollar"
    POSITIVE = "PositiveDollar"
    COUNT = "Count"
    HUNDREDTH = "Hundredth"
    NOTE = "ExplanatoryText"


class Field(NamedTuple):
    """One element. `activity`: what must be carried out for it to be anything but zero; empty: any firm."""

    code: str
    kind: str
    label: str
    activity: str = ""


_D, _P, _C = Kind.DOLLAR, Kind.POSITIVE, Kind.COUNT
_MT, _PI, _SV, _CC, _FX, _VC = (
    "money-transmission", "payment-instruments", "stored-value", "check-cashing", "currency-exchange",
    "virtual-currency",
)  # fmt: skip

ASSETS: Final = (
    Field("FC10", _D, "cash on hand and in bank"),
    Field("FC20", _D, "due from agents, net"),
    Field("FC30", _D, "allowance for doubtful accounts of agents"),
    Field("FC40", _D, "accounts receivable, net"),
    Field("FC50", _D, "allowance for doubtful accounts receivable"),
    Field("FC60", _D, "receivables from group companies"),
    Field("FC70", _D, "notes and other receivables"),
    Field("FC80", _D, "investments, government securities among them"),
    Field("FC90", _D, "virtual currency in US dollars"),
    Field("FC100", _D, "other current assets"),
    Field("FC120", _D, "premises, furniture and equipment, net"),
    Field("FC130", _D, "investments in subsidiaries not consolidated"),
    Field("FC140", _D, "goodwill and other intangibles"),
    Field("FC150", _D, "other assets"),
)
EQUITY: Final = (
    Field("FC170", _D, "accounts payable"),
    Field("FC180", _D, "payables to group companies"),
    Field("FC190", _D, "notes and other payables"),
    Field("FC200", _D, "outstanding money received for transmission", _MT),
    Field("FC210", _D, "outstanding payment instruments", _PI),
    Field("FC220", _D, "outstanding stored value", _SV),
    Field("FC230", _D, "outstanding virtual currency liability in US dollars", _VC),
    Field("FC240", _D, "other current liabilities"),
    Field("FC260", _D, "long-term notes payable"),
    Field("FC270", _D, "other liabilities"),
    Field("FC290", _D, "preferred stock"),
    Field("FC300", _D, "preferred shares outstanding, number"),
    Field("FC310", _D, "common stock"),
    Field("FC320", _D, "common shares authorised, number"),
    Field("FC330", _D, "common shares outstanding, number"),
    Field("FC340", _D, "paid-in capital over par"),
    Field("FC360", _D, "retained earnings"),
    Field("FC370", _D, "other comprehensive income"),
    Field("FC380", _D, "distribution to shareholders"),
)
INCOME: Final = (
    Field("FC410", _D, "fees from money received for transmission", _MT),
    Field("FC420", _D, "fees from payment instruments", _PI),
    Field("FC430", _D, "fees from stored value", _SV),
    Field("FC440", _D, "fees from check cashing", _CC),
    Field("FC450", _D, "fees from currency exchange", _FX),
    Field("FC460", _D, "interest and dividends"),
    Field("FC470", _D, "foreign exchange gains or losses"),
    Field("FC480", _D, "other income"),
    Field("FC500", _D, "salaries and benefits"),
    Field("FC510", _D, "agents' fees"),
    Field("FC520", _D, "rent"),
    Field("FC530", _D, "interest expense"),
    Field("FC540", _D, "depreciation and amortisation"),
    Field("FC550", _D, "communication"),
    Field("FC560", _D, "professional services"),
    Field("FC570", _D, "marketing and promotion"),
    Field("FC580", _D, "insurance"),
    Field("FC590", _D, "other expenses"),
    Field("FC620", _D, "income tax"),
    Field("FC640", _D, "discontinued operations, net of tax"),
    Field("FC650", _D, "other comprehensive income, currency translation"),
    Field("FC670", _D, "extraordinary items, net of tax"),
)
COMPANY: Final = (
    Field("TA10", _C, "transmissions within the United States, number", _MT),
    Field("TA20", _P, "transmissions within the United States", _MT),
    Field("TA30", _C, "transmissions to foreign countries, number", _MT),
    Field("TA40", _P, "transmissions to foreign countries", _MT),
    Field("TA70", _C, "payment instruments issued or sold, number", _PI),
    Field("TA80", _P, "payment instruments issued or sold", _PI),
    Field("TA90", _C, "stored value, number of transactions", _SV),
    Field("TA100", _P, "stored value", _SV),
    Field("TA110", _C, "checks cashed, number", _CC),
    Field("TA120", _P, "checks cashed", _CC),
    Field("TA130", _P, "fees for checks cashed", _CC),
    Field("TA140", Kind.HUNDREDTH, "highest percentage charged for a check", _CC),
    Field("TA150", _C, "currency exchanges, number", _FX),
    Field("TA160", _P, "currency exchanges", _FX),
    Field("TA170", _P, "fees for currency exchanges", _FX),
    Field("TA180", _C, "virtual for virtual currency, own exchange, number", _VC),
    Field("TA190", _P, "virtual for virtual currency, own exchange", _VC),
    Field("TA200", _C, "virtual currency for dollars, own exchange, number", _VC),
    Field("TA210", _P, "virtual currency for dollars, own exchange", _VC),
    Field("TA220", _C, "dollars for virtual currency, own exchange, number", _VC),
    Field("TA230", _P, "dollars for virtual currency, own exchange", _VC),
    Field("TA240", _C, "virtual for virtual currency, facilitated, number", _VC),
    Field("TA250", _P, "virtual for virtual currency, facilitated", _VC),
    Field("TA280", _C, "virtual currency to or from dollars, facilitated, number", _VC),
    Field("TA290", _P, "virtual currency to or from dollars, facilitated", _VC),
    Field("TA300", _C, "virtual currency stored value, number", _VC),
    Field("TA310", _P, "virtual currency stored value", _VC),
    Field("TA320", _C, "virtual currency transmissions, number", _VC),
    Field("TA330", _P, "virtual currency transmissions", _VC),
)


def state_field(code: str) -> str:
    """The state's line of a line of the firm: ST10 of TA10."""
    return "ST" + code.removeprefix("TA")


STATE: Final = (
    *(Field(state_field(each.code), each.kind, each.label, each.activity) for each in COMPANY),
    Field("ST360", _P, "surety bond"),
    Field("ST361", _P, "average daily outstanding transmission liability in the state"),
)
INVESTMENTS: Final = (
    Field("PI10", _P, "deposits in domestic banks"),
    Field("PI20", _P, "deposits in all foreign banks"),
    Field("PI21", _P, "of these, in stipulated foreign banks"),
    Field("PI30", _P, "cash on hand and in transit"),
    Field("PI31", _P, "transmissions funded by debit and credit card"),
    Field("PI32", _P, "money market funds rated AAA"),
    Field("PI50", _P, "irrevocable letter of credit"),
    Field("PI60", _P, "due from agents, net"),
    Field("PI61", _P, "due from delegates, under seven days old"),
    Field("PI62", _P, "due from delegates over 10 percent of outstanding liability"),
    Field("PI70", _P, "investments rated A or above"),
    Field("PI71", _P, "of these, short-term investments"),
    Field("PI72", _P, "of these, commercial paper"),
    Field("PI73", _P, "of these, US tri-party repurchase agreements"),
    Field("PI74", _P, "of these, money market funds rated under AAA and over A-"),
    Field("PI75", _P, "of these, mutual funds"),
    Field("PI76", _P, "of these, bills, notes, bonds or debentures"),
    Field("PI80", _P, "investments rated BBB or lower, or not rated"),
    Field("PI90", _P, "securities of the US Treasury and agencies"),
    Field("PI100", _P, "other investments"),
    Field("PI110", _P, "amount pledged or restricted"),
    Field("PI120", _P, "outstanding transmission liability"),
    Field("PI130", _P, "average daily outstanding transmission liability"),
    Field("PI140", _P, "virtual currency held for customers, in US dollars", _VC),
    Field("PI150", _P, "virtual currency not held for customers, in US dollars"),
    Field("PI160", _P, "other virtual currency investment"),
    Field("PI180", _P, "outstanding virtual currency liability", _VC),
)
TOTALS: Final[Mapping[str, tuple[str, tuple[str, ...]]]] = {
    "FC110": ("current assets", ("FC10", "FC20", "FC40", "FC60", "FC70", "FC80", "FC90", "FC100")),
    "FC160": ("assets", ("FC110", "FC120", "FC130", "FC140", "FC150")),
    "FC250": (
        "current liabilities",
        ("FC170", "FC180", "FC190", "FC200", "FC210", "FC220", "FC230", "FC240"),
    ),
    "FC280": ("liabilities", ("FC250", "FC260", "FC270")),
    "FC350": ("contributed capital", ("FC290", "FC310", "FC340")),
    "TA50": ("money transmissions, number", ("TA10", "TA30")),
    "TA60": ("money transmissions", ("TA20", "TA40")),
    "TA340": ("virtual currency transactions, number", ("TA180", "TA200", "TA220", "TA240", "TA280", "TA300", "TA320")),
    "TA350": ("virtual currency transactions", ("TA190", "TA210", "TA230", "TA250", "TA290", "TA310", "TA330")),
}
"""Lines that the portal adds up and that stand in no file: name, and what they are the sum of."""
NOTED: Final[Mapping[str, str]] = {
    "FC100": "FC110", "FC150": "FC160", "FC240": "FC250", "FC270": "FC280", "FC480": "", "FC590": "", "PI100": "",
    "PI160": "",
}  # fmt: skip
"""Lines of others that have a note of their own (FC100NOTE), and the total that they are a part of; empty: of the lines
of their kind, `figures.base_of`."""
