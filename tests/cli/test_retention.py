"""`tallystick archive` over a real exchange's folder: a day in, checked from outside, held, drilled, tampered with."""

from __future__ import annotations

import io
import json
import shutil
from contextlib import redirect_stderr, redirect_stdout
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from cli.common import run
from cli.exchange.config import Config
from cli.retention import archive
from compliance.retention.archive import load
from ledger.keys import SigningKey, load_secret
from ledger.log import CommandLog
from tests.support.exchange_process import PASSPHRASE, ExchangeFolder, attestation_of, patched
from tests.support.tsa import LocalAuthority, serving

TODAY = datetime.now(UTC).date()
FIRST, SECOND = TODAY - timedelta(days=2), TODAY - timedelta(days=1)


class Office:
    """The verbs of the archive over one folder, and an authority that stamps."""

    def __init__(self, exchange: ExchangeFolder, authority: LocalAuthority, url: str) -> None:
        self.exchange, self.folder, self.authority = exchange, exchange.folder, authority
        self.archive = self.folder / "archive"
        self.pem = str(authority.write_roots(self.folder.parent / "tsa.pem"))
        self.tsa = ("--tsa", url, "--tsa-certificate", self.pem)
        self.trust = ("--tsa-certificate", self.pem)
        self.operators = exchange.operators

    def call(self, *words: str, status: int = 0) -> tuple[str, str]:
        out, err = io.StringIO(), io.StringIO()
        with patched(self.exchange.environment), redirect_stdout(out), redirect_stderr(err):
            found = run(archive, words)
        assert found == status, f"{' '.join(words)}: status {found}: {out.getvalue()}{err.getvalue()}"
        assert "internal error" not in err.getvalue() and "Traceback" not in err.getvalue(), err.getvalue()
        return out.getvalue(), err.getvalue()

    def ask(self, *words: str, status: int = 0):
        return json.loads(self.call(*words, "--json", status=status)[0])

    def day(self, day=FIRST, *more: str):
        return self.ask("day", day.isoformat(), "--regime", "vara", "--regime", "jp", *self.tsa, *more)


@pytest.fixture(scope="module")
def made(tmp_path_factory):
    """An exchange whose log has begun, with an hour of a day, a customer's statement and some results."""
    exchange = ExchangeFolder(tmp_path_factory.mktemp("retention") / "house").make()
    config = Config.load(exchange.folder)
    CommandLog.open(config.paths.log, config.exchange, config.genesis().hash).close()
    hour = f"{FIRST.isoformat()}T10:00:00Z"
    bundle = exchange.folder / "hours" / hour.replace(":", "")
    bundle.mkdir(parents=True)
    (bundle / "attestation.json").write_bytes(attestation_of(hour, 0, b"h" * 32, b"s" * 32, b"p" * 32))
    (bundle / "manifest.json").write_bytes(b"a manifest")
    for name, text in {
        f"compliance/results/{FIRST.isoformat()}T100000Z.json.gz": b"verdicts",
        f"compliance/results/{SECOND.isoformat()}T000000Z.json.gz": b"of another day",
        "compliance/firm-facts.jsonl": b"the firm says",
        "reports/q3.html": b"a pack",
    }.items():
        (exchange.folder / name).parent.mkdir(parents=True, exist_ok=True)
        (exchange.folder / name).write_bytes(text)
    statements = exchange.folder / "sent"
    statements.mkdir()
    (statements / "statement-ann@example.com-2026-10-01-2026-11-01.html").write_bytes(b"owed to ann: 5 BTC")
    return exchange


@pytest.fixture(scope="module")
def stamping():
    """An authority on loopback, and its URL."""
    authority = LocalAuthority()
    with serving(authority) as url:
        yield authority, url


@pytest.fixture
def office(made, stamping, tmp_path):
    """A copy of the folder for each test."""
    return copied(made.folder, tmp_path / "house", stamping)


@pytest.fixture(scope="module")
def archived(made, stamping, tmp_path_factory):
    """The same with its day archived, closed and stamped."""
    office = copied(made.folder, tmp_path_factory.mktemp("archived") / "house", stamping)
    office.call("new")
    said = office.day(FIRST, "--add", "regulator_report=reports", "--statements", str(office.folder / "sent"))
    assert (said["records"], list(said["stamps"])) == (7, [FIRST.isoformat()])
    return office


@pytest.fixture
def full(archived, stamping, tmp_path):
    """A copy of that for each test."""
    return copied(archived.folder, tmp_path / "house", stamping)


def copied(folder: Path, target: Path, stamping) -> Office:
    shutil.copytree(folder, target)
    return Office(ExchangeFolder(target), *stamping)


