"""Rows of a query on any SQLAlchemy URL as batches, through a server-side cursor where the database has one.

The transaction is never committed. Neither the password nor any other part of the URL after the database's name
enters a message: driver texts are shown with these parts cut out, and without the error that carried them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib import import_module
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, quote_plus

import numpy as np

from por.liabilities.intake.batch import BATCH_ROWS, Batch
from por.liabilities.intake.csv_source import ChooseColumns
from por.liabilities.intake.problems import Problems
from por.liabilities.intake.values import as_texts

if TYPE_CHECKING:
    from sqlalchemy import URL

__all__ = ["SqlQuery", "SqlSource"]


@dataclass(frozen=True, slots=True)
class SqlQuery:
    """A SQLAlchemy URL and one SELECT whose columns are named as in CSV; neither shows in its repr."""

    url: str = field(repr=False)
    query: str = field(repr=False)


class SqlSource:
    """One query; rows count from 1 in the order in which the database gives them."""

    def __init__(self, query: SqlQuery, problems: Problems) -> None:
        self.problems = problems
        self.rows_read = 0
        self._query = query.query
        self._url: URL | None = None
        self._sqlalchemy = import_module("sqlalchemy")  # here, because only this source pays for loading it
        self._secrets: list[str] = []
        self.file = "database"
        try:
            url: URL = self._sqlalchemy.make_url(query.url)
        except (self._sqlalchemy.exc.SQLAlchemyError, ValueError):
            remedy = "Write it as dialect+driver://user:password@host:port/database"
            problems.add(self.file, "the database URL cannot be read", remedy)
            return
        self._url, self.file, self._secrets = url, _described(url), _secrets(url)

    def batches(self, choose: ChooseColumns) -> Iterator[Batch]:
        """Rows as columns of text, the columns being those that `choose` names. Problems go to `problems`."""
        if self._url is None:
            return
        try:
            engine = self._sqlalchemy.create_engine(self._url)
            try:
                with engine.connect().execution_options(stream_results=True, yield_per=BATCH_ROWS) as connection:
                    yield from self._read(connection.execute(self._sqlalchemy.text(self._query)), choose)
            finally:
                engine.dispose()
        except ImportError as error:
            remedy = "Install the driver that the URL names"
            self.problems.add(self.file, f"the database driver {error.name or ''} is not installed", remedy)
        except (self._sqlalchemy.exc.SQLAlchemyError, ValueError, TypeError) as error:
            self.problems.add(self.file, f"the query failed ({self._scrubbed(error)})", "Check the URL and the query")

    def _read(self, result: Any, choose: ChooseColumns) -> Iterator[Batch]:
        if not result.returns_rows:
            self.problems.add(self.file, "the query returns no rows", "Write one SELECT")
            return
        positions = choose(self.file, list(result.keys()), self.problems, None)
        if positions is None:
            return
        for part in result.partitions(BATCH_ROWS):
            rows = np.arange(self.rows_read + 1, self.rows_read + 1 + len(part), dtype=np.int64)
            self.rows_read += len(part)
            columns = list(zip(*part, strict=True))
            texts = {
                name: as_texts(self.file, name, columns[at], rows, self.problems) for name, at in positions.items()
            }
            yield Batch(self.file, rows, texts)

    def _scrubbed(self, error: Exception) -> str:
        """The driver's own words on one line, with the URL's secrets cut out and without statement or parameters.

        Errors about a value are named by their type alone: their words repeat the value.
        """
        errors = self._sqlalchemy.exc
        if not isinstance(error, errors.SQLAlchemyError) or isinstance(error, errors.DataError):
            return type(error).__name__
        text = str(getattr(error, "orig", None) or (error.args[0] if error.args else ""))
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return f"{type(error).__name__}: {' '.join(text.split())[:200]}"


def _described(url: URL) -> str:
    """The URL as far as a message may show it: no user, no password, no options."""
    port = f":{url.port}" if url.port else ""
    return f"{url.drivername}://{url.host or ''}{port}/{url.database or ''}"


def _secrets(url: URL) -> list[str]:
    """What may not be shown, longest first: the password and every option's value, each also as a URL spells it."""
    values = [url.password or ""]
    for option in url.query.values():
        values.extend([option] if isinstance(option, str) else option)
    spelled = {form for value in values if value for form in (value, quote(value), quote(value, ""), quote_plus(value))}
    return sorted(spelled, key=len, reverse=True)
