"""The verbs of an institution's node: make it, run it, ask another institution, answer, and read the log."""

from __future__ import annotations

import re
import secrets
import signal
from collections.abc import Callable
from pathlib import Path
from threading import Event
from typing import Any, Final

import click

from cli.common import EXIT, emit_json, json_option, passphrase, read_input, shown
from cli.exchange.config import CONFIG_NAME, Config
from cli.exchange.giving import rows_table
from cli.exchange.reading import reading
from cli.travel_rule_folder import Settings, make_folder, node_folder, open_node, unix_now
from compliance.travel_rule.conversation import Conversation, Terms, Transaction
from compliance.travel_rule.ivms101.reading import load_json, read_payload
from compliance.travel_rule.log import read_log
from compliance.travel_rule.node import Folded, Node, fold
from compliance.travel_rule.server import TravelRuleServer, deliver
from ledger.canonical import from_hex
from ledger.errors import CheckFailed, FormatError, InputError
from ledger.store import history
from por.snapshot import time_text

__all__ = ["VERBS", "node_of"]

_FILE: Final = click.Path(dir_okay=False, path_type=Path)
_TRANSFER: Final = re.compile(r"[0-9a-f]{32}\Z")


def _words() -> str:
    return passphrase("The passphrase of the travel-rule keys")


def _exchange_customer(folder: Path) -> Callable[[str, str], str | None]:
    """Whose an address is, by the store of the exchange that the folder stands in, if it stands in one."""

    def customer(chain: str, address: str) -> str | None:
        if not (folder.resolve().parent / CONFIG_NAME).exists():
            return None
        with reading(Config.load(folder.resolve().parent)) as snapshot:
            for each in history.events(snapshot.session, "address-assigned"):
                if (each.document["chain"], each.document["address"]) == (chain, address):
                    account: str | None = each.document["account"]
                    return account
        return None

    return customer


def node_of(folder: Path) -> Node:
    """The node of a folder, its keys opened. Raises InputError."""
    return open_node(Settings.load(folder), _words(), unix_now(), _exchange_customer(folder))


@click.command("init")
@click.argument("name")
@node_folder
def init(name: str, folder: Path) -> int:
    """Make a travel-rule folder for institution NAME: settings, keys, an empty register."""
    make_folder(folder, name, passphrase("A passphrase for the travel-rule keys", confirm=True))
    click.echo(f"made {folder}; fill counterparties.toml, then `tallystick travel-rule serve`")
    return 0


@click.command("identity")
@node_folder
def identity(folder: Path) -> int:
    """Print what other institutions put into their register; jurisdiction and due diligence are theirs to fill."""
    node, settings = node_of(folder), Settings.load(folder)
    click.echo(f'[[counterparty]]\nname = "{settings.name}"\nkey = "{node.identity.key.public.hex()}"')
    click.echo(f'seal_key = "{node.identity.seal_public.hex()}"')
    click.echo(f'url = "http://{settings.listen}:{settings.port}/travel-rule/1"')
    return 0


@click.command("serve")
@node_folder
def serve(folder: Path) -> int:
    """Take messages of other institutions until told to stop."""
    settings, node = Settings.load(folder), node_of(folder)
    stopped = Event()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: stopped.set())
    with TravelRuleServer(node, unix_now, settings.listen, settings.port) as server:
        click.echo(f"{settings.name} takes messages at {server.url}")
        stopped.wait()
    click.echo("stopped; every message that was answered is in the log")
    return 0


def _exchange_of_messages(node: Node, to: str, data: bytes, transfer: str, as_json: bool) -> int:
    """Bring a message there, take the answer, and say where the conversation stands."""
    answer = deliver(node.register.named(to).url, data)
    if answer is not None:
        node.receive(answer, unix_now())
    found = node.conversation(to, transfer)
    assert found is not None, "what was said is in the log"
    row = _row(found)
    if as_json:
        emit_json(row)
    else:
        more = ", ".join(found.missing) or found.reason
        click.echo(shown(f"{transfer}: {found.state}{f' ({more})' if more else ''}"))
    return 0 if found.state in ("accepted", "noticed", "confirmed") else 1


def _row(found: Conversation) -> dict[str, Any]:
    return {
        "counterparty": found.counterparty,
        "customer": found.customer,
        "direction": "out" if found.is_originating else "in",
        "missing": list(found.missing),
        "reason": found.reason,
        "state": found.state,
        "terms": None if found.terms is None else found.terms.document(),
        "transaction": None if found.transaction is None else found.transaction.hash,
        "transfer": found.transfer,
    }


def _transfer(text: str | None) -> str:
    if text is None:
        return secrets.token_hex(16)
    if not _TRANSFER.match(text):
        raise InputError(text[:64], "is no transfer's id", "Give 32 hex digits: a withdrawal's request.")
    return text


