"""What guards a withdrawal: the parameters that say so, and what makes two written addresses the same one.

Fee and limits are parameters of the asset (`withdrawals.*` in ledger/parameters.py), so that two operators change them,
what tightens holds at once, also for what waits, and what loosens waits out its lock; a higher fee waits too.
"""

from __future__ import annotations

from typing import NamedTuple

from ledger.parameters import Parameters

__all__ = ["WithdrawalPolicy", "place"]


class WithdrawalPolicy(NamedTuple):
    """An asset's fee and limits in quanta, as they are in force."""

    fee: int
    amount_min: int
    one_operator_from: int
    two_operators_from: int
    daily_limit: int
    listed_only: bool

    @classmethod
    def of(cls, parameters: Parameters, asset: str) -> WithdrawalPolicy:
        """What is in force for an asset."""
        names = ("fee", "minimum", "one_operator_from", "two_operators_from", "daily_limit")
        fee, least, one, two, daily = (int(parameters.value(f"withdrawals.{name}", asset)) for name in names)
        return cls(fee, least, one, two, daily, parameters.value("withdrawals.listed_only", asset) == 1)

    def approvals(self, amount: int) -> int:
        """How many operators must approve `amount`: none, one or two."""
        return 2 if amount >= self.two_operators_from else int(amount >= self.one_operator_from)


def place(chain: str, address: str) -> tuple[str, str]:
    """What makes two written addresses the same one: EVM addresses differ in case only by their checksum."""
    return chain, address.lower() if chain.startswith("eip155:") else address
