"""For compliance officers: a regime's report pack over a period, from an exchange's folder or from bundles alone."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from functools import partial
from importlib import import_module
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import click

from cli.common import emit_json, json_option, read_input
from cli.exchange.config import Config
from cli.exchange.giving import now_us
from cli.exchange.judging import load_register, reader_key, results_of
from cli.exchange.reading import reading
from cli.exchange.rooms import room_facts
from cli.exchange.us_figures import activity, averages
from cli.facts import firm_file
from compliance.calendars import calendar
from compliance.facts import Fact
from compliance.firm_values import YEARS
from compliance.gathering import HourSource
from compliance.pack_input import WINDOW, Asked, bounds, following, pack_input, within
from compliance.regimes import REGIMES, ZONES, catalogue, rule_set
from compliance.register import Register
from compliance.reports.document import FILE_NAME
from compliance.reports.inputs import Evaluated, PackInput
from compliance.reports.packs.pack import Pack
from compliance.reports.sign import load_signer, sign_pdf, timestamper_of
from compliance.reports.texts import LANGUAGES
from compliance.reports.write import FORMS, Signing, write_pack
from compliance.sources.chain import bundles_in, read_chain, read_period, read_statement
from compliance.verdicts import Result
from ledger.errors import InputError, InputErrors, InputProblem
from por.verify.standalone import KeyUnreadable, ReaderKey, read_key

__all__ = ["report"]

_PACKS: Final[Mapping[str, str]] = {
    regime: f"compliance.reports.packs.{regime.replace('-', '_')}" for regime in REGIMES
}
_DIR = click.Path(file_okay=False, path_type=Path)
_FILE = click.Path(dir_okay=False, path_type=Path)
PASSWORD: Final = "TALLYSTICK_SIGN_PASSWORD"


@click.command()
@click.argument("regime", type=click.Choice(REGIMES))
@click.option("--folder", type=_DIR, envvar="TALLYSTICK_FOLDER", help="The exchange's folder.")
@click.option("--bundle", "bundles", multiple=True, type=_DIR, help="A bundle, or a folder of them; of outside books.")
@click.option("--key", type=_FILE, help="With --bundle: the exchange's public key file.")
@click.option("--facts", "facts_file", type=_FILE, help="With --bundle: the firm's facts (TOML); unsigned, so claimed.")
@click.option("--entity", default="main", show_default=True, help="With --bundle: the legal entity.")
@click.option("--from", "start", help="The first day; a month back, if not given.")
@click.option("--to", "end", help="The last day, which counts; the last day with an hour, if not given.")
@click.option("--kind", help="Which pack of the regime; its first, if not given.")
@click.option("--out", required=True, type=_DIR, help="A new folder for the pack.")
@click.option(
    "--format", "forms", multiple=True, type=click.Choice(sorted(FORMS)), help="Repeat; all if none is given."
)
@click.option("--attach", multiple=True, metavar="NAME=FILE", help="A document of others, under the name it goes by.")
@click.option("--sign", "sign_key", type=_FILE, help=f"Sign the PDFs: a PKCS#12 file, its password in {PASSWORD}.")
@click.option("--tsa", help="With --sign: the address of a time-stamping authority.")
@json_option
def report(
    regime: str, folder: Path | None, bundles: tuple[Path, ...], key: Path | None, facts_file: Path | None, entity: str,
    start: str | None, end: str | None, kind: str | None, out: Path, forms: tuple[str, ...], attach: tuple[str, ...],
    sign_key: Path | None, tsa: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Write REGIME's pack: what was checked, by which rule, on what evidence; HTML, PDF, CSV, JSON.

    Exit status: 1 if a rule fails, else 2 if one lacks data, else 0; the pack is written all the same.
    """
    signing = _signing(sign_key, tsa)
    attachments = _attachments(attach)
    if bundles:
        if key is None:
            raise InputError("--bundle", "is given without --key", "Give the exchange's public key file.")
        given = _outside(regime, bundles, _key(key), facts_file, entity, (start, end), attachments)
    elif folder is None:
        raise InputError("report", "has neither --folder nor --bundle", "Name an exchange's folder, or bundles.")
    else:
        given = _embedded(regime, folder, (start, end), attachments)
    made = _pack(regime, kind, given)
    texts = LANGUAGES["ja" if regime == "jfsa" else "en"]
    written = write_pack(
        out, made.documents, made.data, made.extra_files, forms=forms or FORMS, sign=signing, texts=texts
    )
    counts = {result.value: count for result, count in given.counts().items()}
    if as_json:
        files = [file.path for file in written.files]
        emit_json({"counts": counts, "files": files, "manifest": written.manifest_sha256, "notes": dict(made.notes)})
    else:
        click.echo(", ".join(f"{count} {word}" for word, count in counts.items()))
        click.echo(f"open {out / 'index.html'}; {len(written.files)} files, manifest {written.manifest_sha256[:16]}")
    results = {verdict.result for verdict in given.verdicts}
    return 1 if Result.FAIL in results else 2 if Result.INSUFFICIENT in results else 0


