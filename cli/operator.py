"""For operators of another exchange: balances and reserve addresses in, an evidence bundle out.

`prove` makes the hour's bundle, `missed` states an hour that has none, `proof` makes one customer's proof. What the
bundle rests on is made in cli.chains (challenges, token layouts) and cli.keys.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from cli.auditor import read_layout_files
from cli.common import emit_json, json_option, passphrase, progress, write_private
from cli.keys import MASTER_NAME, PUBLIC_NAME, load_rotations, load_signing_key, read_previous
from ledger.assets import AmountError, AssetTable, format_amount, parse_amount
from ledger.errors import FormatError, InputError, InputErrors, InputProblem
from ledger.keys import load_secret
from por.attestation import Predecessor, ReserveRow, fingerprint, statement_digest
from por.bundle import BookFigures, BundleInput, Written, write_bundle, write_missed
from por.hour.pairing import signed_row
from por.liabilities.books import Books, SqlQuery, read_books
from por.liabilities.folder import FOLDER, read_folder
from por.liabilities.kernels import select
from por.liabilities.rebuild import rebuild
from por.proofs import find_account, make_proof
from por.reserves.evm import Expectation, LayoutTable, verify_evidence
from por.reserves.evm.collect import Waiting, assemble, collect
from por.reserves.lists import ReserveList, read_reserve_list
from por.snapshot import SnapshotId, control_periods, next_hour, time_text, to_seconds

__all__ = ["missed", "proof", "prove"]

_FILE = click.Path(dir_okay=False, path_type=Path)
_FOLDER = click.Path(file_okay=False, path_type=Path)
_FORMATS = {".csv": "csv", ".parquet": "parquet"}
_keys_option = click.option(
    "--keys",
    "keys_folder",
    default="keys",
    show_default=True,
    type=_FOLDER,
    envvar="TALLYSTICK_KEYS",
    help="Your keys.",
)
_previous_option = click.option(
    "--previous", type=click.Path(path_type=Path), help="The statement before this one: its bundle or attestation."
)
_first_option = click.option("--first", is_flag=True, help="There is no statement before this one.")
_layouts_option = click.option("--layouts", multiple=True, type=_FILE, help="Token layouts of your own (TOML).")
_wait_option = click.option("--wait", default=1800, show_default=True, help="Seconds to wait for a block's finality.")


@click.command()
@click.option("--balances", multiple=True, required=True, help="A file, or an SQLAlchemy URL with --query. Repeatable.")
@click.option("--format", "fmt", type=click.Choice(["csv", "parquet", "binance"]), help="Else by the file's ending.")
@click.option("--query", help="The query that gives the balances, where --balances is a database URL.")
@click.option("--assets", "assets_file", type=_FILE, help="Assets with their scale. [default: assets.toml beside]")
@click.option("--reserves", required=True, type=_FILE, help="The reserve list (TOML).")
@_previous_option
@_first_option
@click.option("--hour", help="The full hour attested, YYYY-MM-DDTHH:00:00Z. [default: the one after --previous]")
@click.option("--restates", type=click.Path(path_type=Path), help="A bundle whose hour this one restates.")
@click.option("--reason", help="Why, for --restates.")
@click.option("--all-proofs", is_flag=True, help="Write every customer's proof into proofs/proofs.bin.")
@_layouts_option
@_keys_option
@_wait_option
@click.option("--out", required=True, type=_FOLDER, help="The bundle's folder; must not exist.")
@json_option
def prove(
    balances: tuple[str, ...],
    fmt: str | None,
    query: str | None,
    assets_file: Path | None,
    reserves: Path,
    previous: Path | None,
    first: bool,
    hour: str | None,
    restates: Path | None,
    reason: str | None,
    all_proofs: bool,
    layouts: tuple[Path, ...],
    keys_folder: Path,
    wait: int,
    out: Path,
    as_json: bool,
) -> int:
    """Turn a balance file and a reserve list into one hour's evidence bundle, signed.

    Every problem of the input is reported at once, and then nothing is written.
    """
    if out.exists():
        raise InputError(str(out), "exists", "Name a folder that does not; a bundle is never overwritten.")
    before, document = _predecessor(previous, first)
    exchange = exchange_of(keys_folder)
    snapshot, restated = _snapshot(exchange, hour, document, restates, reason)
    assets = AssetTable.load(assets_file or _beside(balances[0]))
    with progress(not as_json) as bar:
        bar("reading balances", 0, 0)
        books = _read_balances(balances, fmt, query, assets)
        bar("reading balances", 1, 1)
    listed = read_reserve_list(reserves)
    words = passphrase("The passphrase of the keys")
    key, rotations = load_signing_key(keys_folder, words), load_rotations(keys_folder)
    master = load_secret(keys_folder / MASTER_NAME, "master", words)
    table = read_layout_files(layouts)
    with progress(not as_json) as bar:
        bar("reserves", 0, 0)
        evidence, rows = _collect_reserves(listed, snapshot, assets, table, wait, reserves)
        bar("reserves", 1, 1)
        given = BundleInput(
            snapshot=snapshot,
            books=books,
            assets=assets,
            reserve_rows=rows,
            evm_evidence=evidence,
            previous=before,
            key=key,
            master=master,
            kernel=select(),
            rotations=rotations,
            figures=_figures(listed, assets, reserves),
            disclosures=_disclosures(books),
            restates=restated,
            all_proofs=all_proofs,
        )
        written = write_bundle(out, given, bar)
    _show_written(written, books, snapshot, rows, as_json)
    return 0


def _beside(balances: str) -> Path:
    return Path(balances).parent / "assets.toml" if "://" not in balances else Path("assets.toml")


def _read_balances(balances: Sequence[str], fmt: str | None, query: str | None, assets: AssetTable) -> Books:
    if query is not None or any("://" in source for source in balances):
        if query is None or len(balances) != 1:
            raise InputError("--balances", "a database URL takes one --query", "Give one URL and one query.")
        return read_books(SqlQuery(balances[0], query), "sql", assets)
    paths = [Path(source) for source in balances]
    kinds = {fmt or _FORMATS.get(path.suffix.lower(), "csv") for path in paths}
    if len(kinds) != 1:
        raise InputError("--balances", "the files have several formats", "Give files of one format.")
    return read_books(paths, kinds.pop(), assets)  # type: ignore[arg-type]  # one of the formats, by the two tables


def _predecessor(previous: Path | None, first: bool) -> tuple[Predecessor | None, dict[str, Any] | None]:
    if first == (previous is not None):
        remedy = "Give --previous with the newest bundle, or --first for the first hour of all."
        raise InputError("--previous", "the chain of statements has no gaps, so one of two is needed", remedy)
    if previous is None:
        return None, None
    document = read_previous(previous)
    statement = document["statement"]
    rotations = document["sections"]["keys"]["rotations"]
    return Predecessor(statement_digest(statement), int(statement["sequence"]), rotations), document


def exchange_of(keys_folder: Path) -> str:
    try:
        return str(json.loads((keys_folder / PUBLIC_NAME).read_bytes())["exchange"])
    except (OSError, ValueError, KeyError, TypeError):
        remedy = "Make the exchange's keys with `tallystick keys new`, or name their folder with --keys."
        raise InputError(str(keys_folder / PUBLIC_NAME), "is no key file", remedy) from None


def _snapshot(
    exchange: str, hour: str | None, previous: dict[str, Any] | None, restates: Path | None, reason: str | None
) -> tuple[SnapshotId, tuple[bytes, str] | None]:
    """The snapshot's id, and for a restatement the digest it restates with the reason."""
    try:
        if restates is not None:
            if not reason:
                raise InputError("--reason", "a restatement says why", "Give --reason.")
            old = read_previous(restates)["statement"]
            before = SnapshotId.parse(str(old["snapshot"]))
            snapshot = SnapshotId(exchange, before.hour, before.revision + 1)
            return snapshot, (statement_digest(old), reason)
        latest = None if previous is None else SnapshotId.parse(str(previous["statement"]["snapshot"]))
        now = int(time.time())
        wanted = hour or (next_hour(latest.hour) if latest else time_text(now - now % 3600))
        snapshot = SnapshotId(exchange, wanted)
    except FormatError as problem:
        raise InputError("--hour", str(problem), "Write a full hour like 2026-11-23T02:00:00Z.") from None
    if to_seconds(snapshot.hour) > now:
        raise InputError("--hour", f"{snapshot.hour} is not over yet", "Wait for it, or name an earlier hour.")
    if latest is not None and previous is not None:
        if latest.exchange != exchange:
            raise InputError(
                "--previous", f"is of {latest.exchange}, not of {exchange}", "Name your own newest bundle."
            )
        is_next = snapshot.hour == next_hour(latest.hour)
        if previous["statement"]["kind"] != "restatement" and not is_next:
            remedy = f"State the hours between with `tallystick missed`, from {next_hour(latest.hour)} on."
            raise InputError("--hour", f"{snapshot.hour} does not follow {latest.hour}", remedy)
    return snapshot, None


