"""The exchange as a state machine: apply(sequence, time, command) -> events; nothing else decides.

Pure: no clock, no randomness, no float, no input or output. The same commands give the same events and the same state
hash on any machine. A command that is refused moves nothing and says why. One engine is one legal entity.

The order inside a command is fixed: time first (parameters that are due act, prices go stale, orders and holds end),
then who may give it, then the command at its desk (ledger/desks), then the balances that moved, as absolute figures.
Rules are numbered by `RULE_SET`; a change that alters any result is a new number.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from typing import Any, Final, NamedTuple

from ledger.api_strings import read_instructions
from ledger.authority import KEY_COMMANDS, Authority, Denial, judge
from ledger.canonical import Digest, Json, Tag, canonical, parse, tagged_hash
from ledger.commands import POLICY, Command, CutHour, Tick, read_command
from ledger.desks import (
    ConversionDesk,
    CustodyDesk,
    CustomersDesk,
    DepositsDesk,
    Desk,
    FeesDesk,
    KeysDesk,
    LendingDesk,
    LiquidationDesk,
    ListingDesk,
    MarginDesk,
    MoneyDesk,
    OrdersDesk,
    ParametersDesk,
    PricesDesk,
    ProtectionDesk,
    Refusal,
    SettlementDesk,
    Shared,
    StrategiesDesk,
    WithdrawalsDesk,
)
from ledger.desks.stating import lending_facts
from ledger.errors import FormatError
from ledger.events import BalanceChanged, Event, HourCut, Refused
from ledger.genesis import Genesis
from ledger.journal import CUSTOMER_CODES, AccountCode, Ledger
from ledger.keyring import Permission, Role
from ledger.log.record import Scheme
from ledger.margin.stated import LendingFacts
from ledger.parameters import Parameters
from ledger.registry import Registry
from ledger.signatures import Request

__all__ = ["HANDLED", "HOUR_MICROS", "RULE_SET", "SECTION_BYTES_MAX", "Engine", "Given", "state_hash_of"]

RULE_SET: Final = 1
HOUR_MICROS: Final = 3_600_000_000
SECTION_BYTES_MAX: Final = 2**36
"""Of a desk in a checkpoint, whose state hash was compared before: millions of customers are gigabytes."""


class Given(NamedTuple):
    """A command as the log has it: what the signed bytes say, whose keys signed them, when, over what session."""

    request: Request
    keys: tuple[bytes, ...]
    received_us: int
    source: str = ""
    command: Command | None = None
    """What the bytes spell, where the door has read it already."""


class _Totals:
    """What is owed to one customer in one asset, and by them, kept by difference."""

    __slots__ = ("claim", "debt")

    def __init__(self) -> None:
        self.claim = 0
        self.debt = 0


class Engine:
    """The state, and `apply`, which is the only way to change it."""

    def __init__(self, exchange: str, entity: str = "main") -> None:
        self._shared = shared = Shared(exchange, entity)
        self.fees = FeesDesk(shared)
        self.margin = MarginDesk(shared)
        self.lending = LendingDesk(shared)
        self.orders = OrdersDesk(shared, self.fees, self.margin)
        self.settlement = SettlementDesk(shared, self.margin, self.lending)
        self.liquidation = LiquidationDesk(shared, self.margin, self.lending, self.orders, self.settlement)
        self.conversion = ConversionDesk(shared, self.margin, self.lending, self.orders)
        self.strategies = StrategiesDesk(shared, self.orders)
        self.protection = ProtectionDesk(shared, self.orders)
        self._join_wallet()
        self.keys = KeysDesk(shared)
        self.custody = CustodyDesk(shared)
        self.deposits = DepositsDesk(shared, self.custody)
        self.withdrawals = WithdrawalsDesk(shared, self.custody, self.deposits)
        self._desks: tuple[Desk, ...] = (
            self.keys,
            ParametersDesk(shared),
            ListingDesk(shared),
            CustomersDesk(shared),
            self.fees,
            PricesDesk(shared, self.orders.follow_prices),
            self.orders,
            self.protection,
            self.margin,
            self.lending,
            self.settlement,
            self.liquidation,
            self.conversion,
            self.strategies,
            MoneyDesk(shared),
            self.custody,
            self.deposits,
            self.withdrawals,
        )
        self._handlers: dict[type[Command], Callable[[Any], None]] = {Tick: self._tick, CutHour: self._cut_hour}
        for desk in self._desks:
            assert not desk.handlers().keys() & self._handlers.keys(), "one desk for each command"
            self._handlers.update(desk.handlers())
        # Every command passes here, so the desks for which time does nothing are not asked.
        self._clocks = [desk.pass_time for desk in self._desks if type(desk).pass_time is not Desk.pass_time]
        self._hour = -1
        self._seen: dict[int, int] = {}
        self._totals: dict[tuple[str, str], _Totals] = {}

    def _join_wallet(self) -> None:
        """Give the desks of the one wallet each other."""
        margin, lending, settlement = self.margin, self.lending, self.settlement
        margin.lending = lending
        lending.settings, lending.permits, lending.may_owe = margin.settings, margin.permits, margin.may_owe
        self._shared.may_leave = margin.may_leave
        self._shared.free_up = lending.free_up
        self._shared.settles = settlement.has_work
        settlement.judge_round, settlement.judge_some = self.liquidation.judge_round, self.liquidation.judge_some
        self.orders.after_prices = self.liquidation.after_prices
        settlement.after_round = self.conversion.after_settlement
        self.liquidation.close_conversions = self.conversion.close_for
        settlement.expire_market = self.orders.expire_market
        settlement.before_round, settlement.funding_of = self.orders.mark_all, self.orders.take_funding

    @classmethod
    def begin(cls, genesis: Genesis) -> Engine:
        """The engine at the beginning of a log. Raises FormatError for rules that are not known."""
        if genesis.ruleset != RULE_SET:
            raise FormatError(f"the log begins under rule set {genesis.ruleset}, and {RULE_SET} is the one known here")
        engine = cls(genesis.exchange, genesis.entity)
        genesis.fill(engine.keys.ring)
        return engine

    @property
    def exchange(self) -> str:
        """The exchange's name."""
        return self._shared.exchange

    @property
    def entity(self) -> str:
        """The legal entity whose books these are."""
        return self._shared.entity

    @property
    def sequence(self) -> int:
        """The log position of the last command."""
        return self._shared.sequence

    @property
    def time_us(self) -> int:
        """The time of the last command."""
        return self._shared.time_us

    @property
    def ledger(self) -> Ledger:
        """The books."""
        return self._shared.ledger

    @property
    def registry(self) -> Registry:
        """What customers, wallets and assets were at any time."""
        return self._shared.registry

    def account_number(self, account: str) -> int:
        """The number of a customer's account, from 1 in the order of opening; raises KeyError."""
        return self._shared.accounts[account].number

    @property
    def parameters(self) -> Parameters:
        """Every parameter and what is in force."""
        return self._shared.parameters

    @property
    def prices(self) -> dict[str, int]:
        """The reference price of each asset that has one, 10^-18 of the unit of account."""
        return dict(self._shared.prices)

    @property
    def crosses(self) -> dict[str, int]:
        """The same of each currency."""
        return dict(self._shared.crosses)

    @property
    def assets(self) -> dict[str, int]:
        """The scale of each asset."""
        return dict(self._shared.assets)

    @property
    def cut_us(self) -> int:
        """The last hour that was cut, in microseconds; -1 before the first."""
        return self._hour

    @property
    def venue_state(self) -> str:
        """What the venue as a whole takes."""
        return self._shared.venue_state

    @property
    def due_us(self) -> int:
        """When something ends or changes by time alone: until then a `Tick` would do nothing. `NEVER_US` if nothing is.

        It may be earlier than what comes of it; a `Tick` given at that time moves it on, so that none repeats.
        """
        return min(self._shared.ledger.due_micros, *(desk.due_us for desk in self._desks))

    # Applying.

    def apply(self, sequence: int, time_us: int, command: Command, source: str = "", giver: str = "") -> list[Event]:
        """Apply one command at a log position and time (microseconds, never falling); gives the facts.

        Whoever calls this answers for who gave the command (`giver`, the owner of a key; empty for two operators);
        `apply_given` asks the key ring.
        """
        self._start(sequence, time_us)
        self._shared.giver = giver
        is_carried_out = False
        try:
            self.orders.source = source
            self._handlers[type(command)](command)
            is_carried_out = True
        except Refusal as refusal:
            self._shared.events.append(Refused(str(refusal)))
        events = self._finish()
        if is_carried_out and isinstance(command, CutHour):
            events.append(HourCut(command.hour, self.parameters.hash().hex(), RULE_SET))
        return events

    def apply_given(self, sequence: int, time_us: int, given: Given) -> list[Event]:
        """Apply what signed bytes say, if the key ring as it is now allows its signers to give it.

        The signatures were checked at the door, or are checked by who replays the log. What the bytes cannot say to
        this engine is refused, as at the door; nothing that is in a log stops a replay.
        """
        verdict = self._judge(given, time_us)
        if isinstance(verdict, Authority) and given.request.names[0] not in KEY_COMMANDS:
            try:
                command = given.command or self._command(given.request, verdict)
            except FormatError:
                return self._refuse(sequence, time_us, "malformed")
            return self.apply(sequence, time_us, command, given.source, verdict.owner)
        if isinstance(verdict, Denial):
            return self._refuse(sequence, time_us, verdict.value.replace("_", "-"))
        self._start(sequence, time_us)
        try:
            self.keys.change(given.request)
        except Refusal as refusal:
            self._shared.events.append(Refused(str(refusal)))
        return self._finish()

    def _judge(self, given: Given, time_us: int) -> Authority | Denial:
        request = given.request
        if request.scheme is not Scheme.SESSION:
            return judge(self.keys.ring, POLICY, request, given.keys, max(given.received_us, time_us))
        # The door spoke for a session that it had opened: it is taken at its word, and for trading alone.
        need = POLICY.get(request.names[0])
        account = request.command.get("account") if request.command is not None else None
        if need is None or need.permission is not Permission.TRADE or not isinstance(account, str):
            return Denial.NO_SIGNATURE
        return Authority(Role.SESSION, account, b"")

    @staticmethod
    def read_ahead(request: Request) -> Command | None:
        """What a request spells, where that does not depend on the engine's state; raises FormatError."""
        if request.command is None or request.names[0] not in POLICY:
            return None
        return read_command(request.command)

    def _command(self, request: Request, verdict: Authority) -> Command:
        if request.command is not None:
            return read_command(request.command)
        markets = {name: room.market for name, room in self.orders.rooms.items()}
        return read_instructions(request.instructions, verdict.owner, markets, self._shared.assets)

    def _refuse(self, sequence: int, time_us: int, reason: str) -> list[Event]:
        self._start(sequence, time_us)
        self._shared.events.append(Refused(reason))
        return self._finish()

    def _start(self, sequence: int, time_us: int) -> None:
        shared = self._shared
        assert sequence == shared.sequence + 1, "commands are applied in the log's order, each once"
        assert time_us >= shared.time_us, "time does not run backwards"
        assert not shared.events, "the facts of the command before were taken"
        shared.sequence, shared.time_us = sequence, time_us
        shared.ledger.begin(sequence, time_us)
        for pass_time in self._clocks:
            pass_time()
        shared.ledger.expire()

    def _finish(self) -> list[Event]:
        self._state_balances()
        events, self._shared.events = self._shared.events, []
        return events

    def _state_balances(self) -> None:
        ledger, totals_of, seen = self._shared.ledger, self._totals, self._seen
        moved: dict[tuple[str, str], _Totals] = {}
        note = self.lending.note if self.lending.is_active else None
        for index in ledger.drain_changes():
            key, owed = ledger.key(index), ledger.owed(index)
            name = (key.owner, key.asset)
            totals = totals_of.get(name)
            if totals is None:
                totals = totals_of[name] = _Totals()
            if note is not None:
                note(index)
            difference = owed - seen.get(index, 0)
            seen[index] = owed
            if key.code is AccountCode.CLAIM:
                totals.claim += difference
            else:
                totals.debt += difference
            moved[name] = totals
        for (account, asset), totals in moved.items():
            assert totals.claim >= 0 and totals.debt >= 0, "what is owed is never negative"
            self._shared.events.append(BalanceChanged(self.entity, account, asset, totals.claim, totals.debt))

    def balances(self) -> dict[tuple[str, str], tuple[int, int]]:
        """Claim and debt by customer and asset, where either is not zero: what the liabilities trees hold."""
        return {key: (t.claim, t.debt) for key, t in self._totals.items() if t.claim or t.debt}

    def lending_facts(self) -> LendingFacts | None:
        """What an hour's statement says of lending and of derivative markets; None where there are neither."""
        return lending_facts(self._shared, self.margin, self.lending, self.settlement, self.orders)

    # Time and the hour.

    def _tick(self, command: Tick) -> None:
        """Time has passed already; what is left to do is done in bounded steps."""
        self.settlement.tick()

    def _cut_hour(self, command: CutHour) -> None:
        if command.hour % HOUR_MICROS or command.hour > self.time_us:
            raise Refusal("no-full-hour-that-is-over")
        # Hours may be missed in an outage; the chain of attestations says so, and no hour is cut twice.
        if command.hour <= self._hour:
            raise Refusal("hour-does-not-follow")
        self.settlement.close_hour(command.hour)
        self._hour = command.hour

    # The state.

    def sections(self) -> dict[str, bytes]:
        """Everything that decides what the engine does next, in named parts."""
        shared = self._shared
        head: dict[str, Json] = {
            "entity": shared.entity,
            "exchange": shared.exchange,
            "hour": self._hour + 1,
            "rule_set": RULE_SET,
            "sequence": shared.sequence,
            "time": shared.time_us,
        }
        desks = {f"desk.{desk.NAME}": canonical(desk.document()) for desk in self._desks}
        books = {f"ledger.{name}": data for name, data in shared.ledger.state_sections().items()}
        return {"head": canonical(head), **desks, **books}

    def state_hash(self) -> Digest:
        """One hash over `sections`."""
        return state_hash_of(self.sections())

    @classmethod
    def restore(cls, genesis: Genesis, sections: Mapping[str, bytes]) -> Engine:
        """The engine of those sections; raises FormatError for what is not the state of an engine of this exchange."""
        try:
            head: Any = parse(sections["head"])
            engine = cls(genesis.exchange, genesis.entity)
            engine._take_head(head)
            books = b"".join(sections[name] for name in sections if name.startswith("ledger."))
            engine._shared.take_ledger(Ledger.restore(books))
            for desk in engine._desks:
                desk.restore(parse(sections[f"desk.{desk.NAME}"], SECTION_BYTES_MAX))
            engine._count_totals()
        except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError, ValueError) as error:
            # Whatever a desk or the ledger cannot take: the bytes may be anybody's (an auditor gets them in a bundle).
            raise FormatError("the sections are not those of an engine's state") from error
        if {name: bytes(data) for name, data in engine.sections().items()} != dict(sections):
            raise FormatError("the sections are not in the one form of an engine's state")
        return engine

    def _take_head(self, head: Mapping[str, Any]) -> None:
        shared = self._shared
        if (head["exchange"], head["entity"], head["rule_set"]) != (shared.exchange, shared.entity, RULE_SET):
            raise FormatError("the state is of another exchange, entity or rule set")
        shared.sequence, shared.time_us, self._hour = head["sequence"], head["time"], head["hour"] - 1

    def _count_totals(self) -> None:
        ledger = self._shared.ledger
        for index in range(len(ledger)):
            key = ledger.key(index)
            if key.code in CUSTOMER_CODES:
                owed = self._seen[index] = ledger.owed(index)
                totals = self._totals.setdefault((key.owner, key.asset), _Totals())
                if key.code is AccountCode.CLAIM:
                    totals.claim += owed
                else:
                    totals.debt += owed


def state_hash_of(sections: Mapping[str, bytes]) -> Digest:
    """The state hash over the parts of a state: H(3a, canonical JSON of name to SHA-256)."""
    hashes: dict[str, Json] = {name: hashlib.sha256(data).hexdigest() for name, data in sections.items()}
    return tagged_hash(Tag.ENGINE_STATE, canonical(hashes))


HANDLED: Final = frozenset(Engine("none")._handlers)
"""Every command that the engine carries out."""
