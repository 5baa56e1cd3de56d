"""For operators and customers: what the exchange deals in, its markets, and orders from the shell.

Prices, ticks, steps and quantities are decimals as people write them; commands hold ticks, steps and quanta.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli.common import console, emit_json, json_option
from cli.exchange.giving import (
    Giver,
    amount_of,
    folder_option,
    load_key,
    make,
    now_us,
    operators_option,
    rows_table,
    say,
    two_operators,
)
from cli.exchange.halt import OPENINGS, give_opening
from cli.exchange.words import read_time
from ledger.assets import format_amount
from ledger.commands import (
    Cancel,
    CancelStrategy,
    ListAsset,
    ListDerivative,
    ListMarket,
    PlaceOrders,
    StartStrategy,
)
from ledger.errors import InputError
from ledger.trading.market import Market
from ledger.trading.reports import Kind, Reason, read_report

__all__ = ["market", "order"]

_FILE = click.Path(dir_okay=False, path_type=Path)
_SIDES = {"buy": "bid", "sell": "ask"}


@click.group()
def market() -> None:
    """List assets and markets, open them, and look at their books."""


@market.command("list-asset")
@click.argument("asset")
@folder_option
@operators_option
@click.option("--scale", required=True, type=int, help="Decimals of the smallest unit that is kept; fixed for ever.")
@click.option("--chain", default="", help="The chain that it lives on, such as eip155:1.")
@click.option("--contract", default="", help="Its contract there, or `native`.")
@click.option("--dti", default="", help="Its Digital Token Identifier.")
@click.option("--isin", default="", help="Its ISIN.")
@click.option("--cfi", default="", help="Its CFI code.")
@json_option
def list_asset(
    asset: str,
    folder: Path,
    operators: tuple[Path, ...],
    scale: int,
    chain: str,
    contract: str,
    dti: str,
    isin: str,
    cfi: str,
    as_json: bool,
) -> int:
    """List ASSET, under two operators' signatures."""
    command = make(ListAsset, asset=asset, scale=scale, chain=chain, contract=contract, dti=dti, isin=isin, cfi=cfi)
    with Giver(folder) as giver:
        answer = giver.give(command, two_operators(operators))
    document = {"asset": asset, "position": answer["sequence"], "scale": scale}
    return say(as_json, document, f"{asset} is listed; its quantum is 10^-{scale}")


@market.command("list")
@click.argument("market")
@folder_option
@operators_option
@click.option("--base", required=True, help="The asset that is traded.")
@click.option("--quote", required=True, help="The asset that it is priced in.")
@click.option("--tick", required=True, help="The step of prices, in the quote asset.")
@click.option("--step", required=True, help="The step of quantities, in the base asset.")
@click.option("--least", help="The least quantity of an order; one step if not given.")
@click.option("--most", required=True, help="The largest quantity of an order.")
@click.option("--kind", default="spot", type=click.Choice(("spot", "perpetual", "dated")), help="A future on the base.")
@click.option("--expires", help="Of a dated future: its full hour, UTC, such as 2026-12-25T08:00:00Z.")
@json_option
def list_market(
    market: str,
    folder: Path,
    operators: tuple[Path, ...],
    base: str,
    quote: str,
    tick: str,
    step: str,
    least: str | None,
    most: str,
    kind: str,
    expires: str | None,
    as_json: bool,
) -> int:
    """List MARKET, under two operators' signatures. It is closed until it is opened."""
    more: dict[str, Any] = {}
    if kind != "spot":
        more = {"expires": None if expires is None else read_time(expires, "--expires"), "kind": kind}
    elif expires is not None:
        raise InputError("--expires", "is for dated futures", "Give --kind dated, or leave it out.")
    with Giver(folder) as giver:
        base_scale, quote_scale = giver.scale(base), giver.scale(quote)
        step_quanta = int(amount_of(step, base_scale, "--step"))
        command = make(
            ListMarket if kind == "spot" else ListDerivative,
            market=market,
            base=base,
            quote=quote,
            tick=amount_of(tick, quote_scale, "--tick"),
            step=str(step_quanta),
            quantity_min=_steps(least, base_scale, step_quanta, "--least") if least is not None else "1",
            quantity_max=_steps(most, base_scale, step_quanta, "--most"),
            **more,
        )
        answer = giver.give(command, two_operators(operators))
    return say(as_json, {"market": market, "position": answer["sequence"]}, f"{market} is listed, and closed")


