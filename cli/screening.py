"""For compliance officers: sanctions lists loaded, customers and transfers screened, hits decided, and the log shown.

Exit status 1 where there are hits that are open or confirmed; 0 where there are none; 2 for input that cannot be used.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from cli.common import EXIT, console, emit_json, json_option, progress, read_input, shown
from cli.screening_folder import ScreeningFolder
from compliance.screening import (
    Decision,
    ListFile,
    ListSet,
    PartyKind,
    Record,
    Screener,
    ScreeningParameters,
    Subject,
    Transfer,
    Verdict,
    compare,
    read_lists,
    screening_facts,
)
from compliance.screening.tables import make_subject, read_subjects, read_transfers
from ledger.errors import InputErrors, InputProblem
from por.snapshot import time_text, to_seconds

__all__ = ["screen"]

_FILE = click.Path(dir_okay=False, path_type=Path)
_DEFAULT = ScreeningParameters()
folder_option = click.option(
    "--folder",
    required=True,
    type=click.Path(file_okay=False, path_type=Path),
    envvar="TALLYSTICK_FOLDER",
    help="The exchange's folder, or one for the screening alone.",
)
_threshold_option = click.option(
    "--threshold", default=_DEFAULT.threshold, show_default=True, help="Basis points from which a name is a hit."
)


@click.group()
def screen() -> None:
    """Screen customers and transfers against sanctions lists. Nothing clears a hit but a reviewer's decision."""


def _now() -> str:
    return time_text(int(time.time()))


def _parameters(threshold: int) -> ScreeningParameters:
    if threshold == _DEFAULT.threshold:
        return _DEFAULT
    return ScreeningParameters(threshold, "given on the command line")


@screen.command()
@click.argument("lists", nargs=-1, required=True, type=_FILE)
@folder_option
@click.option("--retrieved", help="When the files were got, YYYY-MM-DDTHH:MM:SSZ. [default: now]")
@click.option("--only", is_flag=True, help="Screen against these alone: lists loaded before are left out.")
@json_option
def load(lists: tuple[Path, ...], folder: Path, retrieved: str | None, only: bool, as_json: bool) -> int:
    """Load official list files of OFAC, the UN or the EU; each replaces the same list loaded before.

    Everything wrong with any of them is told, and then nothing is loaded. Rescreen afterwards: `screen rescreen`.
    """
    at = _now()
    place = ScreeningFolder(folder)
    files = [ListFile(str(path), read_input(path, "sanctions list")) for path in lists]
    loaded = read_lists(files, retrieved or at)
    with place.opened(is_new=True) as log:
        place.key(may_make=True)
        before = place.sets(log)[0] if log.records else None
        kept = [] if before is None or only else [
            each for each in before.lists if each.list_id not in {new.list_id for new in loaded.lists}
        ]  # fmt: skip
        after = ListSet.of([*loaded.lists, *kept])
        place.keep(files)
        log.add_lists(after, at)
        head = log.head
    delta = compare(before, after)
    if as_json:
        counts = {name: len(parties) for name, parties in delta._asdict().items()}
        emit_json(
            {"delta": counts, "head": head, "lists": [each.document() for each in after.lists], "set": after.hash}
        )
        return EXIT["valid"]
    table = Table(box=None, pad_edge=False)
    for heading in ("list", "published", "parties", "SHA-256"):
        table.add_column(heading, overflow="fold")
    for each in after.lists:
        table.add_row(each.list_id, each.published or "not stated", f"{len(each.parties):,}", each.sha256)
    console().print(table)
    click.echo(
        f"set {after.hash}: {len(delta.added):,} added, {len(delta.changed):,} changed, {len(delta.removed):,} removed"
    )
    click.echo("rescreen the customers now: tallystick screen rescreen --file CUSTOMERS.csv")
    return EXIT["valid"]


def _screener(place: ScreeningFolder, log: Any, threshold: int) -> tuple[Screener, ListSet | None]:
    now, before = place.sets(log)
    assert now is not None, "the folder gives the set in force or raises"
    return Screener(now, log, place.key(), _parameters(threshold)), before


def _one(name: Sequence[str], subject: str | None, said: dict[str, str]) -> Subject:
    # A random id where none is given: it stands in the log for somebody whose name does not.
    texts = {**said, "subject": subject or os.urandom(16).hex(), "name": ";".join(name)}
    made, wrong = make_subject(texts)
    if made is None:
        raise InputErrors([InputProblem(f"--{column}", problem, remedy) for column, problem, remedy in wrong])
    return made


