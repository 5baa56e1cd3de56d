"""For operators: make an exchange in a folder, and run it."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import time
from collections.abc import Mapping
from functools import partial
from pathlib import Path

import click

from cli.common import passphrase, progress, shown
from cli.exchange.config import CONFIG_NAME, ChainConfig, Config, write_template
from cli.exchange.config_treasury import read_chains
from cli.exchange.running import RunningExchange
from cli.exchange.server import ENDPOINT, ExchangeServer
from cli.exchange.treasury_desk import TreasuryDesk
from cli.exchange.vault import (
    HouseSecrets,
    TreasurySecrets,
    load_treasury_secrets,
    make_secrets,
    make_treasury_secrets,
)
from cli.travel_rule_folder import gate_of
from ledger.errors import InputError, InputErrors, InputProblem
from ledger.identity import entity_problem
from ledger.log import AppendFailed
from por.snapshot import EXCHANGE

__all__ = ["init", "run"]

TICK_SECONDS = 1.0
_FOLDER = click.Path(file_okay=False, path_type=Path)


def now_us() -> int:
    """Microseconds since 1970, of this machine's clock."""
    return time.time_ns() // 1000


@click.command()
@click.argument("exchange")
@click.option("--folder", required=True, type=_FOLDER, help="The folder of the new exchange; must not be one yet.")
@click.option("--entity", default="main", show_default=True, help="The legal entity whose books these are.")
@click.option("--chain", default="", help="A chain that the treasury follows, such as eip155:1; its keys are made too.")
@click.option("--rpc", default="", help="That chain's node: a URL, or env:NAME for one that holds a key.")
def init(exchange: str, folder: Path, entity: str, chain: str, rpc: str) -> int:
    """Make a new exchange called EXCHANGE: its configuration, its keys, and the document its log begins with."""
    if not EXCHANGE.match(exchange):
        raise InputError(exchange[:80], "is no name of an exchange", "Use 1 to 64 of a-z, 0-9, point and hyphen.")
    if entity_problem(entity) is not None:
        raise InputError("--entity", "is no name of an entity", "Use 1 to 32 of a-z, 0-9, point and hyphen.")
    if (folder / CONFIG_NAME).exists():
        raise InputError(str(folder / CONFIG_NAME), "exists", "Name another folder; an exchange is never overwritten.")
    chains = _chains_of(chain, rpc)
    words = passphrase("A passphrase for the keys", confirm=True)
    folder.mkdir(parents=True, exist_ok=True)
    genesis = make_secrets(folder / "secrets", exchange, entity, now_us(), words)
    (folder / "genesis.json").write_bytes(genesis.to_file())
    for each in chains:
        make_treasury_secrets(folder / "secrets", each, words)
    write_template(folder, exchange, entity, chain, rpc)
    click.echo(f"{exchange} is ready in {folder}: read {folder / CONFIG_NAME}, then start it:")
    click.echo(f"  tallystick run --folder {folder}")
    click.echo(f"two operators' keys are in {folder / 'secrets'}; give each to its owner before anybody trades")
    return 0


def _chains_of(chain: str, rpc: str) -> list[ChainConfig]:
    """The chain that `init` is given, if it is, read as its table will be; raises InputErrors."""
    if not chain and not rpc:
        return []
    problems: list[InputProblem] = []
    found = read_chains({chain: {"rpc": rpc}}, lambda *words: problems.append(InputProblem(*words)))
    if problems:
        raise InputErrors(problems)
    return found


@click.command()
@click.option("--folder", required=True, type=_FOLDER, envvar="TALLYSTICK_FOLDER", help="The exchange's folder.")
def run(folder: Path) -> int:
    """Run the exchange in a folder until it is told to stop."""
    config = Config.load(folder)
    words = passphrase("The passphrase of the keys")
    secrets = HouseSecrets.load(config.secrets, words)
    treasury = {each.chain: load_treasury_secrets(config.secrets, each, words) for each in config.chains}
    with progress() as bar:
        opened = RunningExchange(config, secrets, now_us, progress=lambda done, all: bar("reading the log", done, all))
    with opened as exchange:
        click.echo(f"{config.exchange} stands at log position {exchange.venue.log.head.sequence}")
        return asyncio.run(_serve(exchange, treasury))


async def _serve(exchange: RunningExchange, treasury: Mapping[str, TreasurySecrets]) -> int:
    desk = TreasuryDesk(exchange, treasury)
    desk.gate = gate_of(exchange.config.folder, desk.books, desk.now, exchange.now() // 1_000_000)
    server = ExchangeServer(exchange.venue, exchange.submit, exchange.now, exchange.answer, exchange.end_session)
    config = exchange.config
    loop = asyncio.get_running_loop()
    for name in (signal.SIGINT, signal.SIGTERM):
        with contextlib.suppress(NotImplementedError):  # Windows has no handlers in its loop; Ctrl-C ends it there.
            loop.add_signal_handler(name, server.stopped.set)
    exchange.on_failure = desk.on_failure = partial(loop.call_soon_threadsafe, server.stopped.set)
    # Before anybody connects: the hour that is over is cut, and what a killed process left bound is ended.
    exchange.keep_hours()
    # Whoever finds the endpoint can also stop this process well: the handlers stand before it.
    await server.start(config.folder, config.listen, config.port)
    desk.start()
    click.echo(f"listening; {config.folder / ENDPOINT} says where")
    try:
        while not server.stopped.is_set():
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(server.stopped.wait(), TICK_SECONDS)
            exchange.check()
            if not server.stopped.is_set():
                try:
                    exchange.tick()
                except AppendFailed as error:
                    # A full disk: nothing was taken, customers are told the same, and the next second tries again.
                    click.echo(f"the log takes nothing: {error}", err=True)
                _tell(exchange, desk)
    finally:
        exchange.on_failure = None
        desk.stop()
        with contextlib.suppress(OSError):
            os.unlink(config.folder / ENDPOINT)
        await server.stop()
    exchange.check()
    failure = server.failure or desk.failure
    if failure is not None:
        raise failure
    click.echo("stopped; everything that was acknowledged is in the log")
    return 0


def _tell(exchange: RunningExchange, desk: TreasuryDesk) -> None:
    """Say what the closes of hours and the treasury had to say."""
    for notice in exchange.hours.notices:
        click.echo(notice)
    exchange.hours.notices.clear()
    while desk.notices:
        click.echo(shown(desk.notices.popleft()))
