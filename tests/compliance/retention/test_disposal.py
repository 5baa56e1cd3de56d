"""Holds, deletion, erasure and due lists: who may order what, when it is refused, and that every chain holds after."""

from __future__ import annotations

import sqlite3
from datetime import date

import pytest

from compliance.retention.archive import Archive, create_archive, load
from compliance.retention.authority import (
    Answer,
    Operator,
    Scope,
    delete_order,
    hold_order,
    keys_order,
    release_order,
    sign_order,
)
from compliance.retention.classes import RecordClass, Regime, StartEvent
from compliance.retention.clock_table import CLOCKS
from compliance.retention.disposal import (
    delete_records,
    due_records,
    due_requests,
    erase_customer,
    finish,
    request_erasure,
    seal_document,
    unfinished,
)
from compliance.retention.records import ClockEvent, Order
from compliance.retention.sealing import Erased, Vault
from compliance.retention.verifying import verify_archive
from ledger.errors import CheckFailed, FormatError, InputError
from tests.compliance.retention.conftest import (
    ANN,
    BEN,
    DAY_KEY,
    EVE,
    GENESIS,
    IDENTITY,
    MASTER,
    document,
    micros,
)

NOON = micros("2026-11-20T12:00")
LAST_DAY = micros("2034-11-20T23:59")  # of a record of 2026-11-20 under Dubai's eight years
NEXT_DAY = micros("2034-11-21")
BOTH = (ANN, BEN)


@pytest.fixture
def archive(folder):
    with Archive(folder) as opened:
        yield opened


@pytest.fixture
def vault(folder):
    with Vault(folder / "personal", MASTER) as opened:
        yield opened


def hold(archive, scope, recorded=NOON, keys=BOTH, reason="case 7"):
    return archive.append(sign_order(hold_order(IDENTITY, recorded, reason, scope), keys), recorded).sequence


def release(archive, number, recorded=NOON):
    return archive.append(sign_order(release_order(IDENTITY, recorded, "case closed", number), BOTH), recorded)


def delete(archive, records, recorded, keys=BOTH):
    return delete_records(archive, CLOCKS, records, "period over", "data protection policy 3", keys, recorded)


def about(archive, vault, customer, name, **more):
    subject = vault.subject(customer)
    sealed = seal_document(archive, vault, subject, name.encode())
    return document(archive, name, payload=sealed, subject=subject, **{"record_class": RecordClass.KYC, **more})


def findings(folder, vault=None):
    return {each.name: each for each in verify_archive(folder, vault=vault)[0]}


# Orders.


@pytest.mark.parametrize(
    ("keys", "match"),
    [
        ((ANN,), "two different operators"),
        ((ANN, EVE), "no operator's key"),
        ((), "two different operators"),
        ((ANN, ANN), "different keys"),
    ],
)
def test_one_operator_or_a_stranger_orders_nothing(archive, keys, match):
    with pytest.raises(CheckFailed, match=match):
        hold(archive, Scope(), keys=keys)
    assert archive.view.holds == {}


def test_two_keys_of_one_owner_are_one_operator(archive):
    second = Operator(EVE.public, "ann")
    roster = [*archive.view.operators, second]
    archive.append(sign_order(keys_order(IDENTITY, NOON, "a spare key", roster, DAY_KEY.public), BOTH), NOON)
    with pytest.raises(CheckFailed, match="two different operators"):
        hold(archive, Scope(), keys=(ANN, EVE))
    hold(archive, Scope(), keys=(EVE, BEN))


def test_an_order_is_bound_to_every_field(archive):
    order = hold_order(IDENTITY, NOON, "case 7", Scope(record_class=RecordClass.TRADE, since=1, until=2))
    signed = sign_order(order, BOTH)
    for name, value in {"reason": "other", "made": NOON + 1, "scope": {}, "archive": "ab" * 32}.items():
        with pytest.raises(CheckFailed):
            archive.append(signed._replace(order={**order, name: value}), NOON)
    with pytest.raises(FormatError, match="other fields"):
        archive.append(Order({**order, "more": 1}, signed.signatures), NOON)
    first, second = signed.signatures
    for changed in ((first,), (first, first), (second, first), (first._replace(signature=second.signature), second)):
        with pytest.raises(CheckFailed):
            archive.append(Order(order, changed), NOON)
    archive.append(signed, NOON)
    with pytest.raises(CheckFailed, match="taken already"):
        archive.append(signed, NOON)


