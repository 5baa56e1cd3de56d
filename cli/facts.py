"""For compliance officers: the firm's own facts, dated and signed, without which rules say *insufficient data*."""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import Any

import click

from cli.common import emit_json, json_option, read_input, shown
from cli.exchange.config import Config
from cli.exchange.giving import folder_option, load_key, now_us, rows_table
from cli.exchange.judging import load_register
from cli.exchange.reading import reading
from compliance.facts import Assurance, Evidence, Fact, FactKind, Shape, Source, Value, moment_text, value_json
from compliance.firm_values import YEARS, example, read_value
from compliance.regimes import REGIMES, catalogue, rule_set
from compliance.register import Register, Statement
from ledger.errors import InputError, InputErrors, InputProblem

__all__ = ["facts", "firm_file"]

_operator = click.option(
    "--operator", required=True, type=click.Path(dir_okay=False, path_type=Path), help="The operator's key that signs."
)
_from = click.option("--from", "since", required=True, help="The day from which it holds, YYYY-MM-DD.")


@click.group()
def facts() -> None:
    """The firm's register: licences, capital, bank titles, consents, auditors' reports. Dated, signed, append-only."""


_attested = click.option("--attested-by", default="", help="The third party whose --document shows these facts.")
_document = click.option(
    "--document", type=click.Path(dir_okay=False, path_type=Path), help="The document; its hash is entered."
)


@facts.command("set")
@click.argument("name")
@click.argument("value")
@folder_option
@_from
@_operator
@click.option("--state", default="", help="For a fact that is kept by US state: which, as US-NY.")
@_attested
@_document
@json_option
def set_(
    name: str, value: str, folder: Path, since: str, operator: Path, state: str, attested_by: str,
    document: Path | None, as_json: bool,
) -> int:  # fmt: skip
    """Enter one fact: NAME is VALUE, as TOML writes it ('"100.50"', 'true', '2026-01-01', '["US-NY"]')."""
    kinds, config = catalogue(), Config.load(folder)
    kind = _stated(kinds, name)
    if kind is None:
        raise InputError(name[:60], "is no fact that a firm states", "See `tallystick facts template`.")
    try:
        raw = tomllib.loads(f"value = {value}")["value"]
        read = read_value(kind, raw)
    except tomllib.TOMLDecodeError:
        raise InputError(name, "is no TOML value", f"Write it as: {example(kind)}") from None
    except ValueError as error:
        raise InputError(name, str(error), f"Write it as: {example(kind)}") from None
    if kind.by_state != bool(state):
        problem = "is kept by US state" if kind.by_state else "is not kept by state"
        raise InputError(name, problem, "Give --state for such a fact, and for no other.")
    return _enter(config, kinds, {(name, state): read}, since, operator, (attested_by, document), as_json)


@facts.command("import")
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@folder_option
@_from
@_operator
@_attested
@_document
@json_option
def import_(
    file: Path, folder: Path, since: str, operator: Path, attested_by: str, document: Path | None, as_json: bool
) -> int:
    """Enter the facts of FILE (TOML, as `facts template` writes it): those that differ from what holds on that day."""
    kinds, config = catalogue(), Config.load(folder)
    values = _read_file(file, kinds)
    return _enter(config, kinds, values, since, operator, (attested_by, document), as_json)


def _stated(kinds: Mapping[str, FactKind], name: str) -> FactKind | None:
    """The kind of a fact that a firm may state; None for any other name."""
    kind = kinds.get(name)
    return None if kind is None or kind.source is Source.ATTESTATION else kind


def _enter(
    config: Config, kinds: Mapping[str, FactKind], values: Mapping[tuple[str, str], Value], since: str, operator: Path,
    shown_by: tuple[str, Path | None], as_json: bool,
) -> int:  # fmt: skip
    """Enter those of some facts that differ from what holds on the day; `shown_by`: third party and document."""
    attested_by, document = shown_by
    if attested_by and document is None:
        raise InputError("--attested-by", "has no --document", "Give the document by which the third party attests.")
    data = read_input(document, "document") if document is not None else b""
    digest = hashlib.sha256(data).hexdigest() if document is not None else ""
    moment = _day(since)
    register = _register(config, kinds)
    known = {(fact.name, fact.scope): fact.value for fact in register.facts(moment)}
    new = [
        Statement(name, value, moment, scope, digest, attested_by)
        for (name, scope), value in values.items()
        if digest or known.get((name, scope)) != value
    ]
    if new:
        register.append(new, _now(register), load_key(operator), kinds)
    document_out = {"entered": [each.fact for each in new], "entries": len(register.entries) + len(new)}
    if as_json:
        emit_json(document_out)
    else:
        click.echo(f"{len(new)} facts were entered, {len(values) - len(new)} held already")
    return 0


