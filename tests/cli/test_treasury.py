"""Money in and out on a real chain: the watcher, the courier and the engine together, with every crash between them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.exchange.treasury import ChainTreasury, TreasuryOptions, TreasurySecrets
from ledger.canonical import parse
from ledger.commands import (
    AssignReceipt,
    Command,
    MoveBetweenSubaccounts,
    RequestWithdrawal,
    SendWithdrawal,
)
from ledger.errors import TallystickError
from ledger.treasury.courier import Courier
from ledger.treasury.dust import quantum
from ledger.treasury.reconcile import HOUR_MICROS, Reconciliation, reconcile
from por.reserves.evm.deposit_keys import DepositKeys
from por.reserves.evm.devnode import DevNode, development_key, start_pyevm
from por.reserves.evm.hexes import from_hex, keccak256, to_hex
from por.reserves.evm.rpc import Endpoint
from por.reserves.evm.wallet import Broadcaster, GasPolicy, HotWallet, Payment, read_signed
from por.reserves.evm.watch import WatchState
from tests.chain.node import GENESIS, anvil
from tests.support.treasury import PEOPLE, Treasury

pytestmark = pytest.mark.chain
WHO, OTHER = PEOPLE[:2]
CONFIRMATIONS = 2
GWEI = 10**9
ETHER = 10**18
OUTSIDE = "0x" + "77" * 20
SEED = b"a seed of the tests, not a secret"


class Crash(BaseException):
    """The process ends here."""


class World:
    """One chain, one engine, and the treasury between them, which can be made again at any time."""

    def __init__(self, node: DevNode, folder: Path) -> None:
        self.node, self.folder = node, folder
        self.endpoint = Endpoint("node", node.url, node.connect)
        self.token = node.deploy("DevToken", "Dollar", "USDC", 6)
        self.fake = node.deploy("DevToken", "Dollar", "USDC", 6)
        self.treasury = Treasury(node.chain, to_hex(self.token)).open(addresses=False)
        self.policy = GasPolicy(10**12)
        self.hot = HotWallet(development_key(7), node.chain, self.policy)
        self.broadcaster = Broadcaster(self.endpoint, CONFIRMATIONS)
        self.ages: Any = {}
        self.given: list[Command] = []
        self.refused: list[str] = []
        self.restart()
        self.chain.register_hot()
        assert [self.chain.new_address(person) for person in PEOPLE] == [self.address(n) for n in (1, 2, 3)]

    def restart(self, submit: Any = None) -> None:
        """Everything but the engine and the watcher's file is made again."""
        state = self.folder / "watch.json"
        options = TreasuryOptions(self.node.chain, "ETH", CONFIRMATIONS, self.policy, state)
        secrets = TreasurySecrets(SEED, development_key(7))
        self.chain = ChainTreasury(self.treasury.engine, submit or self.submit, self.endpoint, secrets, options)

    @property
    def courier(self) -> Courier:
        return self.chain.courier

    def submit(self, command: Command) -> str | None:
        refused = self.treasury.refusal(command)
        self.given.append(command)
        self.refused += [] if refused is None else [refused]
        return refused

    def poll(self) -> list[str]:
        """Take what the chain has new; the kinds of command that it became."""
        self.given.clear()
        self.troubles = self.chain.poll()
        return [type(command).__name__ for command in self.given]

    def mine(self, blocks: int = CONFIRMATIONS) -> None:
        self.node.mine(blocks=blocks)

    @staticmethod
    def address(person: int) -> str:
        return to_hex(DepositKeys(SEED).address(person, 0))

    def deposit(self, person: int = 1, wei: int = ETHER) -> None:
        self.node.fund(from_hex(self.address(person), 20, ""), wei)

    def mint(self, address: str, units: int, token: bytes | None = None) -> None:
        self.node.transact(token or self.token, "DevToken", "mint", from_hex(address, 20, ""), units)

    def fill_hot(self) -> None:
        """Gas and tokens of the house: receipts at the hot wallet's address that operators book as capital."""
        self.node.fund(self.hot.address, ETHER)
        self.mint(self.chain.hot.sender, 10**9)
        self.mine()
        self.poll()
        for command in list(self.given):
            self.treasury.give(AssignReceipt(command.evidence, None, "", "capital"))

    def ask(self, amount: int, asset: str = "ETH", request: str = "f" * 32, place: str = OUTSIDE) -> None:
        assert self.treasury.refusal(RequestWithdrawal(WHO, "", asset, amount, place, request)) is None

    def balance(self, address: str, asset: str = "ETH") -> int:
        contract = b"" if asset == "ETH" else self.token
        return self.broadcaster.balance(from_hex(address, 20, "address"), contract, self.broadcaster.head())

    def state(self, request: str = "f" * 32) -> str:
        return self.treasury.engine.withdrawals.withdrawals[request].state

    def reconcile(self, now_us: int | None = None) -> Reconciliation:
        """Books against the chain at its newest block, as an hour would."""
        flights, readings = self.chain.reconciliation()
        holdings = [each for each in self.chain.books.holdings() if each.asset != "USD"]
        now = self.treasury.engine.time_us if now_us is None else now_us
        done = reconcile(now, holdings, flights, readings, self.ages)
        self.ages = done.ages
        return done


