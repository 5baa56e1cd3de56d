"""A case grows and never changes: each way to change it is found. Drafts say what they know, and file nothing."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from fractions import Fraction

import pytest

from compliance.calendars import Clock, Unit
from compliance.catalogue import SHARED, by_name
from compliance.facts import Facts
from compliance.reports.claims import check_claims
from compliance.reports.html import render_html
from compliance.surveillance.alerts import Alert
from compliance.surveillance.case import CLOSING_REASONS, Case, NoteKind, Status, read_alerts
from compliance.surveillance.drafts import (
    BY_PERSON,
    SAR_CLOCK,
    TITLES,
    Draft,
    DraftClock,
    Firm,
    sar,
    stor,
    vara_notice,
)
from compliance.surveillance.facts import case_fact, detector_fact
from compliance.surveillance.runner import DETECTORS, run_detectors
from ledger.canonical import canonical, parse
from ledger.errors import CheckFailed, FormatError
from tests.compliance.surveillance.measure import guilty_world

DAY = 20_500 * 86_400 * 10**6
MOMENT = datetime(2026, 3, 1, 12, tzinfo=UTC)
FIRM = Firm("A Platform Ltd", "limited company", "5493001KJTIIGC8Y1R12", "1 Street", contact="desk@example.com")


def alert(detector: str = "MA-01", first: int = 5, **changes) -> Alert:
    fields = {
        "accounts": ["ann", "bob"], "market": "BTC_USD", "window": (DAY, DAY + 10**6), "events": [first, first + 4],
        "features": {"own_share_ppm": 500_000}, "score": 5_000_000, "orders": [3, 4], "trades": [7],
    }  # fmt: skip
    return Alert.of(detector, 1, "f" * 64, **{**fields, **changes})


def opened() -> Case:
    return Case.open("2026-001", [alert(), alert("AML-02", 9, market=None)], DAY, "program", "found by night")


def walked() -> Case:
    case = opened()
    case = case.add(NoteKind.ASSIGNED, DAY + 1, "lead", subject="officer")
    case = case.add(NoteKind.COMMENT, DAY + 2, "officer", text="Both accounts log in from one address. 日本語 too.")
    case = case.add(NoteKind.ESCALATED, DAY + 3, "officer")
    return case.add(NoteKind.FILED, DAY + 4, "lead", subject="STOR 77")


def test_a_case_goes_its_way_and_comes_back_from_its_file() -> None:
    case = walked()
    assert case.status is Status.FILED and case.accounts == ["ann", "bob"] and case.replay == (5, 13)
    again = Case.read(case.data())
    assert again.data() == case.data() and again.head == case.head and again.notes == case.notes
    closed = again.add(NoteKind.CLOSED, DAY + 5, "lead", subject="reported")
    assert closed.status is Status.CLOSED and closed.add(NoteKind.COMMENT, DAY + 6, "lead").status is Status.CLOSED
    assert closed.add(NoteKind.ASSIGNED, DAY + 6, "lead", subject="officer").status is Status.ASSIGNED


@pytest.mark.parametrize(
    ("kind", "time", "author", "subject", "why"),
    [
        (NoteKind.OPENED, DAY + 9, "x", "", "cannot be opened"),
        (NoteKind.FILED, DAY + 9, "x", "SAR", "cannot be filed"),
        (NoteKind.CLOSED, DAY + 9, "x", "bored", "is closed for one of"),
        (NoteKind.ASSIGNED, DAY + 9, "x", "", "whom"),
        (NoteKind.COMMENT, DAY - 1, "x", "", "earlier"),
        (NoteKind.COMMENT, DAY + 9, "", "", "author"),
    ],
)
def test_what_a_case_does_not_allow(kind, time, author, subject, why) -> None:
    with pytest.raises(CheckFailed, match=why):
        opened().add(kind, time, author, subject=subject)


def test_every_closing_reason_closes() -> None:
    for reason in CLOSING_REASONS:
        assert opened().add(NoteKind.CLOSED, DAY, "x", subject=reason).status is Status.CLOSED


def tampered(change) -> bytes:
    document = json.loads(walked().data())
    change(document)
    return canonical(document)


CHANGES = {
    "a text": lambda d: d["notes"][2].update(text="nothing to see"),
    "an author": lambda d: d["notes"][1].update(author="somebody"),
    "a time": lambda d: d["notes"][3].update(time=DAY + 2),
    "a note left out": lambda d: d["notes"].pop(2),
    "notes exchanged": lambda d: d["notes"].insert(1, d["notes"].pop(2)),
    "the last note left out": lambda d: d["notes"].pop(),
    "the last note changed": lambda d: d["notes"][-1].update(subject="STOR 78"),
    "an alert changed": lambda d: d["alerts"][0].update(score=1),
    "an alert left out": lambda d: d["alerts"].pop(),
    "another name": lambda d: d.update(id="2026-002"),
    "another status": lambda d: d.update(status="closed"),
    "another head": lambda d: d.update(head="0" * 64),
    "no notes": lambda d: d.update(notes=[]),
}


@pytest.mark.parametrize("what", CHANGES)
def test_a_case_that_was_changed_is_found(what) -> None:
    with pytest.raises(CheckFailed):
        Case.read(tampered(CHANGES[what]))


@pytest.mark.parametrize("data", [b"{}", b"[]", b'{"format":"surveillance-case/1"}', b"not json"])
def test_what_is_no_case_is_refused(data) -> None:
    with pytest.raises(FormatError):
        Case.read(data)


def test_a_note_of_an_unknown_kind_is_refused() -> None:
    with pytest.raises(FormatError):
        Case.read(tampered(lambda d: d["notes"][1].update(kind="deleted")))


DRAFTS = {"stor": stor, "sar": sar, "vara": vara_notice}


@pytest.mark.parametrize("form", DRAFTS)
def test_a_draft_says_what_the_case_knows_and_leaves_the_rest(form) -> None:
    case = walked()
    draft: Draft = DRAFTS[form](case, FIRM, MOMENT)
    data, document = draft.data, draft.document
    assert data["is_filed"] is False and data["head"] == case.head and data["format"].startswith("surveillance-draft-")
    assert canonical(data) == canonical(parse(canonical(data)))
    check_claims(document)
    page = render_html(document, "Skip")
    for text in ("ann, bob", "5 to 13", "A Platform Ltd", "Nothing was filed", "(draft)", BY_PERSON, "2026-001"):
        assert text in page, text
    empty = [field["name"] for section in data["sections"] for field in section["fields"] if field["value"] is None]
    assert empty and page.count(BY_PERSON) == len(empty)
    assert DRAFTS[form](case, FIRM, MOMENT) == draft


def test_a_sar_names_its_kinds_and_is_due_thirty_days_after_detection() -> None:
    data = sar(walked(), FIRM, MOMENT, total_usd="12,000").data
    values = [field["value"] for section in data["sections"] for field in section["fields"]]
    assert "Securities, futures, options: wash trading" in values
    assert "Money laundering: transaction out of pattern for customer" in values and "12,000" in values
    detected = datetime.fromisoformat(data["detected"])
    assert (datetime.fromisoformat(data["due"]) - detected).days == 30
    sooner = SAR_CLOCK._replace(clock=Clock(1, Unit.CALENDAR_DAYS, "US"))
    assert sar(walked(), FIRM, MOMENT, sooner).data["due"] < data["due"]


def test_without_a_number_of_days_it_is_without_delay() -> None:
    assert stor(walked(), FIRM, MOMENT).data["due"] == "without delay"
    clock = DraftClock("T", "a test", Clock(2, Unit.HOURS), "unverified")
    assert stor(walked(), FIRM, MOMENT, clock).data["due"] != "without delay"


def test_ids_that_an_alert_left_out_are_said_to_be_missing() -> None:
    many = stor(Case.open("c", [alert(orders=range(1, 502))], DAY, "p"), FIRM, MOMENT).data
    few = stor(Case.open("c", [alert(orders=range(1, 501))], DAY, "p"), FIRM, MOMENT).data
    orders = [data["sections"][1]["fields"][5]["value"] for data in (many, few)]
    assert orders[0].startswith("1, 2, 3") and "not all" in orders[0] and "not all" not in orders[1]


def test_an_insider_is_no_manipulator() -> None:
    kinds = {}
    for detector in ("MA-01", "MA-09"):
        data = stor(Case.open("c", [alert(detector)], DAY, "p"), FIRM, MOMENT).data
        kinds[detector] = data["sections"][2]["fields"][0]["value"]
    assert kinds == {"MA-01": "market manipulation", "MA-09": "insider dealing"}


def test_every_detector_has_its_words() -> None:
    assert set(TITLES) == set(DETECTORS)
    for detector in DETECTORS:
        page = sar(Case.open("c", [alert(detector)], DAY, "p"), FIRM, MOMENT)
        assert TITLES[detector] in json.dumps(page.data)


@pytest.fixture(scope="module")
def result():
    world, _ = guilty_world(4)
    return run_detectors(world.tape.log(), world.inputs())


def test_alerts_come_back_from_a_result_and_a_changed_one_is_refused(result) -> None:
    alerts = read_alerts(result.data())
    assert [each.id for each in alerts] == [each.id for each in result.alerts]
    document = json.loads(result.data())
    document["alerts"][0]["score"] += 1
    for data in (canonical(document), b"{}", b'{"alerts":[],"format":"another/1"}'):
        with pytest.raises(FormatError):
            read_alerts(data)


def test_facts_say_what_ran_and_what_is_open(result) -> None:
    washes = [each for each in result.alerts if each.detector == "MA-01"]
    case = Case.open("w", washes[:1], DAY, "p")
    closed = case.add(NoteKind.CLOSED, DAY, "p", subject="false-positive")
    detected = {washes[-1].id: datetime(2026, 2, 1, tzinfo=UTC)}
    fact = detector_fact(result, MOMENT, [closed], "surveillance/result.json", detected)
    rows = {row["detector"]: row for row in fact.value}
    assert rows["MA-01"]["alerts"] == len(washes) and rows["MA-01"]["open"] == len(washes) - 1
    assert rows["MA-01"]["oldest_open"] == datetime(2026, 2, 1, tzinfo=UTC) and rows["MA-01"]["complete"] is True
    assert rows["MA-06"]["complete"] is True, "what nobody can give yet is not held against it"
    assert [each.digest for each in fact.evidence] == [result.hash()]
    still_open = detector_fact(result, MOMENT, [case], "r", detected)
    assert {r["detector"]: r for r in still_open.value}["MA-01"]["open"] == len(washes)
    cases = case_fact([closed, walked()], MOMENT, "surveillance/cases", {"w": Fraction(5)})
    facts = Facts("main", MOMENT, by_name(SHARED), [fact, cases])
    assert facts.find("cases") is cases and facts.find("detectors") is fact
    assert [row["state"] for row in cases.value] == ["closed", "filed"]
    escalated = case.add(NoteKind.ESCALATED, DAY, "p")
    reported = walked().add(NoteKind.CLOSED, DAY + 9, "p", subject="reported").add(NoteKind.COMMENT, DAY + 9, "p")
    again = case_fact([escalated, reported], MOMENT, "c", {})
    assert [row["state"] for row in again.value] == ["to file", "filed"]


def test_a_detector_without_its_input_is_not_in_the_fact_or_not_complete() -> None:
    world, _ = guilty_world(4, "MA-01")
    bare = run_detectors(world.tape.log())
    rows = {row["detector"]: row for row in detector_fact(bare, MOMENT, [], "r", {}).value}
    assert "MA-12" not in rows and rows["AML-06"]["complete"] is False and rows["MA-03"]["complete"] is True
