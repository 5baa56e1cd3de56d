"""The verbs `transactions` and `tax` over a small day: every file byte for byte, and what is said of wrong calls.

`python -m tests.cli.test_tax_and_transactions` writes the expected files anew; look at what changed before it is kept.
"""

from __future__ import annotations

import json
import shutil
import tempfile
from pathlib import Path

import pytest

from cli import tax, transactions
from cli.common import run
from tests.compliance.transactions.conftest import REFERENCE
from tests.support.traded import ALICE, BOB, CAROL, DAVE, small_day

GOLDEN = Path(__file__).parent / "golden_transactions"
PERIOD = ("--from", "2026-09-01", "--to", "2026-09-03")
YEAR = ("--from", "2026-01-01", "--to", "2027-01-01")
ADDRESS = {"country": "DE", "city": "Köln", "street": "Am Dom 1"}
PEOPLE = {
    ALICE: {"kind": "individual", "first_name": "Ällice", "last_name": "von der Lüne", "birth_date": "1980-01-13",
            "residences": ["DE"], "tins": [{"value": "12345678901", "country": "DE"}], "address": ADDRESS},
    CAROL: {"kind": "individual", "first_name": "=Carol", "last_name": "O'Neil", "birth_date": "1973-03-22",
            "residences": ["US"], "tins": [{"value": "111-22-3333", "country": "US"}], "address": ADDRESS},
}  # fmt: skip
PROVIDER = {"name": "Tally GmbH", "lei": "529900T8BM49AURSDO55", "tin": "99/999", "country": "DE", "address": ADDRESS}
CASES = {
    "eu": (transactions.transactions, ("eu", *PERIOD)),
    "orderbook": (transactions.transactions, ("orderbook", *PERIOD)),
    "jp": (transactions.transactions, ("jp", *PERIOD)),
    "us": (transactions.transactions, ("us", *PERIOD)),
    "vara": (transactions.transactions, ("vara", *PERIOD)),
    "lots": (tax.tax, ("lots", *YEAR)),
    "1099-da": (tax.tax, ("1099-da", *YEAR, "--people", "people.json", "--everyone")),
    "carf": (tax.tax, ("carf", *YEAR, "--people", "people.json", "--provider", "provider.json")),
}


def prepare(folder):
    """The day and the firm's own files."""
    small_day(folder / "exchange").close()
    for name, document in (("reference", REFERENCE), ("people", PEOPLE), ("provider", PROVIDER)):
        (folder / f"{name}.json").write_text(json.dumps(document))
    return folder


def call(folder, group, words, out, *more):
    words = [str(folder / word) if word.endswith(".json") else word for word in (*words, *more)]
    common = ("--folder", str(folder / "exchange"), "--reference", str(folder / "reference.json"), "--out", str(out))
    return run(group, (*words, *common))


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return prepare(tmp_path_factory.mktemp("verbs"))