def _now(register: Register) -> datetime:
    """The time, and never before what was entered last."""
    now = datetime.fromtimestamp(now_us() // 1_000_000, UTC)
    return max(now, register.entries[-1].known_at) if register.entries else now


def _day(text: str) -> datetime:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputError("--from", "is no day", "Write it as YYYY-MM-DD.") from None
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise InputError("--from", "is no day of ours", f"Give one of the years {YEARS[0]} to {YEARS[1]}.")
    return datetime.combine(day, time(), UTC)


def _register(config: Config, kinds: Mapping[str, FactKind]) -> Register:
    with reading(config) as store:
        return load_register(config, kinds, store)


def _read_file(path: Path, kinds: Mapping[str, FactKind]) -> dict[tuple[str, str], Value]:
    """Facts by name and state. Raises InputErrors with every problem, each with its row where one can be told."""
    text = read_input(path, "facts").decode("utf-8", "replace")
    try:
        document = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(str(path), f"is no TOML file ({error})", "Mend the line that it names.") from None
    found: dict[tuple[str, str], Value] = {}
    problems: list[InputProblem] = []
    for name, raw in document.items():
        kind = kinds.get(name)
        row = next((number for number, line in enumerate(text.splitlines(), 1) if name in line), None)
        if kind is None or kind.source is Source.ATTESTATION:
            why = "is no fact that is known" if kind is None else "comes from the hour's signed statement"
            problems.append(InputProblem(str(path), f"{name[:60]} {why}", "See `tallystick facts template`.", row))
            continue
        for scope, each in _scoped(kind, raw):
            try:
                found[name, scope] = read_value(kind, each)
            except ValueError as error:
                remedy = f"Write it as: {example(kind)}"
                problems.append(InputProblem(str(path), f"{name} {scope} {error}", remedy, row))
    if problems:
        raise InputErrors(problems)
    return found


def firm_file(path: Path, kinds: Mapping[str, FactKind], moment: datetime) -> list[Fact]:
    """What a file of facts states, as facts that are only claimed; raises InputErrors."""
    digest = hashlib.sha256(read_input(path, "facts")).hexdigest()
    evidence = (Evidence("firm's file", path.name, digest),)
    return [
        Fact(name, value, moment, Assurance.CLAIMED, evidence, scope)
        for (name, scope), value in _read_file(path, kinds).items()
    ]


def _scoped(kind: FactKind, raw: Any) -> Iterable[tuple[str, Any]]:
    """A fact that is kept by state is a table by state."""
    if not kind.by_state:
        return [("", raw)]
    return list(raw.items()) if isinstance(raw, dict) else [("", raw)]


@facts.command("template")
@click.argument("regime", type=click.Choice(REGIMES))
def template(regime: str) -> int:
    """Write every fact that REGIME's rules ask of the firm as a TOML file to fill in, with the rules that ask."""
    kinds, rules = catalogue(), rule_set(regime)
    asked: dict[str, list[str]] = {}
    for rule in rules.rules:
        for name in [*rule.inputs.values(), *(each.left for each in rule.applies)]:
            if kinds[name].source is Source.FIRM and rule.id not in asked.setdefault(name, []):
                asked[name].append(rule.id)
    click.echo(f"# What the rules of {rules.name} ask of the firm. Take the # away where you state something.\n")
    for name, ids in sorted(asked.items()):
        kind = kinds[name]
        click.echo(f"# {kind.meaning}" + (f", {kind.unit}" if kind.unit else "") + f": {', '.join(ids)}")
        written = f'{{ "US-NY" = {example(kind)} }}' if kind.by_state else example(kind)
        click.echo(f'# "{name}" = {written}\n')
    return 0


@facts.command("list")
@folder_option
@click.option("--at", help="As of this day, YYYY-MM-DD; today if not given.")
@json_option
def list_(folder: Path, at: str | None, as_json: bool) -> int:
    """What holds on a day, and since when."""
    kinds, config = catalogue(), Config.load(folder)
    moment = _day(at) if at else datetime.fromtimestamp(now_us() // 1_000_000, UTC)
    found = sorted(_register(config, kinds).facts(moment), key=lambda fact: (fact.name, fact.scope))
    if as_json:
        emit_json({"as_of": moment_text(moment), "facts": [fact.to_json() for fact in found]})
        return 0
    rows = [
        (fact.name, fact.scope, _short(fact.value, kinds[fact.name]), moment_text(fact.as_of)[:10], fact.assurance)
        for fact in found
    ]
    rows_table(f"{len(rows)} facts", ("fact", "state", "value", "since", "shown"), rows)
    return 0


def _short(value: Value, kind: FactKind) -> str:
    if kind.shape is Shape.RECORDS and isinstance(value, tuple):
        return f"{len(value)} records"
    document = value_json(value)
    text = str(next(iter(document.values()))) if isinstance(document, dict) else str(document)
    return shown(text[:120])