def opened(kind: str) -> DevNode:
    if kind == "anvil":
        return anvil()
    try:
        return start_pyevm(timestamp=GENESIS)
    except ImportError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture(params=["anvil", "py-evm"])
def world(request, tmp_path) -> Iterator[World]:
    """Either implementation of the chain."""
    with opened(request.param) as node:
        made = World(node, tmp_path)
        yield made
        made.treasury.check()
        assert made.treasury.replayed().state_hash() == made.treasury.engine.state_hash()


@pytest.fixture
def fork(tmp_path) -> Iterator[World]:
    """A chain that can be reorganised and that keeps several transactions of one sender waiting."""
    with anvil() as node:
        made = World(node, tmp_path)
        yield made
        made.treasury.check()


def test_deposits_are_credited_once_over_restarts_and_second_scans(world):
    world.deposit(1, ETHER + 7)
    world.mint(world.address(2), 5_000_000)
    world.mint(world.address(2), 9_000_000, world.fake)
    world.deposit(3, 5)
    assert world.treasury.claim(PEOPLE[2], "ETH") == (0, 0)
    world.mine()
    world.poll()
    assert world.treasury.claim(WHO, "ETH") == (GWEI, 0)
    assert world.treasury.claim(OTHER, "USDC") == (5_000_000, 0), "the token that was not listed is nothing"
    dust = world.treasury.engine.custody.dust.owed
    assert dust == {(WHO, "", "ETH"): 7 * 10**20, (PEOPLE[2], "", "ETH"): 5 * 10**20}
    position = world.treasury.engine.sequence
    world.restart()
    assert world.poll() == [], "a restart from the state states nothing again"
    (world.folder / "watch.json").unlink()
    world.restart()
    assert len(world.poll()) == 3 and world.refused == ["deposit-exists"] * 3 and world.troubles == []
    assert world.treasury.engine.sequence == position + 3
    assert world.treasury.claim(WHO, "ETH") == (GWEI, 0)


def test_a_deposit_waits_for_its_confirmations_and_is_in_flight_meanwhile(world):
    world.poll()
    world.deposit()
    assert world.poll() == []
    line = next(line for line in world.reconcile().lines if (line.wallet, line.asset) == ("deposits", "ETH"))
    assert (line.in_flight, line.unexplained) == (ETHER * 10**20, 0)
    world.mine(1)
    assert len(world.poll()) == 1
    assert world.reconcile().differences == ()


def test_a_transaction_that_fails_and_coin_sent_by_a_contract_credit_nobody(world):
    """What a contract sends inside a transaction is not seen; it is in the balance and listed as a difference."""
    world.mint(world.chain.hot.sender, 5)
    world.mine()
    world.poll()
    assert world.reconcile().differences == ()
    world.node.fund(world.hot.address, ETHER)
    world.chain.hot.broadcast(world.chain.hot.pay(world.address(1), to_hex(world.token), 6, 0))
    world.mine(3)
    assert world.poll() == ["ReceiveDeposit"], "the coin for the hot wallet"
    assert world.treasury.claim(WHO, "USDC") == (0, 0)


