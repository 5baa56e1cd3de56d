"""For operators: deposit addresses, withdrawals that wait, receipts for nobody, sweeps, bank statements, differences.

What moves money by hand is signed with the operators' own key files; what the house does of itself (addresses, sweeps,
statements) is asked of the running process, which has the keys for it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from cli.common import emit_json, json_option, passphrase, shown
from cli.exchange import reading
from cli.exchange.config import Config
from cli.exchange.giving import (
    Giver,
    folder_option,
    load_key,
    make,
    operators_option,
    rows_table,
    say,
    two_operators,
)
from cli.exchange.vault import HouseSecrets, make_treasury_secrets
from ledger.assets import SCALE_MAX, AmountError, format_amount, parse_amount
from ledger.commands import (
    AdjustCustody,
    ApproveWithdrawal,
    ApproveWithdrawalByTwo,
    AssignReceipt,
    Command,
    PauseTransfers,
    RejectWithdrawal,
    ResumeTransfers,
    SetWallet,
)
from ledger.errors import InputError
from ledger.keys import SigningKey
from ledger.store import history
from ledger.treasury.dust import quantum

__all__ = ["treasury"]

WEI_DECIMALS: Final = 18
_ADDRESS: Final = re.compile(r"0x[0-9a-fA-F]{40}\Z")
chain_option = click.option("--chain", help="The chain; not needed where one alone is followed.")
reason_option = click.option("--reason", required=True, help="One line; it stands in the log.")
one_operator_option = click.option(
    "--operator", required=True, type=click.Path(dir_okay=False, path_type=Path), help="An operator's key file."
)
_DIRECTION = click.Choice(("deposits", "withdrawals"))


@click.group()
def treasury() -> None:
    """Money in and out: addresses, approvals, receipts, sweeps, bank statements, and what does not add up."""


def _give(folder: Path, command: Command, keys: list[SigningKey], as_json: bool, text: str, **facts: Any) -> int:
    with Giver(folder) as giver:
        answer = giver.give(command, keys)
    return say(as_json, {**facts, "position": answer["sequence"]}, text)


# Setting up.


@treasury.command("keys")
@click.argument("chain")
@folder_option
@json_option
def keys(chain: str, folder: Path, as_json: bool) -> int:
    """Make the two secrets of CHAIN: the seed of its deposit addresses and its hot wallet's key."""
    config = Config.load(folder)
    found = next((each for each in config.chains if each.chain == chain), None)
    if found is None:
        raise InputError(chain[:64], "has no table in the configuration", f'Add [chains."{chain}"] first.')
    words = passphrase("The passphrase of the keys")
    HouseSecrets.load(config.secrets, words)  # one passphrase opens all that `run` needs
    seed, hot = make_treasury_secrets(config.secrets, found, words)
    document = {"chain": chain, "hot_key": str(hot), "seed": str(seed)}
    return say(as_json, document, f"{seed}: keep a copy offline, it restores every deposit address\n{hot}")


@treasury.command("wallet")
@click.argument("wallet")
@folder_option
@operators_option
@click.option("--chain", required=True, help="The chain that it is on, or offchain:bank.")
@click.option("--owner", default="client", show_default=True, type=click.Choice(("client", "own", "guarantee")))
@click.option("--keys", "custodian", default="online", show_default=True, help="online, offline or custodian.")
@json_option
def wallet(
    wallet: str, folder: Path, operators: tuple[Path, ...], chain: str, owner: str, custodian: str, as_json: bool
) -> int:
    """Register WALLET, a wallet or bank account of the exchange, under two operators' signatures."""
    entity = Config.load(folder).entity
    command = make(SetWallet, wallet=wallet, entity=entity, owner=owner, custodian=custodian, chain=chain)
    facts = {"chain": chain, "wallet": wallet}
    return _give(folder, command, two_operators(operators), as_json, f"{wallet} is registered", **facts)


@treasury.command("address")
@click.argument("account")
@folder_option
@chain_option
@click.option("--subaccount", default="", help="The subaccount that is credited.")
@json_option
def address(account: str, folder: Path, chain: str | None, subaccount: str, as_json: bool) -> int:
    """A new deposit address for ACCOUNT; it is in the log when it is shown."""
    with Giver(folder) as giver:
        found = giver.ask("treasury-address", account=account, subaccount=subaccount, chain=chain)
    return say(as_json, {"account": account, "subaccount": subaccount, **found}, found["address"])


