"""The close of an hour: signed when trees, store and ledger agree, stated as failed when anything differs."""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace

import pytest

from cli.common import run
from cli.main import cli
from ledger.commands import CreditDeposit, MoveBetweenSubaccounts, PlaceOrders
from ledger.errors import InputError
from por.hour.balances import BalanceRow
from por.hour.close import READY_SECONDS, Broken, Closed, Failed, HourProcess, Opened, Reserves, close_hour, draw_next
from por.hour.sections import ZeroSumRow
from por.liabilities.folder import FOLDER, read_folder
from por.liabilities.kernels import available, select
from por.liabilities.opened import read_opened
from por.liabilities.rebuild import rebuild
from por.proofs import make_proof
from por.verify import standalone
from por.verify.audit import report_of
from tests.ledger.test_engine import PEOPLE, order
from tests.support.hour import KEY, NO_CHAINS, SmallHours, bank_row, movement, unread_row
from tests.support.small import results, small_audit

PROCESS_SECONDS = 60.0


def traded(folder, kernel=None):
    """An exchange before its first cut: trades, subaccounts, a customer who withdrew all that they had of an asset."""
    hours = SmallHours(folder, kernel).open()
    for turn in range(20):
        who, side = PEOPLE[turn % 4], ("bid", "ask")[turn % 3 % 2]
        hours.give(PlaceOrders(who, "", (order(side, 1 + turn * 7 % 50, 9 + turn % 3),)))
    hours.give(MoveBetweenSubaccounts(PEOPLE[0], "", "bot", "USD", 1_000))
    return hours


def sections(bundle):
    return standalone.read_attestation((bundle / "attestation.json").read_bytes())["sections"]


def all_messages(process):
    found = []
    while not process.is_over:
        told = process.messages(PROCESS_SECONDS)
        assert told or process.is_over, "the process says nothing"
        found += told
    return found


def check_proofs(bundle, digest):
    attestation = standalone.check_attestation(
        (bundle / "attestation.json").read_bytes(), standalone.read_key(KEY.public.hex())
    )
    columns = read_folder(bundle / FOLDER)
    rebuilt = rebuild(columns, [tree["scale"] for tree in sections(bundle)["snapshot"]["trees"]], select())
    for slot in range(columns.account_count):
        proof = make_proof(rebuilt, slot, digest)
        assert standalone.check_proof(proof, attestation, columns.identity(slot)[1]).verdict == "valid"
    return columns.account_count


def test_two_hours_are_closed_in_another_process_while_trading_goes_on(tmp_path):
    hours = traded(tmp_path)
    process = HourProcess(hours.job(hours.cut()))
    hours.give(CreditDeposit(PEOPLE[1], "", "BTC", 5, "wallet-1", "while the hour is closed"))
    hours.give(PlaceOrders(PEOPLE[2], "", (order("bid", 3, 12),)))
    closed, opened = all_messages(process)
    assert isinstance(opened, Opened) and isinstance(closed, Closed)
    hours.next_hour(closed.digest)
    hours.live.adopt(read_opened(opened.folder))
    hours.list_tree("EUR")  # listed inside the hour, with nothing in it
    [second, again] = all_messages(HourProcess(hours.job(hours.cut())))
    assert isinstance(again, Opened) and isinstance(second, Closed)
    audits = [small_audit(message.path, KEY) for message in (closed, second)]
    report = report_of(audits)
    assert [audit.verdict for audit in audits] == ["valid", "valid"] and report.chain.result == "pass"
    assert check_proofs(second.path, second.digest) == len(PEOPLE)
    trees = sections(second.path)["snapshot"]["trees"]
    assert [tree["asset"] for tree in trees] == ["BTC", "EUR", "USD"]
    assert (trees[1]["leaves"], trees[0]["claims"]) == (0, str(4 * 10**9 + 5))


def test_the_bundle_is_audited_and_its_proofs_are_made_by_the_commands(tmp_path, capsys):
    hours = traded(tmp_path)
    closed = close_hour(hours.job(hours.cut()))
    key = tmp_path / "key.json"
    exchange = sections(closed.path)["snapshot"]["exchange"]
    key.write_text(
        f'{{"exchange":"{exchange}","format":"tallystick/key/1","key":"{KEY.public.hex()}","rotations":[]}}\n'
    )
    who, proof = f"{PEOPLE[0]}@example.com", tmp_path / "proof.json"
    attestation = closed.path / "attestation.json"
    for arguments in (
        ["audit", closed.path, "--key", key],
        ["proof", closed.path, "--account", who, "--out", proof],
        ["verify", proof, "--attestation", attestation, "--key", key, "--account", who],
    ):
        assert run(cli, [str(argument) for argument in arguments]) == 0, capsys.readouterr()
    arguments = [str(proof), "--attestation", str(attestation), "--key", str(key), "--account", who]
    assert standalone.main(arguments) == 0


@pytest.mark.parametrize("kernel", available())
def test_every_kernel_closes_the_same_hour(tmp_path, kernel):
    hours = traded(tmp_path, kernel)
    closed = close_hour(hours.job(hours.cut(), kernel=kernel))
    assert isinstance(closed, Closed)
    reference = traded(tmp_path / "again")
    assert close_hour(reference.job(reference.cut(), kernel="plain")).digest == closed.digest


