"""The engine as the treasury reads it: what is open, what is held where, whose an address is. Reads only."""

from __future__ import annotations

from ledger.engine import Engine
from ledger.treasury.courier import Open
from ledger.treasury.deposits import Payout, payment_reference
from ledger.treasury.dust import quantum
from ledger.treasury.policy import place
from ledger.treasury.protocols import ChainWallet
from ledger.treasury.reconcile import Holding

__all__ = ["EngineBooks"]


class EngineBooks:
    """A view of one engine; it keeps nothing but the hashes that it had made, so that it is never behind."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._hashes: dict[str, str] = {}

    def open_payments(self) -> list[Open]:
        """Withdrawals in the order of asking, then the exchange's moves, that have not ended."""
        desk = self._engine.withdrawals
        found = []
        for request in desk.open_requests():
            each = desk.withdrawals[request]
            ready = each.state != "sent" and desk.why_not(request) is None
            found.append(
                Open(
                    request, False, each.asset, each.amount, 0, each.destination, each.state, each.wallet, "",
                    each.nonce, tuple(each.transactions), ready, each.account,
                )
            )  # fmt: skip
        for name in self._engine.custody.open_moves():
            move = self._engine.custody.moves[name]
            found.append(
                Open(
                    name, True, move.asset, move.amount, move.dust, "", move.state, move.source, move.target,
                    move.nonce, tuple(move.transactions), False,
                )
            )  # fmt: skip
        return found

    def listed(self, chain: str) -> list[tuple[str, int, str]]:
        """Asset, scale and contract of everything that is listed on a chain now."""
        engine, found = self._engine, []
        for asset, scale in engine.assets.items():
            facts = engine.registry.asset(asset, engine.time_us)
            if facts is not None and facts.chain == chain:
                found.append((asset, scale, facts.contract.lower()))
        return found

    def scales(self) -> dict[str, int]:
        """The scale of every listed asset."""
        return dict(self._engine.assets)

    def is_wallet(self, wallet: str) -> bool:
        """Whether a wallet is registered."""
        return self._engine.registry.wallet(wallet, self._engine.time_us) is not None

    def account_number(self, account: str) -> int | None:
        """The number of a customer's account, from 1 in the order of opening; None where there is none."""
        try:
            return self._engine.account_number(account)
        except KeyError:
            return None

    def next_nonce(self, wallet: str, sender: str) -> int | None:
        """See `CustodyDesk.next_nonce`."""
        return self._engine.custody.next_nonce(wallet, sender)

    def holdings(self) -> list[Holding]:
        """Every wallet and asset of the books, exactly."""
        scales = self._engine.assets
        return [
            Holding(wallet, asset, quanta * quantum(scales[asset]) + dust)
            for wallet, asset, quanta, dust in self._engine.custody.holdings()
        ]

    def wallets(self) -> dict[tuple[str, str], str | None]:
        """The wallet of every address by chain and address: what a watcher watches, and `receipt_command` is given."""
        return {key: address.wallet for key, address in self._engine.deposits.addresses.items()}

    def wallet(self, chain: str, address: str) -> str | None:
        """The wallet of one address; None where the log assigned none."""
        found = self._engine.deposits.addresses.get(place(chain, address))
        return None if found is None else found.wallet

    def is_assigned(self, chain: str, address: str) -> bool:
        """Whether the log assigned an address or reference to anybody."""
        return place(chain, address) in self._engine.deposits.addresses

    def account(self, chain: str, address: str) -> str | None:
        """The customer of one address; None where there is none."""
        found = self._engine.deposits.addresses.get(place(chain, address))
        return None if found is None else found.account

    def subaccount(self, chain: str, address: str) -> str:
        """The subaccount that an address's receipts are credited to."""
        return self._engine.deposits.addresses[place(chain, address)].subaccount

    def is_uncredited(self, evidence: str) -> bool:
        """Whether a receipt is owed to nobody yet."""
        found = self._engine.deposits.deposits.get(evidence)
        return found is not None and found.state == "held"

    def price(self, asset: str, currency: str) -> tuple[int, int, int] | None:
        """An asset's and a currency's price in the unit of account, 10^-18, and the log position; None without one."""
        price, cross = self._engine.prices.get(asset), self._engine.crosses.get(currency)
        return None if price is None or cross is None else (price, cross, self._engine.sequence)

    def addresses_of(self, chain: str, account: str) -> list[str]:
        """A customer's addresses on a chain."""
        addresses = self._engine.deposits.addresses.items()
        return [address for (name, address), owner in addresses if (name, owner.account) == (chain, account)]

    def own_transactions(self, chain: ChainWallet) -> dict[str, str]:
        """The exchange's moves by the hashes of all that was signed for them."""
        found = {}
        for name, move in self._engine.custody.moves.items():
            for transaction in move.transactions if move.sender else ():
                if transaction not in self._hashes:
                    self._hashes[transaction] = chain.transaction(bytes.fromhex(transaction))
                found[self._hashes[transaction]] = name
        return found

    def bank_payments(self) -> dict[str, Payout]:
        """Withdrawals on their way by the reference under which a bank pays them."""
        desk = self._engine.withdrawals
        found = {}
        for request in desk.open_requests():
            each = desk.withdrawals[request]
            if each.state == "sent" and not each.sender:
                found[payment_reference(request)] = Payout(request, each.wallet, each.asset, each.amount)
        return found
