"""For compliance officers: check IVMS101 payloads, see the thresholds, and the group that all verbs of the rule are in.

What talks to other institutions is in travel_rule_node.py, what is about wallets and held deposits in
travel_rule_wallets.py.
"""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

import click

from cli import travel_rule_node, travel_rule_wallets
from cli.common import EXIT, checks_table, console, emit_json, json_option, read_input, write_private
from cli.exchange.giving import rows_table
from cli.travel_rule_folder import unix_now
from compliance.travel_rule.ivms101.constraints import check_payload
from compliance.travel_rule.ivms101.convert import convert
from compliance.travel_rule.ivms101.datatypes import Version
from compliance.travel_rule.ivms101.reading import load_json, read_payload
from compliance.travel_rule.ivms101.schema import payload_schema
from compliance.travel_rule.ivms101.writing import payload_document
from compliance.travel_rule.regimes import REGIMES
from ledger.errors import InputError, InputErrors

__all__ = ["travel_rule"]

_FILE: Final = click.Path(dir_okay=False, path_type=Path)


@click.group("travel-rule")
def travel_rule() -> None:
    """Names travel with transfers: check IVMS101 payloads, exchange messages, see what is held and why."""


for _verb in (*travel_rule_node.VERBS, *travel_rule_wallets.VERBS):
    travel_rule.add_command(_verb)


def _day(text: str | None) -> date:
    try:
        return datetime.fromtimestamp(unix_now(), UTC).date() if text is None else date.fromisoformat(text)
    except ValueError:
        raise InputError("--on", "is no day", "Write YYYY-MM-DD.") from None


@travel_rule.command("check")
@click.argument("file", type=_FILE)
@click.option("--on", help="The day to judge by, YYYY-MM-DD; today if not given.")
@click.option("--to", "version", type=click.Choice([each.value for each in Version]), help="Convert to a version.")
@click.option("--out", type=_FILE, help="Write the converted payload here; it is personal data.")
@json_option
def check(file: Path, on: str | None, version: str | None, out: Path | None, as_json: bool) -> int:
    """Check an IVMS101 payload (JSON): its form, and the standard's constraints C1 to C12.

    Exit status: 0 valid, 1 something is wrong with it, 2 it cannot be read.
    """
    given = load_json(read_input(file, "IVMS101 payload"), str(file))
    day = _day(on)
    checks, said = [], None
    try:
        payload = read_payload(given, str(file))
        said = payload.version.value
        checks += [(each.rule, each.path, each.what) for each in check_payload(payload, day)]
        if version is not None and not checks:
            payload = convert(payload, Version(version), str(file))
    except InputErrors as error:
        checks += [("form", each.column or "", each.problem) for each in error.problems]
    rows = [
        {"assurance": "proven", "detail": f"{path}: {what}", "name": rule, "required": True, "result": "fail"}
        for rule, path, what in checks
    ] or [
        {"assurance": "proven", "detail": f"version {said}", "name": "ivms101", "required": True, "result": "pass"}
    ]  # fmt: skip
    verdict = "invalid" if checks else "valid"
    if as_json:
        emit_json({"checks": rows, "verdict": verdict, "version": said})
    else:
        console().print(checks_table(rows, f"{file}: {verdict.upper()}"))
    if not checks and out is not None:
        write_private(out, json.dumps(payload_document(payload), indent=2, ensure_ascii=False).encode() + b"\n")
    return EXIT[verdict]


@travel_rule.command("schema")
@click.argument("version", type=click.Choice([each.value for each in Version]))
def schema(version: str) -> int:
    """Print the JSON Schema of an IVMS101 version."""
    click.echo(json.dumps(payload_schema(Version(version)), indent=2))
    return 0


@travel_rule.command("thresholds")
@json_option
def thresholds(as_json: bool) -> int:
    """Show every regime's thresholds, with citation and how far each is confirmed (V read, S secondary, U not)."""
    rows = [
        {
            "citation": each.citation,
            "directions": ", ".join(sorted(each.directions)),
            "holds": each.holds,
            "regime": regime.name,
            "required": [one.name + ("" if one.condition == "always" else " (if held)") for one in each.required],
            "rule": each.rule,
            "source": each.source,
            "status": each.status.value,
            "threshold": "every transfer" if each.threshold is None else str(each.threshold),
        }
        for regime in REGIMES.values()
        for each in regime.provisions
    ]
    if as_json:
        emit_json({"provisions": rows})
        return 0
    names = ("rule", "status", "threshold", "directions", "holds", "citation")
    cells = [
        ["yes" if row[name] is True else "no" if row[name] is False else row[name] for name in names] for row in rows
    ]
    rows_table("Travel rule by regime", names, cells)
    return 0
