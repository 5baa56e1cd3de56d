"""What a report needs and neither log nor store has: the firm's codes, its clients' codes, what the instruments are.

One JSON file, given by the firm: its clients' part comes from the personal store and must be kept like it. Strict: what
is not known is an error that names file, place and remedy. What a client or an instrument lacks is no error here: the
report's lint names it, row by row.

    {"firm": {"lei", "mic", "country", "investment_firm": true, "authority", "sender"},
     "clients": {ACCOUNT: {"lei", "name"} or {"first_names", "surname", "birth_date", "country", "national_id"}},
     "instruments": {MARKET: {"reportable": true, "isin", "cfi", "name", "price_multiplier", "delivery"}},
     "assets": {ASSET: {"dti", "short_name", "currency"}}}
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from compliance.transactions.identifiers import national_concat
from ledger.errors import InputError, InputErrors, InputProblem

__all__ = ["AssetReference", "Client", "Firm", "Instrument", "Reference", "read_reference"]


@dataclass(frozen=True, slots=True)
class Firm:
    """Who reports. `country`: its home state; `authority`: to whom, ISO 3166; `sender`: who sends, if another."""

    lei: str = ""
    mic: str = ""
    country: str = ""
    authority: str = ""
    sender: str = ""
    investment_firm: bool = True


@dataclass(frozen=True, slots=True)
class Client:
    """A client's codes. With an LEI it is a legal person; a `member` does not report for itself (MiFIR 26(5))."""

    lei: str = ""
    name: str = ""
    first_names: str = ""
    surname: str = ""
    birth_date: str = ""
    country: str = ""
    national_id: str = ""
    member: bool = False

    @property
    def full_name(self) -> str:
        """A person's names, or a firm's; empty where they are missing."""
        return self.name or f"{self.first_names} {self.surname}".strip()

    @property
    def identifier(self) -> str:
        """LEI, else the national identifier, else the concatenation; empty where parts are missing."""
        if self.lei or not self.country:
            return self.lei
        if self.national_id:
            return self.country + self.national_id
        if not (self.birth_date and self.first_names and self.surname):
            return ""
        return national_concat(self.country, self.birth_date, self.first_names, self.surname)


@dataclass(frozen=True, slots=True)
class Instrument:
    """What a market trades, to the law. `reportable`: a financial instrument within MiFIR article 26."""

    reportable: bool = False
    isin: str = ""
    cfi: str = ""
    name: str = ""
    price_multiplier: str = ""
    delivery: str = ""
    underlying: str = ""
    expiry: str = ""


@dataclass(frozen=True, slots=True)
class AssetReference:
    """An asset's code and name where the log has none, and its ISO 4217 code where it is money."""

    dti: str = ""
    short_name: str = ""
    currency: str = ""


@dataclass(frozen=True, slots=True)
class Reference:
    """See the module."""

    firm: Firm = Firm()
    clients: Mapping[str, Client] = field(default_factory=dict)
    instruments: Mapping[str, Instrument] = field(default_factory=dict)
    assets: Mapping[str, AssetReference] = field(default_factory=dict)

    def client(self, account: str) -> Client:
        """A client's codes; empty ones for a client that is not listed."""
        return self.clients.get(account, Client())

    def instrument(self, market: str) -> Instrument:
        """What a market trades; not reportable where it is not listed."""
        return self.instruments.get(market, Instrument())

    def asset(self, name: str) -> AssetReference:
        """An asset's codes; empty ones where it is not listed."""
        return self.assets.get(name, AssetReference())


Kind = TypeVar("Kind", Firm, Client, Instrument, AssetReference)


class _Reader:
    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[InputProblem] = []

    def refuse(self, place: str, what: str, remedy: str) -> None:
        """Note a problem."""
        self.problems.append(InputProblem(self.file, f"{place} {what}", remedy))

    def object_of(self, place: str, value: Any) -> dict[str, Any]:
        """A JSON object, or an empty one with a problem."""
        if isinstance(value, dict):
            return value
        self.refuse(place, "is no object", "Write it in braces.")
        return {}

    def read(self, place: str, value: Any, kind: type[Kind]) -> Kind:
        """A record whose fields are all texts or flags, none of them unknown."""
        known = {each.name: bool if each.type == "bool" else str for each in fields(kind)}
        given = self.object_of(place, value)
        for name, found in given.items():
            if name not in known:
                self.refuse(f"{place}.{name}", "is no field that is known", f"Known: {', '.join(sorted(known))}.")
            elif not isinstance(found, known[name]):
                self.refuse(f"{place}.{name}", "is of the wrong kind", f"Give it a {known[name].__name__}.")
        good: dict[str, Any] = {name: found for name, found in given.items() if isinstance(found, known.get(name, ()))}
        return kind(**good)

    def table(self, document: Mapping[str, Any], name: str, kind: type[Kind]) -> dict[str, Kind]:
        """A section of records by name."""
        rows = self.object_of(name, document.get(name, {}))
        return {key: self.read(f"{name}.{key}", value, kind) for key, value in rows.items()}


def read_reference(path: Path) -> Reference:
    """The file at a path; raises InputErrors with every problem."""
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise InputError(str(path), f"cannot be read ({error.strerror})", "Name the file of reference data.") from None
    except ValueError as error:
        raise InputError(str(path), f"is no JSON ({error})", "Mend it where it says.") from None
    reader = _Reader(str(path))
    document = reader.object_of("the file", document)
    for name in document.keys() - {"firm", "clients", "instruments", "assets"}:
        reader.refuse(name, "is no section that is known", "Remove it, or correct its name.")
    reference = Reference(
        reader.read("firm", document.get("firm", {}), Firm),
        reader.table(document, "clients", Client),
        reader.table(document, "instruments", Instrument),
        reader.table(document, "assets", AssetReference),
    )
    if reader.problems:
        raise InputErrors(reader.problems)
    return reference
