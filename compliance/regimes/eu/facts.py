"""Facts that this regime alone asks for. Money is in euro unless a field says its currency; times have a time zone.

What the firm states about itself comes first (authorisations, services, capital, incidents, audits), then what the
ledger, the log of orders and the files made from them give. Facts about margin and CFDs are the ledger's where the
exchange offers margin or derivatives (`compliance/sources/cfd.py`); when clients were told of a fall only the firm
knows.
"""

from __future__ import annotations

from typing import Final

from compliance.facts import FactKind, Shape, Source, records_kind

__all__ = ["FACTS"]

_FIRM, _LEDGER, _TRAVEL = Source.FIRM, Source.LEDGER, Source.TRAVEL_RULE
_AMOUNTS, _NAMES, _NUMBER, _DAY, _FLAG, _TEXT, _MOMENT = (
    Shape.AMOUNTS, Shape.NAMES, Shape.NUMBER, Shape.DAY, Shape.FLAG, Shape.TEXT, Shape.MOMENT,
)  # fmt: skip


def _records(name: str, source: Source, meaning: str, /, **fields: Shape) -> FactKind:
    return records_kind(name, source, meaning, fields)


FACTS: Final[tuple[FactKind, ...]] = (
    # What the entity is allowed to do, and does.
    FactKind(
        "eu.licences",
        _NAMES,
        _FIRM,
        "authorisations held, of: mica (crypto-asset service provider), mifid-firm, mifid-venue; an empty list: none",
        choices=("mica", "mifid-firm", "mifid-venue"),
    ),
    FactKind(
        "eu.services",
        _NAMES,
        _FIRM,
        "MiCA services, of: custody, platform, exchange, execution, placing, reception, advice, portfolio, transfer",
        choices=(
            "advice",
            "custody",
            "exchange",
            "execution",
            "placing",
            "platform",
            "portfolio",
            "reception",
            "transfer",
        ),
    ),
    FactKind(
        "eu.activities",
        _NAMES,
        _FIRM,
        "further business, of: reportable-instruments, client-assets, algorithmic-trading, leveraged-retail, "
        "cfd-retail, market-making-scheme, options-or-loans, emt-or-art-holders; an empty list: none of it",
        choices=(
            "algorithmic-trading",
            "cfd-retail",
            "client-assets",
            "emt-or-art-holders",
            "leveraged-retail",
            "market-making-scheme",
            "options-or-loans",
            "reportable-instruments",
        ),
    ),
    # Capital.
    FactKind(
        "eu.safeguards", _NUMBER, _FIRM, "CET1 own funds and insurance that count under MiCA article 67(4)", "EUR"
    ),
    FactKind(
        "eu.fixed_overheads",
        _NUMBER,
        _FIRM,
        "fixed overheads of the last year after the deductions that the law allows; projected in the first year",
        "EUR",
    ),
    FactKind("eu.capital.reviewed", _DAY, _FIRM, "when the prudential safeguards were reviewed last"),
    FactKind("eu.own_funds", _NUMBER, _FIRM, "own funds under IFR article 9", "EUR"),
    FactKind(
        "eu.ifr.class",
        _TEXT,
        _FIRM,
        "permanent minimum capital, one of: own-account (750,000), other (150,000), no-client-money (75,000)",
    ),
    FactKind(
        "eu.ifr.averages",
        _AMOUNTS,
        _FIRM,
        "averages by K-factor: AUM, CMH-segregated, CMH-other, ASA, COH-cash, COH-derivatives, DTF-cash, "
        "DTF-derivatives",
        "EUR",
    ),
    FactKind(
        "eu.ifr.other_factors", _NUMBER, _FIRM, "sum of K-NPR, K-CMG, K-TCD and K-CON, which are not computed", "EUR"
    ),
    # Client money.
    _records(
        "eu.client_fund_accounts",
        _FIRM,
        "accounts with clients' funds; place, one of: central bank, credit institution, third-country bank, "
        "qualifying money market fund",
        id=_TEXT,
        place=_TEXT,
        separate=_FLAG,
        agreement_=_TEXT,
    ),
    _records(
        "eu.client_funds.placements",
        _FIRM,
        "clients' funds received in the period, and when they were placed with a bank",
        id=_TEXT,
        currency=_TEXT,
        amount=_NUMBER,
        received=_MOMENT,
        placed_=_MOMENT,
    ),
    FactKind("eu.client_funds.total", _NUMBER, _FIRM, "clients' funds deposited, all places", "EUR"),
    FactKind("eu.client_funds.group", _NUMBER, _FIRM, "of that, with entities of the firm's own group", "EUR"),
    # Reviews and reports that the firm makes or receives.
    FactKind(
        "eu.transaction_reports.reconciled", _DAY, _FIRM, "when own trades were last compared with what was reported"
    ),
    FactKind("eu.safeguarding.audited", _DAY, _FIRM, "date of the external auditor's last report on safeguarding"),
    FactKind(
        "eu.algo.self_assessed", _DAY, _FIRM, "when the yearly self-assessment of algorithmic trading was last made"
    ),
    FactKind("eu.best_execution.reviewed", _DAY, _FIRM, "when the quality of execution was last reviewed"),
    FactKind("eu.cfd.disclosed", _DAY, _FIRM, "when the share of losing CFD accounts was last brought up to date"),
    FactKind("eu.dac8.since", _DAY, _FIRM, "first day of reportable business, not before 2026-01-01"),
    _records(
        "eu.dac8.filings",
        _FIRM,
        "DAC8 files by calendar year",
        period_end=_DAY,
        filed_at_=_MOMENT,
    ),
    _records(
        "eu.incidents",
        _FIRM,
        "ICT incidents: when the firm knew of each, when it classified it, and when it reported",
        id=_TEXT,
        major=_FLAG,
        aware=_MOMENT,
        classified_=_MOMENT,
        initial_=_MOMENT,
        intermediate_=_MOMENT,
        final_=_MOMENT,
    ),
    _records(
        "eu.losses",
        _FIRM,
        "losses of clients' crypto-assets for which the firm answers; value at the moment of the loss",
        id=_TEXT,
        asset=_TEXT,
        units=_NUMBER,
        lost_at=_MOMENT,
        value_eur=_NUMBER,
        made_good_eur_=_NUMBER,
    ),
    _records(
        "eu.admissions",
        _FIRM,
        "crypto-assets admitted to trading; the white paper's reference, or the exemption that it falls under",
        id=_TEXT,
        admitted=_DAY,
        white_paper_or_exemption_=_TEXT,
    ),
    _records(
        "eu.emt_reports",
        _FIRM,
        "holder and transaction data owed to issuers of EMTs and ARTs, by issuer and quarter; the day that was agreed",
        id=_TEXT,
        period_end=_DAY,
        due=_DAY,
        sent_=_DAY,
        complete=_FLAG,
    ),
    FactKind(
        "eu.gateway_latency_us", _NUMBER, _FIRM, "gateway-to-gateway latency of the trading system", "microseconds"
    ),
    _records(
        "eu.clocks",
        _FIRM,
        "business clocks: greatest divergence from UTC in the period, granularity of the time stamps",
        id=_TEXT,
        divergence_us=_NUMBER,
        granularity_us=_NUMBER,
    ),
    FactKind("eu.otr.number_max", _NUMBER, _FIRM, "the venue's greatest ratio of unexecuted orders, by number"),
    FactKind("eu.otr.volume_max", _NUMBER, _FIRM, "the venue's greatest ratio of unexecuted orders, by volume"),
    # From the ledger, the log of orders, and the files made from them.
    _records(
        "eu.transaction_reports",
        _LEDGER,
        "transactions of each day and their reports; `complete` when the last accepted report of the day went out",
        id=_TEXT,
        day=_DAY,
        transactions=_NUMBER,
        reported=_NUMBER,
        rejected_open=_NUMBER,
        complete_=_MOMENT,
    ),
    _records(
        "eu.files",
        _LEDGER,
        "transaction-level files: kind, one of: transaction reports, order-book records, CARF; problems, if looked for",
        id=_TEXT,
        kind=_TEXT,
        made=_MOMENT,
        first=_DAY,
        last=_DAY,
        records=_NUMBER,
        problems_=_NUMBER,
        schema=_TEXT,
        schema_status=_TEXT,
        sha256=_TEXT,
    ),
    FactKind("eu.orders.beyond_limits", _NUMBER, _LEDGER, "orders beyond a limit that were accepted without authority"),
    FactKind("eu.monitoring_delay_ms", _NUMBER, _LEDGER, "longest delay of the venue's monitoring", "milliseconds"),
    FactKind("eu.algo.alert_delay_ms", _NUMBER, _LEDGER, "longest delay of an alert on own algorithms", "milliseconds"),
    _records(
        "eu.overrides",
        _LEDGER,
        "orders that were let through above a limit at a member's request",
        id=_TEXT,
        order_=_TEXT,
        authorised_by_=_TEXT,
        until_=_MOMENT,
    ),
    _records(
        "eu.halts",
        _LEDGER,
        "halts of trading by the volatility mechanism",
        id=_TEXT,
        market=_TEXT,
        began=_MOMENT,
        ended_=_MOMENT,
        reason_=_TEXT,
        reference_price_=_NUMBER,
        parameters_=_TEXT,
    ),
    _records(
        "eu.settlements",
        _LEDGER,
        "of each market and day, the trade that took longest to settle",
        id=_TEXT,
        traded=_MOMENT,
        settled_=_MOMENT,
        on_chain=_FLAG,
    ),
    FactKind("eu.house_trades", _NUMBER, _LEDGER, "trades on the platform for its operator's own account"),
    _records(
        "eu.depreciations",
        _FIRM,
        "falls by a further tenth of a retail client's leveraged position, and when the client was told",
        id=_TEXT,
        crossed=_MOMENT,
        told_=_MOMENT,
    ),
    _records(
        "eu.cfd.openings",
        _LEDGER,
        "CFDs opened by retail clients; class, one of: major-fx, minor-fx-gold-major-index, other-commodity-index, "
        "share-or-other, crypto",
        id=_TEXT,
        **{"class": _TEXT},
        notional=_NUMBER,
        margin=_NUMBER,
    ),
    _records(
        "eu.cfd.accounts",
        _LEDGER,
        "retail CFD accounts: equity with unrealised profit, sum of required margin, when it was closed out",
        id=_TEXT,
        equity=_NUMBER,
        required_margin=_NUMBER,
        closed_=_MOMENT,
    ),
    _records(
        "eu.cfd.losers",
        _LEDGER,
        "share of retail CFD accounts that lost money, in per cent: as computed, and as the warning shows it; the "
        "ledger's record is `12 months`, and the firm states what it shows under that id",
        id=_TEXT,
        computed=_NUMBER,
        shown_=_NUMBER,
    ),
    _records(
        "eu.tfr.failures",
        _TRAVEL,
        "counterparties that failed to send complete data",
        id=_TEXT,
        failures=_NUMBER,
        steps_=_TEXT,
        reported_=_MOMENT,
    ),
)
"""In the order in which people read them."""
