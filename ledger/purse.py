"""The money behind spot orders, in the ledger: an order's hold is one pending transfer, and a fill posts out of it.

Implements `ledger.trading.holds.Purse` over the double-entry ledger, for one entity. A hold's handle is the id of its
pending transfer, so the ledger's own state has all that a restart needs beside the numbers of the payers. Amounts are
exact, so nothing of a fill can be refused once both orders are held.

A customer may have a referrer, whose claim gets a share of what each fill leaves the house of this customer's fee: the
fee less the rebate that the fill paid to the other side. It is posted from the house's fees; the fraction that the
division leaves goes to the house's dust account.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, Final

from ledger.canonical import Json
from ledger.journal import AccountCode, Ledger, ReasonCode, Result, claim_key, house_key
from ledger.trading.fees import split_fee
from ledger.trading.market import PPM

__all__ = ["LedgerPurse", "LedgerTill"]

_ORDER_HOLD: Final = int(ReasonCode.ORDER_HOLD)


class LedgerPurse:
    """Who pays: an account and subaccount by its number; and the tills of the markets."""

    def __init__(self, ledger: Ledger, entity: str, free_up: Callable[[int, int], int] | None = None) -> None:
        self.ledger = ledger
        self.free_up = free_up or (lambda claim, amount: 1)
        """Redeems what a claim lacks of an amount; 0 where it is free then. Asked only where something is missing."""
        self.referrers: dict[int, tuple[int, int]] = {}
        self._entity = entity
        self._payers: list[tuple[str, str]] = []
        self._numbers: dict[tuple[str, str], int] = {}
        self._named: dict[str, int] = {}
        self._claims: dict[str, dict[int, int]] = {}
        self._house: dict[tuple[AccountCode, str], int] = {}

    def payer(self, account: str, subaccount: str) -> int:
        """The number of an account's subaccount, from 1 on."""
        number = self._numbers.get((account, subaccount))
        if number is None:
            self._payers.append((account, subaccount))
            number = self._numbers[account, subaccount] = len(self._payers)
            if subaccount:
                self._named[account] = self._named.get(account, 0) + 1
        return number

    def find(self, account: str, subaccount: str) -> int:
        """The number of an account's subaccount, 0 if it was never used."""
        return self._numbers.get((account, subaccount), 0)

    def subaccounts(self, account: str) -> int:
        """How many subaccounts with a name of their own an account has used."""
        return self._named.get(account, 0)

    def owner(self, payer: int) -> tuple[str, str]:
        """The account and subaccount of a number."""
        return self._payers[payer - 1]

    def refer(self, payer: int, referrer: int, share_ppm: int) -> None:
        """Give `referrer`, a payer too, a share of the fees of `payer` from now on; a share of 0 ends it."""
        assert payer != referrer and 0 <= share_ppm <= PPM, "a referrer is somebody else and gets no more than all"
        assert min(payer, referrer) > 0 and max(payer, referrer) <= len(self._payers), "both have a number"
        if share_ppm:
            self.referrers[payer] = (referrer, share_ppm)
        else:
            self.referrers.pop(payer, None)

    def claims(self, asset: str) -> dict[int, int]:
        """The claim accounts known so far in an asset, by payer. `claim` adds to it."""
        return self._claims.setdefault(asset, {})

    def payers_of(self, account: str) -> list[int]:
        """The numbers of all subaccounts that an account has used."""
        return [number for (owner, _), number in self._numbers.items() if owner == account]

    def claim(self, payer: int, asset: str) -> int:
        """The ledger's claim account of a payer in an asset, opened on first use."""
        claims = self.claims(asset)
        index = claims.get(payer)
        if index is None:
            account, subaccount = self.owner(payer)
            index = claims[payer] = self.ledger.open(claim_key(account, asset, subaccount, self._entity))
        return index

    def house(self, code: AccountCode, asset: str) -> int:
        """A house account in an asset, opened on first use."""
        index = self._house.get((code, asset))
        if index is None:
            index = self._house[code, asset] = self.ledger.open(house_key(code, asset, entity=self._entity))
        return index

    def fees(self, asset: str) -> int:
        """The house's fee account in an asset."""
        return self.house(AccountCode.FEES, asset)

    def till(self, base: str, quote: str) -> LedgerTill:
        """See `Purse.till`."""
        return LedgerTill(self, base, quote)

    def trade_in(self, base: str, quote: str) -> None:
        """Open the fee account of a market's quote, so that its number follows from the first command there."""
        assert base != quote, "a market has two assets"
        self.fees(quote)

    @property
    def holds(self) -> dict[int, int]:
        """Quanta of every order's hold that stands, by handle, as the ledger has them."""
        standing = self.ledger.standing_holds()
        return {handle: hold.amount for handle, hold in standing.items() if hold.reason == _ORDER_HOLD}

    def to_state(self) -> dict[str, Json]:
        """All that the ledger does not know, in canonical JSON: the payers by number, and who referred whom."""
        referrers: list[Json] = [[payer, *self.referrers[payer]] for payer in sorted(self.referrers)]
        return {"payers": [list(payer) for payer in self._payers], "referrers": referrers}

    @classmethod
    def from_state(
        cls, ledger: Ledger, entity: str, document: Any, free_up: Callable[[int, int], int] | None = None
    ) -> LedgerPurse:
        """The purse that `to_state` described, over a ledger restored to the same moment."""
        purse = cls(ledger, entity, free_up)
        for account, subaccount in document["payers"]:
            purse.payer(account, subaccount)
        for payer, referrer, share_ppm in document["referrers"]:
            purse.refer(payer, referrer, share_ppm)
        return purse