def _collect_reserves(
    listed: ReserveList, snapshot: SnapshotId, assets: AssetTable, layouts: LayoutTable, wait: int, path: Path
) -> tuple[dict[str, Any] | None, list[ReserveRow]]:
    """Evidence from the chains, and the signed rows that it gives; statements of institutions are rows of their own."""
    for asset in {reserve.asset for reserve in listed.reserves} | {s.asset for s in listed.statements}:
        if asset not in assets:
            raise InputError(str(path), f"{asset} is not in the asset file", "Add it there, or correct its name.")
    expected = Expectation(snapshot.exchange, frozenset(control_periods(snapshot.hour).values()))
    cutoff = to_seconds(snapshot.hour)
    chains = [
        collect(
            config,
            cutoff,
            [reserve for reserve in listed.reserves if reserve.chain == config.chain],
            layouts=layouts,
            expected=expected,
            controls=[control for control in listed.controls if control.challenge.chain == config.chain],
            waiting=Waiting(timeout_seconds=wait),
        )
        for config in listed.chains
    ]
    rows = _statement_rows(listed, assets, path)
    if not chains:
        return None, rows
    evidence = assemble(chains)
    result = verify_evidence(evidence, cutoff=cutoff, layouts=layouts, expected=expected)
    schemes = {(chain.chain, c.address): c.scheme for chain in result.chains for c in chain.controls}
    for row in result.rows:
        rows.append(signed_row(row, schemes.get((row.chain, row.address), "none"), assets[row.asset].scale))
    return evidence, rows


