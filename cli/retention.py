"""For operators: records kept for as long as rules ask, and the evidence that they were: `tallystick archive`.

The archive is a folder of its own inside the exchange's (`archive/`), or elsewhere (`--archive`). Days are closed under
the exchange's signing key; holds, deletions and erasures need two operators. The verbs here read and write files only:
the exchange may run meanwhile.
"""

from __future__ import annotations

from pathlib import Path

import click

from cli.common import json_option, passphrase
from cli.exchange.config import Config
from cli.exchange.findings import conclude, found, unchecked
from cli.exchange.giving import folder_option, now_us, operators_option, rows_table, say, two_operators
from cli.exchange.words import read_time, time_text
from cli.keys import PUBLIC_NAME, load_signing_key
from cli.known_keys import load_key
from cli.retention_common import (
    archive_option,
    certificates_option,
    day_of,
    line_of,
    load_master,
    opened,
    place_of,
    subject_of,
    trusted_by,
)
from cli.retention_lines import event, facts, keys, storage
from cli.retention_sources import read_regimes, record_class, sources_of
from compliance.retention.archive import Archive, Genesis, create_archive, load
from compliance.retention.authority import Operator, Scope, hold_order, release_order, sign_order
from compliance.retention.clock_table import CLOCKS
from compliance.retention.disposal import (
    delete_records,
    due_records,
    due_requests,
    erase_customer,
    finish,
    request_erasure,
)
from compliance.retention.drill import restore_drill
from compliance.retention.gather import archive_day
from compliance.retention.records import Referenced, micros_day
from compliance.retention.sealing import Vault
from compliance.retention.timestamps import (
    Authority,
    FolderAuthority,
    HttpAuthority,
    NoAnswerYet,
    TrustedCertificates,
    stamp_day,
)
from compliance.retention.verifying import verify_archive
from ledger.errors import InputError
from ledger.keyring import Role
from por.verify.standalone import Check

__all__ = ["archive"]

_SIDES = ("from", "to")


@click.group()
def archive() -> None:
    """Keep records for as long as rules ask, and show that they were kept."""


for _verb in (event, storage, keys, facts):
    archive.add_command(_verb)


@archive.command("new")
@folder_option
@archive_option
@json_option
def new(folder: Path, at: Path | None, as_json: bool) -> int:
    """Begin the archive of an exchange: its operators may order, its signing key closes days."""
    config = Config.load(folder)
    genesis = config.genesis()
    operators = tuple(sorted(Operator(key, owner) for key, role, owner, _ in genesis.keys if role is Role.OPERATOR))
    key = bytes.fromhex(load_key(str(config.secrets / PUBLIC_NAME)).key)
    place = place_of(folder, at)
    create_archive(place, Genesis(genesis.exchange, genesis.entity, now_us(), key, operators))
    owners = [each.owner for each in operators]
    text = f"{place} is ready; {' and '.join(owners)} may order together"
    return say(as_json, {"archive": str(place), "day_key": key.hex(), "operators": owners}, text)


