"""Every instruction that the exchange accepts, typed. A command is what its signed bytes parse to, and nothing else.

In JSON a command is an object with a `type` and the fields of its class: amounts, prices and quantities as decimal
strings of integers, ids as lower-case hex, times as integers of microseconds. Reading is strict: an unknown, missing or
loosely written field refuses the command at the door. Who may give which command is in `SIGNERS`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import Field, dataclass, field, fields
from enum import StrEnum
from typing import Any, ClassVar, TypeVar, dataclass_transform

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
    """A value with a codec for each field, in their order; every class of it is under `@_fields`."""

    CODECS: ClassVar[Mapping[str, Codec]]
    __dataclass_fields__: ClassVar[dict[str, Field[Any]]]


_Kind = TypeVar("_Kind", bound=_Fields)


def _field(codec: Codec) -> Any:
    """A field that stands in JSON as `codec` says."""
    return field(metadata={"codec": codec})


@dataclass_transform(frozen_default=True, field_specifiers=(_field,))
def _fields(kind: type[_Kind]) -> type[_Kind]:
    made = dataclass(frozen=True, slots=True)(kind)
    made.CODECS = {each.name: each.metadata["codec"] for each in fields(made)}
    return made


class Command(_Fields):
    """Root of all commands; `TYPE` is the word in JSON."""

    TYPE: ClassVar[str]


@_fields
class NewOrder(_Fields):
    """One order to place. `quantity` in steps or None with `quote_quantity` in quanta; `price` in ticks."""

    market: str = _field(_market)
    side: str = _field(_one_of("bid", "ask"))
    kind: str = _field(_one_of("limit", "market"))
    client_id: int = _field(_small)
    quantity: int | None = _field(_optional(_positive))
    quote_quantity: int | None = _field(_optional(_positive))
    price: int | None = _field(_optional(_positive))
    time_in_force: str = _field(_one_of("gtc", "ioc", "fok", "gtt"))
    expires: int | None = _field(_optional(_micros))
    post_only: bool = _field(_flag)
    self_trade: str = _field(_one_of("reject-taker", "reject-maker", "reject-both", "allow"))
    trigger_price: int | None = _field(_optional(_positive))
    trigger_by: str | None = _field(_optional(_one_of("last", "mark", "index")))
    oco_group: int | None = _field(_optional(_small))


@_fields
class OpenAccount(Command):
    """A customer's account, under a random id; class, domicile and relation are coded, the id's owner is elsewhere."""

    TYPE: ClassVar[str] = "open-account"
    account: str = _field(_id)
    entity: str = _field(_by_rule(entity_problem, "an entity"))
    kind: str = _field(_by_rule(id_kind_problem, "a kind of id"))
    identity: str = _field(_key)
    client_class: str = _field(_one_of("retail", "professional", "institutional", "house"))
    domicile: str = _field(_matching(re.compile(r"[A-Z]{2}(-[A-Z0-9]{1,3})?\Z"), "a country or a part of one"))
    relation: str = _field(_one_of("customer", "staff", "house", "affiliate", "vault"))


@_fields
class ListAsset(Command):
    """An asset with its quantum, fixed for ever: 10^-scale."""

    TYPE: ClassVar[str] = "list-asset"
    asset: str = _field(_asset)
    scale: int = _field(_small)
    chain: str = _field(_text)
    contract: str = _field(_text)


@_fields
class ListMarket(Command):
    """A spot market; `tick` in quanta of the quote asset for one step, `step` in quanta of the base asset."""

    TYPE: ClassVar[str] = "list-market"
    market: str = _field(_market)
    base: str = _field(_asset)
    quote: str = _field(_asset)
    tick: int = _field(_positive)
    step: int = _field(_positive)
    quantity_min: int = _field(_positive)
    quantity_max: int = _field(_positive)


@_fields
class SetMarketState(Command):
    """Open, or halted in a degree; `market` null means the venue. Tightening acts at once."""

    TYPE: ClassVar[str] = "set-market-state"
    market: str | None = _field(_optional(_market))
    state: str = _field(
        _one_of("open", "post-only", "limit-only", "reduce-only", "cancel-only", "withdraw-only", "closed")
    )
    reason: str = _field(_text)


@_fields
class Tick(Command):
    """Time passes; the log's applied time is what counts, and this only makes expiries happen."""

    TYPE: ClassVar[str] = "tick"


