"""For customers and operators: the one wallet. What it is worth and could do, its settings, loans, and who may what."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from cli.common import emit_json, json_option
from cli.exchange.giving import (
    Giver,
    amount_of,
    folder_option,
    load_key,
    make,
    operators_option,
    rows_table,
    say,
    two_operators,
)
from ledger.assets import format_amount
from ledger.commands import (
    Borrow,
    FundInsurance,
    Lend,
    QuoteConversion,
    Redeem,
    RepayDebt,
    SetBackstop,
    SetPermissions,
    SetWalletSettings,
)
from ledger.errors import InputError

__all__ = ["wallet"]

_FILE = click.Path(dir_okay=False, path_type=Path)
_KEY = click.option("--key", "key_file", required=True, type=_FILE, help="The customer's key file.")
_SUBACCOUNT = click.option("--subaccount", default="", help="A subaccount; the main one if not given.")
_MOVES = {"lend": Lend, "redeem": Redeem, "borrow": Borrow, "repay": RepayDebt}


@click.group()
def wallet() -> None:
    """Look at a wallet, set how it behaves, lend and borrow; say who may use what."""


@wallet.command("show")
@click.argument("account")
@folder_option
@_SUBACCOUNT
@json_option
def show(account: str, folder: Path, subaccount: str, as_json: bool) -> int:
    """What ACCOUNT's wallet is worth and must hold, and the most that it could order, borrow and withdraw now."""
    with Giver(folder) as giver:
        found = giver.ask("wallet", account=account, subaccount=subaccount)
        scales = giver.ask("status")["assets"]
        markets = giver.ask("markets")
    if found is None:
        raise InputError(account, "has no wallet there", "See `tallystick accounts show`.")
    if as_json:
        emit_json(found)
    else:
        _show(found, scales, markets)
    return 0


def _show(found: dict[str, Any], scales: dict[str, int], markets: dict[str, Any]) -> None:
    health = found["health"]
    if health is None:
        click.echo("A price that this wallet needs is not there: it can be neither used for new risk nor liquidated.")
    else:
        rows = [
            (name, _units(health[name]))
            for name in ("equity", "available", "locked", "maintenance", "stop", "exposure")
        ]
        rows_table("Health, units of account", ("figure", "value"), rows, ("value",))
    could = found["could"]
    assets = [
        (
            line["asset"],
            *(
                format_amount(int(line[name]), scales[line["asset"]])
                for name in ("owned", "lent", "debt_to_pool", "debt_to_exchange")
            ),
            *(
                format_amount(int(could["assets"][line["asset"]][name]), scales[line["asset"]])
                for name in ("borrow", "withdraw")
            ),
        )
        for line in found["assets"]
    ]
    headings = ("asset", "owned", "of it lent", "owes pool", "owes exchange", "could borrow", "could withdraw")
    rows_table("Assets", headings, assets, headings[1:])
    sizes = {line["market"]: line for line in found["positions"]}
    lines = [
        (name, sizes.get(name, {}).get("size", "0"), sizes.get(name, {}).get("mark") or "none", limit["buy"],
         limit["sell"], limit["liquidation_mark"] or "")
        for name, limit in could["markets"].items()
        if name in markets
    ]  # fmt: skip
    names = ("market", "position", "mark", "could buy", "could sell", "liquidation at")
    rows_table("Derivatives, steps and ticks", names, lines, names[1:])


def _units(value: str) -> str:
    cents = int(value) * 100 // 10**18
    return f"{'-' if cents < 0 else ''}{abs(cents) // 100:,}.{abs(cents) % 100:02d}"


@wallet.command("set")
@click.argument("account")
@folder_option
@_KEY
@click.option("--leverage", required=True, type=click.IntRange(1, 100), help="The most that this wallet uses, times.")
@click.option("--auto-lend/--no-auto-lend", default=True, help="Lend what is free, where a consent stands.")
@click.option("--auto-borrow/--no-auto-borrow", default=True, help="Let losses and margin orders borrow.")
@click.option("--auto-repay/--no-auto-repay", default=True, help="Repay debts out of what comes in.")
@_SUBACCOUNT
@json_option
def set_wallet(
    account: str, folder: Path, key_file: Path, leverage: int, auto_lend: bool, auto_borrow: bool, auto_repay: bool,
    subaccount: str, as_json: bool,
) -> int:  # fmt: skip
    """How ACCOUNT's wallet behaves from now on."""
    settings = {"auto_borrow": auto_borrow, "auto_lend": auto_lend, "auto_repay": auto_repay, "leverage": leverage}
    command = make(SetWalletSettings, account=account, subaccount=subaccount, **settings)
    with Giver(folder) as giver:
        answer = giver.give(command, [load_key(key_file)])
    return say(as_json, {"account": account, "position": answer["sequence"], **settings}, "set")