def test_another_roster_and_another_key_for_days(archive):
    roster = [Operator(BEN.public, "ben"), Operator(EVE.public, "eve")]
    archive.close_day(date(2026, 11, 20), NOON, DAY_KEY)
    archive.append(sign_order(keys_order(IDENTITY, NOON, "ann left", roster, EVE.public), BOTH), NOON)
    with pytest.raises(CheckFailed, match="no operator's key"):
        hold(archive, Scope())
    hold(archive, Scope(), keys=(BEN, EVE))
    with pytest.raises(CheckFailed, match="not the one in force"):
        archive.close_day(date(2026, 11, 21), micros("2026-11-21"), DAY_KEY)
    archive.close_day(date(2026, 11, 21), micros("2026-11-21"), EVE)
    assert findings(archive.folder)["days"].holds
    with pytest.raises(FormatError, match="two owners"):
        archive.append(sign_order(keys_order(IDENTITY, NOON, "alone", roster[:1], EVE.public), (BEN, EVE)), NOON)


# Holds.


@pytest.mark.parametrize(
    ("scope", "is_held"),
    [
        (Scope(), True),
        (Scope(record_class=RecordClass.TRADE), True),
        (Scope(record_class=RecordClass.ORDER), False),
        (Scope(subject="ab" * 32), False),
        (Scope(since=19), True),
        (Scope(since=20), False),
        (Scope(until=10), True),
        (Scope(until=9), False),
        (Scope(record_class=RecordClass.TRADE, since=15, until=16), True),
        (Scope(record_class=RecordClass.ORDER, since=15, until=16), False),
    ],
)
def test_a_hold_covers_subject_class_and_period(archive, scope, is_held):
    """The record is valid from 10 up to 20, so it is not held from 20 on, nor by what ends before 10."""
    archive.append(document(archive, "a", valid_from=10, valid_to=20), NOON)
    hold(archive, scope)
    assert bool(archive.view.holds_on(1)) == is_held


def test_a_hold_stops_deletion_until_it_is_released(archive):
    archive.append(document(archive, "a"), NOON)
    number = hold(archive, Scope(record_class=RecordClass.TRADE))
    second = hold(archive, Scope(), reason="case 8")
    assert due_records(archive.view, CLOCKS, date(2034, 11, 21)) == []
    with pytest.raises(InputError, match="legal hold: case 7"):
        delete(archive, [1], NEXT_DAY)
    release(archive, number)
    with pytest.raises(InputError, match="legal hold: case 8"):
        delete(archive, [1], NEXT_DAY)
    release(archive, second)
    assert [each.record for each in due_records(archive.view, CLOCKS, date(2034, 11, 21))] == [1]
    with pytest.raises(CheckFailed, match="no such hold, or it was released"):
        release(archive, number, NOON + 1)
    delete(archive, [1], NEXT_DAY)
    assert findings(archive.folder)["objects"].holds


# Deletion.


@pytest.mark.parametrize(("when", "is_kept"), [(LAST_DAY - 10**6, True), (LAST_DAY, True), (NEXT_DAY, False)])
def test_nothing_is_deleted_up_to_and_on_its_last_day(archive, when, is_kept):
    archive.append(document(archive, "a"), NOON)
    name = archive.view.documents[1].payload.sha256
    if is_kept:
        with pytest.raises(InputError, match="kept until 2034-11-20 because VARA-REC-01, VARA-AML-REC"):
            delete(archive, [1], when)
        assert archive.objects.get(name) == b"a"
        return
    delete(archive, [1], when)
    with pytest.raises(FileNotFoundError):
        archive.objects.get(name)


def test_a_deletion_leaves_hash_line_and_authority_in_the_chain(archive):
    archive.append(document(archive, "a"), NOON)
    archive.append(document(archive, "b"), NOON)
    archive.close_day(date(2026, 11, 20), NOON, DAY_KEY)
    before = load(archive.folder).entries
    entry = delete(archive, [1], NEXT_DAY)
    archive.close_day(date(2034, 11, 21), NEXT_DAY, DAY_KEY)
    loaded = load(archive.folder)
    assert loaded.entries[: len(before)] == before
    assert loaded.view.documents[1].payload.sha256 == before[0].body.payload.sha256
    assert entry.body.order["authority"] == "data protection policy 3"
    assert entry.body.order["answers"] == [
        {"because": "kept until 2034-11-20 because VARA-REC-01, VARA-AML-REC", "record": 1, "until": "2034-11-20"}
    ]
    assert all(findings(archive.folder)[name].holds for name in ("chain", "days", "objects"))
    with pytest.raises(CheckFailed, match="gone already"):
        delete(archive, [1], NEXT_DAY + 1)