def _pack(regime: str, kind: str | None, given: PackInput) -> Pack:
    module = import_module(_PACKS[regime])
    kinds: Sequence[str] = module.KINDS
    if kind is not None and kind not in kinds:
        raise InputError("--kind", f"is no pack of {regime}", f"Choose from {', '.join(kinds)}.")
    made = module.pack(given, kind or kinds[0])
    assert isinstance(made, Pack)
    return made


def _period(regime: str, period: tuple[str | None, str | None], newest: datetime) -> tuple[date, date]:
    """The days asked for; by default the month that ends with the newest statement."""
    start, end = (None if text is None else _day(text) for text in period)
    last = end or calendar(ZONES[regime]).day_of(newest)
    first = start or last - timedelta(days=30)
    if first > last:
        raise InputError("--from", "is after --to", "Give a period with a day.")
    return first, last


def _day(text: str) -> date:
    try:
        day = date.fromisoformat(text)
    except ValueError:
        raise InputError(text[:20], "is no day", "Write it as YYYY-MM-DD.") from None
    if not YEARS[0] <= day.year <= YEARS[1]:
        raise InputError(text[:20], "is no day of ours", f"Give one of the years {YEARS[0]} to {YEARS[1]}.")
    return day


def _now() -> datetime:
    return datetime.fromtimestamp(now_us() // 1_000_000, UTC)


def _embedded(
    regime: str, folder: Path, period: tuple[str | None, str | None], attachments: Mapping[str, Path]
) -> PackInput:
    config, kinds = Config.load(folder), catalogue()
    bundles, key = bundles_in(config.hours), reader_key(config)
    if not bundles:
        raise InputError(str(config.hours), "holds no statement", "Wait for the first full hour.")
    first, last = _period(regime, period, read_statement(bundles[-1], key).hour)
    begin, end = bounds(regime, first, last)
    chain = read_period(bundles, key, begin, end + WINDOW)
    asked = Asked(config.exchange, rule_set(regime), first, last, _now(), attachments, following(chain, regime, last))
    inside = within(chain, regime, first, last)
    with reading(config) as store:
        rooms = [*_log_fact(config, inside[-1].hour), *room_facts(config, inside[-1].hour, store)] if inside else []
        register, results = load_register(config, kinds, store), results_of(config)
        if not inside:
            return pack_input(asked, HourSource(config.entity, inside, register, store, rooms), kinds, [])
        begin, end = inside[0].hour, inside[-1].hour
        if regime == "us-mtl":
            firm = register.facts(end)
            rooms += [*averages(results, kinds, end, firm), *activity(store, begin, end, firm)]
        source = HourSource(config.entity, inside, register, store, rooms)
        newest = results.at(end)
        before = () if newest is None or newest.as_of < begin else newest.verdicts
        with _evaluated(config, regime, begin, end) as kept:
            return pack_input(asked, source, kinds, kept, before)


MANY = 400
"""So many evaluations are worth a process of their own."""


@contextmanager
def _evaluated(config: Config, regime: str, begin: datetime, end: datetime) -> Iterator[Iterator[Evaluated]]:
    """How the rules came out hour by hour: read beside everything else where there are many, and asked for last."""
    results = results_of(config)
    if sum(1 for _ in results.moments(begin, end)) < MANY:
        yield results.evaluated(regime, begin, end)
        return
    with ProcessPoolExecutor(1, get_context("spawn")) as beside:
        reading_them = beside.submit(_read_evaluated, config.folder, regime, begin, end)

        def kept() -> Iterator[Evaluated]:
            found, problems = reading_them.result()
            if problems:
                raise InputErrors(problems)
            yield from found

        yield kept()


def _read_evaluated(
    folder: Path, regime: str, begin: datetime, end: datetime
) -> tuple[list[Evaluated], tuple[InputProblem, ...]]:
    """The evaluations, or what is wrong with them: an error of ours does not travel between processes."""
    try:
        return [*results_of(Config.load(folder)).evaluated(regime, begin, end)], ()
    except InputErrors as error:
        return [], error.problems


def _log_fact(config: Config, hour: datetime) -> list[Fact]:
    """What the evaluation of the hour found of the log, which it reads whole; nothing where there was none."""
    results = results_of(config)
    found = results.at(hour)
    if found is None or found.as_of != hour:
        return []
    fact = results.facts(found, catalogue()).find("log.whole")
    return [] if fact is None else [fact]


def _outside(
    regime: str, bundles: Sequence[Path], key: ReaderKey, facts_file: Path | None, entity: str,
    period: tuple[str | None, str | None], attachments: Mapping[str, Path],
) -> PackInput:  # fmt: skip
    kinds = catalogue()
    folders = [each for path in bundles for each in (bundles_in(path) or [path])]
    chain = read_chain(folders, key)
    first, last = _period(regime, period, chain[-1].hour)
    exchange = chain[-1].document["statement"]["snapshot"].partition("/")[0]
    known = {str(tree["entity"]) for each in chain for tree in (each.snapshot or {}).get("trees", ())}
    if known and entity not in known:
        raise InputError("--entity", "is in no statement of the chain", f"Choose from {', '.join(sorted(known))}.")
    after = following(chain, regime, last)
    asked = Asked(exchange, rule_set(regime), first, last, _now(), attachments, after)
    stated = [] if facts_file is None else firm_file(facts_file, kinds, chain[0].hour)
    source = HourSource(entity, within(chain, regime, first, last), Register(Path(), entity, ()), firm=stated)
    return pack_input(asked, source, kinds, [])


def _key(path: Path) -> ReaderKey:
    try:
        return read_key(read_input(path, "public key"))
    except KeyUnreadable:
        raise InputError(str(path), "is no public key file", "Name the one that `tallystick keys` wrote.") from None


def _attachments(pairs: Sequence[str]) -> dict[str, Path]:
    found = {}
    for pair in pairs:
        name, _, file = pair.partition("=")
        if not name or not file:
            raise InputError("--attach", "is no NAME=FILE", "Give the name by which the pack calls it, and the file.")
        path = Path(file)
        place = f"attachments/{name}{path.suffix}"
        if not FILE_NAME.match(place) or len(place) > 200:
            words = "Use letters, digits, dots and dashes, no '..': it is the file's name in the pack."
            raise InputError("--attach", f"gives the name {name[:40]!r}, which is none for a file of a pack", words)
        if place in found:
            raise InputError("--attach", f"names {name[:40]} twice", "Give each document a name of its own.")
        found[place] = path
    return found


def _signing(key: Path | None, tsa: str | None) -> Signing | None:
    if key is None:
        if tsa is not None:
            raise InputError("--tsa", "is given without --sign", "A time stamp goes into a signature.")
        return None
    password = os.environ.get(PASSWORD)
    signer = load_signer(key, password=None if password is None else password.encode())
    return partial(sign_pdf, signer=signer, timestamper=None if tsa is None else timestamper_of(tsa))
