"""Facts put together from every source, for one entity at the hour of one statement.

Where several speak of one thing: the hour's signed statement first, then the ledger, then the firm. The exceptions:
Records of `controls` and `reconciliations` are joined, because engine and firm run different ones. What the firm states
of its client money with a third party's document, no older than a month, replaces what the ledger claims of the same.
What a record of `eu.tfr.failures`, `margin.accounts` or `eu.cfd.losers` leaves empty, because only the firm knows what
it did or shows, the firm's record of the same id fills; of losing accounts nothing is said until it has. And of
encumbrances the ledger knows loans alone: they are joined with what the firm states, and without its word nothing is
said, so that nobody passes for having pledged nothing; but a loan without consent stands by itself: it is a breach.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from compliance.facts import Assurance, Evidence, Fact, FactKind, Facts, Record
from compliance.register import Register
from compliance.sources.attested import Statement, attested_facts, reserve_addresses
from compliance.sources.books import book_facts, customers_of, read_customers, span_of
from compliance.sources.counted import counted_beside
from compliance.sources.engine import engine_facts
from compliance.sources.in_force import read_in_force
from compliance.sources.listed_markets import listed_markets
from compliance.sources.prices import read_prices, value_facts
from compliance.sources.wallet_facts import wallet_facts
from compliance.sources.wallets import WalletBook, read_wallets, stated_wallets
from ledger.store.listed import asset_scales
from ledger.store.snapshot import StoreSnapshot

__all__ = ["CURRENCIES", "HourSource", "firm_facts", "gather", "position_of", "wallet_book"]

CURRENCIES: Final = ("AED", "EUR", "JPY", "USD")
"""In which values are wanted: those of the four regimes."""
JOINED: Final = ("controls", "encumbrances", "reconciliations")
FILLED: Final = ("eu.cfd.losers", "eu.tfr.failures", "margin.accounts")
ATTESTED_MAX: Final = timedelta(days=31)
"""A bank's statement is of a month; an older one says nothing of what is held now."""
PERIOD: Final = timedelta(days=35)
"""How far back movements are read for an hour's evaluation: a month and its deadlines."""


@dataclass(frozen=True, slots=True)
class HourSource:
    """Everything of one hour. `chain`: checked statements, oldest first, the hour's own last. `store`: None for outside
    books. `rooms`: facts of the other rooms of compliance, made by whoever wires them."""

    entity: str
    chain: Sequence[Statement]
    register: Register
    store: StoreSnapshot | None = None
    rooms: Sequence[Fact] = ()
    firm: Sequence[Fact] = ()
    """What the firm states beside its register, unsigned: of outside books."""
    period: timedelta = PERIOD


def wallet_book(source: HourSource, firm: Iterable[Fact]) -> WalletBook:
    """Whose the reserve addresses are, by ledger and firm."""
    stated = WalletBook()
    for fact in firm:
        if fact.name == "wallets.stated":
            assert isinstance(fact.value, tuple)
            stated = stated_wallets(fact.value)
    # Of a missed hour there is no position: what was known of wallets before it still is.
    position = next((found for each in reversed(source.chain) if (found := position_of(each)) is not None), None)
    if source.store is None or position is None:
        return stated
    wanted = reserve_addresses(source.chain) | set(stated.addresses)
    return read_wallets(source.store.session, position, wanted).joined(stated)


def firm_facts(source: HourSource) -> list[Fact]:
    """What the firm states, as of the hour."""
    return [*source.register.facts(source.chain[-1].hour), *source.firm]


def position_of(statement: Statement) -> int | None:
    """The log position of a statement's cut; None where it has none."""
    ledger = (statement.snapshot or {}).get("ledger")
    return None if ledger is None else int(ledger["position"])


def gather(source: HourSource, catalogue: Mapping[str, FactKind], book: WalletBook | None = None) -> Facts:
    """The facts of the hour of the chain's last statement. `book`: the source's, if it was read already."""
    last = source.chain[-1]
    firm = firm_facts(source)
    book = wallet_book(source, firm) if book is None else book
    found = attested_facts(source.chain, source.entity, book)
    found += _reconciled(source.chain, source.entity)
    position = position_of(last)
    if source.store is not None and position is not None:
        session = source.store.session
        span = span_of(source.store, position, last.hour, source.period)
        with counted_beside(source.store, span) as counting:
            customers = read_customers(session, position)
            found += book_facts(source.store, span, last.hour, _states(firm), customers, counting)
            house = {account for account, each in customers.items() if each.relation != "customer"}
            scales = asset_scales(session)
            in_force, markets = read_in_force(session, position), listed_markets(session, position, scales)
            fills = counting.result().fills
            found += engine_facts(session, span, last.hour, house, fills, in_force, markets)
        prices = read_prices(session, position)
        own = customers_of(session, position, source.entity, customers)
        found += wallet_facts(
            source.store, span, last.hour, source.entity, own, markets, scales, in_force, prices, found, firm
        )
        if prices is not None:
            found += value_facts(prices, found, last.hour, CURRENCIES)
    return Facts(source.entity, last.hour, catalogue, _merged([*found, *source.rooms], firm, last.hour))