def test_a_day_goes_in_and_is_checked_from_its_folder_alone(full, tmp_path):
    names = [each.name for each in load(full.archive).view.documents.values()]
    stem = f"{FIRST.isoformat()}T100000Z"
    assert names == [
        f"attestation/{stem}",
        f"manifest/{stem}",
        f"log-digest/{FIRST.isoformat()}",
        f"file/compliance/results/{FIRST.isoformat()}T100000Z.json.gz",
        "file/compliance/firm-facts.jsonl",
        "file/reports/q3.html",
        "statement/2026-10-01/2026-11-01/html",
    ]
    shutil.copytree(full.archive, tmp_path / "elsewhere")
    key = str(full.folder / "secrets" / "exchange-key.json")
    out, _ = full.call("verify", "--archive", str(tmp_path / "elsewhere"), "--key", key, *full.trust)
    assert out.rstrip().endswith("VALID")
    assert full.ask("verify", *full.trust, "--open-sealed", "--references")["verdict"] == "valid"
    assert full.ask("verify", status=2)["verdict"] == "unchecked", "nobody trusts a stamp without certificates"
    with patched(full.exchange.environment):
        other = SigningKey(load_secret(full.folder / "secrets" / "operator-1.json", "signing", PASSPHRASE))
    assert full.ask("verify", *full.trust, "--key", other.public.hex(), status=1)["verdict"] == "invalid"


def test_a_day_is_archived_once_and_what_changed_is_a_correction(full):
    assert full.day()["records"] == 0
    (full.folder / "compliance" / "firm-facts.jsonl").write_bytes(b"the firm says more")
    said = full.day(SECOND, "--add", "regulator_report=reports", "--statements", str(full.folder / "sent"))
    assert said["records"] == 2, "the register as it is now, and today's evaluation"
    view = load(full.archive).view
    assert view.history(5) == [5, max(view.documents)]
    assert full.ask("verify", *full.trust)["verdict"] == "valid"


def test_every_kind_of_damage_fails_with_status_1(full):
    def failing(path: Path, data: bytes) -> list[str]:
        whole, mode = path.read_bytes(), path.stat().st_mode
        path.chmod(0o600)
        path.write_bytes(data)
        said = full.ask("verify", *full.trust, "--references", status=1)
        path.write_bytes(whole)
        path.chmod(mode)
        return [each["name"] for each in said["checks"] if each["result"] == "fail"]

    view = load(full.archive).view
    segment = full.archive / "segments" / "0000000000.arc"
    stored = load(full.archive).objects.path(view.documents[1].payload.sha256)
    sealed = load(full.archive).objects.path(view.documents[7].payload.sha256)
    day = full.archive / "days" / f"{FIRST.isoformat()}.json"
    manifest = full.folder / "hours" / f"{FIRST.isoformat()}T100000Z" / "manifest.json"
    assert failing(segment, segment.read_bytes()[:-1]) == ["chain", "days"]
    assert failing(segment, segment.read_bytes().replace(b"attestation/", b"attestatiom/")) == ["chain"]
    assert failing(stored, b"x") == ["objects"]
    assert failing(sealed, b"x") == ["objects"]
    assert failing(day, day.read_bytes().replace(b'"count":8', b'"count":9')) == ["days"]
    assert failing(day.with_suffix(".tsr"), b"x") == ["stamps"]
    assert failing(manifest, b"another manifest") == ["references"]
    assert full.ask("verify", *full.trust, "--references")["verdict"] == "valid"


def test_holds_and_their_release(full):
    said = full.ask("hold", "--reason", "case 7", "--customer", "ann@example.com", *full.operators)
    assert said["covers"] == 1
    assert full.ask("facts")["open_holds"] == 1
    _, err = full.call("hold", "--reason", "x", *full.operators[:2], status=2)
    assert "two operators must sign" in err
    full.call("release", str(said["hold"]), "--reason", "closed", *full.operators)
    _, err = full.call("release", str(said["hold"]), "--reason", "closed again", *full.operators, status=2)
    assert "no such hold" in err


def test_a_request_for_erasure_is_answered_with_day_and_rule(full):
    said = full.ask("erase", "--customer", "ann@example.com")
    until = FIRST.replace(year=FIRST.year + 8)
    assert said["answer"] == f"kept until {until} because VARA-REC-01"
    due = full.ask("due", "--on", until.isoformat())
    assert [(each["is_due"], each["why"]) for each in due["requests"]] == [(False, said["answer"])]
    later = full.ask("due", "--on", (until + timedelta(days=1)).isoformat())
    assert [each["is_due"] for each in later["requests"]] == [True]
    assert full.ask("erase", "--due", *full.operators) == {"erased": []}
    assert b"ann@example" not in b"".join(p.read_bytes() for p in full.archive.rglob("*") if p.is_file())
    _, err = full.call("erase", status=2)
    assert "either --customer or --due" in err


