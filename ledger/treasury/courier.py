"""Carries withdrawals and moves to their chain: sign, log, send, follow, in this order and from any point again.

One step looks at everything that is open and does what comes next for each. What was signed is in the log before it is
sent, so that a step after a crash sends the same bytes; what the log refused is never sent. Trouble with one payment is
told and the others go on. The courier keeps nothing between two steps: the engine's state is all it knows.

    not sent, ready:    ask the gate, where there is one; sign with the next nonce, SendWithdrawal, broadcast
    sent, not seen:     broadcast what the log holds
    sent, in flight:    wait
    sent, settled:      SettleWithdrawal                       (moves alike)
    sent, reverted or called back:  FailWithdrawal, with the chain's evidence
    sent, displaced:    told every time; nobody is refunded before people have looked
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol, TypeAlias

from ledger.commands import (
    Command,
    FailCustodyMove,
    FailWithdrawal,
    MoveCustody,
    NetworkFee,
    ReplaceTransaction,
    SendWithdrawal,
    SettleCustodyMove,
    SettleWithdrawal,
)
from ledger.errors import TallystickError
from ledger.treasury.protocols import ChainWallet, Coin, Departure, TransferGate
from ledger.treasury.reconcile import Flight

__all__ = ["Books", "Courier", "Open", "Station", "Trouble"]

Submit: TypeAlias = "Callable[[Command], str | None]"
"""Gives a command to the log; returns when it is durable and applied: None, or the code of the engine's refusal."""


class Open(NamedTuple):
    """A withdrawal or a move that has not ended. `destination` is empty for a move; `ready` is false while something
    of the exchange's own rules keeps a withdrawal back."""

    request: str
    is_move: bool
    asset: str
    amount: int
    dust: int
    destination: str
    state: str
    wallet: str
    target: str
    nonce: int
    transactions: tuple[str, ...]
    ready: bool
    account: str = ""


class Books(Protocol):
    """What the courier reads of the engine."""

    def open_payments(self) -> Sequence[Open]:
        """Everything that has not ended, in the order of asking."""

    def next_nonce(self, wallet: str, sender: str) -> int | None:
        """See `CustodyDesk.next_nonce`."""


class Station(NamedTuple):
    """A wallet of the ledger with the key that pays from it, and the coin that its chain takes for gas."""

    wallet: str
    chain: ChainWallet
    gas: Coin


class Trouble(NamedTuple):
    """What stands in the way of one payment, in words; `is_alarm` where money may be at stake."""

    request: str
    problem: str
    is_alarm: bool = False


