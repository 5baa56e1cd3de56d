"""Every fact that a rule may ask about, by name: its shape, unit, who gives it, and what it means.

Here are the facts that several regimes share; what one regime alone needs stands in its own `facts.py` and is added by
`compliance.regimes.CATALOGUE`. Amounts of assets are in units (not quanta). Who gives a fact is a promise of that
source: `tests/compliance/test_sources.py` holds the sources to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from compliance.facts import FactKind, Shape, Source, records_kind

__all__ = ["SHARED", "STATES", "US_STATES", "by_name"]

STATES: Final = "licences.us.states"
"""The fact that names the US states in which the entity is licensed."""
US_STATES: Final = tuple(
    f"US-{code}"
    for code in (
        "AK AL AR AS AZ CA CO CT DC DE FL GA GU HI IA ID IL IN KS KY LA MA MD ME MI MN MO MP MS MT NC ND NE NH NJ NM "
        "NV NY OH OK OR PA PR RI SC SD TN TX UT VA VI VT WA WI WV WY"
    ).split()
)
"""ISO 3166-2: the states, the district and the territories that license."""

_ATTESTATION, _LEDGER, _FIRM = Source.ATTESTATION, Source.LEDGER, Source.FIRM
_AMOUNTS, _NAMES, _NUMBER, _DAY, _FLAG, _TEXT, _MOMENT = (
    Shape.AMOUNTS, Shape.NAMES, Shape.NUMBER, Shape.DAY, Shape.FLAG, Shape.TEXT, Shape.MOMENT,
)  # fmt: skip


def _records(name: str, source: Source, meaning: str, /, **fields: Shape) -> FactKind:
    return records_kind(name, source, meaning, fields)


SHARED: Final[tuple[FactKind, ...]] = (
    # What is owed and what is held, from the signed statement of the hour. Units of each asset.
    FactKind("claims", _AMOUNTS, _ATTESTATION, "gross claims of customers, per virtual asset", "units"),
    FactKind("debts", _AMOUNTS, _ATTESTATION, "what customers owe, per asset; never set off against claims", "units"),
    FactKind("reserves.client", _AMOUNTS, _ATTESTATION, "held for customers, per virtual asset", "units"),
    FactKind("reserves.client.hot", _AMOUNTS, _ATTESTATION, "of that, under keys that are online", "units"),
    FactKind("reserves.client.offline", _AMOUNTS, _ATTESTATION, "of that, under keys that are offline", "units"),
    FactKind("reserves.client.custodian", _AMOUNTS, _ATTESTATION, "of that, with third-party custodians", "units"),
    FactKind("reserves.own", _AMOUNTS, _ATTESTATION, "the firm's own, per virtual asset", "units"),
    FactKind("reserves.guarantee", _AMOUNTS, _ATTESTATION, "own, set aside as performance guarantee", "units"),
    FactKind("reserves.unread", _NAMES, _ATTESTATION, "assets of which a reserve was not read, or is of unknown owner"),
    _records(
        "wallets",
        _ATTESTATION,
        "every reserve address of the statement, with what the ledger says of its wallet",
        id=_TEXT,
        wallet_=_TEXT,
        address=_TEXT,
        chain=_TEXT,
        owner_=_TEXT,
        custody_=_TEXT,
        label_=_TEXT,
        control=_TEXT,
        evidence=_TEXT,
    ),
    _records(
        "wallets.mixed",
        _ATTESTATION,
        "addresses that hold for more than one owner",
        address=_TEXT,
        reason=_TEXT,
    ),
    _records(
        "hours",
        _ATTESTATION,
        "the hours of the chain of statements, newest last",
        id=_TEXT,
        hour=_MOMENT,
        kind=_TEXT,
        digest=_TEXT,
    ),
    FactKind("reserves.differences", _AMOUNTS, _ATTESTATION, "reserves less custody less what is in flight", "units"),
    _records(
        "wallets.stated",
        _FIRM,
        "reserve addresses of which the ledger says nothing: client, own or guarantee; online, offline or custodian",
        chain=_TEXT,
        address=_TEXT,
        owner=_TEXT,
        custody=_TEXT,
        label_=_TEXT,
    ),
    # Client money: currencies, from the ledger and the bank's statements.
    FactKind("client_money.owed", _AMOUNTS, _LEDGER, "owed to customers, per currency", "currency"),
    FactKind("client_money.held", _AMOUNTS, _LEDGER, "in client bank or trust accounts, per currency", "currency"),
    _records(
        "bank_accounts",
        _FIRM,
        "the firm's bank and trust accounts",
        id=_TEXT,
        title=_TEXT,
        country=_TEXT,
        currency=_TEXT,
        kind=_TEXT,
        bank=_TEXT,
        group_member=_FLAG,
        statutory_trust=_FLAG,
    ),
    # Values in money, at the reference prices of the log.
    FactKind("values.client", _AMOUNTS, _LEDGER, "value of what is held for customers, per currency", "currency"),
    FactKind("values.client.hot", _AMOUNTS, _LEDGER, "of that, under keys that are online, per currency", "currency"),
    FactKind("values.claims", _AMOUNTS, _LEDGER, "value of customers' claims, per currency", "currency"),
    FactKind("values.own", _AMOUNTS, _LEDGER, "value of the firm's own virtual assets, per currency", "currency"),
    _records(
        "prices",
        _LEDGER,
        "the reference prices that values rest on",
        id=_TEXT,
        asset=_TEXT,
        currency=_TEXT,
        price=_NUMBER,
        at=_MOMENT,
        source=_TEXT,
    ),
    # The ledger and its log.
    _records(
        "reconciliations",
        _LEDGER,
        "each day's comparison of books with chains and banks; days of the UTC calendar",
        day=_DAY,
        kind=_TEXT,
        differences=_NUMBER,
        unexplained=_NUMBER,
        prepared_by_=_TEXT,
        approved_by_=_TEXT,
    ),
    _records(
        "postings.to_own",
        _LEDGER,
        "postings from customers to the house in the period, by reason",
        id=_TEXT,
        asset=_TEXT,
        units=_NUMBER,
        reason=_TEXT,
        is_charge=_FLAG,
        reference_=_TEXT,
    ),
    _records(
        "encumbrances",
        _FIRM,
        "client units lent out, pledged or staked",
        id=_TEXT,
        asset=_TEXT,
        units=_NUMBER,
        consent_=_TEXT,
        licence_=_TEXT,
        in_wallets=_FLAG,
    ),
    _records(
        "deposits",
        _LEDGER,
        "deposits of the period; `count`: of how many a record is, where it is of several",
        id=_TEXT,
        account=_TEXT,
        asset=_TEXT,
        units=_NUMBER,
        received=_MOMENT,
        credited_=_MOMENT,
        is_money=_FLAG,
        count_=_NUMBER,
    ),
    _records(
        "withdrawals",
        _LEDGER,
        "withdrawals of the period; `done` when settled; `count`: of how many a record is, where it is of several",
        id=_TEXT,
        account=_TEXT,
        asset=_TEXT,
        units=_NUMBER,
        requested=_MOMENT,
        done_=_MOMENT,
        state=_TEXT,
        instructed=_FLAG,
        count_=_NUMBER,
    ),
    _records(
        "customers",
        _LEDGER,
        "how many customers of each class live in each place",
        id=_TEXT,
        client_class=_TEXT,
        domicile=_TEXT,
        relation=_TEXT,
        count=_NUMBER,
    ),
    FactKind("claims.state", _AMOUNTS, _LEDGER, "claims of a state's residents, per asset", "units", by_state=True),
    FactKind(
        "outstanding.state",
        _AMOUNTS,
        _LEDGER,
        "money owed to a state's residents, per currency",
        "currency",
        by_state=True,
    ),
    FactKind("log.whole", _FLAG, _LEDGER, "every record of the log follows the one before it, by hash, without gap"),
    FactKind("orders.gaps", _NUMBER, _LEDGER, "gaps in the order records of any book"),
    _records(
        "order_to_trade",
        _LEDGER,
        "orders and trades of each member in each market, in the last session; of very many members, those that decide",
        id=_TEXT,
        member=_TEXT,
        market=_TEXT,
        orders=_NUMBER,
        trades=_NUMBER,
        ordered=_NUMBER,
        traded=_NUMBER,
    ),
    _records(
        "record_fields",
        _LEDGER,
        "how many records of a class lack a field",
        id=_TEXT,
        record=_TEXT,
        field=_TEXT,
        records=_NUMBER,
        lacking=_NUMBER,
    ),
    FactKind("fees.rewarding_cancels", _NAMES, _LEDGER, "fees that reward placing or cancelling, which none may"),
    _records(
        "controls",
        _LEDGER,
        "controls that the engine runs, or that the firm states, and when each was tested",
        name=_TEXT,
        in_place=_FLAG,
        tested_on_=_DAY,
        reference_=_TEXT,
    ),
    _records(
        "margin.accounts",
        _LEDGER,
        "accounts that trade on margin",
        id=_TEXT,
        client_class=_TEXT,
        exposure=_NUMBER,
        equity=_NUMBER,
        credit=_NUMBER,
        margin_funds=_NUMBER,
        warned_=_MOMENT,
        breached_=_MOMENT,
        closed_=_MOMENT,
        collateral_allowed=_FLAG,
    ),
    # The other rooms of compliance.
    _records(
        "transfers",
        Source.TRAVEL_RULE,
        "transfers of the period as the travel rule sees them",
        id=_TEXT,
        direction=_TEXT,
        at=_MOMENT,
        value_aed_=_NUMBER,
        value_eur_=_NUMBER,
        value_usd_=_NUMBER,
        value_jpy_=_NUMBER,
        counterparty=_TEXT,
        self_hosted=_FLAG,
        complete=_FLAG,
        credited_before_complete=_FLAG,
        ownership_proof_=_TEXT,
        due_diligence_until_=_DAY,
    ),
    _records(
        "screening",
        Source.SCREENING,
        "screenings by occasion and list set",
        id=_TEXT,
        occasion=_TEXT,
        subjects=_NUMBER,
        screened=_NUMBER,
        open_hits=_NUMBER,
        oldest_open_=_MOMENT,
    ),
    _records(
        "detectors",
        Source.SURVEILLANCE,
        "detectors, when each ran last, and the state of its alerts",
        detector=_TEXT,
        ran_at_=_MOMENT,
        complete=_FLAG,
        alerts=_NUMBER,
        open=_NUMBER,
        oldest_open_=_MOMENT,
    ),
    _records(
        "cases",
        Source.SURVEILLANCE,
        "cases of market abuse or money laundering, and what was filed of each",
        id=_TEXT,
        kind=_TEXT,
        detected=_MOMENT,
        filed_=_MOMENT,
        amount_usd_=_NUMBER,
        state=_TEXT,
    ),
    _records(
        "retention",
        Source.RETENTION,
        "record classes and how long they are kept",
        **{"class": _TEXT},
        keeps_years_=_NUMBER,
        gaps=_NUMBER,
        first_day_=_DAY,
    ),
    FactKind("archive.verified", _MOMENT, Source.RETENTION, "when the archive's whole chain was verified last"),
    FactKind("archive.drilled", _MOMENT, Source.RETENTION, "when a restore of the archive was tried last"),
    FactKind("archive.regions", _NAMES, Source.RETENTION, "countries in which the records can be read"),
    _records(
        "statements.monthly",
        _LEDGER,
        "clients' statements for each calendar month",
        period_end=_DAY,
        expected=_NUMBER,
        prepared=_NUMBER,
        prepared_at_=_MOMENT,
    ),
    _records(
        "statements.quarterly",
        _LEDGER,
        "clients' statements for each calendar quarter",
        period_end=_DAY,
        expected=_NUMBER,
        prepared=_NUMBER,
        prepared_at_=_MOMENT,
    ),
    # What only the firm knows, and every regime asks.
    FactKind("business.since", _DAY, _FIRM, "the day on which the entity began this business"),
    FactKind("finance.total_assets", _NUMBER, _FIRM, "total assets of the last accounts, in the accounts' currency"),
    FactKind("finance.total_liabilities", _NUMBER, _FIRM, "total liabilities of the last accounts"),
    FactKind("finance.intangibles", _NUMBER, _FIRM, "intangible assets of the last accounts"),
    FactKind("finance.fixed_overheads", _NUMBER, _FIRM, "fixed overheads of the last year"),
    FactKind("finance.operating_expenses", _NUMBER, _FIRM, "operating expenses of a month"),
    FactKind("finance.currency", _TEXT, _FIRM, "the currency of the accounts"),
    FactKind(STATES, _NAMES, _FIRM, "US states, as `US-NY`, in which the entity is licensed", choices=US_STATES),
)
"""In the order in which people read them."""


def by_name(kinds: Iterable[FactKind]) -> Mapping[str, FactKind]:
    """A catalogue; raises AssertionError where one name stands twice."""
    found: dict[str, FactKind] = {}
    for kind in kinds:
        assert kind.name not in found, f"two facts are called {kind.name}"
        found[kind.name] = kind
    return found
