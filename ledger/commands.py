"""Every instruction that the exchange accepts, typed. A command is what its signed bytes parse to, and nothing else.

In JSON a command is an object with a `type` and the fields of its class: amounts, prices and quantities as decimal
strings of integers, ids as lower-case hex, times as integers of microseconds. Reading is strict: an unknown, missing or
loosely written field refuses the command at the door. Who may give which command is in `SIGNERS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from ledger.canonical import Json, from_hex
from ledger.errors import FormatError
from ledger.identity import entity_problem, id_kind_problem, subaccount_problem

__all__ = [
    "SIGNERS",
    "AmendOrder",
    "Cancel",
    "CancelAll",
    "Command",
    "CorrectBooks",
    "CreditDeposit",
    "CutHour",
    "FailWithdrawal",
    "ListAsset",
    "ListMarket",
    "MoveBetweenSubaccounts",
    "OpenAccount",
    "PlaceOrders",
    "RequestWithdrawal",
    "ReverseDeposit",
    "Role",
    "SendWithdrawal",
    "SetMarketState",
    "SettleWithdrawal",
    "Tick",
    "command_document",
    "read_command",
]

QUANTITY_MAX = 2**63 - 1
MICROS_MAX = 2**53 - 1
BATCH_MAX = 100

_DECIMAL = re.compile(r"(0|[1-9][0-9]{0,18})\Z")
_ASSET = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,31}\Z")
_MARKET = re.compile(r"[A-Z0-9][A-Z0-9._-]{0,63}\Z")
_WORD = re.compile(r"[a-z0-9][a-z0-9_.-]{0,63}\Z")


class Role(StrEnum):
    """Who signs: a customer for themselves, a service for facts from outside, operators for the house."""

    CUSTOMER = "customer"
    SERVICE = "service"
    OPERATOR = "operator"
    TWO_OPERATORS = "two-operators"


# Field kinds: how a value stands in JSON, and how it is read from there. Reading is strict, writing is its inverse.


def _as_is(value: Any) -> Json:
    return value  # type: ignore[no-any-return]  # a text, a flag or a small integer, as its reader left it


@dataclass(frozen=True, slots=True)
class Codec:
    """Both directions of one kind of field; `read` raises FormatError."""

    read: Callable[[Any], Any]
    write: Callable[[Any], Json] = _as_is


def _read_amount(value: Any) -> int:
    if not isinstance(value, str) or not _DECIMAL.match(value) or int(value) > QUANTITY_MAX:
        raise FormatError("an amount is a decimal string from 0 to 2^63-1")
    return int(value)


def _read_positive(value: Any) -> int:
    number = _read_amount(value)
    if number == 0:
        raise FormatError("an amount of 0 where something must be")
    return number


def _integer_to(limit: int) -> Codec:
    def read(value: Any) -> int:
        if not isinstance(value, int) or isinstance(value, bool) or not 0 <= value <= limit:
            raise FormatError(f"not an integer from 0 to {limit}")
        return value

    return Codec(read)


def _matching(pattern: re.Pattern[str], what: str) -> Codec:
    def read(value: Any) -> str:
        if not isinstance(value, str) or not pattern.match(value):
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


def _one_of(*words: str) -> Codec:
    def read(value: Any) -> str:
        if not isinstance(value, str) or value not in words:
            raise FormatError(f"not one of {', '.join(words)}")
        return value

    return Codec(read)


def _optional(codec: Codec) -> Codec:
    return Codec(
        lambda value: None if value is None else codec.read(value),
        lambda value: None if value is None else codec.write(value),
    )


def _list(codec: Codec, least: int = 1, most: int = BATCH_MAX) -> Codec:
    def read(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list) or not least <= len(value) <= most:
            raise FormatError(f"a list has {least} to {most} entries")
        return tuple(codec.read(item) for item in value)

    return Codec(read, lambda items: [codec.write(item) for item in items])


def _record(kind: type[_Fields]) -> Codec:
    return Codec(lambda value: _read_fields(kind, value, ()), lambda value: _write_fields(value))  # noqa: PLW0108 (it is defined further down)


_amount, _positive = Codec(_read_amount, str), Codec(_read_positive, str)
_micros, _small = _integer_to(MICROS_MAX), _integer_to(2**32 - 1)
_id, _key = _hex(16), _hex(32)
_text, _flag = Codec(_read_text), Codec(_read_flag)
_subaccount = _by_rule(subaccount_problem, "a subaccount's name")
_asset = _matching(_ASSET, "an asset")
_market = _matching(_MARKET, "a market")
_word = _matching(_WORD, "a word")


class _Fields:
    """A value with a codec for each field."""

    CODECS: ClassVar[Mapping[str, Codec]]


class Command(_Fields):
    """Root of all commands; `TYPE` is the word in JSON."""

    TYPE: ClassVar[str]


@dataclass(frozen=True, slots=True)
class NewOrder(_Fields):
    """One order to place. `quantity` in steps or None with `quote_quantity` in quanta; `price` in ticks."""

    market: str
    side: str
    kind: str
    client_id: int
    quantity: int | None
    quote_quantity: int | None
    price: int | None
    time_in_force: str
    expires: int | None
    post_only: bool
    self_trade: str
    trigger_price: int | None
    trigger_by: str | None
    oco_group: int | None

    CODECS: ClassVar[Mapping[str, Codec]] = {
        "market": _market,
        "side": _one_of("bid", "ask"),
        "kind": _one_of("limit", "market"),
        "client_id": _small,
        "quantity": _optional(_positive),
        "quote_quantity": _optional(_positive),
        "price": _optional(_positive),
        "time_in_force": _one_of("gtc", "ioc", "fok", "gtt"),
        "expires": _optional(_micros),
        "post_only": _flag,
        "self_trade": _one_of("reject-taker", "reject-maker", "reject-both", "allow"),
        "trigger_price": _optional(_positive),
        "trigger_by": _optional(_one_of("last", "mark", "index")),
        "oco_group": _optional(_small),
    }


@dataclass(frozen=True, slots=True)
class OpenAccount(Command):
    """A customer's account, under a random id; class, domicile and relation are coded, the id's owner is elsewhere."""

    TYPE: ClassVar[str] = "open-account"
    account: str
    entity: str
    kind: str
    identity: str
    client_class: str
    domicile: str
    relation: str

    CODECS: ClassVar[Mapping[str, Codec]] = {
        "account": _id,
        "entity": _by_rule(entity_problem, "an entity"),
        "kind": _by_rule(id_kind_problem, "a kind of id"),
        "identity": _key,
        "client_class": _one_of("retail", "professional", "institutional", "house"),
        "domicile": _matching(re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?\Z"), "a country or a part of one"),
        "relation": _one_of("customer", "staff", "house", "affiliate", "vault"),
    }


@dataclass(frozen=True, slots=True)
class ListAsset(Command):
    """An asset with its quantum, fixed for ever: 10^-scale."""

    TYPE: ClassVar[str] = "list-asset"
    asset: str
    scale: int
    chain: str
    contract: str

    CODECS: ClassVar[Mapping[str, Codec]] = {"asset": _asset, "scale": _small, "chain": _text, "contract": _text}


@dataclass(frozen=True, slots=True)
class ListMarket(Command):
    """A spot market; `tick` in quanta of the quote asset for one step, `step` in quanta of the base asset."""

    TYPE: ClassVar[str] = "list-market"
    market: str
    base: str
    quote: str
    tick: int
    step: int
    quantity_min: int
    quantity_max: int

    CODECS: ClassVar[Mapping[str, Codec]] = {
        "market": _market,
        "base": _asset,
        "quote": _asset,
        "tick": _positive,
        "step": _positive,
        "quantity_min": _positive,
        "quantity_max": _positive,
    }


@dataclass(frozen=True, slots=True)
class SetMarketState(Command):
    """Open, or halted in a degree; `market` null means the venue. Tightening acts at once."""

    TYPE: ClassVar[str] = "set-market-state"
    market: str | None
    state: str
    reason: str

    CODECS: ClassVar[Mapping[str, Codec]] = {
        "market": _optional(_market),
        "state": _one_of("open", "post-only", "limit-only", "reduce-only", "cancel-only", "withdraw-only", "closed"),
        "reason": _text,
    }


@dataclass(frozen=True, slots=True)
class Tick(Command):
    """Time passes; the log's applied time is what counts, and this only makes expiries happen."""

    TYPE: ClassVar[str] = "tick"
    CODECS: ClassVar[Mapping[str, Codec]] = {}


