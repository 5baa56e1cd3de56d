"""What lies between the ledger at a cut and each chain at its paired block: the attestation's section `in-flight`.

In the process that closes the hour, after pairing, because the blocks are known only then. What the ledger had comes
from the checkpoint of the cut: payments that are signed and not ended, receipts that are booked, whose the addresses
are. What the chain had is asked of the treasury's own node, up to the paired block:

    a payment not in the chain by the block, or refused or called back there     out, ledger    its amount
    a move between wallets in the chain by the block                             in, chain      its amount
    either in the chain by the block, whatever became of it                      out, chain     its gas
    a receipt in a block up to the paired one, not booked at the cut             in, chain      its amount
    a receipt booked at the cut, in a block after the paired one                 in, ledger     its amount

Receipts are looked for from the first block that the watcher had not stated at the cut, as its file says, which is
behind the log and never ahead. Amounts are exact (10^-38) until the rows are made. A wallet's rows are rounded one
after the other, from the part of it below a quantum on, so that their sum is the wallet's whole difference, rounded
down as its reserve row is: nothing is left of a wallet with one address, at most a quantum for each further one.
Not known here: what ended before the cut in a block after the paired one (a payment), and a reorganisation of blocks
that were confirmed at the cut. Both stay a difference.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Literal, NamedTuple

from cli.exchange.config import ChainConfig, Config
from ledger.assets import SCALE_MAX, AssetTable
from ledger.canonical import parse, parse_file
from ledger.checkpoints import checkpoint_sections
from ledger.engine import SECTION_BYTES_MAX, Engine
from ledger.errors import CheckFailed, FormatError, TallystickError
from ledger.genesis import Genesis
from ledger.treasury.dust import quantum
from ledger.treasury.protocols import Coin
from por.hour.close import CutFacts
from por.hour.sections import InFlight
from por.reserves.evm.hexes import from_hex, keccak256, to_hex
from por.reserves.evm.rpc import Connect, Endpoint, connect_http
from por.reserves.evm.wallet import Broadcaster, SignedPayment, read_signed
from por.reserves.evm.watch import NATIVE, Watcher, WatchState

__all__ = [
    "Flights",
    "FlightsAt",
    "LedgerAt",
    "Movement",
    "Sent",
    "WatchedTo",
    "chain_movements",
    "read_flights",
    "rows_of",
    "watched_to",
]

BLOCKS_MAX = 5_000
"""As many blocks as are read for one hour; a watcher that is further behind is told of instead."""
NATIVE_DECIMALS = 18


class WatchedTo(NamedTuple):
    """How far a chain was followed at a cut: the first block whose receipts were not all booked, and the newest."""

    first_open: int
    newest: int


def watched_to(config: Config) -> dict[str, WatchedTo]:
    """From the watchers' files, at the moment of a cut; a file that cannot be read says nothing."""
    found = {}
    for chain in config.chains:
        state = WatchState(chain.chain, chain.confirmations, chain.first_block)
        with suppress(OSError, FormatError):
            state = WatchState.from_document(parse_file(config.watched(chain).read_bytes()))
        pending = state.confirmations - 1
        found[chain.chain] = WatchedTo(max(state.next_number - pending, chain.first_block), state.next_number - 1)
    return found


class FlightsAt(NamedTuple):
    """Where everything is that this needs: the checkpoint of the cut, the genesis, the chains and how far each was
    followed. `assets` as they are listed, with their chains."""

    checkpoint: Path
    genesis: Path
    chains: tuple[ChainConfig, ...]
    watched: Mapping[str, WatchedTo]
    assets: AssetTable


