"""What is in flight at a cut, against a real chain: explained to the quantum, and a stolen coin is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from cli.exchange.config import CONFIG_NAME, ChainConfig, Config, write_template
from cli.exchange.flights import FlightsAt, Movement, WatchedTo, read_flights, rows_of
from cli.exchange.running import RunningExchange
from cli.exchange.signing import signed, signed_document
from cli.exchange.treasury import ChainTreasury, TreasuryOptions, house_submit
from cli.exchange.vault import (
    OPERATOR_NAMES,
    HouseSecrets,
    load_operator,
    load_treasury_secrets,
    make_secrets,
    make_treasury_secrets,
)
from cli.keys import read_previous
from ledger.assets import AssetTable
from ledger.commands import AssignReceipt, ListAsset, OpenAccount, RequestWithdrawal, SetParameters, SetWallet
from ledger.commands.parameters import NewValue
from ledger.keys import SigningKey
from ledger.treasury.dust import quantum
from por.hour.sections import InFlight
from por.reserves.evm.devnode import DevNode, start_devnode
from por.reserves.evm.hexes import from_hex
from por.reserves.evm.rpc import Endpoint
from por.reserves.evm.wallet import Broadcaster, GasPolicy, HotWallet, Payment
from tests.chain.node import require_anvil
from tests.support.folders import quiet

WORDS, EXCHANGE = "a passphrase", "flight.test"
HOUR = 3_600
BEGIN = 495_000 * HOUR + 600
WHO, CUSTOMER = "5" * 32, SigningKey(b"\x05" * 32)
OUTSIDE = "0x" + "77" * 20
ETHER, GWEI = 10**18, 10**9


def row(direction: Any, recorded: Any, amount: int, transaction: str = "0x1") -> InFlight:
    return InFlight("main", "ETH", "eip155:1", transaction, direction, recorded, amount)


def movement(direction: Any, recorded: Any, units: int, transaction: str = "0x1") -> Movement:
    return Movement("hot", "ETH", "eip155:1", transaction, direction, recorded, units)


def test_rows_are_rounded_one_after_the_other_so_that_their_sum_is_the_sum_rounded():
    one = quantum(9)
    gas = [movement("out", "chain", one // 2 + 1, f"0x{n}") for n in range(3)]
    rows = rows_of(gas, {"ETH": 9}, {"ETH": "main"}, {})
    assert sum(each.effect for each in rows) == -2 == (-3 * (one // 2 + 1)) // one
    rows = rows_of(gas, {"ETH": 9}, {"ETH": "main"}, {("hot", "ETH"): one // 2 + 3})
    assert sum(each.effect for each in rows) == -1, "the wallets' part below a quantum pays first"


def test_movements_of_one_transaction_direction_and_side_are_one_row():
    one = quantum(9)
    two = [movement("in", "chain", 3 * one), movement("in", "chain", 4 * one), movement("out", "ledger", one)]
    assert rows_of(two, {"ETH": 9}, {"ETH": "main"}, {}) == [row("in", "chain", 7), row("out", "ledger", 1)]
    assert rows_of(two, {"ETH": 9}, {}, {}) == [], "an asset that had no tree at the cut has no rows"


def test_what_cannot_be_asked_is_told_and_gives_no_rows(tmp_path):
    chain = ChainConfig("eip155:1", "http://127.0.0.1:9", 2)
    where = FlightsAt(tmp_path / "none", tmp_path / "none", (chain,), {chain.chain: WatchedTo(1, 2)}, AssetTable(()))
    nothing: Any = None
    found = read_flights(where, nothing, {chain.chain: 5})
    assert found.rows == [] and "the checkpoint of the cut" in found.problems[0]
    assert read_flights(where, nothing, {"eip155:2": 5}) == ([], []), "a chain that was not paired is not asked"


class World:
    """An exchange in a folder and a chain, whose times a test moves together."""

    def __init__(self, folder: Path, node: DevNode) -> None:
        self.folder, self.node, self.now = folder, node, BEGIN * 1_000_000
        genesis = make_secrets(folder / "secrets", EXCHANGE, "main", self.now, WORDS)
        (folder / "genesis.json").write_bytes(genesis.to_file())
        write_template(folder, EXCHANGE, "main", node.chain, node.url)
        quiet(folder)
        text = (folder / CONFIG_NAME).read_text().replace("confirmations = 12", "confirmations = 2")
        text = text.replace("finality_seconds = 1800", "finality_seconds = 5")
        (folder / CONFIG_NAME).write_text(text.replace('reserves = ""', 'reserves = "reserves.toml"'))
        self.config = Config.load(folder)
        [self.chain_config] = self.config.chains
        make_treasury_secrets(folder / "secrets", self.chain_config, WORDS)
        self.secrets = HouseSecrets.load(folder / "secrets", WORDS)
        self.operators = [load_operator(folder / "secrets" / name, WORDS) for name in OPERATOR_NAMES]
        self.config.treasury.mkdir()
        self.open()
        self.give(ListAsset("ETH", 9, node.chain, "native", "", "", ""))
        for wallet in ("deposits", "hot"):
            self.give(SetWallet(wallet, "main", "client", "online", node.chain))
        free = [NewValue("withdrawals.one_operator_from", "ETH", str(10**15))]
        free.append(NewValue("withdrawals.two_operators_from", "ETH", str(10**15)))
        self.give(SetParameters(tuple(free), "test"))
        self.join()
        self.treasury = self.made()
        self.treasury.register_hot()
        self.address = self.treasury.new_address(WHO)
        self.write_reserves()
        self.chain_to(BEGIN + 1)
        node.fund(from_hex(self.treasury.hot.sender, 20, ""), ETHER)
        node.fund(from_hex(self.address, 20, ""), ETHER)
        node.mine(blocks=2)
        assert self.treasury.poll() == []
        held = [key for key, each in self.engine.deposits.deposits.items() if each.state == "held"]
        self.give(AssignReceipt(held[0], None, "", "capital"))

    def open(self) -> None:
        self.running = RunningExchange(self.config, self.secrets, self.clock, threaded=False)
        self.engine = self.running.venue.engine

    def clock(self) -> int:
        self.now += 1
        return self.now

    def give(self, command, *keys) -> None:
        [answer] = self.running.submit([signed(EXCHANGE, command, self.clock(), keys or self.operators)])
        assert not [each for each in getattr(answer, "events", [answer]) if "Refused" in type(each).__name__], answer

    def join(self) -> None:
        opened = OpenAccount(WHO, "main", "assigned", None, None, "retail", "JP", "customer", None)
        self.give(opened, self.secrets.service)
        key = {"type": "keys.register", "expires": None, "key": CUSTOMER.public.hex(), "owner": WHO}
        key |= {"permissions": ["read", "trade", "withdraw"], "role": "customer"}
        self.running.submit([signed_document(EXCHANGE, key, self.clock(), [self.secrets.service, CUSTOMER])])

    def made(self) -> ChainTreasury:
        each = self.chain_config
        policy = GasPolicy(each.fee_max, each.priority_fee, each.gas_coin, each.gas_token)
        options = TreasuryOptions(each.chain, each.coin, each.confirmations, policy, self.config.watched(each))
        keys = load_treasury_secrets(self.folder / "secrets", each, WORDS)
        self.hot = HotWallet(keys.hot, each.chain, policy)
        endpoint = Endpoint("node", self.node.url, self.node.connect)
        self.broadcaster = Broadcaster(endpoint, each.confirmations)
        return ChainTreasury(self.engine, house_submit(self.running), endpoint, keys, options)

    def write_reserves(self) -> None:
        rows = [f'[chains."{self.node.chain}"]\nrpc = ["{self.node.url}"]\nfinality = "latest"\n']
        for address in (self.treasury.hot.sender, self.address):
            rows.append(
                f'[[reserve]]\nchain = "{self.node.chain}"\naddress = "{address}"\nasset = "ETH"\ndecimals = 18\n'
            )
        (self.folder / "reserves.toml").write_text("\n".join(rows))

    def chain_to(self, second: int) -> None:
        self.node.mine(second)

    def withdraw(self, number: int, amount: int = GWEI // 10) -> None:
        """Asked, signed, in the log, and broadcast; nothing is mined."""
        self.give(RequestWithdrawal(WHO, "", "ETH", amount, OUTSIDE, f"{number:032x}"), CUSTOMER)
        assert self.treasury.poll() == []
        assert self.state(number) == "sent"

    def state(self, number: int) -> str:
        return self.engine.withdrawals.withdrawals[f"{number:032x}"].state

    @property
    def end(self) -> int:
        """When the live hour ends, Unix seconds."""
        return (self.now // 1_000_000 // HOUR + 1) * HOUR

    def cut(self) -> int:
        """The hour is over for the exchange; the chain stands where it stood."""
        end = self.end
        self.now = end * 1_000_000
        self.running.keep_hours()
        return end

    def stated(self) -> tuple[dict[str, Any], list[dict[str, Any]]]:
        """Close the hour; the total of ETH in the section, and its rows."""
        self.running.hours.finish()
        document = read_previous(self.running.hours.bundles()[-1])
        section = document["sections"]["in-flight"]
        assert "unread" not in document["sections"], self.running.hours.notices
        return section["totals"][0], section["rows"]


@pytest.fixture
def world(tmp_path):
    require_anvil()
    with start_devnode(timestamp=BEGIN) as node:
        made = World(tmp_path, node)
        yield made
        made.running.close()


def sides(rows: list[dict[str, Any]]) -> list[tuple[str, str, str]]:
    return [(each["direction"], each["recorded"], each["amount"]) for each in rows]


@pytest.mark.chain
def test_what_is_sent_seen_or_booked_at_another_time_is_explained_to_the_quantum(world):
    # Hour 1: a withdrawal that is not in the paired block, and a deposit that is there and not confirmed.
    world.withdraw(1)
    end = world.end
    world.treasury.poll()
    world.cut()
    world.chain_to(end + 1)
    total, rows = world.stated()
    assert (total["difference"], sides(rows)) == ("0", [("out", "ledger", str(GWEI // 10))])
    world.node.mine(blocks=2)
    world.treasury.poll()
    assert world.state(1) == "settled"

    # Hour 2: sent before the cut, in a block that is mined after the cut and dated before it; the gas alone is between.
    world.withdraw(2)
    end = world.cut()
    world.chain_to(end - 9)
    world.chain_to(end + 2)
    total, rows = world.stated()
    assert total["difference"] == "0"
    assert [each[:2] for each in sides(rows)] == [("out", "chain")] and 0 < int(rows[0]["amount"]) < 10**6
    world.node.mine(blocks=2)
    world.treasury.poll()
    assert world.state(2) == "settled"

    # Hour 3: a deposit in the last block before the cut, seen and not confirmed, after a sweep.
    end = world.end
    assert world.treasury.sweep(world.address, "ETH") is None
    world.chain_to(end - 100)
    world.node.rpc("evm_setNextBlockTimestamp", end - 50)
    world.node.fund(from_hex(world.address, 20, ""), ETHER // 4 + 7)
    world.treasury.poll()
    world.cut()
    world.chain_to(end + 1)
    total, rows = world.stated()
    assert total["difference"] == "0"
    assert [each[:2] for each in sides(rows)] == [("in", "chain")]
    assert 0 <= GWEI // 4 - int(rows[0]["amount"]) <= 1, "what the sweep left below a quantum is rounded with it"
    world.node.mine(blocks=2)
    world.treasury.poll()

    # Hour 4: a deposit that is booked at the cut, in a block dated after it (the chain's clock is ahead).
    end = world.end
    world.chain_to(end + 3)
    world.node.fund(from_hex(world.address, 20, ""), ETHER // 8)
    world.node.mine(blocks=1)
    world.treasury.poll()
    world.cut()
    total, rows = world.stated()
    assert total["difference"] == "0" and [each[:2] for each in sides(rows)] == [("in", "ledger")]
    assert 0 <= int(rows[0]["amount"]) - GWEI // 8 <= 1

    # Hour 5: somebody with the key took coin.
    end = world.end
    world.chain_to(end - 100)
    nonce = world.broadcaster.transactions_of(world.hot.address)
    stolen = world.hot.sign(Payment(b"\x66" * 20, ETHER // 50), nonce, world.broadcaster.fees(world.hot.policy))
    world.broadcaster.broadcast(stolen.raw)
    world.chain_to(end - 50)
    world.treasury.poll()
    world.cut()
    world.chain_to(end + 1)
    total, rows = world.stated()
    assert rows == [] and -(GWEI // 50) - 10**6 < int(total["difference"]) <= -(GWEI // 50)


@pytest.mark.chain
def test_a_move_that_arrived_before_the_block_is_in_flight_into_its_wallet(world):
    assert world.treasury.sweep(world.address, "ETH") is None
    end = world.cut()
    world.chain_to(end - 9)
    world.chain_to(end + 1)
    total, rows = world.stated()
    assert total["difference"] == "0"
    assert [each[:2] for each in sides(rows)] == [("in", "chain"), ("out", "chain")]
    assert all(notice.startswith("hour ") for notice in world.running.hours.notices)


@pytest.mark.chain
def test_a_restart_between_cut_and_close_states_the_same_movements(world):
    world.withdraw(1)
    end = world.cut()
    world.running.close()
    world.open()
    world.chain_to(end - 9)
    world.chain_to(end + 1)
    total, rows = world.stated()
    assert total["difference"] == "0" and [each[:2] for each in sides(rows)] == [("out", "chain")]


@pytest.mark.chain
def test_a_chain_that_does_not_answer_is_unread_and_the_operator_hears_why(world):
    world.withdraw(1)
    world.cut()
    world.node.close()
    world.running.hours.finish()
    document = read_previous(world.running.hours.bundles()[-1])
    assert len(document["sections"]["unread"]["rows"]) == 2 and document["sections"]["in-flight"]["rows"] == []
    assert any(world.node.chain in notice for notice in world.running.hours.notices), world.running.hours.notices
    assert world.node.url not in json.dumps(world.running.hours.notices)
