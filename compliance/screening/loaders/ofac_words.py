"""OFAC's remarks: facts in words, parted by semicolons, where the CSV files and SDN.XML put what has no field.

"DOB 10 Dec 1948; POB Giza, Egypt; Passport 1084010 (Egypt); alt. Digital Currency Address - XBT 1abc; a.k.a. 'X'."
Only what begins with words that are known here is taken; the rest is prose. SDN_ADVANCED.XML needs none of this and is
the format to prefer. Source: OFAC's data specification of these files and public copies of them.
"""

from __future__ import annotations

import re
from typing import Final, NamedTuple

from compliance.screening.countries import country_code
from compliance.screening.loaders.reading import birth_of
from compliance.screening.parties import BirthDate, Identifier, ListedName, NameQuality, Wallet

__all__ = ["Remarks", "read_remarks", "wallet_currency"]

_WALLET: Final = re.compile(r"Digital Currency Address - ([A-Z0-9]{2,10})\s+(\S+)\Z")
_WALLET_KIND: Final = re.compile(r"Digital Currency Address - ([A-Z0-9]{2,10})\Z")
_ALIAS: Final = re.compile(r"(?:a|f|n)\.k\.a\.,?\s+'(.+)'\Z")
_COUNTRY: Final = re.compile(r"(.+?)\s+\(([^()]+)\)\Z")
_DOCUMENTS: Final = (
    "Passport", "Diplomatic Passport", "Stateless Person Passport", "National ID No.", "Identification Number",
    "Personal ID Card", "Cedula No.", "Cedula de Residencia", "D.N.I.", "C.U.R.P.", "R.F.C.", "C.U.I.T.", "C.U.I.",
    "NIE", "NIT #", "SSN", "Tax ID No.", "US FEIN", "Registration Number", "Registration ID", "Company Number",
    "Business Registration Number", "Business Number", "Commercial Registry Number",
    "Certificate of Incorporation Number",
    "Trade License No.", "Chamber of Commerce Number", "Matricula Mercantil No", "Folio Mercantil No.", "RUC #", "RTN",
    "Legal Entity Number", "LE Number", "Unified Social Credit Code (USCC)", "Organization Code", "V.A.T. Number",
    "Government Gazette Number", "SWIFT/BIC", "BIK (RU)", "License", "Driver's License No.", "Birth Certificate Number",
    "Residency Number", "Refugee ID Card", "Travel Document Number", "Seafarer's Identification Document",
    "Vessel Registration Identification", "MMSI", "Aircraft Manufacturer's Serial Number (MSN)", "Aircraft Tail Number",
    "Afghan Money Service Provider License Number", "Turkish Identification Number", "Bosnian Personal ID No.",
    "Kuwaiti Civil ID", "UAE Identification", "Numero de Identidad", "Italian Fiscal Code", "Tazkira National ID Card",
)  # fmt: skip
# The longer words first, so that none is taken for a shorter one.
_DOCUMENT: Final = re.compile(
    "(" + "|".join(re.escape(w) for w in sorted(_DOCUMENTS, key=len, reverse=True)) + r")\s+(.+)\Z"
)


class Remarks(NamedTuple):
    """What could be taken out of remarks."""

    births: tuple[BirthDate, ...]
    birthplaces: tuple[str, ...]
    nationalities: tuple[str, ...]
    documents: tuple[Identifier, ...]
    wallets: tuple[Wallet, ...]
    aliases: tuple[ListedName, ...]


def wallet_currency(kind: str) -> str:
    """The currency of an identifier's kind `Digital Currency Address - XBT`; "" for every other kind."""
    found = _WALLET_KIND.match(" ".join(kind.split()))
    return found[1] if found else ""


def read_remarks(words: str) -> Remarks:
    """The facts in remarks; never raises, for prose has no form."""
    found: dict[str, list[object]] = {name: [] for name in Remarks._fields}
    for piece in words.split(";"):
        text = " ".join(piece.split())
        if _ends_in_sentence(text):
            text = text[:-1]
        _take(text.removeprefix("alt. "), found)
    return Remarks(**{name: tuple(dict.fromkeys(values)) for name, values in found.items()})  # type: ignore[arg-type]  # each list has what its field says: see _take


def _ends_in_sentence(text: str) -> bool:
    return text.endswith(".") and not re.search(r"\b[A-Z]\.\Z", text)


def _take(text: str, found: dict[str, list[object]]) -> None:
    first, _, rest = text.partition(" ")
    if wallet := _WALLET.match(text):
        found["wallets"].append(Wallet(wallet[1], wallet[2]))
    elif alias := _ALIAS.match(text):
        # The files put the weak aliases into the remarks, in single quotation marks.
        found["aliases"].append(ListedName(alias[1], NameQuality.WEAK))
    elif first == "DOB" and rest:
        found["births"].append(birth_of(rest))
    elif first == "POB" and rest:
        found["birthplaces"].append(rest)
    elif first in ("nationality", "citizen") and rest:
        found["nationalities"].append(country_code(rest))
    elif document := _DOCUMENT.match(text):
        issued = _COUNTRY.match(document[2])
        number, country = (issued[1], country_code(issued[2])) if issued else (document[2], "")
        found["documents"].append(Identifier(document[1], number.strip(), country))
