"""Opening a database: its URL, its settings, and its schema brought up to date.

SQLite runs with a write-ahead log and `synchronous=FULL`: what was committed survives a power cut, and readers keep
their snapshot while the writer goes on. On PostgreSQL the tables stand in a schema of their own, so that a rebuild can
swap it whole. Connections commit by themselves unless a transaction is begun.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.exc import ArgumentError, SQLAlchemyError
from sqlalchemy.pool import NullPool
from sqlmodel import Session

from ledger.errors import InputError
from ledger.store.errors import StoreNewer, StoreUnusable

__all__ = [
    "SCHEMA",
    "check_schema",
    "database_url",
    "make_engine",
    "make_session",
    "reported",
    "sqlite_path",
    "upgrade",
]

SCHEMA: Final = "tallystick"
"""The schema of the tables on PostgreSQL."""
MIGRATIONS: Final = Path(__file__).resolve().parent / "migrations"
_SQLITE_SETTINGS: Final = (
    "PRAGMA journal_mode=WAL",
    "PRAGMA synchronous=FULL",
    "PRAGMA foreign_keys=OFF",
    "PRAGMA cache_size=-65536",
    "PRAGMA wal_autocheckpoint=4000",
    "PRAGMA busy_timeout=10000",
)
_CREATE_SCHEMA: Final = 'CREATE SCHEMA IF NOT EXISTS "{}"'


def database_url(text: str) -> URL:
    """The URL of a store: `sqlite:///PATH` or `postgresql://...`. Raises InputError for any other."""
    try:
        url = make_url(text)
    except ArgumentError:
        raise InputError("store", "this is no database URL", "Write sqlite:///PATH or postgresql://HOST/NAME") from None
    backend = url.get_backend_name()
    if backend == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if backend != "sqlite":
        raise InputError("store", "this database is not supported", "Use sqlite:///PATH or postgresql://HOST/NAME")
    if url.database in (None, "", ":memory:"):
        raise InputError("store", "a database in memory keeps nothing", "Name a file: sqlite:///PATH")
    return url.set(drivername="sqlite+pysqlite")


def sqlite_path(url: URL) -> Path:
    """The file of a SQLite store."""
    assert url.get_backend_name() == "sqlite" and url.database, "only SQLite is one file"
    return Path(url.database)


def make_engine(url: URL, schema: str = SCHEMA) -> Engine:
    """An engine whose connections carry the store's settings. Nothing connects yet."""
    engine = create_engine(url, poolclass=NullPool, hide_parameters=True)
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _set_up_sqlite)
        event.listen(engine, "begin", _begin_sqlite)
    else:
        event.listen(engine, "connect", lambda connection, _: _set_up_postgres(connection, schema))
    return engine


def make_session(engine: Engine) -> Session:
    """A session each of whose transactions sees one state of the database."""
    if engine.dialect.name == "postgresql":
        engine = engine.execution_options(isolation_level="REPEATABLE READ")
    return Session(engine)


def _set_up_sqlite(connection: Any, _record: object) -> None:
    # Without this the driver begins and ends transactions as it sees fit.
    connection.isolation_level = None
    for setting in _SQLITE_SETTINGS:
        connection.execute(setting).close()


def _begin_sqlite(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


def _set_up_postgres(connection: Any, schema: str) -> None:
    connection.execute(f'SET search_path TO "{schema}"')
    connection.commit()


@contextmanager
def reported() -> Iterator[None]:
    """Turn the errors of databases into `StoreUnusable`. Their texts may quote rows, so only their kinds are kept."""
    try:
        yield
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", None) or error
        raise StoreUnusable(_words(cause)) from None
    except Exception as error:
        if not any(kind.__module__.split(".")[0] in ("sqlite3", "psycopg") for kind in type(error).__mro__):
            raise
        raise StoreUnusable(_words(error)) from None


def _words(error: BaseException) -> str:
    code = getattr(error, "sqlstate", None) or getattr(error, "sqlite_errorname", None)
    kind = type(error).__name__ + (f", {code}" if code else "")
    return f"the store's database refused ({kind}). See that it runs, that its disk has room and who else uses it"


def _config() -> Config:
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    return config


def _revision(connection: Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def upgrade(engine: Engine, schema: str = SCHEMA) -> None:
    """Create the tables or bring them to this program's version, in one transaction.

    Raises StoreNewer if a newer program wrote them.
    """
    scripts = ScriptDirectory.from_config(_config())
    known = {script.revision for script in scripts.walk_revisions()}
    with reported(), engine.begin() as connection:
        if engine.dialect.name == "postgresql":
            connection.exec_driver_sql(_CREATE_SCHEMA.format(schema))
        found = _revision(connection)
        if found is not None and found not in known:
            raise StoreNewer("A newer version of Tallystick wrote this store: open it with that version or a later one")
        if found != scripts.get_current_head():
            config = _config()
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


def check_schema(connection: Connection) -> None:
    """For readers, which change nothing: raises StoreNewer unless the tables have this program's version."""
    if _revision(connection) != ScriptDirectory.from_config(_config()).get_current_head():
        raise StoreNewer("The store's tables have another version than this program: let the exchange open it first")
