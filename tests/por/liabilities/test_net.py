"""The figure net of debts: a debt counts only up to the collateral in the same subaccount."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from por.liabilities.net import DebtLine, Price, net_rows, net_section

BTC = Price("BTC", "60000.5", "0.9", 8)
USD = Price("USD", "1", "1", 2)
OWN = Price("OWN", "10", "1", 0, own_issue=True)
PRICES = [BTC, OWN, USD, None]


def lines(**amounts):
    trees = {"btc": 0, "own": 1, "usd": 2, "odd": 3}
    return [DebtLine(trees[name], claim, debt, related=False) for name, (claim, debt) in amounts.items()]


def test_a_debt_under_its_collateral_counts_whole():
    rows = net_rows([lines(btc=(10**8, 0), usd=(0, 5_400_045))], PRICES)
    assert (rows[2].counted, rows[2].over_count) == (5_400_045, 0)


def test_a_debt_a_cent_over_its_collateral_counts_only_that_far():
    rows = net_rows([lines(btc=(10**8, 0), usd=(0, 5_400_046))], PRICES)
    assert (rows[2].counted, rows[2].over_count, rows[2].over_sum) == (5_400_045, 1, 1)


def test_collateral_of_another_subaccount_does_not_count():
    rows = net_rows([lines(btc=(10**8, 0)), lines(usd=(0, 100))], PRICES)
    assert (rows[2].counted, rows[2].over_sum) == (0, 100)


def test_what_the_exchange_issues_itself_backs_nothing():
    assert net_rows([lines(own=(10**9, 0), usd=(0, 100))], PRICES)[2].counted == 0


def test_an_asset_without_a_price_neither_backs_nor_counts():
    rows = net_rows([lines(odd=(10**9, 7), usd=(0, 100))], PRICES)
    assert (rows[2].counted, rows[3].counted, rows[3].over_sum) == (0, 0, 7)


def test_debts_of_related_parties_are_listed_and_not_counted():
    group = [DebtLine(0, 10**8, 0, True), DebtLine(2, 0, 100, True)]
    row = net_rows([group], PRICES)[2]
    assert (row.counted, row.related_count, row.related_sum) == (0, 1, 100)


amounts = st.integers(0, 2**100)


@given(st.lists(st.tuples(amounts, amounts), min_size=2, max_size=2))
def test_counting_agrees_with_fractions_and_rounds_down(pair):
    (btc_claim, btc_debt), (usd_claim, usd_debt) = pair
    rows = net_rows([lines(btc=(btc_claim, btc_debt), usd=(usd_claim, usd_debt))], PRICES)
    backing = btc_claim * BTC.collateral_weight() + usd_claim * USD.collateral_weight()
    owed = btc_debt * BTC.debt_weight() + usd_debt * USD.debt_weight()
    share = Fraction(1) if owed == 0 else min(Fraction(1), backing / owed)
    for row, debt in ((rows[0], btc_debt), (rows[2], usd_debt)):
        assert row.counted == int(debt * share)
        assert row.counted + row.over_sum == debt


def test_net_claims_never_fall_below_nought():
    rows = net_rows([lines(btc=(10**9, 0), usd=(0, 100))], PRICES)
    trees = [("main", "BTC", 10**9), ("main", "OWN", 0), ("main", "USD", 30), ("main", "ODD", 0)]
    section = net_section(trees, rows, [BTC, USD])
    assert section["rows"][2]["net_claims"] == "0"
