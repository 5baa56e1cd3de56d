"""The treasury's threads beside an engine, under a clock that the test moves: hours, refusals, the end of a loop."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable

import pytest

from cli.exchange import treasury_desk
from cli.exchange.treasury_desk import TreasuryDesk
from cli.exchange.vault import load_treasury_secrets
from ledger.commands import RequestWithdrawal
from ledger.errors import CheckFailed
from por.reserves.evm.devnode import start_devnode
from por.reserves.evm.wallet import Payment
from tests.chain.node import require_anvil
from tests.cli.exchange.test_flights import BEGIN, CUSTOMER, ETHER, GWEI, OUTSIDE, WHO, WORDS, World

pytestmark = pytest.mark.chain


@pytest.fixture
def world(tmp_path):
    require_anvil()
    with start_devnode(timestamp=BEGIN) as node:
        made = World(tmp_path, node)
        yield made
        made.running.close()


async def until(holds: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not holds():
            await asyncio.sleep(0.05)


def made(world: World) -> TreasuryDesk:
    secrets = {world.node.chain: load_treasury_secrets(world.folder / "secrets", world.chain_config, WORDS)}
    desk = TreasuryDesk(world.running, secrets)
    desk.start()
    return desk


def test_every_cut_is_reconciled_and_a_difference_grows_old(world):
    async def scenario() -> None:
        desk = made(world)
        worker = desk.chains[world.node.chain]
        try:
            await until(lambda: worker.head is not None)
            names, paths = [], []
            keep = world.running.hours.on_cut
            world.running.hours.on_cut = lambda hour, name: (names.append(name), keep(hour, name))
            for hour in range(3):
                if hour == 1:
                    nonce = world.broadcaster.transactions_of(world.hot.address)
                    fees = world.broadcaster.fees(world.hot.policy)
                    stolen = world.hot.sign(Payment(b"\x66" * 20, ETHER // 10), nonce, fees)
                    world.broadcaster.broadcast(stolen.raw)
                    world.node.mine()
                end = world.cut()
                world.chain_to(end + 1)
                paths.append(world.config.hours / f"{names[-1]}.reconciliation.json")
                await until(paths[-1].exists)
                world.running.hours.finish()
            first, second, third = (json.loads(path.read_bytes()) for path in paths)
            assert first["differences"] == [] and second["differences"] == third["differences"] == [["hot", "ETH"]]
            hot = [{line["wallet"]: line for line in each["lines"]}["hot"] for each in (second, third)]
            assert [line["hours"] for line in hot] == [0, 1] and hot[0]["unexplained"].startswith("-0.1000")
            assert paths[0].stat().st_mode & 0o777 == 0o600
            assert [notice for notice in desk.notices if notice.startswith("ALARM: hot: 0.1000")]
            assert world.running.answer("status", {})["treasury"]["differences"] == desk.old != []
            again = TreasuryDesk(world.running, {world.node.chain: worker._secrets})
            assert again._ages.read()["hot", "ETH"].sign == -1, "its age survives a restart"
        finally:
            desk.stop()

    asyncio.run(scenario())


def test_a_payment_that_the_engine_refuses_is_not_another_record_every_second(world, monkeypatch):
    everything = GWEI * 2 - GWEI // 2

    async def scenario() -> None:
        desk = made(world)
        worker = desk.chains[world.node.chain]
        try:
            world.node.fund(bytes.fromhex(world.address[2:]), ETHER)
            world.node.mine(blocks=2)
            await until(lambda: world.engine.balances()[WHO, "ETH"] == (2 * GWEI, 0))
            world.give(RequestWithdrawal(WHO, "", "ETH", everything, OUTSIDE, "f" * 32), CUSTOMER)
            await until(lambda: worker.troubles)
            position = world.engine.sequence
            assert [trouble.problem for trouble in worker.troubles] == ["custody-is-short"]
            await asyncio.sleep(2.5)
            assert world.engine.sequence == position and len(desk.notices) == 1
            assert world.treasury.sweep(world.address, "ETH") is None, "the hot wallet is filled"
            monkeypatch.setattr(treasury_desk, "AGAIN_SECONDS", 0.0)
            world.node.mine(blocks=2)
            await until(lambda: world.engine.withdrawals.withdrawals["f" * 32].state == "sent")
        finally:
            desk.stop()

    asyncio.run(scenario())


def test_what_breaks_the_engine_under_a_command_of_the_treasury_stops_the_exchange(world, monkeypatch):
    async def scenario() -> None:
        desk = made(world)
        stopped = asyncio.Event()
        loop = asyncio.get_running_loop()
        desk.on_failure = lambda: loop.call_soon_threadsafe(stopped.set)

        def broken(submissions):
            raise CheckFailed("the engine is broken")

        monkeypatch.setattr(world.running, "submit", broken)
        world.node.fund(bytes.fromhex(world.address[2:]), ETHER)
        world.node.mine(blocks=2)
        async with asyncio.timeout(30):
            await stopped.wait()
        assert str(desk.failure) == "the engine is broken" and desk.call.is_stopped

    asyncio.run(scenario())
