"""What the house does when it takes a wallet over: coins for debts, and debts that end against its own account.

Coins count at the index less the conversion discount, at the last price that was known; the settlement asset in full.
The same figure says what a wallet cannot pay, so that a haircut is nobody's loss. Source: exchange.md 3 and 6.
"""

from __future__ import annotations

from collections.abc import Mapping

from ledger.desks.base import Shared
from ledger.desks.judging import Judging
from ledger.desks.lending import LendingDesk
from ledger.desks.margin import MarginDesk
from ledger.journal import AccountCode, ReasonCode, debt_key, house_debt_key
from ledger.trading.market import PPM

__all__ = ["TakingOver"]


class TakingOver:
    """Moves coins and debts of one wallet to the house. Values are 10^-18 of the unit of account."""

    def __init__(self, shared: Shared, margin: MarginDesk, lending: LendingDesk, judging: Judging) -> None:
        self._shared, self._margin, self._lending, self._judging = shared, margin, lending, judging

    # Values.

    def worth(self, asset: str, quanta: int, *, up: bool) -> int:
        """What so much is worth at the last price that was known."""
        price = self._judging.known_price(asset)
        scale: int = 10 ** self._shared.assets[asset]
        return -(-quanta * price // scale) if up else quanta * price // scale

    def _keep(self, asset: str) -> int:
        """What of an asset's value counts where the house takes it, ppm."""
        if asset == self._margin.settlement_asset:
            return PPM
        discount: int = self._shared.parameters.value("conversion.discount")
        return PPM - discount

    def coins_worth(self, payer: int) -> int:
        """What all coins of a wallet would be taken for: free, lent, or held until a conversion ends; rounded down."""
        return sum(
            self.worth(line.asset, line.claim, up=False) * self._keep(line.asset) // PPM
            for line in self._margin.view(payer).assets
        )

    # Movements.

    def take_coins(self, payer: int, value: int) -> list[tuple[str, int, int]]:
        """Take coins for debts worth `value`, the most liquid first: asset, quanta, and what they were taken for.

        Only coins with a valid price, and of those that are lent only what the pool can give back.
        """
        margin, lending, shared = self._margin, self._lending, self._shared
        found: list[tuple[str, int, int]] = []
        left = value
        for asset in margin.by_weight(payer, every=True):
            price, there = shared.prices.get(asset), margin.own(payer, asset)
            if left <= 0:
                break
            if not there or price is None:
                continue
            scale, keep = 10 ** shared.assets[asset], self._keep(asset)
            quanta = min(there, -(-left * scale * PPM // (price * keep)))
            claim = shared.purse.claim(payer, asset)
            missing = quanta - shared.ledger.available(claim)
            if missing > 0:
                redeemable = min(missing, lending.redeemable(payer, asset, bypass=True))
                lending.redeem(payer, asset, redeemable, "liquidation", bypass=True)
                quanta = min(quanta, shared.ledger.available(claim))
            if quanta > 0:
                other = shared.house(AccountCode.OTHER, asset)
                shared.require(shared.ledger.post(claim, other, quanta, ReasonCode.LIQUIDATION, "", price))
                found.append((asset, quanta, quanta * price * keep // (scale * PPM)))
                left -= found[-1][2]
        return found

    def write_off(self, payer: int, owed: Mapping[str, int], value: int) -> list[tuple[str, int]]:
        """End debts worth `value` against the house's own account: asset and quanta of each.

        What is owed to the exchange ends first: nobody else is waiting for it.
        """
        shared, found = self._shared, []
        account, subaccount = shared.purse.owner(payer)
        for asset, amount in owed.items():
            other, price = shared.house(AccountCode.OTHER, asset), self._judging.known_price(asset)
            wanted = min(amount, -(-value * 10 ** shared.assets[asset] // price))
            ended = 0
            for key in (house_debt_key, debt_key):
                debt = shared.ledger.find(key(account, asset, subaccount, shared.entity))
                part = 0 if debt is None else min(wanted - ended, shared.ledger.owed(debt))
                if debt is not None and part:
                    shared.require(shared.ledger.post(other, debt, part, ReasonCode.LIQUIDATION, "", price))
                    self._lending.repaid(asset, part, to_house=key is house_debt_key)
                    ended += part
            value = max(0, value - self.worth(asset, ended, up=True))
            if ended:
                found.append((asset, ended))
        return found

    def from_fund(self, quanta: int) -> None:
        """The insurance fund makes good so much of what the house lost, in the settlement asset."""
        shared, asset = self._shared, self._margin.settlement_asset
        fund, other = (shared.house(code, asset) for code in (AccountCode.INSURANCE, AccountCode.OTHER))
        shared.require(shared.ledger.post(fund, other, quanta, ReasonCode.INSURANCE))