class LedgerAt:
    """The treasury's desks as they were at the cut."""

    def __init__(self, where: FlightsAt) -> None:
        """Three sections of the checkpoint. Raises FormatError or CheckFailed."""
        genesis = Genesis.from_file(where.genesis.read_bytes())
        sections, _, _ = checkpoint_sections(where.checkpoint.read_bytes(), genesis)
        engine = Engine(genesis.exchange, genesis.entity)
        for desk in (engine.custody, engine.deposits, engine.withdrawals):
            desk.restore(parse(sections[f"desk.{desk.NAME}"], SECTION_BYTES_MAX))
        self._custody, self._deposits, self._withdrawals = engine.custody, engine.deposits, engine.withdrawals

    def is_booked(self, evidence: str) -> bool:
        """Whether a receipt was booked, and not taken back."""
        deposit = self._deposits.deposits.get(evidence)
        return deposit is not None and deposit.state != "reversed"

    def addresses(self, chain: str) -> set[bytes]:
        """Every address that belongs to a wallet on a chain."""
        owners = self._deposits.addresses.items()
        return {from_hex(address, 20, "address") for (name, address), each in owners if name == chain and each.wallet}

    def wallet(self, chain: str, address: str) -> str:
        """The wallet of one of `addresses`."""
        return self._deposits.addresses[chain, address].wallet or ""

    @property
    def below(self) -> Mapping[tuple[str, str], int]:
        """What each wallet has of an asset beside the quanta in its books, in 10^-38."""
        return self._custody.dust.held

    def own_transactions(self) -> set[str]:
        """The hashes of everything that was signed for moves between the exchange's wallets."""
        moves = self._custody.moves.values()
        return {to_hex(keccak256(bytes.fromhex(raw))) for move in moves if move.sender for raw in move.transactions}

    def sent(self, assets: AssetTable) -> Iterator[Sent]:
        """Every payment of a chain that was on its way."""
        for request in self._withdrawals.open_requests():
            each = self._withdrawals.withdrawals[request]
            if each.state == "sent" and each.sender:
                exact = each.amount * quantum(assets[each.asset].scale)
                yield Sent(each.wallet, None, each.asset, exact, _signed(each.transactions))
        for name in self._custody.open_moves():
            move = self._custody.moves[name]
            if move.sender:
                exact = move.amount * quantum(assets[move.asset].scale) + move.dust
                yield Sent(move.source, move.target, move.asset, exact, _signed(move.transactions))


class Sent(NamedTuple):
    """A payment that is signed and has not ended; `units` in 10^-38, `signed` all that was signed for it.

    `target`: the wallet that a move goes to.
    """

    wallet: str
    target: str | None
    asset: str
    units: int
    signed: list[SignedPayment]


def _signed(transactions: Iterable[str]) -> list[SignedPayment]:
    return [read_signed(bytes.fromhex(transaction)) for transaction in transactions]


class Movement(NamedTuple):
    """A part of one row before it is rounded: out of or into a wallet; `units` in 10^-38, above zero."""

    wallet: str
    asset: str
    chain: str
    transaction: str
    direction: Literal["in", "out"]
    recorded: Literal["chain", "ledger"]
    units: int


def chain_movements(
    config: ChainConfig,
    endpoint: Endpoint,
    ledger: LedgerAt,
    assets: AssetTable,
    watched: WatchedTo,
    block: int,
) -> list[Movement]:
    """What ledger and chain had recorded at different times. Raises ChainError, or CheckFailed for too many blocks."""
    coins = _coins(config, endpoint, assets, block)
    if config.coin not in coins:
        raise CheckFailed(f"{config.coin} is not listed as the coin of {config.chain}")
    paid = _payments(coins, coins[config.coin], Broadcaster(endpoint, config.confirmations), ledger, assets, block)
    return [*paid, *_receipts(config.chain, coins, endpoint, ledger, watched, block)]


def _coins(config: ChainConfig, endpoint: Endpoint, assets: AssetTable, block: int) -> dict[str, Coin]:
    header, found = endpoint.header(block), {}
    if header is None:
        raise CheckFailed(f"the treasury's node of {config.chain} does not have the paired block")
    for asset in assets.values():
        for place in asset.reserves:
            if place.chain == config.chain:
                contract, decimals = place.contract.lower(), NATIVE_DECIMALS
                if contract != NATIVE:
                    said = endpoint.decimals(from_hex(contract, 20, "contract"), header)
                    if said is None or said > SCALE_MAX:
                        raise CheckFailed(f"the contract of {asset.name} does not say its decimals")
                    decimals = said
                found[asset.name] = Coin(asset.name, asset.scale, config.chain, contract, decimals)
    return found


def _payments(
    coins: Mapping[str, Coin], gas: Coin, broadcaster: Broadcaster, ledger: LedgerAt, assets: AssetTable, block: int
) -> Iterator[Movement]:
    for sent in ledger.sent(assets):
        if sent.asset not in coins:
            continue
        last, is_paid = to_hex(sent.signed[-1].hash), False
        for signed in sent.signed:
            included = broadcaster.included([signed], block)
            if included is not None:
                last, is_paid = to_hex(signed.hash), included.is_paid
                if included.fee:
                    yield Movement(sent.wallet, gas.asset, gas.chain, last, "out", "chain", gas.exact(included.fee))
                break
        if not is_paid:
            yield Movement(sent.wallet, sent.asset, gas.chain, last, "out", "ledger", sent.units)
        elif sent.target is not None:
            yield Movement(sent.target, sent.asset, gas.chain, last, "in", "chain", sent.units)


