"""Facts that Dubai's rules alone ask for. Amounts are in AED where nothing else is said; days are Dubai's.

Money that a threshold in AED is held against is asked for in AED here, and not in the currency of the accounts, so that
no figure of another currency is ever compared with dirhams.
"""

from __future__ import annotations

from typing import Final

from compliance.facts import FactKind, Shape, Source, records_kind

__all__ = ["ACTIVITIES", "FACTS"]

ACTIVITIES: Final = (
    "advisory", "broker-dealer", "custody", "exchange", "issuance", "lending", "management", "transfer",
)  # fmt: skip
"""What a licence can be for; `management` is VA management and investment, `transfer` is transfer and settlement."""

_FIRM, _LEDGER = Source.FIRM, Source.LEDGER
_AMOUNTS, _NUMBER, _DAY, _FLAG, _TEXT, _MOMENT = (
    Shape.AMOUNTS, Shape.NUMBER, Shape.DAY, Shape.FLAG, Shape.TEXT, Shape.MOMENT,
)  # fmt: skip


def _records(name: str, meaning: str, /, *, source: Source = _FIRM, **fields: Shape) -> FactKind:
    return records_kind(name, source, meaning, fields)


def _number(name: str, meaning: str, unit: str = "AED") -> FactKind:
    return FactKind(name, _NUMBER, _FIRM, meaning, unit)