class Courier:
    """`stations` by chain: where withdrawals of its assets are paid from. `coins` by asset.

    `gate`: asked before a withdrawal is signed; without one every withdrawal that is ready goes.
    """

    def __init__(
        self,
        books: Books,
        submit: Submit,
        stations: Mapping[str, Station],
        coins: Mapping[str, Coin],
        gate: TransferGate | None = None,
    ) -> None:
        self._books, self._submit, self._stations, self._coins = books, submit, stations, coins
        self._gate = gate

    def step(self) -> list[Trouble]:
        """Do what comes next for everything that is open; what stood in the way, in the order of asking."""
        troubles: list[Trouble] = []
        for payment in self._books.open_payments():
            coin = self._coins.get(payment.asset)
            station = None if coin is None else self._stations.get(coin.chain)
            if coin is None or station is None:
                continue  # a bank's, or another courier's
            try:
                if payment.state == "sent":
                    problem = self._follow(payment, station)
                elif payment.ready:
                    problem = self._send(payment, station, coin)
                else:
                    problem = None
            except TallystickError as error:
                problem = Trouble(payment.request, str(error))
            if problem is not None:
                troubles.append(problem)
        return troubles

    def _send(self, payment: Open, station: Station, coin: Coin) -> Trouble | None:
        unpayable = station.chain.problem(payment.destination)
        if unpayable is not None:
            return self._give(FailWithdrawal(payment.request, unpayable, None, None))
        units = coin.units(payment.amount)
        if units is None:
            return self._give(FailWithdrawal(payment.request, "the amount is finer than the chain's unit", None, None))
        if self._gate is not None:
            departure = Departure(payment.request, payment.account, payment.destination, coin, payment.amount)
            waits_for = self._gate.leaving(departure)
            if waits_for is not None:
                return Trouble(payment.request, waits_for)
        nonce = self._nonce(station.wallet, station.chain)
        raw = station.chain.pay(payment.destination, coin.contract, units, nonce)
        refused = self._give(SendWithdrawal(payment.request, station.wallet, station.chain.sender, nonce, raw.hex()))
        if refused is None:
            station.chain.broadcast(raw)
        return refused

    def _nonce(self, wallet: str, chain: ChainWallet) -> int:
        known = self._books.next_nonce(wallet, chain.sender)
        return chain.first_nonce() if known is None else known

    def _follow(self, payment: Open, station: Station) -> Trouble | None:
        raws = [bytes.fromhex(transaction) for transaction in payment.transactions]
        outcome = station.chain.outcome(raws)
        if outcome.kind == "in-flight":
            if not outcome.is_seen:
                station.chain.broadcast(raws[-1])
            return None
        if outcome.kind == "displaced":
            problem = f"its nonce is spent by a transaction that the log does not know ({outcome.evidence})"
            return Trouble(payment.request, problem, is_alarm=True)
        fee = NetworkFee(station.gas.asset, *station.gas.portion(outcome.fee))
        if outcome.kind == "settled":
            if payment.is_move:
                return self._give(SettleCustodyMove(payment.request, outcome.evidence, fee))
            return self._give(SettleWithdrawal(payment.request, outcome.evidence, fee))
        if payment.is_move:
            return self._give(FailCustodyMove(payment.request, outcome.evidence, fee))
        reason = "the chain refused it" if outcome.kind == "reverted" else "it was called back"
        return self._give(FailWithdrawal(payment.request, reason, outcome.evidence, fee))

    def _give(self, command: Command) -> Trouble | None:
        refused = self._submit(command)
        request = getattr(command, "request", None) or getattr(command, "move", "")
        return None if refused is None else Trouble(str(request), refused)

    # What operators ask for.

    def replace(self, request: str, *, cancel: bool, payer: ChainWallet | None = None) -> Trouble | None:
        """Outbid a payment's last transaction, or call the payment back, at the same nonce. Raises TallystickError.

        `payer`: whose key signed it, where that is not the station's.
        """
        payment = next((each for each in self._books.open_payments() if each.request == request), None)
        coin = None if payment is None else self._coins.get(payment.asset)
        if payment is None or coin is None or payment.state != "sent":
            return Trouble(request, "nothing of it is on its way")
        signer = payer or self._stations[coin.chain].chain
        raw = signer.replacement(bytes.fromhex(payment.transactions[-1]), cancel=cancel)
        refused = self._give(ReplaceTransaction(request, payment.nonce, raw.hex()))
        if refused is None:
            signer.broadcast(raw)
        return refused

    def move(
        self, move: str, source: str, target: str, asset: str, units: int, payer: ChainWallet, destination: str
    ) -> Trouble | None:
        """Move `units` of the chain between two wallets of the exchange, signed by `payer`. Raises TallystickError."""
        coin = self._coins[asset]
        nonce = self._nonce(source, payer)
        raw = payer.pay(destination, coin.contract, units, nonce)
        refused = self._give(
            MoveCustody(move, source, target, asset, *coin.portion(units), payer.sender, nonce, raw.hex())
        )
        if refused is None:
            payer.broadcast(raw)
        return refused

    # What is in flight, for the reconciliation and the attestation.

    def flights(self, blocks: Mapping[str, int]) -> list[Flight]:
        """What books and each chain at its block see at different times, of what was sent. Raises TallystickError."""
        flights: list[Flight] = []
        for payment in self._books.open_payments():
            coin = self._coins.get(payment.asset)
            if payment.state != "sent" or coin is None or coin.chain not in self._stations:
                continue
            station = self._stations[coin.chain]
            raws = [bytes.fromhex(transaction) for transaction in payment.transactions]
            included = station.chain.included(raws, blocks[coin.chain])
            exact = Coin(coin.asset, coin.scale, "", "", coin.scale).exact(payment.amount) + payment.dust
            if included is None or not included.is_paid:
                flights.append(Flight(payment.wallet, payment.asset, "sent", exact, payment.request))
            elif payment.is_move:
                flights.append(Flight(payment.target, payment.asset, "arriving", exact, payment.request))
            if included is not None:
                gas = -station.gas.exact(included.fee)
                flights.append(Flight(payment.wallet, station.gas.asset, "gas", gas, payment.request))
        return flights
