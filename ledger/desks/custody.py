"""The desk of custody: what the exchange's own wallets and bank accounts hold, and moves between them.

A wallet's account in the books is of a bank where its registered chain is `offchain:` something, else of a wallet; the
first use decides. What a chain takes for a transaction is the house's cost, to the chain's last unit (`ledger.treasury.
dust`). The next nonce of a signing address is one after the last in the log: nothing is signed twice or skipped.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import Any, ClassVar, NamedTuple

from ledger.canonical import Json
from ledger.commands import (
    AdjustCustody,
    Command,
    FailCustodyMove,
    MoveCustody,
    NetworkFee,
    SettleCustodyMove,
)
from ledger.desks.base import Desk, Handler, Refusal, Shared
from ledger.events import CustodyMoved
from ledger.journal import AccountCode, ReasonCode, Result, house_key
from ledger.treasury.dust import DustBook, quantum

__all__ = ["CustodyDesk", "Move", "reference_of"]

REFERENCE_BYTES = 128


def reference_of(evidence: str) -> str:
    """As much of an evidence as the journal's reference takes; chain and transaction stand first in it."""
    return evidence.encode()[:REFERENCE_BYTES].decode(errors="ignore")


@dataclass(slots=True)
class Move:
    """A move between wallets; `nonce` is -1 where there is none, `transactions` all that were signed for it.

    They are kept, because a move's arrival at an address is no deposit, whenever it is seen.
    """

    source: str
    target: str
    asset: str
    amount: int
    dust: int
    sender: str
    nonce: int
    state: str
    transactions: list[str]


class _Sender(NamedTuple):
    wallet: str
    address: str


