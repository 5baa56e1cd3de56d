"""A hand-made licensed firm of every activity with everything in order, and the pack input of its quarter.

    python -m tests.compliance.regimes.sample_vara

writes the golden documents again (tests/compliance/regimes/golden/).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from compliance.catalogue import SHARED, by_name
from compliance.evaluate import evaluate
from compliance.facts import Assurance, Evidence, Fact, Facts, Record, Scalar, Source, Value
from compliance.regimes.vara import RULES
from compliance.regimes.vara.facts import ACTIVITIES, FACTS
from compliance.reports.inputs import BookLine, CoveragePoint, Evaluated, PackInput
from compliance.reports.packs.vara import KINDS, pack
from compliance.verdicts import Result

CATALOGUE = by_name([*SHARED, *FACTS])
AS_OF = datetime(2026, 9, 30, 19, tzinfo=UTC)
"""The last full hour of 30 September 2026 in Dubai."""
ENTITY = "Example Exchange FZE"


def amount(number: int | str) -> Fraction:
    """A number as facts have it."""
    return Fraction(str(number))


def at(month: int, day: int, hour: int = 0, minute: int = 0) -> datetime:
    """A moment of 2026, UTC."""
    return datetime(2026, month, day, hour, minute, tzinfo=UTC)


def record(fact: str, **given: Scalar | int) -> Record:
    """A record of a fact: whole numbers become fractions, what may be empty and is not given is empty."""
    fields = CATALOGUE[fact].fields
    assert fields is not None
    filled = {name.removesuffix("?"): given.get(name.removesuffix("?")) for name in fields}
    assert set(given) <= set(filled), set(given) - set(filled)
    return {
        name: amount(value) if isinstance(value, int) and not isinstance(value, bool) else value  # type: ignore[misc]  # whole numbers are gone
        for name, value in filled.items()
    }


def rows(fact: str, *given: Mapping[str, Scalar | int]) -> tuple[Record, ...]:
    """Records of a fact."""
    return tuple(record(fact, **each) for each in given)


def every_day(fact: str, **given: Scalar | int) -> tuple[Record, ...]:
    """The same record for each day of August and September."""
    days = (date(2026, 8, 1) + timedelta(days=each) for each in range(60))
    return tuple(record(fact, day=day, **given) for day in days)


_LISTS = ("credit_balances", "debit_balances", "outstanding_lodgements", "cash_book", "bank_statements")
_KEPT = (
    "trade", "order", "general_ledger", "customer_ledger", "command_log", "attestation", "reconciliation",
    "client_statement", "agreement", "communication", "complaint", "conflict", "minutes", "kyc", "travel_rule",
    "screening", "surveillance_case", "suspicion_report", "lending",
)  # fmt: skip
_FIELDS = ("amount", "date", "time", "instruction", "fees", "names", "accounts", "country")
_CONTROLS = (
    "policy for unhosted wallets", "policy for anonymity-enhanced transfers", "published code of conduct",
    "rules to suspend and expel", "separate legal entity for custody",
)  # fmt: skip
_POLICIES = ("professional indemnity", "directors and officers", "commercial crime for hot wallets")
_MONTHS = (date(2026, 7, 31), date(2026, 8, 31))
_SEVEN = dict.fromkeys(
    ("balance_sheet", "profit_and_loss", "income_statement", "cash_flow", "group_investors", "related_parties"), True
)
QUARTERLY = {
    "id": "Q2", "period_end": date(2026, 6, 30), "filed_at": at(7, 20), "board_minutes": True,
    "financial_requirements": True, "reserve_assets": True, "projections": True, "risk_exposure": True,
    "audit_due": True, "audit_attached": True,
}  # fmt: skip
ANNUAL = {
    "id": "2025", "period_end": date(2025, 12, 31), "filed_at": at(3, 31), "audited_statements": True,
    "control_opinion": True, "management_assessment": True, "certification": True, "onboarding_sample": True,
}  # fmt: skip
RECEIPT = {
    "id": "r1", "received": at(9, 1, 8), "paid_in": at(9, 1, 9), "client_domicile": "AE", "bank_country": "AE",
}  # fmt: skip
ABROAD = {
    "id": "r2", "received": at(9, 1, 8), "paid_in": at(9, 1, 9), "client_domicile": "GB", "bank_country": "GB",
    "move_started": at(9, 2, 7),
}  # fmt: skip
TRANSFER_OUT = {
    "id": "t1", "direction": "out", "at": at(9, 5, 10), "value_aed": 5000, "counterparty": "another firm",
    "self_hosted": False, "complete": True, "credited_before_complete": False,
    "due_diligence_until": date(2026, 12, 31),
}  # fmt: skip
TRANSFER_IN = {**TRANSFER_OUT, "id": "t2", "direction": "in"}
UNHOSTED = {**TRANSFER_OUT, "id": "t3", "self_hosted": True, "due_diligence_until": None, "ownership_proof": "p-1"}
MARGIN = {
    "id": "c1", "client_class": "QUALIFIED", "exposure": 200, "equity": 100, "credit": 100, "margin_funds": 1000,
    "warned": at(9, 10, 8), "breached": at(9, 10, 9), "collateral_allowed": True,
}  # fmt: skip
WITHDRAWAL = {
    "id": "w1", "account": "a1", "asset": "BTC", "units": 1, "requested": at(9, 20, 8), "done": at(9, 20, 9),
    "state": "settled", "instructed": True,
}  # fmt: skip
CASE = {"id": "k1", "detected": at(9, 12, 8), "filed": at(9, 12, 12), "state": "filed"}
WALLET = {
    "id": "1", "wallet": "clients-cold", "address": "bc1qexampleclients", "chain": "bitcoin", "owner": "client",
    "custody": "offline", "label": "Client VA Wallet 1", "control": "signed message", "evidence": "proven",
}  # fmt: skip
OWN_WALLET = {**WALLET, "id": "2", "wallet": "own", "address": "bc1qexampleown", "owner": "own", "label": "Treasury"}

GOOD: Mapping[str, Value] = {
    # reserves and client assets
    "reserves.client": {"BTC": amount(105), "ETH": amount(2100), "USDT": amount("5000000.25")},
    "claims": {"BTC": amount(100), "ETH": amount(2000), "USDT": amount(4800000)},
    "reserves.own": {"BTC": amount(12)},
    "reserves.unread": frozenset(),
    "encumbrances": (),
    "reconciliations": every_day("reconciliations", kind="assets", differences=1, unexplained=0),
    "business.since": date(2026, 7, 1),
    "vara.reserve_audit.last": date(2026, 6, 10),
    "vara.reserve_audits": rows(
        "vara.reserve_audits",
        {"id": "1", "done_on": date(2026, 6, 10), "auditor": "Example Auditors", "independent": True,
         "quarter": date(2026, 6, 30)},
    ),
    "vara.por_requests": rows(
        "vara.por_requests",
        {"id": "1", "asked": date(2026, 8, 1), "due": date(2026, 8, 15), "answered": date(2026, 8, 10),
         "all_clients_and_products": True, "bundle": "ab" * 32},
    ),
    "wallets": rows("wallets", WALLET, OWN_WALLET),
    "wallets.mixed": (),
    "postings.to_own": rows(
        "postings.to_own",
        {"id": "1", "asset": "BTC", "units": 1, "reason": "fee", "is_charge": True, "reference": "trading fee"},
    ),
    "vara.proceeds": rows(
        "vara.proceeds", {"id": "1", "asset": "ETH", "received": 3, "credited": 3},
        {"id": "2", "asset": "ETH", "received": 1, "credited": 0, "waiver": "terms 12.3"},
    ),
    "vara.control_scope": rows(
        "vara.control_scope", {"id": "Example Custody LLC", "basis": "controlled entity", "in_statement": True}
    ),
    # client money
    "bank_accounts": rows(
        "bank_accounts",
        {"id": "b1", "title": "Example Exchange FZE Client Account", "country": "AE", "currency": "AED",
         "kind": "client", "bank": "Example Bank", "group_member": False, "statutory_trust": True},
    ),
    "vara.client_money.receipts": rows("vara.client_money.receipts", RECEIPT, ABROAD),
    "client_money.held": {"AED": amount(1_050_000)},
    "client_money.owed": {"AED": amount(1_000_000)},
    "vara.client_money.workpapers": every_day(
        "vara.client_money.workpapers", prepared_by="A", approved_by="B", **dict.fromkeys(_LISTS, True)
    ),
    "vara.client_money.differences": rows(
        "vara.client_money.differences",
        {"id": "1", "found": at(9, 3, 6), "resolved": at(9, 3, 10), "shortfall": True, "cured_with_own_funds": True,
         "material": False},
    ),
    "statements.monthly": tuple(
        record("statements.monthly", period_end=end, expected=500, prepared=500,
               prepared_at=datetime(end.year, end.month + 1, 20, tzinfo=UTC))
        for end in _MONTHS
    ),
    # prudential
    "vara.activities": frozenset(ACTIVITIES),
    "vara.margin_licensed": True,
    "vara.custodian_licensed": False,
    "vara.capital.paid_up": amount(30_000_000),
    "vara.overheads.fixed": amount(8_000_000),
    "vara.expenses.monthly": amount(1_000_000),
    "vara.liquid_assets": amount(6_000_000),
    "vara.liabilities.current": amount(2_000_000),
    "vara.exposure.in_liabilities": amount(500_000),
    "vara.net_liquid_days": every_day("vara.net_liquid_days", net_liquid_assets=3_500_000, floor=1_200_000),
    "vara.insurance": tuple(
        record("vara.insurance", name=name, in_place=True, reference="P-1", regulated_insurer=True,
               until=date(2026, 12, 31), cover=50_000_000)
        for name in _POLICIES
    ),
    "values.client.hot": {"AED": amount(20_000_000)},
    "vara.notices": rows("vara.notices", {"id": "1", "subject": "insurance", "detected": at(9, 1, 8),
                                          "sent": at(9, 1, 9)}),
    "vara.exposure.total": amount(2_000_000),
    "vara.exposure.own": amount(1_000_000),
    "vara.exposure.margin_funds": amount(900_000),
    "vara.exposure_days": every_day("vara.exposure_days", own=1, margin_funds=1, other=0, total=2),
    # reporting
    "vara.filings.monthly": tuple(
        record("vara.filings.monthly", id=end.isoformat(), period_end=end,
               filed_at=datetime(end.year, end.month + 1, 25, tzinfo=UTC), wallets_listed=2, wallets_registered=2,
               **_SEVEN)
        for end in _MONTHS
    ),
    "vara.filings.quarterly": rows("vara.filings.quarterly", QUARTERLY),
    "vara.filings.annual": rows("vara.filings.annual", ANNUAL),
    "retention": tuple(record("retention", **{"class": name}, keeps_years=10, gaps=0) for name in _KEPT),
    "record_fields": tuple(
        record("record_fields", id=name, record="transaction", field=name, records=900, lacking=0) for name in _FIELDS
    ),
    # transfers and suspicion
    "transfers": rows("transfers", TRANSFER_OUT, TRANSFER_IN, UNHOSTED),
    "vara.controls": tuple(record("vara.controls", name=name, in_place=True) for name in _CONTROLS),
    "cases": rows("cases", {**CASE, "kind": "money laundering"}, {**CASE, "id": "k2", "kind": "market abuse"}),
    "vara.fiu_requests": rows("vara.fiu_requests", {"id": "1", "asked": at(9, 1, 8), "answered": at(9, 2, 8)}),
    # trading
    "margin.accounts": rows("margin.accounts", MARGIN),
    "vara.margin.orders": rows(
        "vara.margin.orders",
        {"id": "1", "account": "c1", "separate_account": True, "funded_by": "firm",
         "initial_margin_paid": at(9, 10, 7), "filled": at(9, 10, 8)},
    ),
    "vara.margin.statements": tuple(
        record("vara.margin.statements", period_end=end, expected=3, prepared=3,
               prepared_at=datetime(end.year, end.month + 1, 20, tzinfo=UTC))
        for end in _MONTHS
    ),
    "vara.margin.approvals": rows("vara.margin.approvals", {"id": "1", "parameter": "rates", "approval": "letter 1"}),
    "detectors": tuple(
        record("detectors", detector=f"MA-{number:02d}", ran_at=at(9, 30, 6), complete=True, alerts=2, open=1,
               oldest_open=at(9, 28, 6))
        for number in range(1, 13)
    ),
    "fees.rewarding_cancels": frozenset(),
    "controls": tuple(record("controls", name=name, in_place=True) for name in ("halt-market", "cancel-all")),
    # services
    "vara.lending.available": {"BTC": amount(10)},
    "vara.lending.due": {"BTC": amount(9)},
    "vara.lending.collateral": rows("vara.lending.collateral", {"id": "1", "agreed": 100, "posted": 110}),
    "withdrawals": rows("withdrawals", WITHDRAWAL),
    "vara.custody.independent_directors": amount(2),
    "vara.collateral_wallets": rows(
        "vara.collateral_wallets", {"id": "1", "address": "0x1", "licence": "licence 4", "instruction": "letter 7"}
    ),
    "vara.frva.reserves": {"AED": amount(110)},
    "vara.frva.circulation": {"AED": amount(100)},
    "vara.frva.holdings": rows(
        "vara.frva.holdings",
        {"id": "1", "instrument": "debt", "in_reference_currency": True, "days_left": 60},
        {"id": "2", "instrument": "repo", "in_reference_currency": True, "days_left": 5},
    ),
    "vara.frva.audits": tuple(
        record("vara.frva.audits", id=end.isoformat(), period_end=end, independent=True, management_attested=True,
               filed_at=datetime(end.year, end.month + 1, 20, tzinfo=UTC))
        for end in _MONTHS
    ),
}  # fmt: skip

_EVIDENCE = {
    Source.ATTESTATION: Evidence("attestation", "bundles/2026-09-30T19/attestation.json", "a1" * 32),
    Source.LEDGER: Evidence("log", "records 1 to 120,000 of the log", "b2" * 32),
    Source.FIRM: Evidence("register", "register/facts.jsonl", "c3" * 32),
}


def fact(name: str, value: Value, as_of: datetime = AS_OF) -> Fact:
    """A fact with the evidence of its source."""
    source = CATALOGUE[name].source
    assurance = Assurance.PROVEN if source is Source.ATTESTATION else Assurance.CLAIMED
    evidence = _EVIDENCE.get(source, Evidence("room", f"compliance/{source.value.replace(' ', '-')}.json", "d4" * 32))
    return Fact(name, value, as_of, assurance, (evidence,))


def firm(changes: Mapping[str, Value | None] | None = None, as_of: datetime = AS_OF) -> Facts:
    """The firm's facts with some changed; None takes one away."""
    values = {**GOOD, **(changes or {})}
    return Facts(
        ENTITY, as_of, CATALOGUE, [fact(name, value, as_of) for name, value in values.items() if value is not None]
    )