@treasury.command("addresses")
@folder_option
@json_option
def addresses(folder: Path, as_json: bool) -> int:
    """Every address that belongs to a wallet, out of the store: what a reserve list has to name."""
    with reading.reading(Config.load(folder)) as snapshot:
        assigned = [each.document for each in history.events(snapshot.session, "address-assigned")]
    names = ("chain", "address", "wallet", "account", "subaccount")
    rows = [{name: each[name] for name in names} for each in assigned if each["wallet"] is not None]
    if as_json:
        emit_json({"addresses": rows})
    else:
        rows_table("Addresses", names, [[row[name] or "" for name in names] for row in rows])
    return 0


# Withdrawals.


@treasury.command("pending")
@folder_option
@json_option
def pending(folder: Path, as_json: bool) -> int:
    """Withdrawals that have not ended, in the order of asking, and what keeps each."""
    with Giver(folder) as giver:
        rows = giver.ask("treasury-pending")
    for row in rows:
        scale = row.pop("scale")
        row["amount"], row["fee"] = (format_amount(int(row[name]), scale) for name in ("amount", "fee"))
    if as_json:
        emit_json({"withdrawals": rows})
        return 0
    named = ("request", "account", "asset", "amount", "destination", "state")
    headings = (*named, "approved", "kept by")
    cells = [
        (*(row[name] for name in named), f"{row['approvals']} of {row['approvals_needed']}", row["keeps"] or "")
        for row in rows
    ]
    rows_table("Withdrawals that have not ended", headings, cells, ("amount",))
    return 0


@treasury.command("approve")
@click.argument("request")
@folder_option
@operators_option
@click.option("--by-two", is_flag=True, help="Two operators approve it; give --operator twice.")
@json_option
def approve(request: str, folder: Path, operators: tuple[Path, ...], by_two: bool, as_json: bool) -> int:
    """Let the withdrawal REQUEST go."""
    kind = ApproveWithdrawalByTwo if by_two else ApproveWithdrawal
    signers = two_operators(operators) if by_two else [load_key(_one(operators))]
    who = "two operators" if by_two else "one operator"
    return _give(folder, make(kind, request=request), signers, as_json, f"approved by {who}", request=request)


def _one(operators: Sequence[Path]) -> Path:
    if len(operators) != 1:
        raise InputError("--operator", "is given more than once", "One operator signs this, two with --by-two.")
    return operators[0]


@treasury.command("reject")
@click.argument("request")
@folder_option
@one_operator_option
@reason_option
@json_option
def reject(request: str, folder: Path, operator: Path, reason: str, as_json: bool) -> int:
    """Stop the withdrawal REQUEST before it is signed; the money is the customer's again."""
    command = make(RejectWithdrawal, request=request, reason=reason)
    return _give(folder, command, [load_key(operator)], as_json, "rejected", request=request)


@treasury.command("replace")
@click.argument("request")
@folder_option
@chain_option
@click.option("--cancel", is_flag=True, help="Call it back instead of paying more gas.")
@json_option
def replace(request: str, folder: Path, chain: str | None, cancel: bool, as_json: bool) -> int:
    """Outbid what was sent for REQUEST, a withdrawal or a move, at the same nonce; or call it back."""
    with Giver(folder) as giver:
        found = giver.ask("treasury-replace", request=request, cancel=cancel, chain=chain)
    return _moved(found, as_json, "sent again at the same nonce", request=request)


@treasury.command("pause")
@click.argument("asset")
@click.argument("direction", type=_DIRECTION)
@folder_option
@one_operator_option
@reason_option
@json_option
def pause(asset: str, direction: str, folder: Path, operator: Path, reason: str, as_json: bool) -> int:
    """Credit no deposits of ASSET, or let no withdrawals of it go, from now on."""
    command = make(PauseTransfers, asset=asset, direction=direction, reason=reason)
    text = f"{direction} of {asset} are paused"
    return _give(folder, command, [load_key(operator)], as_json, text, asset=asset, direction=direction)


