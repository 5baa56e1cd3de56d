"""Both databases for every test of the store: SQLite in a folder, PostgreSQL from a server of this run."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from ledger.store import Store
from ledger.store.database import database_url, make_engine
from tests.support.postgres import PostgresServer

_NUMBERS = itertools.count(1)


@dataclass
class Database:
    """Places for fresh stores in one kind of database; `server` is None for SQLite."""

    kind: str
    folder: Path
    server: PostgresServer | None
    shared: str | None = None

    def new(self) -> tuple[str, str]:
        """URL and schema of a store that is not there yet."""
        number = next(_NUMBERS)
        if self.server is None:
            return f"sqlite:///{self.folder}/store-{number}.db", "tallystick"
        if self.shared is None:
            self.shared = self.server.new_database()
        return self.shared, f"store_{number}"

    def open(self, place: tuple[str, str] | None = None) -> Store:
        """A store at a place, or at a new one."""
        return Store.open(*(place or self.new()))


@pytest.fixture(params=["sqlite", "postgresql"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """One kind of database after the other."""
    server = request.getfixturevalue("postgres") if request.param == "postgresql" else None
    return Database(request.param, tmp_path, server)


def dump(place: tuple[str, str]) -> dict[str, list[Any]]:
    """Every row of every table, in an order of its own; what two equal stores have in common."""
    engine = make_engine(database_url(place[0]), place[1])
    tables = "position command book holder account balance entry mass placed_order event alembic_version".split()
    with engine.connect() as connection:
        rows = {name: connection.execute(text(f"SELECT * FROM {name}")).fetchall() for name in tables}
    engine.dispose()
    return {name: sorted(map(tuple, found), key=repr) for name, found in rows.items()}
