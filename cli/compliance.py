"""For compliance officers: what the rules said, hour by hour, why, and what they were asked of."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from cli.common import console, emit_json, json_option, passphrase, shown
from cli.exchange.config import Config
from cli.exchange.giving import folder_option
from cli.exchange.judging import JudgeJob, judge_hours, results_of
from cli.exchange.words import read_time
from cli.keys import load_signing_key
from compliance.calendars import calendar
from compliance.facts import moment_text, value_json
from compliance.regimes import REGIMES, ZONES, catalogue, rule_set
from compliance.results import Evaluation
from compliance.rules import Rule, Status
from compliance.verdicts import Result, Verdict
from ledger.canonical import Json
from ledger.errors import InputError

__all__ = ["compliance"]

EXIT = {Result.PASS: 0, Result.NOT_APPLICABLE: 0, Result.FAIL: 1, Result.INSUFFICIENT: 2}
_STYLES = {Result.PASS: "green", Result.FAIL: "bold red", Result.NOT_APPLICABLE: "dim", Result.INSUFFICIENT: "yellow"}
_regime = click.option("--regime", type=click.Choice(REGIMES), help="Of one regime alone.")
_at = click.option("--at", help="As of this time (UTC); the newest if not given.")


@click.group()
def compliance() -> None:
    """What each regime's rules say of every hour: `status` now, `history` over time, `explain` one rule."""


@compliance.command("evaluate")
@folder_option
@json_option
def evaluate(folder: Path, as_json: bool) -> int:
    """Evaluate every hour that has an attestation and no result yet; `run` does this by itself."""
    config = Config.load(folder)
    key = load_signing_key(config.secrets, passphrase("The passphrase of the exchange's keys"))
    found = judge_hours(JudgeJob(folder, key))
    hours = [moment_text(each.as_of) for each in found]
    if as_json:
        emit_json({"evaluated": hours})
    else:
        click.echo(f"{len(hours)} hours were evaluated" + (f", the last {hours[-1]}" if hours else ""))
    return 0


def _evaluation(folder: Path, at: str | None) -> Evaluation:
    """The newest evaluation, or that of a time; raises InputError where there is none."""
    results = results_of(Config.load(folder))
    if at is None:
        found = results.last()
    else:
        seconds = read_time(at, "--at") // 1_000_000
        try:
            moment = datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            raise InputError("--at", "is no time of ours", "Write 2026-11-22 or 2026-11-22T10:00:00Z.") from None
        found = results.at(moment)
    if found is None:
        remedy = "Wait for the first attested hour, or run `tallystick compliance evaluate`."
        raise InputError(str(results.folder), "holds no evaluation of that time", remedy)
    return found


def _counts(verdicts: Sequence[Verdict]) -> dict[str, int]:
    return {result.value: sum(verdict.result is result for verdict in verdicts) for result in Result}


def _status_of(verdicts: Sequence[Verdict]) -> int:
    """1 if any rule fails, else 2 if any lacks data, else 0."""
    results = {verdict.result for verdict in verdicts}
    return 1 if Result.FAIL in results else 2 if Result.INSUFFICIENT in results else 0


@compliance.command("status")
@folder_option
@_regime
@_at
@click.option("--all", "show_all", is_flag=True, help="Rules that pass or do not apply, too.")
@json_option
def status(folder: Path, regime: str | None, at: str | None, show_all: bool, as_json: bool) -> int:
    """Every rule's verdict. Exit status: 1 if a rule fails, else 2 if one lacks data, else 0."""
    found = _evaluation(folder, at)
    verdicts = found.of(regime) if regime else found.verdicts
    if as_json:
        sets: list[Json] = [{"hash": hash, "regime": name, "version": version} for name, version, hash in found.sets]
        document: dict[str, Any] = {
            "as_of": moment_text(found.as_of), "counts": _counts(verdicts), "digest": found.digest, "sets": sets,
            "verdicts": [verdict.to_json() for verdict in verdicts],
        }  # fmt: skip
        emit_json(document)
        return _status_of(verdicts)
    for name, version, hash in found.sets:
        some = [verdict for verdict in verdicts if verdict.regime == name]
        if some:
            _print_regime(name, f"rule set {version}, {hash[:16]}", some, show_all)
    click.echo(f"as of {moment_text(found.as_of)}; record {found.sequence}, {found.digest[:16]}; {found.calendars}")
    return _status_of(verdicts)


