"""The chain of attestations: gaps, forks, restatements, missed hours, and what was not handed over."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from por.snapshot import SnapshotId, next_hour
from por.verify.chain import Link, check_chain

EXCHANGE = "small.exchange"
FIRST = "2026-11-22T23:00:00Z"


def chain(count: int) -> list[Link]:
    """Consecutive hours, each naming the one before."""
    links, hour = [], FIRST
    for number in range(count):
        previous = links[-1].digest if links else None
        links.append(Link(f"b{number}", f"{number:064x}", number, previous, "attestation", SnapshotId(EXCHANGE, hour)))
        hour = next_hour(hour)
    return links


def restatement(links: list[Link], number: int) -> Link:
    """The next statement, restating an earlier hour."""
    old, last = links[number], links[-1]
    snapshot = SnapshotId(EXCHANGE, old.snapshot.hour, old.snapshot.revision + 1)
    sequence = last.sequence + 1
    return Link("r", f"{sequence:064x}", sequence, last.digest, "restatement", snapshot, restates=old.digest)


@given(st.integers(1, 6), st.randoms())
def test_a_whole_chain_passes_in_any_order(count, random):
    links = chain(count)
    random.shuffle(links)
    assert check_chain(links).result == "pass"


def test_nothing_handed_over_is_unchecked():
    assert check_chain([]).result == "unchecked"


def test_a_chain_that_begins_later_or_lacks_one_is_unchecked():
    links = chain(5)
    assert check_chain(links[2:]).result == "unchecked"
    assert check_chain(links[:2] + links[3:]).result == "unchecked"


def test_the_same_statement_twice_is_no_fork():
    links = chain(3)
    assert check_chain([*links, replace(links[1], source="copy")]).result == "pass"


def test_two_statements_with_one_number_are_a_fork_whatever_they_say():
    links = chain(3)
    other = replace(links[1], digest="f" * 64, source="other", snapshot=SnapshotId(EXCHANGE, "2027-01-01T00:00:00Z"))
    report = check_chain([*links, other])
    assert report.result == "fail"
    assert report.forks == [("b1", "other")]


def test_an_hour_left_out_is_a_gap():
    links = chain(2)
    jumped = replace(links[1], snapshot=SnapshotId(EXCHANGE, next_hour(links[1].snapshot.hour)))
    assert any("gap" in failure for failure in check_chain([links[0], jumped]).failures)


def test_the_same_hour_twice_is_refused():
    links = chain(2)
    assert check_chain([links[0], replace(links[1], snapshot=links[0].snapshot)]).result == "fail"


def test_a_missed_hour_keeps_the_chain_whole_and_is_said():
    links = chain(3)
    links[1] = replace(links[1], kind="missed")
    report = check_chain(links)
    assert report.result == "pass"
    assert "missed" in report.notes[0]


def test_a_wrong_predecessor_is_refused():
    links = chain(3)
    assert check_chain([*links[:2], replace(links[2], previous="e" * 64)]).result == "fail"


def test_a_restatement_stands_beside_what_it_restates():
    links = chain(3)
    links.append(restatement(links, 1))
    after = Link("b4", f"{4:064x}", 4, links[-1].digest, "attestation", SnapshotId(EXCHANGE, "2026-11-23T02:00:00Z"))
    report = check_chain([*links, after])
    assert report.result == "pass"
    assert any("restates" in note for note in report.notes)


def test_a_restatement_of_another_hour_or_revision_is_refused():
    links = chain(3)
    good = restatement(links, 1)
    for snapshot in (SnapshotId(EXCHANGE, links[0].snapshot.hour, 1), SnapshotId(EXCHANGE, good.snapshot.hour, 2)):
        assert check_chain([*links, replace(good, snapshot=snapshot)]).result == "fail"


def test_a_restatement_of_an_hour_to_come_is_refused():
    links = chain(2)
    future = replace(restatement(links, 1), snapshot=SnapshotId(EXCHANGE, "2026-11-24T00:00:00Z", 1))
    assert check_chain([*links, future]).result == "fail"


def test_a_restatement_of_what_was_not_handed_over_is_unchecked():
    links = chain(3)
    unknown = replace(restatement(links, 1), restates="d" * 64)
    assert check_chain([*links, unknown]).result == "unchecked"


def test_a_rewritten_history_of_keys_is_refused():
    links = chain(2)
    links[0] = replace(links[0], rotations=("a",))
    assert check_chain(links).result == "fail"


def test_statements_of_two_exchanges_are_no_chain():
    links = chain(2)
    assert check_chain([links[0], replace(links[1], snapshot=SnapshotId("other", FIRST))]).result == "fail"


def test_one_revision_restated_twice_is_refused():
    """Two statements of one snapshot id: customers could be shown either."""
    links = chain(3)
    links.append(restatement(links, 1))
    again = replace(restatement(links, 1), source="again", restates=links[1].digest)
    assert any("two statements of" in failure for failure in check_chain([*links, again]).failures)


def test_hours_that_the_missing_statements_cannot_have_covered_are_a_gap():
    links = chain(6)
    assert check_chain([links[0], links[2], links[5]]).failures == []
    late = replace(links[2], snapshot=links[5].snapshot)
    assert any("gap" in failure for failure in check_chain([links[0], late]).failures)
    early = replace(links[2], snapshot=SnapshotId(EXCHANGE, "2026-11-22T20:00:00Z"))
    assert any("gap" in failure for failure in check_chain([links[0], early]).failures)


def test_a_statement_that_skips_over_others_to_its_predecessor_is_refused():
    links = chain(4)
    assert check_chain([links[0], replace(links[3], previous=links[0].digest)]).result == "fail"


def test_a_history_of_keys_rewritten_across_statements_not_handed_over_is_refused():
    links = chain(4)
    rotations = ({"sequence": 0}, {"sequence": 1})
    links[1] = replace(links[1], rotations=rotations[:1])
    assert check_chain([links[1], links[3]]).result == "fail"


def test_a_key_that_signs_after_the_statement_that_replaced_it_is_refused():
    links = chain(4)
    links[3] = replace(links[3], rotations=({"sequence": 2},))
    assert any("was replaced" in failure for failure in check_chain(links).failures)
    links[3] = replace(links[3], rotations=({"sequence": 3},))
    assert check_chain(links).result == "pass"
