"""Who and what the accounts stand for, with dates: customers, reserve wallets, and the master data of assets.

Every attribute is a list of (valid from, value) and is never overwritten: `as_of` answers for any time, so that an
hour can be judged by what was known and true in it. Coded attributes only: names and documents stand elsewhere.
Changes arrive as commands and their times do not run backwards per attribute; a change at the time of the last one
replaces it. Source: issue 3 section 1, DESIGN.md "What is owed".
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Final, Generic, NamedTuple, TypeVar

from ledger.canonical import ByteReader, Digest, Tag, lp, tagged_hash, u32, u64
from ledger.errors import FormatError

__all__ = [
    "AssetFacts",
    "Consent",
    "ConsentKind",
    "Custodian",
    "CustomerClass",
    "CustomerFacts",
    "Dated",
    "Registry",
    "Relation",
    "WalletFacts",
    "WalletOwner",
]

_DTI: Final = re.compile(r"[1-9B-DF-HJ-NP-TV-XZ][0-9B-DF-HJ-NP-TV-XZ]{8}")
_ISIN: Final = re.compile(r"[A-Z]{2}[A-Z0-9]{9}[0-9]")
_CFI: Final = re.compile(r"[A-Z]{6}")
_COUNTRY: Final = re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?")
TIME_MICROS_MAX: Final = 2**63 - 1


class CustomerClass(IntEnum):
    """How a customer is classed for protection."""

    RETAIL = 1
    QUALIFIED = 2
    PROFESSIONAL = 3
    ELIGIBLE_COUNTERPARTY = 4


class Relation(IntEnum):
    """What a customer is to the exchange; the net figure of coverage counts no debt of the last four."""

    CUSTOMER = 1
    STAFF = 2
    AFFILIATE = 3
    HOUSE = 4
    VAULT = 5


class WalletOwner(IntEnum):
    """Whose assets a wallet holds."""

    CLIENT = 1
    OWN = 2
    GUARANTEE = 3


class Custodian(IntEnum):
    """How the keys of a wallet are kept."""

    ONLINE = 1
    OFFLINE = 2
    CUSTODIAN = 3


class ConsentKind(IntEnum):
    """What a customer agreed to."""

    LENDING = 1
    MARGIN = 2
    REHYPOTHECATION = 3
    ELECTRONIC_STATEMENTS = 4
    TERMS = 5


class CustomerFacts(NamedTuple):
    """A customer account at one time. `domicile`: ISO 3166 country, or with its subdivision, as US-NY."""

    entity: str
    customer_class: CustomerClass
    domicile: str
    relation: Relation = Relation.CUSTOMER

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return lp(self.entity) + bytes((self.customer_class,)) + lp(self.domicile) + bytes((self.relation,))

    @property
    def problem(self) -> str | None:
        """Why these are no facts, or None."""
        return None if _COUNTRY.fullmatch(self.domicile) else "the domicile is no ISO 3166 code"


class WalletFacts(NamedTuple):
    """A reserve wallet or bank account at one time."""

    entity: str
    owner: WalletOwner
    custodian: Custodian
    chain: str

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return lp(self.entity) + bytes((self.owner, self.custodian)) + lp(self.chain)

    @property
    def problem(self) -> str | None:
        """Why these are no facts, or None."""
        return None if self.chain else "a wallet is on a chain; a bank account on offchain:bank"


class AssetFacts(NamedTuple):
    """The master data of an asset at one time; empty where the asset has none of a kind."""

    dti: str = ""
    isin: str = ""
    cfi: str = ""
    chain: str = ""
    contract: str = ""

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return b"".join(map(lp, self))

    @property
    def problem(self) -> str | None:
        """Why these are no facts, or None. Forms alone: ISO 24165, ISO 6166 with its check digit, ISO 10962."""
        if self.dti and not _DTI.fullmatch(self.dti):
            return "the DTI is not in the form of one"
        if self.isin and not (_ISIN.fullmatch(self.isin) and _isin_digit_holds(self.isin)):
            return "the ISIN is not in the form of one, or its check digit does not hold"
        if self.cfi and not _CFI.fullmatch(self.cfi):
            return "the CFI is not in the form of one"
        return "a contract stands on a chain" if self.contract and not self.chain else None


class Consent(NamedTuple):
    """Given or withdrawn, with the SHA-256 of the text that the customer saw."""

    given: bool
    text_hash: bytes

    def to_bytes(self) -> bytes:
        """Canonical bytes."""
        return bytes((self.given,)) + lp(self.text_hash)

    @property
    def problem(self) -> str | None:
        """Why this is no consent, or None."""
        return None if len(self.text_hash) == 32 else "the hash of a consent's text has 32 bytes"


def _isin_digit_holds(isin: str) -> bool:
    """Luhn over the letters' numbers (A is 10), ISO 6166."""
    digits = [int(digit) for letter in isin for digit in str(int(letter, 36))]
    doubled = [2 * digit if place % 2 else digit for place, digit in enumerate(reversed(digits))]
    return sum(digit // 10 + digit % 10 for digit in doubled) % 10 == 0


Facts = TypeVar("Facts", CustomerFacts, WalletFacts, AssetFacts, Consent)


class Dated(Generic[Facts]):
    """The values of one thing over time."""

    def __init__(self) -> None:
        self._times: list[int] = []
        self._values: list[Facts] = []

    def set(self, since_micros: int, value: Facts) -> None:
        """From `since_micros` on it is `value`, until something later is set."""
        assert 0 <= since_micros <= TIME_MICROS_MAX, "a time is in microseconds since 1970"
        assert not self._times or self._times[-1] <= since_micros, "dated values are set in the order of their dates"
        assert value.problem is None, value.problem
        if self._times and self._times[-1] == since_micros:
            self._values[-1] = value
        else:
            self._times.append(since_micros)
            self._values.append(value)

    def as_of(self, micros: int) -> Facts | None:
        """What it was at a time; None before the first value."""
        place = bisect_right(self._times, micros)
        return self._values[place - 1] if place else None

    def __iter__(self) -> Iterator[tuple[int, Facts]]:
        return zip(self._times, self._values, strict=True)

    def to_bytes(self) -> bytes:
        """Canonical bytes: u32 count, then u64 time and lp(value) of each."""
        return u32(len(self._times)) + b"".join(u64(since) + lp(value.to_bytes()) for since, value in self)


class Registry:
    """Customers by account id, wallets by reserve wallet id, assets by name, consents by account id and kind."""

    def __init__(self) -> None:
        self._customers: dict[str, Dated[CustomerFacts]] = {}
        self._wallets: dict[str, Dated[WalletFacts]] = {}
        self._assets: dict[str, Dated[AssetFacts]] = {}
        self._consents: dict[tuple[str, ConsentKind], Dated[Consent]] = {}

    def set_customer(self, account_id: str, since_micros: int, facts: CustomerFacts) -> None:
        """What a customer account is from a time on."""
        self._customers.setdefault(account_id, Dated()).set(since_micros, facts)

    def set_wallet(self, wallet_id: str, since_micros: int, facts: WalletFacts) -> None:
        """What a wallet is from a time on."""
        self._wallets.setdefault(wallet_id, Dated()).set(since_micros, facts)

    def set_asset(self, name: str, since_micros: int, facts: AssetFacts) -> None:
        """The master data of an asset from a time on."""
        self._assets.setdefault(name, Dated()).set(since_micros, facts)

    def set_consent(self, account_id: str, kind: ConsentKind, since_micros: int, consent: Consent) -> None:
        """A consent given or withdrawn; only a known customer has any."""
        assert account_id in self._customers, "a consent belongs to a customer that is known"
        self._consents.setdefault((account_id, kind), Dated()).set(since_micros, consent)

    def customer(self, account_id: str, as_of: int) -> CustomerFacts | None:
        """What a customer account was at a time, or None."""
        dated = self._customers.get(account_id)
        return None if dated is None else dated.as_of(as_of)

    def wallet(self, wallet_id: str, as_of: int) -> WalletFacts | None:
        """What a wallet was at a time, or None."""
        dated = self._wallets.get(wallet_id)
        return None if dated is None else dated.as_of(as_of)

    def asset(self, name: str, as_of: int) -> AssetFacts | None:
        """The master data of an asset at a time, or None."""
        dated = self._assets.get(name)
        return None if dated is None else dated.as_of(as_of)

    def consent(self, account_id: str, kind: ConsentKind, as_of: int) -> Consent | None:
        """The last word of a customer on a kind of consent at a time; None if there was none."""
        dated = self._consents.get((account_id, kind))
        return None if dated is None else dated.as_of(as_of)

    def consents_to(self, account_id: str, kind: ConsentKind, as_of: int) -> bool:
        """Whether a consent stood at a time; silence is none."""
        consent = self.consent(account_id, kind, as_of)
        return consent is not None and consent.given

    def state_bytes(self) -> bytes:
        """The canonical bytes of the whole registry: four tables, each u32 count and its rows by rising key."""
        customers = [lp(key) + self._customers[key].to_bytes() for key in sorted(self._customers)]
        wallets = [lp(key) + self._wallets[key].to_bytes() for key in sorted(self._wallets)]
        assets = [lp(key) + self._assets[key].to_bytes() for key in sorted(self._assets)]
        consents = [
            lp(account_id) + bytes((kind,)) + self._consents[account_id, kind].to_bytes()
            for account_id, kind in sorted(self._consents)
        ]
        return b"".join(u32(len(rows)) + b"".join(rows) for rows in (customers, wallets, assets, consents))

    @classmethod
    def from_state_bytes(cls, data: bytes) -> Registry:
        """The registry of those bytes; raises FormatError unless they are exactly one."""
        registry, reader = cls(), ByteReader(data)
        registry._customers = _read_table(reader, _read_customer)
        registry._wallets = _read_table(reader, _read_wallet)
        registry._assets = _read_table(reader, _read_asset)
        for _ in range(reader.number(4)):
            account_id, kind = reader.text(), ConsentKind(reader.number(1))
            registry._consents[account_id, kind] = _read_dated(reader, _read_consent)
        reader.end()
        if registry.state_bytes() != data:
            raise FormatError("the registry is not in its one canonical form")
        return registry

    def state_hash(self) -> Digest:
        """SHA-256 of the state under its own tag (docs/spec/encoding.md section 2)."""
        return tagged_hash(Tag.REGISTRY_STATE, self.state_bytes())


def _read_dated(reader: ByteReader, read: Callable[[ByteReader], Facts]) -> Dated[Facts]:
    dated: Dated[Facts] = Dated()
    for _ in range(reader.number(4)):
        since, inner = reader.number(8), ByteReader(reader.take(reader.number(4)))
        dated.set(since, read(inner))
        inner.end()
    return dated


def _read_table(reader: ByteReader, read: Callable[[ByteReader], Facts]) -> dict[str, Dated[Facts]]:
    return {reader.text(): _read_dated(reader, read) for _ in range(reader.number(4))}


def _read_customer(reader: ByteReader) -> CustomerFacts:
    return CustomerFacts(reader.text(), CustomerClass(reader.number(1)), reader.text(), Relation(reader.number(1)))


def _read_wallet(reader: ByteReader) -> WalletFacts:
    return WalletFacts(reader.text(), WalletOwner(reader.number(1)), Custodian(reader.number(1)), reader.text())


def _read_asset(reader: ByteReader) -> AssetFacts:
    return AssetFacts(*(reader.text() for _ in AssetFacts._fields))


def _read_consent(reader: ByteReader) -> Consent:
    return Consent(bool(reader.number(1)), reader.take(reader.number(4)))