def _statement_rows(listed: ReserveList, assets: AssetTable, path: Path) -> list[ReserveRow]:
    rows, problems = [], []
    for statement in listed.statements:
        slug = re.sub(r"[^a-z0-9]+", "-", statement.institution.lower()).strip("-")[:32] or "institution"
        try:
            balance = parse_amount(statement.amount, assets[statement.asset].scale)
        except AmountError as error:
            remedy = "Round it down to the asset's scale."
            problems.append(InputProblem(str(path), f"{statement.institution}: {error}", remedy, column="amount"))
            continue
        address = f"{statement.label or statement.institution}, {statement.as_of.isoformat()}"
        chain = f"offchain:{slug}"
        label = statement.institution
        rows.append(
            ReserveRow(statement.entity, statement.asset, chain, "native", address, balance, label, "none", "claim")
        )
    if problems:
        raise InputErrors(problems)
    return rows


def _figures(listed: ReserveList, assets: AssetTable, path: Path) -> dict[tuple[str, str], BookFigures]:
    figures = {}
    for book in listed.books:
        if book.asset not in assets:
            raise InputError(str(path), f"{book.asset} is not in the asset file", "Add it there, or correct its name.")
        scale = assets[book.asset].scale
        try:
            house = None if book.house is None else int(parse_amount(book.house, scale))
            values = (int(parse_amount(book.in_transit, scale)), int(parse_amount(book.receivables, scale)), house)
        except AmountError as error:
            raise InputError(str(path), f"[[book]] of {book.asset}: {error}", "Round to the asset's scale.") from None
        figures[(book.entity, book.asset)] = BookFigures(*values)
    return figures


