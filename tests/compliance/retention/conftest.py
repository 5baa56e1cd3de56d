"""An archive in a folder, its keys and operators, and a time stamp authority, for every test of the room."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from compliance.retention.archive import Archive, Genesis, create_archive
from compliance.retention.authority import Operator
from compliance.retention.classes import RecordClass, Regime
from compliance.retention.records import Document
from ledger.keys import SigningKey
from tests.support.tsa import LocalAuthority

MASTER = bytes(range(32))
DAY_KEY, ANN, BEN, EVE = (SigningKey(bytes([number]) * 32) for number in (1, 2, 3, 4))
OPERATORS = tuple(sorted([Operator(ANN.public, "ann"), Operator(BEN.public, "ben")]))
EPOCH = date(1970, 1, 1)
DAY_US = 86_400_000_000


def micros(text: str) -> int:
    """Microseconds of a day or a time, UTC."""
    return int(datetime.fromisoformat(text + "+00:00" if "T" in text else text + "T00:00+00:00").timestamp()) * 10**6


def document(archive: Archive, name: str, **more) -> Document:
    """A record in the clear, for the house and Dubai unless something else is said."""
    fields = {
        "record_class": RecordClass.TRADE,
        "name": name,
        "created": date(2026, 11, 20),
        "regimes": (Regime.VARA,),
        "valid_from": micros("2026-11-20"),
        **more,
    }
    payload = fields.pop("payload", None) or archive.store(name.encode())
    return Document(payload=payload, **fields)


GENESIS = Genesis("small.exchange", "main", micros("2026-11-01"), DAY_KEY.public, OPERATORS)
IDENTITY = GENESIS.hash.hex()
"""What orders name."""


def make(folder: Path) -> Path:
    """A new archive's folder."""
    create_archive(folder, GENESIS)
    return folder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return make(tmp_path / "archive")


@pytest.fixture(scope="session")
def authority() -> LocalAuthority:
    """Its clock stands after every day of the tests, whatever this machine's says."""
    return LocalAuthority(now=datetime(2026, 12, 1, tzinfo=UTC))