def _steps(text: str, scale: int, step_quanta: int, what: str) -> str:
    quanta = int(amount_of(text, scale, what))
    if quanta % step_quanta:
        raise InputError(what, "is no multiple of --step", "Give a whole number of steps.")
    return str(quanta // step_quanta)


@market.command("open")
@click.argument("market", required=False)
@folder_option
@operators_option
@click.option("--state", default="open", type=click.Choice(OPENINGS), show_default=True, help="As far as that.")
@click.option("--reason", default="opened by the operators", show_default=True, help="One line; it stands in the log.")
@json_option
def open_market(
    market: str | None, folder: Path, operators: tuple[Path, ...], state: str, reason: str, as_json: bool
) -> int:
    """Open MARKET or, without one, the whole venue again."""
    return give_opening(folder, market, state, reason, operators, as_json)


@market.command("show")
@click.argument("market", required=False)
@folder_option
@click.option("--levels", default=10, show_default=True, type=click.IntRange(1, 1_000), help="Prices of each side.")
@json_option
def show(market: str | None, folder: Path, levels: int, as_json: bool) -> int:
    """The markets and their states or, of one MARKET, its book: from the running exchange."""
    with Giver(folder) as giver:
        status, markets = giver.ask("status"), giver.ask("markets")
        if market is None:
            return _show_all(status, markets, as_json)
        rules = _rules(market, markets)
        depth = giver.ask("depth", market=market, levels=levels)
    document = {
        "asks": [_level(rules, row) for row in depth["asks"]],
        "bids": [_level(rules, row) for row in depth["bids"]],
        "market": market,
        "position": status["position"],
        "state": markets[market]["state"],
        "venue": status["venue"],
    }
    if as_json:
        emit_json(document)
        return 0
    console().print(f"{market}: {document['state']}; the venue is {document['venue']}", markup=False)
    rows = [("", "", each["price"], each["quantity"]) for each in reversed(document["asks"])]
    rows += [(each["quantity"], each["price"], "", "") for each in document["bids"]]
    columns = (f"buys ({rules.base})", "at", f"at ({rules.quote})", "sells")
    rows_table("", columns, rows, columns)
    return 0


def _show_all(status: dict[str, Any], markets: dict[str, Any], as_json: bool) -> int:
    if as_json:
        emit_json({"assets": status["assets"], "markets": markets, "venue": status["venue"]})
        return 0
    console().print(f"the venue is {status['venue']}", markup=False)
    rows_table("Assets", ("asset", "scale"), list(status["assets"].items()), ("scale",))
    rows = [
        (
            name,
            each["state"],
            format_amount(each["tick"], each["tick_decimals"]),
            format_amount(each["step"], each["base_scale"]),
        )
        for name, each in markets.items()
    ]
    rows_table("\nMarkets", ("market", "state", "tick", "step"), rows, ("tick", "step"))
    return 0


def _rules(name: str, markets: dict[str, Any]) -> Market:
    """How a market spells prices and quantities; raises InputError for one that there is not."""
    found = markets.get(name)
    if found is None:
        raise InputError(name[:80], "is no market here", "See `tallystick market show`.")
    return Market(
        name,
        found["base"],
        found["quote"],
        found["base_scale"],
        found["quote_scale"],
        found["tick"],
        found["tick_decimals"],
        found["step"],
        quantity_min=found["quantity_min"],
        quantity_max=found["quantity_max"],
    )


def _price(rules: Market, ticks: int) -> str:
    return format_amount(ticks * rules.tick_units, rules.tick_decimals)


def _quantity(rules: Market, steps: int) -> str:
    return format_amount(steps * rules.step_quanta, rules.base_scale)


def _level(rules: Market, row: list[int]) -> dict[str, str]:
    return {"price": _price(rules, row[0]), "quantity": _quantity(rules, row[1])}


# Orders.


@click.group()
def order() -> None:
    """Place and cancel orders of a customer, under the customer's own key."""


@order.command("place")
@click.argument("market")
@click.argument("side", type=click.Choice(list(_SIDES)))
@folder_option
@click.option("--account", required=True, help="The customer's account.")
@click.option("--key", "key_file", required=True, type=_FILE, help="The customer's key file.")
@click.option("--quantity", required=True, help="In the base asset.")
@click.option("--price", help="In the quote asset; without one it is an order at the market's price.")
@click.option("--time-in-force", default=None, type=click.Choice(("gtc", "ioc", "fok")), help="gtc with --price.")
@click.option("--post-only", is_flag=True, help="Refuse it if it would trade at once.")
@click.option("--margin", is_flag=True, help="In a spot market: hold equity, and borrow what is missing at the match.")
@click.option("--reduce-only", is_flag=True, help="In a derivative market: never open, grow or turn a position.")
@click.option("--trigger", type=click.Choice(("stop", "take-profit")), help="Wait for --trigger-price.")
@click.option("--trigger-price", help="In the quote asset.")
@click.option("--trigger-by", type=click.Choice(("last", "mark", "index")), help="The price that is watched; last.")
@click.option("--whole-position", is_flag=True, help="With --trigger and --reduce-only: close what there is by then.")
@click.option("--subaccount", default="", help="A subaccount; the main one if not given.")
@json_option
def place(
    market: str,
    side: str,
    folder: Path,
    account: str,
    key_file: Path,
    quantity: str,
    price: str | None,
    time_in_force: str | None,
    post_only: bool,
    margin: bool,
    reduce_only: bool,
    trigger: str | None,
    trigger_price: str | None,
    trigger_by: str | None,
    whole_position: bool,
    subaccount: str,
    as_json: bool,
) -> int:
    """Place an order to buy or sell on MARKET."""
    with Giver(folder) as giver:
        rules = _rules(market, giver.ask("markets"))
        steps, ticks = rules.parse_quantity(quantity), None if price is None else rules.parse_price(price)
        if steps is None or steps == 0:
            raise InputError("--quantity", f"is no multiple of {_quantity(rules, 1)}", "Give whole steps.")
        if price is not None and not ticks:
            raise InputError("--price", f"is no multiple of {_price(rules, 1)}", "Give whole ticks.")
        placed = {
            "bound": False,
            "client_id": now_us() // 1000 % 2**32,
            "expires": None,
            "kind": "limit" if price is not None else "market",
            "market": market,
            "oco_group": None,
            "post_only": post_only,
            "price": None if ticks is None else str(ticks),
            "quantity": str(steps),
            "quote_quantity": None,
            "self_trade": "reject-taker",
            "side": _SIDES[side],
            "time_in_force": time_in_force or ("gtc" if price is not None else "ioc"),
            "trigger": trigger,
            "trigger_by": trigger_by or ("last" if trigger else None),
            "trigger_price": None if trigger_price is None else _ticks(rules, trigger_price, "--trigger-price"),
            **({"margin": True} if margin else {}),
            **({"reduce_only": True} if reduce_only else {}),
            **({"whole_position": True} if whole_position else {}),
        }
        command = make(PlaceOrders, account=account, subaccount=subaccount, orders=[placed])
        answer = giver.give(command, [load_key(key_file)])
    return _say_reports(answer, rules, as_json)


def _ticks(rules: Market, price: str, what: str) -> str:
    ticks = rules.parse_price(price)
    if not ticks:
        raise InputError(what, f"is no multiple of {_price(rules, 1)}", "Give whole ticks.")
    return str(ticks)


@order.command("twap")
@click.argument("market")
@click.argument("side", type=click.Choice(list(_SIDES)))
@folder_option
@click.option("--account", required=True, help="The customer's account.")
@click.option("--key", "key_file", required=True, type=_FILE, help="The customer's key file.")
@click.option("--quantity", required=True, help="In the base asset, all parts together.")
@click.option("--parts", required=True, type=int, help="How many orders.")
@click.option("--every", required=True, type=int, help="Seconds from one to the next.")
@click.option("--slippage", required=True, type=int, help="Parts in a million from the best price that each accepts.")
@click.option("--margin", is_flag=True, help="In a spot market: hold equity instead of coins.")
@click.option("--reduce-only", is_flag=True, help="In a derivative market: never open, grow or turn a position.")
@click.option("--subaccount", default="", help="A subaccount; the main one if not given.")
@json_option
def twap(
    market: str, side: str, folder: Path, account: str, key_file: Path, quantity: str, parts: int, every: int,
    slippage: int, margin: bool, reduce_only: bool, subaccount: str, as_json: bool,
) -> int:  # fmt: skip
    """Buy or sell a quantity on MARKET in equal parts at equal times."""
    with Giver(folder) as giver:
        rules = _rules(market, giver.ask("markets"))
        steps = rules.parse_quantity(quantity)
        if not steps:
            raise InputError("--quantity", f"is no multiple of {_quantity(rules, 1)}", "Give whole steps.")
        command = make(
            StartStrategy, account=account, subaccount=subaccount, market=market, side=_SIDES[side],
            client_id=now_us() // 1000 % 2**32, quantity=str(steps), parts=parts, every=every, slippage=slippage,
            margin=margin, reduce_only=reduce_only,
        )  # fmt: skip
        answer = giver.give(command, [load_key(key_file)])
    number = next(event["strategy"] for event in answer["events"] if event["event"] == "strategy-moved")
    return say(as_json, {"position": answer["sequence"], "strategy": number}, f"strategy {number} runs")


@order.command("twap-cancel")
@click.argument("strategy")
@folder_option
@click.option("--account", required=True, help="The customer's account.")
@click.option("--key", "key_file", required=True, type=_FILE, help="The customer's key file.")
@click.option("--subaccount", default="", help="A subaccount; the main one if not given.")
@json_option
def twap_cancel(strategy: str, folder: Path, account: str, key_file: Path, subaccount: str, as_json: bool) -> int:
    """End STRATEGY, by the number that `order twap` printed; what it has placed stays."""
    command = make(CancelStrategy, account=account, subaccount=subaccount, strategy=strategy)
    with Giver(folder) as giver:
        answer = giver.give(command, [load_key(key_file)])
    return say(as_json, {"position": answer["sequence"], "strategy": strategy}, f"strategy {strategy} has ended")


@order.command("cancel")
@click.argument("orders", nargs=-1, required=True)
@folder_option
@click.option("--account", required=True, help="The customer's account.")
@click.option("--key", "key_file", required=True, type=_FILE, help="The customer's key file.")
@click.option("--subaccount", default="", help="A subaccount; the main one if not given.")
@json_option
def cancel(orders: tuple[str, ...], folder: Path, account: str, key_file: Path, subaccount: str, as_json: bool) -> int:
    """Take ORDERS out of their books, by the ids that `order place` printed."""
    command = make(Cancel, account=account, subaccount=subaccount, orders=list(orders))
    with Giver(folder) as giver:
        markets = giver.ask("markets")
        answer = giver.give(command, [load_key(key_file)])
    reports = [event for event in answer["events"] if event["event"] == "order-report"]
    return _say_reports(answer, _rules(reports[0]["market"], markets) if reports else None, as_json)


def _say_reports(answer: dict[str, Any], rules: Market | None, as_json: bool) -> int:
    """What the book answered; raises InputError for an order that it did not take."""
    placed = [event["order"] for event in answer["events"] if event["event"] == "order-placed"]
    reports = [_report(event["row"], rules) for event in answer["events"] if event["event"] == "order-report"]
    own = set(placed)
    for report in reports:
        if report["kind"] == "rejected" and (not own or report["order"] in own):
            remedy = "The order changed nothing; correct it and give it again."
            raise InputError(f"order {report['order']}", f"was rejected: {report['reason']}", remedy)
    if as_json:
        emit_json({"orders": placed, "position": answer["sequence"], "reports": reports})
        return 0
    for number in placed:
        click.echo(f"order {number}")
    for report in reports:
        words = [f"{name} {report[name]}" for name in ("quantity", "price", "reason", "fee") if report.get(name)]
        click.echo(f"{report['kind']}: {', '.join(words)}" if words else report["kind"])
    return 0


def _report(row: list[int], rules: Market | None) -> dict[str, Any]:
    """A report as people read it; of a fill, the taker's side."""
    report = read_report(tuple(row))
    kind = Kind(report.kind)
    document: dict[str, Any] = {"kind": kind.name.lower()}
    fields = report._asdict()
    if kind is Kind.TRADED:
        document |= {"maker": fields["maker_id"], "order": fields["taker_id"], "trade": fields["trade_id"]}
    else:
        document["order"] = fields["order_id"]
    if rules is not None:
        if "price" in fields:
            document["price"] = _price(rules, fields["price"])
        if "quantity" in fields:
            document["quantity"] = _quantity(rules, fields["quantity"])
        if kind is Kind.TRADED and fields["taker_fee_quanta"] >= 0:
            document["fee"] = format_amount(fields["taker_fee_quanta"], rules.quote_scale)
    if fields.get("reason"):
        document["reason"] = Reason(fields["reason"]).label
    return document
