"""The fields of an EU transaction report and the lint of each: RTS 22 (Reg. (EU) 2017/590), annex I tables 1 and 2.

Status: formats V; the count of 65 and the wording of the names S. Fields that a spot or token trade of this exchange
never fills (baskets, options, swaps) are in the table, so that none is left out silently, and must stay empty.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from typing import Final, NamedTuple

from compliance.transactions.identifiers import cfi_problem, isin_problem, lei_problem, mic_problem

__all__ = ["FIELDS", "Field", "Finding", "lint"]

MANDATORY: Final = "mandatory"
OPTIONAL: Final = "optional"
ABSENT: Final = "absent"


class Field(NamedTuple):
    """One field: its number and name in the annex, its format's name, whether a report of ours has it."""

    number: int
    key: str
    name: str
    format: str
    need: str = OPTIONAL


class Finding(NamedTuple):
    """What is wrong with one field of one report."""

    number: int
    key: str
    problem: str


FIELDS: Final = (
    Field(1, "status", "Report status", "NEWT|CANC", MANDATORY),
    Field(2, "reference", "Transaction reference number", "ALPHANUM-52", MANDATORY),
    Field(3, "venue_transaction", "Trading venue transaction identification code", "ALPHANUM-52"),
    Field(4, "executing_entity", "Executing entity identification code", "LEI", MANDATORY),
    Field(5, "investment_firm", "Investment firm covered by Directive 2014/65/EU", "BOOLEAN", MANDATORY),
    Field(6, "submitting_entity", "Submitting entity identification code", "LEI", MANDATORY),
    Field(7, "buyer", "Buyer identification code", "PARTY", MANDATORY),
    Field(8, "buyer_branch", "Country of the branch for the buyer", "COUNTRY"),
    Field(9, "buyer_first_names", "Buyer: first name(s)", "NAME"),
    Field(10, "buyer_surname", "Buyer: surname(s)", "NAME"),
    Field(11, "buyer_birth_date", "Buyer: date of birth", "DATE"),
    Field(12, "buyer_decider", "Buyer decision maker code", "PARTY"),
    Field(13, "buyer_decider_first_names", "Buyer decision maker: first name(s)", "NAME"),
    Field(14, "buyer_decider_surname", "Buyer decision maker: surname(s)", "NAME"),
    Field(15, "buyer_decider_birth_date", "Buyer decision maker: date of birth", "DATE"),
    Field(16, "seller", "Seller identification code", "PARTY", MANDATORY),
    Field(17, "seller_branch", "Country of the branch for the seller", "COUNTRY"),
    Field(18, "seller_first_names", "Seller: first name(s)", "NAME"),
    Field(19, "seller_surname", "Seller: surname(s)", "NAME"),
    Field(20, "seller_birth_date", "Seller: date of birth", "DATE"),
    Field(21, "seller_decider", "Seller decision maker code", "PARTY"),
    Field(22, "seller_decider_first_names", "Seller decision maker: first name(s)", "NAME"),
    Field(23, "seller_decider_surname", "Seller decision maker: surname(s)", "NAME"),
    Field(24, "seller_decider_birth_date", "Seller decision maker: date of birth", "DATE"),
    Field(25, "transmission", "Transmission of order indicator", "BOOLEAN", MANDATORY),
    Field(26, "transmitter_buyer", "Transmitting firm identification code for the buyer", "LEI"),
    Field(27, "transmitter_seller", "Transmitting firm identification code for the seller", "LEI"),
    Field(28, "traded_at", "Trading date time", "DATE_TIME", MANDATORY),
    Field(29, "capacity", "Trading capacity", "DEAL|MTCH|AOTC", MANDATORY),
    Field(30, "quantity", "Quantity", "DECIMAL-18/17", MANDATORY),
    Field(31, "quantity_currency", "Quantity currency", "CURRENCY"),
    Field(32, "notional_change", "Derivative notional increase/decrease", "INCR|DECR"),
    Field(33, "price", "Price", "DECIMAL-18/13", MANDATORY),
    Field(34, "price_currency", "Price currency", "CURRENCY"),
    Field(35, "net_amount", "Net amount", "DECIMAL-18/5"),
    Field(36, "venue", "Venue", "MIC", MANDATORY),
    Field(37, "membership_country", "Country of the branch membership", "COUNTRY"),
    Field(38, "up_front_payment", "Up-front payment", "DECIMAL-18/5", ABSENT),
    Field(39, "up_front_currency", "Up-front payment currency", "CURRENCY", ABSENT),
    Field(40, "complex_trade", "Complex trade component id", "ALPHANUM-35", ABSENT),
    Field(41, "instrument", "Instrument identification code", "ISIN", MANDATORY),
    Field(42, "instrument_name", "Instrument full name", "ALPHANUM-350"),
    Field(43, "classification", "Instrument classification", "CFI"),
    Field(44, "notional_currency_1", "Notional currency 1", "CURRENCY"),
    Field(45, "notional_currency_2", "Notional currency 2", "CURRENCY"),
    Field(46, "price_multiplier", "Price multiplier", "DECIMAL-18/17"),
    Field(47, "underlying", "Underlying instrument code", "ISIN"),
    Field(48, "underlying_index", "Underlying index name", "ALPHANUM-25", ABSENT),
    Field(49, "underlying_term", "Term of the underlying index", "TERM", ABSENT),
    Field(50, "option_type", "Option type", "PUTO|CALL|OTHR", ABSENT),
    Field(51, "strike_price", "Strike price", "DECIMAL-18/13", ABSENT),
    Field(52, "strike_currency", "Strike price currency", "CURRENCY", ABSENT),
    Field(53, "option_style", "Option exercise style", "EURO|AMER|ASIA|BERM|OTHR", ABSENT),
    Field(54, "maturity", "Maturity date", "DATE", ABSENT),
    Field(55, "expiry", "Expiry date", "DATE"),
    Field(56, "delivery", "Delivery type", "PHYS|CASH|OPTL"),
    Field(57, "decider", "Investment decision within firm", "PERSON_OR_ALGO"),
    Field(58, "decider_branch", "Country of the branch responsible for the decision", "COUNTRY"),
    Field(59, "executor", "Execution within firm", "PERSON_OR_ALGO", MANDATORY),
    Field(60, "executor_branch", "Country of the branch supervising the execution", "COUNTRY"),
    Field(61, "waiver", "Waiver indicator", "OILQ|NLIQ|PRIC|ILQD|RFPT|SIZE"),
    Field(62, "short_selling", "Short selling indicator", "SESH|SSEX|SELL|UNDI"),
    Field(
        63,
        "otc_post_trade",
        "OTC post-trade indicator",
        "BENC|ACTX|LRGS|ILQD|SIZE|CANC|AMND|SDIV|RPRI|DUPL|TNCP|TPAC|XFPH",
    ),
    Field(64, "commodity", "Commodity derivative indicator", "BOOLEAN"),
    Field(65, "financing", "Securities financing transaction indicator", "BOOLEAN", MANDATORY),
)
"""Annex I, table 2."""

