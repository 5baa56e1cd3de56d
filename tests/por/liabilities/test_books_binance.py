"""The wide format against the files that the exchange itself publishes, and against bad ones."""

from __future__ import annotations

import csv
from decimal import Decimal
from pathlib import Path

import pytest

from ledger.assets import AssetTable
from ledger.errors import InputErrors
from por.liabilities.books import read_books

SAMPLE = Path(__file__).resolve().parents[3].parent / "shared" / "data" / "binance"
ASSETS = AssetTable.from_toml(
    b"[assets.BTC]\nscale=8\n[assets.ETH]\nscale=8\n[assets.BNB]\nscale=8\n[assets.SHIB]\nscale=2\n", "a"
)
HEADER = "rn,id,e_btc,d_btc,btc,e_eth,d_eth,total\n"


def sample_files() -> list[Path]:
    """The published files, looked for beside the repository and, in a worktree of it, one folder further up."""
    for folder in (SAMPLE, SAMPLE.parents[3] / "shared" / "data" / "binance"):
        if folder.is_dir():
            return sorted(folder.glob("sample_users*.csv"))
    pytest.skip("the folder ../shared/data/binance is absent")


def test_the_published_sample_adds_up_to_an_independent_sum() -> None:
    files = sample_files()
    books = read_books(files, "binance", ASSETS)
    sums: dict[str, list[Decimal]] = {}
    ids = []
    for path in files:
        with path.open(newline="") as file:
            for row in csv.DictReader(file):
                ids.append(row["id"])
                for asset in ("btc", "eth", "bnb", "shib"):
                    total = sums.setdefault(asset.upper(), [Decimal(0), Decimal(0)])
                    total[0] += Decimal(row[f"e_{asset}"])
                    total[1] += Decimal(row[f"d_{asset}"])
    assert [books.account_id(account) for account in range(len(books))] == ids and len(ids) == 200
    assert books.rows_read == 200 and books.trees == tuple(("main", asset) for asset in sorted(sums))
    for tree, (_, asset) in enumerate(books.trees):
        rows = books.leaf_amounts[books.leaf_tree == tree]
        scale = ASSETS[asset].scale
        for side in range(2):
            quanta = sum(int.from_bytes(bytes(row[16 * side : 16 * side + 16])) for row in rows)
            assert Decimal(quanta).scaleb(-scale) == sums[asset][side]


def _write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "users.csv"
    path.write_text(text)
    return path


def _problems(tmp_path: Path, text: str) -> list[tuple[int | None, str | None, str]]:
    with pytest.raises(InputErrors) as raised:
        read_books(_write(tmp_path, text), "binance", ASSETS)
    assert all(problem.remedy for problem in raised.value.problems)
    return [(problem.row, problem.column, problem.problem) for problem in raised.value.problems]


def test_noise_in_other_columns_does_not_matter(tmp_path: Path) -> None:
    text = HEADER + "x,u1,1.5,0,0.07843069000000008,0,2,1e-17\n-1,u2,0,0,NaN,0,0.0,\n"
    books = read_books(_write(tmp_path, text), "binance", ASSETS)
    assert len(books) == 1 and books.zero_accounts == 1 and books.account_id(0) == "u1"
    assert [books.trees[tree] for tree in books.line_tree] == [("main", "BTC"), ("main", "ETH")]
    assert [int.from_bytes(bytes(row[16:])) for row in books.line_amounts] == [0, 2 * 10**8]


def test_all_bad_rows_are_reported_at_once(tmp_path: Path) -> None:
    text = HEADER + "0,a,-1,0,,0,0,\n1,b,1,-1,,0,0,\n2,a,0,0,,0,0,\n3,,1,0,,1e5,0.123456789,\n4,c\n"
    assert _problems(tmp_path, text) == [
        (2, "e_btc", "the amount is negative"),
        (3, "d_btc", "the amount is negative"),
        (4, "id", "the same id as row 2"),
        (5, "id", "the name is empty"),
        (5, "e_eth", "the amount is written with an exponent"),
        (5, "d_eth", "the amount has more decimals than the asset's scale, 8"),
        (6, None, "the row has too few columns: 2, and the header has 8"),
    ]


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("rn,e_btc,d_btc", [(1, None, "there is no header with a column id")]),
        ("id,rn", [(1, None, "no asset has columns")]),
        ("id,e_btc", [(1, "d_btc", "this column is missing")]),
        ("id,d_btc", [(1, "e_btc", "this column is missing")]),
        ("id,e_doge,d_doge", [(1, "e_doge", "the asset is not in the assets file")]),
        ("id,e_btc,d_btc,E_BTC", [(1, "e_btc", "the header names this column twice")]),
        ("id,id,e_btc,d_btc", [(1, "id", "the header names this column twice")]),
    ],
)
def test_a_bad_header_is_the_problem(tmp_path: Path, header: str, expected: list[tuple[int, str | None, str]]) -> None:
    assert _problems(tmp_path, header + "\n") == expected
