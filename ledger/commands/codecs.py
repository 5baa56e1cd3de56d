"""How a field of a command stands in JSON and how it is read from there: strictly, with writing as its inverse."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from typing import Any, ClassVar, TypeVar, dataclass_transform

from ledger.assets import SCALE_MAX
from ledger.canonical import Json, from_hex
from ledger.errors import FormatError
from ledger.identity import entity_problem, id_kind_problem, subaccount_problem

__all__ = [
    "AMOUNT",
    "ASSET",
    "CODE",
    "COUNTRY",
    "DUST",
    "ENTITY",
    "FLAG",
    "HASH",
    "ID",
    "ID_KIND",
    "MARKET",
    "MICROS",
    "POSITIVE",
    "PRICE",
    "SMALL",
    "SUBACCOUNT",
    "TEXT",
    "VALUE",
    "WORD",
    "Codec",
    "Command",
    "Fields",
    "field_as",
    "list_of",
    "matching",
    "one_of",
    "optional",
    "read_fields",
    "record_of",
    "shape",
    "write_fields",
]

QUANTITY_MAX = 2**63 - 1
MICROS_MAX = 2**53 - 1
BATCH_MAX = 100
DUST_MAX = 10**SCALE_MAX

_PRICE = re.compile(r"[1-9][0-9]{0,35}\Z")
_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,18})\Z")
_LONG_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,37})\Z")


def _as_is(value: Any) -> Json:
    return value  # type: ignore[no-any-return]  # a text, a flag or a small integer, as its reader left it


@dataclass(frozen=True, slots=True)
class Codec:
    """Both directions of one kind of field; `read` raises FormatError."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Json] = _as_is


def _read_amount(value: Any) -> int:
    if not isinstance(value, str) or not _DECIMAL.match(value):
        raise FormatError("an amount is a decimal string from 0 to 2^63-1")
    number = int(value)
    if number > QUANTITY_MAX:
        raise FormatError("an amount is a decimal string from 0 to 2^63-1")
    return number


def _read_positive(value: Any) -> int:
    number = _read_amount(value)
    if number == 0:
        raise FormatError("an amount of 0 where something must be")
    return number


def _read_dust(value: Any) -> int:
    if not isinstance(value, str) or not _LONG_DECIMAL.match(value) or int(value) >= DUST_MAX:
        raise FormatError("what is below a quantum is a decimal string below 10^38")
    return int(value)


def _read_price(value: Any) -> int:
    if not isinstance(value, str) or not _PRICE.match(value):
        raise FormatError("a price is a decimal string from 1 to 10^36-1, in 10^-18 of the unit of account")
    return int(value)


def _integer_to(limit: int) -> Codec:
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= limit:
            raise FormatError(f"not an integer from 0 to {limit}")
        return value

    return Codec(read)


def matching(pattern: str, what: str) -> Codec:
    """A text that matches the whole of a pattern."""
    whole = re.compile(pattern)

    def read(value: Any) -> str:
        if not isinstance(value, str) or not whole.fullmatch(value):
            raise FormatError(f"not {what}")
        return value

    return Codec(read)


def _hex(size: int) -> Codec:
    def read(value: Any) -> str:
        from_hex(value, size)
        return str(value)

    return Codec(read)


def _read_text(value: Any) -> str:
    if not isinstance(value, str) or not 1 <= len(value) <= 1000 or not value.isprintable():
        raise FormatError("a text is one line of 1 to 1000 characters")
    return value


def _read_flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise FormatError("a flag is true or false")
    return value


def _by_rule(problem: Callable[[str], object], what: str) -> Codec:
    def read(value: Any) -> str:
        if not isinstance(value, str) or problem(value) is not None:
            raise FormatError(f"not {what}")
        return value

    return Codec(read)


def one_of(*words: str) -> Codec:
    """One of a closed list of words."""

    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise FormatError(f"not one of {', '.join(words)}")
        return value

    return Codec(read)


def optional(codec: Codec) -> Codec:
    """What `codec` reads, or null."""
    read, write = codec.read, codec.write
    return Codec(
        lambda value: None if value is None else read(value),
        lambda value: None if value is None else write(value),
    )


def list_of(codec: Codec, least: int = 1, most: int = BATCH_MAX) -> Codec:
    """A list of what `codec` reads, as a tuple."""

    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise FormatError(f"a list has {least} to {most} entries")
        return tuple(codec.read(item) for item in value)

    return Codec(read, lambda items: [codec.write(item) for item in items])


def _read_value(value: Any) -> Any:
    if not isinstance(value, list):
        return _read_text(value)
    if not 1 <= len(value) <= BATCH_MAX:
        raise FormatError(f"a list has 1 to {BATCH_MAX} entries")
    return tuple(map(_read_value, value))