_OF_CANCELLATION: Final = frozenset({"status", "reference", "executing_entity", "submitting_entity"})
_PATTERNS: Final = {
    "ALPHANUM-52": r"[A-Z0-9]{1,52}",
    "ALPHANUM-35": r"[A-Z0-9]{1,35}",
    "ALPHANUM-25": r"[A-Z0-9]{1,25}",
    "ALPHANUM-350": r"\S.{0,349}",
    "BOOLEAN": r"true|false",
    "COUNTRY": r"[A-Z]{2}",
    "CURRENCY": r"[A-Z]{3}",
    "NAME": r"[A-Z][A-Z ,.'-]{0,139}",
    "TERM": r"[0-9]{1,3}(DAYS|WEEK|MNTH|YEAR)",
}
_NATIONAL: Final = re.compile(r"[A-Z]{2}[A-Z0-9#]{1,33}")
_DECIMAL: Final = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]*[1-9])?")
_TIME: Final = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z")


def _party(text: str) -> str | None:
    if len(text) == 20 and lei_problem(text) is None:
        return None
    return None if _NATIONAL.fullmatch(text) else "neither a valid LEI nor a country with a national identifier"


def _person(text: str) -> str | None:
    if text == "NORE" or _NATIONAL.fullmatch(text) or re.fullmatch(r"ALGO:[A-Za-z0-9._:-]{1,50}", text):
        return None
    return "neither NORE, a national identifier nor an algorithm"