@pytest.mark.parametrize("name", CASES)
def test_every_file_is_the_expected_one(place, tmp_path, name):
    group, words = CASES[name]
    assert call(place, group, words, tmp_path / name) == 0
    made = {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
    expected = {path.name: path.read_bytes() for path in (GOLDEN / name).iterdir()}
    assert made.keys() == expected.keys()
    for file, content in expected.items():
        assert made[file] == content, f"{name}/{file}"
        assert (tmp_path / name / file).stat().st_mode & 0o077 == 0


def test_a_period_in_two_parts_has_the_same_order_book(place, tmp_path):
    parts = []
    for number, (start, end) in enumerate((("2026-09-01", "2026-09-02"), ("2026-09-02", "2026-09-03"))):
        out = tmp_path / str(number)
        words = ("orderbook", "--from", start, "--to", end)
        after = ("--after", str(tmp_path / "0" / "manifest.json")) if number else ()
        assert call(place, transactions.transactions, words, out, *after) == 0
        parts.append((out / "order-book.jsonl").read_bytes())
    assert b"".join(parts) == (GOLDEN / "orderbook" / "order-book.jsonl").read_bytes()


def test_corrections_are_what_changed_since(place, tmp_path, capsys):
    first, second = tmp_path / "first", tmp_path / "second"
    words = CASES["eu"][1]
    assert call(place, transactions.transactions, words, first) == 0
    changed = {**REFERENCE, "firm": {**REFERENCE["firm"], "mic": "XNEW"}}
    (tmp_path / "reference.json").write_text(json.dumps(changed))
    shutil.copytree(place / "exchange", tmp_path / "exchange")
    assert call(tmp_path, transactions.transactions, words, second, "--before", str(first)) == 0
    text = (second / "auth.016.xml").read_text()
    assert text.count("<Cxl>") == 3 == text.count("<New>") == text.count("XNEW")
    assert text.index("<Cxl>") < text.index("<New>")
    same = tmp_path / "same"
    assert call(place, transactions.transactions, words, same, "--before", str(first)) == 0
    assert "<Tx>" not in (same / "auth.016.xml").read_text()
    assert call(place, transactions.transactions, words, first, "--before", str(first)) == 2
    assert "is the folder that is written" in capsys.readouterr().err


def test_reconciliation_by_the_verb(place, tmp_path, capsys):
    reports = [json.loads(line)["report"] for line in (GOLDEN / "eu" / "reports.jsonl").read_text().splitlines()]
    sent = tmp_path / "sent.jsonl"
    rows = [{"report": report, "sent_at": "2026-09-02T10:00:00Z", "answer": "accepted"} for report in reports]
    sent.write_text("".join(json.dumps(row) + "\n" for row in rows))
    words = ("reconcile", *PERIOD, "--sent", str(sent))
    assert call(place, transactions.transactions, words, tmp_path / "out") == 0
    rows[0]["report"] = {**reports[0], "price": "1"}
    sent.write_text("".join(json.dumps(row) + "\n" for row in rows[:2]))
    assert call(place, transactions.transactions, words, tmp_path / "out", "--json") == 1
    document = json.loads((tmp_path / "out" / "reconciliation.json").read_text())
    assert [(each["outcome"], each["fields"]) for each in document["differences"]] == [
        ("differs", ["price"]), ("missing", []),
    ]  # fmt: skip
    sent.write_text("{}\n")
    assert call(place, transactions.transactions, words, tmp_path / "out") == 2
    assert "row 1" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("group", "words", "said"),
    [
        ("transactions", ("eu", "--from", "2026-09-03", "--to", "2026-09-03"), "is not before the end"),
        ("transactions", ("eu", "--from", "yesterday", "--to", "2026-09-03"), "is no time"),
        ("transactions", ("orderbook", *PERIOD, "--after", "people.json"), "is no manifest"),
        (
            "transactions",
            ("orderbook", "--from", "2026-09-02", "--to", "2026-09-03", "--after", "MANIFEST"),
            "does not end",
        ),
        ("tax", ("carf", *YEAR, "--provider", "people.json"), "does not describe the provider"),
        ("tax", ("lots", *YEAR, "--lots", "reference.json"), "is no choice of lots"),
    ],
)
def test_a_wrong_call_says_what_is_wrong_and_what_to_do(place, tmp_path, capsys, group, words, said):
    words = [str(GOLDEN / "orderbook" / "manifest.json") if word == "MANIFEST" else word for word in words]
    groups = {"tax": tax.tax, "transactions": transactions.transactions}
    assert call(place, groups[group], words, tmp_path / "out") == 2
    error = capsys.readouterr().err
    assert said in error and "Traceback" not in error


def test_us_clients_alone_and_the_lots_that_were_chosen(place, tmp_path):
    assert call(place, tax.tax, ("1099-da", *YEAR, "--people", "people.json"), tmp_path / "us") == 0
    assert (tmp_path / "us" / "1099-da.csv").read_text().count("\n") == 1, "Carol sold nothing"
    counts = json.loads((tmp_path / "us" / "manifest.json").read_text())["counts"]
    assert (counts["rows"], counts["disposals_elsewhere"]) == (0, 4)
    choice = tmp_path / "choice.json"
    choice.write_text(json.dumps({ALICE: {"BTC": {"BTC_USD/1": [1]}}}))
    words = ("lots", *YEAR, "--method", "specific", "--lots", str(choice), "--currency", "EUR")
    assert call(place, tax.tax, words, tmp_path / "lots", "--json") == 0
    # Bob: 20,420.40 USD at 1.25 for 0.4 BTC, of which 0.05 is gone
    assert f"{BOB},BTC,1,2026-09-01T00:00:00.000022Z,0.35,14294.28,yes" in (tmp_path / "lots" / "lots.csv").read_text()


def test_nothing_to_report_and_another_jurisdiction(place, tmp_path):
    words = ("carf", *YEAR, "--people", "people.json", "--provider", "provider.json", "--jurisdiction", "FR")
    assert call(place, tax.tax, words, tmp_path / "carf") == 0
    document = json.loads((tmp_path / "carf" / "manifest.json").read_text())
    assert document["indicator"] == "CARF703" and document["counts"]["users_held_back"] == 3
    exceptions = (tmp_path / "carf" / "exceptions.csv").read_text()
    assert exceptions.count("resident in no reportable jurisdiction") == 2 and DAVE not in exceptions


def main():
    """Write the expected files anew."""
    with tempfile.TemporaryDirectory() as name:
        folder = prepare(Path(name))
        for case, (group, words) in CASES.items():
            shutil.rmtree(GOLDEN / case, ignore_errors=True)
            assert call(folder, group, words, GOLDEN / case) == 0


if __name__ == "__main__":
    main()
