"""A customer's statement filled in: balances, movements and orders from the store, signers and terms from the log.

The period is from `start` up to, and without, `end`. Who signed a movement's cause is read from the log, in one pass
over the commands that matter; what was archived and removed is said to be so. Holds are stated as one sum an asset:
the orders behind them are listed on their own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Protocol

from sqlmodel import Session, col, select

from cli.exchange import reading
from cli.exchange.config import Config
from cli.exchange.published import PublishedHour, attested_by
from cli.exchange.statement_positions import lent_of, positions_stated
from cli.exchange.words import second_text, time_text
from cli.statement_data import (
    AssetLines,
    Consent,
    Hold,
    InclusionLeaf,
    InclusionReference,
    Movement,
    OpenOrder,
    RegisteredKey,
    StatementData,
    Subaccount,
)
from ledger.api_strings import read_instructions
from ledger.assets import format_amount
from ledger.commands import REQUIREMENTS, Command, NewOrder, PlaceOrders, read_command
from ledger.errors import FormatError
from ledger.journal import CUSTOMER_CODES, PRICE_SCALE, AccountCode
from ledger.keyring import Role
from ledger.log import LogReader, Record
from ledger.log.record import Scheme
from ledger.signatures import parse_request
from ledger.store import history
from ledger.store.history import StatementLine
from ledger.store.schema import CommandRow, EventRow, OrderRow
from ledger.trading.market import Market
from por.attestation import fingerprint

__all__ = ["OPEN_STATES", "Period", "Shared", "gather"]

_AT_ONCE: Final = 500
ARCHIVED: Final = "in an archived segment of the log"
_TYPES: Final = {kind.TYPE: need for kind, need in REQUIREMENTS.items()}
OPEN_STATES: Final = frozenset({"open", "waits for its trigger", "triggered", "accepted", "traded"})
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class Period:
    """From when up to when, in microseconds, and the log positions of the first and the last command in it."""

    start_us: int
    end_us: int
    first: int
    last: int

    @classmethod
    def of(cls, session: Session, hours: Path, start_us: int, end_us: int) -> Period:
        """The positions of a period. An edge at an attested hour is the hour's cut, which its statement is of."""
        before, last = (_edge(session, hours, micros) for micros in (start_us, end_us))
        return cls(start_us, end_us, before + 1, last)


def _edge(session: Session, hours: Path, micros: int) -> int:
    """The position of the last command before a time, or of the cut of the hour that ends at that time."""
    hour = attested_by(hours, second_text(micros))
    if hour is not None and hour.hour == second_text(micros):
        return hour.position
    return history.position_at(session, micros - 1)


class Shared(Protocol):
    """What many statements of one period have in common, read once for all of them (`all_statements`)."""

    scales: Mapping[str, int]
    markets: Mapping[str, Market]
    price_unit: str | None
    hour: PublishedHour | None

    def records(self, sequences: Sequence[int]) -> dict[int, Record | None]:
        """The log's records of some commands, with what a statement asks of them; None for what is gone."""

    def documents(self, kind: str, account: str) -> list[dict[str, Any]]:
        """An account's events of a kind up to the period's end, with their positions."""

    def open_orders(self, account: str) -> dict[int, dict[str, Any]]:
        """The states of the account's orders that rest or wait at the period's end."""


