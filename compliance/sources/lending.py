"""Lending between clients: what of their coins is out, with whose consent, and whether lenders could be paid.

Encumbered is what a pool has lent out. The part of lenders who had agreed to lending when the hour was cut is one
record, with the count of their consents; each lender who had not, or no longer, is one of their own without consent,
and so is what the pool has of nobody known. The licence is what the firm says it is licensed for.

Due to lending clients is all that they have lent, because they may recall it at any time. Available for it is what the
pool has not lent out, as far as the reserves have it beside all other claims, and loans to customers whose wallet is
worth no less than it owes, at haircut. Loans to staff, affiliates, house and vaults, and those above their collateral,
are not counted: so it is with the net figure of the hour's statement.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from sqlmodel import Session

from compliance.facts import Amounts, Record
from compliance.sources.attested import is_currency
from compliance.sources.deciding import deciding
from compliance.sources.margin import place_text
from compliance.sources.margin_book import MarginBook, Place
from compliance.sources.margin_terms import ONE
from compliance.sources.pools import Pool, consents, lent_by
from ledger.journal import house_debt_key
from ledger.store import history

__all__ = ["collateral_in_dirhams", "due_and_available", "lent_out"]


def lent_out(session: Session, book: MarginBook, pools: Mapping[str, Pool], licence: str | None) -> Iterator[Record]:
    """Records of `encumbrances` for every pool that has lent something out; `licence`: the reference of one, if any."""
    if not any(pool.borrowed for pool in pools.values()):
        return
    lent, said = lent_by(session, book.position), consents(session, "lending", book.position)
    for asset, pool in sorted(pools.items()):
        if not pool.borrowed:
            continue
        lenders = lent.get(asset, {})
        agreed = {account for account in lenders if (rows := said.get(account)) and rows[-1][1]}
        without = {account: quanta for account, quanta in lenders.items() if account not in agreed}
        unknown = max(pool.lent - sum(lenders.values()), 0)
        for name, quanta in (*sorted(without.items()), ("nobody known", unknown)):
            if quanta:
                yield _lent(book, asset, f"{asset} lent by {name}", quanta, None, licence)
        # What was lent without consent is taken to be out first.
        rest = pool.borrowed - min(pool.borrowed, sum(without.values()) + unknown)
        if rest:
            consent = f"{len(agreed)} consents to lending in the log up to {book.position}"
            yield _lent(book, asset, f"{asset} lent with consent", rest, consent, licence)


def _lent(book: MarginBook, asset: str, name: str, quanta: int, consent: str | None, licence: str | None) -> Record:
    return {
        "id": name, "asset": asset, "units": Fraction(quanta, 10 ** book.scales[asset]), "consent": consent,
        "licence": licence, "in_wallets": False,
    }  # fmt: skip


def due_and_available(
    session: Session, book: MarginBook, pools: Iterable[Pool], held: Amounts, owed: Amounts
) -> tuple[dict[str, Fraction], dict[str, Fraction]] | None:
    """Due to lending clients and available for it, units of each virtual asset that is lent; None where a wallet's
    worth is not known. `held` and `owed`: the hour's reserves for clients, and their claims."""
    due: dict[str, Fraction] = {}
    available: dict[str, Fraction] = {}
    for pool in pools:
        asset, scale = pool.asset, 10 ** book.scales[pool.asset]
        if is_currency(asset) or not pool.lent:
            continue
        not_counted = 0
        for place, wallet in book.wallets.items():
            if not wallet.debts.get(asset):
                continue
            health = book.health[place]
            if health is None:
                return None
            if health.equity < 0 or book.customer(place[0]).relation != "customer":
                not_counted += wallet.debts[asset] - _owed_to_the_exchange(session, book, place, asset)
        lent = Fraction(pool.lent, scale)
        beside = owed.get(asset, Fraction(0)) - lent
        coins = min(Fraction(pool.lent - pool.borrowed, scale), held.get(asset, Fraction(0)) - beside)
        due[asset] = lent
        available[asset] = max(coins, Fraction(0)) + Fraction(max(pool.borrowed - not_counted, 0), scale)
    return due, available


def _owed_to_the_exchange(session: Session, book: MarginBook, place: Place, asset: str) -> int:
    """Of a wallet's debt what no pool lent, quanta."""
    key = house_debt_key(place[0], asset, place[1], book.entity)
    account = history.find_account(session, key)
    return 0 if account is None else abs(history.balance_at(session, account, book.position).posted_credit)


def collateral_in_dirhams(book: MarginBook) -> tuple[Record, ...] | None:
    """The records of `vara.lending.collateral`: of each wallet with a debt what it must have, and has, at haircut.

    Agreed is what it owes and the maintenance that keeps it from liquidation. None where a value in AED is not known.
    """
    cross = book.cross("AED")
    if cross is None:
        return None
    rows: list[Record] = []
    for place, wallet in sorted(book.wallets.items()):
        if not wallet.debts:
            continue
        health = book.health[place]
        if health is None:
            return None
        agreed, posted = health.liabilities + health.maintenance, health.collateral + health.profit
        rows.append(
            {
                "id": place_text(place), "agreed": Fraction(agreed, ONE) / cross,
                "posted": Fraction(posted, ONE) / cross,
            }
        )  # fmt: skip
    return deciding(rows, (lambda row: row["posted"] - row["agreed"],))  # type: ignore[operator]  # numbers