@archive.command("day")
@click.argument("day", required=False)
@folder_option
@archive_option
@click.option(
    "--regime", "regimes", multiple=True, help="Whose rules the records are kept under; all if none is given."
)
@click.option("--add", "added", multiple=True, help="CLASS=FOLDER: more records, in a folder of the exchange's.")
@click.option(
    "--statements",
    type=click.Path(file_okay=False, exists=True, path_type=Path),
    help="A folder of customers' statements, which are sealed.",
)
@click.option("--tsa", envvar="TALLYSTICK_TSA", help="Whoever stamps: a URL, or a folder that files are carried to.")
@certificates_option
@json_option
def day_verb(
    day: str | None,
    folder: Path,
    at: Path | None,
    regimes: tuple[str, ...],
    added: tuple[str, ...],
    statements: Path | None,
    tsa: str | None,
    certificates: tuple[Path, ...],
    as_json: bool,
) -> int:
    """Archive what DAY (UTC, yesterday if not given) brought, close it, sign its root, and have it stamped.

    A day that is closed already is only stamped, if it is not yet. Records of a day before the last that was closed
    stand in the next one that will be.
    """
    config, now = Config.load(folder), now_us()
    which, kept = day_of(day, now, "DAY"), read_regimes(regimes)
    trusted = trusted_by(certificates)
    if tsa is not None and trusted is None:
        raise InputError("--tsa", "is given without certificates", "Name them with --tsa-certificate.")
    if which >= micros_day(now):
        raise InputError("DAY", f"{which} is not over yet", "Archive it when it is, by UTC.")
    words = passphrase("The passphrase of the keys")
    signing = load_signing_key(config.secrets, words)
    with opened(folder, at) as store:
        if signing.public != store.view.day_key:
            raise InputError(
                str(config.secrets),
                "holds another key than the one in force for days",
                "See `tallystick archive keys`.",
            )
        written, days = 0, [closed for _, closed in store.view.closed]
        with Vault(store.folder / "personal", load_master(config, words)) as vault:
            finish(store, vault)
            if which not in days:
                written = len(archive_day(store, vault, sources_of(config, which, kept, added, statements), which, now))
                if not days or which > days[-1]:
                    store.close_day(which, now, signing)
        store.finish_days(signing)
        said = {"cut_bytes": store.cut_bytes, "day": which.isoformat(), "head": store.view.link.hash.hex()}
        stamps = {} if tsa is None or trusted is None else _stamp(store, tsa, trusted)
    stamped = sum(text.startswith("20") for text in stamps.values())
    is_closed = which in [closed for _, closed in store.view.closed]
    state = "the day is closed and signed" if is_closed else "they stand in the next day that is closed"
    text = f"{which}: {written} records archived, {state}; {stamped} of {len(stamps)} days stamped"
    return say(as_json, {**said, "is_closed": is_closed, "records": written, "stamps": stamps}, text)


def _stamp(store: Archive, tsa: str, trusted: TrustedCertificates) -> dict[str, str]:
    """Have every closed day stamped that is not; the time of each stamp, or why there is none yet."""
    is_url = tsa.startswith(("http://", "https://"))
    authority: Authority = HttpAuthority(tsa) if is_url else FolderAuthority(Path(tsa))
    results = {}
    for path in sorted((store.folder / "days").glob("*.json")):
        if path.with_suffix(".tsr").exists():
            continue
        root = store.statement(path.stem).root
        try:
            results[path.stem] = time_text(stamp_day(path.parent, path.stem, root, authority, trusted).time)
        except NoAnswerYet:
            results[path.stem] = "asked for"
    return results


@archive.command("verify")
@click.option("--folder", type=click.Path(file_okay=False, path_type=Path), envvar="TALLYSTICK_FOLDER")
@archive_option
@click.option("--key", "key_file", help="The exchange's key file, or its key as 64 hex digits.")
@certificates_option
@click.option("--open-sealed", is_flag=True, help="Open every sealed document too; needs the master secret.")
@click.option("--references", is_flag=True, help="Read every file that was only referenced; needs --folder.")
@json_option
def verify(
    folder: Path | None,
    at: Path | None,
    key_file: str | None,
    certificates: tuple[Path, ...],
    open_sealed: bool,
    references: bool,
    as_json: bool,
) -> int:
    """Check an archive: chain, signed days, time stamps, documents; from its folder alone if need be."""
    if references and folder is None:
        raise InputError("--references", "needs the exchange's folder", "Name it with --folder.")
    known = None if key_file is None else _keys_of(key_file)
    place, trusted = place_of(folder, at), trusted_by(certificates)
    base = folder if references else None
    if open_sealed:
        if folder is None:
            raise InputError("--open-sealed", "needs the exchange's secrets", "Name its folder with --folder.")
        master = load_master(Config.load(folder), passphrase("The passphrase of the keys"))
        with Vault(place / "personal", master) as vault:
            findings, loaded = verify_archive(place, keys=known, trusted=trusted, vault=vault, base=base)
    else:
        findings, loaded = verify_archive(place, keys=known, trusted=trusted, base=base)
    needed = {"chain", "days", "objects", "stamps"}
    checks: list[Check] = [
        found(each.name, each.problems, each.good, required=each.name in needed)
        if each.is_checked
        else unchecked(each.name, each.good, required=each.name in needed)
        for each in findings
    ]
    said = {} if loaded is None else {"head": loaded.view.link.hash.hex(), "lines": len(loaded.entries)}
    return conclude(checks, as_json, **said)