@dataclass(slots=True)
class _Gatherer:
    """One statement being filled in."""

    session: Session
    config: Config
    account: str
    period: Period
    progress: Progress
    records: dict[int, Record | None] = field(default_factory=dict)
    commands: dict[int, CommandRow] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    price_unit: str | None = None
    shared: Shared | None = None

    def read_records(self, wanted: Iterable[int]) -> None:
        """The log's records of some commands; None for those that are no longer in the log."""
        missing = sorted(set(wanted) - self.records.keys())
        if not missing:
            return
        if self.shared is not None:
            self.records.update(self.shared.records(missing))
            return
        reader = LogReader(self.config.paths.log, self.config.exchange, self.config.genesis().hash)
        self.records.update((sequence, None) for sequence in missing)
        kept = [sequence for sequence in missing if reader.first_sequence <= sequence <= reader.head.sequence]
        if not kept:
            return
        chosen, total = set(kept), kept[-1] - kept[0] + 1
        for done, record in enumerate(reader.records(kept[0], kept[-1]), start=1):
            if record.sequence in chosen:
                self.records[int(record.sequence)] = record
            if done % 1_000 == 0:
                self.progress("reading who signed", done, total)

    def read_commands(self, wanted: Iterable[int]) -> None:
        """The store's rows of some commands, many at a time."""
        missing = sorted(set(wanted) - self.commands.keys())
        for start in range(0, len(missing), _AT_ONCE):
            some = missing[start : start + _AT_ONCE]
            for row in self.session.exec(select(CommandRow).where(col(CommandRow.sequence).in_(some))):
                self.commands[row.sequence] = row

    def command(self, sequence: int) -> CommandRow:
        """The store's row of a command."""
        if sequence not in self.commands:
            found = history.command_at(self.session, sequence)
            assert found is not None, "a movement has its command"
            self.commands[sequence] = found
        return self.commands[sequence]

    def signer(self, sequence: int) -> tuple[str | None, str | None]:
        """The role and the key of who signed a command for this account; nothing for a command of anybody else."""
        row = self.command(sequence)
        if row.account != self.account:
            return None, None
        record = self.records[sequence]
        if row.scheme == Scheme.SESSION:
            return "session", ARCHIVED if record is None else record.entry.door.source
        need = _TYPES.get(row.kind)
        given = "customer"
        if need is not None and Role.SERVICE in need.roles:
            given = "service"
        elif need is not None and (need.two_operators or Role.OPERATOR in need.roles):
            given = "operator"
        if record is None:
            return given, ARCHIVED
        key = record.entry.signatures[0].key.hex()
        return self.roles.get(key, given), key

    # Movements.

    def subaccounts(self, scales: Mapping[str, int]) -> tuple[Subaccount, ...]:
        """Every asset that was owed or moved, by subaccount."""
        found: dict[str, dict[str, dict[AccountCode, history.Statement]]] = {}
        lines: dict[int, list[StatementLine]] = {}
        for index, key in history.accounts_of(self.session, self.account):
            if key.code in CUSTOMER_CODES:
                stated = history.statement(self.session, index, self.period.first, self.period.last)
                lines[id(stated)] = [line for line in stated.lines if line.posted]
                found.setdefault(key.subaccount, {}).setdefault(key.asset, {})[key.code] = stated
        moved = {line.command for some in lines.values() for line in some}
        self.read_commands(moved)
        self.read_records(sequence for sequence in moved if self.command(sequence).account == self.account)
        result = []
        lent = lent_of(self.documents("lending-moved"))
        for name, assets in sorted(found.items()):
            rows = [
                self.asset_lines(asset, scales[asset], sides, lines, lent.get((name, asset), 0))
                for asset, sides in sorted(assets.items())
                if any(each.opening.version or each.closing.version for each in sides.values())
            ]
            result.append(Subaccount(name, tuple(rows)))
        return tuple(result)

    def asset_lines(
        self,
        asset: str,
        scale: int,
        sides: Mapping[AccountCode, history.Statement],
        lines: Mapping[int, list[StatementLine]],
        lent: int,
    ) -> AssetLines:
        """One asset of one subaccount: its claim and its debt."""
        claim = sides.get(AccountCode.CLAIM)
        debts = [side for code, side in sides.items() if code is not AccountCode.CLAIM]
        held = 0 if claim is None else claim.closing.debits_pending
        lent = min(lent, held)
        holds = (
            ("lent", "the lending pool; it stays owed to you", lent),
            ("held", "open orders, withdrawals and pledges", held - lent),
        )
        return AssetLines(
            asset,
            scale,
            0 if claim is None else claim.opening.posted_credit,
            0 if claim is None else claim.closing.posted_credit,
            () if claim is None else tuple(self.movement(line, 1) for line in lines[id(claim)]),
            tuple(Hold(*hold) for hold in holds if hold[2]),
            sum(debt.opening.posted_debit for debt in debts),
            sum(debt.closing.posted_debit for debt in debts),
            tuple(
                self.movement(line, -1)
                for line in sorted((line for debt in debts for line in lines[id(debt)]), key=lambda line: line.sequence)
            ),
        )

    def movement(self, line: StatementLine, sign: int) -> Movement:
        """A line; `sign` is 1 for a claim and -1 for a debt."""
        role, key = self.signer(line.command)
        has_price = line.price is not None and self.price_unit is not None
        return Movement(
            time_text(line.posted_micros),
            line.reason.name.lower().replace("_", " "),
            line.reference,
            sign * line.posted,
            sign * line.after.posted_credit,
            format_amount(line.price, PRICE_SCALE) if has_price and line.price is not None else None,
            self.price_unit if has_price else None,
            role,
            key,
        )

    # Orders.

    def open_orders(self, scales: Mapping[str, int]) -> tuple[OpenOrder, ...]:
        """The orders that rest or wait at the period's end."""
        states = self.order_states() if self.shared is None else self.shared.open_orders(self.account)
        markets = reading.markets(self.session, scales) if self.shared is None else self.shared.markets
        placed = {number: self.session.get(OrderRow, number) for number in states}
        self.read_records(row.command for row in placed.values() if row is not None)
        found = []
        for number, state in sorted(states.items()):
            row = placed[number]
            if row is not None:
                found.append(self.open_order(number, row.command, state, markets, scales))
        return tuple(each for each in found if each is not None)

    def order_states(self) -> dict[int, dict[str, Any]]:
        """What became of every order that has not ended by the period's end."""
        states: dict[int, dict[str, Any]] = {}
        for event in history.events_of(self.session, self.account, 1, self.period.last):
            if event.kind == "order-report" and event.order_id is not None:
                state = states.setdefault(event.order_id, reading.fresh_order(event.order_id, event.market))
                reading.follow_order(state, event.document)
                if state["state"] not in OPEN_STATES:
                    del states[event.order_id]
        return states

    def open_order(
        self,
        number: int,
        sequence: int,
        state: Mapping[str, Any],
        markets: Mapping[str, Market],
        scales: Mapping[str, int],
    ) -> OpenOrder | None:
        """One order with its terms, which only the log has."""
        market = markets[state["market"]]
        subaccount, place = self.place_of(number, sequence)
        terms = self.terms(self.records[sequence], place, markets, scales)
        left = state["left"] or (0 if terms is None else terms.quantity or 0)
        price = state["price"] or (None if terms is None else terms.price)
        return OpenOrder(
            subaccount,
            market.symbol,
            str(number),
            ARCHIVED if terms is None else {"bid": "buy", "ask": "sell"}[terms.side],
            ARCHIVED if terms is None else terms.kind if terms.trigger is None else f"{terms.trigger} {terms.kind}",
            (left + state["filled"]) * market.step_quanta,
            state["filled"] * market.step_quanta,
            market.base_scale,
            None if price is None else format_amount(price * market.tick_units, market.tick_decimals),
            time_text(self.command(sequence).applied_micros),
        )

    def place_of(self, number: int, sequence: int) -> tuple[str, int]:
        """The subaccount of an order and its place among the orders of its command."""
        query = select(EventRow).where(EventRow.sequence == sequence, EventRow.kind == "order-placed")
        rows = [reading.document_of(row) for row in self.session.exec(query.order_by(col(EventRow.place)))]
        place = next(place for place, row in enumerate(rows) if row["order"] == number)
        return str(rows[place]["subaccount"]), place

    def terms(
        self, record: Record | None, place: int, markets: Mapping[str, Market], scales: Mapping[str, int]
    ) -> NewOrder | None:
        """What the customer asked for, from the bytes that they signed."""
        if record is None:
            return None
        request = parse_request(record.entry.scheme, record.entry.signed, self.config.exchange)
        try:
            command: Command = (
                read_instructions(request.instructions, self.account, markets, scales)
                if request.command is None
                else read_command(request.command)
            )
        except FormatError:
            return None
        return command.orders[place] if isinstance(command, PlaceOrders) else None

    # Keys and consents.

    def documents(self, kind: str) -> list[dict[str, Any]]:
        """The account's events of a kind up to the period's end."""
        if self.shared is not None:
            return self.shared.documents(kind, self.account)
        return reading.account_events(self.session, kind, self.account, self.period.last)

    def keys(self) -> tuple[RegisteredKey, ...]:
        """The keys that could sign for the account at some time of the period."""
        found = []
        for each in reading.latest_keys(self.documents("key-changed")):
            self.roles[each["key"]] = each["role"]
            until = min((micros for micros in (each["ended"], each["expires"]) if micros is not None), default=None)
            if until is None or until > self.period.start_us:
                ends = until is not None and until <= self.period.end_us
                found.append(
                    RegisteredKey(
                        each["key"],
                        each["role"],
                        tuple(each["permissions"]),
                        time_text(each["registered"]),
                        time_text(until) if ends and until is not None else None,
                    )
                )
        return tuple(found)

    def consents(self) -> tuple[Consent, ...]:
        """What the customer agreed to before the period's end, each with when it was withdrawn, if it was."""
        found: list[Consent] = []
        standing: dict[str, int] = {}
        for each in self.documents("consent-set"):
            subject, when = each["consent"], time_text(self.command(each["position"]).applied_micros)
            before = standing.pop(subject, None)
            if before is not None:
                found[before] = Consent(subject, found[before].text_sha256, found[before].given, when)
            if each["given"]:
                standing[subject] = len(found)
                found.append(Consent(subject, each["text"], when))
        return tuple(found)