def test_a_customer_who_has_nothing_left_keeps_a_leaf_until_the_next_hour(tmp_path):
    hours = traded(tmp_path)
    first = hours.cut()
    told = []
    hours.next_hour(close_hour(hours.job(first), told.append).digest)
    hours.live.adopt(read_opened(told[-1].folder))
    rows = [row for row in hours.rows() if not (row.account == PEOPLE[3] and row.asset == "BTC")]
    lost = next(row for row in hours.rows() if row.account == PEOPLE[3] and row.asset == "BTC")
    hours.live.change(hours.live.number("main", "BTC"), hours.numbers[PEOPLE[3]], 0, 0)
    lines = [
        line._replace(claims=line.claims - lost.claim, house=line.house + lost.claim) if line.asset == "BTC" else line
        for line in hours.zero_sum()
    ]
    hours.live.refresh()
    roots = hours.live.cut(hours.position, hours.hour_folder)
    closed = close_hour(hours.job(roots, rows, zero_sum=lines), told.append)
    assert isinstance(closed, Closed)
    assert small_audit(closed.path, KEY).verdict == "valid"
    assert sections(closed.path)["snapshot"]["trees"][0]["leaves"] == 4
    assert check_proofs(closed.path, closed.digest) == 4
    assert len(read_opened(told[-1].folder).trees[0].accounts) == 3


def refused(hours, code, rows=None, **changes):
    """The job fails with this code: no root is signed, the failure is, and the next hour opens all the same."""
    roots, told = changes.pop("roots", None) or hours.cut(), []
    failed = close_hour(hours.job(roots, rows, **changes), told.append)
    assert isinstance(failed, Failed) and failed.code == code
    found = sections(failed.path)
    assert set(found) == {"failed", "keys", "missed"}
    assert (found["failed"]["code"], found["failed"]["ledger"]["position"]) == (code, hours.position)
    assert {path.name for path in failed.path.iterdir()} == {"attestation.json", "manifest.json"}
    audit = small_audit(failed.path, KEY)
    assert audit.verdict == "valid"
    assert results(audit)["failed"] == "unchecked"
    assert code in report_of([audit]).chain_check.detail
    return told


def test_a_wrong_live_root_fails_the_hour(tmp_path):
    hours = traded(tmp_path)
    roots = hours.cut()
    wrong = replace(roots.trees[0], root=bytes(32))
    told = refused(hours, "root", roots=replace(roots, trees=(wrong, *roots.trees[1:])))
    assert isinstance(told[1], Opened)


def test_a_live_tree_that_missed_a_change_fails_the_hour(tmp_path):
    hours = traded(tmp_path)
    hours.live.change(hours.live.number("main", "USD"), 0, 1, 0)
    refused(hours, "root")


def test_a_live_tree_that_is_not_there_fails_the_hour(tmp_path):
    hours = traded(tmp_path)
    roots = hours.cut()
    job = hours.job(roots)
    failed = close_hour(replace(job, facts=replace(job.facts, roots=replace(roots, trees=roots.trees[:1]))))
    assert isinstance(failed, Failed) and failed.code == "root"


def test_a_wrong_sum_fails_the_hour(tmp_path):
    hours = traded(tmp_path)
    lines = hours.zero_sum()
    lines[0] = lines[0]._replace(claims=lines[0].claims - 1, house=lines[0].house + 1)
    refused(hours, "sums", zero_sum=lines)


def test_a_lost_row_fails_the_hour(tmp_path):
    hours = traded(tmp_path)
    refused(hours, "root", hours.rows()[1:])


@pytest.mark.parametrize("change", [{"claim": 1}, {"debt": 1}])
def test_a_row_that_differs_by_one_quantum_fails_the_hour(tmp_path, change):
    hours = traded(tmp_path)
    rows = hours.rows()
    name, value = next(iter(change.items()))
    rows[2] = rows[2]._replace(**{name: getattr(rows[2], name) + value})
    refused(hours, "root", rows)


def test_a_balance_that_the_trees_never_saw_fails_the_hour(tmp_path):
    hours = traded(tmp_path)
    hours.list_tree("EUR")
    refused(hours, "rows", [*hours.rows(), BalanceRow("main", PEOPLE[0], "", "EUR", 1, 0)])


def test_a_row_twice_fails_the_hour(tmp_path):
    hours = traded(tmp_path)
    told = refused(hours, "rows", [*hours.rows(), hours.rows()[0]])
    assert [type(message) for message in told] == [Failed], "nothing can be opened from such rows"


def test_a_ledger_that_does_not_balance_fails_the_hour(tmp_path):
    hours = traded(tmp_path)
    lines = hours.zero_sum()
    lines[1] = lines[1]._replace(house=lines[1].house + 1)
    refused(hours, "zero-sum", zero_sum=lines)