def _states(firm: Iterable[Fact]) -> frozenset[str]:
    for fact in firm:
        if fact.name == "licences.us.states":
            assert isinstance(fact.value, frozenset)
            return fact.value
    return frozenset()


def _merged(own: Sequence[Fact], firm: Sequence[Fact], hour: datetime) -> list[Fact]:
    found: dict[tuple[str, str], Fact] = {}
    for fact in own:
        place = (fact.name, fact.scope)
        found[place] = _joined(found[place], fact) if place in found else fact
    for fact in firm:
        place = (fact.name, fact.scope)
        if place not in found or (fact.name == "client_money.held" and _is_fresh(fact, hour)):
            found[place] = fact
        elif fact.name in JOINED:
            found[place] = _joined(found[place], fact)
        elif fact.name in FILLED:
            found[place] = _filled(found[place], fact)
    stated = {fact.name for fact in firm}
    return [fact for fact in found.values() if _is_whole(fact, stated)]


def _is_whole(fact: Fact, stated: Collection[str]) -> bool:
    """Whether a fact of the ledger says enough by itself, beside what the firm has stated."""
    if fact.name == "eu.cfd.losers" and isinstance(fact.value, tuple):
        return all(row["shown"] is not None for row in fact.value)
    if fact.name == "encumbrances" and isinstance(fact.value, tuple):
        return fact.name in stated or any(row["consent"] is None for row in fact.value)
    return True


def _is_fresh(fact: Fact, hour: datetime) -> bool:
    """Whether a third party's document is new enough to say more of an hour than the ledger does."""
    return fact.assurance is Assurance.ATTESTED and hour - fact.as_of <= ATTESTED_MAX


def _filled(one: Fact, firm: Fact) -> Fact:
    """A room's records, what they leave empty from the firm's of the same id; what a room knows is never replaced."""
    assert isinstance(one.value, tuple) and isinstance(firm.value, tuple)
    stated = {row["id"]: row for row in firm.value}
    rows = tuple(
        {name: stated[row["id"]][name] if value is None else value for name, value in row.items()}
        if row["id"] in stated
        else row
        for row in one.value
    )
    return Fact(one.name, rows, one.as_of, Assurance.CLAIMED, (*one.evidence, *firm.evidence), one.scope)


def _joined(one: Fact, other: Fact) -> Fact:
    """Records of two sources as one fact; its assurance is the weaker one."""
    assert one.name in JOINED, f"{one.name} comes from one source"
    assert isinstance(one.value, tuple) and isinstance(other.value, tuple)
    order = (Assurance.PROVEN, Assurance.ATTESTED, Assurance.CLAIMED)
    weaker = max(one.assurance, other.assurance, key=order.index)
    rows = (*one.value, *other.value)
    return Fact(one.name, rows, max(one.as_of, other.as_of), weaker, (*one.evidence, *other.evidence), one.scope)


def _reconciled(chain: Sequence[Statement], entity: str) -> list[Fact]:
    """Each day's last comparison of ledger and chains, as the statements' sections `in-flight` have it.

    What the list of movements does not explain is unexplained, but for a quantum for each reserve of the asset, because
    balances are rounded down one by one.
    """
    days: dict[object, Statement] = {}
    for statement in chain:
        totals = statement.document["sections"].get("in-flight", {}).get("totals", [])
        if any(row["entity"] == entity for row in totals):
            days[statement.hour.date()] = statement
    if not days:
        return []
    counts = {day: _unexplained(statement, entity) for day, statement in days.items()}
    rows: tuple[Record, ...] = tuple(
        {
            "day": statement.hour.date(), "kind": "assets", "differences": Fraction(counts[day]),
            "unexplained": Fraction(counts[day]), "prepared_by": "the close of the hour", "approved_by": None,
        }
        for day, statement in sorted(days.items(), key=lambda each: each[1].hour)
    )  # fmt: skip
    evidence = tuple(_evidence(statement) for statement in days.values())
    return [Fact("reconciliations", rows, chain[-1].hour, Assurance.CLAIMED, evidence)]


def _unexplained(statement: Statement, entity: str) -> int:
    """How many assets of an entity have a difference that neither movements nor rounding explain."""
    sections = statement.document["sections"]
    reserves = Counter((row["entity"], row["asset"]) for row in sections["reserves"]["rows"])
    totals = [row for row in sections["in-flight"]["totals"] if row["entity"] == entity]
    return sum(abs(int(row["difference"])) > reserves[row["entity"], row["asset"]] for row in totals)


def _evidence(statement: Statement) -> Evidence:
    return Evidence("attestation", statement.place, statement.digest)
