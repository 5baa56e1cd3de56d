"""The other sources: Parquet and SQL give what CSV gives, floats are refused, and passwords stay out of messages."""

from __future__ import annotations

import csv
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy

from ledger.assets import AssetTable
from ledger.errors import InputErrors
from por.liabilities.books import BookFormat, Books, SqlQuery, read_books
from por.liabilities.intake import batch, sql_source

pyarrow = pytest.importorskip("pyarrow", reason="the extra `parquet` is not installed")
pytest.importorskip("pyarrow.parquet", reason="the extra `parquet` is not installed")

ASSETS = AssetTable.from_toml(b"[assets.BTC]\nscale=8\n[assets.ETH]\nscale=18\n", "assets.toml")
COLUMNS = ("account", "asset", "claim", "debt", "subaccount", "kind", "entity", "relation")
ROWS = [
    ("alice@example.com", "BTC", "1.5", "0", "", "email", "main", "customer"),
    ("Zo\u00eb", "ETH", "0.000000000000000001", "3", "x", "assigned", "eu", "staff"),
    ("alice@example.com", "BTC", "0", "2.25", "hedge", "email", "main", "customer"),
    ("nobody", "ETH", "0", "0.00", "", "key", "main", "house"),
    ("bob", "ETH", "100000000000000000000.5", "0", "", "assigned", "main", "vault"),
]
QUERY = "SELECT * FROM balances ORDER BY rowid"


def _csv(path: Path, rows: Sequence[tuple[str, ...]] = ROWS) -> Path:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([COLUMNS, *rows])
    return path


def _parquet(path: Path, columns: dict[str, Any]) -> Path:
    pyarrow.parquet.write_table(pyarrow.table(columns), path, row_group_size=2)
    return path


def _sqlite(path: Path, types: dict[str, str], rows: Sequence[tuple[object, ...]]) -> SqlQuery:
    engine = sqlalchemy.create_engine(f"sqlite:///{path}")
    with engine.begin() as connection:
        columns = ", ".join(f"{name} {kind}" for name, kind in types.items())
        connection.exec_driver_sql(f"CREATE TABLE balances ({columns})")
        marks = ", ".join("?" * len(types))
        connection.exec_driver_sql(f"INSERT INTO balances VALUES ({marks})", rows)
    engine.dispose()
    return SqlQuery(f"sqlite:///{path}", QUERY)


def same(left: Books, right: Books) -> bool:
    """Whether everything but the description of the sources is equal."""
    for name in Books.__slots__:
        mine, other = getattr(left, name), getattr(right, name)
        if name != "sources" and not (np.array_equal(mine, other) if isinstance(mine, np.ndarray) else mine == other):
            return False
    return True


def _columns(rows: Sequence[tuple[str, ...]]) -> dict[str, list[str]]:
    return {name: [row[at] for row in rows] for at, name in enumerate(COLUMNS)}


def test_csv_parquet_and_sql_give_the_same_books(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sql_source, "BATCH_ROWS", 2)
    from_csv = read_books(_csv(tmp_path / "b.csv"), "csv", ASSETS)
    from_parquet = read_books(_parquet(tmp_path / "b.parquet", _columns(ROWS)), "parquet", ASSETS)
    query = _sqlite(tmp_path / "b.db", dict.fromkeys(COLUMNS, "TEXT"), list(ROWS))
    from_sql = read_books(query, "sql", ASSETS)
    assert same(from_csv, from_parquet) and same(from_csv, from_sql)
    assert from_csv.rows_read == from_parquet.rows_read == from_sql.rows_read == 5
    assert from_parquet.sources[0].sha256 and from_sql.sources[0].sha256 is None
    assert from_csv.zero_accounts == 1 and batch.BATCH_ROWS > 2


def test_decimal_integer_null_and_dictionary_columns_are_exact(tmp_path: Path) -> None:
    columns = _columns(ROWS) | {
        "claim": pyarrow.array([Decimal(row[2]) for row in ROWS], pyarrow.decimal256(50, 18)),
        "debt": pyarrow.array([Decimal(row[3]) for row in ROWS], pyarrow.decimal128(10, 2)),
        "asset": pyarrow.array([row[1] for row in ROWS]).dictionary_encode(),
        "subaccount": pyarrow.array([row[4] or None for row in ROWS]),
    }
    from_parquet = read_books(_parquet(tmp_path / "b.parquet", columns), "parquet", ASSETS)
    assert same(read_books(_csv(tmp_path / "b.csv"), "csv", ASSETS), from_parquet)


def test_integers_of_a_database_are_whole_units_and_null_names_are_defaults(tmp_path: Path) -> None:
    types = {"account": "TEXT", "asset": "TEXT", "claim": "INTEGER", "kind": "TEXT", "entity": "TEXT"}
    query = _sqlite(tmp_path / "b.db", types, [("a", "BTC", 7, None, None)])
    books = read_books(query, "sql", ASSETS)
    assert int.from_bytes(bytes(books.line_amounts[0, :16])) == 7 * 10**8 and books.trees[0] == ("main", "BTC")