def _date(text: str) -> str | None:
    try:
        return None if date.fromisoformat(text).isoformat() == text else "not YYYY-MM-DD"
    except ValueError:
        return "no date as YYYY-MM-DD"


def _date_time(text: str) -> str | None:
    if not _TIME.fullmatch(text):
        return "not YYYY-MM-DDThh:mm:ss.ddddddZ"
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return "no such time"
    return None


def _decimal(text: str, digits_max: int, decimals_max: int) -> str | None:
    if not _DECIMAL.fullmatch(text):
        return "not a decimal with a point, without exponent, plus or superfluous zeros"
    whole, _, decimals = text.lstrip("-").partition(".")
    if len(decimals) > decimals_max or len((whole + decimals).lstrip("0")) > digits_max:
        return f"more than {digits_max} digits, or {decimals_max} after the point"
    return None


_CHECKS: Final[Mapping[str, Callable[[str], str | None]]] = {
    "LEI": lei_problem,
    "ISIN": isin_problem,
    "MIC": mic_problem,
    "CFI": cfi_problem,
    "PARTY": _party,
    "PERSON_OR_ALGO": _person,
    "DATE": _date,
    "DATE_TIME": _date_time,
}


def _problem(format: str, text: str) -> str | None:
    check = _CHECKS.get(format)
    if check is not None:
        return check(text)
    if format.startswith("DECIMAL-"):
        digits, _, decimals = format.removeprefix("DECIMAL-").partition("/")
        return _decimal(text, int(digits), int(decimals))
    return None if re.fullmatch(_PATTERNS.get(format, format), text) else f"not {format}"


def lint(report: Mapping[str, str]) -> list[Finding]:
    """Everything that is wrong with a report (key to text), field by field in the annex's order."""
    findings = []
    for field in FIELDS:
        text = report.get(field.key, "")
        needed = field.need == MANDATORY
        if report.get("status") == "CANC":
            needed = field.key in _OF_CANCELLATION
            if text and not needed:
                findings.append(Finding(field.number, field.key, "a cancellation has its identification alone"))
                continue
        if not text:
            if needed:
                findings.append(Finding(field.number, field.key, "missing"))
        elif field.need == ABSENT:
            findings.append(Finding(field.number, field.key, "does not apply to what is traded here"))
        elif (problem := _problem(field.format, text)) is not None:
            findings.append(Finding(field.number, field.key, problem))
    known = {field.key for field in FIELDS}
    findings += [Finding(0, key, "no field of the annex") for key in sorted(report.keys() - known)]
    return findings + _across(report)


def _across(report: Mapping[str, str]) -> list[Finding]:
    """Rules between fields: a person has names and a birth date, money a currency, buyer and seller differ."""
    if report.get("status") != "NEWT":
        return []
    findings = []
    for number, side in ((7, "buyer"), (16, "seller")):
        is_person = bool(report.get(side)) and lei_problem(report[side]) is not None
        for offset, part in ((2, "first_names"), (3, "surname"), (4, "birth_date")):
            if is_person and not report.get(f"{side}_{part}"):
                findings.append(Finding(number + offset, f"{side}_{part}", "missing for a natural person"))
            elif not is_person and report.get(f"{side}_{part}"):
                findings.append(Finding(number + offset, f"{side}_{part}", "a legal person has none"))
    if report.get("buyer") and report.get("buyer") == report.get("seller"):
        findings.append(Finding(16, "seller", "the seller is the buyer"))
    return findings
