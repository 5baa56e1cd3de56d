"""Who gets what of an asset that is short: in proportion to what each is owed, whenever each became entitled.

California's Fin. Code 3503(a) has it so (rule CA-01). Each asset by itself, in quanta.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

__all__ = ["pro_rata", "share_of"]


def share_of(held: Fraction | int, owed: Fraction | int) -> Fraction:
    """What each unit of a claim gets: held by owed, and never more than one. Of nothing owed, all is covered."""
    assert held >= 0 and owed >= 0, "held and owed are gross"
    return Fraction(1) if owed == 0 else min(Fraction(1), Fraction(held) / Fraction(owed))


def pro_rata(claims: Mapping[str, int], held: int) -> dict[str, int]:
    """Quanta of one asset for each account: `claim x held / owed`, and all that is held is given out.

    Where nothing is short, each has its claim. Else each gets the whole quanta of its exact share, and the quanta that
    are left go one by one to the largest fractions (the largest remainder), ties by the account's name: nobody gets
    more than a quantum beside the exact share, or more than the claim. Raises AssertionError for an amount below zero.
    """
    assert held >= 0 and all(claim >= 0 for claim in claims.values()), "held and owed are gross"
    owed = sum(claims.values())
    if held >= owed:
        return dict(claims)
    given = {account: claim * held // owed for account, claim in claims.items()}
    left = held - sum(given.values())
    order = sorted(claims, key=lambda account: (-(claims[account] * held % owed), account))
    for account in order[:left]:
        given[account] += 1
    assert sum(given.values()) == held, "all that is held is given out"
    assert all(given[account] <= claim for account, claim in claims.items()), "nobody gets more than is owed"
    return given