def _receipts(
    chain: str, coins: Mapping[str, Coin], endpoint: Endpoint, ledger: LedgerAt, watched: WatchedTo, block: int
) -> Iterator[Movement]:
    first = min(watched.first_open, block + 1)
    count = max(watched.newest, block) - first + 1
    if count > BLOCKS_MAX:
        raise CheckFailed(f"{chain} was followed only to block {watched.newest} when the hour was cut")
    by_contract = {coin.contract: coin for coin in coins.values()}
    contracts = [from_hex(contract, 20, "contract") for contract in by_contract if contract != NATIVE]
    watcher = Watcher(endpoint, WatchState(chain, 1, first), ledger.addresses(chain), contracts)
    receipts = watcher.poll(count) if count > 0 else []
    if watcher.state.next_number <= block:
        raise CheckFailed(f"the node gave blocks only up to {watcher.state.next_number - 1}")
    own = ledger.own_transactions()
    for receipt in receipts:
        if receipt.transaction in own:
            continue
        coin, is_booked = by_contract[receipt.contract], ledger.is_booked(receipt.evidence)
        if is_booked != (receipt.block <= block):
            side: Literal["chain", "ledger"] = "ledger" if is_booked else "chain"
            wallet = ledger.wallet(chain, receipt.address)
            yield Movement(wallet, coin.asset, chain, receipt.transaction, "in", side, coin.exact(receipt.units))


def rows_of(
    movements: Iterable[Movement],
    scales: Mapping[str, int],
    entities: Mapping[str, str],
    below: Mapping[tuple[str, str], int],
) -> list[InFlight]:
    """The section's rows, in quanta; of assets without a tree there are none. See the module for the rounding."""
    parts: dict[Movement, int] = {}
    for movement in movements:
        part = movement._replace(units=0)
        parts[part] = parts.get(part, 0) + movement.units
    amounts: dict[tuple[str, str, str, Literal["in", "out"], Literal["chain", "ledger"]], int] = {}
    exact, rounded = dict(below), dict.fromkeys(below, 0)
    for (wallet, asset, chain, transaction, direction, recorded, _), units in sorted(parts.items()):
        if asset not in entities:
            continue
        place, sign = (wallet, asset), 1 if (direction == "in") == (recorded == "chain") else -1
        exact[place] = exact.get(place, 0) + sign * units
        amount = sign * (exact[place] // quantum(scales[asset]) - rounded.get(place, 0))
        if amount > 0:
            rounded[place] = rounded.get(place, 0) + sign * amount
            key = (asset, chain, transaction, direction, recorded)
            amounts[key] = amounts.get(key, 0) + amount
    return [InFlight(entities[key[0]], *key, amount) for key, amount in amounts.items()]


class Flights(NamedTuple):
    """The rows, and which chains could not be asked, in words."""

    rows: list[InFlight]
    problems: list[str]


def read_flights(
    where: FlightsAt, facts: CutFacts, blocks: Mapping[str, int], connect: Connect = connect_http
) -> Flights:
    """The section's rows for the chains that were paired, by their blocks. What cannot be asked is a problem."""
    chains = [config for config in where.chains if config.chain in blocks]
    if not chains:
        return Flights([], [])
    problems: list[str] = []
    movements: list[Movement] = []
    try:
        ledger = LedgerAt(where)
    except (TallystickError, OSError) as error:
        return Flights([], [f"the checkpoint of the cut: {error}"])
    for config in chains:
        try:
            endpoint = Endpoint(f"the node of {config.chain}", config.url(), connect)
            endpoint.check_chain(config.chain)
            watched = where.watched[config.chain]
            movements += chain_movements(config, endpoint, ledger, where.assets, watched, blocks[config.chain])
        except TallystickError as error:
            problems.append(f"{config.chain}: what is in flight could not be asked: {error}")
    entities = {state.name[1]: state.name[0] for state in facts.roots.trees}
    scales = {asset.name: asset.scale for asset in where.assets.values()}
    return Flights(rows_of(movements, scales, entities, ledger.below), problems)
