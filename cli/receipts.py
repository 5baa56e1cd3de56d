"""Receipts: `receipt make` for one file of a bundle, `receipt check` for who was handed that file alone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from cli import known_keys
from cli.common import EXIT, checks_table, console, emit_json, json_option, read_input
from ledger.errors import CheckFailed, FormatError, InputError
from por.manifest import check_receipt, make_receipt, signed_by

__all__ = ["receipt"]


@click.group()
def receipt() -> None:
    """Hand over one file of a bundle with a receipt, and check one."""


@receipt.command()
@click.argument("bundle", type=click.Path(file_okay=False, exists=True, path_type=Path))
@click.argument("path")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Where to write it.")
def make(bundle: Path, path: str, out: Path) -> int:
    """Write the receipt for PATH, as the manifest of BUNDLE spells it."""
    try:
        data = make_receipt(bundle, path)
    except (FormatError, CheckFailed, OSError) as problem:
        raise InputError(str(bundle), f"its manifest cannot be used: {problem}", "Name an unchanged bundle.") from None
    out.write_bytes(data)
    click.echo(f"written: {out}")
    return 0


@receipt.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option("--receipt", "receipt_file", required=True, type=click.Path(dir_okay=False, path_type=Path))
@click.option("--key", required=True, metavar="FILE", help="The exchange's key: a key file or 64 hex digits.")
@json_option
def check(file: Path, receipt_file: Path, key: str, as_json: bool) -> int:
    """Check one FILE of a bundle, handed over alone, against its receipt."""
    reader = known_keys.load_key(key)
    accepts = signed_by(bytes.fromhex(reader.key), reader.rotations)
    checks: list[dict[str, Any]] = []
    try:
        entry = check_receipt(read_input(file, "handed-over"), read_input(receipt_file, "receipt"), accepts)
        detail = f"{entry['path']} of {entry['snapshot']}, under the signed manifest"
        checks.append({"assurance": "proven", "detail": detail, "name": "receipt", "required": True, "result": "pass"})
    except (CheckFailed, FormatError) as problem:
        failed = {"assurance": None, "detail": str(problem), "name": "receipt", "required": True, "result": "fail"}
        checks.append(failed)
    verdict = "valid" if checks[0]["result"] == "pass" else "invalid"
    if as_json:
        emit_json({"checks": checks, "verdict": verdict})
    else:
        console().print(checks_table(checks))
        click.echo(verdict.upper())
    return EXIT[verdict]
