"""The register of institutions that the firm exchanges travel-rule messages with, and the dates of their due diligence.

A TOML file that operators keep: one `[[counterparty]]` for each, with its two public keys, where it takes messages, its
jurisdiction, and one `[[counterparty.due_diligence]]` for each time that it was looked into (VARA-TR-03). Old periods
stay, so that any transfer can be judged by what was valid then. Strict: every problem is told, with its place.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, NamedTuple

from compliance.travel_rule.ivms101.datatypes import COUNTRIES
from ledger.errors import InputError, InputErrors, InputProblem
from por.snapshot import EXCHANGE

__all__ = ["Counterparty", "DueDiligence", "Register", "read_register"]

_KEY = re.compile(r"[0-9a-f]{64}\Z")
_URL = re.compile(r"https?://[A-Za-z0-9._~:/\[\]-]{1,200}\Z")
_REFERENCE = re.compile(r"[ -~]{1,200}\Z")
_KNOWN: Final = frozenset({"name", "key", "seal_key", "url", "jurisdiction", "designated", "due_diligence"})
_KNOWN_PERIOD: Final = frozenset({"from", "until", "reference"})


class DueDiligence(NamedTuple):
    """One look into an institution: from the first second of `begins` to the last of `ends`; `reference`: the file."""

    begins: date
    ends: date
    reference: str

    @property
    def until(self) -> int:
        """Its last second, Unix time."""
        return _midnight(self.ends + timedelta(days=1)) - 1


@dataclass(frozen=True, slots=True)
class Counterparty:
    """An institution. `key` signs its messages (Ed25519), `seal_key` is what they are sealed to (X25519).

    `designated`: whether its jurisdiction is one that Japan's rule names; None where nobody has said.
    """

    name: str
    key: bytes
    seal_key: bytes
    url: str
    jurisdiction: str
    designated: bool | None
    due_diligence: tuple[DueDiligence, ...]

    def due_diligence_until(self, at: int) -> int | None:
        """The last second of the newest due diligence that had begun by then; None if there was none."""
        begun = [each for each in self.due_diligence if _midnight(each.begins) <= at]
        return max((each.until for each in begun), default=None)


@dataclass(frozen=True, slots=True)
class Register:
    """All institutions by name."""

    counterparties: tuple[Counterparty, ...] = ()

    def get(self, name: str) -> Counterparty | None:
        """One by its name."""
        return next((each for each in self.counterparties if each.name == name), None)

    def named(self, name: str) -> Counterparty:
        """One by its name; raises InputError where it is not there."""
        found = self.get(name)
        if found is None:
            raise InputError(name[:64], "is not in the register of counterparties", "Add it, with its due diligence.")
        return found


def _midnight(day: date) -> int:
    return int(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp())


def read_register(path: Path) -> Register:
    """Read the file; raises InputErrors with every problem."""
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise InputError(str(path), f"cannot be read ({error.strerror})", "Name the register.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(str(path), f"is no TOML file ({error})", "Mend the line that it names.") from None
    reader = _Reader(str(path))
    found = tuple(reader.all(data))
    if reader.problems:
        raise InputErrors(reader.problems)
    return Register(found)


class _Reader:
    """Gathers every problem of one file."""

    def __init__(self, path: str) -> None:
        self._path = path
        self.problems: list[InputProblem] = []

    def _refuse(self, place: str, what: str, remedy: str = "Write it as in docs/guides/travel-rule.md.") -> None:
        self.problems.append(InputProblem(self._path, f"{place} {what}", remedy))

    def _text(self, place: str, given: dict[str, Any], name: str, form: re.Pattern[str]) -> str:
        value = given.get(name)
        if not isinstance(value, str) or not form.match(value):
            self._refuse(f"{place}.{name}", "is missing or out of form")
            return ""
        return value

    def all(self, data: dict[str, Any]) -> Iterator[Counterparty]:
        """Every institution; names and keys stand once."""
        rows = data.get("counterparty", [])
        if set(data) - {"counterparty"} or not isinstance(rows, list):
            self._refuse("the file", "has something beside [[counterparty]]")
            return
        taken: set[str] = set()
        for at, given in enumerate(rows):
            place = f"counterparty[{at}]"
            made = self._one(place, given)
            if made is None:
                continue
            for value in (made.name, made.key.hex(), made.seal_key.hex()):
                if value in taken:
                    self._refuse(place, f"repeats {value[:16]}", "Give each its own name and keys.")
                taken.add(value)
            yield made

    def _one(self, place: str, given: Any) -> Counterparty | None:
        before = len(self.problems)
        if not isinstance(given, dict):
            self._refuse(place, "is no table")
            return None
        for name in sorted(given.keys() - _KNOWN):
            self._refuse(f"{place}.{name}", "is no setting that is known")
        name, url = self._text(place, given, "name", EXCHANGE), self._text(place, given, "url", _URL)
        key, seal_key = self._text(place, given, "key", _KEY), self._text(place, given, "seal_key", _KEY)
        jurisdiction, designated = given.get("jurisdiction"), given.get("designated")
        if jurisdiction not in COUNTRIES:
            self._refuse(f"{place}.jurisdiction", "is no ISO 3166-1 code")
        if designated is not None and not isinstance(designated, bool):
            self._refuse(f"{place}.designated", "is neither true nor false")
        periods = tuple(self._periods(place, given.get("due_diligence", [])))
        if len(self.problems) > before:
            return None
        return Counterparty(
            name, bytes.fromhex(key), bytes.fromhex(seal_key), url, str(jurisdiction), designated, periods
        )

    def _periods(self, place: str, given: Any) -> Iterator[DueDiligence]:
        if not isinstance(given, list):
            self._refuse(f"{place}.due_diligence", "is no list of tables")
            return
        for at, each in enumerate(given):
            where = f"{place}.due_diligence[{at}]"
            if not isinstance(each, dict) or set(each) != _KNOWN_PERIOD:
                self._refuse(where, "is not exactly from, until and reference")
                continue
            begins, ends = each["from"], each["until"]
            reference = self._text(where, each, "reference", _REFERENCE)
            if type(begins) is not date or type(ends) is not date or begins > ends:
                self._refuse(where, "has no two days, the later one second")
                continue
            yield DueDiligence(begins, ends, reference)
