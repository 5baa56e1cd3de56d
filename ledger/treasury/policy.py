"""What guards a withdrawal: fee and limits of an asset, approvals, and the lock under which they loosen.

A policy that is set holds at once as far as it tightens, and wholly after the lock. To tighten is more approvals, lower
limits, listed destinations alone; a lower fee too, since a higher one is news to customers and waits.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["DESTINATION_DELAY_US", "POLICY_LOCK_US", "WithdrawalPolicy", "place", "tightened"]

_HOUR_US: Final = 3_600_000_000
POLICY_LOCK_US: Final = 24 * _HOUR_US
"""How long what loosens a policy waits."""
DESTINATION_DELAY_US: Final = 24 * _HOUR_US
"""How long a new destination waits, and the lifting of the wish for listed ones alone."""


class WithdrawalPolicy(NamedTuple):
    """An asset's fee and limits in quanta; None is no limit. The default guards nothing: set one before opening."""

    fee: int = 0
    amount_min: int = 1
    one_operator_from: int | None = None
    two_operators_from: int | None = None
    daily_limit: int | None = None
    listed_only: bool = False

    def approvals(self, amount: int) -> int:
        """How many operators must approve `amount`: none, one or two."""
        if self.two_operators_from is not None and amount >= self.two_operators_from:
            return 2
        return int(self.one_operator_from is not None and amount >= self.one_operator_from)


def tightened(old: WithdrawalPolicy, new: WithdrawalPolicy) -> WithdrawalPolicy:
    """What holds while `new` waits out its lock: of each part the stricter one."""
    return WithdrawalPolicy(
        min(old.fee, new.fee),
        max(old.amount_min, new.amount_min),
        _lower(old.one_operator_from, new.one_operator_from),
        _lower(old.two_operators_from, new.two_operators_from),
        _lower(old.daily_limit, new.daily_limit),
        old.listed_only or new.listed_only,
    )


def _lower(left: int | None, right: int | None) -> int | None:
    return left if right is None else right if left is None else min(left, right)


def place(chain: str, address: str) -> tuple[str, str]:
    """What makes two written addresses the same one: EVM addresses differ in case only by their checksum."""
    return chain, address.lower() if chain.startswith("eip155:") else address
