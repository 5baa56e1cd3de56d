"""One chain's deposits and withdrawals for a running exchange: where por's clients and the ledger's treasury meet.

The order of a poll: what the watcher states goes into the log first, its state is written down after, so that a crash
between the two repeats facts and never loses one; then the courier does what is next for every payment. All of it may
be repeated from any point.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from cli.exchange.running import RunningExchange
from cli.exchange.vault import TreasurySecrets
from ledger.assets import SCALE_MAX
from ledger.canonical import canonical_file, parse_file
from ledger.commands import AssignAddress, Command, ReceiveDeposit
from ledger.door import Refused
from ledger.engine import Engine
from ledger.errors import CheckFailed, InputError, TallystickError
from ledger.events import Refused as EngineRefused
from ledger.treasury.books import EngineBooks
from ledger.treasury.courier import Courier, Station, Trouble
from ledger.treasury.deposits import held_back, receipt_command
from ledger.treasury.protocols import Arrival, ChainReceipt, Coin, TransferGate
from ledger.treasury.reconcile import Flight, Reading
from por.reserves.evm.deposit_keys import DepositKeys
from por.reserves.evm.header import Header
from por.reserves.evm.hexes import from_hex, to_hex
from por.reserves.evm.rpc import Endpoint
from por.reserves.evm.wallet import Broadcaster, EvmTreasury, GasPolicy, HotWallet, read_signed
from por.reserves.evm.watch import NATIVE, Watcher, WatchState

__all__ = ["ChainTreasury", "HouseRefused", "TreasuryOptions", "TreasurySecrets", "house_submit"]

NATIVE_DECIMALS = 18
Submit = Callable[[Command], str | None]


class HouseRefused(CheckFailed):
    """The door does not let a command of the house in; nothing was taken."""


def house_submit(running: RunningExchange) -> Submit:
    """Gives a command of the house to a running exchange: None when it is carried out, else the engine's refusal.

    An hour that is over is cut before it. Raises HouseRefused if the door does not let the house in.
    """

    def submit(command: Command) -> str | None:
        [answer] = running.submit([running.house(command)])
        if isinstance(answer, Refused):
            raise HouseRefused(f"the door refused a command of the house: {answer.reason.value} {answer.detail}")
        return next((event.reason for event in answer.events if isinstance(event, EngineRefused)), None)

    return submit


class TreasuryOptions(NamedTuple):
    """`coin`: the asset that the chain's coin is. `deposits`, `hot`: the wallets' names in the ledger, registered.

    `first_block`: where a watcher without a state begins. `state`: the file that it keeps.
    """

    chain: str
    coin: str
    confirmations: int
    policy: GasPolicy
    state: Path
    first_block: int = 0
    deposits: str = "deposits"
    hot: str = "hot"


class _Watched:
    """The addresses that the log assigned on one chain, as the watcher asks for them; never behind."""

    def __init__(self, books: EngineBooks, chain: str) -> None:
        self._books, self._chain = books, chain

    def __contains__(self, address: object) -> bool:
        return isinstance(address, bytes) and self._books.wallet(self._chain, to_hex(address)) is not None


class ChainTreasury:
    """See the module. `submit` returns when a command is durable and applied to `engine`.

    `books`: another way to ask the engine, for a treasury that works in a thread of its own. `gate`: asked before a
    customer's receipt is credited and before a withdrawal is signed.
    """

    def __init__(
        self,
        engine: Engine,
        submit: Submit,
        endpoint: Endpoint,
        keys: TreasurySecrets,
        options: TreasuryOptions,
        books: EngineBooks | None = None,
        gate: TransferGate | None = None,
    ) -> None:
        endpoint.check_chain(options.chain)
        self.options, self.books = options, books or EngineBooks(engine)
        self._submit, self._endpoint, self._gate = submit, endpoint, gate
        self.news: list[Trouble] = []
        """What is told once: receipts that were held back. Whoever polls takes them away."""
        self._keys = DepositKeys(keys.seed)
        self._broadcaster = Broadcaster(endpoint, options.confirmations)
        self.coins = self._read_coins()
        if options.coin not in self.coins or self.coins[options.coin].contract != NATIVE:
            raise InputError(options.chain, f"{options.coin} is not listed as its coin", "List it with its chain")
        self.hot = EvmTreasury(HotWallet(keys.hot, options.chain, options.policy), self._broadcaster)
        station = Station(options.hot, self.hot, self.coins[options.coin])
        self.courier = Courier(self.books, submit, {options.chain: station}, self.coins, gate)
        contracts = [from_hex(c.contract.lower(), 20, "contract") for c in self.coins.values() if c.contract != NATIVE]
        self.read_at: int | None = None
        """The block of the last reconciliation."""
        self.watcher = Watcher(endpoint, self._read_state(), _Watched(self.books, options.chain), contracts)

    def _read_coins(self) -> dict[str, Coin]:
        """The assets of this chain, as listed when this was made; a token says its own decimals."""
        head, found = self._broadcaster.head(), {}
        for asset, scale, contract in self.books.listed(self.options.chain):
            decimals = NATIVE_DECIMALS
            if contract != NATIVE:
                said = self._endpoint.decimals(from_hex(contract, 20, "contract"), head)
                if said is None or said > SCALE_MAX:
                    raise InputError(asset, "its contract has no decimals that can be kept", "Check the contract")
                decimals = said
            found[asset] = Coin(asset, scale, self.options.chain, contract, decimals)
        return found

    def _read_state(self) -> WatchState:
        path = self.options.state
        if not path.exists():
            return WatchState(self.options.chain, self.options.confirmations, self.options.first_block)
        state = WatchState.from_document(parse_file(path.read_bytes()))
        if (state.chain, state.confirmations) != (self.options.chain, self.options.confirmations):
            raise InputError(str(path), "is of another chain or number of confirmations", "Restore it, or remove it")
        return state

    def _write_state(self) -> None:
        path = self.options.state
        beside = path.with_name(path.name + ".new")
        with beside.open("wb") as file:
            file.write(canonical_file(self.watcher.state.to_document()))
            file.flush()
            os.fsync(file.fileno())
        os.replace(beside, path)

    # What is done again and again.

    def poll(self) -> list[Trouble]:
        """Take what the chain has new and do what is next for every payment; what stood in the way.

        Raises ChainError if the chain cannot be followed.
        """
        by_place = {(coin.chain, coin.contract): coin for coin in self.coins.values()}
        troubles = []
        before = self.watcher.state.head
        receipts = self.watcher.poll()
        wallets = {(each.chain, each.address): self.books.wallet(each.chain, each.address) for each in receipts}
        own = self.books.own_transactions(self.hot) if receipts else {}
        for receipt in receipts:
            command = receipt_command(receipt, by_place, wallets, own)
            if isinstance(command, ReceiveDeposit):
                waits_for = self._waits_for(receipt, command, by_place[receipt.chain, receipt.contract])
                if waits_for is not None:
                    command = held_back(command)
                    self.news.append(Trouble(receipt.evidence, waits_for))
            refused = None if command is None else self._submit(command)
            if refused is not None and refused != "deposit-exists":
                troubles.append(Trouble(receipt.evidence, refused, is_alarm=True))
        if self.watcher.state.head != before:
            self._write_state()
        return troubles + self.courier.step()

    def _waits_for(self, receipt: ChainReceipt, command: ReceiveDeposit, coin: Coin) -> str | None:
        """What a customer's receipt waits for before it is credited; what is nobody's waits for people anyway."""
        account = self.books.account(command.chain, command.address)
        if self._gate is None or account is None:
            return None
        subaccount = self.books.subaccount(command.chain, command.address)
        place = (command.evidence, receipt.transaction, command.address)
        return self._gate.arriving(Arrival(*place, account, subaccount, coin, command.amount, command.dust))

    # Addresses.

    def new_address(self, account: str, subaccount: str = "") -> str:
        """Another deposit address for a customer; it is in the log when this returns. Raises CheckFailed."""
        number = self.books.account_number(account)
        if number is None:
            raise InputError(account[:64], "is no account here", "See `tallystick accounts list`.")
        address = to_hex(self._keys.address(number, len(self.books.addresses_of(self.options.chain, account))))
        refused = self._submit(AssignAddress(account, subaccount, self.options.chain, address, self.options.deposits))
        if refused is not None:
            raise CheckFailed(f"the engine assigns no address: {refused}")
        return address

    def register_hot(self) -> None:
        """Say in the log that the hot wallet's address is the house's, once."""
        if self.books.wallet(self.options.chain, self.hot.sender) is None:
            refused = self._submit(AssignAddress(None, "", self.options.chain, self.hot.sender, self.options.hot))
            if refused is not None:
                raise CheckFailed(f"the engine assigns no address: {refused}")

    def _key_of(self, address: str) -> EvmTreasury:
        """The wallet of a deposit address."""
        account = self.books.account(self.options.chain, address)
        if account is not None:
            number = self.books.account_number(account)
            assert number is not None, "an address was assigned to an account"
            for place in range(len(self.books.addresses_of(self.options.chain, account))):
                if to_hex(self._keys.address(number, place)) == address:
                    wallet = HotWallet(self._keys.key(number, place), self.options.chain, self.options.policy)
                    return EvmTreasury(wallet, self._broadcaster)
        raise InputError(address, "is no deposit address of this seed", "Check the seed and the address")

    # The exchange's own moves.

    def sweep(self, address: str, asset: str) -> Trouble | None:
        """Move what a deposit address has of an asset into the hot wallet; of the coin, gas at twice now's price stays.

        A token needs gas at its address first: `fuel`. Raises TallystickError.
        """
        coin, head = self.coins[asset], self._broadcaster.head()
        units = self._balance(address, coin, head)
        if coin.contract == NATIVE:
            policy = self.options.policy
            units -= 2 * self._broadcaster.fees(policy).max_fee * policy.gas_coin
        if units <= 0:
            return Trouble(address, "there is nothing to sweep")
        names = (self.options.deposits, self.options.hot)
        return self.courier.move(secrets.token_hex(16), *names, asset, units, self._key_of(address), self.hot.sender)

    def fuel(self, address: str, units: int) -> Trouble | None:
        """Send coin from the hot wallet to a deposit address, to pay for a sweep. Raises TallystickError."""
        if self.books.wallet(self.options.chain, address) != self.options.deposits:
            raise InputError(address, "is no deposit address", "Name one that the log assigned to a customer")
        names = (self.options.hot, self.options.deposits)
        return self.courier.move(secrets.token_hex(16), *names, self.options.coin, units, self.hot, address)

    def replace(self, request: str, *, cancel: bool) -> Trouble | None:
        """Outbid what was signed for a withdrawal or a move, or call it back, with the key that signed it.

        Raises TallystickError.
        """
        payment = next((each for each in self.books.open_payments() if each.request == request), None)
        sender = self.hot.sender
        if payment is not None and payment.transactions:
            sender = to_hex(read_signed(bytes.fromhex(payment.transactions[-1])).sender)
        payer = self.hot if sender == self.hot.sender else self._key_of(sender)
        return self.courier.replace(request, cancel=cancel, payer=payer)

    # The hour.

    def reconciliation(self) -> tuple[list[Flight], list[Reading]]:
        """What `reconcile` needs of this chain at its newest block. A wallet that cannot be read is unread.

        Every address of a wallet is asked for every asset: two questions an address and hour.
        """
        try:
            head = self._broadcaster.head()
            self.read_at = head.number
            flights = self.courier.flights({self.options.chain: head.number}) + list(self._seen())
        except TallystickError:
            return [], [Reading(wallet, asset, None, "unread") for wallet in self._wallets() for asset in self.coins]
        return flights, list(self._readings(head))

    def _wallets(self) -> dict[str, list[str]]:
        """The addresses of each wallet on this chain."""
        found: dict[str, list[str]] = {}
        for (chain, address), wallet in self.books.wallets().items():
            if chain == self.options.chain and wallet is not None:
                found.setdefault(wallet, []).append(address)
        return found

    def _balance(self, address: str, coin: Coin, head: Header) -> int:
        contract = b"" if coin.contract == NATIVE else from_hex(coin.contract, 20, "contract")
        return self._broadcaster.balance(from_hex(address, 20, "address"), contract, head)

    def _readings(self, head: Header) -> Iterator[Reading]:
        for wallet, addresses in self._wallets().items():
            for asset, coin in self.coins.items():
                try:
                    units = coin.exact(sum(self._balance(address, coin, head) for address in addresses))
                except TallystickError:
                    yield Reading(wallet, asset, None, "unread")
                else:
                    yield Reading(wallet, asset, units, f"{self.options.chain} block {head.number}")

    def _seen(self) -> Iterator[Flight]:
        """Receipts that wait for their confirmations; the exchange's own moves are in flight under their own name."""
        own = self.books.own_transactions(self.hot)
        by_contract = {coin.contract: coin for coin in self.coins.values()}
        for receipt in self.watcher.state.pending():
            wallet = self.books.wallet(receipt.chain, receipt.address)
            if receipt.transaction not in own and wallet is not None:
                coin = by_contract[receipt.contract]
                yield Flight(wallet, coin.asset, "seen", coin.exact(receipt.units), receipt.evidence)