@_fields
class CutHour(Command):
    """The hour ends here: what the attestation for `hour` states is the state after this command."""

    TYPE: ClassVar[str] = "cut-hour"
    hour: int = _field(_micros)


@_fields
class PlaceOrders(Command):
    """One or more orders, in order; each stands or falls alone."""

    TYPE: ClassVar[str] = "place-orders"
    account: str = _field(_id)
    subaccount: str = _field(_subaccount)
    orders: tuple[NewOrder, ...] = _field(_list(_record(NewOrder)))


@_fields
class Cancel(Command):
    """Take orders out of the book, by the ids that the exchange gave them."""

    TYPE: ClassVar[str] = "cancel"
    account: str = _field(_id)
    subaccount: str = _field(_subaccount)
    orders: tuple[int, ...] = _field(_list(_positive))


@_fields
class CancelAll(Command):
    """Take all of a subaccount's orders out, in one market or in all; with `block` it may place none until lifted."""

    TYPE: ClassVar[str] = "cancel-all"
    account: str = _field(_id)
    subaccount: str = _field(_subaccount)
    market: str | None = _field(_optional(_market))
    block: bool = _field(_flag)


@_fields
class AmendOrder(Command):
    """Another price or quantity; less quantity at the same price keeps its place in the queue."""

    TYPE: ClassVar[str] = "amend-order"
    account: str = _field(_id)
    subaccount: str = _field(_subaccount)
    order: int = _field(_positive)
    price: int | None = _field(_optional(_positive))
    quantity: int | None = _field(_optional(_positive))


@_fields
class MoveBetweenSubaccounts(Command):
    """A customer's own money from one of their subaccounts to another."""

    TYPE: ClassVar[str] = "move"
    account: str = _field(_id)
    source: str = _field(_subaccount)
    target: str = _field(_subaccount)
    asset: str = _field(_asset)
    amount: int = _field(_positive)


@_fields
class CreditDeposit(Command):
    """A deposit that a service saw; `evidence` (chain, block hash, transaction, log index) is accepted once."""

    TYPE: ClassVar[str] = "credit-deposit"
    account: str = _field(_id)
    subaccount: str = _field(_subaccount)
    asset: str = _field(_asset)
    amount: int = _field(_positive)
    wallet: str = _field(_word)
    evidence: str = _field(_text)


@_fields
class ReverseDeposit(Command):
    """A credited deposit is gone from the chain; what was spent of it becomes the customer's debt."""

    TYPE: ClassVar[str] = "reverse-deposit"
    evidence: str = _field(_text)
    reason: str = _field(_text)


@_fields
class RequestWithdrawal(Command):
    """A customer wants money out; it is held until it has left or failed. `request` is their own id for it."""

    TYPE: ClassVar[str] = "request-withdrawal"
    account: str = _field(_id)
    subaccount: str = _field(_subaccount)
    asset: str = _field(_asset)
    amount: int = _field(_positive)
    fee: int = _field(_amount)
    destination: str = _field(_text)
    request: str = _field(_id)


@_fields
class SendWithdrawal(Command):
    """The signed chain transaction, in the log before it is broadcast: a restart sends these same bytes."""

    TYPE: ClassVar[str] = "send-withdrawal"
    request: str = _field(_id)
    wallet: str = _field(_word)
    transaction: str = _field(_matching(re.compile(r"([0-9a-f]{2}){1,65536}\Z"), "a transaction in hex"))


@_fields
class SettleWithdrawal(Command):
    """The chain has it: the money is out."""

    TYPE: ClassVar[str] = "settle-withdrawal"
    request: str = _field(_id)
    evidence: str = _field(_text)


@_fields
class FailWithdrawal(Command):
    """It will not leave: the hold is released, the fee given back."""

    TYPE: ClassVar[str] = "fail-withdrawal"
    request: str = _field(_id)
    reason: str = _field(_text)


@_fields
class CorrectBooks(Command):
    """A correction is a contra-entry with reason and reference: from one customer or the house to another."""

    TYPE: ClassVar[str] = "correct-books"
    source: str | None = _field(_optional(_id))
    target: str | None = _field(_optional(_id))
    asset: str = _field(_asset)
    amount: int = _field(_positive)
    reason: str = _field(_text)
    reference: str = _field(_text)


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