class CustodyDesk(Desk):
    """Books what leaves and enters wallets. The desks of deposits and withdrawals post through it."""

    NAME: ClassVar[str] = "custody"

    def __init__(self, shared: Shared) -> None:
        super().__init__(shared)
        self.dust = DustBook()
        self.moves: dict[str, Move] = {}
        self._open: dict[str, None] = {}
        self._codes: dict[str, int] = {}
        self._nonces: dict[_Sender, int] = {}

    def handlers(self) -> dict[type[Command], Handler]:
        """See `Desk.handlers`."""
        return {
            MoveCustody: self._move,
            SettleCustodyMove: self._settle,
            FailCustodyMove: self._fail,
            AdjustCustody: self._adjust,
        }

    # What the other desks use.

    def account(self, wallet: str, asset: str) -> int:
        """The ledger's account of a wallet in an asset, opened on first use."""
        code = self._codes[wallet] = self._code(wallet)
        return self.shared.house(AccountCode(code), asset, wallet)

    def _code(self, wallet: str) -> int:
        code = self._codes.get(wallet)
        if code is not None:
            return code
        facts = self.shared.registry.wallet(wallet, self.shared.time_us)
        is_bank = facts is not None and facts.chain.startswith("offchain:")
        return int(AccountCode.CUSTODY_BANK if is_bank else AccountCode.CUSTODY_WALLET)

    def require_quanta(self, wallet: str, asset: str, quanta: int) -> None:
        """Refuse what the books of a wallet do not have; opens nothing."""
        key = house_key(AccountCode(self._code(wallet)), asset, wallet, self.shared.entity)
        account = self.shared.ledger.find(key)
        if (0 if account is None else self.shared.ledger.owed(account)) < quanta:
            raise Refusal("custody-is-short")

    def require_fee(self, wallet: str, fee: NetworkFee | None, returning: tuple[str, int] = ("", 0)) -> None:
        """Refuse a network fee that cannot be booked; asked before anything changes.

        `returning`: asset and quanta that the same command brings back into the wallet first.
        """
        if fee is not None:
            one = quantum(self.shared.scale(fee.asset))
            if fee.dust >= one:
                raise Refusal("dust-fills-a-quantum")
            back = returning[1] if returning[0] == fee.asset else 0
            quanta = -self.dust.house_fills(fee.asset, -(fee.amount * one + fee.dust), one)
            self.require_quanta(wallet, fee.asset, quanta - back)

    def pay_fee(self, wallet: str, fee: NetworkFee | None, reference: str) -> None:
        """Book what the chain took from a wallet as the house's cost; `require_fee` let it through."""
        if fee is not None:
            exact = fee.amount * quantum(self.shared.scale(fee.asset)) + fee.dust
            self.book_house(wallet, fee.asset, -exact, ReasonCode.NETWORK_FEE, reference)

    def book_house(self, wallet: str, asset: str, exact: int, reason: ReasonCode, reference: str) -> None:
        """A wallet gains (or loses) `exact` of 10^-38 for the house; whole quanta are posted, the rest is kept."""
        shared, one = self.shared, quantum(self.shared.scale(asset))
        quanta = self.dust.fill_house(asset, exact, one)
        self.dust.add_held(wallet, asset, exact - quanta * one)
        custody, house = self.account(wallet, asset), shared.house(AccountCode.OTHER, asset)
        if quanta:
            ends = (custody, house) if quanta > 0 else (house, custody)
            result = shared.ledger.post(*ends, abs(quanta), reason, reference, shared.prices.get(asset))
            assert result is Result.OK, "what a wallet loses was looked for first"

    def require_nonce(self, wallet: str, sender: str, nonce: int | None) -> None:
        """Refuse a number that is not one after the sender's last; the first one may be any."""
        if (nonce is None) != (not sender):
            raise Refusal("sender-and-nonce-do-not-fit")
        if nonce is not None and self._nonces.get(_Sender(wallet, sender), nonce) != nonce:
            raise Refusal("nonce-is-not-the-next")

    def use_nonce(self, wallet: str, sender: str, nonce: int | None) -> None:
        """Note that a number is spent; `require_nonce` let it through."""
        if nonce is not None:
            self._nonces[_Sender(wallet, sender)] = nonce + 1

    def next_nonce(self, wallet: str, sender: str) -> int | None:
        """The number that the next transaction of a sender must have; None before the first."""
        return self._nonces.get(_Sender(wallet, sender))

    def holdings(self) -> list[tuple[str, str, int, int]]:
        """Every wallet and asset: name, asset, quanta in the books, and 10^-38 below them."""
        shared, found = self.shared, {}
        for wallet, code in self._codes.items():
            for asset in shared.assets:
                account = shared.ledger.find(house_key(AccountCode(code), asset, wallet, shared.entity))
                if account is not None:
                    found[wallet, asset] = shared.ledger.owed(account)
        names = sorted(found.keys() | self.dust.held.keys())
        return [(*name, found.get(name, 0), self.dust.held.get(name, 0)) for name in names]

    # Moves between wallets.

    def open_moves(self) -> list[str]:
        """Moves that have not ended, in the order of sending."""
        return list(self._open)

    def _known(self, wallet: str) -> None:
        facts = self.shared.registry.wallet(wallet, self.shared.time_us)
        if facts is None:
            raise Refusal("unknown-wallet")
        if facts.entity != self.shared.entity:
            raise Refusal("another-entity")

    def _move(self, command: MoveCustody) -> None:
        shared = self.shared
        if command.move in self.moves:
            raise Refusal("move-exists")
        self._known(command.source)
        self._known(command.target)
        if command.source == command.target:
            raise Refusal("source-is-target")
        if command.dust >= quantum(shared.scale(command.asset)) or not command.amount + command.dust:
            raise Refusal("no-amount")
        self.require_nonce(command.source, command.sender, command.chain_nonce)
        self.require_quanta(command.source, command.asset, command.amount)
        self.leave(command.source, command.asset, command.amount, command.move)
        self.dust.add_held(command.source, command.asset, -command.dust)
        self.dust.add_transit(command.asset, command.dust)
        self.use_nonce(command.source, command.sender, command.chain_nonce)
        nonce = -1 if command.chain_nonce is None else command.chain_nonce
        self.moves[command.move] = Move(
            command.source, command.target, command.asset, command.amount, command.dust, command.sender, nonce,
            "", [command.transaction],
        )  # fmt: skip
        self._state(command.move, "sent")

    def leave(self, wallet: str, asset: str, amount: int, reference: str) -> None:
        """From a wallet into transit."""
        self._transit(wallet, asset, amount, reference, leaves=True)

    def enter(self, wallet: str, asset: str, amount: int, reference: str) -> None:
        """From transit into a wallet."""
        self._transit(wallet, asset, amount, reference, leaves=False)

    def _transit(self, wallet: str, asset: str, amount: int, reference: str, *, leaves: bool) -> None:
        custody, transit = self.account(wallet, asset), self.shared.house(AccountCode.IN_TRANSIT, asset)
        if amount:
            ends = (transit, custody) if leaves else (custody, transit)
            result = self.shared.ledger.post(*ends, amount, ReasonCode.CUSTODY_MOVE, reference)
            assert result is Result.OK, "what leaves a wallet was looked for, and what enters it was in transit"

    def _sent(self, move: str) -> Move:
        found = self.moves.get(move)
        if found is None:
            raise Refusal("unknown-move")
        if found.state != "sent":
            raise Refusal(f"move-is-{found.state}")
        return found

    def replace(self, move: str, nonce: int, transaction: str) -> None:
        """Another transaction of the same nonce for a move."""
        found = self._sent(move)
        if found.nonce != nonce:
            raise Refusal("nonce-is-another")
        found.transactions.append(transaction)
        self._state(move, "sent")

    def _settle(self, command: SettleCustodyMove) -> None:
        self._end(command.move, command.network_fee, "settled")

    def _fail(self, command: FailCustodyMove) -> None:
        self._end(command.move, command.network_fee, "failed")

    def _end(self, name: str, fee: NetworkFee | None, state: str) -> None:
        move = self._sent(name)
        self.require_fee(move.source, fee, (move.asset, move.amount) if state == "failed" else ("", 0))
        wallet = move.target if state == "settled" else move.source
        self.enter(wallet, move.asset, move.amount, name)
        self.dust.add_transit(move.asset, -move.dust)
        self.dust.add_held(wallet, move.asset, move.dust)
        self.pay_fee(move.source, fee, name)
        self._state(name, state)

    def _state(self, name: str, state: str) -> None:
        move = self.moves[name]
        move.state = state
        if state == "sent":
            self._open[name] = None
        else:
            self._open.pop(name, None)
        self.shared.events.append(CustodyMoved(name, state, move.source, move.target, move.asset, move.amount))

    # By hand.

    def _adjust(self, command: AdjustCustody) -> None:
        one = quantum(self.shared.scale(command.asset))
        if command.dust >= one or not command.amount + command.dust:
            raise Refusal("no-amount")
        exact = command.amount * one + command.dust
        if command.direction == "out":
            exact = -exact
            self.require_quanta(command.wallet, command.asset, -self.dust.house_fills(command.asset, exact, one))
        reference = reference_of(command.reference)
        self.book_house(command.wallet, command.asset, exact, ReasonCode.CORRECTION, reference)

    # The state.

    def document(self) -> Json:
        """Wallets' kinds, the senders' next numbers, moves by id, and the dust book."""
        return {
            "codes": [[wallet, code] for wallet, code in sorted(self._codes.items())],
            "dust": self.dust.document(),
            "moves": [
                [key, *(str(each) if type(each) is int else each for each in astuple(move))]
                for key, move in sorted(self.moves.items())
            ],
            "nonces": [[*sender, nonce] for sender, nonce in sorted(self._nonces.items())],
        }

    def restore(self, document: Any) -> None:
        """See `Desk.restore`."""
        self._codes = dict(document["codes"])
        self.dust.restore(document["dust"])
        for key, source, target, asset, amount, dust, sender, nonce, state, transactions in document["moves"]:
            self.moves[key] = Move(
                source, target, asset, int(amount), int(dust), sender, int(nonce), state, list(transactions)
            )
            if state == "sent":
                self._open[key] = None
        self._nonces = {_Sender(wallet, address): nonce for wallet, address, nonce in document["nonces"]}
