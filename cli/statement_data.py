"""What a customer's statement says, as plain data: whoever reads the store fills it in, and the renderers show it.

Amounts are integers, quanta of the asset at its scale. Times are texts in UTC as the log has them. Every record checks
that its own figures agree, so that a statement that does not add up is never shown to anybody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from itertools import pairwise

from ledger.assets import SCALE_MAX

__all__ = [
    "AssetLines",
    "Consent",
    "Hold",
    "InclusionLeaf",
    "InclusionReference",
    "Movement",
    "OpenOrder",
    "Position",
    "RegisteredKey",
    "StatementData",
    "Subaccount",
]

DECIMAL = re.compile(r"(0|[1-9][0-9]*)(\.[0-9]+)?\Z")
FOR_CUSTOMER = frozenset({"session", "service"})
"""Roles of keys that sign in the customer's place: what they signed is marked."""


@dataclass(frozen=True, slots=True)
class Movement:
    """One posted change. `amount` is signed; `price` is decimal text in `price_asset` for one unit, where there is one.

    `reason` is the entry's reason code, `reference` what it refers to (order, transaction, loan). `signed_role` is the
    role of the key that signed the cause (None where no instruction of the account caused it), `signed_key` its id.
    """

    time: str
    reason: str
    reference: str
    amount: int
    balance_after: int
    price: str | None = None
    price_asset: str | None = None
    signed_role: str | None = None
    signed_key: str | None = None

    def __post_init__(self) -> None:
        assert self.balance_after >= 0, "a balance that would be below zero is a debt, in an account of its own"
        assert self.price is None or DECIMAL.match(self.price), "a price is unsigned decimal text"
        assert (self.signed_role is None) == (self.signed_key is None), "a signature has a role and a key"

    @property
    def is_signed_for_customer(self) -> bool:
        """Whether a session or service signed in the customer's place."""
        return self.signed_role in FOR_CUSTOMER


@dataclass(frozen=True, slots=True)
class Hold:
    """A part of the claim that is set aside: for an open order, a withdrawal, a pledge."""

    reason: str
    reference: str
    amount: int

    def __post_init__(self) -> None:
        assert self.amount > 0, "what holds nothing is no hold"


@dataclass(frozen=True, slots=True)
class AssetLines:
    """One asset of one subaccount over the period. Claim and debt are two accounts and are never netted."""

    asset: str
    scale: int
    opening: int
    closing: int
    movements: tuple[Movement, ...] = ()
    holds: tuple[Hold, ...] = ()
    debt_opening: int = 0
    debt_closing: int = 0
    debt_movements: tuple[Movement, ...] = ()

    def __post_init__(self) -> None:
        assert 0 <= self.scale <= SCALE_MAX
        for opening, closing, movements in (
            (self.opening, self.closing, self.movements),
            (self.debt_opening, self.debt_closing, self.debt_movements),
        ):
            balance = opening
            for movement in movements:
                balance += movement.amount
                assert balance == movement.balance_after, "each movement leads from one balance to the next"
            assert opening >= 0 and balance == closing, "opening and movements give closing"
        assert self.held <= self.closing, "holds are a part of the claim"

    @property
    def held(self) -> int:
        return sum(hold.amount for hold in self.holds)


@dataclass(frozen=True, slots=True)
class Subaccount:
    """`name` is empty for the main one. Assets in strictly rising order."""

    name: str
    assets: tuple[AssetLines, ...]

    def __post_init__(self) -> None:
        assert all(left.asset < right.asset for left, right in pairwise(self.assets)), "assets rise strictly"


@dataclass(frozen=True, slots=True)
class OpenOrder:
    """An order that rests at the period's end; quantities in quanta of the base asset, `price` decimal text or None."""

    subaccount: str
    market: str
    order: str
    side: str
    kind: str
    quantity: int
    filled: int
    scale: int
    price: str | None
    placed: str

    def __post_init__(self) -> None:
        assert 0 <= self.filled <= self.quantity and 0 <= self.scale <= SCALE_MAX
        assert self.price is None or DECIMAL.match(self.price), "a price is unsigned decimal text"


@dataclass(frozen=True, slots=True)
class Position:
    """A position at the period's end: a signed quantity in the market's own unit. It is no claim.

    In quanta of the asset `settles` (scale `settles_scale`): `basis` what it stands at, `mark` of one unit, `profit`
    what is not settled yet. Mark and profit are None where the market has no valid mark.
    """

    subaccount: str
    market: str
    quantity: int
    scale: int
    settles: str = ""
    settles_scale: int = 0
    basis: int | None = None
    mark: int | None = None
    profit: int | None = None


@dataclass(frozen=True, slots=True)
class RegisteredKey:
    """A key that could sign for the account in the period. `until` is None while it can."""

    key: str
    role: str
    permissions: tuple[str, ...]
    since: str
    until: str | None = None


@dataclass(frozen=True, slots=True)
class Consent:
    """What the customer agreed to: its subject, the hash of its text, from when to when."""

    subject: str
    text_sha256: str
    given: str
    withdrawn: str | None = None


@dataclass(frozen=True, slots=True)
class InclusionLeaf:
    """One asset as the hour's tree holds it for this customer, all subaccounts together."""

    asset: str
    scale: int
    claim: int
    debt: int


@dataclass(frozen=True, slots=True)
class InclusionReference:
    """The attestation of the hour in which the period ends; the fingerprint as attestation.md section 10 spells it."""

    hour: str
    sequence: int
    fingerprint: str
    leaves: tuple[InclusionLeaf, ...]


@dataclass(frozen=True, slots=True)
class StatementData:
    """A customer's statement. The period is from `start` up to, and without, `end`; `prepared` is given, not asked."""

    exchange: str
    entity: str
    account: str
    start: str
    end: str
    prepared: str
    subaccounts: tuple[Subaccount, ...]
    open_orders: tuple[OpenOrder, ...] = ()
    positions: tuple[Position, ...] = ()
    keys: tuple[RegisteredKey, ...] = ()
    consents: tuple[Consent, ...] = ()
    inclusion: InclusionReference | None = None
    disclaimers: tuple[str, ...] = field(default=())

    def __post_init__(self) -> None:
        assert self.start < self.end, "a period has a length"
        assert all(left.name < right.name for left, right in pairwise(self.subaccounts)), "subaccounts rise strictly"
        if self.inclusion is not None and self.inclusion.hour == self.end:
            self._check_inclusion(self.inclusion)

    def _check_inclusion(self, inclusion: InclusionReference) -> None:
        """At the hour's cut the leaves are the closing figures, added up over subaccounts."""
        sums: dict[str, tuple[int, int]] = {}
        for subaccount in self.subaccounts:
            for lines in subaccount.assets:
                claim, debt = sums.get(lines.asset, (0, 0))
                sums[lines.asset] = (claim + lines.closing, debt + lines.debt_closing)
        leaves = {leaf.asset: (leaf.claim, leaf.debt) for leaf in inclusion.leaves}
        owed = {asset: pair for asset, pair in sums.items() if pair != (0, 0)}
        assert {asset: pair for asset, pair in leaves.items() if pair != (0, 0)} == owed, (
            "the attested leaves are the statement's closing figures"
        )