def _keys_of(source: str) -> list[bytes]:
    """Every key that a key file vouches for: its own, and those of its rotations."""
    known = load_key(source)
    return [bytes.fromhex(key) for key in (known.key, *(str(row[side]) for row in known.rotations for side in _SIDES))]


@archive.command("drill")
@click.argument("target", type=click.Path(file_okay=False, path_type=Path))
@folder_option
@archive_option
@certificates_option
@click.option("--open-sealed", is_flag=True, help="Open every sealed document of the copy too.")
@json_option
def drill(
    target: Path, folder: Path, at: Path | None, certificates: tuple[Path, ...], open_sealed: bool, as_json: bool
) -> int:
    """Restore the archive into the new folder TARGET, check the copy, and record how it went."""
    config, trusted = Config.load(folder), trusted_by(certificates)
    master = load_master(config, passphrase("The passphrase of the keys")) if open_sealed else None
    with opened(folder, at) as store:
        report = restore_drill(store.folder, target, trusted, master)
        entry = store.append(report, now_us())
    said = {**report._asdict(), "problems": list(report.problems), **line_of(entry), "target": str(target)}
    head = f"{report.result.upper()}: {report.records} lines, {report.objects} documents, {report.bytes} bytes"
    say(as_json, said, "\n".join([head, *report.problems]))
    return 0 if report.result == "pass" else 1


@archive.command("hold")
@folder_option
@archive_option
@operators_option
@click.option("--reason", required=True)
@click.option("--customer", help="The account's id.")
@click.option("--class", "class_name", help="A record class.")
@click.option("--from", "start", help="Records valid from this day or time on, UTC.")
@click.option("--to", "end", help="Records valid up to this day or time, UTC.")
@json_option
def hold(
    folder: Path,
    at: Path | None,
    operators: tuple[Path, ...],
    reason: str,
    customer: str | None,
    class_name: str | None,
    start: str | None,
    end: str | None,
    as_json: bool,
) -> int:
    """Hold records: nothing that matches all that is named is deleted until the hold is released."""
    signers, now = two_operators(operators), now_us()
    with opened(folder, at) as store:
        scope = Scope(
            None if customer is None else subject_of(folder, store, customer),
            None if class_name is None else record_class(class_name),
            None if start is None else read_time(start, "--from"),
            None if end is None else read_time(end, "--to"),
        )
        entry = store.append(sign_order(hold_order(store.view.identity, now, reason, scope), signers), now)
        covered = sum(
            scope.covers(each.record_class, each.subject, each.valid_from, each.valid_to)
            for each in store.view.documents.values()
        )
    text = f"hold {entry.sequence} is on {covered} records; release it with `tallystick archive release`"
    return say(as_json, {**line_of(entry), "covers": covered, "hold": entry.sequence}, text)


@archive.command("release")
@click.argument("hold", type=int)
@folder_option
@archive_option
@operators_option
@click.option("--reason", required=True)
@json_option
def release(hold: int, folder: Path, at: Path | None, operators: tuple[Path, ...], reason: str, as_json: bool) -> int:
    """Release the hold with the number HOLD."""
    signers, now = two_operators(operators), now_us()
    with opened(folder, at) as store:
        entry = store.append(sign_order(release_order(store.view.identity, now, reason, hold), signers), now)
    return say(as_json, {**line_of(entry), "hold": hold}, f"hold {hold} is released")


