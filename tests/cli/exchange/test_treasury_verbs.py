"""The treasury of a real process on a real chain, through the verbs: money in, money out, and what does not add up."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.exchange.client import ExchangeClient
from cli.exchange.config import CONFIG_NAME, Config
from cli.exchange.vault import load_treasury_secrets
from por.reserves.evm.devnode import start_devnode
from por.reserves.evm.hexes import from_hex, to_hex
from por.reserves.evm.rpc import Endpoint
from por.reserves.evm.wallet import Broadcaster, GasPolicy, HotWallet, Payment
from tests.chain.node import require_anvil
from tests.por.reserves.test_bank import IBAN, detail, document, entry, statement
from tests.support.exchange_process import EXCHANGE, PASSPHRASE, ExchangeFolder

pytestmark = pytest.mark.chain
ETHER = 10**18
OUTSIDE = "0x" + "77" * 20
WAIT_SECONDS = 30
BANK = '\n[banks.bank-1]\nasset = "EUR"\naccount = "bank-1.iban"\n'


class House(ExchangeFolder):
    """A running exchange with its chain, two wallets, a bank account and one customer."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.node = start_devnode(timestamp=int(time.time()) - 3_600)
        self.call("init", EXCHANGE, "--folder", str(folder), "--chain", self.node.chain, "--rpc", self.node.url)
        text = (folder / CONFIG_NAME).read_text().replace("confirmations = 12", "confirmations = 2")
        (folder / CONFIG_NAME).write_text(text + BANK)
        (folder / "secrets" / "bank-1.iban").write_text(IBAN + "\n")

    def set_up(self) -> None:
        chain = ("--chain", self.node.chain)
        self.start()
        self.call("market", "list-asset", "EUR", "--scale", "2", "--chain", "offchain:bank", *self.operators)
        self.call("market", "list-asset", "ETH", "--scale", "9", *chain, "--contract", "native", *self.operators)
        for wallet in ("deposits", "hot"):
            self.call("treasury", "wallet", wallet, *chain, *self.operators)
        self.call("treasury", "wallet", "bank-1", "--chain", "offchain:bank", *self.operators)
        self.until(lambda: self.chain["head"] is not None)
        self.ann, self.ann_key = self.customer("ann")
        self.address = self.ask("treasury", "address", self.ann)["address"]
        self.node.fund(from_hex(self.address, 20, ""), ETHER)
        self.fill_hot()
        self.until(lambda: self.claim("ETH") == "1")

    def fill_hot(self) -> None:
        secrets = load_treasury_secrets(self.folder / "secrets", Config.load(self.folder).chains[0], PASSPHRASE)
        self.hot = HotWallet(secrets.hot, self.node.chain, GasPolicy(10**12))
        self.node.fund(self.hot.address, ETHER)
        self.node.mine(blocks=2)
        self.until(lambda: self.receipts)
        [receipt] = self.receipts
        assert (receipt["asset"], receipt["amount"], receipt["wallet"]) == ("ETH", "1", "hot")
        self.call("treasury", "assign", receipt["evidence"], "--reason", "capital", *self.operators)
        self.until(lambda: not self.receipts)

    @property
    def receipts(self) -> list[dict]:
        return self.ask("treasury", "receipts")["receipts"]

    @property
    def chain(self) -> dict:
        """What the status says of the chain."""
        with ExchangeClient(self.folder) as client:
            return client.ask("status")["treasury"]["chains"][self.node.chain]

    def claim(self, asset: str) -> str | None:
        rows = self.ask("accounts", "show", self.ann)["balances"]
        return next((row["claim"] for row in rows if row["asset"] == asset), None)

    def withdraw(self, amount: str) -> str:
        words = ("ETH", amount, OUTSIDE, "--account", self.ann, "--key", self.ann_key)
        return self.ask("withdraw", "ask", *words)["request"]

    def pending(self, request: str) -> dict | None:
        rows = self.ask("treasury", "pending")["withdrawals"]
        return next((row for row in rows if row["request"] == request), None)

    def is_still(self) -> bool:
        """Whether no move is on its way; the bank has no statement yet, so that something is unread."""
        document = self.ask("treasury", "reconcile", status=1)
        return not [flight for flight in document["flights"] if flight["kind"] in ("sent", "arriving", "gas")]

    def balance(self, address: str) -> int:
        return int(self.node.rpc("eth_getBalance", address, "latest"), 16)

    def until(self, holds: Callable[[], object], mining: bool = False) -> None:
        deadline = time.monotonic() + WAIT_SECONDS
        while not holds():
            assert time.monotonic() < deadline, (self.chain, "what is waited for does not come")
            if mining:
                self.node.mine()
            time.sleep(0.2)


