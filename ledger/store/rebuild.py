"""Makes a store again from the log: into a fresh database, which takes the old one's place whole or not at all."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeAlias

from sqlalchemy import URL

from ledger.store.database import SCHEMA, database_url, make_engine, reported, sqlite_path
from ledger.store.errors import StoreOutOfStep, StoreUnusable
from ledger.store.store import Position, Store

__all__ = ["rebuild"]

_SUFFIX: Final = ".rebuild"
Fill: TypeAlias = Callable[[Store], object]
"""Writes every batch of the log into a fresh store, such as by opening a venue that it alone follows."""


def rebuild(url: str, fill: Fill, schema: str = SCHEMA) -> Position:
    """Replace the store at `url` by a fresh one that `fill` wrote, from the log's first command on.

    No store may be open there. If anything fails, the old store is as it was. Raises what `fill` raises,
    StoreOutOfStep if it wrote nothing, and StoreUnusable if the old store is in use.
    """
    address = database_url(url)
    if address.get_backend_name() == "sqlite":
        return _rebuild_sqlite(sqlite_path(address), fill)
    return _rebuild_postgres(url, address, fill, schema)


def _filled(url: str, fill: Fill, schema: str = SCHEMA) -> Position:
    with Store.open(url, schema) as store:
        fill(store)
        position = store.position
    if position is None:
        raise StoreOutOfStep("The log holds no command, so there is no store to make of it")
    return position


def _rebuild_sqlite(path: Path, fill: Fill) -> Position:
    fresh = path.with_name(path.name + _SUFFIX)
    _remove(fresh)
    try:
        position = _filled(f"sqlite:///{fresh}", fill)
        with reported():
            # From here on the file is all there is of it: no log beside it that the old one's could be taken for.
            _fold(fresh)
            _fold_old(path)
        os.replace(fresh, path)
    finally:
        _remove(fresh)
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
    return position


def _remove(path: Path) -> None:
    for suffix in ("", "-wal", "-shm", "-journal"):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def _fold(path: Path) -> None:
    """Bring a database's log into its file, on disk, and leave none. Needs to be the only one who has it open."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=0)
    try:
        connection.execute("PRAGMA synchronous=FULL")
        ((mode,),) = connection.execute("PRAGMA journal_mode=DELETE").fetchall()
    finally:
        connection.close()
    if mode != "delete":
        raise StoreUnusable("the old store is in use: stop the exchange and whoever reads its store")


def _fold_old(path: Path) -> None:
    """The same for the store that is to be replaced; one that is no database any more loses its log with it."""
    if not path.exists():
        return
    try:
        _fold(path)
    except sqlite3.OperationalError:
        raise StoreUnusable("the old store is in use: stop the exchange and whoever reads its store") from None
    except sqlite3.DatabaseError:
        for suffix in ("-wal", "-shm"):
            path.with_name(path.name + suffix).unlink(missing_ok=True)


def _rebuild_postgres(url: str, address: URL, fill: Fill, schema: str) -> Position:
    fresh = f"{schema}_rebuild"
    engine = make_engine(address, schema)
    with reported(), engine.begin() as connection:
        connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{fresh}" CASCADE')
    try:
        position = _filled(url, fill, fresh)
        with reported(), engine.begin() as connection:
            connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{schema}" CASCADE')
            connection.exec_driver_sql(f'ALTER SCHEMA "{fresh}" RENAME TO "{schema}"')
    finally:
        with reported(), engine.begin() as connection:
            connection.exec_driver_sql(f'DROP SCHEMA IF EXISTS "{fresh}" CASCADE')
        engine.dispose()
    return position
