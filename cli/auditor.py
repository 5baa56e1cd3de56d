"""For auditors: `audit` checks everything in a bundle, or in a run of them."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click
from rich.table import Table

from cli import known_keys
from cli.common import EXIT, checks_table, console, emit_json, json_option, progress, shown
from ledger.assets import format_amount
from ledger.canonical import parse_file
from ledger.errors import FormatError, InputError
from ledger.replay import ReplayCache
from por.attestation import fingerprint, statement_digest
from por.files import read_document
from por.liabilities.kernels import select
from por.reserves.evm import LayoutTable, ReaderView, read_evidence, read_layouts, shipped_layouts
from por.reserves.evm.header import decode_header
from por.reserves.evm.recheck import recheck
from por.verify.audit import AuditReport, BundleAudit, Reader, audit_bundle, report_of
from por.verify.reserves import ReserveReader
from por.verify.standalone import Malformed, ReaderKey, read_attestation

__all__ = ["audit", "read_layout_files", "run_audit", "shared_options"]


def shared_options(command: Callable[..., int]) -> Callable[..., int]:
    """What every verb over bundles takes: the bundles, and what a reader brings to them."""
    path = click.Path(path_type=Path)
    for option in reversed(
        (
            click.argument("bundles", metavar="BUNDLE...", nargs=-1, required=True, type=path),
            click.option("--key", metavar="FILE", help="The exchange's key: a key file or 64 hex digits."),
            click.option(
                "--block",
                multiple=True,
                metavar="CHAIN=HASH",
                help="The hash of a block's child (or of the block, which settles less).",
            ),
            click.option(
                "--rpc", multiple=True, metavar="CHAIN=URL", help="An endpoint of your own, asked about the block."
            ),
            click.option("--layouts", multiple=True, type=path, help="Token layouts that you trust (TOML)."),
            click.option(
                "--replay",
                is_flag=True,
                help="Execute the exchange's command log again; needs replay/ in the bundles.",
            ),
        )
    ):
        command = option(command)
    return command


@click.command()
@shared_options
@click.option("--html", type=click.Path(dir_okay=False, path_type=Path), help="Write the findings as a page.")
@json_option
def audit(
    bundles: tuple[Path, ...],
    key: str | None,
    block: tuple[str, ...],
    rpc: tuple[str, ...],
    layouts: tuple[Path, ...],
    replay: bool,
    html: Path | None,
    as_json: bool,
) -> int:
    """Check everything in one bundle, or in a run of them: leaves, sums, statements, reserves, control, chain.

    Needs the bundle and the exchange's public key, nothing else. What only you can know (the hash of a block, the
    layout of a token) turns *unchecked* and *claimed* into *proven*.
    Exit status: 0 valid, 1 invalid, 2 a required check could not be made.
    """
    reader_key = known_keys.load_key(key) if key else None
    report = run_audit(bundles, reader_key, block, rpc, layouts, replay=replay, quiet=as_json)
    if html is not None:
        _write_page(html, report, reader_key, block, [chain for chain, _ in _pairs(rpc, "--rpc")])
    if as_json:
        emit_json(report.as_json())
    else:
        _show(report)
    return EXIT[report.verdict]


def run_audit(
    bundles: Sequence[Path],
    key: ReaderKey | None,
    block: Sequence[str],
    rpc: Sequence[str],
    layouts: Sequence[Path],
    *,
    replay: bool,
    quiet: bool,
) -> AuditReport:
    """Audit a run of bundles with what the reader brings; a bundle's key is the one kept from before if none is given.

    Raises InputError for what is no bundle's folder and for options that cannot be read.
    """
    for path in bundles:
        if not path.is_dir():
            raise InputError(str(path), "is no folder", "Name the folder of a bundle.")
    table = read_layout_files(layouts)
    hashes = _assigned_hashes(bundles, _pairs(block, "--block"))
    urls = dict(_pairs(rpc, "--rpc"))
    statements = frozenset(digest for path in bundles if (digest := _digest(path)) is not None)
    audits = []
    memory: dict[bytes, ReplayCache] = {}
    with progress(not quiet) as bar:
        for number, path in enumerate(bundles):
            reserves = ReserveReader(table, hashes[number], _views(path, urls, table), statements)
            reader = Reader(key or _kept_key(path), reserves, select())
            audits.append(audit_bundle(path, reader, bar))
            if replay and audits[-1].kind != "missed":
                _replay(audits[-1], path, bundles, memory, bar)
    return report_of(audits)


def _replay(
    audit: BundleAudit,
    path: Path,
    bundles: Sequence[Path],
    memory: dict[bytes, ReplayCache],
    bar: Callable[[str, int, int], None],
) -> None:
    """Put the checks of a replay in the place of the line that says that there was none."""
    from cli.replay_audit import replay_checks, signed_ledgers  # only this option needs the engine

    place = next((n for n, check in enumerate(audit.checks) if check.name == "replay"), len(audit.checks))
    audit.checks[place : place + 1] = replay_checks(path, signed_ledgers(bundles), select(), bar, memory)


def _write_page(
    path: Path, report: AuditReport, key: ReaderKey | None, blocks: Sequence[str], chains: Sequence[str]
) -> None:
    from cli.audit_page import Origin, render_audit  # only this option needs the templates

    command = shlex.join(["tallystick", *click.get_current_context().find_root().obj])
    origin = Origin(version("tallystick"), None if key is None else key.key, blocks, chains)
    page = render_audit(report.as_json(), command=command, generated_from=origin)
    path.write_text(page, encoding="utf-8", newline="\n")


def read_layout_files(paths: Sequence[Path]) -> LayoutTable:
    """The shipped table with the reader's own files over it."""
    table = shipped_layouts()
    for path in paths:
        table = table.extended_by(read_layouts(path))
    return table


