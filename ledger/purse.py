"""The money behind spot orders, in the ledger: an order's hold is a pending transfer, and a fill posts out of it.

Implements `ledger.trading.holds.Purse` over the double-entry ledger, for one entity. Every movement of one fill is
posted under one command; amounts are exact, so nothing here can be refused once the order is held.
"""

from __future__ import annotations

from ledger.journal import AccountCode, Ledger, ReasonCode, Result, claim_key, house_key

__all__ = ["LedgerPurse"]


class LedgerPurse:
    """Balances by payer: the number of an account and subaccount. `holds` has the pending transfers of each order."""

    def __init__(self, ledger: Ledger, entity: str) -> None:
        self._ledger = ledger
        self._entity = entity
        self._payers: list[tuple[str, str]] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._claims: dict[tuple[int, str], int] = {}
        self._fees: dict[str, int] = {}
        self.holds: dict[int, list[int]] = {}

    def payer(self, account: str, subaccount: str) -> int:
        """The number of an account's subaccount, from 1 on."""
        number = self._numbers.get((account, subaccount))
        if number is None:
            self._payers.append((account, subaccount))
            number = self._numbers[account, subaccount] = len(self._payers)
        return number

    def owner(self, payer: int) -> tuple[str, str]:
        """The account and subaccount of a number."""
        return self._payers[payer - 1]

    def payers_of(self, account: str) -> list[int]:
        """The numbers of all subaccounts that an account has used."""
        return [number for (owner, _), number in self._numbers.items() if owner == account]

    def claim(self, payer: int, asset: str) -> int:
        """The ledger's claim account of a payer in an asset, opened on first use."""
        index = self._claims.get((payer, asset))
        if index is None:
            account, subaccount = self.owner(payer)
            index = self._ledger.open(claim_key(account, asset, subaccount, self._entity))
            self._claims[payer, asset] = index
        return index

    def fees(self, asset: str) -> int:
        """The house's fee account in an asset."""
        index = self._fees.get(asset)
        if index is None:
            index = self._fees[asset] = self._ledger.open(house_key(AccountCode.FEES, asset, entity=self._entity))
        return index

    def hold(self, order_id: int, account: int, asset: str, quanta: int) -> bool:
        """See `Purse.hold`."""
        pending = self._ledger.hold(self.claim(account, asset), quanta, ReasonCode.ORDER_HOLD, str(order_id))
        if pending < 0:
            assert -pending == Result.EXCEEDS_CREDITS, "a hold is refused for want of money only"
            return False
        self.holds.setdefault(order_id, []).append(pending)
        return True

    def release(self, order_id: int, account: int, asset: str, quanta: int) -> None:
        """See `Purse.release`."""
        for pending, amount in self._parts(order_id, quanta):
            result = self._ledger.release(pending, amount)
            assert result is Result.OK, "what is held can be released"

    def settle(
        self,
        orders: tuple[int, int],
        buyer: int,
        seller: int,
        base_quanta: int,
        quote_quanta: int,
        fees: tuple[int, int],
    ) -> None:
        """See `Purse.settle`. A rebate comes from the house's fees, so that the hold falls by what its payer pays."""
        base_asset, quote_asset = self._assets
        reference = f"{orders[0]}/{orders[1]}"
        buyer_fee, seller_fee = fees
        seller_quote, house = self.claim(seller, quote_asset), self.fees(quote_asset)
        paid = quote_quanta + min(buyer_fee, 0)
        self._pay(orders[0], paid, seller_quote, ReasonCode.TRADE, reference)
        if buyer_fee > 0:
            self._pay(orders[0], buyer_fee, house, ReasonCode.FEE, reference)
        self._post(house, seller_quote, -min(buyer_fee, 0), ReasonCode.REBATE, reference)
        self._post(seller_quote, house, max(seller_fee, 0), ReasonCode.FEE, reference)
        self._post(house, seller_quote, -min(seller_fee, 0), ReasonCode.REBATE, reference)
        self._pay(orders[1], base_quanta, self.claim(buyer, base_asset), ReasonCode.TRADE, reference)

    def trade_in(self, base: str, quote: str) -> None:
        """Say which assets the next fills are in; a market's book is asked between two of these."""
        self._assets = (base, quote)
        self.fees(quote)

    def _pay(self, order_id: int, quanta: int, credit: int, reason: ReasonCode, reference: str) -> None:
        for pending, amount in self._parts(order_id, quanta):
            hold = self._ledger.pending(pending)
            assert hold is not None, "an order's hold stands as long as it is needed"
            if hold.debit == credit:
                # Somebody who allows it traded with themselves: what they pay to themselves is only held no more.
                result = self._ledger.release(pending, amount)
            else:
                result = self._ledger.post_pending(pending, amount, credit, reason, reference, keep=True)
            assert result is Result.OK, "what is held can be posted"

    def _post(self, debit: int, credit: int, quanta: int, reason: ReasonCode, reference: str) -> None:
        if quanta:
            result = self._ledger.post(debit, credit, quanta, reason, reference)
            assert result is Result.OK, "a fee is below what it is taken from"

    def _parts(self, order_id: int, quanta: int) -> list[tuple[int, int]]:
        """Which of the order's pending transfers give how much, the oldest first; spent ones are forgotten."""
        parts, held = [], self.holds[order_id]
        while quanta:
            pending = self._ledger.pending(held[0])
            assert pending is not None, "an order's hold stands as long as it is needed"
            amount = min(quanta, pending.amount)
            parts.append((held[0], amount))
            quanta -= amount
            if amount == pending.amount:
                held.pop(0)
        if not held:
            del self.holds[order_id]
        return parts
