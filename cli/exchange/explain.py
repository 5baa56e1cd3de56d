"""For customers and operators: why a wallet was liquidated, computed again from what the exchange stated."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import click
from sqlmodel import Session

from cli.common import emit_json, json_option
from cli.exchange.config import Config
from cli.exchange.giving import folder_option, rows_table
from cli.exchange.reading import account_events, find_opened, last_stated, reading
from cli.exchange.words import second_text
from ledger.errors import FormatError, InputError
from ledger.margin.explain import Judged, read_view
from ledger.margin.formulas import UNIT
from ledger.margin.risk import Health
from ledger.margin.takeover import equity_behind
from ledger.store import history
from ledger.store.history import command_at

__all__ = ["checks_of", "explain_liquidation"]

_LEVELS: Final = ("equity", "initial", "maintenance", "stop", "backstop")


@click.command("explain-liquidation")
@click.argument("account")
@folder_option
@click.option("--number", type=int, help="Which liquidation; the newest where none is given.")
@json_option
def explain_liquidation(account: str, folder: Path, number: int | None, as_json: bool) -> int:
    """Show step by step why ACCOUNT was liquidated, and judge its wallet again from what was stated then."""
    config = Config.load(folder)
    with reading(config) as store:
        find_opened(store.session, account)
        steps = account_events(store.session, "liquidation-moved", account)
        if not steps:
            raise InputError(account, "was never liquidated here", "See `tallystick statement` for what happened.")
        wanted = steps[-1]["liquidation"] if number is None else number
        steps = [step for step in steps if step["liquidation"] == wanted]
        if not steps:
            raise InputError(f"liquidation {wanted}", "is none of this account", "Leave --number out for the newest.")
        for step in steps:
            command = command_at(store.session, step["position"])
            assert command is not None, "an event belongs to a command"
            step["time"] = second_text(command.applied_micros - command.applied_micros % 1_000_000)
        stated = _stated(store.session, steps[0])
    checks, judged = checks_of(steps, stated)
    failed = any(check["result"] == "fail" for check in checks)
    if as_json:
        view = None if judged is None else steps[0]["view"]
        document = {
            "account": account, "checks": checks, "liquidation": wanted, "losses": losses_of(steps),
            "steps": [_plain(step) for step in steps],
            "verdict": "invalid" if failed else "valid", "view": view,
        }  # fmt: skip
        emit_json(document)
    else:
        _show(wanted, steps, checks, judged)
    return 1 if failed else 0


def _plain(step: Mapping[str, Any]) -> dict[str, Any]:
    """A step as JSON: integers that may pass 2^53 as texts; the view is given once, beside."""
    return {
        key: str(value) if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= 2**53 else value
        for key, value in step.items()
        if key != "view"
    }


class Stated(NamedTuple):
    """What the log said last before a judgement: prices of assets, marks of markets, sizes of positions."""

    prices: Mapping[str, int]
    marks: Mapping[str, int | None]
    sizes: Mapping[str, int]


def _stated(session: Session, first: Mapping[str, Any]) -> Stated:
    """Read it for what a first step judged; of a view that is none, nothing."""
    try:
        judged = read_view(first["view"])
    except FormatError:
        return Stated({}, {}, {})
    here = history.events(session, "liquidation-moved", first["position"], first["position"])
    place = next(e.place for e in here if e.document["liquidation"] == first["liquidation"])
    before = (first["position"], place)
    prices: dict[str, int] = {}
    for document in last_stated(session, "prices-set", before):
        # A price that went away stays the last that was known: collateral is valued at it.
        prices = {**{asset: price for asset, price in document["assets"] if price is not None}, **prices}
        if judged.prices.keys() <= prices.keys():
            break
    marks: dict[str, int | None] = {}
    for document in last_stated(session, "mark-set", before):
        marks.setdefault(document["market"], document["mark"])
        if judged.marks.keys() <= marks.keys():
            break
    sizes: dict[str, int] = {}
    for document in last_stated(session, "position-moved", before, first["account"]):
        if document["subaccount"] == first["subaccount"]:
            sizes.setdefault(document["market"], document["size"])
    return Stated(prices, marks, sizes)


def losses_of(steps: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """What each bearer bore, quanta of the settlement asset."""
    losses: Counter[str] = Counter()
    for step in steps:
        if step["bearer"]:
            losses[step["bearer"]] += step["amount"]
    return {bearer: str(amount) for bearer, amount in sorted(losses.items())}


def _loses_no_more_than_stood_behind(steps: Sequence[Mapping[str, Any]], judged: Judged, health: Health) -> bool:
    """Whether the first sale on a derivative's book lost, with its fee, at most the equity behind what it closed.

    Later steps were judged by a wallet that is not stated, so that only the first one can be computed again.
    """
    for step in steps:
        if step["position"] != steps[0]["position"]:
            break
        mark, terms = judged.marks.get(step["market"]), judged.terms.markets.get(step["market"])
        if step["stage"] == "book" and mark is not None and terms is not None:
            at_mark = mark * abs(step["quantity"]) * terms.unit_quanta
            lost = at_mark - step["amount"] if step["quantity"] < 0 else step["amount"] - at_mark
            return bool(max(0, lost) + step["fee"] <= equity_behind(health.equity, health.exposure, at_mark))
    return True


def checks_of(steps: Sequence[Mapping[str, Any]], stated: Stated) -> tuple[list[dict[str, Any]], Judged | None]:
    """What can be computed again of a liquidation's steps: each check with its result; and the wallet as judged."""
    checks: list[dict[str, Any]] = []

    def check(name: str, holds: bool, detail: str) -> None:
        result = "pass" if holds else "fail"
        checks.append({"assurance": "proven", "detail": detail, "name": name, "required": True, "result": result})

    first, judged = steps[0], None
    try:
        judged = read_view(first["view"])
    except FormatError as error:
        check("view", False, str(error))
    health = None if judged is None else judged.health()
    if judged is not None:
        check("prices", health is not None, "every price and mark that the judgement needs is stated")
    if health is not None:
        same = all(getattr(health, name) == first[name] for name in _LEVELS)
        check("judgement", same, "equity and the four levels, computed again from wallet, terms and prices")
        check("trigger", health.equity < health.maintenance, "equity was below the maintenance requirement")
    if judged is not None:
        same = all(stated.prices.get(asset) == price for asset, price in judged.prices.items())
        check("stated prices", same, "each price is the last that the log stated before")
        same = all(stated.marks.get(market) == mark for market, mark in judged.marks.items())
        check("stated marks", same, "each mark is the last that the log stated before")
        sizes = {line.market: line.size for line in judged.view.positions if line.size}
        same = sizes == {market: size for market, size in stated.sizes.items() if size}
        check("stated positions", same, "the positions are those that the log stated before")
    check("begin", first["stage"] == "started", "the first step says how it began")
    sold = [step for step in steps if step["stage"] == "book"]
    sides: dict[str, set[bool]] = {}
    for step in sold:
        sides.setdefault(step["market"], set()).add(step["quantity"] > 0)
    check("steps", all(len(each) == 1 for each in sides.values()), "no market was both bought and sold on the book")
    losses = [step for step in steps if step["bearer"]]
    check("bearers", all(step["amount"] > 0 for step in losses), "every loss names one bearer and its amount")
    fees = all(0 <= step["fee"] <= step["amount"] for step in sold if step["amount"])
    check("fees", fees, "no fee is above what was sold")
    if judged is not None and health is not None:
        holds = _loses_no_more_than_stood_behind(steps, judged, health)
        check("first sale", holds, "it lost, with its fee, no more than the equity that stood behind what it closed")
    if steps[-1]["stage"] == "ended":
        check("end", steps[-1]["equity"] >= 0, "equity was not below zero at the end")
    return checks, judged


