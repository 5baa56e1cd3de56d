"""For operators: the accounts of customers, their keys, consents and blocks.

Opening an account and its first key is a service's work, everything after that the customer's own or two operators'.
Personal data go to the running process, which keeps them apart from the log; the log gets a random id and a keyed hash.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import click

from cli.common import console, emit_json, json_option, passphrase, read_input, shown
from cli.exchange import reading
from cli.exchange.config import Config
from cli.exchange.giving import (
    Giver,
    folder_option,
    load_key,
    make,
    now_us,
    one_operator,
    operators_option,
    rows_table,
    say,
    service_key,
)
from cli.exchange.words import time_text
from ledger.assets import format_amount
from ledger.canonical import Json, canonical_file, from_hex
from ledger.commands import BlockAccount, OpenAccount, SetConsent
from ledger.commands.customers import CLIENT_CLASSES, CONSENTS, RELATIONS
from ledger.door import Submission
from ledger.errors import FormatError, InputError
from ledger.identity import ID_KINDS, account_id_problem
from ledger.keys import SigningKey, new_secret, save_secret
from ledger.log.record import Door, Scheme, Signed
from ledger.signatures import command_bytes, sign_command

__all__ = ["accounts"]

PERMISSIONS: Final = ("read", "trade", "withdraw")
REQUEST_FORMAT: Final = "tallystick/key-request/1"
ORDERS_SHOWN: Final = 20
_FILE = click.Path(dir_okay=False, path_type=Path)


@click.group()
def accounts() -> None:
    """Open customers' accounts, register their keys, and see what they hold and agreed to."""


@accounts.group("key")
def key_group() -> None:
    """A customer's own key: made and kept by the customer."""


@key_group.command("new")
@click.option("--out", required=True, type=_FILE, help="The new key file, encrypted.")
@json_option
def new_key(out: Path, as_json: bool) -> int:
    """Make a customer's key. The secret is written encrypted, readable by its owner only."""
    key = SigningKey(new_secret())
    save_secret(out, "signing", key.seed, passphrase("A passphrase for the key", confirm=True))
    return say(as_json, {"key": key.public.hex(), "file": str(out)}, f"public key {key.public.hex()}\nsecret in {out}")


@key_group.command("request")
@click.argument("account")
@click.option("--exchange", required=True, help="The exchange's name.")
@click.option("--key", "key_file", required=True, type=_FILE, help="The customer's key file.")
@click.option("--out", required=True, type=_FILE, help="The request, for the operator; it holds for a minute.")
def request(account: str, exchange: str, key_file: Path, out: Path) -> int:
    """Sign the registration of a key for ACCOUNT, so that the operator never sees the key itself."""
    key = load_key(key_file)
    data = command_bytes(exchange, "keys.register", now_us(), _registration(account, key.public.hex(), PERMISSIONS))
    signed = sign_command(key, data)
    document: dict[str, Json] = {
        "format": REQUEST_FORMAT, "key": signed.key.hex(), "signature": signed.signature.hex(), "signed": data.decode(),
    }  # fmt: skip
    out.write_bytes(canonical_file(document))
    click.echo(f"{out}: for `tallystick accounts register --request`, within a minute")
    return 0


def _registration(account: str, key: str, permissions: Sequence[str]) -> dict[str, Any]:
    return {"expires": None, "key": key, "owner": account, "permissions": list(permissions), "role": "customer"}


@accounts.command("open")
@folder_option
@click.option("--kind", default="assigned", type=click.Choice(ID_KINDS), show_default=True, help="What the id is.")
@click.option("--id", "identity", help="The customer's own id: an e-mail address or a key. Not with --kind assigned.")
@click.option("--class", "client_class", default="retail", type=click.Choice(CLIENT_CLASSES), show_default=True)
@click.option("--domicile", required=True, help="A country's code, such as JP or US-NY.")
@click.option("--relation", default="customer", type=click.Choice(RELATIONS), show_default=True)
@click.option("--referrer", help="The account that referred this one.")
@click.option("--key", "key_file", type=_FILE, help="The customer's key file, to register its key at once.")
@json_option
def open_account(
    folder: Path,
    kind: str,
    identity: str | None,
    client_class: str,
    domicile: str,
    relation: str,
    referrer: str | None,
    key_file: Path | None,
    as_json: bool,
) -> int:
    """Open an account and print its id, under which the log knows the customer."""
    _require_identity(kind, identity)
    account = secrets.token_hex(16)
    fields: dict[str, Any] = {
        "account": account, "client_class": client_class, "domicile": domicile, "kind": kind, "referrer": referrer,
        "relation": relation, "data": None, "identity": None,
    }  # fmt: skip
    with Giver(folder) as giver:
        fields["entity"] = giver.config.entity
        make(OpenAccount, **fields)
        service, key = service_key(giver.config), None if key_file is None else load_key(key_file)
        if identity is not None:
            fields |= giver.ask("keep", account=account, kind=kind, value=identity)
        answer = giver.give(make(OpenAccount, **fields), [service])
        if key is not None:
            try:
                _register(giver, account, key, PERMISSIONS, service)
            except InputError as error:
                problem = f"is open, but its key was not registered ({error.problems[0].problem})"
                raise InputError(account, problem, "Register another with `tallystick accounts register`.") from None
    document = {"account": account, "key": None if key is None else key.public.hex(), "position": answer["sequence"]}
    return say(as_json, document, account)