class LedgerTill:
    """`holds.Till` of one market over the ledger."""

    __slots__ = ("_claims", "_hold", "_house", "_purse", "assets", "release", "settle", "shared")

    def __init__(self, purse: LedgerPurse, base: str, quote: str) -> None:
        ledger = purse.ledger
        self.assets = (quote, base)  # by Side: what an order gives
        self._purse = purse
        self._claims = (purse.claims(quote), purse.claims(base))
        self._house = purse.fees(quote)
        self._hold, self.release = ledger.hold, ledger.release
        # See `Till.settle`. A rebate comes from the house's fees, so that a hold falls by what its payer pays.
        self.settle = partial(ledger.settle_fill, self._house)
        self.shared = purse.referrers

    def hold(self, order_id: int, account: int, side: int, quanta: int) -> int:
        """See `Till.hold`. A frozen account has nothing free."""
        claim = self._claims[side].get(account)
        if claim is None:
            claim = self._purse.claim(account, self.assets[side])
        pending = self._hold(claim, quanta, _ORDER_HOLD, str(order_id))
        if pending > 0:
            return pending
        if -pending == Result.EXCEEDS_CREDITS and not self._purse.free_up(claim, quanta):
            return self._hold(claim, quanta, _ORDER_HOLD, str(order_id))
        assert -pending in (Result.EXCEEDS_CREDITS, Result.DEBIT_ACCOUNT_FROZEN), "only want of money refuses a hold"
        return 0

    def raise_hold(self, handle: int, order_id: int, account: int, side: int, quanta: int) -> int:
        """See `Till.raise_hold`: the old hold is given back and a greater one made, once it is sure that it can be."""
        ledger, claim = self._purse.ledger, self._purse.claim(account, self.assets[side])
        standing = ledger.pending(handle)
        assert standing is not None and standing.debit == claim, "an order's hold stands as long as it is needed"
        if not ledger.may_hold(claim, quanta) and (
            self._purse.free_up(claim, quanta) or not ledger.may_hold(claim, quanta)
        ):
            return 0
        result = ledger.release(handle)
        raised = ledger.hold(claim, standing.amount + quanta, _ORDER_HOLD, str(order_id))
        assert result is Result.OK and raised > 0, "what was held and what is free can be held"
        return raised

    def credit(self, account: int, side: int) -> int:
        """See `Till.credit`."""
        return self._purse.claim(account, self.assets[1 - side])

    def share(self, buyer: int, seller: int, buyer_fee: int, seller_fee: int) -> None:
        """See `Till.share`."""
        self._share(buyer, buyer_fee, seller_fee)
        self._share(seller, seller_fee, buyer_fee)

    def _share(self, payer: int, fee: int, other_fee: int) -> None:
        """Give the referrer of `payer`, if there is one, the share of what this fee left the house."""
        referrer, share_ppm = self.shared.get(payer, (0, 0))
        split = split_fee(fee + min(other_fee, 0), share_ppm)
        purse, ledger, quote = self._purse, self._purse.ledger, self.assets[0]
        if split.referrer_quanta:
            result = ledger.post(self._house, purse.claim(referrer, quote), split.referrer_quanta, ReasonCode.REFERRAL)
            assert result is Result.OK, "a share is below the fee"
        if split.dust_quanta:
            result = ledger.post(self._house, purse.house(AccountCode.DUST, quote), split.dust_quanta, ReasonCode.DUST)
            assert result is Result.OK, "a fraction is below the fee"