def _problems(source: Path | SqlQuery, fmt: BookFormat) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(InputErrors) as raised:
        read_books(source, fmt, ASSETS)
    assert all(problem.remedy for problem in raised.value.problems)
    return [(problem.row, problem.column, problem.problem) for problem in raised.value.problems]


def test_float_columns_of_parquet_are_refused_before_a_row_is_read(tmp_path: Path) -> None:
    columns = _columns(ROWS) | {"claim": [1.5] * 5, "debt": pyarrow.array([1.0] * 5, pyarrow.float32())}
    expected = [(None, "claim", "the column holds floats"), (None, "debt", "the column holds floats")]
    assert _problems(_parquet(tmp_path / "b.parquet", columns), "parquet") == expected


def test_other_types_of_parquet_are_refused(tmp_path: Path) -> None:
    columns = _columns(ROWS) | {"claim": [True] * 5, "account": [b"a"] * 5}
    found = _problems(_parquet(tmp_path / "b.parquet", columns), "parquet")
    assert found == [(None, "account", "the column is of type binary"), (None, "claim", "the column is of type bool")]


def test_bad_rows_of_parquet_are_counted_from_one(tmp_path: Path) -> None:
    columns = {"account": ["a", "b", "", "d"], "asset": ["BTC"] * 4, "claim": ["1", "-1", "1", None]}
    assert _problems(_parquet(tmp_path / "b.parquet", columns), "parquet") == [
        (2, "claim", "the amount is negative"),
        (3, "account", "the name is empty"),
        (4, "claim", "the amount is empty"),
    ]


def test_what_is_no_parquet_is_refused(tmp_path: Path) -> None:
    assert "no readable Parquet" in _problems(_csv(tmp_path / "b.csv"), "parquet")[0][2]
    assert "cannot be read" in _problems(tmp_path / "absent.parquet", "parquet")[0][2]


def test_without_pyarrow_the_remedy_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(InputErrors, match=r"pip install 'tallystick\[parquet\]'"):
        read_books(_csv(tmp_path / "b.parquet"), "parquet", ASSETS)


def test_floats_of_a_database_are_refused_row_by_row(tmp_path: Path) -> None:
    types = {"account": "TEXT", "asset": "TEXT", "claim": "REAL"}
    query = _sqlite(tmp_path / "b.db", types, [("a", "BTC", 1.5), ("b", "BTC", 2.5)])
    assert _problems(query, "sql") == [(1, "claim", "this is a float"), (2, "claim", "this is a float")]


def test_bytes_of_a_database_are_refused(tmp_path: Path) -> None:
    query = _sqlite(tmp_path / "b.db", {"account": "BLOB", "asset": "TEXT", "claim": "TEXT"}, [(b"a", "BTC", "1")])
    assert _problems(query, "sql") == [(1, "account", "this is a value of type bytes")]


def test_a_query_with_other_columns_or_a_mistake_is_refused(tmp_path: Path) -> None:
    query = _sqlite(tmp_path / "b.db", {"account": "TEXT", "asset": "TEXT", "amount": "TEXT"}, [("a", "BTC", "1")])
    assert [row[1] for row in _problems(query, "sql")] == ["claim", "amount"]
    renamed = SqlQuery(query.url, "SELECT account, asset, amount AS claim FROM balances")
    assert len(read_books(renamed, "sql", ASSETS)) == 1
    assert "no such table" in _problems(SqlQuery(query.url, "SELECT * FROM absent"), "sql")[0][2]
    assert "returns no rows" in _problems(SqlQuery(query.url, "CREATE TABLE t (a TEXT)"), "sql")[0][2]


def test_a_query_changes_nothing(tmp_path: Path) -> None:
    query = _sqlite(tmp_path / "b.db", {"account": "TEXT", "asset": "TEXT", "claim": "TEXT"}, [("a", "BTC", "1")])
    read_books(SqlQuery(query.url, "DELETE FROM balances RETURNING account, asset, claim"), "sql", ASSETS)
    assert read_books(query, "sql", ASSETS).rows_read == 1


@pytest.mark.parametrize(
    "url",
    [
        "nodialect://user:p%40ssw0rd@host/db?sslpassword=s3cret",
        "user:p@ssw0rd s3cret",
        "postgresql+absent://user:p%40ssw0rd@host:1/db?sslpassword=s3cret",
        "sqlite:////nowhere/p%40ssw0rd/../absent/x.db?password=s3cret",
        "postgresql://user:p%40ssw0rd@host:port/db?sslpassword=s3cret",
    ],
)
@pytest.mark.filterwarnings("ignore:Query string argument")
def test_the_password_of_a_url_never_enters_a_message(url: str) -> None:
    query = SqlQuery(url, "SELECT 1")
    with pytest.raises(InputErrors) as raised:
        read_books(query, "sql", ASSETS)
    shown = str(raised.value) + repr(query)
    assert "s3cret" not in shown and ("ssw0rd" not in shown or url.startswith("sqlite"))
    assert raised.value.__cause__ is None and raised.value.__suppress_context__ == (
        raised.value.__context__ is not None
    )
