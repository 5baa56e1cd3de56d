"""For operators: halts in degrees, opening again, and corrections of the books by hand."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

import click

from cli.common import json_option
from cli.exchange.giving import (
    Giver,
    amount_of,
    folder_option,
    make,
    one_operator,
    operators_option,
    say,
    two_operators,
)
from ledger.commands import CorrectBooks, HaltMarket, OpenMarket
from ledger.commands.listing import MARKET_STATES
from ledger.errors import InputError
from ledger.keys import SigningKey

__all__ = ["OPENINGS", "correct", "give_opening", "halt"]

HALTS = MARKET_STATES[1:]
OPENINGS = MARKET_STATES[:-1]


def _give(
    folder: Path, command: HaltMarket | OpenMarket, keys: Callable[[], Sequence[SigningKey]], as_json: bool
) -> int:
    with Giver(folder) as giver:
        answer = giver.give(command, keys())
    market, state = command.market, command.state
    name = "the venue" if market is None else market
    return say(as_json, {"market": market, "position": answer["sequence"], "state": state}, f"{name} is {state}")


def give_opening(
    folder: Path, market: str | None, state: str, reason: str, operators: Sequence[Path], as_json: bool
) -> int:
    """Loosen the state of a market, or of the venue (None), which takes two operators, and say so."""
    command = make(OpenMarket, market=market, state=state, reason=reason)
    return _give(folder, command, lambda: two_operators(operators), as_json)


@click.command()
@click.argument("state", type=click.Choice(HALTS))
@folder_option
@operators_option
@click.option("--market", help="One market; the whole venue if not given.")
@click.option("--reason", required=True, help="One line; it stands in the log.")
@json_option
def halt(state: str, folder: Path, operators: tuple[Path, ...], market: str | None, reason: str, as_json: bool) -> int:
    """Stop a market or the venue in a degree, at once. `market open` opens it again."""
    command = make(HaltMarket, market=market, state=state, reason=reason)
    return _give(folder, command, lambda: one_operator(operators), as_json)


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
