"""The log: its chain, what it holds of people, decisions, and the facts that rules are told."""

from __future__ import annotations

import json
from fractions import Fraction

import pytest

from compliance.catalogue import SHARED, by_name
from compliance.facts import Facts
from compliance.reports.html import render_html
from compliance.screening import (
    Decision,
    ListSet,
    Occasion,
    PartyKind,
    Screener,
    ScreeningLog,
    ScreeningParameters,
    Subject,
    Transfer,
    Verdict,
    compare,
    read_lists,
    screening_fact,
    screening_facts,
    subject_hash,
)
from compliance.screening.occasions import covered
from compliance.screening.records import START
from compliance.screening.report import screening_document
from ledger.errors import CheckFailed, InputError
from tests.compliance.screening import samples

KEY = bytes(range(32))
PARAMETERS = ScreeningParameters()
FIRST = read_lists([samples.sdn_xml(), samples.eu_xml()], samples.RETRIEVED)
T1, T2, T3, T4 = ("2026-11-29T08:00:00Z", "2026-11-29T09:00:00Z", "2026-11-30T10:00:00Z", "2026-12-01T12:00:00Z")
HIT = Subject("a" * 32, ("Oskar Vanterpoole",), PartyKind.PERSON, "1969-03-14", ("IR",))
CLEAR = Subject("b" * 32, ("Hiltrud Beispiel",), PartyKind.PERSON)


def changed_sdn() -> ListSet:
    """The next day's set: the person has one more wallet, the vessel is gone, and Hiltrud is new."""
    text = samples.SDN_XML.replace(
        "<id><uid>3</uid><idType>Gender</idType><idNumber/></id>",
        "<id><uid>3</uid><idType>Digital Currency Address - TRX</idType><idNumber>TNewListedWallet</idNumber></id>",
    )
    before, _, after = text.partition("<sdnEntry>\n    <uid>90003")
    name = "<firstName>Hiltrud</firstName><lastName>BEISPIEL</lastName>"
    new = f"<sdnEntry><uid>90004</uid>{name}<sdnType>Individual</sdnType></sdnEntry>"
    text = before + new + after.partition("</sdnEntry>")[2]
    return read_lists([samples.sdn_xml(text), samples.eu_xml()], T2)


def onboarded() -> tuple[ScreeningLog, Screener]:
    log = ScreeningLog()
    log.add_lists(FIRST, T1)
    screener = Screener(FIRST, log, KEY, PARAMETERS)
    screener.onboard(HIT, T1)
    screener.onboard(CLEAR, T1)
    return log, screener


def written(log: ScreeningLog) -> bytes:
    return b"".join(log.new_lines)


def test_a_log_reads_back_as_it_was_written() -> None:
    log, _ = onboarded()
    again = ScreeningLog.read(written(log), "log")
    assert again.records == log.records and again.head == log.head != START
    assert ScreeningLog.read(b"", "log").head == START
    assert ScreeningLog.read(written(log), "log", head=log.records[1].hash).records


def test_nothing_personal_is_in_the_log_and_the_key_shows_who_was_screened() -> None:
    log, _ = onboarded()
    text = written(log).decode()
    assert "Oskar Vanterpoole" not in text and "Hiltrud" not in text and "1969" not in text
    body = log.records[1].body
    assert body["screened"] == subject_hash(KEY, HIT) != subject_hash(bytes(32), HIT)
    assert body["screened"] != subject_hash(KEY, Subject(HIT.subject_id, HIT.names))


def test_a_record_says_what_was_screened_against_and_how() -> None:
    log, _ = onboarded()
    hit, clear = log.records[1].body, log.records[2].body
    assert hit["set"] == clear["set"] == FIRST.hash and hit["threshold"] == 8_500
    assert hit["algorithm"].startswith("tallystick/screening/1+")
    assert hit["hits"][0]["party"] == "OFAC-SDN/90001" and hit["best_score"] == hit["hits"][0]["score"] == 9_900
    assert ["same birth date", "300"] in hit["hits"][0]["modifiers"]
    assert clear["hits"] == [] and clear["best_score"] < 8_500


