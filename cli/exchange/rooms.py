"""Facts of the other rooms of compliance, as they stand in an exchange's folder: travel rule, screening, archive.

A room that was never set up states nothing, and the rules that ask it have insufficient data.
"""

from __future__ import annotations

from datetime import datetime

from cli.exchange.config import Config
from cli.screening_folder import ScreeningFolder
from cli.travel_rule_folder import rooms_of
from compliance.facts import Fact, moment_text
from compliance.gathering import PERIOD
from compliance.retention.rule_facts import archive_facts
from compliance.screening import screening_facts
from compliance.screening.facts import screening_fact
from ledger.store import history
from ledger.store.snapshot import StoreSnapshot

__all__ = ["ARCHIVE", "room_facts"]

ARCHIVE = "archive"


def room_facts(config: Config, as_of: datetime, store: StoreSnapshot) -> list[Fact]:
    """What each room has to say as of an hour; raises InputError or CheckFailed for one that does not hold."""
    position = history.position_at(store.session, int(as_of.timestamp()) * 1_000_000)
    found = rooms_of(config.folder, store.session, position, as_of, PERIOD)
    found += archive_facts(config.folder / ARCHIVE, as_of)
    screening = ScreeningFolder(config.folder)
    if screening.path.exists():
        found.append(screening_fact(screening_facts(screening.read_log(), moment_text(as_of))))
    return found
