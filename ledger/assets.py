"""Assets, their quantum, and the one way from decimal text to integers and back.

An amount inside the project is an integer number of the asset's quantum, 10^-scale of its unit. Decimal text is read
here and nowhere else, strictly: one spelling of a number, no floats, and for everything else a reason and a remedy.
Source of the bounds: docs/spec/encoding.md sections 1 and 4.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path  # determinism: load() is a door, used before any command is applied
from typing import Final, NewType

from ledger.errors import FormatError, InputErrors, InputProblem

__all__ = [
    "AMOUNT_QUANTA_MAX",
    "ASSET_NAME",
    "SCALE_MAX",
    "AmountError",
    "AmountReason",
    "Asset",
    "AssetTable",
    "Quanta",
    "Reserve",
    "format_amount",
    "parse_amount",
]

Quanta = NewType("Quanta", int)
"""An integer number of an asset's quantum."""

SCALE_MAX: Final = 38
AMOUNT_QUANTA_MAX: Final = Quanta(2**127 - 1)
"""The largest single claim or debt: one bit below the wire's 128, so that two of them always add up."""
DECIMALS_WRITTEN_MAX: Final = 128

ASSET_NAME: Final = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}")
_CHAIN: Final = re.compile(r"[a-z0-9-]{3,8}:[A-Za-z0-9_-]{1,32}")
_CONTRACT: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/%-]{0,127}")
_DECIMAL: Final = re.compile(r"(0|[1-9][0-9]*)(?:\.([0-9]+))?")


class AmountReason(StrEnum):
    """Why a text is no amount, in the order in which the reasons are looked for; the value is the problem in words."""

    EMPTY = "the amount is empty"
    WHITE_SPACE = "the amount holds white space"
    CONTROL = "the amount holds a control character"
    NOT_A_NUMBER = "the amount is NaN or infinite"
    NEGATIVE_ZERO = "the amount is zero with a minus sign"
    NEGATIVE = "the amount is negative"
    PLUS_SIGN = "the amount has a plus sign"
    EXPONENT = "the amount is written with an exponent"
    SEPARATOR = "the amount has a comma or another separator"
    BARE_POINT = "the amount has no digit before or after its point"
    LEADING_ZERO = "the amount begins with a needless zero"
    NOT_DECIMAL = "the amount is not a decimal number"
    TOO_MANY_DECIMALS = "the amount has more decimals than the asset's scale"
    OVER_LIMIT = "the amount is over the limit of 2^127 - 1 quanta"

    @property
    def remedy(self) -> str:
        """What the owner of the input does about it."""
        return _REMEDIES[self]


_REMEDIES: Final = {
    AmountReason.EMPTY: "Write 0 where nothing is owed",
    AmountReason.WHITE_SPACE: "Remove the white space",
    AmountReason.CONTROL: "Remove the control character",
    AmountReason.NOT_A_NUMBER: "Find out what is owed and write it as a decimal number",
    AmountReason.NEGATIVE_ZERO: "Write 0",
    AmountReason.NEGATIVE: "Write what the customer owes into the debt column, without the sign",
    AmountReason.PLUS_SIGN: "Remove the sign",
    AmountReason.EXPONENT: "Write all digits out, and export decimals as text so that none are lost",
    AmountReason.SEPARATOR: "Write digits with one point before the decimals and no other mark",
    AmountReason.BARE_POINT: "Write 0.5 for .5 and 5 for 5.",
    AmountReason.LEADING_ZERO: "Remove the leading zeros",
    AmountReason.NOT_DECIMAL: "Write digits 0-9 with at most one point before the decimals",
    AmountReason.TOO_MANY_DECIMALS: "Raise the asset's scale, or round the claim up and the debt down where it is kept",
    AmountReason.OVER_LIMIT: "Check the amount, or lower the asset's scale",
}


class AmountError(FormatError):
    """A text is no amount; `reason` says why. The message never repeats the text: balances stay out of exceptions."""

    def __init__(self, reason: AmountReason) -> None:
        self.reason = reason
        super().__init__(f"{reason}. {reason.remedy}")


