"""The firm's file of tables for the detectors, read and checked at the door: every problem at once, with its place.

One JSON object; each table may be left out, which is not the same as empty (see `inputs`):

    clusters          {"ACCOUNT": "OWNER"}: beneficial owners
    rates             {"AED": "0.272294"}: one unit in the unit of account, beside those that the exchange's feeds state
    tagged_addresses  {"ADDRESS": "TAG"}
    chain_transfers   [["FROM", "TO"]]
    senders           {"EVIDENCE OF A DEPOSIT": "ADDRESS"}
    devices           {"ACCOUNT": ["DEVICE"]}
    last_activity     {"ACCOUNT": "TIME"}
    announcements     [{"market", "time", "kind", "insiders": ["ACCOUNT"]}]
    fixings           [{"market", "time", "kind"}]
    obligations       [{"account", "market", "spread_max_ppm", "start", "end"}]
    levels            [{"market", "price" in ticks, "kind", "start", "end"}]

Times are ISO 8601 with a zone.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final, NamedTuple

from compliance.surveillance.inputs import Announcement, ChainTransfer, Fixing, Inputs, Level, Obligation
from ledger.assets import AmountError, parse_amount
from ledger.canonical import is_too_deep
from ledger.errors import InputErrors, InputProblem

__all__ = ["Tables", "read_tables"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_REMEDY: Final = "See `tallystick surveil run --help` for the form of each table."
RATE_SCALE: Final = 6


class Tables(NamedTuple):
    """What the file says. `inputs` has its tables alone; `onto` puts them on what the exchange knows itself."""

    clusters: Mapping[str, str] | None
    senders: Mapping[str, str]
    inputs: Inputs

    def onto(self, known: Inputs) -> Inputs:
        """Both together; a rate of the file counts where the exchange states none."""
        return replace(
            self.inputs,
            accounts=known.accounts,
            are_owners_known=known.are_owners_known,
            markets=known.markets,
            fiat_assets=known.fiat_assets,
            rates={**self.inputs.rates, **known.rates},
        )


class _Bad(Exception):
    """Why a value is not what its place asks for."""


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value:
        raise _Bad("is no text")
    return value


def _number(value: Any) -> int:
    if type(value) is not int or value < 0:
        raise _Bad("is no integer from zero on")
    return value


def _time(value: Any) -> int:
    try:
        moment = datetime.fromisoformat(_text(value))
    except ValueError:
        raise _Bad("is no time: write 2026-11-22T10:00:00Z") from None
    if moment.tzinfo is None:
        raise _Bad("is a time without a zone: write 2026-11-22T10:00:00Z")
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _rate(value: Any) -> int:
    try:
        found: int = parse_amount(_text(value), RATE_SCALE)
    except AmountError:
        raise _Bad(f"is no decimal with at most {RATE_SCALE} places, as text") from None
    if not found:
        raise _Bad("is no rate above zero")
    return found


def _names(value: Any) -> frozenset[str]:
    if not isinstance(value, list):
        raise _Bad("is no list of texts")
    return frozenset(_text(each) for each in value)


def _pair(value: Any) -> ChainTransfer:
    if not isinstance(value, list) or len(value) != 2:
        raise _Bad("is no pair of addresses")
    return ChainTransfer(_text(value[0]), _text(value[1]))


def _row(make: Callable[..., Any], *fields: tuple[str, Callable[[Any], Any]]) -> Callable[[Any], Any]:
    """A reader of one object with exactly these fields."""

    def read(value: Any) -> Any:
        if not isinstance(value, dict) or set(value) != {name for name, _ in fields}:
            raise _Bad(f"is no object with the fields {', '.join(name for name, _ in fields)}")
        found = []
        for name, reader in fields:
            try:
                found.append(reader(value[name]))
            except _Bad as error:
                raise _Bad(f"{name} {error}") from None
        return make(*found)

    return read


_MAPS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "clusters": _text, "rates": _rate, "tagged_addresses": _text, "senders": _text, "devices": _names,
    "last_activity": _time,
}  # fmt: skip
_SPAN: Final = (("start", _time), ("end", _time))
_LISTS: Final[Mapping[str, Callable[[Any], Any]]] = {
    "chain_transfers": _pair,
    "announcements": _row(Announcement, ("market", _text), ("time", _time), ("kind", _text), ("insiders", _names)),
    "fixings": _row(Fixing, ("market", _text), ("time", _time), ("kind", _text)),
    "obligations": _row(Obligation, ("account", _text), ("market", _text), ("spread_max_ppm", _number), *_SPAN),
    "levels": _row(Level, ("market", _text), ("price", _number), ("kind", _text), *_SPAN),
}


def read_tables(data: bytes, file: str) -> Tables:
    """The tables of a file; raises InputErrors with every problem and its place."""
    problems: list[InputProblem] = []

    def problem(place: str, what: str) -> None:
        problems.append(InputProblem(file, f"{place} {what}", _REMEDY))

    try:
        document = None if is_too_deep(data) else json.loads(data)
    except (UnicodeDecodeError, ValueError):
        document = None
    if not isinstance(document, dict):
        raise InputErrors([InputProblem(file, "is no JSON object", _REMEDY)])
    found: dict[str, Any] = {}
    for name, value in document.items():
        if name not in _MAPS and name not in _LISTS:
            problem(name, "is no table that is known")
        elif name in _MAPS and isinstance(value, dict):
            found[name] = {}
            for key, each in value.items():
                try:
                    found[name][_text(key)] = _MAPS[name](each)
                except _Bad as error:
                    problem(f"{name}, {key}:", str(error))
        elif name in _LISTS and isinstance(value, list):
            rows = []
            for number, each in enumerate(value, start=1):
                try:
                    rows.append(_LISTS[name](each))
                except _Bad as error:
                    problem(f"{name}, entry {number}:", str(error))
            found[name] = tuple(rows)
        else:
            problem(name, f"is no {'object' if name in _MAPS else 'list'}")
    if problems:
        raise InputErrors(problems)
    clusters, senders = found.pop("clusters", None), found.pop("senders", {})
    return Tables(clusters, senders, Inputs(**found))