@pytest.mark.parametrize("position", [0, 1, 2])
def test_a_changed_record_breaks_the_chain(position: int) -> None:
    log, _ = onboarded()
    log.add_decision(Decision(1, "OFAC-SDN/90001", Verdict.CLEARED, "another person", "r1"), T2)
    lines = written(log).splitlines(keepends=True)
    document = json.loads(lines[position])
    document["body"]["set"] = "0" * 64
    lines[position] = json.dumps(document, separators=(",", ":"), sort_keys=True, ensure_ascii=False).encode() + b"\n"
    with pytest.raises(CheckFailed, match=f"row {position + 2}: the chain of records is broken"):
        ScreeningLog.read(b"".join(lines), "log")


def test_a_record_left_out_or_moved_or_doubled_breaks_the_chain() -> None:
    log, _ = onboarded()
    one, two, three = written(log).splitlines(keepends=True)
    for lines in ((one, three), (one, three, two), (one, two, two, three), (two, three)):
        with pytest.raises(CheckFailed, match="the chain of records is broken"):
            ScreeningLog.read(b"".join(lines), "log")


def test_a_log_cut_at_its_end_is_known_by_a_kept_hash() -> None:
    log, _ = onboarded()
    cut = b"".join(log.new_lines[:-1])
    assert ScreeningLog.read(cut, "log").records
    with pytest.raises(CheckFailed, match="its end was cut off"):
        ScreeningLog.read(cut, "log", head=log.head)
    with pytest.raises(InputError, match="row 3: the last record is cut short"):
        ScreeningLog.read(written(log)[:-1], "log")


@pytest.mark.parametrize(
    "line",
    [
        b"{}",
        b"[]",
        b"nonsense",
        b'{"at":1,"body":{},"kind":"x","previous":"","sequence":0}',
        b'{"at":"2026-11-29T08:00:00Z","body":{},"kind":"lists","previous":"","sequence":3}',
    ],
)
def test_what_is_no_record_is_refused_with_its_row(line: bytes) -> None:
    log, _ = onboarded()
    with pytest.raises(InputError, match="row 4: this is no screening record"):
        ScreeningLog.read(written(log) + line + b"\n", "log")


def test_a_decision_on_nothing_is_refused_where_its_chain_holds() -> None:
    log, _ = onboarded()
    body = {"party": "X/1", "reason": "x", "reviewer": "r", "screening": 2, "verdict": "cleared"}
    log._append("decision", T2, body)
    with pytest.raises(CheckFailed, match="row 4: the decision is on a hit that the log does not have"):
        ScreeningLog.read(written(log), "log")


def test_time_does_not_run_backwards() -> None:
    _, screener = onboarded()
    with pytest.raises(InputError, match="is before the last record's"):
        screener.onboard(CLEAR, "2026-11-29T07:00:00Z")


@pytest.mark.parametrize(
    ("decision", "expected"),
    [
        (Decision(1, "OFAC-SDN/90002", Verdict.CLEARED, "x", "r"), "has no hit on"),
        (Decision(2, "OFAC-SDN/90001", Verdict.CLEARED, "x", "r"), "has no hit on"),
        (Decision(0, "OFAC-SDN/90001", Verdict.CLEARED, "x", "r"), "is no screening"),
        (Decision(99, "OFAC-SDN/90001", Verdict.CLEARED, "x", "r"), "is no screening"),
        (Decision(-1, "OFAC-SDN/90001", Verdict.CLEARED, "x", "r"), "is no screening"),
        (Decision(1, "OFAC-SDN/90001", Verdict.CLEARED, " ", "r"), "needs a reason"),
        (Decision(1, "OFAC-SDN/90001", Verdict.CLEARED, "x", ""), "needs a reason"),
    ],
)
def test_a_decision_is_on_a_hit_with_a_reason_and_a_reviewer(decision: Decision, expected: str) -> None:
    log, _ = onboarded()
    with pytest.raises(InputError, match=expected):
        log.add_decision(decision, T2)


def test_a_hit_is_open_until_decided_and_a_later_decision_replaces_the_first() -> None:
    log, _ = onboarded()
    assert [hit.verdict for hit in log.hits(T2)] == [None]
    log.add_decision(Decision(1, "OFAC-SDN/90001", Verdict.CLEARED, "other birth place", "r1"), T2)
    log.add_decision(Decision(1, "OFAC-SDN/90001", Verdict.CONFIRMED, "passport came in", "r2"), T3)
    assert [log.hits(at)[0].verdict for at in (T1, T2, T3)] == [None, Verdict.CLEARED, Verdict.CONFIRMED]