FACTS: Final[tuple[FactKind, ...]] = (
    # The licence.
    FactKind(
        "vara.activities", Shape.NAMES, _FIRM, "activities that the licence names; empty: none", choices=ACTIVITIES
    ),
    FactKind("vara.margin_licensed", _FLAG, _FIRM, "the licence names margin trading"),
    FactKind("vara.custodian_licensed", _FLAG, _FIRM, "custody is with a firm that VARA licenses for it, or approved"),
    _records(
        "vara.controls",
        "policies and arrangements that the firm states to have, and when each was tested or reviewed",
        name=_TEXT, in_place=_FLAG, tested_on_=_DAY, reference_=_TEXT,
    ),
    # Reserves and client assets.
    FactKind("vara.reserve_audit.last", _DAY, _FIRM, "day of the last independent audit of the reserve assets"),
    _records(
        "vara.reserve_audits",
        "independent audits of the reserve assets; `quarter`: the end of the quarter whose filing its report goes into",
        id=_TEXT, done_on=_DAY, auditor=_TEXT, independent=_FLAG, quarter_=_DAY,
    ),
    _records(
        "vara.por_requests",
        "demonstrations of reserves that VARA asked for; `bundle`: the digest of what was given",
        id=_TEXT, asked=_DAY, due=_DAY, answered_=_DAY, all_clients_and_products_=_FLAG, bundle_=_TEXT,
    ),
    _records(
        "vara.control_scope",
        "entities, accounts and keys by which client assets are held or controlled, and whether statements count them",
        id=_TEXT, basis=_TEXT, in_statement=_FLAG,
    ),
    _records(
        "vara.proceeds",
        "airdrops, staking gains and the like on client assets; `waiver`: the client's agreement or accepted cut-off",
        id=_TEXT, asset=_TEXT, received=_NUMBER, credited=_NUMBER, waiver_=_TEXT,
    ),
    # Client money.
    _records(
        "vara.client_money.receipts",
        "client money received; `exception`: pass-through, or delivery versus payment due within a day",
        id=_TEXT, received=_MOMENT, paid_in_=_MOMENT, exception_=_TEXT, client_domicile=_TEXT, bank_country=_TEXT,
        move_started_=_MOMENT,
    ),
    _records(
        "vara.client_money.workpapers",
        "each day's reconciliation of client accounts and which of its five lists it holds",
        day=_DAY, credit_balances=_FLAG, debit_balances=_FLAG, outstanding_lodgements=_FLAG, cash_book=_FLAG,
        bank_statements=_FLAG, prepared_by=_TEXT, approved_by_=_TEXT,
    ),
    _records(
        "vara.client_money.differences",
        "differences that reconciliations of client money found",
        id=_TEXT, found=_MOMENT, resolved_=_MOMENT, shortfall=_FLAG, cured_with_own_funds_=_FLAG, material=_FLAG,
        notified_=_MOMENT,
    ),
    # Prudential.
    _number("vara.capital.paid_up", "paid-up capital"),
    _number("vara.overheads.fixed", "fixed overheads of the last year"),
    _number("vara.expenses.monthly", "operating expenses of a month"),
    _number("vara.liquid_assets", "cash, cash equivalents and eligible fiat-referenced tokens"),
    _number("vara.liabilities.current", "current liabilities, without the part of operational exposure"),
    _number("vara.exposure.in_liabilities", "part of the operational exposure agreed with VARA as a current liability"),
    _records(
        "vara.net_liquid_days",
        "each day's reconciliation of net liquid assets, and the floor of that day",
        day=_DAY, net_liquid_assets=_NUMBER, floor=_NUMBER,
    ),
    _records(
        "vara.insurance",
        "policies by what they insure; `in_place`: cover is held; `until`: the last day of cover; `cover` in AED",
        name=_TEXT, in_place=_FLAG, tested_on_=_DAY, reference_=_TEXT, regulated_insurer=_FLAG, until_=_DAY,
        cover_=_NUMBER,
    ),
    _records(
        "vara.notices",
        "events of which VARA must be told; `subject`: capital, net liquid assets, insurance, reserve assets, lending",
        id=_TEXT, subject=_TEXT, detected=_MOMENT, sent_=_MOMENT,
    ),
    _number("vara.exposure.total", "operational exposure to virtual assets, as computed for VARA"),
    _number("vara.exposure.own", "value of the firm's own virtual assets"),
    _number("vara.exposure.margin_funds", "funds lent for margin trading"),
    _records(
        "vara.exposure_days",
        "each day's operational exposure",
        day=_DAY, own=_NUMBER, margin_funds=_NUMBER, other=_NUMBER, total_=_NUMBER,
    ),
    # Filings.
    _records(
        "vara.filings.monthly",
        "monthly submissions, and which of the seven parts each held",
        id=_TEXT, period_end=_DAY, filed_at_=_MOMENT, balance_sheet=_FLAG, profit_and_loss=_FLAG,
        income_statement=_FLAG, cash_flow=_FLAG, group_investors=_FLAG, related_parties=_FLAG,
        wallets_listed=_NUMBER, wallets_registered=_NUMBER,
    ),
    _records(
        "vara.filings.quarterly",
        "quarterly submissions, and what each held; `audit_due`: a report of the reserve audit was to go with it",
        id=_TEXT, period_end=_DAY, filed_at_=_MOMENT, board_minutes=_FLAG, financial_requirements=_FLAG,
        reserve_assets=_FLAG, projections=_FLAG, risk_exposure=_FLAG, audit_due=_FLAG, audit_attached=_FLAG,
    ),
    _records(
        "vara.filings.annual",
        "annual submissions, and what each held",
        id=_TEXT, period_end=_DAY, filed_at_=_MOMENT, audited_statements=_FLAG, control_opinion=_FLAG,
        management_assessment=_FLAG, certification=_FLAG, onboarding_sample=_FLAG,
    ),
    _records(
        "vara.fiu_requests",
        "questions of the UAE FIU or VARA on suspicious transactions",
        id=_TEXT, asked=_MOMENT, answered_=_MOMENT,
    ),
    _records(
        "vara.group_entities",
        "entities of the group, and whether they invest their own or the group's portfolio in virtual assets",
        id=_TEXT, entity=_TEXT, relation=_TEXT, invests_own=_FLAG,
    ),
    _records(
        "vara.group_transactions",
        "transactions of the period with group entities that invest, loans among them",
        id=_TEXT, at=_MOMENT, entity=_TEXT, kind=_TEXT, asset=_TEXT, units=_NUMBER,
    ),
    _records(
        "vara.related_party_transactions",
        "transactions of the period with related parties",
        id=_TEXT, at=_MOMENT, party=_TEXT, relation=_TEXT, kind=_TEXT, asset=_TEXT, units=_NUMBER,
    ),
    # Margin, lending, custody, issuance.
    _records(
        "vara.margin.orders",
        "orders on margin; `funded_by`: firm, client, or another client",
        source=_LEDGER,
        id=_TEXT, account=_TEXT, separate_account=_FLAG, funded_by=_TEXT, initial_margin_paid_=_MOMENT, filled=_MOMENT,
    ),
    _records(
        "vara.margin.statements",
        "margin statements to clients for each calendar month",
        source=_LEDGER,
        period_end=_DAY, expected=_NUMBER, prepared=_NUMBER, prepared_at_=_MOMENT,
    ),
    _records(
        "vara.margin.approvals",
        "rates and methods of margin in use, and VARA's approval of each",
        id=_TEXT, parameter=_TEXT, approval_=_TEXT,
    ),
    FactKind(
        "vara.margin.tokens", Shape.NAMES, _FIRM,
        "fiat-referenced tokens that are eligible collateral: of USD and fully cash-backed, or of AED and approved",
    ),
    FactKind("vara.lending.available", _AMOUNTS, _FIRM, "available to meet lending clients' claims", "units"),
    FactKind("vara.lending.due", _AMOUNTS, _FIRM, "due to lending clients, per asset", "units"),
    _records(
        "vara.lending.collateral",
        "loans, and their collateral in AED as agreed and as posted",
        id=_TEXT, agreed=_NUMBER, posted=_NUMBER,
    ),
    _number("vara.custody.independent_directors", "independent directors on the custodian's board", "directors"),
    _records(
        "vara.collateral_wallets",
        "collateral wallets; `licence`: where the licence names the service, `instruction`: the client's",
        id=_TEXT, address=_TEXT, licence_=_TEXT, instruction_=_TEXT,
    ),
    FactKind(
        "vara.frva.reserves", _AMOUNTS, _FIRM, "reserve assets of own fiat-referenced tokens, per reference currency",
        "currency",
    ),
    FactKind(
        "vara.frva.circulation", _AMOUNTS, _FIRM, "own fiat-referenced tokens in circulation, per reference currency",
        "currency",
    ),
    _records(
        "vara.frva.holdings",
        "reserve assets one by one; `instrument`: cash, debt, repo or money-market-fund; `days_left`: to maturity",
        id=_TEXT, instrument=_TEXT, in_reference_currency=_FLAG, days_left_=_NUMBER,
    ),
    _records(
        "vara.frva.audits",
        "monthly independent audits of the token's reserve, with the management's attestation",
        id=_TEXT, period_end=_DAY, filed_at_=_MOMENT, independent=_FLAG, management_attested=_FLAG,
    ),
)  # fmt: skip
"""In the order in which a firm fills them in."""
