"""A statement's positions: what they stand at after a settlement, and what a market without a mark leaves unsaid."""

from __future__ import annotations

from cli.exchange.statement_positions import lent_of, positions_of

LISTED = {"BTC_PERP": {"base": "BTC", "quote": "USDC", "tick": 10**6, "step": 10_000}}
SCALES = {"BTC": 8, "USDC": 6}
MOVE = {"subaccount": "", "market": "BTC_PERP", "size": -3, "basis": -14_999_000, "position": 7}


def test_a_position_traded_after_the_last_settlement_keeps_its_basis_and_has_a_profit() -> None:
    (found,) = positions_of([MOVE], LISTED, SCALES, {"BTC_PERP": (6, 50_000)}, {"BTC_PERP"})
    assert (found.quantity, found.scale, found.basis) == (-30_000, 8, -14_999_000)
    assert (found.mark, found.profit) == (50_000 * 10**6, -15_000_000 + 14_999_000)


def test_a_settlement_moves_what_a_position_stands_at_and_leaves_nothing_unsettled() -> None:
    (found,) = positions_of([MOVE], LISTED, SCALES, {"BTC_PERP": (8, 50_000)}, {"BTC_PERP"})
    assert (found.basis, found.profit) == (-15_000_000, 0)


def test_a_market_that_the_newest_settlement_left_out_has_no_mark() -> None:
    (found,) = positions_of([MOVE], LISTED, SCALES, {"BTC_PERP": (8, 50_000)}, set())
    assert (found.basis, found.mark, found.profit) == (-15_000_000, None, None)


def test_what_is_lent_is_what_was_lent_less_what_was_redeemed() -> None:
    moves = [
        {"subaccount": "", "asset": "BTC", "kind": kind, "amount": amount}
        for kind, amount in (("lend", 9), ("redeem", 4), ("borrow", 100))
    ]
    assert lent_of(moves) == {("", "BTC"): 5}