def _pairs(values: Sequence[str], option: str) -> list[tuple[str, str]]:
    pairs = []
    for value in values:
        chain, separator, rest = value.partition("=")
        if not separator or not chain or not rest:
            raise InputError(option, f"{value[:80]!r} is not CHAIN=VALUE", "Write for example eip155:1=0x….")
        pairs.append((chain, rest))
    return pairs


def _evidence(bundle: Path) -> dict[str, Any] | None:
    """The chain evidence of a bundle where it can be read; the audit itself says what is wrong with it."""
    try:
        document = parse_file(read_document(bundle / "reserves" / "evidence.json"))
        evm = document["evm"] if isinstance(document, dict) else None
        read_evidence(evm)
        return evm if isinstance(evm, dict) else None
    except (OSError, FormatError, KeyError):
        return None


def _assigned_hashes(bundles: Sequence[Path], given: Sequence[tuple[str, str]]) -> list[dict[str, frozenset[bytes]]]:
    """Give each bundle the reader's hashes that are of its block or child; a hash that fits none goes to all."""
    hashes = [(chain, _hash(text)) for chain, text in given]
    known = [_block_hashes(bundle) if hashes else {} for bundle in bundles]
    assigned: list[dict[str, frozenset[bytes]]] = [{} for _ in bundles]
    for chain, value in hashes:
        fitting = [n for n in range(len(bundles)) if value in known[n].get(chain, ())]
        for number in fitting or range(len(bundles)):
            assigned[number][chain] = assigned[number].get(chain, frozenset()) | {value}
    return assigned


def _hash(text: str) -> bytes:
    try:
        value = bytes.fromhex(text.removeprefix("0x"))
    except ValueError:
        value = b""
    if len(value) != 32:
        raise InputError("--block", f"{text[:80]!r} is no block hash", "Give 64 hex digits.")
    return value


