"""Two institutions over one transfer: answers, order, repeats, restarts, erasure, and the same over HTTP."""

from __future__ import annotations

import json
import os
import threading
from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from compliance.travel_rule.conversation import Terms, Transaction, read_terms
from compliance.travel_rule.counterparties import DueDiligence
from compliance.travel_rule.log import MessageLog, read_log
from compliance.travel_rule.messages import Message, MessageRefused, seal_message
from compliance.travel_rule.server import PATH, TravelRuleServer, deliver
from ledger.canonical import parse
from ledger.errors import CheckFailed, FormatError, InputError
from ledger.personal import Erased
from tests.compliance.travel_rule.institutions import (
    ADDRESS,
    ALICE,
    ALPHA,
    BETA,
    BOB,
    CHAIN,
    ELSEWHERE,
    MALLORY,
    NOW,
    TERMS,
    TRANSFER,
    Pair,
    node,
)
from tests.compliance.travel_rule.payloads import alice, wu

SENT = Transaction(CHAIN, "0x" + "aa" * 32)


@pytest.fixture
def pair(tmp_path) -> Pair:
    return Pair(tmp_path)


def test_a_transfer_from_request_to_confirmation(pair):
    assert pair.ask() == "accepted"
    answer = pair.beta.receive(pair.alpha.notice(TRANSFER, BETA.name, SENT, pair.now), pair.now)
    assert answer is not None
    assert pair.alpha.receive(answer, pair.now) is None and pair.state() == "confirmed"
    here, there = pair.alpha.conversation(BETA.name, TRANSFER), pair.beta.conversation(ALPHA.name, TRANSFER)
    assert (here.customer, there.customer) == (ALICE, BOB) and here.is_originating and not there.is_originating
    assert here.terms == there.terms == TERMS and here.transaction == there.transaction == SENT
    assert here.present == there.present and "originator.verified" in there.present
    assert there.completed == NOW


def test_what_is_missing_is_asked_for_and_may_be_sent_later(pair):
    document = alice()
    del document["originator"]["originatorPerson"][0]["naturalPerson"]["geographicAddress"]
    assert pair.ask(document) == "more-information"
    assert pair.alpha.conversation(BETA.name, TRANSFER).missing == ("originator.address",)
    pair.now += 60
    assert pair.ask() == "accepted" and pair.alpha.conversation(BETA.name, TRANSFER).missing == ()
    assert pair.ask(transfer="8" * 32, verified=False) == "accepted", (
        "the sender's own check is not asked of a receiver"
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers(0, 2**53 - 1) | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*alice(), *wu(), "x"]), inner),
    max_leaves=8,
)


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(JSON, st.integers(0, 2**64))
def test_any_payload_whatever_is_answered_and_never_accepted(tmp_path, given_payload, number):
    pair = Pair(tmp_path)
    content = {"instructions": None, "ivms101": given_payload, "terms": TERMS.document(), "verified": True}
    transfer = f"{number:032x}"
    message = Message(ALPHA.name, BETA.name, "request", transfer, os.urandom(16), NOW, None, content)
    data = seal_message(message, ALPHA, pair.alpha.register.named(BETA.name), os.urandom)
    assert pair.beta.receive(data, NOW) is not None
    assert pair.beta.conversation(ALPHA.name, transfer).missing == ("payload.constraints",)


def test_who_is_nobody_here_is_refused_and_nothing_personal_is_kept(pair, tmp_path):
    assert pair.ask(terms=replace(TERMS, address=ELSEWHERE)) == "rejected"
    assert pair.alpha.conversation(BETA.name, TRANSFER).reason == "unknown-address"
    assert all(record.body.get("personal") is None for record in pair.beta.log.records)


