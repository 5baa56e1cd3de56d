"""Codes that reports spell: their form, their check digits, and the texts of times and amounts.

Sources: ISO 17442 (LEI, check by ISO 7064 MOD 97-10), ISO 6166 (ISIN, Luhn), ISO 10962 (CFI), ISO 10383 (MIC), ISO
24165 (DTI: its form alone; its check character is not checked), RTS 22 (Reg. (EU) 2017/590) annex I table 1 for the
formats (status V) and article 6 for the concatenation of a natural person's names (status S: its list of particles is
short).
"""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from typing import Final

from anyascii import anyascii

__all__ = [
    "cfi_problem",
    "decimal_text",
    "dti_problem",
    "isin_problem",
    "lei_problem",
    "mic_problem",
    "micros_text",
    "national_concat",
    "round_half_up",
]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LEI: Final = re.compile(r"[A-Z0-9]{18}[0-9]{2}")
_ISIN: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
_DTI: Final = re.compile(r"[1-9B-DF-HJ-NP-TV-XZ][0-9B-DF-HJ-NP-TV-XZ]{8}")
_MIC: Final = re.compile(r"[A-Z0-9]{4}")
_CFI: Final = re.compile(r"[ECDRSOFHITLKJM][A-Z]{5}")
_TITLES: Final = frozenset(
    "ATTY COACH DAME DR FR GOV HONORABLE MADAME MADEMOISELLE MAESTRO MAITRE MISS MONSIEUR MR MRS MS MX OFC PHD PRES "
    "PROF REV SIR VEN".split()
)
_PARTICLES: Final = ("AM", "AUF", "AUF DEM", "AUS DER", "D", "DA", "DE", "DE L", "DEL", "DE LA", "DE LE", "DI", "DO",
                     "DOS", "DU", "IM", "LA", "LE", "MAC", "MC", "MHAC", "MHIC", "MHIC GIOLLA", "MIC", "NI", "NIC", "O",
                     "UA", "UI", "UI CHEALLAIGH", "VAN", "VAN DE", "VAN DEN", "VAN DER", "VOM", "VON", "VON DEM",
                     "VON DEN", "VON DER")  # fmt: skip
_NAME_LETTERS: Final = 5


def _digits(text: str) -> str:
    """Letters as two digits, A = 10."""
    return "".join(str(int(letter, 36)) for letter in text)


def lei_problem(text: str) -> str | None:
    """Why a text is no LEI, or None."""
    if not _LEI.fullmatch(text):
        return "an LEI is 18 letters or digits and 2 check digits"
    return None if int(_digits(text)) % 97 == 1 else "the LEI's check digits do not hold"


def isin_problem(text: str) -> str | None:
    """Why a text is no ISIN, or None."""
    if not _ISIN.fullmatch(text):
        return "an ISIN is a country, 9 letters or digits and a check digit"
    total = 0
    for place, digit in enumerate(reversed(_digits(text))):
        value = int(digit) * (1 + place % 2)
        total += value // 10 + value % 10
    return None if total % 10 == 0 else "the ISIN's check digit does not hold"


def dti_problem(text: str) -> str | None:
    """Why a text cannot be a DTI, or None."""
    return None if _DTI.fullmatch(text) else "a DTI is 9 digits or consonants without Y, not 0 first"


def mic_problem(text: str) -> str | None:
    """Why a text cannot be a MIC, or None."""
    return None if _MIC.fullmatch(text) else "a MIC is 4 letters or digits"


def cfi_problem(text: str) -> str | None:
    """Why a text cannot be a CFI, or None."""
    return None if _CFI.fullmatch(text) else "a CFI is 6 letters, a known category first"


def micros_text(micros: int) -> str:
    """Microseconds since 1970 as `YYYY-MM-DDThh:mm:ss.ddddddZ`."""
    return f"{(_EPOCH + timedelta(microseconds=micros)).isoformat(timespec='microseconds')[:-6]}Z"


def round_half_up(value: Fraction, decimals: int) -> int:
    """The nearest integer of 10^-decimals, halves away from zero: reports round, never cut off (RTS 22)."""
    scaled = abs(value) * 10**decimals
    rounded: int = (2 * scaled.numerator + scaled.denominator) // (2 * scaled.denominator)
    return -rounded if value < 0 else rounded


def decimal_text(value: Fraction, decimals: int) -> str:
    """A decimal with a point, rounded once to `decimals` places at most; no trailing zeros, no exponent, no plus."""
    units = round_half_up(value, decimals)
    digits = str(abs(units)).rjust(decimals + 1, "0")
    whole, fraction = digits[: len(digits) - decimals], digits[len(digits) - decimals :].rstrip("0")
    return f"{'-' if units < 0 else ''}{whole}{'.' if fraction else ''}{fraction}"


def national_concat(country: str, birth_date: str, first_names: str, surname: str) -> str:
    """The CONCAT identifier of a person: country, birth date as YYYYMMDD, five letters of each name, `#` for none.

    Titles and particles are left out, accents are dropped (RTS 22, article 6(2) to (4)). Names written as one stay one.
    """
    first = [word for word in _words(first_names) if word.rstrip(".") not in _TITLES]
    last = " ".join(_words(surname))
    for particle in sorted(_PARTICLES, key=len, reverse=True):
        if last.startswith(particle + " "):
            last = last[len(particle) + 1 :]
            break
    texts = (re.sub(r"[^A-Z]", "", (first or [""])[0]), re.sub(r"[^A-Z]", "", last))
    return (
        country
        + birth_date.replace("-", "")
        + "".join(text[:_NAME_LETTERS].ljust(_NAME_LETTERS, "#") for text in texts)
    )


def _words(text: str) -> list[str]:
    """Words in capitals of A to Z; an apostrophe and a hyphen join."""
    return [word for word in re.sub(r"['’`-]", "", anyascii(text).upper()).split() if word]