def test_a_document_that_two_records_name_goes_with_the_second(archive):
    archive.append(document(archive, "same"), NOON)
    archive.append(document(archive, "same"), NOON)
    name = archive.view.documents[1].payload.sha256
    delete(archive, [1], NEXT_DAY)
    assert archive.objects.get(name) == b"same"
    assert findings(archive.folder)["objects"].holds
    delete(archive, [2], NEXT_DAY)
    assert list(archive.objects.names()) == []


def test_a_crash_between_an_order_and_its_deed_is_found_and_finished(archive):
    archive.append(document(archive, "a"), NOON)
    answer = Answer(1, date(2034, 11, 20), "VARA-REC-01")
    archive.append(sign_order(delete_order(IDENTITY, NEXT_DAY, "r", "a", [answer]), BOTH), NEXT_DAY)
    assert len(unfinished(archive.view, archive.objects)) == 1
    assert findings(archive.folder)["objects"].problems == (
        "record 1: an order took its document away, and it is still there",
    )
    assert len(finish(archive, None)) == 1
    assert finish(archive, None) == []
    assert findings(archive.folder)["objects"].holds


def test_an_order_that_two_operators_signed_too_early_is_refused_all_the_same(archive):
    archive.append(document(archive, "a"), NOON)
    answer = Answer(1, date(2034, 11, 20), "VARA-REC-01")
    signed = sign_order(delete_order(IDENTITY, NOON, "r", "a", [answer]), BOTH)
    with pytest.raises(CheckFailed, match="kept until 2034-11-20"):
        archive.append(signed, LAST_DAY)


@pytest.mark.parametrize("answers", [[], [Answer(9, date(2030, 1, 1), "x")], [Answer(1, date(2030, 1, 1), "x")] * 2])
def test_a_deletion_of_nothing_something_unknown_or_twice(archive, answers):
    archive.append(document(archive, "a"), NOON)
    with pytest.raises((CheckFailed, FormatError)):
        archive.append(sign_order(delete_order(IDENTITY, NEXT_DAY, "r", "a", answers), BOTH), NEXT_DAY)


def test_what_no_clock_covers_or_has_begun_is_not_deleted(archive):
    archive.append(document(archive, "a", record_class=RecordClass.INCIDENT, regimes=(Regime.CALIFORNIA,)), NOON)
    archive.append(document(archive, "b", regimes=(Regime.JAPAN,)), NOON)
    with pytest.raises(InputError, match="no clock in the table covers"):
        delete(archive, [1], NEXT_DAY)
    with pytest.raises(InputError, match="kept until book_closing"):
        delete(archive, [2], NEXT_DAY)
    assert due_records(archive.view, CLOCKS, date(2099, 1, 1)) == []


# Events that start clocks.


def test_a_closed_book_starts_the_clocks_of_what_was_made_before(archive):
    for number, day in enumerate((date(2027, 3, 31), date(2027, 4, 1))):
        archive.append(document(archive, str(number), regimes=(Regime.JAPAN,), created=day), NOON)
    closing = ClockEvent(
        StartEvent.BOOK_CLOSING, date(2027, 3, 31), record_class=RecordClass.TRADE, before=date(2027, 3, 31)
    )
    archive.append(closing, NOON)
    kept = [archive.view.retention(record, CLOCKS, date(2027, 5, 1)).until for record in (1, 2)]
    assert kept == [date(2037, 3, 31), None]


def test_of_two_events_the_newer_line_counts_and_both_stay(archive):
    archive.append(document(archive, "a", regimes=(Regime.JAPAN,)), NOON)
    for year in (2099, 2027):
        archive.append(ClockEvent(StartEvent.BOOK_CLOSING, date(year, 3, 31), record=1), NOON)
    assert archive.view.retention(1, CLOCKS, date(2028, 1, 1)).until == date(2037, 3, 31)
    assert len(load(archive.folder).entries) == 3
    with pytest.raises(CheckFailed, match="no record"):
        archive.append(ClockEvent(StartEvent.BOOK_CLOSING, date(2027, 3, 31), record=9), NOON)


def test_an_authority_that_asks_for_longer_is_a_line_too(archive):
    archive.append(document(archive, "a", regimes=(Regime.MIFID,)), NOON)
    archive.append(ClockEvent(None, date(2027, 1, 1), rule="EU-REC-01", record_class=RecordClass.TRADE), NOON)
    assert archive.view.retention(1, CLOCKS, date(2028, 1, 1)).until == date(2033, 11, 20)


# Documents about customers.


def test_a_document_about_a_customer_is_never_stored_in_the_clear(archive, vault):
    with pytest.raises(CheckFailed, match="under their key"):
        archive.append(document(archive, "a", subject=vault.subject("ann")), NOON)


