"""The sections of a lending exchange: each way to make them say more than there is, is caught and named."""

from __future__ import annotations

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import numpy as np
import pytest

from por.attestation import ReserveRow, TreeRow, reserve_totals, reserves_section
from por.hour.lending import lending_problem, lending_sections, markets_problem, replay_problem
from por.liabilities.folder import Columns, Lines, TreeColumns
from por.liabilities.kernels import pack_amounts
from por.verify.lending import check_lending

UNIT = 10**18
HAIRCUT = {"base_ppm": "0", "limit": str(2**62), "penalty_e9": "0", "weight_ppm": "500000"}
FACTS: dict[str, Any] = {
    "assets": [
        {"asset": "BTC", "insurance": "0", "lent": "0"},
        {
            "asset": "USDC", "debts_to_pools": "35000", "debts_to_exchange": "5000", "lent": "90000",
            "insurance": "7000", "counted_debts": "25000", "over_collateral_count": 1, "over_collateral_sum": "5000",
            "related_count": 1, "related_sum": "10000", "issued_sum": "0",
        },
    ],
    "entity": "main",
    "prices": [
        {"asset": "BTC", "haircut": HAIRCUT, "issued": False, "price": str(50_000 * UNIT)},
        {"asset": "USDC", "haircut": HAIRCUT | {"weight_ppm": "1000000"}, "issued": False, "price": str(UNIT)},
    ],
    "related": [{"amount": "10000", "asset": "USDC", "creditor": "pool", "relation": "staff"}],
    "markets": [
        {
            "asset": "USDC", "funding_rate": "-3", "last_mark": "50000", "long": "7", "mark": None,
            "market": "BTC_PERP", "short": "7", "unsettled": "12",
        },
    ],
}  # fmt: skip
FACTS["assets"][0] |= {
    name: 0 if name.endswith("_count") else "0" for name in FACTS["assets"][1] if name not in FACTS["assets"][0]
}
TREES = (
    TreeRow("main", "BTC", 0, 1, 0, 1, bytes(32), (("bip122:main", "native"),)),
    TreeRow("main", "USDC", 0, 100_000, 40_000, 3, bytes(32), (("eip155:1", "native"),)),
)
ROWS = (ReserveRow("main", "USDC", "eip155:1", "native", "0x1", 80_000, "vault", "none", "claim"),)


def sections() -> dict[str, Any]:
    made: Any = lending_sections(FACTS, TREES, reserve_totals(TREES, ROWS))
    return deepcopy(made) | {
        "reserves": reserves_section(TREES, ROWS),
        "snapshot": {"ledger": {}, "trees": [tree.to_json() for tree in TREES]},
    }


def columns(bitcoins: int = 1, debt: int = 30_000) -> Columns:
    """Leaves: one wallet with bitcoin and a debt, a lender, and somebody of the staff who owes without collateral."""
    none = np.empty(0, np.uint8)
    trees = [
        ("BTC", [0], [(bitcoins, 0)]),
        ("USDC", [0, 1, 2], [(0, debt), (100_000, 0), (0, 10_000)]),
    ]
    return Columns(
        "s", none, np.zeros(4, np.uint64), none, ("",),
        tuple(
            TreeColumns("main", asset, np.array(owners, np.uint32), none, pack_amounts(amounts), Lines.none())
            for asset, owners, amounts in trees
        ),
    )  # fmt: skip


def test_what_is_made_holds_and_is_claimed() -> None:
    found = {name: (result, assurance) for name, result, assurance, _ in check_lending(sections(), columns())}
    assert found == {"lending": ("pass", "claimed"), "markets": ("pass", "claimed")}
    row = sections()["lending"]["rows"][1]
    assert (row["coverage_gross"], row["coverage_net_claimed"]) == ("0.800000", "1.066666")
    assert replay_problem(FACTS, sections()) is None


def _set(name: str, value: Any) -> Callable[[dict[str, Any]], None]:
    return lambda made: made["lending"]["rows"][1].update({name: value})


