"""The small exchange with the one wallet, followed by a store, and the facts that the rules are given at its hours."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from fractions import Fraction
from pathlib import Path
from typing import Any

from compliance.facts import Assurance, Fact, Facts, Value
from compliance.gathering import HourSource, gather
from compliance.regimes import catalogue
from compliance.register import Register
from compliance.sources.attested import Statement
from ledger.canonical import Digest
from ledger.commands import Command, FeedPrices
from ledger.commands.prices import AssetPrice, CurrencyPrice
from ledger.events import Event, Refused
from ledger.journal import AccountKey, Row
from ledger.log import Entry as LogEntry
from ledger.log import Head, Micros, Record, Scheme, Sequence64
from ledger.store import Store, StoreBatch, StoredCommand, open_at
from tests.support.stored import BEGINNING
from tests.support.wallet import SCALES, WalletExchange

KINDS = catalogue()
CROSSES = {"AED": "0.25", "EUR": "1.25", "JPY": "0.0078125"}
"""Dollars for one unit of each currency."""


class StoredWallet(WalletExchange):
    """As its parent, with every command on its way into a store. `also`: events stated beside the next command's."""

    def __init__(self, people: int = 6, **more: Any) -> None:
        self.head: Head = BEGINNING
        self.stored: Head = BEGINNING
        self.applied: list[StoredCommand] = []
        self.drained: list[Row] = []
        self.first_account = 0
        self.also: list[Event] = []
        super().__init__(people, **more)

    def give(self, command: Command, giver: str = "", *, refused: str | None = None) -> list[Event]:
        """Apply a command a microsecond later; it is refused with exactly this reason, or not at all."""
        self.now += 1
        self.events = [*self.engine.apply(self.engine.sequence + 1, self.now, command, giver=giver), *self.also]
        self.also = []
        self.all_events += self.events
        reasons = [event.reason for event in self.events if isinstance(event, Refused)]
        assert reasons == ([] if refused is None else [refused]), reasons
        sequence = Sequence64(self.head.sequence + 1)
        digest = Digest(hashlib.sha256(self.head.hash + sequence.to_bytes(8, "big")).digest())
        self.head = Head(sequence, digest)
        record = Record(sequence, LogEntry(Micros(self.now), Micros(self.now), Scheme.SESSION, (), b"{}"), digest)
        self.applied.append(StoredCommand(record, command.TYPE, getattr(command, "account", "") or "", self.events))
        self.drained += self.engine.ledger.drain_rows()
        self.check()
        return self.events

    def prices(self, **dollars: float) -> list[Event]:
        """One feed says prices in dollars, and what currencies are worth."""
        lines = tuple(AssetPrice(asset, int(value * 10**6) * 10**12) for asset, value in dollars.items())
        crosses = tuple(CurrencyPrice(each, int(Fraction(value) * 10**18)) for each, value in CROSSES.items())
        return self.give(FeedPrices(self.now, "USD", lines, crosses), "feed")

    def write(self, store: Store) -> None:
        """Bring a store up to now."""
        ledger = self.engine.ledger
        opened: list[AccountKey] = [ledger.key(number) for number in range(self.first_account, len(ledger))]
        store.write(StoreBatch(self.stored, self.applied, self.drained, self.first_account, opened))
        self.stored, self.first_account = self.head, len(ledger)
        self.applied, self.drained = [], []


def statement(world: StoredWallet, reserves: Mapping[str, float]) -> Statement:
    """An hour's statement in its form, unsigned: claims and debts of the engine, reserves in whole units."""
    claims: dict[str, int] = dict.fromkeys(SCALES, 0)
    debts: dict[str, int] = dict.fromkeys(SCALES, 0)
    for (_, asset), (claim, debt) in world.engine.balances().items():
        claims[asset] += claim
        debts[asset] += debt
    moment = datetime.fromtimestamp(world.now // 10**6, UTC).replace(minute=0, second=0)
    trees = [
        {"asset": asset, "claims": str(claims[asset]), "debts": str(debts[asset]), "entity": "main", "scale": scale}
        for asset, scale in SCALES.items()
    ]
    rows = [
        {
            "address": f"a-{asset}", "asset": asset, "balance": str(int(units * 10 ** SCALES[asset])),
            "chain": "eip155:1", "control": "none", "entity": "main", "evidence": "claim", "label": "",
        }
        for asset, units in reserves.items()
    ]  # fmt: skip
    document = {
        "statement": {"kind": "attestation", "snapshot": f"x/{moment:%Y-%m-%dT%H:%M:%SZ}/0"},
        "sections": {
            "reserves": {"rows": rows},
            "snapshot": {"ledger": {"position": world.head.sequence}, "trees": trees},
        },
    }
    return Statement(document, "00" * 32, "hour/attestation.json")


def wallets(assets: Iterable[str]) -> Value:
    """The firm's word that the reserves are the clients'."""
    return tuple(
        {"chain": "eip155:1", "address": f"a-{asset}", "owner": "client", "custody": "offline", "label": None}
        for asset in assets
    )


def facts_of(
    world: StoredWallet,
    folder: Path,
    firm: Mapping[str, Value] | None = None,
    reserves: Mapping[str, float] | None = None,
    place: tuple[str, str] | None = None,
) -> Facts:
    """What the rules are given now, by the code that every hour's evaluation runs; `place`: another database."""
    url, schema = place or (f"sqlite:///{folder}/store.db", "tallystick")
    with Store.open(url, schema) as store:
        world.write(store)
    hour = statement(world, reserves or {})
    stated = {**({"wallets.stated": wallets(reserves)} if reserves else {}), **(firm or {})}
    words = [Fact(name, value, hour.hour, Assurance.CLAIMED) for name, value in stated.items()]
    with open_at(url, None, schema) as snapshot:
        register = Register(folder / "register.jsonl", "main", ())
        return gather(HourSource("main", [hour], register, snapshot, firm=words), KINDS)