# The pack's input: an exchange of middle size, with a shortfall, something missing, and something near its limit.

START, END = date(2026, 7, 1), date(2026, 9, 30)
_NO_MARGIN: Mapping[str, Value | None] = {"vara.margin_licensed": False, "margin.accounts": ()}
CHANGES: Mapping[str, Value | None] = {
    **_NO_MARGIN,
    "vara.activities": frozenset({"exchange"}),
    "reserves.client": {"BTC": amount("99.75"), "ETH": amount(2010), "USDT": amount("5000000.25")},
    "reserves.client.hot": {"BTC": amount("4.75"), "ETH": amount(60), "USDT": amount("250000.25")},
    "reserves.client.offline": {"BTC": amount(80), "ETH": amount(1950), "USDT": amount(4750000)},
    "reserves.client.custodian": {"BTC": amount(15)},
    "debts": {"USDT": amount("1200.5")},
    "vara.reserve_audit.last": date(2026, 4, 10),
    "vara.expenses.monthly": None,
    "vara.insurance": (
        *GOOD["vara.insurance"][:2],  # type: ignore[index]  # records
        {**GOOD["vara.insurance"][2], "until": date(2026, 9, 15), "cover": amount(10_000_000)},  # type: ignore[index]  # records
    ),
    "encumbrances": rows(
        "encumbrances",
        {"id": "1", "asset": "ETH", "units": 40, "consent": "consent 88", "licence": "lending", "in_wallets": True},
    ),
    "reconciliations": tuple(
        {**row, "unexplained": amount(2 if row["day"] == date(2026, 9, 21) else 0)}
        for row in GOOD["reconciliations"]  # type: ignore[union-attr]  # records
    ),
    "vara.group_entities": rows(
        "vara.group_entities",
        {"id": "1", "entity": "Example Treasury Ltd", "relation": "sister", "invests_own": True},
    ),
    "vara.group_transactions": rows(
        "vara.group_transactions",
        {"id": "1", "at": at(8, 14, 9), "entity": "Example Treasury Ltd", "kind": "loan", "asset": "USDT",
         "units": 75000},
    ),
    "vara.related_party_transactions": (),
    "prices": rows(
        "prices",
        {"id": "1", "asset": "BTC", "currency": "AED", "price": 330000, "at": AS_OF, "source": "median of 5 venues"},
    ),
    "wallets": tuple(
        record("wallets", **{**WALLET, "id": str(place), "address": f"bc1qexampleclients{place:03}",
                             "label": f"Client VA Wallet {place}" if place != 4 else "Sweep"})
        for place in range(1, 9)
    ) + rows("wallets", OWN_WALLET),
}  # fmt: skip


