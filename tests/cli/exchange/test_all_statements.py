"""All customers' statements in one run: each is what the verb for one makes, a stopped run goes on."""

from __future__ import annotations

import json
from datetime import date, datetime

import pytest

from cli.common import run
from cli.exchange import all_statements
from cli.exchange.all_statements import Run, write_all
from cli.exchange.config import Config
from cli.exchange.reading import reading
from cli.exchange.statement_facts import Period, gather
from cli.exchange.words import read_time
from cli.statement_render import render_csv, render_html
from compliance.catalogue import SHARED, by_name
from compliance.statements import clock_states, fact_of, period_kind
from ledger.errors import CheckFailed, InputError
from tests.support.traded import PEOPLE, random_day, small_day

MONTH = ("2026-09-01", "2026-10-01")
NOW = read_time("2026-10-26T08:00:00Z", "now")


def quiet(stage, done, total):
    pass


def plan(folder, out, start=MONTH[0], end=MONTH[1], formats=("html", "csv")):
    return Run(folder, out, read_time(start, ""), read_time(end, ""), formats)


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    made = [tmp_path_factory.mktemp(name) for name in ("small", "random")]
    small_day(made[0]).close()
    random_day(made[1], 3, 60).close()
    return made


def body(text):
    """A statement without the time at which it was prepared."""
    return [line for line in text.splitlines() if "prepared" not in line]


def files_of(out, form):
    return {path.name.split("-")[1]: path.read_text() for path in out.glob(f"*/statement-*.{form}")}


@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize(("start", "end"), [MONTH, ("2026-09-02", "2026-10-02")])
def test_each_is_what_the_verb_for_one_makes(folders, tmp_path, number, start, end):
    index = write_all(plan(folders[number], tmp_path, start, end), lambda: NOW, quiet)
    assert (index["expected"], index["prepared"], index["failed"]) == (4, 4, 0)
    config = Config.load(folders[number])
    with reading(config) as store:
        period = Period.of(store.session, config.hours, read_time(start, ""), read_time(end, ""))
        one = {who: gather(store.session, config, who, period, NOW, quiet) for who in PEOPLE}
    assert files_of(tmp_path, "csv") == {
        who: render_csv(data).decode().replace("\r\n", "\n") for who, data in one.items()
    }
    assert files_of(tmp_path, "html") == {who: render_html(data) for who, data in one.items()}
    assert any(data.open_orders for data in one.values())
    assert not (tmp_path / ".shared.sqlite").exists()