def _show(
    number: int, steps: Sequence[Mapping[str, Any]], checks: Sequence[Mapping[str, Any]], judged: Judged | None
) -> None:
    first = steps[0]
    click.echo(f"Liquidation {number}, {first['time']}: equity {_units(first['equity'])} fell below the maintenance")
    click.echo(f"requirement {_units(first['maintenance'])}; it stops at {_units(first['stop'])} (units of account).")
    if judged is not None:
        rows = [
            (line.asset, line.claim, line.debt, _units(judged.prices.get(line.asset, 0))) for line in judged.view.assets
        ]
        rows_table("The wallet as it was judged", ("asset", "owned", "owed", "price"), rows, ("owned", "owed", "price"))
        positions = [
            (line.market, line.size, line.basis, judged.marks.get(line.market, "none"))
            for line in judged.view.positions
        ]
        headings = ("market", "steps", "stood at", "mark")
        rows_table("Positions (steps, quanta, ticks)", headings, positions, headings[1:])
    names = ("time", "stage", "market", "quantity", "price", "amount", "fee", "bearer")
    rows_table("Steps", (*names, "equity"), [(*(s[n] for n in names), _units(s["equity"])) for s in steps], names[3:7])
    losses = [*losses_of(steps).items()]
    if losses:
        rows_table("Losses (quanta of the settlement asset)", ("bearer", "amount"), losses, ("amount",))
    rows_table("Checks", ("check", "result", "detail"), [(c["name"], c["result"], c["detail"]) for c in checks])


def _units(value: int) -> str:
    """A value of 10^-18 in whole units of account, with two decimals, rounded down."""
    cents = value * 100 // UNIT
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"