def _points() -> tuple[CoveragePoint, ...]:
    """Each noon of the quarter and ten days around it; one is missed, and BTC falls short from 25 September on."""
    found = []
    for day in range(-10, 102):
        hour = datetime(2026, 7, 1, 12, tzinfo=UTC) + timedelta(days=day)
        if day == 40:
            found.append(CoveragePoint(hour, "missed", {}, {}, f"{day + 100:064x}"))
            continue
        btc = amount("99.75") if 86 <= day < 95 else amount(101) + amount(day % 9) / 10
        held = {"BTC": btc, "ETH": amount(2010 + day % 5), "USDT": amount("5000000.25")}
        owed = {"BTC": amount(100), "ETH": amount(2000), "USDT": amount(4800000 + 100 * (day + 10))}
        found.append(CoveragePoint(hour, "attestation", held, owed, f"{day + 100:064x}"))
    return tuple(found)


def sample(end: date = END, start: date = START) -> PackInput:
    """The input of the quarter, or of another period that ends with the facts."""
    facts = firm(CHANGES)
    return PackInput(
        exchange="example",
        entity=ENTITY,
        rules=RULES,
        start=start,
        end=end,
        prepared=datetime(2026, 10, 12, 8, tzinfo=UTC),
        facts=facts,
        verdicts=tuple(evaluate(RULES, facts, zone="AE")),
        evaluations=tuple(
            Evaluated(at(9, day, 12), {Result.PASS: 50 - (day >= 25), Result.FAIL: 2 + (day >= 25)}, f"{day:064x}")
            for day in range(1, 31)
        ),
        coverage=_points(),
        books=tuple(
            BookLine(
                asset,
                {"custody": held, "in_transit": amount(0), "debts": debts, "receivables": amount(0), "claims": owed,
                 "receipts_uncredited": amount("0.5") if asset == "ETH" else amount(0),
                 "house": held + debts - owed - (amount("0.5") if asset == "ETH" else amount(0))},
            )
            for asset, held, owed, debts in (
                ("BTC", amount("111.75"), amount(100), amount(0)),
                ("ETH", amount(2010), amount(2000), amount(0)),
                ("USDT", amount("5000000.25"), amount(4800000), amount("1200.5")),
            )
        ),
        attachments={"attachments/balance-sheet.pdf": Path("balance-sheet.pdf")},
        evidence=(*_EVIDENCE.values(), Evidence("statement of the day before", "bundles/2026-09-29T19/attestation.json",
                                                "e5" * 32)),
        engine="tallystick",
    )  # fmt: skip


GOLDEN = Path(__file__).parent / "golden"


def golden(kind: str) -> bytes:
    """The documents and files of a kind as one JSON text."""
    made = pack(sample(start=date(2026, 9, 1)) if kind == "monthly" else sample(), kind)
    documents = {name: asdict(document) for name, document in made.documents.items()}
    whole = {
        "documents": documents,
        "files": {name: content.decode() for name, content in made.files.items()},
        "notes": dict(made.notes),
    }
    return (json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True, default=sorted) + "\n").encode()


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each in KINDS:
        (GOLDEN / f"vara-{each}.json").write_bytes(golden(each))