@click.command("send")
@click.argument("file", type=_FILE)
@node_folder
@click.option("--to", required=True, help="The institution, by its name in the register.")
@click.option("--customer", required=True, help="Your customer's account.")
@click.option("--transfer", help="The withdrawal's request; a new id if not given.")
@click.option("--chain", required=True, help="As in eip155:1.")
@click.option("--contract", default="native", show_default=True, help="The token's contract.")
@click.option("--asset", required=True)
@click.option("--amount", required=True, help="In whole units, as a decimal number.")
@click.option("--address", required=True, help="Where it will go.")
@click.option("--verified", is_flag=True, help="You have checked who your customer is.")
@click.option("--instructions", help="What the customer said about the payment.")
@json_option
def send(file: Path, folder: Path, to: str, customer: str, transfer: str | None, as_json: bool, **terms: Any) -> int:
    """Ask an institution to receive a customer's transfer, with the IVMS101 payload in FILE.

    Exit status: 0 accepted, 1 refused or more information is wanted, 2 nobody could be asked.
    """
    payload = read_payload(load_json(read_input(file, "IVMS101 payload"), str(file)), str(file))
    instructions, verified = terms.pop("instructions"), terms.pop("verified")
    if terms["chain"].startswith("eip155:"):
        terms |= {name: terms[name].lower() for name in ("address", "contract")}
    node, request = node_of(folder), _transfer(transfer)
    try:
        said = Terms(**terms)
        data = node.request(
            request, to, said, payload, customer, unix_now(), verified=verified, instructions=instructions
        )
    except FormatError as error:
        raise InputError(str(file), str(error), "Correct it; nothing was sent.") from None
    return _exchange_of_messages(node, to, data, request, as_json)


def _say(folder: Path, transfer: str, to: str, as_json: bool, make: Any) -> int:
    node = node_of(folder)
    try:
        data = make(node, _transfer(transfer))
    except FormatError as error:
        raise InputError(transfer, str(error), "See `tallystick travel-rule inbox`.") from None
    return _exchange_of_messages(node, to, data, transfer, as_json)


@click.command("notice")
@click.argument("transfer")
@node_folder
@click.option("--to", required=True, help="The institution that accepted it.")
@click.option("--chain", required=True, help="As in eip155:1.")
@click.option("--transaction", required=True, help="Its hash on the chain.")
@json_option
def notice(transfer: str, folder: Path, to: str, chain: str, transaction: str, as_json: bool) -> int:
    """Say where an accepted TRANSFER stands on its chain."""
    where = Transaction(chain, transaction.lower())
    return _say(folder, transfer, to, as_json, lambda node, each: node.notice(each, to, where, unix_now()))


@click.command("answer")
@click.argument("transfer")
@click.argument("word", type=click.Choice(["reject"]))
@node_folder
@click.option("--to", required=True, help="The institution that asked.")
@json_option
def answer(transfer: str, word: str, folder: Path, to: str, as_json: bool) -> int:
    """Refuse what was asked about a TRANSFER, by hand."""
    _say(folder, transfer, to, as_json, lambda node, each: node.reject(each, to, unix_now()))
    return 0


@click.command("inbox")
@node_folder
@json_option
def inbox(folder: Path, as_json: bool) -> int:
    """Show every conversation, newest last: with whom, about what, where it stands, what is missing."""
    into = Folded({}, {}, {})
    for record in read_log(folder / "log.jsonl"):
        fold(into, record)
    rows = [_row(each) for each in into.conversations.values()]
    if as_json:
        emit_json({"conversations": rows})
        return 0
    names = ("transfer", "direction", "counterparty", "state", "amount", "asset", "missing")
    cells = []
    for row in rows:
        terms = row["terms"] or {"amount": "", "asset": ""}
        row |= {"amount": terms["amount"], "asset": terms["asset"]}
        row["missing"] = ", ".join(row["missing"]) or row["reason"]
        cells.append([row[name] for name in names])
    rows_table("Conversations", names, cells, ("amount",))
    return 0


@click.command("log")
@node_folder
@click.option("--head", help="A head that you kept: the log must hold it still.")
@json_option
def log(folder: Path, head: str | None, as_json: bool) -> int:
    """Check the whole log and show its records and its head. Exit status 1 if it was changed or cut off."""
    try:
        kept = None if head is None else from_hex(head, 32)
    except FormatError as error:
        raise InputError("--head", str(error), "Give the 64 hex digits that this verb printed.") from None
    try:
        records = read_log(folder / "log.jsonl", kept)
    except CheckFailed as error:
        if as_json:
            row = {"assurance": "proven", "detail": str(error), "name": "chain", "required": True, "result": "fail"}
            emit_json({"checks": [row], "verdict": "invalid"})
        else:
            click.echo(shown(f"INVALID: {error}"))
        return EXIT["invalid"]
    newest = records[-1].hash.hex() if records else ""
    if as_json:
        emit_json(
            {
                "head": newest,
                "records": [
                    {**each._asdict(), "hash": each.hash.hex(), "previous": each.previous.hex()} for each in records
                ],
            }
        )
        return 0
    cells = [[str(each.sequence), time_text(each.time), each.kind, _subject(each.body)] for each in records]
    rows_table("Records", ("no", "time", "kind", "about"), cells, ("no",))
    click.echo(f"the chain holds; head {newest}")
    return 0


def _subject(body: Any) -> str:
    words = [str(body[name]) for name in ("kind", "transfer", "subject", "evidence", "transaction") if body.get(name)]
    if "hold" in body:
        words.append("held" if body["hold"] else "let through")
    return " ".join(words)


VERBS: Final = (init, identity, serve, send, notice, answer, inbox, log)