@dataclass(frozen=True, slots=True)
class CutHour(Command):
    """The hour ends here: what the attestation for `hour` states is the state after this command."""

    TYPE: ClassVar[str] = "cut-hour"
    hour: int
    CODECS: ClassVar[Mapping[str, Codec]] = {"hour": _micros}


@dataclass(frozen=True, slots=True)
class PlaceOrders(Command):
    """One or more orders, in order; each stands or falls alone."""

    TYPE: ClassVar[str] = "place-orders"
    account: str
    subaccount: str
    orders: tuple[NewOrder, ...]

    CODECS: ClassVar[Mapping[str, Codec]] = {
        "account": _id,
        "subaccount": _subaccount,
        "orders": _list(_record(NewOrder)),
    }


@dataclass(frozen=True, slots=True)
class Cancel(Command):
    """Take orders out of the book, by the ids that the exchange gave them."""

    TYPE: ClassVar[str] = "cancel"
    account: str
    subaccount: str
    orders: tuple[int, ...]

    CODECS: ClassVar[Mapping[str, Codec]] = {"account": _id, "subaccount": _subaccount, "orders": _list(_positive)}


@dataclass(frozen=True, slots=True)
class CancelAll(Command):
    """Take all of a subaccount's orders out, in one market or in all; with `block` it may place none until lifted."""

    TYPE: ClassVar[str] = "cancel-all"
    account: str
    subaccount: str
    market: str | None
    block: bool

    CODECS: ClassVar[Mapping[str, Codec]] = {
        "account": _id,
        "subaccount": _subaccount,
        "market": _optional(_market),
        "block": _flag,
    }