def _print_regime(regime: str, set_words: str, verdicts: Sequence[Verdict], show_all: bool) -> None:
    counts = ", ".join(f"{count} {word}" for word, count in _counts(verdicts).items())
    table = Table(
        title=f"{rule_set(regime).name} ({set_words}): {counts}", title_justify="left", box=None, pad_edge=False
    )
    for heading in ("rule", "verdict", "measured", "required", "note"):
        table.add_column(heading, overflow="fold", no_wrap=heading == "verdict")
    for verdict in verdicts:
        if not show_all and verdict.result in (Result.PASS, Result.NOT_APPLICABLE) and not verdict.warning:
            continue
        name = verdict.rule + (f" {verdict.scope}" if verdict.scope else "")
        due = [f"{each.what} by {moment_text(each.due)}" for each in verdict.deadlines]
        note = "; ".join([*(f"missing {each}" for each in verdict.missing), verdict.warning, *due, verdict.note])
        word = Text(verdict.result.value, style=_STYLES[verdict.result])
        cells = (verdict.measured, verdict.required, note.strip("; "))
        table.add_row(Text(shown(name)), word, *(Text(shown(cell)) for cell in cells))
    console().print(table)


@compliance.command("history")
@folder_option
@_regime
@click.option("--rule", "rule_id", help="Of one rule alone.")
@click.option("--last", default=48, show_default=True, type=click.IntRange(1), help="So many evaluations.")
@json_option
def history(folder: Path, regime: str | None, rule_id: str | None, last: int, as_json: bool) -> int:
    """How verdicts changed from hour to hour; the whole chain of results is checked while it is read."""
    config = Config.load(folder)
    rows: list[dict[str, Any]] = []
    for found in results_of(config).chain():
        verdicts = [
            verdict
            for verdict in found.verdicts
            if regime in (None, verdict.regime) and rule_id in (None, verdict.rule)
        ]
        rows.append({"as_of": moment_text(found.as_of), "counts": _counts(verdicts), "digest": found.digest})
    if not rows:
        raise InputError(str(results_of(config).folder), "holds no evaluation", "Wait for the first attested hour.")
    if as_json:
        emit_json({"evaluations": rows[-last:], "records": len(rows)})
        return 0
    table = Table(title=f"{len(rows)} records, each following the one before it", title_justify="left", box=None)
    for heading in ("as of", *(result.value for result in Result), "record"):
        table.add_column(heading)
    for row in rows[-last:]:
        table.add_row(row["as_of"], *(str(count) for count in row["counts"].values()), row["digest"][:16])
    console().print(table)
    return 0