@screen.command()
@folder_option
@click.option("--name", multiple=True, help="A name; repeat it for every script and spelling that is known.")
@click.option("--file", type=_FILE, help="Customers as CSV: subject,name[,kind,born,nationality,document,wallet].")
@click.option("--subject", help="The customer's random id, with --name. [default: a new one]")
@click.option("--kind", default="", help=f"With --name: {', '.join(PartyKind)}.")
@click.option("--born", default="", help="With --name: YYYY, YYYY-MM or YYYY-MM-DD.")
@click.option("--nationality", default="", help="With --name: ISO 3166 code; several by semicolons.")
@click.option("--document", default="", help="With --name: document or register numbers, by semicolons.")
@click.option("--wallet", default="", help="With --name: addresses, by semicolons.")
@_threshold_option
@json_option
def check(
    folder: Path,
    name: tuple[str, ...],
    file: Path | None,
    subject: str | None,
    threshold: int,
    as_json: bool,
    **said: str,
) -> int:
    """Screen new customers, one by --name or many by --file, against every list; one record each."""
    if bool(name) == (file is not None) or (file is not None and (subject or any(said.values()))):
        raise InputErrors(
            [InputProblem("--name", "one of --name and --file is needed", "Give one; --file needs no more.")]
        )
    subjects = [_one(name, subject, said)] if file is None else read_subjects(read_input(file, "customers"), str(file))
    place = ScreeningFolder(folder)
    with place.opened() as log, progress(not as_json) as bar:
        screener, _ = _screener(place, log, threshold)
        records = []
        for number, each in enumerate(subjects, start=1):
            records.append(screener.onboard(each, _now())[1])
            bar("screening", number, len(subjects))
    return _show(records, as_json)


@screen.command()
@click.argument("addresses", nargs=-1, required=True)
@folder_option
@click.option("--subject", required=True, help="The customer's random id.")
@click.option("--transfer", "transfer_id", required=True, help="The transfer's id.")
@click.option("--counterparty", multiple=True, help="The other party's name, if it is known.")
@_threshold_option
@json_option
def address(
    addresses: tuple[str, ...], folder: Path, subject: str, transfer_id: str, counterparty: tuple[str, ...],
    threshold: int, as_json: bool,
) -> int:  # fmt: skip
    """Screen the addresses of one transfer, and the other party's name, before it is credited or sent."""
    place, at = ScreeningFolder(folder), _now()
    with place.opened() as log:
        screener, _ = _screener(place, log, threshold)
        record = screener.transfer(Transfer(transfer_id, at, subject, addresses, counterparty), at)[1]
    return _show([record], as_json)


@screen.command()
@folder_option
@click.option("--file", type=_FILE, help="All customers as CSV, as for `check`.")
@click.option("--transfers", type=_FILE, help="Past transfers as CSV: transfer,at,subject,address.")
@click.option(
    "--all", "is_full", is_flag=True, help="Against every party, not only those that changed; hits open again."
)
@_threshold_option
@json_option
def rescreen(
    folder: Path, file: Path | None, transfers: Path | None, is_full: bool, threshold: int, as_json: bool
) -> int:
    """Screen all customers after lists changed, and past transfers for wallets that were listed later."""
    if file is None and transfers is None:
        raise InputErrors([InputProblem("--file", "there is nothing to screen", "Give --file, --transfers or both.")])
    subjects = [] if file is None else read_subjects(read_input(file, "customers"), str(file))
    past = [] if transfers is None else read_transfers(read_input(transfers, "transfers"), str(transfers))
    place = ScreeningFolder(folder)
    records: list[Record] = []
    with place.opened() as log, progress(not as_json) as bar:
        screener, before = _screener(place, log, threshold)
        done = screener.rescreen(
            subjects, before, _now(), is_full=is_full, progress=lambda number: bar("screening", number, len(subjects))
        )
        records += [record for _, _, record in done]
        if transfers is not None:
            # Wallets are few and exact: past transfers are always held against all of them, whatever changed.
            records += [each.record for each in screener.look_back(past, None, _now())]
    if not as_json and len(done) < len(subjects):
        click.echo(f"{len(subjects) - len(done):,} customers were screened against this set already")
    return _show(records, as_json)


@screen.command()
@click.argument("screening", type=int)
@click.argument("party")
@folder_option
@click.option(
    "--verdict", required=True, type=click.Choice([each.value for each in Verdict]), help="Is it the listed party?"
)
@click.option("--reason", required=True, help="Why; without personal data, for it is never erased.")
@click.option("--reviewer", required=True, help="The reviewer's id.")
@json_option
def decide(screening: int, party: str, folder: Path, verdict: str, reason: str, reviewer: str, as_json: bool) -> int:
    """Record a reviewer's decision on the hit of SCREENING (its number in the log) on PARTY (list/id)."""
    with ScreeningFolder(folder).opened() as log:
        record = log.add_decision(Decision(screening, party, Verdict(verdict), reason, reviewer), _now())
    if as_json:
        emit_json(_document(record))
    else:
        click.echo(shown(f"record {record.sequence}: screening {screening}, {party}: {verdict} by {reviewer}"))
    return EXIT["valid"]


