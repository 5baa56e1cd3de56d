"""Lines of the archive that no document brings: days that start clocks, places of storage, keys; and its facts."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from cli.common import json_option, passphrase
from cli.exchange.config import Config
from cli.exchange.giving import folder_option, now_us, operators_option, say, two_operators
from cli.exchange.words import time_text
from cli.keys import load_signing_key
from cli.retention_common import (
    archive_option,
    certificates_option,
    day_of,
    line_of,
    opened,
    place_of,
    subject_of,
    trusted_by,
)
from cli.retention_sources import record_class
from compliance.reports.html import render_html
from compliance.retention.authority import Operator, keys_order, sign_order
from compliance.retention.classes import StartEvent
from compliance.retention.clock_table import CLOCKS
from compliance.retention.facts import facts_document, retention_facts
from compliance.retention.records import ClockEvent, Storage
from compliance.retention.report import retention_document
from compliance.retention.verifying import check_stamps, verify_archive
from ledger.canonical import from_hex
from ledger.errors import FormatError, InputError

__all__ = ["event", "facts", "keys", "storage"]

_EVENTS = [each.value for each in StartEvent if each is not StartEvent.CREATION]


@click.command()
@folder_option
@archive_option
@click.option("--event", "name", type=click.Choice(_EVENTS), help="What happened.")
@click.option("--rule", help="Or: the rule by which an authority asked for longer keeping.")
@click.option("--day", required=True, help="When, UTC.")
@click.option("--record", type=int, help="One record.")
@click.option("--customer", help="Or everything about a customer.")
@click.option("--class", "class_name", help="Or everything of a class.")
@click.option("--before", help="Only what was created up to and on this day.")
@json_option
def event(
    folder: Path,
    at: Path | None,
    name: str | None,
    rule: str | None,
    day: str,
    record: int | None,
    customer: str | None,
    class_name: str | None,
    before: str | None,
    as_json: bool,
) -> int:
    """Record a day that starts clocks: a book closed, a relationship ended, an account abandoned."""
    now = now_us()
    with opened(folder, at) as store:
        body = ClockEvent(
            event=None if name is None else StartEvent(name),
            day=day_of(day, now, "--day"),
            rule=rule,
            record=record,
            subject=None if customer is None else subject_of(folder, store, customer),
            record_class=None if class_name is None else record_class(class_name),
            before=None if before is None else day_of(before, now, "--before"),
        )
        try:
            entry = store.append(body, now)
        except FormatError as error:
            raise InputError("event", str(error), "See `tallystick archive event --help`.") from None
    return say(as_json, line_of(entry), f"line {entry.sequence}: {name or rule} on {body.day}")


@click.command()
@click.argument("name")
@folder_option
@archive_option
@click.option("--region", required=True, help="Where it is: a country's code, as JP or AE-DU.")
@click.option("--role", type=click.Choice(["primary", "replica"]), required=True)
@click.option("--viewable-from", multiple=True, help="Countries where it can be read on a screen at once; repeat.")
@click.option("--evidence", help="SHA-256 of a document that shows it.")
@click.option("--ended", is_flag=True, help="It is no longer kept there.")
@json_option
def storage(
    name: str,
    folder: Path,
    at: Path | None,
    region: str,
    role: str,
    viewable_from: tuple[str, ...],
    evidence: str | None,
    ended: bool,
    as_json: bool,
) -> int:
    """State where the archive is kept under the NAME of a storage; a later statement replaces it."""
    with opened(folder, at) as store:
        try:
            entry = store.append(Storage(name, region, role, tuple(viewable_from), not ended, evidence), now_us())
        except FormatError as error:
            raise InputError("storage", str(error), "Correct it; nothing was written.") from None
    return say(as_json, line_of(entry), f"line {entry.sequence}: {name} in {region}")


@click.command()
@folder_option
@archive_option
@operators_option
@click.option("--reason", required=True)
@click.option("--roster", multiple=True, help="OWNER=KEY (64 hex digits): the new operators, all of them; repeat.")
@json_option
def keys(
    folder: Path, at: Path | None, operators: tuple[Path, ...], reason: str, roster: tuple[str, ...], as_json: bool
) -> int:
    """Let the exchange's signing key of now close days, after it was rotated; and other operators order."""
    signers, now = two_operators(operators), now_us()
    signing = load_signing_key(Config.load(folder).secrets, passphrase("The passphrase of the keys"))
    with opened(folder, at) as store:
        try:
            named = [_operator(text) for text in roster] or list(store.view.operators)
            order = keys_order(store.view.identity, now, reason, named, signing.public)
            entry = store.append(sign_order(order, signers), now)
        except FormatError as error:
            raise InputError("--roster", str(error), "Write OWNER=KEY for each, two owners or more.") from None
    owners = [each.owner for each in store.view.operators]
    text = f"days are closed under {signing.public.hex()[:16]}; {', '.join(owners)} may order"
    return say(as_json, {**line_of(entry), "day_key": signing.public.hex(), "operators": owners}, text)


def _operator(text: str) -> Operator:
    owner, _, key = text.partition("=")
    if not owner:
        raise FormatError("an operator has an owner and a key")
    return Operator(from_hex(key, 32), owner)


@click.command()
@folder_option
@archive_option
@certificates_option
@click.option("--on", "day", help="The day to ask for, UTC; today if not given.")
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the report for people here.")
@json_option
def facts(
    folder: Path, at: Path | None, certificates: tuple[Path, ...], day: str | None, html: Path | None, as_json: bool
) -> int:
    """Verify the archive, and say what rules are told of it: classes, gaps, clocks, stamps, drills, holds, places."""
    now, trusted = now_us(), trusted_by(certificates)
    as_of = (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=now)).date() if day is None else None
    as_of = as_of or day_of(day, now, "--on")
    findings, loaded = verify_archive(place_of(folder, at), trusted=trusted)
    if loaded is None:
        raise InputError(str(place_of(folder, at)), findings[0].problems[0].rstrip("."), "Then ask again.")
    stamps = None if trusted is None else dict(check_stamps(loaded, trusted))
    told = retention_facts(loaded, CLOCKS, as_of, findings=findings, stamps=stamps, verified_at=now)
    document = facts_document(told)
    if html is not None:
        shown = retention_document(told, loaded, CLOCKS, findings, time_text(now)[:19] + "Z")
        html.write_bytes(render_html(shown, "Skip to the report").encode())
    rows = [f"{each.record_class.value}: {each.retained} of {each.records} kept" for each in told.classes.values()]
    failed = f"failed: {', '.join(told.failed_checks)}" if told.failed_checks else "nothing found wrong"
    return say(as_json, document, "\n".join([f"{told.lines} lines, {failed}", *rows]))