@compliance.command("explain")
@click.argument("rule_id", metavar="RULE")
@folder_option
@_at
@json_option
def explain(rule_id: str, folder: Path, at: str | None, as_json: bool) -> int:
    """One rule: its text and source, its parameters, the facts it was given, and what came of it."""
    config, found = Config.load(folder), _evaluation(folder, at)
    regime = next((name for name in REGIMES if any(rule.id == rule_id for rule in rule_set(name).rules)), None)
    if regime is None:
        raise InputError(rule_id[:40], "is no rule that is known", "See `tallystick compliance status --all`.")
    rule = rule_set(regime).find(rule_id, calendar(ZONES[regime]).day_of(found.as_of))
    if rule is None:
        raise InputError(rule_id, f"is not in force at {moment_text(found.as_of)}", "Give another time with --at.")
    if (regime, rule_set(regime).hash().hex()) not in {(name, hash) for name, _, hash in found.sets}:
        remedy = "Explain it with the version of the software that evaluated it; the record names its rule sets."
        raise InputError(rule_id, f"has changed since {moment_text(found.as_of)} was evaluated", remedy)
    facts = results_of(config).facts(found, catalogue())
    verdicts = [verdict for verdict in found.verdicts if verdict.rule == rule_id]
    names = [*rule.inputs.values(), *(each.left for each in rule.applies)]
    scopes = sorted({verdict.scope for verdict in verdicts} | {""})
    given = {(name, scope): facts.find(name, scope) for name in names for scope in scopes}
    known = {(fact.name, fact.scope): fact for fact in given.values() if fact is not None}
    if as_json:
        emit_json(
            {
                "facts": [fact.to_json() for fact in known.values()], "rule": rule.to_json(),
                "verdicts": [verdict.to_json() for verdict in verdicts],
            }
        )  # fmt: skip
        return _status_of(verdicts)
    _print_rule(rule)
    for name in dict.fromkeys(names):
        kind = catalogue()[name]
        facts_of = [fact for (each, _), fact in known.items() if each == name]
        click.echo(f"\nfact {name}: {kind.meaning} (from the {kind.source})")
        for fact in facts_of:
            scope = f" {fact.scope}" if fact.scope else ""
            click.echo(
                shown(f"  {fact.assurance}{scope}, of {moment_text(fact.as_of)}: {_short(value_json(fact.value))}")
            )
        if not facts_of:
            click.echo("  missing")
    for verdict in verdicts:
        _print_verdict(verdict)
    return _status_of(verdicts)


def _short(value: Json) -> str:
    text = str(value)
    return text if len(text) <= 600 else f"{text[:600]} … ({len(text):,} characters; --json has all)"


def _print_rule(rule: Rule) -> None:
    click.echo(f"{rule.id}: {rule.title}\n{rule.requirement}")
    click.echo(f"{rule.citation}, version {rule.version}, in force from {rule.effective_from}")
    read = {Status.VERIFIED: "read", Status.SECONDARY: "known from a secondary source", Status.UNVERIFIED: "NOT read"}
    click.echo(f"text {read[rule.status]} ({rule.read_at}): {rule.source}\ndecided by {rule.primitive}")
    for name, parameter in rule.parameters.items():
        words = parameter.to_json()
        assert isinstance(words, dict)
        status = f" [{words['status']}]" if words["status"] else ""
        click.echo(f"  {name} = {words['value']} {parameter.unit}{status}")
    if rule.note:
        click.echo(f"note: {rule.note}")


def _print_verdict(verdict: Verdict) -> None:
    scope = f" for {verdict.scope}" if verdict.scope else ""
    click.echo("")
    console().print(Text(f"{verdict.result.value}{scope}", style=_STYLES[verdict.result]))
    for label, text in (
        ("measured", verdict.measured), ("required", verdict.required), ("margin", verdict.margin),
        ("note", verdict.note), ("warning", verdict.warning), ("missing", ", ".join(verdict.missing)),
    ):  # fmt: skip
        if text:
            click.echo(shown(f"  {label}: {text}"))
    for line in verdict.lines[:20]:
        click.echo(
            shown(f"  {line.key}: {line.result}; {line.measured}; {line.required} {line.margin} {line.note}".rstrip())
        )
    if verdict.line_count > 20:
        click.echo(f"  and {verdict.line_count - 20} more")
    for deadline in verdict.deadlines:
        click.echo(f"  due: {deadline.what} by {moment_text(deadline.due)} ({deadline.clock})")
    for evidence in verdict.evidence:
        click.echo(shown(f"  evidence: {evidence.kind} {evidence.place} {evidence.digest}"))
