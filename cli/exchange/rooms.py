"""Facts of the other rooms of compliance, as they stand in an exchange's folder.

    travel-rule/, archive/, screening/      as their verbs make them
    surveillance/result-*.json, cases/      runs of `tallystick surveil`, and the cases made of them
    statements/PERIOD/index.json            runs of `tallystick statements`
    filings/NAME/manifest.json              files of `tallystick transactions` and `tallystick tax`

A room that was never set up states nothing, and the rules that ask it have insufficient data.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from cli.common import read_input
from cli.exchange.config import Config
from cli.screening_folder import ScreeningFolder
from cli.travel_rule_folder import rooms_of
from compliance.facts import Assurance, Evidence, Fact, Record, moment_text
from compliance.gathering import PERIOD
from compliance.retention.rule_facts import archive_facts
from compliance.screening import screening_facts
from compliance.screening.facts import screening_fact
from compliance.sources.transaction_files import Manifest, field_records, file_records
from compliance.statements import fact_of
from compliance.surveillance.case import Case, read_alerts
from compliance.surveillance.facts import case_fact, stored_detector_fact
from ledger.errors import InputError
from ledger.store import history
from ledger.store.snapshot import StoreSnapshot

__all__ = ["ARCHIVE", "FILINGS", "STATEMENTS", "room_facts"]

ARCHIVE, STATEMENTS, FILINGS, SURVEILLANCE = "archive", "statements", "filings", "surveillance"
LATE = timedelta(days=2)
"""A search of an hour's log is made after the hour, and still says something of it for so long."""


def room_facts(config: Config, as_of: datetime, store: StoreSnapshot) -> list[Fact]:
    """What each room has to say as of an hour; raises InputError or CheckFailed for one that does not hold."""
    position = history.position_at(store.session, int(as_of.timestamp()) * 1_000_000)
    found = rooms_of(config.folder, store.session, position, as_of, PERIOD)
    found += archive_facts(config.folder / ARCHIVE, as_of)
    screening = ScreeningFolder(config.folder)
    if screening.path.exists():
        found.append(screening_fact(screening_facts(screening.read_log(), moment_text(as_of))))
    found += _surveillance(config, as_of)
    found += _statements(config, as_of)
    return found + _filings(config, as_of)


def _documents(config: Config, folder: str, name: str) -> Iterator[tuple[Path, dict[str, Any], Evidence]]:
    """The JSON documents of a name in the folders of a folder; raises InputError for one that cannot be read."""
    for path in sorted((config.folder / folder).glob(f"*/{name}")):
        data = read_input(path, "index")
        try:
            document = json.loads(data)
        except ValueError:
            raise InputError(str(path), "is no JSON", "Make the files of this folder again.") from None
        yield path, document, Evidence(folder, f"{path.parent.name}/{name}", hashlib.sha256(data).hexdigest())


def _surveillance(config: Config, as_of: datetime) -> list[Fact]:
    """The newest result of the detectors up to an hour, and the cases; an alert is as old as the first result of it."""
    folder = config.folder / SURVEILLANCE
    cases = [Case.read(read_input(path, "case")) for path in sorted((folder / "cases").glob("*.json"))]
    results = sorted((_written(path), path) for path in folder.glob("result-*.json"))
    results = [(moment, path) for moment, path in results if moment <= as_of + LATE]
    found = [case_fact(cases, as_of, SURVEILLANCE, {})] if cases or results else []
    if results:
        detected: dict[str, datetime] = {}
        for moment, path in results:
            for alert in read_alerts(read_input(path, "result")):
                detected.setdefault(alert.id, moment)
        ran_at, path = results[-1]
        place = f"{SURVEILLANCE}/{path.name}"
        found.append(stored_detector_fact(read_input(path, "result"), ran_at, cases, place, detected))
    return found


def _written(path: Path) -> datetime:
    return datetime.fromtimestamp(int(path.stat().st_mtime), UTC)


def _statements(config: Config, as_of: datetime) -> list[Fact]:
    """Runs of all clients' statements, by the kind of period."""
    records: dict[str, list[Record]] = {}
    evidence: dict[str, list[Evidence]] = {}
    for _, document, piece in _documents(config, STATEMENTS, "index.json"):
        found = fact_of(document)
        if found is not None:
            records.setdefault(found[0], []).append(found[1])
            evidence.setdefault(found[0], []).append(piece)
    return [Fact(name, tuple(rows), as_of, Assurance.CLAIMED, tuple(evidence[name])) for name, rows in records.items()]


def _filings(config: Config, as_of: datetime) -> list[Fact]:
    """Transaction-level files and what is missing in their records."""
    manifests, pieces = [], []
    for path, document, piece in _documents(config, FILINGS, "manifest.json"):
        manifests.append(Manifest(path.parent.name, _written(path), document))
        pieces.append(piece)
    if not manifests:
        return []
    found = [("eu.files", file_records(manifests)), ("record_fields", field_records(manifests))]
    return [Fact(name, rows, as_of, Assurance.CLAIMED, tuple(pieces)) for name, rows in found]