@wallet.command("move")
@click.argument("what", type=click.Choice(list(_MOVES)))
@click.argument("account")
@click.argument("asset")
@click.argument("amount")
@folder_option
@_KEY
@_SUBACCOUNT
@json_option
def move(
    what: str, account: str, asset: str, amount: str, folder: Path, key_file: Path, subaccount: str, as_json: bool
) -> int:
    """Lend, redeem, borrow or repay AMOUNT of ASSET."""
    with Giver(folder) as giver:
        quanta = amount_of(amount, giver.scale(asset), "AMOUNT")
        command = make(_MOVES[what], account=account, subaccount=subaccount, asset=asset, amount=quanta)
        answer = giver.give(command, [load_key(key_file)])
    document = {"account": account, "amount": amount, "asset": asset, "position": answer["sequence"], "what": what}
    return say(as_json, document, f"{what}: {amount} {asset}")


@wallet.command("permit")
@click.argument("table", type=_FILE)
@folder_option
@operators_option
@click.option("--reason", required=True, help="Why, for the record.")
@json_option
def permit(table: Path, folder: Path, operators: tuple[Path, ...], reason: str, as_json: bool) -> int:
    """Put TABLE in force: a JSON list of country, client_class, product, allowed, leverage (two operators)."""
    try:
        rows = json.loads(table.read_bytes())
    except OSError as error:
        raise InputError(str(table), error.strerror or "cannot be read", "Give a file that can be read.") from None
    except ValueError:
        raise InputError(str(table), "is no JSON", "Give a list of rows as JSON.") from None
    with Giver(folder) as giver:
        command = make(SetPermissions, entity=giver.ask("status")["entity"], rows=rows, reason=reason)
        answer = giver.give(command, two_operators(operators))
    return say(as_json, {"position": answer["sequence"], "rows": len(rows)}, f"{len(rows)} rows are in force")


@wallet.command("backstop")
@click.argument("account")
@click.argument("market")
@folder_option
@_KEY
@click.option("--capacity", required=True, help="Steps at most in all; 0 ends it.")
@click.option("--discount", required=True, type=int, help="Parts in a million better than the mark that it asks.")
@click.option("--first-loss", default="0", help="What it bears itself first, in the settlement asset.")
@click.option("--settlement", default="USDC", help="The settlement asset.")
@_SUBACCOUNT
@json_option
def backstop(
    account: str, market: str, folder: Path, key_file: Path, capacity: str, discount: int, first_loss: str,
    settlement: str, subaccount: str, as_json: bool,
) -> int:  # fmt: skip
    """ACCOUNT stands ready to take over positions of MARKET that the book cannot close."""
    with Giver(folder) as giver:
        loss = "0" if first_loss == "0" else amount_of(first_loss, giver.scale(settlement), "--first-loss")
        command = make(
            SetBackstop, account=account, subaccount=subaccount, market=market, capacity=capacity, discount=discount,
            first_loss=loss,
        )  # fmt: skip
        answer = giver.give(command, [load_key(key_file)])
    return say(as_json, {"account": account, "market": market, "position": answer["sequence"]}, "set")


@wallet.command("quote")
@click.argument("account")
@click.argument("conversion")
@click.argument("amount")
@folder_option
@_KEY
@click.option("--settlement", default="USDC", help="The settlement asset.")
@_SUBACCOUNT
@json_option
def quote(
    account: str, conversion: str, amount: str, folder: Path, key_file: Path, settlement: str, subaccount: str,
    as_json: bool,
) -> int:  # fmt: skip
    """Offer AMOUNT of the settlement asset for all the collateral of CONVERSION; the best offer takes it."""
    with Giver(folder) as giver:
        quanta = amount_of(amount, giver.scale(settlement), "AMOUNT")
        command = make(QuoteConversion, account=account, subaccount=subaccount, conversion=conversion, amount=quanta)
        answer = giver.give(command, [load_key(key_file)])
    document = {"account": account, "amount": amount, "conversion": conversion, "position": answer["sequence"]}
    return say(as_json, document, f"{amount} offered")


@wallet.command("insurance")
@click.argument("asset")
@click.argument("amount")
@folder_option
@operators_option
@click.option("--withdraw", is_flag=True, help="Take it out of the fund again.")
@click.option("--reason", required=True, help="Why, for the record.")
@json_option
def insurance(
    asset: str, amount: str, folder: Path, operators: tuple[Path, ...], withdraw: bool, reason: str, as_json: bool
) -> int:
    """Put AMOUNT of the house's own ASSET into the insurance fund (two operators)."""
    with Giver(folder) as giver:
        quanta = amount_of(amount, giver.scale(asset), "AMOUNT")
        command = make(FundInsurance, asset=asset, amount=quanta, withdraw=withdraw, reason=reason)
        answer = giver.give(command, two_operators(operators))
    document = {"amount": amount, "asset": asset, "position": answer["sequence"], "withdraw": withdraw}
    return say(as_json, document, f"{amount} {asset} {'left' if withdraw else 'entered'} the fund")
