"""A replay's balances against a bundle: every amount, root and statement from the replay, or it says what differs."""

from __future__ import annotations

import shutil

import pytest

from por.hour.balances import BalanceRow
from por.hour.close import close_hour
from por.hour.replay import REPLAY_CHECKS, compare_replay
from por.liabilities.kernels import select
from por.manifest import check_files, read_manifest
from tests.ledger.test_engine import PEOPLE
from tests.por.hour.test_close import traded


@pytest.fixture(scope="module")
def closed(tmp_path_factory):
    """A bundle with replay/, and the balances that its log gives."""
    folder = tmp_path_factory.mktemp("hours")
    segment = folder / "segment"
    segment.write_bytes(b"commands")
    hours = traded(folder)
    done = close_hour(hours.job(hours.cut(), replay={"log-00000001": segment}))
    return done.path, hours.rows()


def answers(bundle, rows, **more):
    found = compare_replay(bundle, rows, select(), **more)
    assert tuple(check.name for check in found) == REPLAY_CHECKS
    assert all((check.result == "pass") == (check.assurance == "proven") for check in found)
    return [check.result for check in found]


def test_the_log_gives_what_the_bundle_says(closed):
    bundle, rows = closed
    assert answers(bundle, rows) == ["pass"] * 3
    assert answers(bundle, reversed(rows)) == ["pass"] * 3
    assert answers(bundle, [*rows, BalanceRow("main", "nobody", "", "BTC", 0, 0)]) == ["pass"] * 3


def test_replay_is_a_private_folder_of_the_manifest(closed):
    bundle, _ = closed
    assert sorted(path.name for path in (bundle / "replay").iterdir()) == ["accounts.bin", "log-00000001"]
    manifest = read_manifest((bundle / "manifest.json").read_bytes())
    assert manifest.private["replay"][0] == 2
    assert check_files(bundle, manifest)["replay"] == "pass"


def test_without_subaccounts_the_statements_stay_unchecked(closed):
    bundle, rows = closed
    sums = {}
    for row in rows:
        claim, debt = sums.get((row.account, row.asset), (0, 0))
        sums[row.account, row.asset] = (claim + row.claim, debt + row.debt)
    merged = [BalanceRow("main", who, "", asset, *amounts) for (who, asset), amounts in sums.items()]
    assert answers(bundle, merged, has_lines=False) == ["pass", "pass", "unchecked"]
    assert answers(bundle, merged) == ["pass", "pass", "fail"]


@pytest.mark.parametrize(
    "change",
    [
        lambda rows: [rows[0]._replace(claim=rows[0].claim + 1), *rows[1:]],
        lambda rows: [rows[0]._replace(debt=rows[0].debt + 1), *rows[1:]],
        lambda rows: rows[1:],
        lambda rows: [*rows, rows[0]],
        lambda rows: [*rows, BalanceRow("main", "nobody", "", "BTC", 1, 0)],
        lambda rows: [*rows, BalanceRow("main", PEOPLE[0], "", "EUR", 1, 0)],
        lambda rows: [
            rows[0]._replace(account=next(r.account for r in rows if r.account != rows[0].account)),
            *rows[1:],
        ],
    ],
)
def test_a_log_that_gives_something_else_is_told(closed, change):
    bundle, rows = closed
    assert answers(bundle, change(rows)) == ["fail", "unchecked", "unchecked"]


def test_money_moved_between_subaccounts_changes_the_statements_alone(closed):
    bundle, rows = closed
    bot = next(number for number, row in enumerate(rows) if row.subaccount == "bot")
    moved = [row if number != bot else row._replace(subaccount="other") for number, row in enumerate(rows)]
    assert answers(bundle, moved) == ["pass", "pass", "fail"]


@pytest.mark.parametrize(
    ("name", "data", "result"),
    [
        ("replay/accounts.bin", b"", "fail"),
        ("replay/accounts.bin", b"\0\0\0\1a" * 3 + b"\0\0\0\2ab", "fail"),
        ("replay/accounts.bin", b"\0\0\0\1\xff" * 4, "fail"),
        ("replay/accounts.bin", None, "unchecked"),
        ("liabilities/index.json", b"{}\n", "fail"),
        ("attestation.json", b"{}\n", "fail"),
    ],
)
def test_a_folder_that_is_damaged_or_not_handed_over(closed, tmp_path, name, data, result):
    bundle, rows = closed
    shutil.copytree(bundle, tmp_path / "bundle")
    path = tmp_path / "bundle" / name
    path.unlink()
    if data is not None:
        path.write_bytes(data)
    assert answers(tmp_path / "bundle", rows)[0] == result


def test_another_root_than_the_signed_one_is_told(closed, tmp_path):
    """The folder's salts are part of every root: one that was changed gives another."""
    bundle, rows = closed
    shutil.copytree(bundle, tmp_path / "bundle")
    salts = tmp_path / "bundle" / "liabilities" / "tree-00000-salts.bin"
    salts.write_bytes(bytes(32) + salts.read_bytes()[32:])
    assert answers(tmp_path / "bundle", rows) == ["pass", "fail", "pass"]