@treasury.command("resume")
@click.argument("asset")
@click.argument("direction", type=_DIRECTION)
@folder_option
@operators_option
@reason_option
@json_option
def resume(asset: str, direction: str, folder: Path, operators: tuple[Path, ...], reason: str, as_json: bool) -> int:
    """Credit deposits of ASSET, or let withdrawals of it go, again; under two operators' signatures."""
    command = make(ResumeTransfers, asset=asset, direction=direction, reason=reason)
    text = f"{direction} of {asset} are open"
    return _give(folder, command, two_operators(operators), as_json, text, asset=asset, direction=direction)


# Receipts.


@treasury.command("receipts")
@folder_option
@json_option
def receipts(folder: Path, as_json: bool) -> int:
    """Receipts that nobody was credited for yet, out of the store."""
    with reading.reading(Config.load(folder)) as snapshot:
        scales = reading.asset_scales(snapshot.session)
        found = history.events(snapshot.session, "receipt-held")
        held = {each.document["evidence"]: each.document for each in found}
        for kind in ("receipt-assigned", "deposit-reversed"):
            for each in history.events(snapshot.session, kind):
                held.pop(each.document["evidence"], None)
    rows = [
        {
            "amount": format_amount(int(each["amount"]), scales[each["asset"]]),
            "asset": each["asset"],
            "evidence": evidence,
            "wallet": each["wallet"],
        }
        for evidence, each in held.items()
    ]
    if as_json:
        emit_json({"receipts": rows})
        return 0
    cells = [(row["asset"], row["amount"], row["wallet"], row["evidence"]) for row in rows]
    rows_table("Receipts for nobody yet", ("asset", "amount", "wallet", "evidence"), cells, ("amount",))
    return 0


@treasury.command("assign")
@click.argument("evidence")
@folder_option
@operators_option
@click.option("--to", "account", help="The customer whose it is; the house's capital if not given.")
@click.option("--subaccount", default="", help="The customer's subaccount.")
@reason_option
@json_option
def assign(
    evidence: str,
    folder: Path,
    operators: tuple[Path, ...],
    account: str | None,
    subaccount: str,
    reason: str,
    as_json: bool,
) -> int:
    """Say whose the receipt EVIDENCE is, under two operators' signatures."""
    command = make(AssignReceipt, evidence=evidence, account=account, subaccount=subaccount, reason=reason)
    text = f"it is {account or 'the house'}'s"
    return _give(folder, command, two_operators(operators), as_json, text, evidence=evidence, to=account)


# The exchange's own wallets.


def _chain_address(text: str) -> str:
    if not _ADDRESS.match(text):
        raise InputError(text[:64], "is no address", "Write 0x and 40 hexadecimal digits.")
    return text.lower()


def _moved(found: Any, as_json: bool, text: str, **facts: Any) -> int:
    """What became of what the house was asked to do: exit status 1 where something stood in the way."""
    trouble = found["trouble"]
    say(as_json, {**facts, "trouble": trouble}, text if trouble is None else f"nothing was sent: {trouble}")
    return 0 if trouble is None else 1


@treasury.command("sweep")
@click.argument("address")
@click.argument("asset")
@folder_option
@chain_option
@json_option
def sweep(address: str, asset: str, folder: Path, chain: str | None, as_json: bool) -> int:
    """Move what a deposit ADDRESS has of ASSET into the hot wallet; a token needs `treasury fuel` first."""
    with Giver(folder) as giver:
        found = giver.ask("treasury-sweep", address=_chain_address(address), asset=asset, chain=chain)
    return _moved(found, as_json, "on its way to the hot wallet", address=address, asset=asset)


@treasury.command("fuel")
@click.argument("address")
@click.argument("amount")
@folder_option
@chain_option
@json_option
def fuel(address: str, amount: str, folder: Path, chain: str | None, as_json: bool) -> int:
    """Send AMOUNT of the chain's coin from the hot wallet to a deposit ADDRESS, so that it can pay for a sweep."""
    units = _exact(amount, WEI_DECIMALS, "AMOUNT")
    with Giver(folder) as giver:
        found = giver.ask("treasury-fuel", address=_chain_address(address), units=str(units), chain=chain)
    return _moved(found, as_json, "on its way to the deposit address", address=address, amount=amount)