@dataclass(frozen=True, slots=True)
class AmendOrder(Command):
    """Another price or quantity; less quantity at the same price keeps its place in the queue."""

    TYPE: ClassVar[str] = "amend-order"
    account: str
    subaccount: str
    order: int
    price: int | None
    quantity: int | None

    CODECS: ClassVar[Mapping[str, Codec]] = {
        "account": _id,
        "subaccount": _subaccount,
        "order": _positive,
        "price": _optional(_positive),
        "quantity": _optional(_positive),
    }


@dataclass(frozen=True, slots=True)
class MoveBetweenSubaccounts(Command):
    """A customer's own money from one of their subaccounts to another."""

    TYPE: ClassVar[str] = "move"
    account: str
    source: str
    target: str
    asset: str
    amount: int

    CODECS: ClassVar[Mapping[str, Codec]] = {
        "account": _id,
        "source": _subaccount,
        "target": _subaccount,
        "asset": _asset,
        "amount": _positive,
    }


@dataclass(frozen=True, slots=True)
class CreditDeposit(Command):
    """A deposit that a service saw; `evidence` (chain, block hash, transaction, log index) is accepted once."""

    TYPE: ClassVar[str] = "credit-deposit"
    account: str
    subaccount: str
    asset: str
    amount: int
    wallet: str
    evidence: str

    CODECS: ClassVar[Mapping[str, Codec]] = {
        "account": _id,
        "subaccount": _subaccount,
        "asset": _asset,
        "amount": _positive,
        "wallet": _word,
        "evidence": _text,
    }


@dataclass(frozen=True, slots=True)
class ReverseDeposit(Command):
    """A credited deposit is gone from the chain; what was spent of it becomes the customer's debt."""

    TYPE: ClassVar[str] = "reverse-deposit"
    evidence: str
    reason: str
    CODECS: ClassVar[Mapping[str, Codec]] = {"evidence": _text, "reason": _text}


@dataclass(frozen=True, slots=True)
class RequestWithdrawal(Command):
    """A customer wants money out; it is held until it has left or failed. `request` is their own id for it."""

    TYPE: ClassVar[str] = "request-withdrawal"
    account: str
    subaccount: str
    asset: str
    amount: int
    fee: int
    destination: str
    request: str

    CODECS: ClassVar[Mapping[str, Codec]] = {
        "account": _id,
        "subaccount": _subaccount,
        "asset": _asset,
        "amount": _positive,
        "fee": _amount,
        "destination": _text,
        "request": _id,
    }


