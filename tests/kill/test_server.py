"""The local socket when a client goes, and when the process stops. Each test says what it did."""

from __future__ import annotations

import asyncio
import contextlib
import json
import threading
import time
from random import Random

import pytest

from cli.exchange.client import ExchangeClient
from cli.exchange.server import ExchangeServer
from ledger.commands import EndSession, PlaceOrders
from ledger.venue import Venue, VenueOptions, VenuePaths
from tests.simulation.generators import an_order, listings, open_account
from tests.simulation.world import GENESIS, World


@contextlib.contextmanager
def served(folder, world):
    """A venue with its server in a thread; `stop` ends it, as SIGTERM does."""
    ready = threading.Event()
    found = {}

    def serve():
        async def main():
            with Venue.open(VenuePaths(folder), GENESIS, (), VenueOptions(threads=1)) as venue:
                server = ExchangeServer(
                    venue,
                    lambda batch: venue.submit(batch, clock()),
                    clock,
                    lambda name, question: None,
                    lambda source: world.by_service(EndSession(source)),
                )
                found.update(venue=venue, server=server, loop=asyncio.get_running_loop())
                await server.start(folder)
                ready.set()
                await server.stopped.wait()
                await server.stop()
                found["failure"] = server.failure

        asyncio.run(main())

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    assert ready.wait(20)

    def stop():
        found["loop"].call_soon_threadsafe(found["server"].stopped.set)
        thread.join(10)
        assert not thread.is_alive(), "the server does not stop"

    yield found["venue"], stop
    if thread.is_alive():
        stop()
    assert found["failure"] is None


def clock():
    return time.time_ns() // 1000


@pytest.fixture
def world(tmp_path):
    world = World(Random(1), clock())
    with Venue.open(VenuePaths(tmp_path), GENESIS, (), VenueOptions(threads=1)) as venue:
        for make in (listings, open_account):
            batch = make(world)
            for submission, answer in zip(batch, venue.submit(batch, world.now_us), strict=True):
                world.learn(json.loads(submission.signed), answer.events)
    return world


def bound_order(world):
    world.now_us = clock()
    [person] = world.people.values()
    order = an_order(
        world, market="BTC_USD", side="bid", kind="limit", price=1, quantity=1, quote_quantity=None, trigger=None,
        trigger_price=None, trigger_by=None, time_in_force="gtc", expires=None, post_only=False, bound=True,
    )  # fmt: skip
    return world.by(person, PlaceOrders(person.account, "", (order,)))


def open_orders(venue):
    return venue.engine.orders.rooms["BTC_USD"].book.depth(0, 5)


def eventually(truth):
    until = time.monotonic() + 10
    while time.monotonic() < until:
        if truth():
            return True
        time.sleep(0.01)
    return False


def test_bound_orders_of_a_client_that_never_logged_in_rested_after_it_was_gone(tmp_path, world):
    with served(tmp_path, world) as (venue, _):
        with ExchangeClient(tmp_path) as client:
            [answer] = client.submit([bound_order(world)])
            assert "sequence" in answer and open_orders(venue)
        assert eventually(lambda: not open_orders(venue))


def test_a_stop_waited_for_clients_to_go_away(tmp_path, world):
    """From Python 3.12 on, a server's `wait_closed` waits for its connections too."""
    with served(tmp_path, world) as (_, stop), ExchangeClient(tmp_path) as client:
        client.submit([bound_order(world)])
        stop()
