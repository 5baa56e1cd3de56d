"""The clients of a small exchange: who they are, what they believe, and the bytes that they sign. All from one seed.

What a client believes comes from what it heard (`learn`), so it may be wrong after a crash; that is part of the test.
Time is given (`now_us`), never read.
"""

from __future__ import annotations

import hashlib
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from ledger import events as facts
from ledger.canonical import Json
from ledger.commands import Command, command_document
from ledger.door import Submission
from ledger.genesis import Genesis
from ledger.keyring import Permission, Role
from ledger.keys import SigningKey
from ledger.log.record import Door, Entry, Scheme
from ledger.signatures import api_string, command_bytes, sign_api, sign_command

__all__ = [
    "ASSETS",
    "DERIVATIVES",
    "EXCHANGE",
    "GENESIS",
    "HOUR_US",
    "MARKETS",
    "START",
    "MarketShape",
    "Person",
    "World",
    "once_key",
]

EXCHANGE = "simulated.exchange"
HOUR_US = 3_600_000_000
START = 500_000 * HOUR_US
SERVICE_MAY = Permission.DEPOSITS | Permission.PRICES | Permission.TIME | Permission.ACCOUNTS
ORDERS_REMEMBERED = 12

ASSETS: Mapping[str, tuple[int, str]] = {
    "USD": (2, "offchain:bank"),
    "BTC": (8, "bip122:main"),
    "ETH": (9, "eip155:1"),
    "EUR": (2, "offchain:bank"),
    "WHOLE": (0, "eip155:1"),
    "FINE": (18, "eip155:1"),
}
"""Scale and chain of everything that is ever listed; the first three at the beginning."""


@dataclass(frozen=True, slots=True)
class MarketShape:
    """A market, and the price in ticks around which it trades."""

    base: str
    quote: str
    tick: int
    step: int
    middle: int


MARKETS: Mapping[str, MarketShape] = {
    "BTC_USD": MarketShape("BTC", "USD", 10_000, 100_000, 400),
    "ETH_USD": MarketShape("ETH", "USD", 100, 10**7, 2_000),
    "ETH_BTC": MarketShape("ETH", "BTC", 1_000, 10**7, 300),
    "EUR_USD": MarketShape("EUR", "USD", 1, 100, 110),
    "WHOLE_USD": MarketShape("WHOLE", "USD", 1, 1, 50),
}
"""The first three stand from the beginning."""

DERIVATIVES: Mapping[str, MarketShape] = {
    "BTC_PERP": MarketShape("BTC", "USD", 10_000, 100_000, 400),
    "ETH_DATED": MarketShape("ETH", "USD", 100, 10**7, 2_000),
}
"""Both stand from the beginning; the second one ends after an hour."""


@dataclass(slots=True)
class Person:
    """A customer as they see themselves. `keys` are those that they believe hold, the first one their main key."""

    account: str
    keys: list[SigningKey]
    ended: list[SigningKey] = field(default_factory=list)
    orders: deque[int] = field(default_factory=lambda: deque(maxlen=ORDERS_REMEMBERED))
    keys_made: int = 1


def derived_key(*words: object) -> SigningKey:
    """A key that follows from words, so that the same seed signs the same bytes."""
    return SigningKey(hashlib.sha256("/".join(map(str, words)).encode()).digest())


OPERATORS = tuple(derived_key("operator", number) for number in (1, 2))
SERVICE = derived_key("service")
GENESIS = Genesis(
    EXCHANGE,
    "main",
    START,
    1,
    (
        *((key.public, Role.OPERATOR, f"operator-{n}", Permission.NONE) for n, key in enumerate(OPERATORS, start=1)),
        (SERVICE.public, Role.SERVICE, "house", SERVICE_MAY),
    ),
)


def once_key(submitted: Submission | Entry) -> tuple[int, bytes, bytes]:
    """What is taken once: signed bytes under a scheme, and for an API string, which names no account, of a key."""
    key = submitted.signatures[0].key if submitted.scheme is Scheme.API else b""
    return int(submitted.scheme), key, submitted.signed