def test_a_withdrawal_is_sent_once_whenever_the_process_ends(world):
    world.fill_hot()
    world.deposit()
    world.mine()
    world.poll()
    world.ask(10**8)

    def crash_after_log(command: Command) -> str | None:
        assert world.submit(command) is None
        raise Crash

    world.restart(crash_after_log)
    with pytest.raises(Crash):
        world.courier.step()
    assert world.state() == "sent"
    logged = list(world.treasury.engine.withdrawals.withdrawals["f" * 32].transactions)
    line = next(line for line in world.reconcile().lines if (line.wallet, line.asset) == ("hot", "ETH"))
    assert (line.in_flight, line.unexplained) == (ETHER // 10 * 10**20, 0), "signed and not sent is in flight"
    for _ in range(3):
        world.restart()
        assert world.courier.step() == [], "the same bytes, as often as anybody likes"
    world.mine(1)
    assert world.balance(OUTSIDE) == ETHER // 10
    assert world.state() == "sent"
    assert world.reconcile().differences == (), "out of the chain's wallet and not final: the gas is in flight"
    world.mine()
    world.restart(crash_after_log)
    with pytest.raises(Crash):
        world.courier.step()
    world.restart()
    assert world.courier.step() == []
    world.mine(3)
    assert world.courier.step() == []
    assert world.state() == "settled"
    assert world.balance(OUTSIDE) == ETHER // 10
    assert world.treasury.claim(WHO, "ETH") == (GWEI - 10**8, 0)
    assert world.reconcile().differences == ()
    sent = [parse(data) for _, data in world.treasury.commands if b'"send-withdrawal"' in data]
    assert len(sent) == 1 and [sent[0]["transaction"]] == logged


def test_what_the_log_refuses_is_never_sent(world):
    world.deposit()
    world.mine()
    world.poll()
    world.ask(10**8)
    assert [trouble.problem for trouble in world.courier.step()] == ["custody-is-short"]
    world.mine()
    assert world.balance(OUTSIDE) == 0 and world.state() == "held"


def test_a_token_payment_goes_out_and_one_that_the_chain_refuses_is_refunded(world):
    world.fill_hot()
    world.mint(world.address(1), 2_000_000_000)
    world.mine()
    world.poll()
    world.ask(400_000_000, "USDC", "a" * 32)
    world.courier.step()
    world.mine(3)
    world.courier.step()
    assert world.state("a" * 32) == "settled" and world.balance(OUTSIDE, "USDC") == 400_000_000
    # The books have a thousand in the hot wallet, and somebody with its key took some: the next one reverts.
    thief = world.hot.sign(Payment(b"\x66" * 20, 500_000_000, world.token), 1, world.policy.fees(GWEI))
    world.broadcaster.broadcast(thief.raw)
    world.mine(1)
    raw = world.hot.sign(Payment(from_hex(OUTSIDE, 20, ""), 600_000_000, world.token), 2, world.policy.fees(GWEI))
    world.ask(600_000_000, "USDC", "b" * 32)
    world.treasury.engine.custody._nonces.clear()  # as if the log had been told of the thief's number
    assert world.submit(SendWithdrawal("b" * 32, "hot", world.chain.hot.sender, 2, raw.raw.hex())) is None
    world.courier.step()
    world.mine(3)
    world.courier.step()
    assert world.state("b" * 32) == "failed"
    assert world.treasury.claim(WHO, "USDC") == (1_600_000_000, 0), "refunded to the quantum"
    lost = {(line.wallet, line.asset): line.unexplained for line in world.reconcile().differences}
    assert lost[("hot", "USDC")] == -500_000_000 * 10**32
    world.treasury.replayed = lambda: world.treasury.engine  # the tampering above is in no log


def test_the_unpayable_is_refunded_before_anything_is_signed(world):
    world.fill_hot()
    world.deposit()
    world.mine()
    world.poll()
    world.ask(10**8, place="0x" + "Ab" * 20)
    world.courier.step()
    assert world.state() == "failed" and world.treasury.claim(WHO, "ETH") == (GWEI, 0)


def test_a_stolen_coin_is_a_difference_that_grows_old(world):
    world.fill_hot()
    assert world.reconcile().differences == ()
    thief = world.hot.sign(Payment(b"\x66" * 20, 12345), 0, world.policy.fees(GWEI))
    world.broadcaster.broadcast(thief.raw)
    world.mine(3)
    now = world.treasury.engine.time_us
    line = world.reconcile().differences[0]
    assert (line.wallet, line.asset, line.hours) == ("hot", "ETH", 0)
    assert line.unexplained is not None and line.unexplained < -12345 * 10**20
    assert world.reconcile(now + 5 * HOUR_MICROS).differences[0].hours == 5
    # And the number that the thief spent is not paid twice: people look first.
    world.deposit()
    world.mine()
    world.poll()
    raw = world.hot.sign(Payment(from_hex(OUTSIDE, 20, ""), ETHER // 10), 0, world.policy.fees(GWEI))
    world.ask(10**8)
    assert world.submit(SendWithdrawal("f" * 32, "hot", world.chain.hot.sender, 0, raw.raw.hex())) is None
    troubles = world.courier.step()
    assert [trouble.is_alarm for trouble in troubles] == [True] and world.state() == "sent"


def test_a_sweep_is_booked_to_the_last_wei_and_is_nobodys_deposit(world):
    world.fill_hot()
    world.deposit(1, ETHER + 7)
    world.mine()
    world.poll()
    assert world.chain.sweep(world.address(1), "ETH") is None
    (name,) = world.treasury.engine.custody.moves
    move = world.treasury.engine.custody.moves[name]
    assert world.reconcile().differences == ()
    world.mine(1)
    assert world.reconcile().differences == (), "arrived and not booked is in flight"
    world.mine(2)
    assert world.poll() == ["SettleCustodyMove"], "its arrival at the hot wallet is no receipt"
    assert move.state == "settled"
    assert world.poll() == [] and world.reconcile().differences == ()
    exact = move.amount * quantum(9) + move.dust
    assert exact > ETHER // 2 * 10**20 and world.treasury.exact("hot", "ETH") == ETHER * 10**20 + exact
    assert world.treasury.exact("deposits", "ETH") % quantum(9), "gas is finer than the quantum, and is kept"
    assert world.treasury.claim(WHO, "ETH") == (GWEI, 0)


# Reorganisations: anvil alone can make them.


def replace_chain(world: World, snapshot: Any, blocks: int) -> None:
    """Back to a snapshot and on from there with other blocks."""
    world.node.rpc("evm_revert", snapshot)
    world.node.fund(b"\x99" * 20, 1)  # so that the block differs from the one whose place it takes
    world.node.mine(blocks=blocks)


def test_a_deposit_whose_block_is_replaced_is_taken_back_and_what_was_spent_is_owed(fork):
    fork.deposit(2)
    fork.mine()
    fork.poll()
    snapshot = fork.node.rpc("evm_snapshot")
    fork.deposit(1)
    fork.mine()
    fork.poll()
    assert fork.treasury.claim(WHO, "ETH") == (GWEI, 0)
    fork.treasury.give(MoveBetweenSubaccounts(WHO, "", "bot", "ETH", GWEI // 4))
    replace_chain(fork, snapshot, 5)
    assert fork.poll() == ["ReverseDeposit"]
    assert fork.treasury.claim(WHO, "ETH") == (GWEI // 4, GWEI // 4)
    assert fork.treasury.claim(OTHER, "ETH") == (GWEI, 0), "below the fork nothing changed"
    assert fork.reconcile().differences == ()
    assert fork.poll() == []


def test_the_same_transaction_in_another_block_is_another_receipt(fork):
    fork.poll()
    fork.deposit(1)
    fork.mine()
    fork.poll()
    before = set(fork.treasury.engine.deposits.deposits)
    snapshot_depth = 3
    fork.node.rpc("anvil_reorg", snapshot_depth, [])
    fork.deposit(1)
    fork.mine(4)
    kinds = fork.poll()
    assert kinds[0] == "ReverseDeposit" and set(kinds[1:]) == {"ReceiveDeposit"}
    deposits = fork.treasury.engine.deposits.deposits
    assert [deposits[evidence].state for evidence in before] == ["reversed"]
    assert fork.treasury.claim(WHO, "ETH")[0] == fork.balance(fork.address(1)) // GWEI
    assert fork.reconcile().differences == ()


def test_a_node_that_is_only_behind_takes_nothing_back(fork):
    snapshot = fork.node.rpc("evm_snapshot")
    fork.deposit(1)
    fork.mine()
    fork.poll()
    fork.node.rpc("evm_revert", snapshot)
    assert fork.poll() == [] and fork.treasury.claim(WHO, "ETH") == (GWEI, 0)


def test_a_reorganisation_deeper_than_the_window_stops_the_watcher(fork):
    snapshot = fork.node.rpc("evm_snapshot")
    fork.chain.watcher.state = WatchState(fork.node.chain, CONFIRMATIONS, fork.node.number() + 1, window=3)
    fork.deposit(1)
    fork.mine(10)
    fork.poll()
    state = fork.chain.watcher.state.to_document()
    replace_chain(fork, snapshot, 20)
    with pytest.raises(TallystickError, match="none of the 3 blocks"):
        fork.chain.watcher.poll()
    assert fork.chain.watcher.state.to_document() == state


def test_a_payment_is_called_back_at_its_own_nonce(fork):
    fork.fill_hot()
    fork.deposit()
    fork.mine()
    fork.poll()
    fork.ask(10**8)
    fork.courier.step()
    assert fork.courier.replace("f" * 32, cancel=True) is None
    both = [read_signed(bytes.fromhex(raw)) for raw in fork.chain.books.open_payments()[0].transactions]
    assert both[0].nonce == both[1].nonce and both[1].is_cancellation
    fork.mine(3)
    fork.courier.step()
    assert fork.state() == "failed" and fork.balance(OUTSIDE) == 0
    assert fork.treasury.claim(WHO, "ETH") == (GWEI, 0)
    assert fork.reconcile().differences == ()


def test_a_payment_that_is_outbid_is_paid_once(fork):
    fork.fill_hot()
    fork.deposit()
    fork.mine()
    fork.poll()
    fork.ask(10**8, request="a" * 32)
    fork.ask(10**8, request="b" * 32)
    fork.courier.step()
    assert fork.courier.replace("a" * 32, cancel=False) is None
    assert fork.courier.replace("c" * 32, cancel=False) is not None
    fork.mine(3)
    fork.courier.step()
    assert fork.state("a" * 32) == fork.state("b" * 32) == "settled"
    assert fork.balance(OUTSIDE) == ETHER // 5
    assert fork.reconcile().differences == ()


def test_a_payment_that_the_node_forgot_is_sent_again_and_one_that_a_fork_undid_is_paid_once(fork):
    fork.fill_hot()
    fork.deposit()
    fork.mine()
    fork.poll()
    fork.ask(10**8)
    snapshot = fork.node.rpc("evm_snapshot")
    fork.courier.step()
    raw = fork.chain.books.open_payments()[0].transactions[0]
    fork.node.rpc("anvil_dropTransaction", to_hex(keccak256(bytes.fromhex(raw))))
    fork.mine(1)
    assert fork.balance(OUTSIDE) == 0
    fork.courier.step()
    fork.mine(1)
    assert fork.balance(OUTSIDE) == ETHER // 10 and fork.state() == "sent"
    fork.node.rpc("evm_revert", snapshot)
    fork.node.fund(b"\x99" * 20, 1)
    fork.mine(4)
    assert fork.balance(OUTSIDE) == 0
    fork.poll()
    fork.mine(3)
    fork.poll()
    assert fork.state() == "settled" and fork.balance(OUTSIDE) == ETHER // 10
    assert fork.reconcile().differences == ()


def test_tokens_are_swept_with_gas_from_the_hot_wallet(fork):
    fork.fill_hot()
    fork.mint(fork.address(2), 7_000_000)
    fork.mine()
    fork.poll()
    assert fork.chain.fuel(fork.address(2), ETHER // 100) is None
    assert fork.reconcile().differences == ()
    fork.mine(3)
    assert fork.poll() == ["SettleCustodyMove"] and fork.treasury.claim(OTHER, "ETH") == (0, 0)
    assert fork.chain.sweep(fork.address(2), "USDC") is None
    fork.mine(3)
    assert fork.poll() == ["SettleCustodyMove"]
    assert fork.balance(fork.address(2), "USDC") == 0 and fork.treasury.claim(OTHER, "USDC") == (7_000_000, 0)
    assert fork.reconcile().differences == ()
    assert fork.chain.sweep(fork.address(2), "USDC") is not None, "nothing is left"


def test_a_second_address_of_a_customer_is_watched_from_its_command_on(fork):
    again = fork.chain.new_address(WHO, "bot")
    assert again not in [fork.address(1), fork.address(2), fork.address(3)]
    fork.node.fund(from_hex(again, 20, ""), ETHER)
    fork.mine()
    fork.poll()
    assert fork.treasury.claim(WHO, "ETH") == (GWEI, 0)
    assert fork.chain.sweep(again, "ETH") is None, "its key is found again"