@dataclass(frozen=True, slots=True)
class SendWithdrawal(Command):
    """The signed chain transaction, in the log before it is broadcast: a restart sends these same bytes."""

    TYPE: ClassVar[str] = "send-withdrawal"
    request: str
    wallet: str
    transaction: str

    CODECS: ClassVar[Mapping[str, Codec]] = {
        "request": _id,
        "wallet": _word,
        "transaction": _matching(re.compile(r"([0-9a-f]{2}){1,65536}\Z"), "a transaction in hex"),
    }


@dataclass(frozen=True, slots=True)
class SettleWithdrawal(Command):
    """The chain has it: the money is out."""

    TYPE: ClassVar[str] = "settle-withdrawal"
    request: str
    evidence: str
    CODECS: ClassVar[Mapping[str, Codec]] = {"request": _id, "evidence": _text}


@dataclass(frozen=True, slots=True)
class FailWithdrawal(Command):
    """It will not leave: the hold is released, the fee given back."""

    TYPE: ClassVar[str] = "fail-withdrawal"
    request: str
    reason: str
    CODECS: ClassVar[Mapping[str, Codec]] = {"request": _id, "reason": _text}


@dataclass(frozen=True, slots=True)
class CorrectBooks(Command):
    """A correction is a contra-entry with reason and reference: from one customer or the house to another."""

    TYPE: ClassVar[str] = "correct-books"
    source: str | None
    target: str | None
    asset: str
    amount: int
    reason: str
    reference: str

    CODECS: ClassVar[Mapping[str, Codec]] = {
        "source": _optional(_id),
        "target": _optional(_id),
        "asset": _asset,
        "amount": _positive,
        "reason": _text,
        "reference": _text,
    }


SIGNERS: Mapping[type[Command], Role] = {
    OpenAccount: Role.SERVICE,
    ListAsset: Role.TWO_OPERATORS,
    ListMarket: Role.TWO_OPERATORS,
    SetMarketState: Role.OPERATOR,
    Tick: Role.SERVICE,
    CutHour: Role.SERVICE,
    PlaceOrders: Role.CUSTOMER,
    Cancel: Role.CUSTOMER,
    CancelAll: Role.CUSTOMER,
    AmendOrder: Role.CUSTOMER,
    MoveBetweenSubaccounts: Role.CUSTOMER,
    CreditDeposit: Role.SERVICE,
    ReverseDeposit: Role.SERVICE,
    RequestWithdrawal: Role.CUSTOMER,
    SendWithdrawal: Role.SERVICE,
    SettleWithdrawal: Role.SERVICE,
    FailWithdrawal: Role.SERVICE,
    CorrectBooks: Role.TWO_OPERATORS,
}
"""Who may give which command."""

_TYPES: Mapping[str, type[Command]] = {kind.TYPE: kind for kind in SIGNERS}


def read_command(document: Json) -> Command:
    """The command that a JSON object spells; raises FormatError with the field that is wrong."""
    if not isinstance(document, dict) or not isinstance(document.get("type"), str):
        raise FormatError("a command is an object with a type")
    kind = _TYPES.get(str(document["type"]))
    if kind is None:
        raise FormatError("a command of an unknown type")
    command = _read_fields(kind, document, ("type",))
    assert isinstance(command, Command)
    return command


def command_document(command: Command) -> dict[str, Json]:
    """The JSON object of a command; `read_command` gives the same command back."""
    return {"type": command.TYPE, **_write_fields(command)}


def _read_fields(kind: type[_Fields], value: Any, others: tuple[str, ...]) -> _Fields:
    if not isinstance(value, dict) or set(value) != set(kind.CODECS) | set(others):
        raise FormatError("other fields than the command has")
    given = {}
    for name, codec in kind.CODECS.items():
        try:
            given[name] = codec.read(value[name])
        except FormatError as problem:
            raise FormatError(f"{name}: {problem}") from None
    return kind(**given)


def _write_fields(value: _Fields) -> dict[str, Json]:
    return {name: codec.write(getattr(value, name)) for name, codec in value.CODECS.items()}
