"""A small exchange with live trees, for tests of the hour: engine, trees, and the jobs that close its hours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ledger.assets import Asset, AssetTable, Reserve
from ledger.commands import CutHour, OpenAccount
from ledger.engine import HOUR_MICROS
from ledger.events import BalanceChanged
from ledger.journal import CUSTOMER_CODES, AccountCode
from ledger.keys import SigningKey
from por.attestation import Predecessor, ReserveRow
from por.hour.balances import AccountRow, BalanceRow, CutBalances
from por.hour.close import CutFacts, HourJob, Reserves
from por.hour.sections import InFlight, LedgerFacts, UnreadReserve, ZeroSumRow
from por.liabilities.kernels import pack_identities, select
from por.liabilities.live import HourRoots, LiveForest
from por.reserves.evm.collect import assemble
from por.snapshot import SnapshotId, time_text
from tests.ledger.test_engine import PEOPLE, START, Exchange

EXCHANGE = "small.exchange"
KEY = SigningKey(b"small exchange signing key 32 by")
MASTER = b"small exchange master secret 32b"
ASSETS = AssetTable(
    (
        Asset("BTC", 8, reserves=(Reserve("bip122:main", "native"),)),
        Asset("EUR", 2),
        Asset("USD", 2, reserves=(Reserve("offchain:bank", "native"),)),
    )
)
NO_CHAINS = assemble([])
SCALES = {asset.name: asset.scale for asset in ASSETS.assets}


def given_balances(balances: CutBalances) -> CutBalances:
    """Stands where a store is read: a function of a module, as a job needs it."""
    return balances


def given_reserves(reserves: Reserves, facts: CutFacts) -> Reserves:
    """Stands where chains are read."""
    return reserves


class SmallHours:
    """Commands into the engine, its facts into the live trees, and an hour's job from both."""

    def __init__(self, folder: Path, kernel: str | None = None) -> None:
        self.folder = folder
        self.exchange = Exchange()
        self.numbers: dict[str, int] = {}
        self.hour = START // HOUR_MICROS
        self.live = LiveForest(str(self.snapshot), MASTER, [], select(kernel))
        self.previous: Predecessor | None = None

    @property
    def snapshot(self) -> SnapshotId:
        return SnapshotId(EXCHANGE, time_text(self.hour * 3_600))

    @property
    def position(self) -> int:
        return len(self.exchange.commands)

    @property
    def hour_folder(self) -> Path:
        return self.folder / f"hour-{self.hour}"

    def open(self) -> SmallHours:
        """Assets, a market, four customers with deposits; every command feeds the trees."""
        give = self.exchange.give
        self.exchange.give = self.give  # type: ignore[method-assign]  # the helper's own commands come through here too
        self.exchange.open()
        self.exchange.give = give  # type: ignore[method-assign]  # as it was
        return self

    def list_tree(self, asset: str, entity: str = "main") -> int:
        number = self.live.number(entity, asset)
        return self.live.add_tree((entity, asset, SCALES[asset])) if number is None else number

    def give(self, command: Any, after_us: int = 1) -> list[Any]:
        events: list[Any] = Exchange.give(self.exchange, command, after_us)
        if isinstance(command, OpenAccount):
            self.numbers[command.account] = self.live.add_account(self.identity(command.account))
        for event in events:
            if isinstance(event, BalanceChanged):
                number = self.numbers[event.account]
                self.live.change(self.list_tree(event.asset, event.entity), number, event.claim, event.debt)
        return events

    @staticmethod
    def identity(account: str) -> bytes:
        return pack_identities("email", [f"{account}@example.com"]).entries[0]

    def rows(self) -> list[BalanceRow]:
        """What a store would say: every subaccount's balance."""
        ledger, found = self.exchange.engine.ledger, {}
        for index in range(len(ledger)):
            key = ledger.key(index)
            if key.code in CUSTOMER_CODES:
                amounts = found.setdefault((key.entity, key.owner, key.subaccount, key.asset), [0, 0])
                amounts[0 if key.code is AccountCode.CLAIM else 1] += ledger.owed(index)
        return [BalanceRow(*name, *amounts) for name, amounts in found.items()]

    def zero_sum(self) -> list[ZeroSumRow]:
        return [ZeroSumRow(*tuple(line)[:-1]) for line in self.exchange.engine.ledger.zero_sum_report()]

    def cut(self) -> HourRoots:
        """The cut: the engine's own command, then the trees as they stand there."""
        self.exchange.give(CutHour(START))
        self.live.refresh()
        return self.live.cut(self.position, self.hour_folder)

    def job(self, roots: HourRoots, rows: Sequence[BalanceRow] | None = None, **changes: Any) -> HourJob:
        """The job that closes the hour just cut; `changes` replace fields of it or of its facts."""
        accounts = [AccountRow(person, "email", f"{person}@example.com") for person in self.numbers]
        names = [state.name for state in roots.trees]
        balances = CutBalances.collect(names, accounts, self.rows() if rows is None else rows)
        reserves = changes.pop("reserves", Reserves(evm_evidence=NO_CHAINS))
        state = self.exchange.engine.state_hash()
        facts: dict[str, Any] = {
            "snapshot": self.snapshot,
            "ledger": LedgerFacts(self.position, b"h" * 32, state, 1, b"p" * 32),
            "roots": roots,
            "zero_sum": self.zero_sum(),
            "previous": self.previous,
        }
        facts |= {name: changes.pop(name) for name in list(changes) if name in facts}
        following = SnapshotId(EXCHANGE, time_text((self.hour + 1) * 3_600))
        given: dict[str, Any] = {
            "facts": CutFacts(**facts),
            "read_balances": partial(given_balances, balances),
            "read_reserves": partial(given_reserves, reserves),
            "folder": self.hour_folder,
            "out": self.folder / f"bundle-{self.hour}",
            "assets": ASSETS,
            "key": KEY,
            "master": MASTER,
            "next_snapshot": following,
            "next_folder": self.folder / f"hour-{self.hour + 1}",
        }
        return HourJob(**given | changes)

    def next_hour(self, digest: bytes) -> None:
        """The hour is stated; the next one begins."""
        sequence = 0 if self.previous is None else self.previous.sequence + 1
        self.previous = Predecessor(digest, sequence)
        self.hour += 1


def bank_row(amount: int, asset: str = "USD") -> ReserveRow:
    return ReserveRow("main", asset, "offchain:bank", "native", "vault 1", amount, "vault", "none", "claim")


def unread_row(asset: str = "BTC") -> UnreadReserve:
    return UnreadReserve("main", asset, "bip122:main", "native", "bc1q", "cold", "endpoint-unreachable")


def movement(amount: int, direction: Any = "in", recorded: Any = "chain") -> InFlight:
    return InFlight("main", "USD", "offchain:bank", f"payment {amount}", direction, recorded, amount)


__all__ = [
    "ASSETS",
    "EXCHANGE",
    "KEY",
    "MASTER",
    "NO_CHAINS",
    "PEOPLE",
    "SmallHours",
    "bank_row",
    "given_balances",
    "given_reserves",
    "movement",
    "unread_row",
]
