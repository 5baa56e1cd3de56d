"""What a firm writes about itself, read into facts: TOML, where every kind of value has a natural form.

business.since      = 2026-01-01                           a day; moments with their offset
licences.us.states  = ["US-NY", "US-WA"]                   names
capital.paid_up     = "2000000.50"                         a number: decimal text or a whole number, never a float
client_money.held   = { AED = "1000.25" }                  amounts
bank_accounts       = [ { id = "1", title = "…" }, … ]     records; a field that may be empty is left out
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime
from fractions import Fraction
from typing import Any, Final

from compliance.facts import FactKind, Record, Scalar, Shape, Value

__all__ = ["example", "read_value"]

YEARS: Final = (1900, 2199)
DIGITS_MAX: Final = 60


def read_value(kind: FactKind, raw: Any) -> Value:
    """The value of a kind that TOML's `raw` states; raises ValueError that says what is wrong, without the value."""
    value = _value(kind, raw)
    problem = kind.problem(value) or _out_of_range(value)
    if problem is not None:
        raise ValueError(problem)
    return value


def _value(kind: FactKind, raw: Any) -> Value:
    match kind.shape:
        case Shape.NAMES:
            if not isinstance(raw, list) or not all(isinstance(each, str) for each in raw):
                raise ValueError("is a list of texts")
            return frozenset(raw)
        case Shape.AMOUNTS:
            if not isinstance(raw, Mapping):
                raise ValueError("is a table of numbers by name")
            return {str(name): _number(each) for name, each in raw.items()}
        case Shape.RECORDS:
            if not isinstance(raw, list) or not all(isinstance(each, Mapping) for each in raw):
                raise ValueError("is a list of tables")
            return tuple(_record(kind, place, row) for place, row in enumerate(raw, 1))
        case _:
            scalar = _scalar(kind.shape, raw)
            assert scalar is not None
            return scalar


def _out_of_range(value: Value) -> str | None:
    """What no calendar and no report can bear: days far from ours would stop the evaluation of everything."""
    rows = value if isinstance(value, tuple) else ({"": value},)
    for place, row in enumerate(rows, 1):
        for name, each in row.items():
            if isinstance(each, date) and not YEARS[0] <= each.year <= YEARS[1]:
                where = f"row {place}, {name}: " if name else ""
                return f"{where}is of the year {each.year}: days are of {YEARS[0]} to {YEARS[1]}"
    return None


def _record(kind: FactKind, place: int, raw: Mapping[str, Any]) -> Record:
    assert kind.fields is not None
    row: dict[str, Scalar] = {}
    shapes = {name.removesuffix("?"): shape for name, shape in kind.fields.items()}
    for name in raw:
        if name not in shapes:
            raise ValueError(f"row {place} has a field {str(name)[:40]!r} that is not known")
    for name, shape in shapes.items():
        if name in raw:
            try:
                row[name] = _scalar(shape, raw[name])
            except ValueError as error:
                raise ValueError(f"row {place}, {name}: {error}") from None
        elif name + "?" in kind.fields:
            row[name] = None
        else:
            raise ValueError(f"row {place} lacks the field {name}")
    return row


def _scalar(shape: Shape, raw: Any) -> Scalar:
    match shape:
        case Shape.NUMBER:
            return _number(raw)
        case Shape.FLAG if isinstance(raw, bool):
            return raw
        case Shape.TEXT if isinstance(raw, str) and raw:
            return raw
        case Shape.DAY if isinstance(raw, date) and not isinstance(raw, datetime):
            return raw
        case Shape.MOMENT if isinstance(raw, datetime) and raw.tzinfo is not None:
            return raw.astimezone(UTC)
    raise ValueError(f"is not a {shape.value}" + (" with its offset" if shape is Shape.MOMENT else ""))


def _number(raw: Any) -> Fraction:
    if (isinstance(raw, str) and len(raw) > DIGITS_MAX) or (isinstance(raw, int) and abs(raw) >= 10**DIGITS_MAX):
        raise ValueError(f"is a number of more than {DIGITS_MAX} digits")
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        raise ValueError('is not a number: write decimals as text, "0.1", so that none are lost')
    try:
        number = Fraction(raw)
    except (ValueError, ZeroDivisionError):
        raise ValueError("is not a decimal number") from None
    if isinstance(raw, str) and not set(raw) <= set("0123456789.-"):
        raise ValueError("is not a decimal number")
    return number


def example(kind: FactKind) -> str:
    """How a value of the kind is written, for templates and remedies; one line of TOML."""
    plain = {
        Shape.NUMBER: '"0.00"',
        Shape.TEXT: '"…"',
        Shape.FLAG: "true",
        Shape.DAY: "2026-01-01",
        Shape.MOMENT: "2026-01-01T00:00:00Z",
        Shape.NAMES: '["…"]',
        Shape.AMOUNTS: '{ AAA = "0.00" }',
    }
    if kind.choices:
        return f'["{kind.choices[0]}"]' if kind.shape is Shape.NAMES else f'"{kind.choices[0]}"'
    if kind.fields is None:
        return plain[kind.shape]
    return (
        "[{ " + ", ".join(f"{name.removesuffix('?')} = {plain[shape]}" for name, shape in kind.fields.items()) + " }]"
    )