@pytest.fixture(scope="module")
def house(tmp_path_factory) -> Iterator[House]:
    require_anvil()
    made = House(tmp_path_factory.mktemp("treasury") / "house")
    try:
        made.set_up()
        yield made
    finally:
        if made.process is not None:
            made.stop()
        made.node.close()


def test_a_withdrawal_waits_for_its_operator_and_is_paid_once(house):
    before = house.balance(OUTSIDE)
    request = house.withdraw("0.1")
    row = house.pending(request)
    assert (row["state"], row["keeps"], row["amount"], row["approvals_needed"]) == ("held", "approval-needed", "0.1", 1)
    house.call("treasury", "approve", request, *house.operator)
    house.until(lambda: house.pending(request) is None, mining=True)
    house.node.mine(blocks=3)
    assert house.balance(OUTSIDE) == before + ETHER // 10
    house.settle()
    status = house.ask("treasury", "status")
    chain = status["chains"][house.node.chain]
    found = house.ask("treasury", "addresses")["addresses"]
    assert {(row["address"], row["wallet"], row["account"]) for row in found} == {
        (chain["hot"], "hot", None),
        (house.address, "deposits", house.ann),
    }
    assert chain["alarms"] == chain["troubles"] == status["differences"] == [] and chain["head"] >= 5


def test_secrets_of_a_chain_are_never_overwritten(house):
    assert "exists" in house.call("treasury", "keys", house.node.chain, status=2).err
    assert "has no table" in house.call("treasury", "keys", "eip155:7", status=2).err


def test_a_withdrawal_can_be_stopped_and_all_of_an_asset_too(house):
    request = house.withdraw("0.2")
    house.call("treasury", "reject", request, "--reason", "a drill", *house.operator)
    assert house.pending(request) is None
    words = ("ETH", "withdrawals", "--reason", "a drill")
    house.call("treasury", "pause", *words, *house.operator)
    asked = ("ETH", "0.1", OUTSIDE, "--account", house.ann, "--key", house.ann_key)
    assert "withdrawals-paused" in house.call("withdraw", "ask", *asked, status=2).err
    assert "two different key files" in house.call("treasury", "resume", *words, *house.operator, status=2).err
    house.call("treasury", "resume", *words, *house.operators)
    second = house.withdraw("0.3")
    house.call("treasury", "approve", second, "--by-two", *house.operators)
    assert house.pending(second)["approvals"] == 2 or house.pending(second)["state"] == "sent"
    house.until(lambda: house.pending(second) is None, mining=True)


def test_a_customer_may_want_listed_destinations_alone(house):
    signed = ("--account", house.ann, "--key", house.ann_key)
    house.call("withdraw", "destinations", "require", "on", *signed)
    asked = ("ETH", "0.1", OUTSIDE, *signed)
    assert "destination-not-listed" in house.call("withdraw", "ask", *asked, status=2).err
    listed = house.ask("withdraw", "destinations", "add", house.node.chain, OUTSIDE, *signed)
    assert listed["destination-set"]["destination"] == OUTSIDE
    assert "destination-not-listed" in house.call("withdraw", "ask", *asked, status=2).err, "a day later"
    house.call("withdraw", "destinations", "remove", house.node.chain, OUTSIDE, *signed)
    house.call("withdraw", "destinations", "require", "off", *signed)