def test_nothing_in_the_folder_says_who_or_what(archive, vault):
    sealed = about(archive, vault, "ann@example.com", "passport 12345678")
    archive.append(sealed._replace(name="kyc/1"), NOON)
    archive.close_day(date(2026, 11, 20), NOON, DAY_KEY)
    for path in archive.folder.rglob("*"):
        if path.is_file():
            data = path.read_bytes()
            assert b"ann@example" not in data and b"12345678" not in data, path


def test_a_sealed_document_opens_for_its_customer_alone(archive, vault):
    archive.append(about(archive, vault, "ann", "of ann"), NOON)
    archive.append(about(archive, vault, "ben", "of ben"), NOON)
    first, second = (archive.view.documents[n] for n in (1, 2))
    assert vault.open(first.subject, first.payload, archive.objects) == b"of ann"
    with pytest.raises(CheckFailed):
        vault.open(second.subject, first.payload, archive.objects)
    with pytest.raises(CheckFailed):
        vault.open(first.subject, first.payload._replace(key_id=second.payload.key_id), archive.objects)
    with pytest.raises(CheckFailed):
        vault.open(first.subject, first.payload._replace(sha256=second.payload.sha256), archive.objects)
    with pytest.raises(CheckFailed):
        vault.open(first.subject, first.payload._replace(binding="00" * 32), archive.objects)


def test_another_master_secret_opens_nothing(archive):
    with Vault(archive.folder / "personal", MASTER) as vault:
        archive.append(about(archive, vault, "ann", "x"), NOON)
    with pytest.raises(InputError, match="master key"):
        Vault(archive.folder / "personal", bytes(32))


def test_a_request_that_meets_a_duty_is_answered_with_day_and_rule(archive, vault):
    archive.append(about(archive, vault, "ann", "passport"), NOON)
    _, kept, holds = request_erasure(archive, CLOCKS, vault.subject("ann"), NOON)
    assert (kept.why(), holds) == ("kept until 2034-11-20 because VARA-REC-01, VARA-AML-REC", ())
    assert archive.loaded.entries[-1].body.answer == kept.why()
    with pytest.raises(InputError, match="kept until 2034-11-20"):
        erase_customer(archive, CLOCKS, vault, vault.subject("ann"), "asked", "art. 17", BOTH, LAST_DAY)


def test_the_longest_of_a_customers_records_answers(archive, vault):
    archive.append(about(archive, vault, "ann", "old", created=date(2010, 1, 1)), NOON)
    archive.append(about(archive, vault, "ann", "new", created=date(2026, 11, 19)), NOON)
    _, kept, _ = request_erasure(archive, CLOCKS, vault.subject("ann"), NOON)
    assert kept.until == date(2034, 11, 19)
    archive.append(about(archive, vault, "ann", "open", regimes=(Regime.JAPAN,)), NOON)
    _, kept, _ = request_erasure(archive, CLOCKS, vault.subject("ann"), NOON)
    assert kept.why() == "kept until relationship_end and then the period of JP-AML-01 [S]"
    with pytest.raises(CheckFailed, match="no document"):
        request_erasure(archive, CLOCKS, vault.subject("nobody"), NOON)


def test_a_request_waits_on_the_due_list_and_is_executed_when_its_day_has_passed(archive, vault):
    """Verified before and after; what was erased is unreadable, and everything else still opens."""
    archive.append(about(archive, vault, "ann", "of ann"), NOON)
    archive.append(about(archive, vault, "ben", "of ben"), NOON)
    archive.append(document(archive, "of the house"), NOON)
    request_erasure(archive, CLOCKS, vault.subject("ann"), NOON)
    archive.close_day(date(2026, 11, 20), NOON, DAY_KEY)
    before, copies = load(archive.folder).entries, {n: archive.objects.get(n) for n in archive.objects.names()}
    assert all(findings(archive.folder, vault)[name].holds for name in ("chain", "days", "objects", "sealed"))
    waits = [due_requests(archive.view, CLOCKS, date(2034, 11, day)) for day in (20, 21)]
    assert [[each.is_due for each in due] for due in waits] == [[False], [True]]

    subject = waits[1][0].subject
    erase_customer(archive, CLOCKS, vault, subject, "asked", "art. 17", BOTH, NEXT_DAY)
    archive.close_day(date(2034, 11, 21), NEXT_DAY, DAY_KEY)

    found = findings(archive.folder, vault)
    assert all(found[name].holds for name in ("chain", "days", "objects", "sealed"))
    view, documents = archive.view, archive.view.documents
    assert load(archive.folder).entries[: len(before)] == before
    assert (view.is_disposed(1), view.is_disposed(2), view.is_disposed(3)) == (True, False, False)
    assert due_requests(view, CLOCKS, date(2034, 11, 22)) == []
    archive.objects.put(copies[documents[1].payload.sha256])  # a ciphertext that somebody had kept
    with pytest.raises(Erased):
        vault.open(subject, documents[1].payload, archive.objects)
    assert vault.open(documents[2].subject, documents[2].payload, archive.objects) == b"of ben"
    assert archive.objects.get(documents[3].payload.sha256) == b"of the house"
    assert b"of ann" not in (archive.folder / "personal" / "data.sqlite").read_bytes()
    assert findings(archive.folder, vault)["objects"].problems  # the kept ciphertext is found


