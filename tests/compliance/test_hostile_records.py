"""What was done to the firm's register and to the chain of results, once with success. Named after what it did."""

from __future__ import annotations

import gzip
import os
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from multiprocessing import get_context

import pytest

import compliance.results as kept
from compliance.catalogue import SHARED, by_name
from compliance.facts import Assurance, Fact, Facts
from compliance.firm_values import read_value
from compliance.locking import locked
from compliance.register import Register, Statement
from compliance.results import Results
from ledger.errors import InputError
from ledger.keys import SigningKey

KINDS = by_name(SHARED)
KEY, OTHER = SigningKey(bytes(range(32))), SigningKey(bytes(range(1, 33)))
T0 = datetime(2026, 1, 1, tzinfo=UTC)
HOUR = timedelta(hours=1)


def currency(word, scope=""):
    return Statement("finance.currency", word, T0, scope)


def load(path, ends=None):
    return Register.load(path, "main", KINDS, [KEY.public, OTHER.public], ends)


def test_of_two_who_entered_at_once_one_was_lost(tmp_path):
    path = tmp_path / "facts.jsonl"
    for start in ([], [currency("CHF")]):
        if start:
            load(path).append(start, T0, KEY, KINDS)
        one, two = load(path), load(path)
        one.append([currency("EUR")], T0, KEY, KINDS)
        with pytest.raises(InputError, match="meanwhile"):
            two.append([currency("USD")], T0, OTHER, KINDS)
        assert load(path).entries[-1].statement.value == "EUR"
    assert path.stat().st_mode & 0o077 == 0


def test_a_key_that_had_ended_signed_on(tmp_path):
    path, ends = tmp_path / "facts.jsonl", {OTHER.public: T0 + HOUR}
    before = load(path, ends).append([currency("EUR")], T0 + HOUR - timedelta(seconds=1), OTHER, KINDS)
    with pytest.raises(InputError, match="no longer"):
        before.append([currency("USD")], T0 + HOUR, OTHER, KINDS)
    assert len(load(path, ends).entries) == 1  # what it signed in its time stands
    load(path).append([currency("USD")], T0 + HOUR, OTHER, KINDS)
    with pytest.raises(InputError, match="had ended"):
        load(path, ends)


@pytest.mark.parametrize("state", ["US-XX", "NY", "US-NY\x1b[31m", "[/red]"])
def test_a_state_that_is_none_stopped_the_table_of_verdicts(tmp_path, state):
    register = load(tmp_path / "facts.jsonl")
    with pytest.raises(AssertionError, match="no US state"):
        register.append([Statement("outstanding.state", {"USD": Fraction(1)}, T0, state)], T0, KEY, KINDS)
    with pytest.raises(ValueError, match="choose from"):
        read_value(KINDS["licences.us.states"], [state])


@pytest.mark.parametrize(
    ("name", "raw"),
    [
        ("business.since", date(9999, 12, 31)),
        ("business.since", date(1, 1, 1)),
        ("archive.verified", datetime(9999, 12, 31, 23, tzinfo=UTC)),
        ("finance.fixed_overheads", "9" * 4300),
        ("finance.fixed_overheads", 10**4000),
        ("finance.fixed_overheads", "0." + "0" * 60 + "1"),
    ],
)
def test_a_year_or_a_number_beyond_all_measure_stopped_every_evaluation(name, raw):
    with pytest.raises(ValueError, match=r"year|digits"):
        read_value(KINDS[name], raw)


# Results.


def facts(hour):
    return Facts("main", T0 + hour * HOUR, KINDS, [Fact("finance.currency", "EUR", T0, Assurance.CLAIMED)])


def keep(folder, hours, key=KEY, keys=(KEY.public,)):
    results = Results(folder, "main", keys)
    for hour in hours:
        results.add(facts(hour), [], [], "", key)
    return results


def test_anybodys_key_signed_a_chain_of_its_own(tmp_path):
    keep(tmp_path, range(2), OTHER, None)
    assert len(list(Results(tmp_path, "main").chain())) == 2
    results = Results(tmp_path, "main", [KEY.public])
    for read in (results.last, lambda: results.at(T0), lambda: list(results.chain())):
        with pytest.raises(InputError, match="not the exchange's"):
            read()


@pytest.mark.parametrize("place", [10, 12, 15, 40, -8, -1])
def test_a_byte_of_the_packing_was_an_error_of_the_program(tmp_path, place):
    results = keep(tmp_path, range(1))
    for path in sorted(tmp_path.glob("*.gz")):
        data = bytearray(path.read_bytes())
        data[place] ^= 0xFF
        path.write_bytes(bytes(data))
    with pytest.raises(InputError):
        results.last()
    for cut in (0, 5, 30):
        path.write_bytes(bytes(data[:cut]))
        with pytest.raises(InputError):
            results.last()


def test_a_record_unpacked_without_end(tmp_path, monkeypatch):
    results = keep(tmp_path, range(1))
    monkeypatch.setattr(kept, "_BYTES_MAX", 1 << 20)
    (tmp_path / "2026-01-01T010000Z.json.gz").write_bytes(gzip.compress(bytes(64 << 20)))
    unpacked = []
    read = gzip.GzipFile.read
    monkeypatch.setattr(gzip.GzipFile, "read", lambda file, size=-1: unpacked.append(size) or read(file, size))
    with pytest.raises(InputError):
        results.last()
    assert unpacked == [(1 << 20) + 1]


def test_what_a_killed_process_left_is_made_again(tmp_path):
    results = keep(tmp_path, range(2))
    record = tmp_path / "2026-01-01T010000Z.json.gz"
    whole = record.read_bytes()
    record.unlink()  # its facts are there, and it is not
    (tmp_path / ".2026-01-01T010000Z.json.gz.part").write_bytes(whole[:20])
    results.add(facts(1), [], [], "", KEY)
    assert record.read_bytes() == whole and len(list(results.chain())) == 2


def _hold(path, told, wait):
    with locked(path):
        told.set()
        wait.wait(30)
        os._exit(9)  # as one that is killed: nothing gives the lock back but the system


def test_two_who_evaluated_at_once_wrote_into_one_file(tmp_path):
    context = get_context("spawn")
    told, wait = context.Event(), context.Event()
    other = context.Process(target=_hold, args=(tmp_path / "lock", told, wait))
    other.start()
    assert told.wait(60)
    fcntl = pytest.importorskip("fcntl")
    with (tmp_path / "lock").open("rb") as file, pytest.raises(BlockingIOError):
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    wait.set()
    with locked(tmp_path / "lock"):
        other.join()
    assert other.exitcode == 9
