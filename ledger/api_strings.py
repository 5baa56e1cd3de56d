"""What the instructions of an API string (docs/spec/door.md) ask of this exchange, as typed commands.

Strict, as commands are: an unknown parameter, a price off the grid or a value in another spelling is a FormatError. The
account is the key's owner. Names of instructions and parameters: reference of the API that clients already speak.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from ledger.assets import AmountError, parse_amount
from ledger.commands import Cancel, CancelAll, Command, NewOrder, PlaceOrders, RequestWithdrawal
from ledger.commands.codecs import QUANTITY_MAX
from ledger.errors import FormatError
from ledger.signatures import Instruction
from ledger.trading.market import Market

__all__ = ["read_instructions"]

_INTEGER: Final = re.compile(r"(0|[1-9][0-9]{0,18})")
_ID: Final = re.compile(r"[0-9a-f]{32}")
_SIDES: Final = {"Bid": "bid", "Ask": "ask"}
_TYPES: Final = {"Limit": "limit", "Market": "market"}
_TIMES: Final = {"GTC": "gtc", "IOC": "ioc", "FOK": "fok"}
_SELF_TRADE: Final = {
    "RejectTaker": "reject-taker",
    "RejectMaker": "reject-maker",
    "RejectBoth": "reject-both",
    "Allow": "allow",
}
_FLAGS: Final = {"true": True, "false": False}
_TRIGGER_BY: Final = {"LastPrice": "last", "MarkPrice": "mark", "IndexPrice": "index"}
_ORDER: Final = frozenset(
    "clientId orderType postOnly price quantity quoteQuantity selfTradePrevention side symbol timeInForce triggerBy "
    "triggerPrice triggerType".split()
)
_TRIGGER_TYPES: Final = {"Stop": "stop", "TakeProfit": "take-profit"}


def read_instructions(
    instructions: Sequence[Instruction], account: str, markets: Mapping[str, Market], scales: Mapping[str, int]
) -> Command:
    """The one command that an API string is; raises FormatError."""
    name = instructions[0].name
    if name == "orderExecute":
        return PlaceOrders(account, "", tuple(_order(each.parameters, markets) for each in instructions))
    reader = _READERS.get(name)
    if reader is None:
        raise FormatError("the instruction changes nothing here")
    return reader(instructions[0].parameters, account, markets, scales)


def _only(parameters: Mapping[str, str], known: frozenset[str], *needed: str) -> None:
    if not parameters.keys() <= known or not all(name in parameters for name in needed):
        raise FormatError("the instruction has other parameters than it should")


def _choice(parameters: Mapping[str, str], name: str, words: Mapping[str, str], default: str = "") -> str:
    text = parameters.get(name, default)
    if text not in words:
        raise FormatError(f"{name} is not one of {', '.join(words)}")
    return words[text]


def _flag(parameters: Mapping[str, str], name: str) -> bool:
    text = parameters.get(name, "false")
    if text not in _FLAGS:
        raise FormatError(f"{name} is true or false")
    return _FLAGS[text]


def _integer(text: str, limit: int) -> int:
    if not _INTEGER.fullmatch(text) or int(text) > limit:
        raise FormatError("not an integer in its range")
    return int(text)


def _quanta(text: str, scale: int) -> int:
    try:
        quanta: int = parse_amount(text, scale)
    except AmountError as error:
        raise FormatError(str(error)) from None
    if not 0 < quanta <= QUANTITY_MAX:
        raise FormatError("an amount is above zero and below 2^63 quanta")
    return quanta


def _grid(parameters: Mapping[str, str], name: str, parse: Callable[[str], int | None]) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    value = parse(text)
    if not value or value > QUANTITY_MAX:
        raise FormatError(f"{name} is not on the market's grid")
    return value


def _market(parameters: Mapping[str, str], markets: Mapping[str, Market]) -> Market:
    market = markets.get(parameters["symbol"])
    if market is None:
        raise FormatError("there is no such market")
    return market


def _order(parameters: Mapping[str, str], markets: Mapping[str, Market]) -> NewOrder:
    _only(parameters, _ORDER, "orderType", "side", "symbol")
    market = _market(parameters, markets)
    kind = _choice(parameters, "orderType", _TYPES)
    by_quote = parameters.get("quoteQuantity")
    is_triggered = "triggerPrice" in parameters
    if is_triggered != ("triggerType" in parameters):
        raise FormatError("a trigger has a price and a type")
    return NewOrder(
        market=market.symbol,
        side=_choice(parameters, "side", _SIDES),
        kind=kind,
        client_id=_integer(parameters.get("clientId", "0"), 2**32 - 1),
        quantity=_grid(parameters, "quantity", market.parse_quantity),
        quote_quantity=None if by_quote is None else _quanta(by_quote, market.quote_scale),
        price=_grid(parameters, "price", market.parse_price),
        time_in_force=_choice(parameters, "timeInForce", _TIMES, "GTC" if kind == "limit" else "IOC"),
        expires=None,
        post_only=_flag(parameters, "postOnly"),
        self_trade=_choice(parameters, "selfTradePrevention", _SELF_TRADE, "RejectTaker"),
        trigger=_choice(parameters, "triggerType", _TRIGGER_TYPES) if is_triggered else None,
        trigger_price=_grid(parameters, "triggerPrice", market.parse_price),
        trigger_by=_choice(parameters, "triggerBy", _TRIGGER_BY, "LastPrice") if is_triggered else None,
        oco_group=None,
        bound=False,
    )


def _cancel(
    parameters: Mapping[str, str], account: str, markets: Mapping[str, Market], scales: Mapping[str, int]
) -> Command:
    _only(parameters, frozenset({"orderId", "symbol"}), "orderId")
    return Cancel(account, "", (_integer(parameters["orderId"], QUANTITY_MAX),))


def _cancel_all(
    parameters: Mapping[str, str], account: str, markets: Mapping[str, Market], scales: Mapping[str, int]
) -> Command:
    _only(parameters, frozenset({"symbol"}))
    return CancelAll(account, "", _market(parameters, markets).symbol if "symbol" in parameters else None, False)


def _withdraw(
    parameters: Mapping[str, str], account: str, markets: Mapping[str, Market], scales: Mapping[str, int]
) -> Command:
    """The client's id of the withdrawal is 32 hex digits; the chain follows from the asset."""
    _only(
        parameters,
        frozenset({"address", "clientId", "quantity", "symbol"}),
        "address",
        "clientId",
        "quantity",
        "symbol",
    )
    scale = scales.get(parameters["symbol"])
    if scale is None or not _ID.fullmatch(parameters["clientId"]):
        raise FormatError("there is no such asset, or the client's id is not 32 hex digits")
    amount = _quanta(parameters["quantity"], scale)
    return RequestWithdrawal(account, "", parameters["symbol"], amount, parameters["address"], parameters["clientId"])


_READERS: Final = {"orderCancel": _cancel, "orderCancelAll": _cancel_all, "withdraw": _withdraw}