def test_nothing_is_deleted_before_its_time(full):
    _, err = full.call("delete", "1", "--reason", "r", "--authority", "a", *full.operators, status=2)
    assert "is kept until" in err and "VARA-REC-01" in err
    assert "nothing is due" in full.call("delete", "--due", "--reason", "r", "--authority", "a", *full.operators)[0]


def test_a_drill_is_recorded_and_told_to_rules(full, tmp_path):
    full.call("storage", "tokyo", "--region", "JP-13", "--role", "replica", "--viewable-from", "JP")
    said = full.ask("drill", str(tmp_path / "copy"), "--open-sealed", *full.trust)
    assert (said["result"], said["records"], said["stamps"]) == ("pass", 9, 1)
    told = full.ask("facts", *full.trust, "--html", str(tmp_path / "report.html"))
    assert (told["last_drill"]["result"], told["failed_checks"]) == ("pass", [])
    assert [(each["rule"], each["is_met"]) for each in told["regions"]] == [("JP-BK-03", True)]
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "VARA-REC-01" in page and "object lock" in page and "audited" not in page.replace("unaudited", "")
    (full.archive / "days" / f"{FIRST.isoformat()}.tsr").unlink()
    assert full.ask("drill", str(tmp_path / "again"), *full.trust, status=1)["result"] == "fail"


def test_a_day_that_starts_clocks(full):
    full.call("event", "--event", "book_closing", "--day", "2027-03-31", "--class", "trade")
    for words in (("--class", "trade"), ("--event", "book_closing"), ("--event", "book_closing", "--record", "99")):
        full.call("event", "--day", "2027-03-31", *words, status=2)


def test_another_signing_key_closes_days_after_two_operators_said_so(full, monkeypatch):
    own = full.folder / "secrets"
    exchange = ExchangeFolder(full.folder.parent / "other")
    exchange.make()
    for name in ("signing-key.json", "exchange-key.json"):
        shutil.copy(exchange.folder / "secrets" / name, own / name)
    _, err = full.call("day", SECOND.isoformat(), "--regime", "vara", status=2)
    assert "another key than the one in force" in err
    full.call("keys", "--reason", "rotated", *full.operators)
    full.day(SECOND)
    assert full.ask("verify", *full.trust)["verdict"] == "valid"


def test_what_is_missing_or_misused_is_told_with_its_remedy(office):
    for words, match in [
        (("day", "--regime", "vara"), "archive.json: is not there"),
        (("day", "--regime", "nowhere"), "Name some of"),
        (("day", "2026-02-30", "--regime", "vara"), "is no day"),
        (("day", TODAY.isoformat(), "--regime", "vara"), "is not over yet"),
        (("day", "--regime", "vara", "--tsa", "http://x"), "without certificates"),
        (("verify", "--references"), "is not there"),
    ]:
        assert match in office.call(*words, status=2)[1], words
    office.call("new")
    for words, match in [
        (("new",), "exists"),
        (("day", "--regime", "vara", "--add", "novel=reports"), "is no record class"),
        (("day", "--regime", "vara", "--add", "trade=nowhere"), "names no folder"),
        (("day", "--regime", "vara", "--add", "trade=.."), "outside the exchange's folder"),
        (("day", "--regime", "vara", "--statements", str(office.folder / "reports")), "no statement of a customer"),
        (("hold", "--reason", "r", "--class", "novel", *office.operators), "is no record class"),
        (("storage", "x", "--region", "Japan", "--role", "replica"), "country's code"),
    ]:
        assert match in office.call(*words, status=2)[1], words


def test_stamps_by_files_that_somebody_carries(office, tmp_path):
    office.call("new")
    post = tmp_path / "post"
    words = ("day", FIRST.isoformat(), "--regime", "vara", "--tsa", str(post), *office.trust)
    assert office.ask(*words)["stamps"] == {FIRST.isoformat(): "asked for"}
    asked = post / f"{FIRST.isoformat()}.tsq"
    asked.with_suffix(".tsr").write_bytes(office.authority.answer(asked.read_bytes()))
    assert office.ask(*words)["stamps"][FIRST.isoformat()].startswith("20")
    assert office.ask("verify", *office.trust)["verdict"] == "valid"


def test_a_day_that_was_left_out_goes_into_the_next_that_is_closed(office):
    office.call("new")
    assert office.day(SECOND)["is_closed"]
    late = office.day(FIRST)
    assert (late["is_closed"], late["records"]) == (False, 4)
    loaded = load(office.archive)
    assert [day for _, day in loaded.view.closed] == [SECOND]
    assert {each.created for each in list(loaded.view.documents.values())[-4:]} == {FIRST}
    assert office.ask("verify", *office.trust)["verdict"] == "valid"