def _block_hashes(bundle: Path) -> dict[str, set[bytes]]:
    found: dict[str, set[bytes]] = {}
    for chain in read_evidence(_evidence(bundle)) if _evidence(bundle) else ():
        found[chain.chain] = {chain.block_hash}
        if chain.child is not None:
            try:
                found[chain.chain].add(decode_header(chain.child).hash)
            except FormatError:
                continue  # the audit reports a header that cannot be read
    return found


def _views(bundle: Path, urls: dict[str, str], layouts: LayoutTable) -> dict[str, ReaderView]:
    document = _evidence(bundle) if urls else None
    if document is None:
        return {}
    try:
        attestation: Any = parse_file(read_document(bundle / "attestation.json"))
        exchange = attestation["sections"]["snapshot"]["exchange"]
    except (OSError, FormatError, KeyError, TypeError):
        return {}  # the audit reports the attestation
    return recheck(document, urls, exchange=str(exchange), layouts=layouts)


def _digest(bundle: Path) -> str | None:
    """The digest, in hex, of a bundle's statement, if it can be read: what a challenge may name."""
    try:
        return statement_digest(read_attestation(read_document(bundle / "attestation.json"))["statement"]).hex()
    except (OSError, Malformed):
        return None


def _kept_key(bundle: Path) -> ReaderKey | None:
    try:
        document: Any = parse_file(read_document(bundle / "attestation.json"))
        snapshot = document["statement"]["snapshot"]
    except (OSError, FormatError, KeyError, TypeError):
        return None
    return known_keys.kept(str(snapshot).split("/", 1)[0])


def _show(report: AuditReport) -> None:
    out = console()
    for audit in report.bundles:
        out.print("\n" + shown(f"{audit.name}  {audit.snapshot or ''}"), style="bold", markup=False)
        if audit.digest:
            out.print(f"Fingerprint  {fingerprint(bytes.fromhex(audit.digest))}", markup=False)
        out.print(checks_table([check._asdict() for check in audit.checks]))
        if audit.trees:
            out.print()
            out.print(_coverage_table(audit))
    out.print()
    out.print(checks_table([report.chain_check._asdict()]))
    counts = dict.fromkeys(("proven", "attested", "claimed", "unchecked", "fail"), 0)
    for check in [*(c for b in report.bundles for c in b.checks), report.chain_check]:
        counts[check.assurance or ("fail" if check.result == "fail" else "unchecked")] += 1
    out.print("\n" + ", ".join(f"{number} {name}" for name, number in counts.items() if number), markup=False)
    out.print(f"[bold]{report.verdict.upper()}[/]")


def _coverage_table(audit: BundleAudit) -> Table:
    """Figures for people: what is owed, what is held and how it is known; coverage against gross claims."""
    table = Table(title="Reserves against gross claims", title_justify="left", box=None, pad_edge=False)
    for heading in ("entity", "asset", "leaves", "claims", "debts", "proven", "attested", "claimed", "coverage"):
        # A figure may be broken over lines on a narrow terminal; it is never cut.
        table.add_column(heading, justify="left" if heading in ("entity", "asset") else "right", overflow="fold")
    pending = False
    for tree in audit.trees:
        scale, held, given = tree["scale"], tree["reserves"], tree["reserves_given_block"]
        pending = pending or held != given
        shown = {
            name: format_amount(int(held[name]), scale)
            + (f" ({format_amount(int(given[name]), scale)})" if held[name] != given[name] else "")
            for name in ("proven", "attested", "claimed")
        }
        table.add_row(
            tree["entity"],
            tree["asset"],
            f"{tree['leaves']:,}",
            format_amount(int(tree["claims"]), scale),
            format_amount(int(tree["debts"]), scale),
            *shown.values(),
            tree["coverage"] or "no claims",
        )
    if pending:
        table.caption = (
            "In brackets: once you confirm the block and its child, with --block CHAIN=CHILD_HASH or --rpc CHAIN=URL."
        )
        table.caption_justify = "left"
    return table
