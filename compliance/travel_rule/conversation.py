"""What may follow what about one transfer, for both sides alike. Pure: a conversation and a message in, the next out.

    originating side                         beneficiary's side

    request  ->                                                     requested
                                             <- more-information    more-information    (request again, with more)
                                             <- reject              rejected            final
                                             <- accept              accepted
    notice (chain, transaction)  ->                                 noticed
                                             <- confirm             confirmed

A request may be repeated, with more, until the notice; what it says of the transfer stays what it was. A notice may be
repeated with the same transaction, because an answer can be lost on the way.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Final

from ledger.canonical import Json
from ledger.errors import FormatError

__all__ = ["FINAL", "Conversation", "Terms", "Transaction", "next_conversation", "read_terms"]

FINAL: Final = frozenset({"rejected", "confirmed"})

_AMOUNT = re.compile(r"(?:0|[1-9][0-9]{0,37})(?:\.[0-9]{0,37}[1-9])?\Z")
_CHAIN = re.compile(r"[a-z0-9-]{3,8}:[A-Za-z0-9_-]{1,32}\Z")
_PLACE = re.compile(r"[A-Za-z0-9._:/%-]{1,128}\Z")
_ASSET = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}\Z")

# Which side says it (True: the originating one), after which states, and the state that follows.
_MOVES: Final[dict[str, tuple[bool, frozenset[str], str]]] = {
    "request": (True, frozenset({"", "requested", "more-information", "accepted"}), "requested"),
    "more-information": (False, frozenset({"requested"}), "more-information"),
    "reject": (False, frozenset({"requested", "more-information"}), "rejected"),
    "accept": (False, frozenset({"requested"}), "accepted"),
    "notice": (True, frozenset({"accepted", "noticed", "confirmed"}), "noticed"),
    "confirm": (False, frozenset({"noticed"}), "confirmed"),
}


@dataclass(frozen=True, slots=True)
class Terms:
    """What is to be transferred: `amount` in whole units of the asset, as an exact decimal; `address` receives it.

    `contract` is the token's on its chain, or "native". EVM addresses stand in lower case.
    """

    chain: str
    contract: str
    asset: str
    amount: str
    address: str

    @property
    def exact(self) -> Fraction:
        """The amount."""
        return Fraction(self.amount)

    def document(self) -> dict[str, Json]:
        """Its JSON."""
        return {
            "address": self.address,
            "amount": self.amount,
            "asset": self.asset,
            "chain": self.chain,
            "contract": self.contract,
        }


@dataclass(frozen=True, slots=True)
class Transaction:
    """Where the transfer stands on its chain."""

    chain: str
    hash: str


@dataclass(frozen=True, slots=True)
class Conversation:
    """All that was said about one transfer. `is_originating`: this side sends the money.

    `customer`: this side's customer, "" while unknown. `present`: coded fields that the newest request holds.
    `completed`: when the beneficiary's side accepted what it was told, Unix seconds.
    """

    transfer: str
    is_originating: bool
    counterparty: str
    state: str = ""
    terms: Terms | None = None
    customer: str = ""
    present: frozenset[str] = frozenset()
    missing: tuple[str, ...] = ()
    reason: str = ""
    transaction: Transaction | None = None
    last: bytes = b""
    completed: int | None = None


def read_terms(given: Any) -> Terms:
    """Terms out of a message; raises FormatError."""
    names = ("address", "amount", "asset", "chain", "contract")
    if not isinstance(given, dict) or sorted(given) != sorted(names):
        raise FormatError("the terms are not exactly " + ", ".join(names))
    forms = {"address": _PLACE, "amount": _AMOUNT, "asset": _ASSET, "chain": _CHAIN, "contract": _PLACE}
    for name, form in forms.items():
        if not isinstance(given[name], str) or not form.match(given[name]):
            raise FormatError(f"the terms' {name} is out of form")
    terms = Terms(**given)
    if terms.exact <= 0:
        raise FormatError("the terms are for no amount")
    is_evm = terms.chain.startswith("eip155:")
    if is_evm and (terms.address != terms.address.lower() or terms.contract != terms.contract.lower()):
        raise FormatError("addresses on this chain are written in lower case")
    return terms


def next_conversation(before: Conversation, kind: str, from_us: bool, content: Any, last: bytes) -> Conversation:
    """What a message of a kind makes of a conversation; raises FormatError where it may not follow.

    `content` is the opened message; `last` its hash.
    """
    by_originating, after, state = _MOVES[kind]
    if by_originating != (before.is_originating == from_us):
        raise FormatError(f"{kind} is not this side's to say")
    if before.state not in after:
        raise FormatError(f"{kind} does not follow on {before.state or 'nothing'}")
    made = replace(before, state=state, last=last)
    if kind == "request":
        terms = read_terms(content["terms"])
        if before.terms is not None and before.terms != terms:
            raise FormatError("the terms are others than before")
        return replace(made, terms=terms, missing=(), reason="")
    if kind == "more-information":
        return replace(made, missing=tuple(content["missing"]))
    if kind == "reject":
        return replace(made, reason=content["reason"])
    if kind == "notice":
        transaction = Transaction(content["chain"], content["transaction"])
        if before.transaction not in (None, transaction):
            raise FormatError("the transaction is another than before")
        return replace(made, transaction=transaction)
    return made
