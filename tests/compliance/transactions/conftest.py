from __future__ import annotations

import json
from contextlib import contextmanager

import pytest

from compliance.transactions.reader import RecordReader
from compliance.transactions.terms import LogTerms
from ledger.log import LogReader
from ledger.store.snapshot import open_at
from tests.support.signed import GENESIS
from tests.support.traded import ALICE, BOB, CAROL, random_day, small_day

REFERENCE = {
    "firm": {"lei": "529900T8BM49AURSDO55", "mic": "XTAL", "country": "DE", "authority": "DE"},
    "clients": {
        ALICE: {"country": "DE", "first_names": "Ällice", "surname": "von der Lüne", "birth_date": "1980-01-13"},
        BOB: {"lei": "HWUPKR0MPOU8FGXBT394", "name": "Bob & Sons", "country": "FR"},
        CAROL: {"country": "US", "first_names": "Carol", "surname": "O'Neil", "birth_date": "1973-03-22"},
    },
    "instruments": {"BTC_USD": {"reportable": True, "isin": "US0378331005"}},
    "assets": {"USD": {"currency": "USD"}},
}


class Read:
    """A closed exchange's store, and readers over it."""

    def __init__(self, house, snapshot):
        self.house, self.session, self.last = house, snapshot.session, snapshot.position.sequence

    def reader(self, first=1, last=None):
        plain = RecordReader(self.session)
        log = LogReader(self.house.paths.log, GENESIS.exchange, GENESIS.hash)
        last = self.last if last is None else last
        return RecordReader(self.session, LogTerms(log, GENESIS.exchange, plain.markets, plain.scales, first, last))

    def records(self, want, first=1, last=None):
        last = self.last if last is None else last
        return list(self.reader(first, last).records(first, last, want))


@contextmanager
def opened(house):
    house.close()
    with open_at(house.url) as snapshot:
        yield Read(house, snapshot)


@pytest.fixture(scope="session")
def day(tmp_path_factory):
    with opened(small_day(tmp_path_factory.mktemp("day"))) as read:
        yield read


@pytest.fixture(scope="session")
def random_days(tmp_path_factory):
    days = []
    for seed in (1, 2):
        house = random_day(tmp_path_factory.mktemp(f"seed-{seed}"), seed, 90)
        house.close()
        days.append(house)
    return days


@pytest.fixture(scope="session")
def reference_file(tmp_path_factory):
    path = tmp_path_factory.mktemp("reference") / "reference.json"
    path.write_text(json.dumps(REFERENCE))
    return path