def test_another_name_than_the_customers_is_refused(pair):
    document = alice()
    document["beneficiary"]["beneficiaryPerson"][0]["naturalPerson"]["name"]["nameIdentifier"][0][
        "primaryIdentifier"
    ] = "Quall"
    assert pair.ask(document) == "rejected"
    assert pair.alpha.conversation(BETA.name, TRANSFER).reason == "beneficiary-name"
    with pytest.raises(FormatError, match="does not follow on rejected"):
        pair.request()


@pytest.mark.parametrize(
    ("period", "state"),
    [
        ((date(2026, 5, 28), date(2026, 5, 28)), "accepted"),
        ((date(2026, 1, 1), date(2026, 5, 27)), "rejected"),
        ((date(2026, 5, 29), date(2026, 6, 1)), "rejected"),
    ],
)
def test_due_diligence_counts_on_the_day(pair, tmp_path, period, state):
    pair.beta = node(tmp_path / "beta", BETA, ALPHA, DueDiligence(*period, "file"))
    assert pair.ask() == state
    assert pair.alpha.conversation(BETA.name, TRANSFER).reason == ("due-diligence" if state == "rejected" else "")


def test_replays_are_refused_also_after_a_restart_and_a_fresh_repeat_is_answered(pair, tmp_path):
    data = pair.request()
    answer = pair.beta.receive(data, pair.now)
    for receiver in (pair.beta, node(tmp_path, BETA, ALPHA)):
        with pytest.raises(MessageRefused, match="replayed"):
            receiver.receive(data, pair.now + 300)
        with pytest.raises(MessageRefused, match="late"):
            receiver.receive(data, pair.now + 301)
    # The answer was lost: the same is asked in a fresh message.
    assert answer is not None
    pair.now += 10
    assert pair.ask() == "accepted"
    with pytest.raises(MessageRefused, match="out-of-turn"):
        pair.alpha.receive(answer, pair.now)  # the old answer answers another message


def test_a_nonce_is_remembered_until_its_message_is_late(pair):
    pair.beta.receive(pair.request(), pair.now)
    [key] = pair.beta._seen
    pair.beta._forget(pair.now + 600)
    assert key in pair.beta._seen
    pair.beta._forget(pair.now + 601)
    assert not pair.beta._seen


def test_nothing_is_said_out_of_turn(pair):
    with pytest.raises(FormatError, match="not this side's"):
        pair.alpha.notice(TRANSFER, BETA.name, SENT, pair.now)
    pair.ask()
    for say in (pair.alpha.accept, pair.alpha.reject):
        with pytest.raises(FormatError, match="not this side's"):
            say(TRANSFER, BETA.name, pair.now)
    for say in (pair.beta.accept, pair.beta.reject):
        with pytest.raises(FormatError, match="does not follow on accepted"):
            say(TRANSFER, ALPHA.name, pair.now)
    with pytest.raises(FormatError, match="the terms are others"):
        pair.request(terms=replace(TERMS, amount="1.6"))
    answer = pair.beta.receive(pair.alpha.notice(TRANSFER, BETA.name, SENT, pair.now), pair.now)
    with pytest.raises(FormatError, match="another than before"):
        pair.alpha.notice(TRANSFER, BETA.name, Transaction(CHAIN, "0xbb"), pair.now)
    with pytest.raises(FormatError, match="does not follow on noticed"):
        pair.request()
    pair.alpha.receive(answer, pair.now)
    again = pair.beta.receive(pair.alpha.notice(TRANSFER, BETA.name, SENT, pair.now), pair.now)
    assert pair.alpha.receive(again, pair.now) is None and pair.state() == "confirmed"


def test_what_the_other_side_says_out_of_turn_is_refused_and_not_kept(pair, tmp_path):
    pair.request()
    position = len(pair.beta.log.records)
    # Alpha believes it was accepted; beta never heard of it.
    elsewhere = node(tmp_path / "other", BETA, ALPHA)
    answer = elsewhere.receive(pair.request(), pair.now)
    pair.alpha.receive(answer, pair.now)
    with pytest.raises(MessageRefused, match="follows on nothing"):
        pair.beta.receive(pair.alpha.notice(TRANSFER, BETA.name, SENT, pair.now), pair.now)
    assert len(pair.beta.log.records) == position


