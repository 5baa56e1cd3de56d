"""Every fact about margin, lending and derivatives at a cut: which are known, and put together from their rooms.

margin.py: accounts, orders, Japan; cfd.py: the EU's retail clients; lending.py: pools; they read margin_book.py (the
wallets and their health), pools.py and liquidations.py. Nothing is said where the exchange never offered any of it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta
from fractions import Fraction
from typing import Final

from sqlmodel import Session

from compliance.facts import Assurance, Evidence, Fact, Record, Value
from compliance.sources.books import Customer
from compliance.sources.cfd import cfd_accounts, cfd_openings, share_of_losers
from compliance.sources.counted import Span
from compliance.sources.in_force import InForce
from compliance.sources.lending import collateral_in_dirhams, due_and_available, lent_out
from compliance.sources.liquidations import liquidations
from compliance.sources.listed_markets import ListedMarket
from compliance.sources.margin import backed_in_yen, financed_by, loss_cuts, margin_accounts, margin_orders
from compliance.sources.margin_book import Assess, MarginBook, is_offered, read_margin
from compliance.sources.pools import Pool, borrows, pools
from compliance.sources.prices import PriceBook
from compliance.sources.stored import documents
from ledger.margin.risk import assess
from ledger.store import history
from ledger.store.snapshot import StoreSnapshot

__all__ = ["LOSERS", "wallet_facts"]

LOSERS: Final = "12 months"
"""The id of the record of losing accounts."""
_YEAR: Final = timedelta(days=365)


def wallet_facts(
    store: StoreSnapshot,
    span: Span,
    cut: datetime,
    entity: str,
    customers: Mapping[str, Customer],
    markets: Mapping[str, ListedMarket],
    scales: Mapping[str, int],
    in_force: InForce,
    prices: PriceBook | None,
    found: Iterable[Fact],
    firm: Iterable[Fact],
    judge: Assess = assess,
) -> list[Fact]:
    """The facts; `found` and `firm`: what is known already of reserves and claims, and what the firm states."""
    session, last = store.session, span.last
    if not is_offered(session, last):
        return []
    book = read_margin(store, last, entity, markets, scales, in_force, prices, customers, judge)
    of_pools = pools(session, last)
    stated = {fact.name: fact.value for fact in firm}
    known = {fact.name: fact.value for fact in found}
    command = history.command_at(session, last)
    evidence = (Evidence("command log", f"position {last}", "" if command is None else command.hash.hex()),)
    values: dict[str, Value | None] = {}
    if _is_traded(session, last):
        values |= _margin(session, book, span, cut, of_pools, stated)
    if any(pool.lent or pool.borrowed or pool.house_debt for pool in of_pools.values()):
        values |= _lending(session, book, of_pools, known, stated)
    return [Fact(name, value, cut, Assurance.CLAIMED, evidence) for name, value in values.items() if value is not None]


def _is_traded(session: Session, last: int) -> bool:
    """Whether anybody was ever told what margin is permitted, or traded on it: lending alone is no margin."""
    return any(
        next(documents(session, kind, last=last), None) is not None for kind in ("permissions-set", "position-moved")
    ) or any(borrows(session, 1, last))


def _margin(
    session: Session,
    book: MarginBook,
    span: Span,
    moment: datetime,
    of_pools: Mapping[str, Pool],
    stated: Mapping[str, Value],
) -> Iterator[tuple[str, Value | None]]:
    given = [*borrows(session, span.first, span.last)]
    financed, cut = financed_by(session, book, given), liquidations(session, span.first, span.last)
    traded = {account for _, account, _ in documents(session, "position-moved", span.first, last=span.last)}
    active = {str(account) for account in traded if account} | {each.account for each in given}
    tokens = stated.get("vara.margin.tokens", frozenset())
    assert isinstance(tokens, frozenset), "tokens are names"
    ratios = _ratios(stated.get("jfsa.risk_ratios", ()))
    yield "margin.accounts", margin_accounts(book, of_pools, active, cut, financed, tokens)
    yield "vara.margin.orders", margin_orders(session, book, span, financed)
    yield "vara.exposure.margin_funds", _credit(book)
    yield "jfsa.margin.trades", backed_in_yen(book, ratios, derivatives=False)
    yield "jfsa.derivatives", backed_in_yen(book, ratios, derivatives=True)
    yield "jfsa.loss_cuts", tuple(loss_cuts(session, book, cut))
    yield "eu.cfd.openings", cfd_openings(session, book, span)
    yield "eu.cfd.accounts", cfd_accounts(book, cut)
    micros = int((moment - _YEAR).timestamp()) * 1_000_000
    share = share_of_losers(session, book, history.position_at(session, micros) + 1)
    losers: Record = {"id": LOSERS, "computed": share, "shown": None}
    yield "eu.cfd.losers", None if share is None else (losers,)


def _ratios(rows: Value) -> dict[str, Fraction]:
    """The risk assumption ratios that the firm uses today."""
    assert isinstance(rows, tuple), "ratios are records"
    found: dict[str, Fraction] = {}
    for row in rows:
        ratio = row["ratio"]
        if row["replaced_on"] is None and isinstance(ratio, Fraction):
            found[str(row["asset"])] = ratio
    return found


def _credit(book: MarginBook) -> Fraction | None:
    """All credit to clients in AED, whoever gave it; None without a price."""
    cross = book.cross("AED")
    debts = [book.value(asset, quanta) for wallet in book.wallets.values() for asset, quanta in wallet.debts.items()]
    known = [value for value in debts if value is not None]
    if cross is None or len(known) != len(debts):
        return None
    return sum(known, Fraction(0)) / cross


def _lending(
    session: Session,
    book: MarginBook,
    of_pools: Mapping[str, Pool],
    known: Mapping[str, Value],
    stated: Mapping[str, Value],
) -> Iterator[tuple[str, Value | None]]:
    activities = stated.get("vara.activities", frozenset())
    assert isinstance(activities, frozenset), "activities are names"
    licence = "the licence's activities: lending" if "lending" in activities else None
    yield "encumbrances", tuple(lent_out(session, book, of_pools, licence))
    held, owed = known.get("reserves.client"), known.get("claims")
    if isinstance(held, Mapping) and isinstance(owed, Mapping):
        both = due_and_available(session, book, of_pools.values(), held, owed)
        if both is not None:
            yield "vara.lending.due", both[0]
            yield "vara.lending.available", both[1]
    yield "vara.lending.collateral", collateral_in_dirhams(book)