def _require_identity(kind: str, identity: str | None) -> None:
    if (kind == "assigned") != (identity is None):
        raise InputError("--id", "and --kind do not fit", "Give --id exactly with --kind email or key.")
    if identity is not None:
        problem = account_id_problem(identity)
        if problem is not None:
            raise InputError("--id", str(problem), f"{problem.remedy}.")


def _register(
    giver: Giver, account: str, key: SigningKey, permissions: Sequence[str], signer: SigningKey
) -> dict[str, Any]:
    document = {"type": "keys.register", **_registration(account, key.public.hex(), permissions)}
    return giver.give_document(document, [signer, key])


@accounts.command("register")
@click.argument("account", required=False)
@folder_option
@click.option("--key", "key_file", type=_FILE, help="The key file to register; its signature shows that it is held.")
@click.option("--request", "request_file", type=_FILE, help="Instead: what `accounts key request` wrote.")
@click.option("--signed-by", type=_FILE, help="A key file of the account that is valid already; not for the first key.")
@click.option(
    "--permission", "permissions", multiple=True, type=click.Choice(PERMISSIONS), help="Repeat; all where none is."
)
@json_option
def register(
    account: str | None,
    folder: Path,
    key_file: Path | None,
    request_file: Path | None,
    signed_by: Path | None,
    permissions: tuple[str, ...],
    as_json: bool,
) -> int:
    """Register a key for ACCOUNT: the first one by the house's service key, another one by a key that it has."""
    if (key_file is None) == (request_file is None):
        raise InputError("--key", "or --request is needed, and not both", "Give one of the two.")
    if key_file is not None and account is None:
        raise InputError("ACCOUNT", "is missing", "Name the account that the key is for.")
    with Giver(folder) as giver:
        signer = service_key(giver.config) if signed_by is None else load_key(signed_by)
        if request_file is not None:
            answer, key = _submit_request(giver, request_file, signer)
        else:
            assert key_file is not None and account is not None
            own = load_key(key_file)
            answer, key = _register(giver, account, own, permissions or PERMISSIONS, signer), own.public.hex()
    return say(as_json, {"key": key, "position": answer["sequence"]}, f"{key} is registered")


def _submit_request(giver: Giver, path: Path, signer: SigningKey) -> tuple[dict[str, Any], str]:
    """Sign what the customer signed too, and give it."""
    try:
        document = json.loads(read_input(path, "key request"))
        if document["format"] != REQUEST_FORMAT:
            raise FormatError("another format")
        signed = Signed(from_hex(document["key"], 32), from_hex(document["signature"], 64))
        data = document["signed"].encode()
    except (ValueError, KeyError, TypeError, AttributeError, FormatError):
        raise InputError(str(path), "is no key request", "Make one with `tallystick accounts key request`.") from None
    submission = Submission(Scheme.COMMAND, data, (sign_command(signer, data), signed), Door())
    return giver.submit(submission, str(path)), signed.key.hex()


@accounts.command("consent")
@click.argument("account")
@click.argument("consent", type=click.Choice(CONSENTS))
@folder_option
@click.option("--text", "text_file", required=True, type=_FILE, help="The text that the customer was shown.")
@click.option("--key", "key_file", required=True, type=_FILE, help="The customer's key file.")
@click.option("--withdraw", is_flag=True, help="The customer no longer agrees.")
@json_option
def consent(
    account: str, consent: str, folder: Path, text_file: Path, key_file: Path, withdraw: bool, as_json: bool
) -> int:
    """Note that ACCOUNT agrees to CONSENT, or no longer does, under the customer's own signature."""
    digest = hashlib.sha256(read_input(text_file, "text")).hexdigest()
    command = make(SetConsent, account=account, consent=consent, given=not withdraw, text=digest)
    with Giver(folder) as giver:
        answer = giver.give(command, [load_key(key_file)])
    word = "withdrawn" if withdraw else "given"
    document = {"account": account, "consent": consent, "given": not withdraw, "text": digest}
    return say(as_json, document | {"position": answer["sequence"]}, f"{consent}: {word}, text {digest}")


def _block(account: str, folder: Path, operators: tuple[Path, ...], reason: str, blocked: bool, as_json: bool) -> int:
    command = make(BlockAccount, account=account, blocked=blocked, reason=reason)
    with Giver(folder) as giver:
        answer = giver.give(command, one_operator(operators))
    document = {"account": account, "blocked": blocked, "position": answer["sequence"]}
    return say(as_json, document, f"{account} is {'blocked; its orders are ended' if blocked else 'free to trade'}")


