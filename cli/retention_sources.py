"""Where in an exchange's folder the records of a day are, for the archive; the room of retention knows none of it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Final

from cli.common import read_input
from cli.exchange.config import Config
from cli.exchange.judging import register_path, results_of
from cli.exchange.published import ATTESTATION
from compliance.retention.classes import RecordClass, Regime
from compliance.retention.gather import FolderSource, Hour, Sources, StatementFile
from ledger.errors import InputError
from ledger.log import LogReader
from por.snapshot import SnapshotId
from por.verify.standalone import Malformed, read_attestation

__all__ = ["read_regimes", "record_class", "sources_of"]

_STATEMENT: Final = re.compile(r"statement-(.+)-(\d{4}-\d\d-\d\d)-(\d{4}-\d\d-\d\d)\.(html|pdf|csv)\Z")


def record_class(text: str) -> RecordClass:
    """A record class by its name; raises InputError."""
    try:
        return RecordClass(text)
    except ValueError:
        names = ", ".join(each.value for each in RecordClass)
        raise InputError(text[:80], "is no record class", f"Name one of: {names}.") from None


def read_regimes(names: Sequence[str]) -> tuple[Regime, ...]:
    """Regimes by their names, each once, in order; raises InputError."""
    try:
        return tuple(sorted({Regime(name) for name in names} or set(Regime)))
    except ValueError as error:
        known = ", ".join(each.value for each in Regime)
        raise InputError("--regime", str(error), f"Name some of: {known}.") from None


def sources_of(
    config: Config, day: date, regimes: tuple[Regime, ...], added: Sequence[str], statements: Path | None
) -> Sources:
    """The records of a day: hours and log of the exchange, folders named as CLASS=PATH, customers' statements."""
    genesis = config.genesis()
    reader = LogReader(config.paths.log, genesis.exchange, genesis.hash)
    return Sources(
        base=config.folder,
        regimes=regimes,
        hours=tuple(_hours(config.hours, day)),
        segments=tuple(path for path, _ in reader.segments[:-1]),
        folders=(*_own_folders(config), *(_folder(config, text) for text in added)),
        statements=() if statements is None else tuple(_statements(statements)),
    )


def _hours(folder: Path, day: date) -> Iterator[Hour]:
    """The statements whose hour ended on a day, missed and failed ones too. Names of bundles begin with the hour."""
    bundles = sorted(folder.glob(f"{day.isoformat()}T*")) if folder.is_dir() else []
    for bundle in bundles:
        path = bundle / ATTESTATION
        if not path.is_file():
            continue
        try:
            document = read_attestation(read_input(path, "attestation"))
        except Malformed as problem:
            raise InputError(str(path), f"is no attestation ({problem})", "Restore the bundle.") from None
        sections = document["sections"]
        ledger = (sections.get("snapshot") or sections.get("failed") or {}).get("ledger") or {}
        hour = SnapshotId.parse(document["statement"]["snapshot"]).hour
        yield Hour(bundle, hour, ledger.get("position"), ledger.get("head"))


def _own_folders(config: Config) -> Iterator[FolderSource]:
    """What every exchange has: the day's evaluations, and the firm's register as it is now."""
    yield FolderSource(results_of(config).folder, RecordClass.COMPLIANCE_RESULT, of_day=True)
    yield FolderSource(register_path(config), RecordClass.COMPLIANCE_RESULT)


def _folder(config: Config, text: str) -> FolderSource:
    name, separator, path = text.partition("=")
    folder = config.folder / path
    if not separator or not path or not folder.is_dir():
        raise InputError("--add", f"{text[:80]} names no folder", "Write CLASS=FOLDER, a folder of the exchange's own.")
    if not folder.resolve().is_relative_to(config.folder.resolve()):
        raise InputError("--add", f"{path} is outside the exchange's folder", "Move the files into it.")
    return FolderSource(folder, record_class(name))


def _statements(folder: Path) -> list[StatementFile]:
    """The files that `tallystick statement` wrote into a folder; raises InputError for one that is none of them."""
    found = []
    for path in sorted(each for each in folder.iterdir() if not each.name.startswith(".")):
        match = _STATEMENT.match(path.name)
        if match is None:
            raise InputError(str(path), "is no statement of a customer", "Keep statements in a folder of their own.")
        account, start, end, form = match.groups()
        found.append(StatementFile(path, account, f"{start}/{end}/{form}"))
    return found
