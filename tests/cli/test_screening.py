"""`tallystick screen`: load, check, address, rescreen, decide, log; status 1 while hits are open or confirmed."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from cli.common import run
from cli.screening import screen
from tests.compliance.screening import samples


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TALLYSTICK_PASSPHRASE", "words")
    monkeypatch.setenv("TALLYSTICK_FOLDER", "exchange")
    for name, text in (("SDN.XML", samples.SDN_XML), ("consolidated.xml", samples.UN_XML), ("eu.xml", samples.EU_XML)):
        (tmp_path / name).write_text(text)
    (tmp_path / "customers.csv").write_text(
        "subject,name,kind,born,nationality,document,wallet\n"
        "a1,Oskar Vanterpoole,person,1969-03-14,IR,,\n"
        "b2,Hiltrud Beispiel;ヒルトルート,person,,DE,,\n"
        "c3,,,,,,bc1qnobodynobodynobody0\n"
    )
    return tmp_path / "exchange"


def told(capsys: pytest.CaptureFixture[str]) -> dict:
    return json.loads(capsys.readouterr().out)


def test_from_lists_to_a_decision(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(screen, ["load", "SDN.XML", "consolidated.xml", "--json"]) == 0
    loaded = told(capsys)
    assert [each["list"] for each in loaded["lists"]] == ["OFAC-SDN", "UN"] and loaded["delta"]["added"] == 5
    assert run(screen, ["check", "--file", "customers.csv", "--json"]) == 1
    checked = told(capsys)
    assert checked["hits"] == 1 and [len(each["hits"]) for each in checked["screenings"]] == [1, 0, 0]
    sequence = str(checked["screenings"][0]["sequence"])
    assert run(screen, ["log"]) == 1
    shown = capsys.readouterr().out
    assert "3 of 3 customers" in shown and "OFAC-SDN/90001" in shown and "Vanterpoole" not in shown

    said = ["--reason", "another birth place", "--reviewer", "r-7"]
    assert run(screen, ["decide", sequence, "OFAC-SDN/90001", "--verdict", "cleared", *said]) == 0
    capsys.readouterr()
    assert run(screen, ["log", "--json"]) == 0
    assert told(capsys)["cleared_hits"] == 1

    assert run(screen, ["address", samples.ETH.lower(), "--subject", "b2", "--transfer", "t1"]) == 1
    assert run(screen, ["address", "0x" + "1" * 40, "--subject", "b2", "--transfer", "t2"]) == 0
    capsys.readouterr()

    assert run(screen, ["load", "eu.xml", "--json"]) == 0
    assert [each["list"] for each in told(capsys)["lists"]] == ["EU", "OFAC-SDN", "UN"]
    assert run(screen, ["rescreen", "--file", "customers.csv", "--json"]) == 0
    assert all(each["since"] == loaded["set"] for each in told(capsys)["screenings"])
    assert run(screen, ["rescreen", "--file", "customers.csv", "--all"]) == 1

    Path("past.csv").write_text(f"transfer,at,subject,address\nt0,2026-01-01T00:00:00Z,b2,{samples.ETH};x\n")
    capsys.readouterr()
    assert run(screen, ["rescreen", "--transfers", "past.csv", "--json"]) == 1
    assert told(capsys)["screenings"][0]["reference"] == "t0"
    text = (folder / "screening" / "log.jsonl").read_text()
    assert "Oskar Vanterpoole" not in text and "Hiltrud" not in text


def test_one_name_in_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    run(screen, ["load", "SDN.XML"])
    capsys.readouterr()
    assert run(screen, ["check", "--name", "Vanterpoole, Oskar", "--born", "1950", "--nationality", "JP"]) == 1
    out = capsys.readouterr().out
    assert "birth year 19 apart -1000" in out and "open until decided" in out
    assert run(screen, ["check", "--name", "Hiltrud Beispiel"]) == 0
    assert run(screen, ["check", "--name", "Oskar Vanderpool", "--threshold", "10000"]) == 0


def test_kept_hash_of_the_log(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(screen, ["load", "SDN.XML", "--json"])
    head = told(capsys)["head"]
    assert run(screen, ["log", "--head", head]) == 0
    assert run(screen, ["log", "--head", "f" * 64]) == 2
    log = folder / "screening" / "log.jsonl"
    log.write_text(log.read_text().replace('"count":3', '"count":4') + log.read_text())
    assert run(screen, ["log"]) == 2
    assert "chain of records is broken" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["log"], "Load lists first"),
        (["check", "--name", "x"], "Load lists first"),
        (["load", "missing.xml"], "cannot be read"),
        (["load", "customers.csv"], "is no sanctions list"),
        (["check"], "one of --name and --file is needed"),
        (["check", "--name", "x", "--file", "customers.csv"], "one of --name and --file is needed"),
        (["check", "--name", "x", "--born", "1.1.1970"], "is no birth date"),
        (["check", "--name", "x", "--kind", "ship"], "is no kind"),
        (["check", "--name", "x", "--nationality", "Atlantis"], "is no country"),
        (["rescreen"], "there is nothing to screen"),
    ],
)
def test_what_cannot_be_used_is_said_with_status_2(
    words: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(screen, words) == 2
    assert expected in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("name,subject,age\n", "row 1: the header is"),
        ("subject,name\na,x\na,y\n", "row 3: the subject stands in the file twice"),
        ("subject,name\n,x\n", "row 2, column subject: the subject's id is empty"),
        ("subject,name\na,\n", "row 2, column name: there is nothing to screen"),
        ("subject,name\na,x,y\n", "row 2: the row has 3 fields"),
        ('subject,name\na,"x\n', "this is not CSV"),
        ("subject,name\n", "the file has no customers"),
    ],
)
def test_a_wrong_customer_file_is_refused_with_its_rows(
    text: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    run(screen, ["load", "SDN.XML"])
    Path("wrong.csv").write_text(text)
    assert run(screen, ["check", "--file", "wrong.csv"]) == 2
    assert expected in capsys.readouterr().err


def test_a_changed_kept_list_is_refused(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(screen, ["load", "SDN.XML"])
    (kept,) = (folder / "screening" / "lists").glob("*/SDN.XML")
    kept.write_text(kept.read_text().replace("VANTERPOOLE", "SOMEBODY"))
    assert run(screen, ["check", "--name", "x"]) == 2
    assert "the kept list was changed" in capsys.readouterr().err
