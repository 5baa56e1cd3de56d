"""What all loaders share: XML at the door, problems with their line, days and birth dates.

XML must be UTF-8 and may declare no document type and no entities: no publisher's list does, and a parser that never
meets one needs no defence. Everything that is wrong with a file is told at once, and then nothing of it is loaded.
Words about a date of birth that are no date ("Summer 1962") are no error: they are kept as words.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from datetime import date
from typing import Any, Final, NamedTuple

from lxml import etree

from compliance.screening.parties import BirthDate, ListedParty
from ledger.errors import InputErrors, InputProblem

__all__ = [
    "GET_AGAIN",
    "ListFile",
    "Loaded",
    "Refusals",
    "birth_of",
    "birth_range",
    "is_number",
    "iso_day",
    "local",
    "texts",
]

LIST_BYTES_MAX: Final = 512 * 1024 * 1024
GET_AGAIN: Final = "Get the file from the publisher again; nothing of it was loaded."
_MONTHS: Final = {
    name: number
    for number, name in enumerate("jan feb mar apr may jun jul aug sep oct nov dec".split(), start=1)
}  # fmt: skip
_DAY_WORDS: Final = re.compile(r"(?:([0-9]{1,2})\s+)?(?:([A-Za-z]{3})[A-Za-z]*\.?\s+)?([0-9]{4})\Z")
_ISO_DAY: Final = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T+Z].*)?\Z", re.DOTALL)


class ListFile(NamedTuple):
    """One file as it was got: the name people know it by, and its bytes."""

    name: str
    data: bytes


class Loaded(NamedTuple):
    """What a loader makes of its files: `published` is a day, or empty where the format does not say."""

    list_id: str
    published: str
    parties: tuple[ListedParty, ...]


class Refusals:
    """The problems of one file; `check` raises InputErrors with all of them, if there are any."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[InputProblem] = []

    def refuse(self, row: int | None, problem: str, remedy: str = GET_AGAIN, column: str | None = None) -> None:
        """Note one problem; `row` is the line in the file."""
        self.problems.append(InputProblem(self.file, problem, remedy, row=row, column=column))

    def check(self) -> None:
        """Raise InputErrors if anything was refused."""
        if self.problems:
            raise InputErrors(self.problems)

    def text(self, data: bytes) -> str:
        """The file as text; raises InputErrors."""
        if len(data) > LIST_BYTES_MAX:
            self.refuse(None, "the file is larger than 512 MiB", "No list is: check what was downloaded.")
        elif not data.strip():
            self.refuse(None, "the file is empty")
        else:
            try:
                text = data.decode("utf-8-sig")
            except UnicodeDecodeError:
                self.refuse(None, "the file is not UTF-8")
            else:
                if "\0" not in text:
                    return text
                self.refuse(None, "the file has null characters")
        raise InputErrors(self.problems)

    def xml(self, data: bytes) -> Any:
        """The root element; raises InputErrors for what is no XML, or XML with a document type or entities."""
        self.text(data)
        if b"<!DOCTYPE" in data or b"<!ENTITY" in data:
            self.refuse(None, "the file declares a document type or entities", "No publisher does: refuse the file.")
            raise InputErrors(self.problems)
        parser = etree.XMLParser(
            resolve_entities=False, load_dtd=False, no_network=True, huge_tree=False, remove_comments=True,
            remove_pis=True, encoding="utf-8",
        )  # fmt: skip
        try:
            return etree.fromstring(data.removeprefix(b"\xef\xbb\xbf"), parser)
        except etree.XMLSyntaxError as error:
            self.refuse(error.lineno, "this is not XML")
            raise InputErrors(self.problems) from None

    def rows(self, data: bytes, delimiter: str) -> Iterator[tuple[int, list[str]]]:
        """The rows of a CSV file, each with the line that it ends on; raises InputErrors for an unclosed quote."""
        reader = csv.reader(io.StringIO(self.text(data), newline=""), delimiter=delimiter, strict=True)
        try:
            for row in reader:
                if row and row != ["\x1a"]:  # the old end-of-file mark of some of these files
                    yield reader.line_num, row
        except csv.Error as error:
            self.refuse(reader.line_num, f"this is not CSV: {error}")
            raise InputErrors(self.problems) from None

    def day(self, row: int | None, text: str, what: str) -> str:
        """A day that must be one, if there is any text; a problem and "" otherwise."""
        if not text.strip():
            return ""
        found = iso_day(text)
        if not found:
            self.refuse(row, f"{what} is no date: {text.strip()[:40]!r}")
        return found


def is_number(text: str) -> bool:
    """Whether a text is digits as these files write them; Python's own question also takes other scripts' digits."""
    return text.isascii() and text.isdigit()


def local(element: Any) -> str:
    """An element's name without its namespace."""
    return str(etree.QName(element).localname)


def texts(element: Any, path: str) -> list[str]:
    """The texts at a path below an element, in whatever namespace, without the empty ones."""
    found = element.findall("/".join("{*}" + step for step in path.split("/")))
    return [text for each in found if (text := " ".join((each.text or "").split()))]


def iso_day(text: str) -> str:
    """The day of an ISO date or time, or of MM/DD/YYYY as OFAC writes it; "" if it is none or does not exist."""
    text = text.strip()
    match = _ISO_DAY.match(text)
    if match:
        year, month, day = match[1], match[2], match[3]
    elif american := re.match(r"([0-9]{2})/([0-9]{2})/([0-9]{4})\Z", text):
        month, day, year = american[1], american[2], american[3]
    else:
        return ""
    try:
        return date(int(year), int(month), int(day)).isoformat()
    except ValueError:
        return ""


def birth_range(first_year: int, last_year: int, text: str) -> BirthDate:
    """Born between two years, both included."""
    if not 1000 <= first_year <= last_year <= 9999:
        return BirthDate("", "", text)
    return BirthDate(f"{first_year}-01-01", f"{last_year}-12-31", text)


def birth_of(words: str) -> BirthDate:
    """A date of birth in words: `10 Dec 1948`, `Dec 1948`, `1948`, `circa 1948`, `1961 to 1963`, or an ISO day.

    "Circa" widens it by a year to both sides. What cannot be read has no days and keeps its words.
    """
    text = " ".join(words.split()).rstrip(".")
    is_circa = text.casefold().startswith(("circa ", "approximately ", "ca. "))
    plain = text.split(" ", 1)[1] if is_circa else text
    ends = [_days(part) for part in re.split(r"\s+to\s+", plain)]
    if len(ends) > 2 or any(end is None for end in ends):
        return BirthDate("", "", text)
    first, last = ends[0], ends[-1]
    assert first is not None and last is not None
    if is_circa:
        return birth_range(int(first[0][:4]) - 1, int(last[1][:4]) + 1, text)
    return BirthDate(first[0], last[1], text) if first[0] <= last[1] else BirthDate("", "", text)


def _days(text: str) -> tuple[str, str] | None:
    """The first and the last day that a text can mean."""
    if exact := iso_day(text):
        return exact, exact
    match = _DAY_WORDS.match(text)
    if match is None or (match[1] and not match[2]):
        return None
    day, year = match[1], match[3]
    if not match[2]:
        return f"{year}-01-01", f"{year}-12-31"
    month = _MONTHS.get(match[2].casefold())
    if month is None or not 1 <= int(day or 1) <= 31:
        return None
    if not day:
        return f"{year}-{month:02}-01", f"{year}-{month:02}-31"
    return f"{year}-{month:02}-{int(day):02}", f"{year}-{month:02}-{int(day):02}"
