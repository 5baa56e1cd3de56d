"""The standard's datatypes: texts by length and alphabet, code lists, countries. Source: section 5.3 of both versions.

The alphabet of a text differs by version: 2020 has letters, digits, apostrophe and space; 2023 has printable ASCII.
Local texts have any character; we refuse control characters and lone surrogates in them, which no name has.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

__all__ = [
    "ACCOUNT",
    "ADDRESS_TYPE",
    "COUNTRIES",
    "COUNTRY",
    "DATE",
    "IDENTIFIER_TYPE",
    "LEGAL_NAME_TYPE",
    "LOCAL_100",
    "NATURAL_NAME_TYPE",
    "PAYLOAD_VERSION",
    "REGISTRATION_AUTHORITY",
    "SEQUENCE",
    "TEXT_16",
    "TEXT_35",
    "TEXT_50",
    "TEXT_70",
    "TEXT_100",
    "TRANSLITERATION",
    "Datatype",
    "Version",
    "lei_is_valid",
]


class Version(StrEnum):
    """Which issue of the standard a payload is written by; the values are the standard's PayloadVersionCode."""

    V2020 = "101"
    V2023 = "101.2023"


@dataclass(frozen=True, slots=True)
class Datatype:
    """A datatype: patterns for the whole text by version, or the codes that it may be; `what` says it in words."""

    name: str
    what: str
    pattern_2020: str = ""
    pattern_2023: str = ""
    codes: tuple[str, ...] = ()
    is_number: bool = False

    def pattern(self, version: Version) -> str:
        """The pattern that the whole text matches."""
        return self.pattern_2020 if version is Version.V2020 else self.pattern_2023

    def problem(self, value: object, version: Version) -> str | None:
        """What is wrong with a value; None if nothing is."""
        if self.is_number:
            return None if type(value) is int and 0 <= value < 10**18 else f"is no {self.what}"
        if not isinstance(value, str):
            return "is no text"
        if self.codes:
            return None if value in self.codes else f"is no {self.what}"
        return None if re.fullmatch(self.pattern(version), value) else f"is no {self.what}"


def _text(most: int) -> Datatype:
    what = f"text of 1 to {most} characters of the version's alphabet"
    return Datatype(f"Max{most}Text", what, f"[a-zA-Z0-9' ]{{1,{most}}}", f"[ -~]{{1,{most}}}")


def _same(name: str, what: str, pattern: str) -> Datatype:
    return Datatype(name, what, pattern, pattern)


TEXT_16, TEXT_35, TEXT_50, TEXT_70, TEXT_100 = (_text(most) for most in (16, 35, 50, 70, 100))
ACCOUNT: Final = Datatype(
    "AccountNumber", "account number of 1 to 100 (2023: 512) characters", "[a-zA-Z0-9' ]{1,100}", "[ -~]{1,512}"
)
LOCAL_100: Final = _same(
    "LocalMax100Text",
    "text of 1 to 100 characters without control characters",
    "[^\\u0000-\\u001f\\u007f\\ud800-\\udfff]{1,100}",
)
DATE: Final = _same("Date", "date YYYY-MM-DD", "[0-9]{4}-[0-9]{2}-[0-9]{2}")
REGISTRATION_AUTHORITY: Final = _same("RegistrationAuthority", "code RA and six digits", "RA[0-9]{6}")
SEQUENCE: Final = Datatype("Number", "whole number from 0 of at most 18 digits", is_number=True)
NATURAL_NAME_TYPE: Final = Datatype(
    "NaturalPersonNameTypeCode", "type of a natural person's name", codes=("ALIA", "BIRT", "MAID", "LEGL", "MISC")
)
LEGAL_NAME_TYPE: Final = Datatype(
    "LegalPersonNameTypeCode", "type of a legal person's name", codes=("LEGL", "SHRT", "TRAD")
)
ADDRESS_TYPE: Final = Datatype("AddressTypeCode", "type of address", codes=("HOME", "BIZZ", "GEOG"))
IDENTIFIER_TYPE: Final = Datatype(
    "NationalIdentifierTypeCode",
    "type of national identifier",
    codes=("ARNU", "CCPT", "RAID", "DRLC", "FIIN", "TXID", "SOCS", "IDCD", "LEIX", "MISC"),
)
TRANSLITERATION: Final = Datatype(
    "TransliterationMethodCode",
    "method of transliteration",
    codes=tuple("arab aran armn cyrl deva geor grek hani hebr kana kore thai othr".split()),
)
PAYLOAD_VERSION: Final = Datatype("PayloadVersionCode", "payload version", codes=tuple(each.value for each in Version))

# ISO 3166-1 alpha-2, as officially assigned; 249 codes.
COUNTRIES: Final = frozenset(
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR "
    "GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT "
    "JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY "
    "QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO "
    "TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW".split()
)
# XX stands for an unknown state or an organisation that is none (WIPO ST.3, paragraph 6, as the standard takes it).
COUNTRY: Final = Datatype("CountryCode", "ISO 3166-1 alpha-2 country, or XX", codes=(*sorted(COUNTRIES), "XX"))

_LEI = re.compile(r"[0-9A-Z]{18}[0-9]{2}\Z")


def lei_is_valid(text: str) -> bool:
    """Whether a text is a legal entity identifier: 20 characters whose check digits hold (ISO 17442, ISO 7064 97-10).

    The standard's own datatype LEIText asks for the form alone; a mistyped one names nobody, so we ask for both.
    """
    return _LEI.match(text) is not None and int("".join(str(int(each, 36)) for each in text)) % 97 == 1