def test_facts_with_ages_and_the_report_clock() -> None:
    log, screener = onboarded()
    screener.transfer(Transfer("t-1", T2, HIT.subject_id, (samples.XBT,), ("Somebody Else",)), T2)
    log.add_decision(Decision(1, "OFAC-SDN/90001", Verdict.CONFIRMED, "same passport", "r1"), T3)
    facts = screening_facts(log, T4)
    assert facts.set_hash == FIRST.hash and facts.head == log.head
    assert [(each.list_id, each.published_days) for each in facts.lists] == [("EU", 5), ("OFAC-SDN", 7)]
    assert facts.lists[0].retrieved_seconds == 54 * 3600
    assert (facts.subjects, facts.subjects_current, facts.clear_results, facts.cleared_hits) == (2, 2, 1, 0)
    (open_hit,) = facts.open_hits
    assert open_hit.hit.party == "OFAC-SDN/90002" and open_hit.age_seconds == 51 * 3600 == facts.oldest_open_seconds
    # Ten business days after Monday 30 November 2026 in the United States end with Monday 14 December.
    (confirmed,) = facts.confirmed_hits
    assert confirmed.report_due == "2026-12-15T04:59:59Z"
    early = screening_facts(log, T1)
    assert not early.confirmed_hits and len(early.open_hits) == 1
    assert screening_facts(ScreeningLog(), T1).set_hash == ""


def test_the_fact_is_what_the_catalogue_asks_for() -> None:
    log, screener = onboarded()
    screener.look_back([Transfer("t-0", T1, HIT.subject_id, (samples.ETH,))], None, T2)
    fact = screening_fact(screening_facts(log, T3))
    facts = Facts("entity", fact.as_of, by_name(SHARED), [fact])
    found = facts.find("screening")
    assert found is not None and isinstance(found.value, tuple)
    rows = {row["occasion"]: row for row in found.value}
    assert rows["list-change"]["subjects"] == rows["list-change"]["screened"] == Fraction(2)
    assert rows["history"]["open_hits"] == Fraction(1)
    assert rows["onboarding"]["oldest_open"] is not None and rows["transfer"]["oldest_open"] is None


def test_the_document_shows_lists_and_hits_and_no_names() -> None:
    log, _ = onboarded()
    document = screening_document(screening_facts(log, T3), "test-exchange")
    html = render_html(document, "skip")
    assert FIRST.hash in html and "OFAC-SDN/90001" in html and "Vanterpoole" not in html
    assert {table.name for table in document.tables} == {"lists", "occasions", "open-hits", "confirmed-hits"}


# Changes of lists.


def test_the_delta_of_two_sets() -> None:
    after = changed_sdn()
    delta = compare(FIRST, after)
    assert [[party.key for party in parties] for parties in delta] == [
        ["OFAC-SDN/90004"], ["OFAC-SDN/90001"], ["OFAC-SDN/90003"],
    ]  # fmt: skip
    assert compare(FIRST, FIRST) == ((), (), ()) and len(compare(None, after).added) == len(after.parties)
    assert after.hash != FIRST.hash
    # A set is the same whenever it was got, and whatever the order of its files.
    again = read_lists([samples.eu_xml(), samples.sdn_xml()], T4)
    assert again.hash == FIRST.hash


def test_rescreening_goes_on_from_the_set_before_and_finds_who_was_added() -> None:
    log, _ = onboarded()
    log.add_decision(Decision(1, "OFAC-SDN/90001", Verdict.CLEARED, "another person", "r1"), T1)
    after = changed_sdn()
    log.add_lists(after, T2)
    assert screening_facts(log, T2).subjects_current == 0
    new = Subject("c" * 32, ("Petra Nirgends",))
    done = Screener(after, log, KEY, PARAMETERS).rescreen([HIT, CLEAR, new], FIRST, T2)
    assert [record.body["since"] for _, _, record in done] == [FIRST.hash, FIRST.hash, ""]
    assert [[hit.party for hit in result.hits] for _, result, _ in done] == [["OFAC-SDN/90001"], ["OFAC-SDN/90004"], []]
    facts = screening_facts(log, T2)
    assert (facts.subjects, facts.subjects_current) == (3, 3)
    # What changed is open again; what a reviewer cleared of the old entry stays cleared.
    assert [hit.verdict for hit in log.hits(T2)] == [Verdict.CLEARED, None, None]