@screen.command()
@folder_option
@click.option("--as-of", help="Show what was known at YYYY-MM-DDTHH:MM:SSZ. [default: now]")
@click.option("--head", help="A hash of the log that you kept: checks that the log still has everything up to it.")
@json_option
def log(folder: Path, as_of: str | None, head: str | None, as_json: bool) -> int:
    """Check the log's chain and show lists, coverage, and the hits that are open or confirmed."""
    at = as_of or _now()
    to_seconds(at)
    facts = screening_facts(ScreeningFolder(folder).read_log(head), at)
    status = EXIT["invalid"] if facts.open_hits or facts.confirmed_hits else EXIT["valid"]
    if as_json:
        emit_json(
            {
                "as_of": facts.as_of, "clear_results": facts.clear_results, "cleared_hits": facts.cleared_hits,
                "confirmed_hits": [
                    {**each.hit._asdict(), "report_due": each.report_due} for each in facts.confirmed_hits
                ],
                "head": facts.head, "lists": [each._asdict() for each in facts.lists],
                "occasions": [each._asdict() for each in facts.occasions],
                "open_hits": [{**each.hit._asdict(), "age_seconds": each.age_seconds} for each in facts.open_hits],
                "set": facts.set_hash, "subjects": facts.subjects, "subjects_current": facts.subjects_current,
            }
        )  # fmt: skip
        return status
    click.echo(f"log {facts.head}, set {facts.set_hash or 'none'}, as of {at}")
    for each in facts.lists:
        click.echo(f"  {each.list_id}: {each.parties:,} parties, published {each.published or 'not stated'}, "
                   f"got {each.retrieved_seconds // 3600:,} hours ago")  # fmt: skip
    click.echo(f"{facts.subjects_current:,} of {facts.subjects:,} customers are screened against this set")
    table = Table(box=None, pad_edge=False)
    for heading in ("screening", "subject", "party", "score", "since", "state"):
        table.add_column(heading, overflow="fold")
    states = [(each.hit, f"open for {each.age_seconds // 3600:,} hours") for each in facts.open_hits]
    states += [(each.hit, f"confirmed, report due {each.report_due}") for each in facts.confirmed_hits]
    for hit, state in states:
        cells = (str(hit.screening), hit.subject, hit.party, f"{hit.score:,}", hit.since, state)
        table.add_row(*(Text(shown(cell)) for cell in cells))
    if states:
        console().print(table)
    else:
        click.echo("no hit is open or confirmed")
    return status


def _reasons(hit: dict[str, Any]) -> str:
    """What a hit's score is made of."""
    if hit["basis"] != "name":
        return "exact"
    return ", ".join([f"name {hit['name_score']:,}", *(f"{reason} {points}" for reason, points in hit["modifiers"])])


def _document(record: Record) -> dict[str, Any]:
    return {"at": record.at, "hash": record.hash, "sequence": record.sequence, **record.body}


def _show(records: Sequence[Record], as_json: bool) -> int:
    """Print screenings: every hit, and how many had none."""
    with_hits = [record for record in records if record.body["hits"]]
    status = EXIT["invalid"] if with_hits else EXIT["valid"]
    if as_json:
        emit_json({"hits": len(with_hits), "screenings": [_document(record) for record in records]})
        return status
    table = Table(box=None, pad_edge=False)
    for heading in ("screening", "subject", "party", "by", "listed as", "score", "of which"):
        table.add_column(heading, overflow="fold")
    for record in with_hits:
        for hit in record.body["hits"]:
            cells = (
                str(record.sequence), record.body["subject"], hit["party"], hit["basis"],
                f"{hit['listed']} ({hit['quality']})" if hit["quality"] else hit["listed"], f"{hit['score']:,}",
                _reasons(hit),
            )  # fmt: skip
            table.add_row(*(Text(shown(cell)) for cell in cells))
    if with_hits:
        console().print(table)
        click.echo(
            "open until decided: tallystick screen decide SCREENING PARTY --verdict ... --reason ... --reviewer ..."
        )
    click.echo(f"{len(records):,} screened, {len(records) - len(with_hits):,} clear, {len(with_hits):,} with hits")
    return status
