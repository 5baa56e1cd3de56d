"""The verbs about a customer's own wallets, the erasure of a customer, and deposits that are held."""

from __future__ import annotations

import secrets
from pathlib import Path
from typing import Any, Final

import click

from cli.common import emit_json, json_option, read_input
from cli.exchange.giving import Giver, make, rows_table, say, two_operators
from cli.travel_rule_folder import Settings, node_folder, open_log, unix_now
from cli.travel_rule_node import node_of
from compliance.travel_rule.ownership import (
    OwnershipChallenge,
    challenge_text,
    challenge_typed_data,
    verify_signature,
)
from ledger.canonical import canonical_file, from_hex, parse_file
from ledger.commands import AssignReceipt
from ledger.errors import FormatError, InputError
from por.reserves.evm.hexes import parse_address
from por.snapshot import time_text

__all__ = ["VERBS"]

_FILE: Final = click.Path(dir_okay=False, path_type=Path)
DAY: Final = 86_400


@click.command("challenge")
@node_folder
@click.option("--customer", required=True, help="Your customer's account.")
@click.option("--chain", required=True, help="As in eip155:1.")
@click.option("--address", required=True, help="The wallet that is said to be theirs.")
@click.option("--out", required=True, type=_FILE, help="A JSON file with what the customer's wallet must sign.")
def challenge(folder: Path, customer: str, chain: str, address: str, out: Path) -> int:
    """Write what a customer's self-hosted wallet must sign, within a week."""
    settings, now = Settings.load(folder), unix_now()
    try:
        made = OwnershipChallenge(
            settings.name, customer, chain, parse_address(address, "the wallet"), time_text(now)[:7], now,
            now + 7 * DAY, secrets.token_bytes(32),
        )  # fmt: skip
    except FormatError as error:
        raise InputError("challenge", str(error), "Correct it.") from None
    document = {"challenge": dict(made.lines), "eip191": challenge_text(made)}
    out.write_bytes(canonical_file({**document, "eip712": challenge_typed_data(made)}))  # type: ignore[dict-item]  # JSON
    click.echo(f"{out}: the customer signs `eip191` or `eip712`; then `tallystick travel-rule prove`")
    return 0


@click.command("prove")
@click.argument("file", type=_FILE)
@node_folder
@click.option("--scheme", type=click.Choice(["eip191", "eip712"]), required=True)
@click.option("--signature", required=True, help="0x and 130 hex digits.")
@click.option("--days", default=365, show_default=True, help="How long the proof holds.")
def prove(file: Path, folder: Path, scheme: Any, signature: str, days: int) -> int:
    """Check a wallet's signature over the challenge in FILE, and keep the proof."""
    try:
        document: Any = parse_file(read_input(file, "challenge"))
        said = document["challenge"]
        made = OwnershipChallenge(
            said["exchange"], said["account"], said["chain"], parse_address(said["address"], "the wallet"),
            said["period"], int(said["made"]), int(said["expires"]), from_hex(said["nonce"][2:], 32),
        )  # fmt: skip
        proof = verify_signature(made, scheme, bytes.fromhex(signature.removeprefix("0x")), unix_now(), days * DAY)
    except (FormatError, ValueError, KeyError, TypeError) as error:
        what = str(error) if isinstance(error, FormatError) else "is no challenge, or no signature"
        raise InputError(str(file), what, "Write a new challenge and let the wallet sign that.") from None
    settings = Settings.load(folder)
    if made.exchange != settings.name:
        raise InputError(str(file), f"is a challenge of {made.exchange}", "Write one of your own.")
    log = open_log(settings, unix_now())
    log.append(unix_now(), "ownership", {"id": proof.id.hex(), "proof": proof.document()})
    click.echo(f"proof {proof.id.hex()} holds until {time_text(proof.valid_until)}")
    return 0


@click.command("declare")
@node_folder
@click.option("--customer", required=True, help="Your customer's account.")
@click.option("--chain", required=True, help="As in eip155:1.")
@click.option("--transaction", required=True, help="The deposit's transaction, or the withdrawal's request.")
@click.option("--address", required=True, help="The self-hosted wallet that they call their own.")
@click.option("--observed", is_flag=True, help="Your own node shows that wallet as the sender of the deposit.")
def declare(folder: Path, customer: str, chain: str, transaction: str, address: str, observed: bool) -> int:
    """Keep what a customer says: a deposit came from, or a withdrawal goes to, a wallet of their own."""
    node = node_of(folder)
    node.declare(customer, chain, transaction, address, unix_now(), observed=observed)
    click.echo("kept; a proof of ownership may be needed too: `tallystick travel-rule challenge`")
    return 0


@click.command("erase")
@click.argument("customer")
@node_folder
def erase(customer: str, folder: Path) -> int:
    """Destroy the personal data of messages about a CUSTOMER; the log's chain holds without it."""
    node_of(folder).erase(customer, unix_now())
    click.echo("erased: what was sealed for this customer can never be opened again")
    return 0


# What is held in the exchange that runs.


@click.command("held")
@node_folder
@json_option
def held(folder: Path, as_json: bool) -> int:
    """Deposits that are owed and not credited, and what each waits for; asks the exchange that runs."""
    with Giver(folder.resolve().parent) as giver:
        rows = giver.ask("treasury-held")
    if as_json:
        emit_json({"held": rows})
        return 0
    cells = [
        [row["asset"], row["account"], row["evidence"], ", ".join(row["missing"]) or "nothing: release it"]
        for row in rows
    ]
    rows_table("Held deposits", ("asset", "customer", "evidence", "waits for"), cells)
    return 0


@click.command("release")
@click.argument("evidence")
@node_folder
@click.option("--operator", "operators", multiple=True, required=True, type=_FILE, help="Give it twice.")
@json_option
def release(evidence: str, folder: Path, operators: tuple[Path, ...], as_json: bool) -> int:
    """Credit a held deposit that waits for nothing more, under two operators' signatures.

    Exit status: 0 credited, 1 it still waits for something.
    """
    with Giver(folder.resolve().parent) as giver:
        found = next((each for each in giver.ask("treasury-held") if each["evidence"] == evidence), None)
        if found is None:
            raise InputError(evidence[:128], "is no deposit that is held", "See `tallystick travel-rule held`.")
        if found["missing"]:
            say(as_json, found, f"it still waits for: {', '.join(found['missing'])}")
            return 1
        command = make(
            AssignReceipt, evidence=evidence, account=found["account"], subaccount=found["subaccount"],
            reason="the travel rule: complete",
        )  # fmt: skip
        giver.give(command, two_operators(operators))
    say(as_json, found, f"credited to {found['account']}")
    return 0


VERBS: Final = (challenge, prove, declare, erase, held, release)