def test_two_processes_make_the_same_by_the_verb(folders, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(all_statements, "AT_ONCE", 1)
    words = ("--folder", str(folders[0]), "--from", MONTH[0], "--to", MONTH[1], "--out", str(tmp_path), "--json")
    assert run(all_statements.statements, (*words, "--format", "csv")) == 0
    index = json.loads(capsys.readouterr().out)
    assert index["prepared"] == 4 and index["formats"] == ["csv"]
    plain = tmp_path / "plain"
    ready = read_time(index["prepared_first"], "ready")
    write_all(plan(folders[0], plain, formats=("csv",)), lambda: ready, quiet)
    expected = files_of(plain, "csv")
    assert {who: body(text) for who, text in files_of(tmp_path, "csv").items()} == {
        who: body(text) for who, text in expected.items()
    }


def test_a_run_that_stopped_goes_on_and_keeps_what_is_finished(folders, tmp_path, monkeypatch):
    monkeypatch.setattr(all_statements, "AT_ONCE", 1)
    real, calls = all_statements.gather, []

    def stopping(*arguments):
        calls.append(arguments[2])
        if len(calls) == 3:
            raise KeyboardInterrupt
        return real(*arguments)

    monkeypatch.setattr(all_statements, "gather", stopping)
    with pytest.raises(KeyboardInterrupt):
        write_all(plan(folders[0], tmp_path), lambda: NOW, quiet)
    assert not (tmp_path / "index.json").exists() and len(files_of(tmp_path, "csv")) == 2
    with (tmp_path / "statements.jsonl").open("a") as file:
        file.write('{"account": "cut o')  # the power went
    index = write_all(plan(folders[0], tmp_path), lambda: NOW + 10**6, quiet)
    assert calls[3:] == PEOPLE[2:], "two were finished before"
    assert (index["prepared"], index["prepared_first"], index["prepared_last"]) == (
        4, "2026-10-26T08:00:00Z", "2026-10-26T08:00:01Z",
    )  # fmt: skip
    next(tmp_path.glob(f"*/*{PEOPLE[0]}*.csv")).unlink()
    calls.clear()
    write_all(plan(folders[0], tmp_path), lambda: NOW, quiet)
    assert calls == [PEOPLE[0]], "one whose file is gone is made again"


def test_another_run_in_the_same_folder_is_refused_and_so_is_a_damaged_index(folders, tmp_path):
    write_all(plan(folders[0], tmp_path), lambda: NOW, quiet)
    with (tmp_path / "statements.jsonl").open("a") as file:
        file.write("no row\n")
    with pytest.raises(InputError, match="row 6: is damaged"):
        write_all(plan(folders[0], tmp_path), lambda: NOW, quiet)
    with pytest.raises(InputError, match="of another run"):
        write_all(plan(folders[0], tmp_path, formats=("csv",)), lambda: NOW, quiet)


def test_one_that_fails_is_named_and_the_others_are_made(folders, tmp_path, monkeypatch):
    real = all_statements.gather

    def failing(*arguments):
        if arguments[2] == PEOPLE[1]:
            raise CheckFailed("the chain is broken")
        return real(*arguments)

    monkeypatch.setattr(all_statements, "gather", failing)
    index = write_all(plan(folders[0], tmp_path), lambda: NOW, quiet)
    assert (index["prepared"], index["failed"]) == (3, 1)
    assert index["failures"] == [{"account": PEOPLE[1], "problem": "the chain is broken"}]
    assert index["clocks"]["VARA-CM-06"]["in_time"] is None, "as long as one is missing nothing is in time"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--from", "2026-09-02", "--to", "2026-09-02"), "is not before the end"),
        (("--from", "2026-09-01", "--to", "2999-01-01"), "is not over yet"),
    ],
)
def test_a_wrong_period(folders, tmp_path, capsys, words, said):
    call = ("--folder", str(folders[0]), *words, "--out", str(tmp_path))
    assert run(all_statements.statements, call) == 2
    assert said in capsys.readouterr().err


# The index.


@pytest.mark.parametrize(
    ("start", "end", "kind"),
    [
        ((2026, 9, 1), (2026, 10, 1), "month"),
        ((2026, 12, 1), (2027, 1, 1), "month"),
        ((2026, 7, 1), (2026, 10, 1), "quarter"),
        ((2026, 10, 1), (2027, 1, 1), "quarter"),
        ((2026, 8, 1), (2026, 11, 1), "other"),
        ((2026, 9, 2), (2026, 10, 1), "other"),
        ((2026, 9, 1), (2027, 9, 1), "other"),
    ],
)
def test_kinds_of_periods(start, end, kind):
    assert period_kind(date(*start), date(*end)) == kind


@pytest.mark.parametrize(
    ("ready", "in_time"),
    [
        ("2026-10-25T23:59:58+00:00", True),
        ("2026-10-25T23:59:59.999999+00:00", True),
        ("2026-10-26T00:00:00+00:00", False),
    ],
)
def test_the_clock_of_25_days(ready, in_time):
    states = clock_states("month", date(2026, 9, 30), datetime.fromisoformat(ready))
    assert states["VARA-CM-06"] == {"days": 25, "due": "2026-10-25T23:59:59Z", "in_time": in_time, "status": "V"}
    assert states["VARA-CM-07"]["status"] == "U" and states["EU-STM-01"] == {"days": None, "status": "V"}
    assert set(clock_states("quarter", date(2026, 9, 30), None)) == {"EU-STM-01", "EU-CUS-02"}
    assert clock_states("other", date(2026, 9, 30), None) == {}


def test_an_index_is_a_fact_of_the_catalogue(folders, tmp_path):
    index = write_all(plan(folders[0], tmp_path), lambda: NOW, quiet)
    name, record = fact_of(index)
    assert name == "statements.monthly"
    assert by_name(SHARED)[name].problem(({**record},)) is None
    assert record["period_end"] == date(2026, 9, 30) and record["expected"] == record["prepared"] == 4
    assert record["prepared_at"] == datetime.fromisoformat("2026-10-26T08:00:00+00:00")
    assert fact_of({**index, "kind": "other"}) is None
    assert fact_of({**index, "kind": "quarter", "prepared_last": None})[1]["prepared_at"] is None