@accounts.command("block")
@click.argument("account")
@folder_option
@operators_option
@click.option("--reason", required=True, help="One line; it stands in the log.")
@json_option
def block(account: str, folder: Path, operators: tuple[Path, ...], reason: str, as_json: bool) -> int:
    """End all orders of ACCOUNT and let it place none."""
    return _block(account, folder, operators, reason, True, as_json)


@accounts.command("unblock")
@click.argument("account")
@folder_option
@operators_option
@click.option("--reason", required=True, help="One line; it stands in the log.")
@json_option
def unblock(account: str, folder: Path, operators: tuple[Path, ...], reason: str, as_json: bool) -> int:
    """Let ACCOUNT trade again."""
    return _block(account, folder, operators, reason, False, as_json)


# Reading.


@accounts.command("list")
@folder_option
@click.option("--limit", default=1_000, show_default=True, type=click.IntRange(1), help="The newest so many.")
@json_option
def list_accounts(folder: Path, limit: int, as_json: bool) -> int:
    """The accounts, by the ids under which the log knows them."""
    with reading.reading(Config.load(folder)) as store:
        rows = reading.account_rows(store.session, limit)
        position = store.position.sequence
    if as_json:
        emit_json({"accounts": rows, "position": position})
        return 0
    names = ("account", "kind", "client_class", "domicile", "relation", "blocked")
    rows_table(f"{len(rows)} accounts", names, [[row[name] for name in names] for row in rows])
    return 0


@accounts.command("show")
@click.argument("account")
@folder_option
@click.option("--orders", "orders_max", default=ORDERS_SHOWN, show_default=True, type=click.IntRange(0))
@json_option
def show(account: str, folder: Path, orders_max: int, as_json: bool) -> int:
    """What ACCOUNT is, holds and owes, its keys, consents and newest orders, from the store."""
    with reading.reading(Config.load(folder)) as store:
        session = store.session
        opened = reading.find_opened(session, account)
        scales = reading.asset_scales(session)
        balances = [_owed(each, scales[each.asset]) for each in reading.balances_of(session, account)]
        customers = reading.account_events(session, "customer-set", account)
        blocks = reading.account_events(session, "account-blocked", account)
        document = {
            "account": account,
            "balances": balances,
            "blocked": bool(blocks) and blocks[-1]["blocked"],
            "client_class": customers[-1]["client_class"],
            "consents": reading.consent_documents(session, account),
            "domicile": customers[-1]["domicile"],
            "keys": reading.key_documents(session, account),
            "kind": opened["kind"],
            "opened_at": opened["opened_at"],
            "orders": reading.order_documents(session, account, orders_max) if orders_max else [],
            "position": store.position.sequence,
            "relation": customers[-1]["relation"],
        }
    if as_json:
        emit_json(document)
    else:
        _show(document)
    return 0


def _owed(owed: reading.Owed, scale: int) -> dict[str, Any]:
    figures = {"claim": owed.claim, "debt": owed.debt, "free": owed.claim - owed.held, "held": owed.held}
    texts = {name: format_amount(value, scale) for name, value in figures.items()}
    return {"asset": owed.asset, "subaccount": owed.subaccount, **texts}


def _show(document: dict[str, Any]) -> None:
    out = console()
    blocked = ", blocked by an operator" if document["blocked"] else ""
    facts = [document[name] for name in ("client_class", "domicile", "relation")]
    out.print(shown(f"{document['account']}: {', '.join(facts)}{blocked}"), markup=False)
    out.print(f"as of log position {document['position']}\n", markup=False)
    rows = [
        (each["subaccount"] or "main", each["asset"], each["claim"], each["held"], each["free"], each["debt"])
        for each in document["balances"]
    ]
    numbers = ("claim", "held", "free", "debt")
    rows_table("Balances", ("subaccount", "asset", *numbers), rows, numbers)
    keys = [
        (each["key"], each["role"], ", ".join(each["permissions"]), time_text(each["registered"]),
         time_text(each["ended"]) if each["ended"] else "")
        for each in document["keys"]
    ]  # fmt: skip
    rows_table("\nKeys", ("key", "role", "may", "since", "until"), keys)
    consents = [
        (each["consent"], "given" if each["given"] else "withdrawn", time_text(each["time"]), each["text"])
        for each in document["consents"]
    ]
    rows_table("\nConsents", ("to", "", "when", "SHA-256 of the text"), consents)
    orders = [
        (each["order"], each["market"], each["state"], each["filled"], each["left"], each["reason"] or "")
        for each in document["orders"]
    ]
    rows_table("\nOrders, newest last", ("order", "market", "state", "filled", "left", "reason"), orders)