def parse_amount(text: str, scale: int) -> Quanta:
    """Quanta of 10^-scale that the decimal `text` states, from 0 to `AMOUNT_QUANTA_MAX`, exactly.

    Zeros beyond the scale lose nothing and are accepted, up to 128 decimals; any other digit there is refused.
    Raises `AmountError` with the first `AmountReason` that holds.
    """
    assert 0 <= scale <= SCALE_MAX, "the scale is checked where the asset is listed"
    match = _DECIMAL.fullmatch(text)
    if match is None:
        raise AmountError(_not_decimal_reason(text))
    whole, decimals = match[1], match[2] or ""
    fraction = decimals.rstrip("0")
    if len(fraction) > scale or len(decimals) > DECIMALS_WRITTEN_MAX:
        raise AmountError(AmountReason.TOO_MANY_DECIMALS)
    if len(whole) > SCALE_MAX + 1:  # 2^127 has 39 digits; int() is never given an endless number
        raise AmountError(AmountReason.OVER_LIMIT)
    quanta = int(whole + fraction.ljust(scale, "0"))
    if quanta > AMOUNT_QUANTA_MAX:
        raise AmountError(AmountReason.OVER_LIMIT)
    return Quanta(quanta)


def format_amount(quanta: int, scale: int) -> str:
    """The shortest decimal text of `quanta` at `scale`: no trailing zeros, no bare point. Inverse of `parse_amount`."""
    assert 0 <= scale <= SCALE_MAX and quanta >= 0, "amounts have a scale from 0 to 38 and no sign"
    digits = str(quanta).rjust(scale + 1, "0")
    whole, fraction = digits[: len(digits) - scale], digits[len(digits) - scale :].rstrip("0")
    return f"{whole}.{fraction}" if fraction else whole


_REASON_PATTERNS: Final = (
    (re.compile(r""), AmountReason.EMPTY),
    (re.compile(r".*[ \t\r\n\v\f\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000].*", re.DOTALL), AmountReason.WHITE_SPACE),
    (re.compile(r".*[\u0000-\u001f\u007f-\u009f].*", re.DOTALL), AmountReason.CONTROL),
    (re.compile(r"[+-]?(nan|s?nan[0-9]*|inf|infinity)", re.IGNORECASE), AmountReason.NOT_A_NUMBER),
    (re.compile(r"[-\u2212](0+\.?0*|\.0+)([eE][+-]?[0-9]+)?"), AmountReason.NEGATIVE_ZERO),
    (re.compile(r"[-\u2212][0-9.,]+([eE][+-]?[0-9]+)?"), AmountReason.NEGATIVE),
    (re.compile(r"\([0-9.,]+\)"), AmountReason.NEGATIVE),
    (re.compile(r"\+[0-9.,]+([eE][+-]?[0-9]+)?"), AmountReason.PLUS_SIGN),
    (re.compile(r"[0-9.]+[eE][+-]?[0-9]+"), AmountReason.EXPONENT),
    (re.compile(r"[0-9.,_'\u2019]*[,_'\u2019][0-9.,_'\u2019]*"), AmountReason.SEPARATOR),
    (re.compile(r"\.[0-9]*|[0-9]+\."), AmountReason.BARE_POINT),
    (re.compile(r"0[0-9]+(\.[0-9]+)?"), AmountReason.LEADING_ZERO),
)


def _not_decimal_reason(text: str) -> AmountReason:
    for pattern, reason in _REASON_PATTERNS:
        if pattern.fullmatch(text):
            return reason
    return AmountReason.NOT_DECIMAL


@dataclass(frozen=True, slots=True)
class Reserve:
    """A chain (CAIP-2) and a contract on it that count as reserve of one asset; `native` is the chain's own coin."""

    chain: str
    contract: str

    @property
    def identity(self) -> tuple[str, str]:
        """What makes two reserves the same one: EVM addresses differ in case only by their checksum."""
        return self.chain, self.contract.lower() if self.chain.startswith("eip155:") else self.contract


