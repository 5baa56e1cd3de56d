"""The travel rule in a real exchange on a real chain: owed, not available until complete; not sent until accepted."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cli.exchange.reading import reading
from cli.exchange.treasury_desk import TreasuryDesk
from cli.exchange.vault import load_treasury_secrets
from cli.travel_rule_folder import FOLDER_NAME, Settings, gate_of, make_folder, open_node, rooms_of
from compliance.travel_rule.conversation import Terms, Transaction
from compliance.travel_rule.counterparties import Register
from compliance.travel_rule.facts import travel_rule_facts
from compliance.travel_rule.log import MessageLog, PersonalVault, read_log
from compliance.travel_rule.node import Directory, Node
from ledger.commands import AssignReceipt, FeedPrices, RequestWithdrawal, SetParameters
from ledger.commands.parameters import NewValue
from ledger.commands.prices import AssetPrice, CurrencyPrice
from ledger.journal import AccountCode
from por.reserves.evm.devnode import start_devnode
from por.reserves.evm.hexes import from_hex
from tests.chain.node import require_anvil
from tests.cli.exchange.test_flights import BEGIN, CUSTOMER, ETHER, EXCHANGE, GWEI, OUTSIDE, WHO, WORDS, World
from tests.compliance.travel_rule.institutions import ALPHA, VALID, counterparty, drawn, payload

pytestmark = pytest.mark.chain
TRANSFER = "7" * 32
UNIT = 10**18
ORIGINATOR = "a" * 32


class RuledWorld(World):
    """An exchange under VARA with a price of ETH at 3,672 dirhams; it and one other institution know each other."""

    def join(self) -> None:
        rows = (("prices.sources_min", "1"), ("prices.staleness", "86400"))
        self.give(SetParameters(tuple(NewValue(name, "ETH", value) for name, value in rows), "test"))
        super().join()

    def set_up(self) -> None:
        published = self.clock()
        eth, dirham = AssetPrice("ETH", 1_000 * UNIT), CurrencyPrice("AED", UNIT * 10_000 // 36_720)
        self.give(FeedPrices(published, "USD", (eth,), (dirham,)), self.secrets.service)
        self.rules = self.folder / FOLDER_NAME
        make_folder(self.rules, EXCHANGE, WORDS)
        (self.rules / "counterparties.toml").write_text(
            f'[[counterparty]]\nname = "{ALPHA.name}"\nkey = "{ALPHA.key.public.hex()}"\n'
            f'seal_key = "{ALPHA.seal_public.hex()}"\nurl = "http://127.0.0.1:9"\njurisdiction = "AE"\n'
            '[[counterparty.due_diligence]]\nfrom = 2026-01-01\nuntil = 2026-12-31\nreference = "file 7"\n'
        )
        (self.rules / "customers.toml").write_text(
            f'[{WHO}]\nverified = ["name", "address", "verified"]\naddresses = ["{self.node.chain}/{self.address}"]\n'
        )
        self.own = open_node(Settings.load(self.rules), WORDS, self.seconds, lambda chain, address: None)
        self.other = Node(
            ALPHA,
            Register((counterparty(self.own.identity, VALID),)),
            MessageLog(self.folder / "alpha.jsonl", ALPHA.name, self.seconds),
            PersonalVault(self.folder / "alpha", bytes(range(32))),
            drawn("alpha"),
            Directory(lambda chain, address: ORIGINATOR if address == OUTSIDE else None),
        )

    @property
    def seconds(self) -> int:
        return self.now // 1_000_000

    def desk(self) -> TreasuryDesk:
        keys = {self.node.chain: load_treasury_secrets(self.folder / "secrets", self.chain_config, WORDS)}
        desk = TreasuryDesk(self.running, keys)
        desk.gate = gate_of(self.folder, desk.books, desk.now, self.seconds)
        desk.start()
        return desk

    def fund(self, wei: int) -> None:
        self.node.fund(from_hex(self.address, 20, ""), wei)
        self.node.mine(blocks=2)

    @property
    def claim(self) -> int:
        claim, debt = self.engine.balances()[WHO, "ETH"]
        assert debt == 0
        return claim

    def line(self) -> int:
        """What stands in the line of receipts that are not credited yet."""
        ledger = self.engine.ledger
        keys = ((index, ledger.key(index)) for index in range(len(ledger)))
        return sum(ledger.owed(at) for at, key in keys if key.code is AccountCode.RECEIPTS_UNCREDITED)

    def tell(self, amount: str, transaction: str) -> None:
        """The other institution says who sent a deposit that has arrived."""
        terms = Terms(self.node.chain, "native", "ETH", amount, self.address)
        for data in (
            self.other.request(TRANSFER, EXCHANGE, terms, payload(), ORIGINATOR, self.seconds, verified=True),
            None,
        ):
            said = data or self.other.notice(
                TRANSFER, EXCHANGE, Transaction(self.node.chain, transaction), self.seconds
            )
            answer = self.own.receive(said, self.seconds)
            assert answer is not None
            self.other.receive(answer, self.seconds)


@pytest.fixture
def world(tmp_path):
    require_anvil()
    with start_devnode(timestamp=BEGIN) as node:
        made = RuledWorld(tmp_path, node)
        made.set_up()
        yield made
        made.running.close()


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.05)


async def held(world: RuledWorld) -> list[Any]:
    """What the local socket answers of it."""
    return await asyncio.wrap_future(world.running.questions["treasury-held"]())


def test_a_deposit_is_owed_and_not_available_until_its_data_are_complete(world):
    async def scenario() -> None:
        desk = world.desk()
        worker = desk.chains[world.node.chain]
        try:
            before = world.claim
            world.fund(ETHER // 2)  # 1,836 dirhams
            await until(lambda: world.claim == before + GWEI // 2)
            world.fund(ETHER)  # 3,672 dirhams
            await until(lambda: world.line() == GWEI)
            assert world.claim == before + GWEI // 2, "not the customer's to use"
            [waiting] = await held(world)
            evidence = waiting["evidence"]
            assert waiting["account"] == WHO and "originator.name" in waiting["missing"]
            await until(lambda: any("the travel rule: " in notice for notice in desk.notices))
            assert world.engine.deposits.deposits[evidence].state == "held"
            seen = await asyncio.wrap_future(worker.ask(worker.seen))
            [chain_has] = [each for each in seen.readings if (each.wallet, each.asset) == ("deposits", "ETH")]
            [books_have] = [each for each in seen.holdings if (each.wallet, each.asset) == ("deposits", "ETH")]
            assert chain_has.units == books_have.units, "books and chain agree while it is held"

            world.own.refresh()
            decided = [each.body for each in world.own.log.records if each.kind == "decided"]
            [known] = [each["transaction"] for each in decided if each["subject"] == evidence]
            assert known in evidence
            world.tell("1", known)
            [waiting] = await held(world)
            assert waiting["missing"] == []
            assert world.line() == GWEI, "a verdict moves nothing: two operators do"
            world.give(AssignReceipt(evidence, WHO, "", "the travel rule: complete"))
            assert world.claim == before + 3 * GWEI // 2 and world.line() == 0
            assert await held(world) == []
            [small, large] = travel_rule_facts(
                read_log(world.rules / "log.jsonl"), 0, 2**40, {evidence: world.seconds + 1}
            )
            assert not small.required and small.value == small.price / 2 and small.held_before_credit is None
            assert large.required and large.is_complete and large.held_before_credit is True
            assert large.price_source.startswith("engine reference price at log position ")
            with reading(world.config) as store:
                ends = datetime.fromtimestamp(world.seconds + 60, UTC)
                rooms = rooms_of(world.folder, store.session, world.engine.sequence, ends, timedelta(days=35))
            by_id = {row["id"]: row for row in rooms[0].value}
            assert by_id[evidence]["complete"] and not by_id[evidence]["credited_before_complete"]
            assert 3_671 < large.value < 3_673 and large.counterparty == ALPHA.name
        finally:
            desk.stop()

    asyncio.run(scenario())
    assert world.running.venue.engine.ledger.check() == []


def test_a_withdrawal_is_not_signed_until_the_other_side_has_accepted(world):
    async def scenario() -> None:
        desk = world.desk()
        worker = desk.chains[world.node.chain]
        try:
            world.give(RequestWithdrawal(WHO, "", "ETH", 96 * GWEI // 100, OUTSIDE, TRANSFER), CUSTOMER)
            await until(lambda: worker.troubles)  # 3,525 dirhams
            [trouble] = worker.troubles
            assert trouble.request == TRANSFER and trouble.problem.startswith("the travel rule: ")
            world.give(RequestWithdrawal(WHO, "", "ETH", GWEI // 100, OUTSIDE, "8" * 32), CUSTOMER)
            withdrawals = world.engine.withdrawals.withdrawals
            await until(lambda: withdrawals["8" * 32].state == "sent")
            assert withdrawals[TRANSFER].state == "held", "a small one passes it by"
            position = world.engine.sequence
            await asyncio.sleep(2.5)
            assert world.engine.sequence == position, "waiting writes nothing into the engine's log"

            terms = Terms(world.node.chain, "native", "ETH", "0.96", OUTSIDE)
            data = world.own.request(TRANSFER, ALPHA.name, terms, payload(), WHO, world.seconds, verified=True)
            answer = world.other.receive(data, world.seconds)
            assert answer is not None
            await asyncio.sleep(1.5)
            assert withdrawals[TRANSFER].state == "held", "asked is not answered"
            world.own.receive(answer, world.seconds)
            await until(lambda: withdrawals[TRANSFER].state == "sent" or worker.troubles != (trouble,))
            await until(lambda: withdrawals[TRANSFER].state == "sent")
        finally:
            desk.stop()

    asyncio.run(scenario())