def _write_value(value: Any) -> Json:
    return [_write_value(item) for item in value] if isinstance(value, tuple) else _as_is(value)


AMOUNT, POSITIVE = Codec(_read_amount, str), Codec(_read_positive, str)
DUST = Codec(_read_dust, str)
PRICE = Codec(_read_price, str)
VALUE = Codec(_read_value, _write_value)
"""A parameter's value: a text, or a list of values; its parameter says what it must be."""
MICROS, SMALL = _integer_to(MICROS_MAX), _integer_to(2**32 - 1)
ID, HASH = _hex(16), _hex(32)
TEXT, FLAG = Codec(_read_text), Codec(_read_flag)
CODE = matching(r"[A-Za-z0-9._:/%-]{0,128}", "a code of plain characters, possibly empty")
SUBACCOUNT = _by_rule(subaccount_problem, "a subaccount's name")
ENTITY = _by_rule(entity_problem, "an entity")
ID_KIND = _by_rule(id_kind_problem, "a kind of id")
ASSET = matching(r"[A-Z0-9][A-Z0-9._-]{0,31}", "an asset")
MARKET = matching(r"[A-Z0-9][A-Z0-9._-]{0,63}", "a market")
WORD = matching(r"[a-z0-9][a-z0-9_.-]{0,63}", "a word")
COUNTRY = matching(r"[A-Z]{2}(-[A-Z0-9]{1,3})?", "a country or a part of one")


class Fields:
    """A value with a codec for each field, in their order; every class of it is under `@shape`."""

    CODECS: ClassVar[Mapping[str, Codec]]
    READERS: ClassVar[tuple[tuple[str, Callable[[Any], Any]], ...]]
    DEFAULTS: ClassVar[Mapping[str, Any]]
    """What a field is where the object does not have it; it is then never written, so that there is one form."""
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


class Command(Fields):
    """Root of all commands; `TYPE` is the word in JSON."""

    TYPE: ClassVar[str]


_Kind = TypeVar("_Kind", bound=Fields)


def field_as(codec: Codec, default: Any = MISSING) -> Any:
    """A field that stands in JSON as `codec` says; one with a default stands there only where it is something else."""
    return field(default=default, metadata={"codec": codec})


@dataclass_transform(frozen_default=True, field_specifiers=(field_as,))
def shape(kind: type[_Kind]) -> type[_Kind]:
    """A frozen dataclass whose fields all have codecs."""
    made = dataclass(frozen=True, slots=True)(kind)
    made.CODECS = {each.name: each.metadata["codec"] for each in fields(made)}
    made.DEFAULTS = {each.name: each.default for each in fields(made) if each.default is not MISSING}
    made.READERS = tuple((name, codec.read) for name, codec in made.CODECS.items() if name not in made.DEFAULTS)
    return made


def record_of(kind: type[Fields]) -> Codec:
    """An object with the fields of `kind`."""
    return Codec(lambda value: read_fields(kind, value, ()), write_fields)


def read_fields(kind: type[Fields], value: Any, others: tuple[str, ...]) -> Fields:
    """The value that an object spells, whose names are the fields and `others`; raises FormatError naming the field."""
    if not isinstance(value, Mapping):
        raise FormatError("other fields than the command has")
    more: dict[str, Any] = {}
    name = ""
    try:
        if len(value) != len(kind.READERS) + len(others):
            more = _read_more(kind, value, len(value) - len(kind.READERS) - len(others))
        given = []
        for name, read in kind.READERS:
            given.append(read(value[name]))
        for name in others:
            value[name]
    except KeyError:
        raise FormatError("other fields than the command has") from None
    except FormatError as problem:
        raise FormatError(f"{name}: {problem}") from None
    return kind(*given, **more)


def _read_more(kind: type[Fields], value: Mapping[str, Any], count: int) -> dict[str, Any]:
    """The fields that have a default and are something else; raises FormatError where there are not `count` of them."""
    found: dict[str, Any] = {}
    for name, default in kind.DEFAULTS.items():
        if name in value:
            found[name] = kind.CODECS[name].read(value[name])
            if found[name] == default:
                raise FormatError(f"{name}: what is as usual is left out")
    if len(found) != count:
        raise FormatError("other fields than the command has")
    return found


def write_fields(value: Fields) -> dict[str, Json]:
    """The object that `read_fields` reads back."""
    defaults = value.DEFAULTS
    return {
        name: codec.write(getattr(value, name))
        for name, codec in value.CODECS.items()
        if name not in defaults or getattr(value, name) != defaults[name]
    }