@dataclass(frozen=True, slots=True)
class Asset:
    """One listed asset. Prices and haircuts are decimal text and serve only the *claimed* figure net of debts.

    `scale`: decimals of the quantum. `supply_quanta_max`: no single claim or debt may be above it. `self_issued`: the
    exchange issues it, so a debt in it counts for nothing. `price`: in the unit of account. `haircut`: from 0 to 1.
    """

    name: str
    scale: int
    supply_quanta_max: Quanta | None = None
    price: str | None = None
    haircut: str | None = None
    self_issued: bool = False
    reserves: tuple[Reserve, ...] = ()

    def __post_init__(self) -> None:
        assert ASSET_NAME.fullmatch(self.name), "an asset's name is checked at the door"
        assert 0 <= self.scale <= SCALE_MAX, "an asset's scale is checked at the door"

    @property
    def amount_quanta_max(self) -> Quanta:
        """The largest claim or debt that one account may have in this asset."""
        return AMOUNT_QUANTA_MAX if self.supply_quanta_max is None else self.supply_quanta_max


@dataclass(frozen=True, slots=True)
class AssetTable(Mapping[str, Asset]):
    """The listed assets, strictly rising by name."""

    assets: tuple[Asset, ...]

    def __post_init__(self) -> None:
        names = [asset.name for asset in self.assets]
        assert names == sorted(set(names)), "assets stand in strictly rising order of their names"

    def __getitem__(self, name: str) -> Asset:
        for asset in self.assets:
            if asset.name == name:
                return asset
        raise KeyError(name)

    def __iter__(self) -> Iterator[str]:
        return (asset.name for asset in self.assets)

    def __len__(self) -> int:
        return len(self.assets)

    @classmethod
    def load(cls, path: Path) -> AssetTable:
        """The table in a TOML file. Raises `InputErrors` with everything that is wrong with it."""
        try:
            data = path.read_bytes()
        except OSError as error:
            problem = InputProblem(str(path), f"the file cannot be read ({error.strerror})", "Check the path")
            raise InputErrors([problem]) from None
        return cls.from_toml(data, str(path))

    @classmethod
    def from_toml(cls, data: bytes, file: str) -> AssetTable:
        """The table in the bytes of a TOML file; `file` names it in problems. Pure. Raises `InputErrors`."""
        reader = _TomlReader(file)
        assets = reader.read(data)
        if reader.problems:
            raise InputErrors(reader.problems)
        return cls(tuple(sorted(assets, key=lambda asset: asset.name)))


class _FloatText(str):
    """The text of a TOML float, kept so that it can be refused and never becomes a float."""


