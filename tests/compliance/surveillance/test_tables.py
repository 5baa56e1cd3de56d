"""The firm's file of tables: what it says, and every problem of a bad one at once."""

from __future__ import annotations

import json

import pytest

from compliance.surveillance.inputs import AccountFacts, Announcement, ChainTransfer, Inputs, Level
from compliance.surveillance.tables import read_tables
from ledger.errors import InputErrors

NEWS = {"market": "BTC_USD", "time": "2026-01-02T03:04:05Z", "kind": "listing", "insiders": ["ann"]}
LEVEL = {
    "market": "M",
    "price": 5,
    "kind": "strike",
    "start": "2026-01-01T00:00:00Z",
    "end": "2026-01-01T01:00:00+01:00",
}
GOOD = {
    "clusters": {"ann": "family"}, "rates": {"AED": "0.272294"}, "tagged_addresses": {"x": "mixer"},
    "chain_transfers": [["x", "y"]], "senders": {"evidence": "x"}, "devices": {"ann": ["phone"]},
    "last_activity": {"ann": "2025-01-01T00:00:00Z"}, "announcements": [NEWS],
    "fixings": [{"market": "M", "time": "2026-01-01T00:00:00Z", "kind": "index"}],
    "obligations": [{
        "account": "ann", "market": "M", "spread_max_ppm": 5, "start": "2026-01-01T00:00:00Z",
        "end": "2026-01-02T00:00:00Z",
    }],
    "levels": [LEVEL],
}  # fmt: skip


def test_every_table_is_read() -> None:
    tables = read_tables(json.dumps(GOOD).encode(), "tables.json")
    given = tables.inputs
    assert tables.clusters == {"ann": "family"} and tables.senders == {"evidence": "x"}
    assert given.rates == {"AED": 272_294} and given.chain_transfers == (ChainTransfer("x", "y"),)
    second = 1_767_323_045
    assert given.announcements == (Announcement("BTC_USD", second * 10**6, "listing", frozenset({"ann"})),)
    assert given.levels == (Level("M", 5, "strike", 1_767_225_600 * 10**6, 1_767_225_600 * 10**6),)
    known = Inputs(accounts={"ann": AccountFacts("family")}, rates={"AED": 1, "USD": 2})
    both = tables.onto(known)
    assert both.rates == {"AED": 1, "USD": 2} and both.accounts == known.accounts and both.devices == given.devices


def test_what_is_left_out_is_none_and_what_is_empty_is_empty() -> None:
    assert read_tables(b"{}", "f").inputs == Inputs() and read_tables(b"{}", "f").clusters is None
    empty = read_tables(b'{"announcements": [], "devices": {}}', "f").inputs
    assert empty.announcements == () and empty.devices == {} and empty.levels is None


@pytest.mark.parametrize(
    ("change", "what"),
    [
        ({"oders": {}}, "oders is no table that is known"),
        ({"clusters": []}, "clusters is no object"),
        ({"levels": {}}, "levels is no list"),
        ({"clusters": {"ann": 5}}, "clusters, ann: is no text"),
        ({"rates": {"AED": 0.27}}, "rates, AED: is no text"),
        ({"rates": {"AED": "0.2722941"}}, "at most 6 places"),
        ({"rates": {"AED": "0"}}, "no rate above zero"),
        ({"last_activity": {"ann": "yesterday"}}, "is no time"),
        ({"last_activity": {"ann": "2026-01-01T00:00:00"}}, "without a zone"),
        ({"chain_transfers": [["x"]]}, "entry 1: is no pair"),
        ({"devices": {"ann": "phone"}}, "no list of texts"),
        ({"levels": [{**LEVEL, "price": -1}]}, "price is no integer"),
        ({"levels": [{**LEVEL, "price": True}]}, "price is no integer"),
        ({"levels": [{"market": "M"}]}, "no object with the fields"),
        ({"announcements": [NEWS, {**NEWS, "time": "2026"}]}, "entry 2"),
    ],
)
def test_a_bad_table_is_named(change, what) -> None:
    with pytest.raises(InputErrors, match=what):
        read_tables(json.dumps(change).encode(), "tables.json")


@pytest.mark.parametrize("data", [b"", b"[]", b"\xff", b"5", b"[" * 100_000])
def test_what_is_no_object_is_refused(data) -> None:
    with pytest.raises(InputErrors, match="JSON object"):
        read_tables(data, "tables.json")


def test_all_problems_come_at_once() -> None:
    with pytest.raises(InputErrors) as caught:
        read_tables(json.dumps({"clusters": {"a": 1, "b": 2}, "x": 1, "levels": [1]}).encode(), "f")
    assert len(caught.value.problems) == 4