class World:
    """Everybody outside the exchange."""

    def __init__(
        self,
        rng: Random,
        now_us: int = START,
        *,
        exchange: str = EXCHANGE,
        operators: Sequence[SigningKey] = OPERATORS,
        service: SigningKey = SERVICE,
        name: str = "",
    ) -> None:
        self.name = name
        self.rng, self.now_us, self.exchange = rng, now_us, exchange
        self.operators, self.service = list(operators), service
        self.people: dict[str, Person] = {}
        self.known_keys: dict[bytes, SigningKey] = {key.public: key for key in (*operators, service)}
        self.opened: list[str] = []
        self.guests: set[str] = set()
        """Who opens an account for one thing alone, and is not chosen for anything else."""
        self.listed_assets: list[str] = []
        self.listed_markets: list[str] = []
        self.listed_derivatives: list[str] = []
        self.conversions: dict[int, None] = {}
        self.conversions_begun = 0
        self.strategies: dict[int, tuple[str, str]] = {}
        self.deposits: dict[str, None] = {}
        self.withdrawals: dict[str, str] = {}
        self.wallets = ("wallet-1", "wallet-2")
        self.custody_moves: list[str] = []
        self.next_nonces: dict[tuple[str, str], int] = {}
        self.sent_nonces: dict[str, int] = {}
        self.indebted: dict[tuple[str, str], None] = {}
        self.addresses: list[str] = []
        self.receipts: dict[str, None] = {}
        self.scheduled: list[int] = []
        self._count = 0
        self._last_nonce = 0

    # Names and times.

    def count(self) -> int:
        """A number that no other thing of this world has."""
        self._count += 1
        return self._count

    def evidence(self, chain: str) -> str:
        """What names a thing that happened outside, once."""
        return f"{chain}/{self.name}{self.count()}"

    def new_id(self, kind: str) -> str:
        """A random-looking id of 32 hex digits."""
        return hashlib.sha256(f"{self.name} {kind} {self.count()}".encode()).hexdigest()[:32]

    def nonce(self) -> int:
        """A time that no other command carries."""
        self._last_nonce = max(self._last_nonce + 1, self.now_us)
        return self._last_nonce

    def new_person(self) -> Person:
        """Somebody who wants an account."""
        account = self.new_id("account")
        key = derived_key(account, 0)
        self.known_keys[key.public] = key
        person = self.people[account] = Person(account, [key])
        return person

    def new_key(self, person: Person) -> SigningKey:
        """Another key of a person's own making."""
        key = derived_key(person.account, person.keys_made)
        person.keys_made += 1
        self.known_keys[key.public] = key
        return key

    def someone(self) -> Person:
        """A customer who has an account."""
        return self.people[self.rng.choice(self.opened)]

    def chain_sender(self, wallet: str) -> tuple[str, int | None]:
        """Who signs on the chain for a wallet, and the count that they believe is next; or nobody, as at a bank."""
        sender = self.rng.choice(("", *["0xsender"] * 4))
        return sender, self.next_nonces.get((wallet, sender), 0) if sender else None

    # Signing.

    def signed(self, command: Command, *keys: SigningKey, source: str = "") -> Submission:
        """A command under signatures."""
        return self.signed_document(command_document(command), *keys, source=source)

    def signed_document(self, document: Mapping[str, Json], *keys: SigningKey, source: str = "") -> Submission:
        """The same for a command that is a JSON object."""
        fields = dict(document)
        data = command_bytes(self.exchange, str(fields.pop("type")), self.nonce(), fields)
        return Submission(Scheme.COMMAND, data, tuple(sign_command(key, data) for key in keys), Door(source=source))

    def by_service(self, command: Command) -> Submission:
        """A command of the house's service."""
        return self.signed(command, self.service)

    def by_operators(self, command: Command) -> Submission:
        """A command of two operators."""
        return self.signed(command, *self.operators[:2])

    def by(self, person: Person, command: Command, source: str = "") -> Submission:
        """A command of a customer under their main key."""
        return self.signed(command, person.keys[0], source=source)

    def by_session(self, person: Person, command: Command, source: str) -> Submission:
        """A command that nobody signs, over a session that the person's last key opened."""
        fields = command_document(command)
        data = command_bytes(self.exchange, str(fields.pop("type")), self.nonce(), fields)
        return Submission(Scheme.SESSION, data, (), Door(source=source), person.keys[-1].public)

    def by_api(self, key: SigningKey, instructions: Sequence[tuple[str, Mapping[str, str]]]) -> Submission:
        """An API string under a customer's key."""
        data = api_string(instructions, self.now_us // 1000, self.rng.choice((1, 5_000, 60_000)))
        return Submission(Scheme.API, data, (sign_api(key, data),), Door(source="api"))

    # Learning.

    def learn(self, command: Mapping[str, Any] | None, events: Sequence[facts.Event]) -> None:
        """Take note of what the exchange answered to a command (None for an API string)."""
        for event in events:
            if isinstance(event, facts.OrderPlaced) and event.account in self.people:
                # The exchange may place one for a wallet of somebody whom another client plays.
                self.people[event.account].orders.append(event.order)
            elif isinstance(event, facts.AccountOpened):
                if event.account not in self.guests:
                    self.opened.append(event.account)
            elif isinstance(event, facts.AssetListed) and event.asset not in self.listed_assets:
                self.listed_assets.append(event.asset)
            elif isinstance(event, facts.MarketListed):
                self.listed_markets.append(event.market)
            elif isinstance(event, facts.DepositCredited):
                self.deposits[event.evidence] = None
            elif isinstance(event, facts.DepositReversed):
                self.deposits.pop(event.evidence, None)
            elif isinstance(event, facts.WithdrawalMoved):
                self.withdrawals[event.request] = event.state
            else:
                self._learn_treasury(event)
        is_refused = any(isinstance(event, facts.Refused) for event in events)
        if command is not None and command.get("chain_nonce") is not None and "sender" in command and not is_refused:
            nonce = self.sent_nonces[command.get("request") or command["move"]] = command["chain_nonce"]
            self.next_nonces[command.get("wallet") or command["source"], command["sender"]] = nonce + 1
        is_about_keys = command is not None and str(command["type"]).startswith("keys.")
        if is_about_keys and not is_refused:
            assert command is not None
            self._learn_key(command)

    def _learn_treasury(self, event: facts.Event) -> None:
        if isinstance(event, facts.CustodyMoved):
            if event.state == "sent" and event.move not in self.custody_moves:
                self.custody_moves.append(event.move)
        elif isinstance(event, facts.BalanceChanged):
            if event.debt:
                self.indebted[event.account, event.asset] = None
            else:
                self.indebted.pop((event.account, event.asset), None)
        elif isinstance(event, facts.AddressAssigned):
            self.addresses.append(event.address)
        elif isinstance(event, facts.ReceiptHeld):
            self.receipts[event.evidence] = None
            self.deposits[event.evidence] = None
        elif isinstance(event, facts.ReceiptAssigned):
            self.receipts.pop(event.evidence, None)
        elif isinstance(event, facts.ParameterScheduled):
            self.scheduled.append(event.change)
        else:
            self._learn_margin(event)

    def _learn_margin(self, event: facts.Event) -> None:
        if isinstance(event, facts.DerivativeListed):
            self.listed_derivatives.append(event.market)
        elif isinstance(event, facts.ConversionMoved):
            self.conversions_begun = max(self.conversions_begun, event.conversion)
            if event.state in ("requested", "quoted"):
                self.conversions[event.conversion] = None
            else:
                self.conversions.pop(event.conversion, None)
        elif isinstance(event, facts.StrategyMoved):
            if event.state == "running":
                self.strategies[event.strategy] = (event.account, event.subaccount)
            else:
                self.strategies.pop(event.strategy, None)

    def _learn_key(self, command: Mapping[str, Any]) -> None:
        old, kind = self.known_keys.get(bytes.fromhex(command["key"])), command["type"]
        new = self.known_keys.get(bytes.fromhex(command.get("new") or command["key"]))
        if old is None or new is None:
            return
        if old is self.service:
            self.service = new
            return
        if old in self.operators or command.get("role") == "operator":
            self._change(self.operators, kind, old, new)
            return
        owner = next((p for p in self.people.values() if old in p.keys), self.people.get(str(command.get("owner"))))
        if owner is not None:
            if kind != "keys.register":
                owner.ended.append(old)
            self._change(owner.keys, kind, old, new)

    @staticmethod
    def _change(keys: list[SigningKey], kind: str, old: SigningKey, new: SigningKey) -> None:
        if kind == "keys.register" and old not in keys:
            keys.append(old)
        elif kind == "keys.rotate" and old in keys:
            keys[keys.index(old)] = new
        elif kind == "keys.revoke" and old in keys and len(keys) > 1:
            keys.remove(old)