def test_a_token_that_is_listed_while_it_runs_is_credited_and_swept(house):
    token = house.node.deploy("DevToken", "Dollar", "USDC", 6)
    words = ("USDC", "--scale", "6", "--chain", house.node.chain, "--contract", to_hex(token))
    house.call("market", "list-asset", *words, *house.operators)
    time.sleep(1.5)
    house.node.transact(token, "DevToken", "mint", from_hex(house.address, 20, ""), 5_000_000)
    house.node.mine(blocks=2)
    house.until(lambda: house.claim("USDC") == "5")
    assert house.ask("treasury", "fuel", house.address, "0.01")["trouble"] is None
    house.until(house.is_still, mining=True)
    assert house.ask("treasury", "sweep", house.address, "USDC")["trouble"] is None
    house.until(house.is_still, mining=True)
    said = house.ask("treasury", "sweep", house.address, "USDC", status=1)
    assert said["trouble"] == "there is nothing to sweep"
    assert "is no deposit address" in house.call("treasury", "fuel", OUTSIDE, "0.01", status=2).err


def test_a_bank_statement_is_taken_once_and_books_and_outside_agree(house, tmp_path):
    reference = house.ask("treasury", "bank", "reference", house.ann)["reference"]
    rows = entry("100.00", details=[detail(text=reference)], reference="a")
    file = tmp_path / "statement.xml"
    file.write_bytes(document(statement(rows, "0", "100.00", "S1")))
    assert house.ask("treasury", "bank", "add", str(file))["troubles"] == []
    house.settle()
    assert house.claim("EUR") == "100"
    assert "taken before" in house.call("treasury", "bank", "add", str(file), status=2).err
    found = house.ask("treasury", "reconcile")
    lines = {(line["wallet"], line["asset"]): line for line in found["lines"]}
    assert {key: line["unexplained"] for key, line in lines.items()} == dict.fromkeys(lines, "0")
    assert lines["bank-1", "EUR"]["actual"] == "100" and lines["hot", "ETH"]["actual"] is not None
    for path in (house.folder / "log").glob("*.seg"):
        assert IBAN.encode() not in path.read_bytes(), "the log has no account numbers"


def test_a_stolen_coin_is_a_difference_until_it_is_booked_by_hand(house):
    endpoint = Endpoint("node", house.node.url, house.node.connect)
    broadcaster = Broadcaster(endpoint, 1)
    nonce = broadcaster.transactions_of(house.hot.address)
    stolen = house.hot.sign(Payment(b"\x66" * 20, ETHER // 100), nonce, broadcaster.fees(house.hot.policy))
    broadcaster.broadcast(stolen.raw)
    house.node.mine()
    found = house.ask("treasury", "reconcile", status=1)
    line = next(line for line in found["lines"] if (line["wallet"], line["asset"]) == ("hot", "ETH"))
    assert float(line["unexplained"]) < -0.01 and ["hot", "ETH"] in found["differences"]
    words = ("hot", "ETH", "out", line["unexplained"].removeprefix("-"), "--reason", "stolen", "--reference", "drill")
    house.call("treasury", "adjust", *words, *house.operators)
    found = house.ask("treasury", "reconcile")
    assert ["hot", "ETH"] not in found["differences"]


def test_a_chain_that_goes_away_is_told_and_holds_nobody(house):
    house.node.close()
    house.until(lambda: house.chain["troubles"])
    begun = time.monotonic()
    house.settle()
    house.call("treasury", "pending")
    assert time.monotonic() - begun < 5
    found = house.ask("treasury", "reconcile", status=1)
    assert {line["unexplained"] for line in found["lines"] if line["wallet"] == "hot"} == {None}
    said = house.stop()
    assert house.node.chain in said and house.node.url not in said