def _exact(text: str, scale: int, what: str) -> int:
    try:
        units = int(parse_amount(text, scale))
    except AmountError as error:
        raise InputError(what, str(error.reason), f"Write it with at most {scale} decimals.") from None
    if not units:
        raise InputError(what, "is zero", "Give an amount above zero.")
    return units


@treasury.command("adjust")
@click.argument("wallet")
@click.argument("asset")
@click.argument("direction", type=click.Choice(("in", "out")))
@click.argument("amount")
@folder_option
@operators_option
@reason_option
@click.option("--reference", required=True, help="What shows it: a statement, a transaction, a ticket.")
@json_option
def adjust(
    wallet: str,
    asset: str,
    direction: str,
    amount: str,
    folder: Path,
    operators: tuple[Path, ...],
    reason: str,
    reference: str,
    as_json: bool,
) -> int:
    """Let the books of WALLET follow what it has, against the house, under two operators' signatures."""
    with Giver(folder) as giver:
        quanta, dust = divmod(_exact(amount, SCALE_MAX, "AMOUNT"), quantum(giver.scale(asset)))
        fields = {"amount": str(quanta), "asset": asset, "direction": direction, "dust": str(dust)}
        command = make(AdjustCustody, wallet=wallet, reason=reason, reference=reference, **fields)
        answer = giver.give(command, two_operators(operators))
    document = {"amount": amount, "asset": asset, "direction": direction, "wallet": wallet}
    return say(as_json, {**document, "position": answer["sequence"]}, f"{wallet}: {amount} {asset} {direction}")


# Banks and differences.


@treasury.group("bank")
def bank() -> None:
    """Bank accounts of the configuration."""


@bank.command("reference")
@click.argument("account")
@folder_option
@click.option("--subaccount", default="", help="The subaccount that is credited.")
@json_option
def reference(account: str, folder: Path, subaccount: str, as_json: bool) -> int:
    """A new reference under which ACCOUNT pays in by bank; it is in the log when it is shown."""
    with Giver(folder) as giver:
        found = giver.ask("treasury-reference", account=account, subaccount=subaccount)
    return say(as_json, {"account": account, "subaccount": subaccount, **found}, found["reference"])


@bank.command("add")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@folder_option
@json_option
def add(file: Path, folder: Path, as_json: bool) -> int:
    """Take the payments of FILE, a camt.053 statement, into the log; exit status 1 where some could not be booked."""
    with Giver(folder) as giver:
        troubles = giver.ask("treasury-add-statement", path=str(file.resolve()))["troubles"]
    if as_json:
        emit_json({"file": str(file), "troubles": troubles})
    else:
        for evidence, problem in troubles:
            click.echo(shown(f"{evidence}: {problem}"))
        click.echo(f"taken, {len(troubles)} of its payments could not be booked")
    return 1 if troubles else 0


@treasury.command("status")
@folder_option
@json_option
def status(folder: Path, as_json: bool) -> int:
    """How far each chain is followed, and what stands in the way; exit status 1 where money may be at stake."""
    with Giver(folder) as giver:
        document = giver.ask("status")["treasury"]
    alarms = [each for chain in document["chains"].values() for each in chain["alarms"]] + document["differences"]
    if as_json:
        emit_json(document)
    else:
        cells = [
            (name, chain["head"], chain["hot"], "; ".join(chain["troubles"]))
            for name, chain in document["chains"].items()
        ]
        rows_table("Chains", ("chain", "followed to", "hot wallet", "in the way"), cells, ("followed to",))
        for alarm in alarms:
            click.echo(shown(f"ALARM: {alarm}"))
    return 1 if alarms else 0


@treasury.command("reconcile")
@folder_option
@json_option
def reconcile(folder: Path, as_json: bool) -> int:
    """Compare the books with every chain and bank now; exit status 1 where something is not explained."""
    with Giver(folder) as giver:
        document = giver.ask("treasury-reconcile")
    if as_json:
        emit_json(document)
    else:
        named = ("wallet", "asset", "books", "actual", "in_flight", "unexplained", "hours", "at")
        headings = ("wallet", "asset", "books", "outside", "in flight", "unexplained", "hours", "at")
        cells = [["unread" if row[name] is None else row[name] for name in named] for row in document["lines"]]
        rows_table("Books and the outside", headings, cells, headings[2:7])
    return 1 if document["differences"] else 0