def test_a_hold_stops_an_erasure_too(archive, vault):
    archive.append(about(archive, vault, "ann", "x"), NOON)
    subject = vault.subject("ann")
    number = hold(archive, Scope(subject=subject))
    _, _, holds = request_erasure(archive, CLOCKS, subject, NEXT_DAY)
    assert holds == (number,)
    assert archive.loaded.entries[-1].body.answer.startswith("on legal hold; kept until 2034-11-20")
    with pytest.raises(InputError, match="legal hold"):
        erase_customer(archive, CLOCKS, vault, subject, "r", "a", BOTH, NEXT_DAY)
    assert not due_requests(archive.view, CLOCKS, date(2035, 1, 1))[0].is_due
    release(archive, number, NEXT_DAY)
    erase_customer(archive, CLOCKS, vault, subject, "r", "a", BOTH, NEXT_DAY)


def test_a_customer_who_comes_back_reads_nothing_old(archive, vault):
    archive.append(about(archive, vault, "ann", "first"), NOON)
    subject = vault.subject("ann")
    old = archive.view.documents[1].payload
    kept = archive.objects.get(old.sha256)
    erase_customer(archive, CLOCKS, vault, subject, "r", "a", BOTH, NEXT_DAY)
    archive.append(about(archive, vault, "ann", "second", created=date(2034, 12, 1)), NEXT_DAY)
    number = max(archive.view.documents)
    assert not archive.view.is_disposed(number) and archive.view.is_disposed(1)
    assert vault.open(subject, archive.view.documents[number].payload, archive.objects) == b"second"
    finish(archive, vault)
    assert findings(archive.folder, vault)["sealed"].holds
    archive.objects.put(kept)
    with pytest.raises(CheckFailed):
        vault.open(subject, old, archive.objects)


def test_a_crash_before_the_key_was_destroyed_does_not_lend_the_old_key_to_a_newcomer(archive, vault, monkeypatch):
    archive.append(about(archive, vault, "ann", "first"), NOON)
    subject, old = vault.subject("ann"), archive.view.documents[1].payload
    kept = archive.objects.get(old.sha256)
    monkeypatch.setattr("compliance.retention.disposal.finish", lambda *_: [])
    erase_customer(archive, CLOCKS, vault, subject, "r", "a", BOTH, NEXT_DAY)
    assert vault.open(subject, old, archive.objects) == b"first"
    assert findings(archive.folder, vault)["sealed"].problems == ("record 1: was taken away and can still be read",)
    archive.append(about(archive, vault, "ann", "second", created=date(2034, 12, 1)), NEXT_DAY)
    archive.objects.put(kept)
    with pytest.raises(CheckFailed):
        vault.open(subject, old, archive.objects)


def test_the_key_that_was_erased_is_nowhere_in_the_file_of_keys(archive, vault):
    archive.append(about(archive, vault, "ann", "x"), NOON)
    keys = archive.folder / "personal" / "keys"
    assert keys.read_bytes().strip(b"\0")
    erase_customer(archive, CLOCKS, vault, vault.subject("ann"), "r", "a", BOTH, NEXT_DAY)
    assert not keys.read_bytes().strip(b"\0")
    with sqlite3.connect(archive.folder / "personal" / "data.sqlite") as rows:
        assert rows.execute("SELECT count(*) FROM data").fetchone() == (0,)


def test_an_order_for_one_archive_says_nothing_in_another_of_the_same_exchange(archive, tmp_path):
    other = GENESIS._replace(created=GENESIS.created + 1)
    create_archive(tmp_path / "next year", other)
    with Archive(tmp_path / "next year") as second:
        order = sign_order(hold_order(IDENTITY, NOON, "case 7", Scope()), BOTH)
        with pytest.raises(CheckFailed, match="another archive"):
            second.append(order, NOON)
    archive.append(order, NOON)