def test_a_book_without_a_tree_fails_the_hour(tmp_path):
    hours = traded(tmp_path)
    refused(hours, "trees", zero_sum=[*hours.zero_sum(), ZeroSumRow("main", "EUR", custody=1, house=1)])


def test_slots_of_another_position_fail_the_hour(tmp_path):
    hours = traded(tmp_path)
    roots = hours.cut()
    hours.live.is_cut = False
    hours.live.write_kept(hours.hour_folder, hours.position - 1)
    refused(hours, "rows", roots=roots)


def test_a_failed_hour_is_followed_and_restored_by_others(tmp_path):
    hours = traded(tmp_path)
    roots, told = hours.cut(), []
    failed = close_hour(hours.job(roots, hours.rows()[1:]), told.append)
    hours.next_hour(failed.digest)
    hours.live.adopt(read_opened(told[-1].folder))
    number, who = hours.live.number("main", hours.rows()[0].asset), hours.rows()[0]
    hours.live.change(number, hours.numbers[who.account], who.claim, who.debt)  # what the store had lost
    closed = close_hour(hours.job(hours.cut()))
    assert isinstance(closed, Closed)
    report = report_of([small_audit(message.path, KEY) for message in (failed, closed)])
    assert report.verdict == "valid" and report.chain.result == "pass"


def test_unread_reserves_and_movements_are_stated(tmp_path):
    hours = traded(tmp_path)
    roots = hours.cut()
    custody = next(line.custody for line in hours.zero_sum() if line.asset == "USD")
    moved = [movement(30), movement(5, "out"), movement(7, "in", "ledger"), movement(2, "out", "ledger")]
    reserves = Reserves([bank_row(custody + 30 - 5 - 7 + 2 - 4)], NO_CHAINS, [unread_row()], moved)
    closed = close_hour(hours.job(roots, reserves=reserves))
    assert isinstance(closed, Closed) and closed.unread == 1
    found = sections(closed.path)
    total = found["in-flight"]["totals"][1]
    assert (total["in_flight"], total["difference"], total["custody"]) == ("20", "-4", str(custody))
    assert found["unread"]["rows"][0]["reason"] == "endpoint-unreachable"
    assert found["reserves"]["totals"][0]["claimed"] == "0"
    audit = small_audit(closed.path, KEY)
    answers = results(audit)
    assert audit.verdict == "unchecked", "what was not read is never a pass"
    assert [check.name for check in audit.checks if check.required and check.result != "pass"] == ["balances"]
    assert (answers["zero-sum"], answers["in-flight"], answers["unread"]) == ("pass", "pass", "unchecked")
    details = {check.name: check.detail for check in audit.checks}
    assert "-4 USD" in details["in-flight"] and "bip122:main: endpoint-unreachable" in details["unread"]
    books = found["books"]["rows"][1]
    assert int(books["excess"]) - int(books["deficit"]) == int(total["reserves"]) - custody


def test_a_movement_on_a_chain_without_reserves_is_told_and_nothing_is_stated(tmp_path):
    hours = traded(tmp_path)
    job = hours.job(hours.cut(), reserves=Reserves((), NO_CHAINS, (), [movement(1)._replace(chain="eip155:1")]))
    with pytest.raises(InputError, match="eip155:1"):
        close_hour(job)
    assert not job.out.exists()


def test_a_process_that_is_killed_leaves_nothing_and_says_so(tmp_path):
    hours = traded(tmp_path)
    job = hours.job(hours.cut())
    process = HourProcess(replace(job, read_balances=wait_for_ever))
    os.kill(process._process.pid, signal.SIGKILL if sys.platform != "win32" else signal.SIGTERM)
    [message] = all_messages(process)
    assert isinstance(message, Broken) and "status" in message.problem
    assert not job.out.exists() and not job.next_folder.exists()
    assert isinstance(close_hour(job), Closed)


def test_a_problem_of_the_input_is_told_and_nothing_is_stated(tmp_path):
    hours = traded(tmp_path)
    job = hours.job(hours.cut())
    job.out.mkdir()
    found = all_messages(HourProcess(job))
    assert [type(message) for message in found] == [Broken] and "exists" in found[0].problem


def test_the_next_hour_is_drawn_while_reserves_are_waited_for(tmp_path):
    hours = traded(tmp_path)
    job = replace(hours.job(hours.cut()), read_reserves=slow_reserves)
    opened, closed = all_messages(HourProcess(job))
    assert isinstance(opened, Opened) and isinstance(closed, Closed)


def test_the_next_hour_can_be_drawn_alone(tmp_path):
    hours = traded(tmp_path)
    job = hours.job(hours.cut())
    told = []
    close_hour(job, told.append)
    first = read_opened(told[-1].folder)
    [opened] = all_messages(HourProcess(job, draw_next))
    assert [t.levels.top for t in read_opened(opened.folder).trees] == [t.levels.top for t in first.trees]


def slow_reserves(facts):
    import time

    time.sleep(3 * READY_SECONDS)
    return Reserves(evm_evidence=NO_CHAINS)


def wait_for_ever():
    import time

    time.sleep(PROCESS_SECONDS)
    raise AssertionError("nobody ended this process")
