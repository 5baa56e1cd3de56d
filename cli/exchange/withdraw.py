"""For customers: money out, and where it may go. Signed with the customer's own key."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any

import click

from cli.common import json_option
from cli.exchange.giving import Giver, amount_of, folder_option, load_key, make, say
from ledger.commands import AddDestination, Command, RemoveDestination, RequestWithdrawal, RequireDestinations

__all__ = ["withdraw"]

key_option = click.option(
    "--key", "key_file", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The customer's key file."
)
account_option = click.option("--account", required=True, help="The customer's account.")


@click.group()
def withdraw() -> None:
    """Ask for money out, and say where it may go."""


@withdraw.command("ask")
@click.argument("asset")
@click.argument("amount")
@click.argument("destination")
@folder_option
@account_option
@key_option
@click.option("--subaccount", default="", help="The subaccount that it leaves.")
@json_option
def ask(
    asset: str,
    amount: str,
    destination: str,
    folder: Path,
    account: str,
    key_file: Path,
    subaccount: str,
    as_json: bool,
) -> int:
    """Ask for AMOUNT of ASSET to DESTINATION; it is held, with the fee, until it has left or failed."""
    request = secrets.token_hex(16)
    with Giver(folder) as giver:
        command = make(
            RequestWithdrawal,
            account=account,
            subaccount=subaccount,
            asset=asset,
            amount=amount_of(amount, giver.scale(asset), "AMOUNT"),
            destination=destination,
            request=request,
        )
        answer = giver.give(command, [load_key(key_file)])
    return say(as_json, {"position": answer["sequence"], "request": request}, f"asked for as {request}")


@withdraw.group("destinations")
def destinations() -> None:
    """Where a customer's withdrawals may go."""


def _give(folder: Path, command: Command, key_file: Path, as_json: bool, text: str) -> int:
    with Giver(folder) as giver:
        answer = giver.give(command, [load_key(key_file)])
    document: dict[str, Any] = {"position": answer["sequence"]}
    document |= {event["event"]: event for event in answer["events"]}
    return say(as_json, document, text)


@destinations.command("add")
@click.argument("chain")
@click.argument("destination")
@folder_option
@account_option
@key_option
@json_option
def add(chain: str, destination: str, folder: Path, account: str, key_file: Path, as_json: bool) -> int:
    """List DESTINATION on CHAIN; it counts after the exchange's delay."""
    command = make(AddDestination, account=account, chain=chain, destination=destination)
    return _give(folder, command, key_file, as_json, "listed; it counts after the delay")


@destinations.command("remove")
@click.argument("chain")
@click.argument("destination")
@folder_option
@account_option
@key_option
@json_option
def remove(chain: str, destination: str, folder: Path, account: str, key_file: Path, as_json: bool) -> int:
    """List DESTINATION on CHAIN no more; at once."""
    command = make(RemoveDestination, account=account, chain=chain, destination=destination)
    return _give(folder, command, key_file, as_json, "listed no more")


@destinations.command("require")
@click.argument("wish", type=click.Choice(("on", "off")))
@folder_option
@account_option
@key_option
@json_option
def require(wish: str, folder: Path, account: str, key_file: Path, as_json: bool) -> int:
    """Let withdrawals go to listed destinations alone: on at once, off after the exchange's delay."""
    command = make(RequireDestinations, account=account, required=wish == "on")
    return _give(folder, command, key_file, as_json, f"listed destinations alone: {wish}")
