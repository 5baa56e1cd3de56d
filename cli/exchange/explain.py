"""For customers and operators: why a wallet was liquidated, computed again from what the exchange stated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import click

from cli.common import emit_json, json_option
from cli.exchange.config import Config
from cli.exchange.giving import folder_option, rows_table
from cli.exchange.reading import account_events, find_opened, reading
from cli.exchange.words import second_text
from ledger.errors import FormatError, InputError
from ledger.margin.explain import Judged, read_view
from ledger.margin.formulas import UNIT
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
    checks, judged = checks_of(steps)
    failed = any(check["result"] == "fail" for check in checks)
    if as_json:
        view = None if judged is None else steps[0]["view"]
        document = {
            "account": account, "checks": checks, "liquidation": wanted, "steps": [_plain(step) for step in steps],
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


def checks_of(steps: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], Judged | None]:
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
    rows_table("Checks", ("check", "result", "detail"), [(c["name"], c["result"], c["detail"]) for c in checks])


def _units(value: int) -> str:
    """A value of 10^-18 in whole units of account, with two decimals, rounded down."""
    cents = value * 100 // UNIT
    sign = "-" if cents < 0 else ""
    return f"{sign}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"
