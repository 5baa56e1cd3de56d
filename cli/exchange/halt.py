"""For operators: halts in degrees, opening again, and corrections of the books by hand."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import click

from cli.common import json_option
from cli.exchange.giving import Giver, amount_of, folder_option, load_key, make, operators_option, say, two_operators
from ledger.commands import Command, CorrectBooks, HaltMarket, OpenMarket
from ledger.commands.listing import MARKET_STATES
from ledger.errors import InputError
from ledger.keys import SigningKey

__all__ = ["correct", "give_state", "halt"]

HALTS = MARKET_STATES[1:]


class _Change(NamedTuple):
    """The command that sets a state, and whether two operators sign it."""

    command: Command
    needs_two: bool


def _change(market: str | None, state: str, reason: str) -> _Change:
    """Opening takes two operators, stopping one."""
    is_opening = state == "open"
    kind = OpenMarket if is_opening else HaltMarket
    return _Change(make(kind, market=market, state=state, reason=reason), is_opening)


def _signers(change: _Change, operators: Sequence[Path]) -> list[SigningKey]:
    if change.needs_two:
        return two_operators(operators)
    if len(operators) != 1:
        raise InputError("--operator", "is given more than once", "One operator signs this.")
    return [load_key(operators[0])]


def give_state(
    folder: Path, market: str | None, state: str, reason: str, operators: Sequence[Path], as_json: bool
) -> int:
    """Set the state of a market, or of the venue (None), and say so."""
    change = _change(market, state, reason)
    with Giver(folder) as giver:
        answer = giver.give(change.command, _signers(change, operators))
    name = "the venue" if market is None else market
    return say(as_json, {"market": market, "position": answer["sequence"], "state": state}, f"{name} is {state}")


@click.command()
@click.argument("state", type=click.Choice(HALTS))
@folder_option
@operators_option
@click.option("--market", help="One market; the whole venue if not given.")
@click.option("--reason", required=True, help="One line; it stands in the log.")
@json_option
def halt(state: str, folder: Path, operators: tuple[Path, ...], market: str | None, reason: str, as_json: bool) -> int:
    """Stop a market or the venue in a degree, at once. `market open` opens it again."""
    return give_state(folder, market, state, reason, operators, as_json)


@click.command()
@folder_option
@operators_option
@click.option("--from", "source", help="The account that is debited; the house if not given.")
@click.option("--to", "target", help="The account that is credited; the house if not given.")
@click.option("--asset", required=True)
@click.option("--amount", required=True, help="A decimal amount of the asset.")
@click.option("--reason", required=True, help="One line; it stands in the log.")
@click.option("--reference", required=True, help="What it corrects: an entry, a ticket, a letter.")
@json_option
def correct(
    folder: Path,
    operators: tuple[Path, ...],
    source: str | None,
    target: str | None,
    asset: str,
    amount: str,
    reason: str,
    reference: str,
    as_json: bool,
) -> int:
    """Move money by hand, as an entry of its own, under two operators' signatures."""
    if source == target:
        raise InputError("--from", "and --to are the same", "Name the account on the other side.")
    with Giver(folder) as giver:
        quanta = amount_of(amount, giver.scale(asset), "--amount")
        command = make(
            CorrectBooks, source=source, target=target, asset=asset, amount=quanta, reason=reason, reference=reference
        )
        answer = giver.give(command, two_operators(operators))
    document = {"amount": amount, "asset": asset, "from": source, "position": answer["sequence"], "to": target}
    return say(as_json, document, f"{amount} {asset} from {source or 'the house'} to {target or 'the house'}")
