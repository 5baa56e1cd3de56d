"""`settle_fill` is nothing but its single movements: the same rows, the same state, whatever the fees and holds."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.journal import AccountCode, EntryKind, Ledger, ReasonCode, claim_key, house_key

START = 1_000_000


class Fill:
    """Two funded customers with a hold each, on a ledger of its own."""

    def __init__(self, held_quote: int, held_base: int, *, same: bool = False) -> None:
        self.ledger = ledger = Ledger()
        ledger.begin(1, 1_000_000)
        seller = "alice" if same else "bob"
        claims = []
        for asset in ("USDC", "BTC"):
            wallet = ledger.open(house_key(AccountCode.CUSTODY_WALLET, asset, "wallet"))
            for name in dict.fromkeys(("alice", seller)):
                claim = ledger.open(claim_key(name, asset))
                assert not ledger.post(wallet, claim, START, ReasonCode.DEPOSIT)
            claims.append({name: ledger.open(claim_key(name, asset)) for name in ("alice", seller)})
        self.buyer_quote, self.seller_quote = claims[0]["alice"], claims[0][seller]
        self.buyer_base, self.seller_base = claims[1]["alice"], claims[1][seller]
        self.house = ledger.open(house_key(AccountCode.FEES, "USDC"))
        self.buyer_hold = ledger.hold(self.buyer_quote, held_quote, ReasonCode.ORDER_HOLD, "7")
        self.seller_hold = ledger.hold(self.seller_base, held_base, ReasonCode.ORDER_HOLD, "8")

    def settle(self, base: int, quote: int, fees: tuple[int, int], freed: int, *, by_steps: bool) -> None:
        places = (self.house, self.buyer_hold, self.seller_hold, self.buyer_base, self.seller_quote, base)
        if by_steps:
            self.ledger._settle_by_steps(*places, (quote, *fees, freed))
        else:
            self.ledger.settle_fill(*places, quote, *fees, freed)


FEES = st.sampled_from([0, 0, 1, 7, 40, -1, -5])


@given(
    quote=st.integers(60, 1_000), base=st.integers(1, 500), fees=st.tuples(FEES, FEES), freed=st.integers(0, 30),
    rests=st.tuples(st.sampled_from([0, 1, 50]), st.sampled_from([0, 1, 50])), same=st.booleans(), chain=st.booleans(),
    frozen=st.booleans(),
)  # fmt: skip
@settings(max_examples=200, deadline=None)
def test_a_fill_is_its_single_movements(
    quote: int, base: int, fees: tuple[int, int], freed: int, rests: tuple[int, int], same: bool, chain: bool,
    frozen: bool,
) -> None:  # fmt: skip
    fills = [Fill(quote + fees[0] + freed + rests[0], base + rests[1], same=same) for _ in range(2)]
    for fill, by_steps in zip(fills, (False, True), strict=True):
        if frozen:
            fill.ledger.freeze(fill.seller_quote)
        before = fill.ledger.state_bytes()
        if chain:
            fill.ledger.begin_chain()
            fill.settle(base, quote, fees, freed, by_steps=by_steps)
            fill.ledger.rollback_chain()
            assert fill.ledger.state_bytes() == before
        fill.settle(base, quote, fees, freed, by_steps=by_steps)
    left, right = (fill.ledger for fill in fills)
    assert left.state_bytes() == right.state_bytes()
    assert left.drain_changes() == right.drain_changes()
    rows = left.drain_entries()
    assert rows == right.drain_entries()
    assert left.check(rows) == []
    after = [left.balance(account).posted_credit for account in (fills[0].buyer_quote, fills[0].seller_quote)]
    moved = [-fees[0] - fees[1]] * 2 if same else [-quote - fees[0], quote - fees[1]]
    assert after == [START + change for change in moved]
    assert left.balance(fills[0].house).posted_credit == sum(fees)
    hold = left.pending(fills[0].buyer_hold)
    assert (hold.amount if hold else 0) == rests[0]


def test_a_rebate_of_the_whole_notional_is_settled() -> None:
    fill = Fill(10, 1)
    fill.settle(1, 10, (-10, 10), 10, by_steps=False)
    assert fill.ledger.balance(fill.buyer_quote).posted_credit == START
    assert fill.ledger.check(fill.ledger.drain_entries()) == []


def test_price_improvement_goes_in_the_entry_of_the_trade() -> None:
    fill = Fill(125, 9)
    fill.ledger.drain_rows()
    fill.settle(9, 100, (5, 3), 20, by_steps=False)
    rows = fill.ledger.drain_entries()
    assert [(row.kind, row.reason, row.amount, row.released, row.reference) for row in rows] == [
        (EntryKind.POST_PENDING, ReasonCode.TRADE, 100, 20, "7/8"),
        (EntryKind.POST_PENDING, ReasonCode.FEE, 5, 0, "7/8"),
        (EntryKind.POST, ReasonCode.FEE, 3, 0, "7/8"),
        (EntryKind.POST_PENDING, ReasonCode.TRADE, 9, 0, "7/8"),
    ]


@pytest.mark.parametrize(("base", "quote", "freed"), [(10, 100, 0), (9, 101, 0), (9, 100, 1)])
def test_no_fill_takes_more_than_is_held(base: int, quote: int, freed: int) -> None:
    Fill(100, 9).settle(9, 100, (0, 0), 0, by_steps=False)
    with pytest.raises(AssertionError, match="within the hold"):
        Fill(100, 9).settle(base, quote, (0, 0), freed, by_steps=False)


@pytest.mark.parametrize("place", ["house", "seller_quote", "buyer_base"])
def test_no_fill_crosses_books_or_credits_a_closed_account(place: str) -> None:
    crossed = Fill(100, 9)
    setattr(crossed, place, crossed.ledger.open(claim_key("carol", "EUR")))
    with pytest.raises(AssertionError, match="of one book"):
        crossed.settle(9, 100, (0, 0), 0, by_steps=False)
    closed = Fill(100, 9)
    asset = "BTC" if place == "buyer_base" else "USDC"
    setattr(closed, place, closed.ledger.open(claim_key("carol", asset)))
    assert not closed.ledger.close(getattr(closed, place))
    with pytest.raises(AssertionError, match="of one book"):
        closed.settle(9, 100, (0, 0), 0, by_steps=False)
