"""A withdrawal through a real folder: signed commands, the door, the durable log, restarts, and a real chain."""

from __future__ import annotations

from itertools import count
from pathlib import Path

import pytest

from cli.exchange.config import Config, write_template
from cli.exchange.running import RunningExchange
from cli.exchange.signing import signed, signed_document
from cli.exchange.treasury import ChainTreasury, TreasuryOptions, TreasurySecrets, house_submit
from cli.exchange.vault import OPERATOR_NAMES, HouseSecrets, load_operator, make_secrets
from ledger.commands import (
    ApproveWithdrawal,
    AssignReceipt,
    Command,
    ListAsset,
    OpenAccount,
    RequestWithdrawal,
    SetWallet,
)
from ledger.door import Refused
from ledger.engine import Engine
from ledger.errors import TallystickError
from ledger.events import Refused as EngineRefused
from ledger.keys import SigningKey
from ledger.playback import replay
from por.reserves.evm.devnode import development_key
from por.reserves.evm.errors import EndpointUnreachable
from por.reserves.evm.hexes import from_hex
from por.reserves.evm.rpc import Endpoint
from por.reserves.evm.wallet import Broadcaster, GasPolicy
from tests.chain.node import any_chain
from tests.support.folders import quiet

pytestmark = pytest.mark.chain
EXCHANGE, WORDS = "small.exchange", "words of the tests"
ACCOUNT, CUSTOMER = "5" * 32, SigningKey(b"\x05" * 32)
REQUEST, OUTSIDE = "f" * 32, "0x" + "77" * 20
ETHER = 10**18


class Folder:
    """An exchange in a folder, with everything in it started again whenever a test says so."""

    def __init__(self, folder: Path, node) -> None:
        self.folder, self.node = folder, node
        self.clock = count(1_700_000_000_000_000, 1000)
        genesis = make_secrets(folder / "secrets", EXCHANGE, "main", next(self.clock), WORDS)
        (folder / "genesis.json").write_bytes(genesis.to_file())
        write_template(folder, EXCHANGE, "main")
        quiet(folder)
        self.operators = [load_operator(folder / "secrets" / name, WORDS) for name in OPERATOR_NAMES]
        self.start()
        self.by(self.operators, ListAsset("ETH", 9, node.chain, "native", "", "", ""))
        for wallet in ("deposits", "hot"):
            self.by(self.operators, SetWallet(wallet, "main", "client", "online", node.chain))
        opened = OpenAccount(ACCOUNT, "main", "assigned", None, None, "retail", "JP", "customer", None)
        self.by([self.running.secrets.service], opened)
        key = {"type": "keys.register", "expires": None, "key": CUSTOMER.public.hex(), "owner": ACCOUNT}
        key |= {"permissions": ["read", "trade", "withdraw"], "role": "customer"}
        signers = [self.running.secrets.service, CUSTOMER]
        self.take(signed_document(EXCHANGE, key, self.running.nonce(), signers))

    def start(self) -> None:
        config = Config.load(self.folder)
        secrets = HouseSecrets.load(config.secrets, WORDS)
        self.running = RunningExchange(config, secrets, lambda: next(self.clock))

    def treasury(self, seed: bytes = b"a seed of the tests") -> ChainTreasury:
        endpoint = Endpoint("node", self.node.url, self.node.connect)
        options = TreasuryOptions(self.node.chain, "ETH", 2, GasPolicy(10**12), self.folder / "watch.json")
        keys = TreasurySecrets(seed, development_key(9))
        return ChainTreasury(self.running.venue.engine, house_submit(self.running), endpoint, keys, options)

    def restart(self) -> ChainTreasury:
        self.running.close()
        self.start()
        return self.treasury()

    def by(self, keys: list[SigningKey], command: Command) -> None:
        self.take(signed(EXCHANGE, command, self.running.nonce(), keys))

    def take(self, submission) -> None:
        [answer] = self.running.venue.submit([submission], self.running.now())
        assert not isinstance(answer, Refused), answer
        assert not [event for event in answer.events if isinstance(event, EngineRefused)]

    def claim(self) -> tuple[int, int]:
        return self.running.venue.engine.balances().get((ACCOUNT, "ETH"), (0, 0))


def test_a_withdrawal_survives_a_restart_at_every_step_and_is_paid_once(tmp_path, monkeypatch):
    with any_chain() as node:
        folder = Folder(tmp_path, node)
        treasury = folder.treasury()
        treasury.register_hot()
        address = treasury.new_address(ACCOUNT)
        node.fund(from_hex(address, 20, ""), ETHER)
        node.fund(from_hex(treasury.hot.sender, 20, ""), ETHER)
        node.mine(blocks=2)
        treasury = folder.restart()
        assert treasury.poll() == [] and folder.claim() == (10**9, 0)
        held = [key for key, each in folder.running.venue.engine.deposits.deposits.items() if each.state == "held"]
        folder.by(folder.operators, AssignReceipt(held[0], None, "", "capital"))
        folder.by([CUSTOMER], RequestWithdrawal(ACCOUNT, "", "ETH", 10**8, OUTSIDE, REQUEST))
        treasury = folder.restart()
        assert treasury.poll() == [], "it waits for an operator"
        folder.by(folder.operators[:1], ApproveWithdrawal(REQUEST))

        def unreachable(self, raw):
            raise EndpointUnreachable("the line is cut")

        with monkeypatch.context() as cut:
            cut.setattr(Broadcaster, "broadcast", unreachable)
            assert [trouble.problem for trouble in treasury.poll()] == ["the line is cut"]
        logged = list(folder.running.venue.engine.withdrawals.withdrawals[REQUEST].transactions)
        assert len(logged) == 1
        treasury = folder.restart()
        assert treasury.poll() == []
        assert folder.running.venue.engine.withdrawals.withdrawals[REQUEST].transactions == logged
        node.mine(blocks=3)
        treasury = folder.restart()
        assert treasury.poll() == []
        assert folder.running.venue.engine.withdrawals.withdrawals[REQUEST].state == "settled"
        assert folder.claim() == (9 * 10**8, 0)
        assert node.rpc("eth_getBalance", OUTSIDE, "latest") == hex(ETHER // 10)
        state = folder.running.venue.engine.state_hash()
        records = list(folder.running.venue.log.records(1))
        again = Engine.begin(folder.running.venue.genesis)
        for _ in replay(records, again):
            pass
        assert again.state_hash() == state, "an audit's replay, signatures and all, ends in the same state"
        assert sum(b'"send-withdrawal"' in record.entry.signed for record in records) == 1
        folder.running.close()


def test_a_seed_of_another_exchange_finds_no_key(tmp_path):
    with any_chain() as node:
        folder = Folder(tmp_path, node)
        treasury = folder.treasury()
        address = treasury.new_address(ACCOUNT)
        node.fund(from_hex(address, 20, ""), ETHER)
        with pytest.raises(TallystickError, match="no deposit address of this seed"):
            folder.treasury(b"a seed of another place").sweep(address, "ETH")
        assert folder.running.venue.engine.custody.moves == {}
        folder.running.close()