def test_a_record_that_goes_on_counts_only_for_whom_the_set_before_covered() -> None:
    log, _ = onboarded()
    after = changed_sdn()
    log.add_lists(after, T2)
    result = Screener(after, log, KEY, PARAMETERS).rescreen([CLEAR], None, T2)[0][1]
    forged = "d" * 32
    log.add_screening(forged, "0" * 64, Occasion.LIST_CHANGE, after.hash, result, PARAMETERS, T2, since=FIRST.hash)
    assert forged not in covered(log.records)


def test_another_name_algorithm_or_threshold_is_screened_against_everything() -> None:
    after = changed_sdn()
    renamed = Subject(CLEAR.subject_id, ("Oskar Vanderpol",), PartyKind.PERSON)
    for subject, parameters in ((renamed, PARAMETERS), (CLEAR, ScreeningParameters(8_000))):
        log, _ = onboarded()
        log.add_lists(after, T2)
        ((_, result, record),) = Screener(after, log, KEY, parameters).rescreen([subject], FIRST, T2)
        assert record.body["since"] == ""
        assert any(hit.party == "OFAC-SDN/90001" for hit in result.hits) == (subject is renamed)


def test_whom_the_set_covers_already_is_not_screened_again() -> None:
    _, screener = onboarded()
    assert screener.rescreen([HIT, CLEAR], None, T2) == []
    assert len(screener.rescreen([HIT, CLEAR], None, T2, is_full=True)) == 2


def test_a_full_rescreening_opens_every_hit_again() -> None:
    log, _ = onboarded()
    log.add_decision(Decision(1, "OFAC-SDN/90001", Verdict.CLEARED, "another person", "r1"), T1)
    Screener(FIRST, log, KEY, PARAMETERS).rescreen([HIT], FIRST, T2, is_full=True)
    assert [hit.verdict for hit in log.hits(T2)] == [Verdict.CLEARED, None]


def test_the_set_before_and_the_delta_give_what_the_whole_gives() -> None:
    """Hits of a customer at the first set, and of the change, are together those of a full screening of the second."""
    log, _ = onboarded()
    after = changed_sdn()
    log.add_lists(after, T2)
    screener = Screener(after, log, KEY, PARAMETERS)
    gone = {party.key for party in compare(FIRST, after).removed}
    for subject in (HIT, CLEAR):
        screenings = [record.body for record in log.records if record.kind == "screening"]
        own = [body for body in screenings if body["subject"] == subject.subject_id]
        before = {hit["party"] for body in own for hit in body["hits"]}
        ((_, result, _),) = screener.rescreen([subject], FIRST, T2)
        ((_, full, _),) = screener.rescreen([subject], FIRST, T2, is_full=True)
        assert {hit.party for hit in full.hits} == (before - gone) | {hit.party for hit in result.hits}


def test_a_wallet_that_is_listed_later_is_found_in_past_transfers() -> None:
    log, screener = onboarded()
    past = [
        Transfer("t-1", "2026-05-01T00:00:00Z", CLEAR.subject_id, ("TNewListedWallet", "TOther")),
        Transfer("t-2", "2026-05-02T00:00:00Z", CLEAR.subject_id, ("tnewlistedwallet",)),
        Transfer("t-3", "2026-05-03T00:00:00Z", HIT.subject_id, (samples.ETH.upper().replace("0X", "0x"),)),
        Transfer("t-4", "2026-05-04T00:00:00Z", HIT.subject_id, ()),
    ]
    assert [each.transfer.transfer_id for each in screener.look_back(past, None, T1)] == ["t-3"]
    after = changed_sdn()
    log.add_lists(after, T2)
    later = Screener(after, log, KEY, PARAMETERS)
    touched = later.look_back(past, compare(FIRST, after), T2)
    assert [each.transfer.transfer_id for each in touched] == ["t-1", "t-3"]
    assert touched[0].record.body["reference"] == "t-1" and touched[0].record.body["occasion"] == "history"
    summary = log.records[-1]
    assert summary.kind == "history" and (summary.body["examined"], summary.body["touched"]) == (4, 2)