@archive.command("due")
@folder_option
@archive_option
@click.option("--on", "day", help="The day to ask for, UTC; today if not given.")
@json_option
def due(folder: Path, at: Path | None, day: str | None, as_json: bool) -> int:
    """List documents that nothing keeps any longer, and customers' requests for erasure that wait."""
    as_of = day_of(day, now_us() + 86_400_000_000, "--on")
    view = load(place_of(folder, at)).view
    records, requests = due_records(view, CLOCKS, as_of), due_requests(view, CLOCKS, as_of)
    document = {
        "as_of": as_of.isoformat(),
        "records": [{**each._asdict(), "until": each.until.isoformat()} for each in records],
        "requests": [
            {
                "customer": each.subject,
                "held_by": list(each.held_by),
                "is_due": each.is_due,
                "requested": each.requested,
                "why": each.retention.why(),
            }
            for each in requests
        ],
    }
    if as_json:
        return say(as_json, document, "")
    rows = [(each.record, each.record_class.value, each.name, each.because) for each in records]
    rows_table(f"due for deletion on {as_of}", ("record", "class", "name", "why it was kept"), rows, ("record",))
    waiting = [
        (each.subject[:16], "due" if each.is_due else "on hold" if each.held_by else "kept", each.retention.why())
        for each in requests
    ]
    rows_table("requests for erasure", ("customer", "state", "why"), waiting)
    return 0


@archive.command("delete")
@click.argument("records", type=int, nargs=-1)
@folder_option
@archive_option
@operators_option
@click.option("--reason", required=True)
@click.option("--authority", required=True, help="By which policy or decision.")
@click.option("--due", "is_due", is_flag=True, help="Everything that `due` lists today.")
@json_option
def delete(
    records: tuple[int, ...],
    folder: Path,
    at: Path | None,
    operators: tuple[Path, ...],
    reason: str,
    authority: str,
    is_due: bool,
    as_json: bool,
) -> int:
    """Delete the documents of RECORDS whose time is over; their hashes and this order stay in the chain."""
    now = now_us()
    with opened(folder, at) as store:
        numbers = list(records)
        if is_due:
            numbers += [each.record for each in due_records(store.view, CLOCKS, micros_day(now))]
        if not numbers:
            return say(as_json, {"records": []}, "nothing is due")
        entry = delete_records(store, CLOCKS, numbers, reason, authority, two_operators(operators), now)
        payloads = [store.view.documents[number].payload for number in sorted(set(numbers))]
    elsewhere = [each.path for each in payloads if isinstance(each, Referenced)]
    text = f"the documents of {len(payloads)} records are deleted; their hashes stay"
    if elsewhere:
        text += "\nthese were only referenced, and are yours to remove: " + ", ".join(elsewhere)
    return say(as_json, {**line_of(entry), "records": sorted(set(numbers)), "referenced": elsewhere}, text)


@archive.command("erase")
@folder_option
@archive_option
@click.option("--customer", help="The account's id: records the request, and answers it.")
@click.option("--due", "is_due", is_flag=True, help="Execute every request that is due; needs two operators.")
@click.option(
    "--operator", "operators", multiple=True, type=click.Path(dir_okay=False, path_type=Path), help="A key file; twice."
)
@click.option("--authority", default="request for erasure", show_default=True)
@json_option
def erase(
    folder: Path,
    at: Path | None,
    customer: str | None,
    is_due: bool,
    operators: tuple[Path, ...],
    authority: str,
    as_json: bool,
) -> int:
    """Answer a customer's request for erasure, or execute those whose day has come."""
    if (customer is None) != is_due:
        raise InputError("erase", "needs either --customer or --due", "Give one of them.")
    signers = two_operators(operators) if is_due else []
    config, now = Config.load(folder), now_us()
    master = load_master(config, passphrase("The passphrase of the keys"))
    with opened(folder, at) as store, Vault(store.folder / "personal", master) as vault:
        if customer is not None:
            entry, kept, holds = request_erasure(store, CLOCKS, vault.subject(customer), now)
            until = None if kept.until is None else kept.until.isoformat()
            answer = str(getattr(entry.body, "answer", ""))
            return say(as_json, {**line_of(entry), "answer": answer, "holds": list(holds), "until": until}, answer)
        ready = [each for each in due_requests(store.view, CLOCKS, micros_day(now)) if each.is_due]
        for number, each in enumerate(ready):
            # One microsecond apart, so that two orders never are the same.
            reason = f"request of line {each.requested}"
            erase_customer(store, CLOCKS, vault, each.subject, reason, authority, signers, now + number)
    erased = [each.subject for each in ready]
    return say(as_json, {"erased": erased}, f"{len(erased)} customers erased")