def _inclusion(
    session: Session, hour: PublishedHour | None, account: str, scales: Mapping[str, int]
) -> InclusionReference | None:
    """What the trees of the newest attested hour of the period, or before it, hold for the account."""
    if hour is None:
        return None
    sums: dict[str, tuple[int, int]] = {}
    for owed in reading.balances_of(session, account, hour.position):
        claim, debt = sums.get(owed.asset, (0, 0))
        sums[owed.asset] = (claim + owed.claim, debt + owed.debt)
    leaves = tuple(InclusionLeaf(asset, scales[asset], *sums[asset]) for asset in sorted(sums) if any(sums[asset]))
    return InclusionReference(hour.hour, hour.sequence, fingerprint(hour.digest), leaves)


def gather(
    session: Session,
    config: Config,
    account: str,
    period: Period,
    prepared_us: int,
    progress: Progress,
    shared: Shared | None = None,
) -> StatementData:
    """The statement of an account; raises InputError for one that is not there, and the errors of the log.

    With `shared`, the account is known to be there.
    """
    if shared is None:
        reading.find_opened(session, account)
        scales: Mapping[str, int] = reading.asset_scales(session)
        unit, hour = reading.price_unit(session), attested_by(config.hours, second_text(period.end_us))
    else:
        scales, unit, hour = shared.scales, shared.price_unit, shared.hour
    gatherer = _Gatherer(session, config, account, period, progress, price_unit=unit, shared=shared)
    keys = gatherer.keys()
    return StatementData(
        exchange=config.exchange,
        entity=config.entity,
        account=account,
        start=second_text(period.start_us),
        end=second_text(period.end_us),
        prepared=second_text(prepared_us),
        subaccounts=gatherer.subaccounts(scales),
        open_orders=gatherer.open_orders(scales),
        positions=positions_stated(session, gatherer.documents("position-moved"), scales, period.last),
        keys=keys,
        consents=gatherer.consents(),
        inclusion=_inclusion(session, hour, account, scales),
    )