def test_an_officer_answers_by_hand(pair):
    document = alice()
    del document["originator"]["originatorPerson"][0]["naturalPerson"]["geographicAddress"]
    assert pair.ask(document) == "more-information"
    pair.alpha.receive(pair.beta.reject(TRANSFER, ALPHA.name, pair.now), pair.now)
    assert pair.state() == "rejected"


def test_a_payload_that_breaks_a_constraint_is_not_sent(pair):
    document = alice()
    document["originatingVASP"]["originatingVASP"]["legalPerson"]["nationalIdentification"]["nationalIdentifier"] = (
        "0" * 20
    )
    with pytest.raises(FormatError, match="C11"):
        pair.request(document)
    assert len(pair.alpha.log.records) == 1, "nothing but the beginning is in the log"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("amount", "0"), ("amount", "1.0"), ("amount", "01"), ("amount", "-1"), ("amount", "1e3"), ("amount", 1),
        ("address", ADDRESS.replace("b", "B")), ("address", ""), ("chain", "x"), ("asset", "eth"), ("contract", " "),
    ],
)  # fmt: skip
def test_terms_have_one_form(name, value):
    assert read_terms(TERMS.document()) == TERMS
    with pytest.raises(FormatError):
        read_terms(TERMS.document() | {name: value})
    assert Terms("x:1", "native", "X", "0.000000000000000000000000000000000001", "a").exact > 0


# The log.


def lines(pair: Pair) -> list[bytes]:
    return pair.beta.log.path.read_bytes().splitlines(keepends=True)


def test_nobody_is_named_in_the_log_and_the_vault_gives_the_payload_back(pair):
    pair.ask(instructions="for the rent of Quill")
    for log in (pair.alpha.log, pair.beta.log):
        text = log.path.read_bytes()
        for secret in (b"Hatter", b"Quill", b"Ostwick", b"7714021", b"rent"):
            assert secret not in text
    [record] = [each for each in pair.beta.log.records if each.body.get("personal")]
    kept = parse(pair.beta.vault.get(record.body["personal"]))
    assert kept == {"instructions": "for the rent of Quill", "ivms101": alice()}


def test_erasure_breaks_no_chain_and_leaves_other_customers_alone(pair):
    pair.ask()
    head = pair.beta.log.head
    [record] = [each for each in pair.beta.log.records if each.body.get("personal")]
    other = pair.beta.vault.put("c" * 32, b"other")
    pair.beta.erase(BOB, pair.now)
    with pytest.raises(Erased):
        pair.beta.vault.get(record.body["personal"])
    assert pair.beta.vault.get(other) == b"other"
    assert [each.kind for each in read_log(pair.beta.log.path, head)][-1] == "erased"
    assert node(pair.folder, BETA, ALPHA).conversation(ALPHA.name, TRANSFER).state == "accepted"
    with pytest.raises(Erased):
        pair.beta.erase(BOB, pair.now)


def test_a_log_that_was_changed_anywhere_is_refused(pair):
    pair.ask()
    path, whole = pair.beta.log.path, lines(pair)
    assert len(read_log(path)) == len(whole) == 3
    spoiled = [[*whole[:at], *whole[at + 1 :]] for at in range(len(whole) - 1)]  # one left out
    spoiled += [[whole[0], whole[2], whole[1]], [*whole, whole[2]]]
    for at, line in enumerate(whole):
        record = json.loads(line)
        for name in record:
            other = {**record, name: {} if name == "body" else "0" * 64 if name in ("hash", "previous") else 9**9}
            changed = json.dumps(other, separators=(",", ":"), sort_keys=True).encode() + b"\n"
            if changed != line:
                spoiled.append([*whole[:at], changed, *whole[at + 1 :]])
        spoiled.append([*whole[:at], line.replace(b":", b": ", 1), *whole[at + 1 :]])
    for each in spoiled:
        path.write_bytes(b"".join(each))
        with pytest.raises(CheckFailed, match="line"):
            read_log(path)


