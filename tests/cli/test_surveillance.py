"""`tallystick surveil` on an exchange's folder: a wash is found, becomes a case, is drafted, and nothing is filed."""

from __future__ import annotations

import json
import stat

import pytest

from cli.common import run
from cli.exchange.words import second_text
from cli.surveillance import surveil
from ledger.commands import PlaceOrders
from tests.cli.exchange.test_hours import BEGIN, HOUR_US, KEYS, MARKET, PEOPLE, Day
from tests.ledger.test_engine import order

ANN, BOB = PEOPLE[:2]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """An exchange on which two accounts of one owner trade with each other, before a restart and after it; stopped."""
    day = Day(tmp_path_factory.mktemp("exchange"))
    day.begin()
    for turn in range(6):
        if turn == 3:
            day.clock.now = (BEGIN // HOUR_US + 1) * HOUR_US
            day.restart()
        day.give(PlaceOrders(ANN, "", (order("ask", 7, 10),)), KEYS[0])
        day.give(PlaceOrders(BOB, "", (order("bid", 7, 10),)), KEYS[1])
    day.exchange.close()
    (day.folder / "tables.json").write_text(json.dumps({"clusters": {ANN: "family", BOB: "family"}, "devices": {}}))
    return day.folder


def call(capsys, *words, status=0):
    capsys.readouterr()
    assert run(surveil, [str(word) for word in words]) == status
    return capsys.readouterr()


def found(capsys, folder, *more):
    words = ("run", "--folder", folder, "--tables", folder / "tables.json", "--json", *more)
    return json.loads(call(capsys, *words).out)


def test_a_run_finds_the_wash_and_names_what_did_not_run(folder, capsys) -> None:
    document = found(capsys, folder)
    [alert] = [each for each in document["alerts"] if each["detector"] == "MA-01"]
    assert alert["accounts"] == sorted([ANN, BOB]) and alert["features"]["self_trades"] == "6"
    assert document["coverage"]["gaps"] == [] and len(document["coverage"]["spans"]) == 1
    assert {"MA-11", "MA-12", "AML-07"} <= {each["detector"] for each in document["not_run"]}
    assert document["hash"] and stat.S_IMODE((folder / "surveillance").stat().st_mode) == 0o700
    text = call(capsys, "run", "--folder", folder).out
    assert "Not run" in text and "log positions 1 to" in text and "0 alerts" in text


def test_the_event_tables_can_be_kept_and_never_mixed(folder, capsys, tmp_path) -> None:
    document = found(capsys, folder, "--events", tmp_path / "events")
    assert list((tmp_path / "events" / "orders" / MARKET).glob("*.parquet")) and document["alerts"]
    words = ("run", "--folder", folder, "--events", tmp_path / "events")
    assert "already holds" in call(capsys, *words, status=2).err


def test_a_period_begins_at_a_checkpoint_and_an_empty_one_is_refused(folder, capsys) -> None:
    [[_, end]] = found(capsys, folder)["coverage"]["spans"]
    later = found(capsys, folder, "--from", second_text((BEGIN // HOUR_US + 1) * HOUR_US))
    [[first, last]] = later["coverage"]["spans"]
    assert 1 < first < last == end and later["coverage"]["money_events"] == 0
    [alert] = [each for each in later["alerts"] if each["detector"] == "MA-01"]
    assert alert["features"]["self_trades"] == "3"
    words = ("run", "--folder", folder, "--from", "2099-01-01")
    assert "leaves no command" in call(capsys, *words, status=2).err
    assert "is no time" in call(capsys, "run", "--folder", folder, "--from", "soon", status=2).err


def test_an_alert_becomes_a_case_with_notes_and_a_draft(folder, capsys, tmp_path) -> None:
    document = found(capsys, folder)
    [alert] = [each for each in document["alerts"] if each["detector"] == "MA-01"]
    case = ("2026-001", "--folder", folder)
    opening = (*case, "--result", document["file"], "--author", "officer")
    assert "names 0 alerts" in call(capsys, "open", *opening, "--alert", "zz", status=2).err
    call(capsys, "open", *opening, "--alert", alert["id"][:12], "--text", "two of one family")
    assert "is there already" in call(capsys, "open", *opening, "--alert", alert["id"], status=2).err
    note = ("note", *case, "--author", "lead")
    assert "cannot be filed" in call(capsys, *note, "--kind", "filed", "--subject", "x", status=2).err
    assert "escalated" in call(capsys, *note, "--kind", "escalated", "--text", "please look").out
    assert "2026-001" in call(capsys, "cases", "--folder", folder).out
    [kept] = json.loads(call(capsys, "cases", "--folder", folder, "--json").out)
    assert kept["status"] == "escalated" and len(kept["notes"]) == 2
    for form in ("stor", "sar", "vara"):
        call(capsys, "draft", *case, "--as", form, "--out", tmp_path, "--firm", "A Platform Ltd")
        draft = json.loads((tmp_path / f"2026-001-{form}-draft.json").read_bytes())
        assert draft["is_filed"] is False and draft["head"] == kept["head"]
        assert "A Platform Ltd" in (tmp_path / f"2026-001-{form}-draft.html").read_text()


def test_a_case_that_was_changed_is_refused(folder, capsys) -> None:
    path = folder / "surveillance" / "cases" / "2026-001.json"
    before = path.read_bytes()
    path.write_bytes(before.replace(b"please look", b"please skip"))
    try:
        assert "another status or head" in call(capsys, "cases", "--folder", folder, status=2).err
        assert call(capsys, "note", "2026-001", "--folder", folder, "--kind", "comment", "--author", "x", status=2).err
    finally:
        path.write_bytes(before)


def test_a_name_of_a_case_leads_nowhere_else(folder, capsys) -> None:
    words = ("note", "../../x", "--folder", folder, "--kind", "comment", "--author", "x")
    assert "is no name of a case" in call(capsys, *words, status=2).err