class _TomlReader:
    """One reading of one assets file: gathers problems and returns what could be read."""

    KEYS: Final = ("scale", "max_supply", "price", "haircut", "issuer", "reserves")

    def __init__(self, file: str) -> None:
        self.file = file
        self.problems: list[InputProblem] = []
        self.reserve_owners: dict[tuple[str, str], str] = {}

    def refuse(self, key: str | None, problem: str, remedy: str) -> None:
        self.problems.append(InputProblem(self.file, problem, remedy, column=key))

    def read(self, data: bytes) -> list[Asset]:
        try:
            document = tomllib.loads(data.decode(), parse_float=_FloatText)
        except UnicodeDecodeError as error:
            self.refuse(None, f"byte {error.start} is not UTF-8", "Save the file as UTF-8")
            return []
        except tomllib.TOMLDecodeError as error:
            self.refuse(None, f"this is not TOML: {error}", "Mend the line that is named")
            return []
        for key in sorted(document.keys() - {"assets"}):
            self.refuse(key, "this section is not known", "Keep only sections [assets.NAME]")
        section = document.get("assets", {})
        if not isinstance(section, dict) or not section:
            self.refuse("assets", "no asset is listed", "Add a section [assets.BTC] with scale = 8 for each asset")
            return []
        return [asset for name, table in section.items() if (asset := self.read_asset(name, table)) is not None]

    def read_asset(self, name: str, table: object) -> Asset | None:
        key = f"assets.{name}"
        before = len(self.problems)
        if not ASSET_NAME.fullmatch(name):
            self.refuse(
                key, "this is no asset name", "Use 1 to 32 of A-Z, 0-9, point, underscore and hyphen; quote points"
            )
        if not isinstance(table, dict):
            self.refuse(key, "an asset is a section of its own", "Write [assets.NAME] and its keys below")
            return None
        for unknown in sorted(table.keys() - set(self.KEYS)):
            self.refuse(f"{key}.{unknown}", "this key is not known", f"Use only {', '.join(self.KEYS)}")
        scale = self.read_scale(f"{key}.scale", table.get("scale"))
        supply = self.read_decimal(f"{key}.max_supply", table.get("max_supply"), scale)
        haircut = self.read_decimal(f"{key}.haircut", table.get("haircut"), SCALE_MAX)
        if haircut is not None and haircut > 10**SCALE_MAX:
            self.refuse(f"{key}.haircut", "a haircut is a factor from 0 to 1", "Write 0.9 to count nine tenths")
        self.read_decimal(f"{key}.price", table.get("price"), SCALE_MAX // 2)
        if (issuer := table.get("issuer")) not in (None, "self"):
            self.refuse(f"{key}.issuer", "the issuer is not known", 'Write issuer = "self", or leave the key out')
        reserves = self.read_reserves(f"{key}.reserves", name, table.get("reserves", []))
        if len(self.problems) > before:
            return None
        return Asset(name, scale, supply, table.get("price"), table.get("haircut"), issuer == "self", reserves)

    def read_scale(self, key: str, value: object) -> int:
        if value is None:
            self.refuse(key, "the scale is missing", "Add scale = 8, the decimals of the smallest unit that is kept")
        elif isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= SCALE_MAX:
            self.refuse(
                key, "the scale is no whole number from 0 to 38", "Write the number of decimals, without quotes"
            )
        else:
            return value
        return SCALE_MAX  # any number will do: the table is refused

    def read_decimal(self, key: str, value: object, scale: int) -> Quanta | None:
        if value is None:
            return None
        if not isinstance(value, str) or isinstance(value, _FloatText):
            self.refuse(key, "the number is not in quotes", "Write it as decimal text in quotes; floats are not exact")
            return None
        try:
            return parse_amount(value, scale)
        except AmountError as error:
            self.refuse(key, str(error.reason).replace("the amount", "the number"), error.reason.remedy)
            return None

    def read_reserves(self, key: str, name: str, rows: object) -> tuple[Reserve, ...]:
        if not isinstance(rows, list):
            self.refuse(key, "this is no list", 'Write reserves = [{chain="eip155:1", contract="native"}]')
            return ()
        found = []
        for number, row in enumerate(rows):
            where = f"{key}[{number}]"
            if not isinstance(row, dict) or row.keys() != {"chain", "contract"}:
                self.refuse(where, "a reserve has a chain and a contract and no more", "Write both, as text")
                continue
            chain, contract = row["chain"], row["contract"]
            if not isinstance(chain, str) or not _CHAIN.fullmatch(chain):
                self.refuse(where, "the chain is not in CAIP-2 form", 'Write it as "eip155:1" or "offchain:bank"')
            elif not isinstance(contract, str) or not _CONTRACT.fullmatch(contract):
                self.refuse(where, "the contract is no address", 'Write its address, or "native" for the chain\'s coin')
            else:
                found.append(self.read_reserve(where, name, Reserve(chain, contract)))
        return tuple(found)

    def read_reserve(self, where: str, name: str, reserve: Reserve) -> Reserve:
        """Note whose reserve it is; one that stands twice would be counted twice."""
        owner = self.reserve_owners.get(reserve.identity)
        if owner is not None:
            self.refuse(
                where, f"this reserve is already counted for {owner}", "Name each reserve once, under one asset"
            )
        self.reserve_owners[reserve.identity] = name
        return reserve