def test_a_log_that_was_cut_off_is_seen_by_who_kept_the_head(pair):
    pair.ask()
    head, path = pair.beta.log.head, pair.beta.log.path
    path.write_bytes(b"".join(lines(pair)[:-1]))
    assert read_log(path)
    with pytest.raises(CheckFailed, match="newest before"):
        read_log(path, head)
    with pytest.raises(CheckFailed, match="shorter"):
        pair.beta.log.refresh()


def test_a_line_that_a_crash_left_unfinished_is_cut_off_by_the_next_writer(pair):
    pair.ask()
    path = pair.beta.log.path
    with path.open("ab") as file:
        file.write(b'{"body":')
    assert len(read_log(path)) == 3
    again = MessageLog(path, BETA.name, NOW)
    again.append(NOW, "erased", {})
    assert len(read_log(path)) == 4
    with pytest.raises(InputError, match="no log of"):
        MessageLog(path, ALPHA.name, NOW)


def test_several_writers_make_one_chain(tmp_path):
    logs = [MessageLog(tmp_path / "log", "x", NOW) for _ in range(4)]

    def write(log: MessageLog) -> None:
        for number in range(10):
            log.append(NOW - number, "erased", {"number": number})

    threads = [threading.Thread(target=write, args=(log,)) for log in logs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    records = read_log(tmp_path / "log")
    assert len(records) == 41 and {record.time for record in records} == {NOW}, "time does not go back"


# Over HTTP.


def test_the_same_between_two_servers(tmp_path):
    pair = Pair(tmp_path)
    with TravelRuleServer(pair.beta, lambda: pair.now) as server:
        assert server.url.startswith("http://127.0.0.1:") and server.url.endswith(PATH)
        data = pair.request()
        assert pair.alpha.receive(deliver(server.url, data), pair.now) is None and pair.state() == "accepted"
        with pytest.raises(MessageRefused, match=r"replayed \(HTTP status 409\)"):
            deliver(server.url, data)
        answer = deliver(server.url, pair.alpha.notice(TRANSFER, BETA.name, SENT, pair.now))
        pair.alpha.receive(answer, pair.now)
        assert pair.state() == "confirmed"
        for bad, code in ((b"", "malformed"), (b"{}", "malformed"), (b"x" * 300_000, "too-large")):
            with pytest.raises(MessageRefused, match=code):
                deliver(server.url, bad)
        with pytest.raises(MessageRefused, match="no-such-path"):
            deliver(server.url.replace(PATH, "/"), b"{}")
    with pytest.raises(InputError, match="cannot be reached"):
        deliver(server.url, data)


def test_what_is_wrong_here_is_not_told_to_others(tmp_path):
    pair = Pair(tmp_path)
    data = pair.request()
    pair.beta.log.path.write_bytes(b"{}\n")
    with TravelRuleServer(pair.beta, lambda: pair.now) as server, pytest.raises(MessageRefused) as refused:
        deliver(server.url, data)
    assert refused.value.code == "not-now" and str(tmp_path) not in str(refused.value)


def test_a_stranger_is_refused_and_an_address_that_is_no_node_is_named(tmp_path):
    pair, stranger = Pair(tmp_path), Pair(tmp_path / "stranger")
    cases = [(MALLORY, BETA, pair, "wrong-recipient"), (BETA, MALLORY, stranger, "unknown-sender")]
    for who, known, sender, code in cases:
        with TravelRuleServer(node(tmp_path / code, who, known), lambda: NOW) as server:
            with pytest.raises(MessageRefused, match=code):
                deliver(server.url, sender.request())
            with pytest.raises(MessageRefused, match="no-such-path"):
                deliver(server.url + "/more", b"{}")
