"""For customers: `verify` one proof offline, and `verify-page`, the same check as one web page to keep."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from cli import known_keys
from cli.common import EXIT, checks_table, console, emit_json, json_option, read_input
from por.verify import standalone
from por.verify.audit import strict_signature
from por.verify.standalone import AttestationResult, ReaderKey, Report

__all__ = ["verify", "verify_page"]


@click.command()
@click.argument("proof", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--attestation", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The attestation.")
@click.option("--key", metavar="FILE", help="The exchange's key: a key file or 64 hex digits. Kept for the next time.")
@click.option("--account", metavar="ID", help="Your id at the exchange; asked for on a terminal when not given.")
@json_option
def verify(proof: Path, attestation: Path, key: str | None, account: str | None, as_json: bool) -> int:
    """Check that what the exchange owes you is inside the total that it signed. Works without a network.

    Exit status: 0 valid, 1 invalid, 2 a required check could not be made.
    """
    data, proof_data = read_input(attestation, "attestation"), read_input(proof, "proof")
    reader, note = _reader_key(data, key)
    checked = standalone.check_attestation(data, reader, strict_signature)
    if account is None and sys.stdin.isatty() and not as_json:
        account = click.prompt("Your account id at the exchange", default="", show_default=False, err=True) or None
    report = standalone.check_proof(proof_data, checked, account)
    # A bare key does not say whose it is: only a key file is kept, under the name that it carries itself.
    is_named = reader is not None and reader.exchange is not None
    if checked.signature[0] == "pass" and reader is not None and is_named and key is not None:
        note = note or _keep(checked, reader)
    if as_json:
        emit_json(report.as_json())
    else:
        _show(report, note)
    return EXIT[report.verdict]


def _reader_key(attestation: bytes, given: str | None) -> tuple[ReaderKey | None, str | None]:
    """The key given now, else the one kept for the exchange that the attestation names."""
    exchange = standalone.check_attestation(attestation, None, strict_signature).exchange
    before = known_keys.kept(exchange)
    if given is None:
        return before, None if before is None else f"Checked under the key of {exchange} kept from an earlier check."
    reader = known_keys.load_key(given)
    if before is not None and before.key != reader.key:
        # Rotations join the two keys where the attestation holds under both.
        keys = (before, reader)
        if any(standalone.check_attestation(attestation, k, strict_signature).signature[0] != "pass" for k in keys):
            return (
                reader,
                f"WARNING: this is not the key of {exchange} that you used before. Ask why before you trust it.",
            )
    return reader, None


def _keep(checked: AttestationResult, reader: ReaderKey) -> str | None:
    assert checked.exchange is not None
    before = known_keys.kept(checked.exchange)
    if before is not None and any(reader.key == rotation["from"] for rotation in before.rotations):
        return None  # the one kept has replaced it: going back would trust a key again that may be lost since
    if before is not None and before.key == reader.key and not reader.rotations:
        return None  # the file kept says more than these digits
    if known_keys.keep(checked.exchange, reader.key, list(reader.rotations)):
        return f"The key of {checked.exchange} is kept for the next check."
    return None


def _show(report: Report, note: str | None) -> None:
    out = console()
    out.print(f"Snapshot     {report.snapshot or 'unknown'}", markup=False)
    out.print(f"Fingerprint  {report.fingerprint or 'unknown'}", markup=False)
    if report.balances:
        known = report.verdict == "valid"
        out.print(
            "\nWhat the exchange owes you, and what you owe it:" if known else "\nAs the file says, not confirmed:"
        )
        for balance in report.balances:
            unit = balance.asset if balance.scale is not None else f"quanta of {balance.asset}"
            debt = f", debt {balance.debt}" if balance.debt != "0" else ""
            out.print(f"  {balance.claim} {unit}{debt}  ({balance.entity})", markup=False)
            for name, claim, line_debt in balance.lines if len(balance.lines) > 1 else ():
                out.print(f"      {name or '(main)'}: {claim}, debt {line_debt}", markup=False)
    out.print()
    out.print(checks_table([check._asdict() for check in report.checks]))
    out.print(f"\n{standalone.VERDICTS[report.verdict]}", markup=False)
    out.print("Compare the fingerprint with other customers: everybody must have the same one.", markup=False)
    if note:
        out.print(note, markup=False)


@click.command("verify-page")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where to write the page.")
def verify_page(out: Path) -> int:
    """Write the verifier as one web page that works from disk, without a server or a network."""
    from por.verify.page import render  # only this verb needs the page's sources

    out.write_text(render(), encoding="utf-8", newline="\n")
    click.echo(f"written: {out}")
    return 0