def _count_staff(made: dict[str, Any]) -> None:
    """The debt of the staff is counted, and the list keeps it."""
    made["lending"]["rows"][1] |= {
        "counted_debts": "35000", "related_sum": "0", "related_count": 0, "net_claims": "65000",
        "coverage_net_claimed": "1.230769",
    }  # fmt: skip


def _hide_staff(made: dict[str, Any]) -> None:
    """The debt of the staff is called a customer's, and is counted."""
    _count_staff(made)
    made["lending"]["related"] = []


def _count_above_collateral(made: dict[str, Any]) -> None:
    made["lending"]["rows"][1] |= {
        "counted_debts": "30000", "over_collateral_sum": "0", "over_collateral_count": 0, "net_claims": "70000",
        "coverage_net_claimed": "1.142857",
    }  # fmt: skip


TAMPERED: list[tuple[str, Callable[[dict[str, Any]], None], str]] = [
    ("a debt of the staff counts", _count_staff, "listed of an asset whose row has none"),
    ("a debt of the staff is hidden and counts", _hide_staff, "counts more debts than there is collateral"),
    ("more than the collateral counts", _count_above_collateral, "counts more debts than there is collateral"),
    ("gross claims are netted", _set("claims", "75000"), "stated gross, and never netted"),
    ("debts are not the tree's", _set("debts_to_exchange", "4999"), "do not add up to the tree's debts"),
    ("debts are lost among the parts", _set("over_collateral_sum", "4999"), "do not add up to the debts"),
    ("insurance counts as a reserve", _set("coverage_gross", "0.870000"), "insurance and debts are none"),
    ("insurance counts beside net claims", _set("coverage_net_claimed", "1.160000"), "not reserves by net claims"),
    ("the net figure is lower than the debts make it", _set("net_claims", "74999"), "not claims less the debts"),
    ("a sum above collateral without a count", _set("over_collateral_count", 0), "a sum without a count"),
    ("a list is short", lambda made: made["lending"]["related"].clear(), "are not those that are listed"),
    ("a price is gone", lambda made: made["lending"]["prices"][1].update(price=None), "have no price"),
    ("a haircut above one", lambda made: made["lending"]["prices"][0]["haircut"].update(weight_ppm="1000001"),
     "more than it is worth"),
    ("a key more", _set("solvent", "yes"), "other keys"),
    ("a number written loosely", _set("lent", "090000"), "is no amount"),
]  # fmt: skip


@pytest.mark.parametrize(("tamper", "named"), [case[1:] for case in TAMPERED], ids=[case[0] for case in TAMPERED])
def test_a_tampered_section_is_caught_and_named(tamper: Callable[[dict[str, Any]], None], named: str) -> None:
    made = sections()
    tamper(made)
    name, result, assurance, detail = check_lending(made, columns())[0]
    assert (name, result, assurance) == ("lending", "fail", None) and named in detail


def test_a_hidden_relation_with_collateral_is_caught_by_the_replay_alone() -> None:
    made = sections()
    _hide_staff(made)
    assert lending_problem(made) is None
    assert "related" in str(replay_problem(FACTS, made))


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"long": "8"}, "not equal"),
        ({"mark": "49999"}, "newest mark"),
        ({"unsettled": None}, "unsettled"),
        ({"last_mark": None}, "unsettled"),
    ],
)
def test_a_tampered_market_is_caught_and_named(changes: dict[str, Any], named: str) -> None:
    made = sections()
    made["markets"]["rows"][0].update(changes)
    assert named in str(markets_problem(made))
    assert "markets" in str(replay_problem(FACTS, made))


def test_debts_without_the_section_are_unchecked_and_a_market_without_a_mark_is_named() -> None:
    made = sections()
    words = {name: detail for name, _, _, detail in check_lending(made, None)}
    assert "BTC_PERP" in words["markets"] and "was not held against the leaves" in words["lending"]
    del made["lending"]
    assert check_lending(made, columns())[0][1] == "unchecked"
    assert replay_problem(FACTS, made) is not None