def _disclosures(books: Books) -> list[tuple[str, str]]:
    disclosures = [("outside-books", "balances were read from books kept outside; no command log stands behind them")]
    if books.zero_accounts:
        disclosures.append(
            ("zero-accounts", f"{books.zero_accounts} accounts with nothing owed either way have no leaf")
        )
    return disclosures


def _show_written(
    written: Written, books: Books, snapshot: SnapshotId, rows: Sequence[ReserveRow], as_json: bool
) -> None:
    digest = written.digest.hex()
    if as_json:
        emit_json(
            {
                "accounts": written.accounts,
                "bundle": str(written.path),
                "digest": digest,
                "fingerprint": fingerprint(written.digest),
                "rows_read": sum(source.rows_read for source in books.sources),
                "snapshot": str(snapshot),
            }
        )
        return
    read = sum(source.rows_read for source in books.sources)
    click.echo(
        f"{read:,} rows read, {written.accounts:,} accounts, {len(written.trees)} trees, {len(rows)} reserve rows"
    )
    for tree in written.trees:
        claims, debts = format_amount(tree.claims, tree.scale), format_amount(tree.debts, tree.scale)
        click.echo(f"  {tree.entity}/{tree.asset}: {tree.leaves:,} leaves, claims {claims}, debts {debts}")
    click.echo(f"snapshot     {snapshot}\nfingerprint  {fingerprint(written.digest)}\nbundle       {written.path}")


@click.command()
@click.argument("hour")
@click.option("--previous", required=True, type=click.Path(path_type=Path), help="The newest bundle or attestation.")
@click.option("--reason", required=True, help="Why there is no attestation for this hour.")
@_keys_option
@click.option("--out", required=True, type=_FOLDER, help="The folder to write; must not exist.")
def missed(hour: str, previous: Path, reason: str, keys_folder: Path, out: Path) -> int:
    """State that HOUR was missed, so that the chain has no gap. Nothing is invented for it."""
    if not 1 <= len(reason) <= 1000:
        raise InputError("--reason", "has no characters or over 1000", "Say in a sentence what happened.")
    before, document = _predecessor(previous, False)
    assert before is not None
    snapshot, _ = _snapshot(exchange_of(keys_folder), hour, document, None, None)
    words = passphrase("The passphrase of the keys")
    key, rotations = load_signing_key(keys_folder, words), load_rotations(keys_folder)
    digest = write_missed(out, snapshot, reason, before, key, rotations)
    click.echo(f"{snapshot.hour} is stated as missed\nfingerprint  {fingerprint(digest)}\nbundle       {out}")
    return 0


@click.command()
@click.argument("bundle", type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.option("--account", required=True, metavar="ID", help="The customer's id.")
@click.option("--kind", type=click.Choice(["email", "key", "assigned"]), help="The kind of id, if two share a text.")
@click.option("--out", required=True, type=_FILE, help="Where to write the proof.")
def proof(bundle: Path, account: str, kind: str | None, out: Path) -> int:
    """Make one customer's proof from a bundle that has its liabilities/."""
    document = read_previous(bundle)
    if document["statement"]["kind"] == "missed":
        raise InputError(str(bundle), "is of a missed hour, which has no balances", "Name another hour's bundle.")
    scales = [tree["scale"] for tree in document["sections"]["snapshot"]["trees"]]
    with progress() as bar:
        bar("reading", 0, 0)
        columns = read_folder(bundle / FOLDER)
        rebuilt = rebuild(columns, scales, select(), bar)
    signed = document["sections"]["snapshot"]["accounts"]["root"]
    if rebuilt.account_root.hex() != signed:
        raise InputError(str(bundle / FOLDER), "does not give the signed roots", "Restore the folder that was written.")
    slot = find_account(rebuilt, account, kind)
    write_private(out, make_proof(rebuilt, slot, statement_digest(document["statement"])))
    click.echo(f"written: {out}")
    return 0
