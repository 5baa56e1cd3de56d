"""A hand-made registered firm with everything in order, and the pack input of its quarter.

    python -m tests.compliance.regimes.sample_jfsa

writes the golden documents again (tests/compliance/regimes/golden/).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from compliance.calendars import calendar
from compliance.catalogue import SHARED, by_name
from compliance.evaluate import evaluate
from compliance.facts import Assurance, Evidence, Fact, Facts, Record, Scalar, Source, Value
from compliance.regimes.jfsa import RULES
from compliance.regimes.jfsa.facts import FACTS
from compliance.regimes.jfsa.rules_books import JOURNAL_FIELDS, KEPT_YEARS, NINE_BOOKS
from compliance.reports.inputs import BookLine, CoveragePoint, Evaluated, PackInput
from compliance.reports.packs.jfsa import KINDS, pack
from compliance.verdicts import Result

CATALOGUE = by_name([*SHARED, *FACTS])
AS_OF = datetime(2026, 9, 30, 14, tzinfo=UTC)
"""The last full hour of 30 September 2026 in Japan."""
ENTITY = "サンプル取引所株式会社"
START, END = date(2026, 7, 1), date(2026, 9, 30)


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
    """The same record for each business day from June to the last but one of the quarter."""
    days = calendar("JP").business_days(date(2026, 6, 1), END - timedelta(days=1))
    return tuple(record(fact, day=day, **given) for day in days)


QUARTERLY = {
    "period_end": date(2026, 6, 30), "filed_at": at(7, 24), "trust_certificate": True, "crypto_printouts": True,
    "guarantee_printouts": True, "audit_report": True, "guarantee_audit": True,
}  # fmt: skip
TRANSFER = {
    "id": "t1", "direction": "out", "at": at(9, 5, 10), "value_jpy": 90_000, "counterparty": "another provider",
    "self_hosted": False, "complete": True, "credited_before_complete": False,
}  # fmt: skip
CASE = {"id": "k1", "kind": "money laundering", "detected": at(9, 10, 8), "filed": at(9, 11, 8), "state": "filed"}
SHORT_MONEY = {
    "id": "s1", "subject": "money", "asset": "JPY", "units": 100, "found": at(9, 1, 8), "cured": at(9, 2, 8),
}  # fmt: skip
SHORT_CRYPTO = {**SHORT_MONEY, "id": "s2", "subject": "crypto", "asset": "BTC"}
WALLET = {
    "id": "1", "wallet": "users-cold", "address": "bc1qexampleusers", "chain": "bitcoin", "owner": "client",
    "custody": "offline", "label": "users", "control": "signed message", "evidence": "proven",
}  # fmt: skip
GUARANTEE_WALLET = {**WALLET, "id": "2", "wallet": "guarantee", "address": "bc1qexampleguarantee",
                    "owner": "guarantee", "label": "guarantee"}  # fmt: skip
HOT_WALLET = {**WALLET, "id": "3", "wallet": "users-hot", "address": "bc1qexamplehot", "custody": "online"}
TRADE = {"id": "m1", "person": "individual", "asset": "BTC", "value": 1_000_000, "deposit": 500_000}
POSITION = {"id": "d1", "person": "individual", "asset": "BTC", "notional": 2_000_000, "margin": 1_000_000}
AUDIT = {
    "id": "a1", "subject": "segregation", "done_on": date(2026, 5, 20), "auditor": "サンプル監査法人", "cpa": True,
    "barred": False,
}  # fmt: skip
_KEPT = (*(name for name, _ in KEPT_YEARS), "kyc")

GOOD: Mapping[str, Value] = {
    # users' money
    "jfsa.trust.balance": {"JPY": amount(1_250_000_000)},
    "client_money.owed": {"JPY": amount(1_200_000_000)},
    "jfsa.trusts": rows(
        "jfsa.trusts",
        {"id": "1", "trustee": "サンプル信託銀行", "is_trust_company": True, "users_are_beneficiaries": True,
         "agent": "弁護士", "certificate": "trust-certificate"},
    ),
    "jfsa.shortfalls": rows("jfsa.shortfalls", SHORT_MONEY, SHORT_CRYPTO),
    # users' crypto
    "wallets.mixed": (),
    "wallets": rows("wallets", WALLET, GUARANTEE_WALLET, HOT_WALLET),
    "jfsa.custodians": rows(
        "jfsa.custodians", {"id": "1", "custodian": "Example Custody KK", "separate": True, "attributable": True}
    ),
    "jfsa.books.crypto": every_day(
        "jfsa.books.crypto", asset="BTC", users_total=100, required=100, kept=101, hot=4, guarantee=4
    ),
    "jfsa.books.money": every_day("jfsa.books.money", users_money=1_200_000_000, trust_property=1_250_000_000),
    "reserves.client": {"BTC": amount(101), "ETH": amount(2010)},
    "claims": {"BTC": amount(100), "ETH": amount(2000)},
    "reserves.unread": frozenset(),
    "encumbrances": (),
    "reserves.client.hot": {"BTC": amount(4), "ETH": amount(60)},
    "reserves.guarantee": {"BTC": amount("4.5"), "ETH": amount(65)},
    "values.client.hot": {"JPY": amount(60_000_000)},
    "values.client": {"JPY": amount(2_000_000_000)},
    "jfsa.safe_wallets": rows(
        "jfsa.safe_wallets",
        {"id": "bc1qexampleusers", "measure": "HSM, 非接続端末", "always_connected": False,
        "evidence": "key ceremony 12"},
    ),
    "business.since": date(2026, 4, 1),
    "reconciliations": every_day("reconciliations", kind="assets", differences=1, unexplained=0),
    # audits and books
    "jfsa.audit.segregation.last": date(2026, 5, 20),
    "jfsa.audit.guarantee.last": date(2026, 5, 20),
    "jfsa.audits": rows("jfsa.audits", AUDIT, {**AUDIT, "id": "a2", "subject": "guarantee"}),
    "jfsa.books.kept": tuple(record("jfsa.books.kept", name=name, in_place=True) for name in NINE_BOOKS),
    "jfsa.books.places": rows(
        "jfsa.books.places",
        {"id": "1", "book": "all nine books", "country": "JP", "in_japan": True},
    ),
    "retention": tuple(record("retention", **{"class": name}, keeps_years=10, gaps=0) for name in _KEPT),
    "record_fields": tuple(
        record("record_fields", id=f"trade journal/{name}", record="trade journal", field=name, records=900, lacking=0)
        for name in JOURNAL_FIELDS
    ),
    # reports and capital
    "jfsa.year.first_month": "4",
    "jfsa.filings.quarterly": rows("jfsa.filings.quarterly", QUARTERLY),
    "jfsa.filings.accounts": rows("jfsa.filings.accounts", {"period_end": date(2026, 6, 30), "filed_at": at(8, 20)}),
    "jfsa.filings.annual": (),
    "jfsa.filings.jvcea": tuple(
        record("jfsa.filings.jvcea", period_end=date(2026, month, day), filed_at=at(month + 1, 20))
        for month, day in ((4, 30), (5, 31), (6, 30), (7, 31), (8, 31))
    ),
    "jfsa.capital": amount(100_000_000),
    "finance.total_assets": amount(9_000_000_000),
    "finance.total_liabilities": amount(8_000_000_000),
    "jfsa.own_funds": amount(120_000_000),
    "jfsa.losses": (),
    # margin, derivatives, conduct
    "jfsa.margin_offered": True,
    "jfsa.derivatives_offered": True,
    "jfsa.margin.trades": rows(
        "jfsa.margin.trades", TRADE,
        {**TRADE, "id": "m2", "person": "corporate", "risk_ratio": amount("0.4"), "deposit": 400_000},
        {**TRADE, "id": "m3", "person": "corporate"},
    ),
    "jfsa.risk_ratios": rows(
        "jfsa.risk_ratios",
        {"id": "1", "asset": "BTC", "ratio": amount("0.4"), "set_on": date(2026, 9, 18),
        "replaced_on": date(2026, 9, 25)},
        {"id": "2", "asset": "BTC", "ratio": amount("0.41"), "set_on": date(2026, 9, 25)},
    ),
    "jfsa.loss_cuts": rows(
        "jfsa.loss_cuts", {"id": "1", "triggered": at(9, 8, 3), "liquidated": at(9, 8, 3, 1), "agreed": True}
    ),
    "jfsa.derivatives": rows(
        "jfsa.derivatives", POSITION,
        {**POSITION, "id": "d2", "person": "corporate", "risk_ratio": amount("0.4"), "margin": 800_000},
    ),
    "jfsa.controls": rows(
        "jfsa.controls",
        {"name": "type I financial instruments business registration", "in_place": True, "reference": "No. 1"},
    ),
    "transfers": rows("transfers", TRANSFER),
    "cases": rows("cases", CASE),
    "detectors": tuple(
        record("detectors", detector=f"MA-{number:02d}", ran_at=at(9, 30, 6), complete=True, alerts=2, open=1,
               oldest_open=at(9, 28, 6))
        for number in range(1, 13)
    ),
}  # fmt: skip

_EVIDENCE = {
    Source.ATTESTATION: Evidence("attestation", "bundles/2026-09-30T14/attestation.json", "a1" * 32),
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

CHANGES: Mapping[str, Value | None] = {
    "jfsa.margin_offered": False,
    "jfsa.derivatives_offered": False,
    "reserves.client": {"BTC": amount("99.75"), "ETH": amount(2010), "XRP": amount("5000000.25")},
    "claims": {"BTC": amount(100), "ETH": amount(2000), "XRP": amount(4800000)},
    "reserves.client.hot": {"BTC": amount("4.75"), "ETH": amount(60), "XRP": amount("150000.25")},
    "reserves.client.offline": {"BTC": amount(80), "ETH": amount(1950), "XRP": amount("4850000")},
    "reserves.client.custodian": {"BTC": amount(15)},
    "reserves.guarantee": {"BTC": amount("4.5"), "ETH": amount(65), "XRP": amount(160000)},
    "reserves.own": {"BTC": amount(7)},
    "values.client": {"JPY": amount(3_220_000_000)},
    "values.client.hot": {"JPY": amount(158_000_000)},
    "client_money.owed": {"JPY": amount(1_200_000_000), "USD": amount(20_000)},
    "jfsa.shortfalls": rows("jfsa.shortfalls", SHORT_MONEY, {**SHORT_CRYPTO, "found": at(9, 25, 3), "cured": None,
                                                             "units": amount("0.25")}),
    "jfsa.audit.segregation.last": date(2025, 10, 20),
    "jfsa.capital": None,
    "jfsa.books.places": None,
    "jfsa.books.crypto": tuple(
        record("jfsa.books.crypto", day=row["day"], asset=asset, users_total=amount(users), required=amount(users),
               kept=amount(kept), hot=amount(hot), guarantee=amount(guarantee))
        for row in GOOD["jfsa.books.crypto"]  # type: ignore[union-attr]  # records
        for asset, users, kept, hot, guarantee in (
            ("BTC", 100, "99.75", "4.75", "4.5"), ("ETH", 2000, 2010, 60, 65),
            ("XRP", 4800000, "5000000.25", "150000.25", 160000),
        )
        if row["day"] != date(2026, 9, 24)
    ),
    "prices": rows(
        "prices",
        {"id": "1", "asset": "BTC", "currency": "JPY", "price": 17_000_000, "at": AS_OF,
        "source": "median of 5 venues"},
        {"id": "2", "asset": "ETH", "currency": "JPY", "price": 600_000, "at": AS_OF, "source": "median of 5 venues"},
        {"id": "3", "asset": "XRP", "currency": "JPY", "price": 350, "at": AS_OF, "source": "median of 5 venues"},
    ),
}  # fmt: skip


def _points() -> tuple[CoveragePoint, ...]:
    """The last full hour of each day in Japan, of the quarter and ten days around; one is missed."""
    found = []
    for day in range(-10, 102):
        hour = datetime(2026, 7, 1, 14, tzinfo=UTC) + timedelta(days=day)
        if day == 40:
            found.append(CoveragePoint(hour, "missed", {}, {}, f"{day + 100:064x}"))
            continue
        btc = amount("99.75") if 86 <= day < 95 else amount(101) + amount(day % 9) / 10
        held = {"BTC": btc, "ETH": amount(2010 + day % 5), "XRP": amount("5000000.25")}
        owed = {"BTC": amount(100), "ETH": amount(2000), "XRP": amount(4800000 + 100 * (day + 10))}
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
        prepared=datetime(2026, 10, 12, 1, tzinfo=UTC),
        facts=facts,
        verdicts=tuple(evaluate(RULES, facts, zone="JP")),
        evaluations=tuple(
            Evaluated(at(9, day, 12), {Result.PASS: 40 - (day >= 25), Result.FAIL: 2 + (day >= 25)}, f"{day:064x}")
            for day in range(1, 31)
        ),
        coverage=_points(),
        books=tuple(
            BookLine(
                asset,
                {"custody": held, "in_transit": amount(0), "debts": amount(0), "receivables": amount(0), "claims": owed,
                 "receipts_uncredited": amount(0), "house": held - owed},
            )
            for asset, held, owed in (
                ("BTC", amount("111.25"), amount(100)), ("ETH", amount(2075), amount(2000)),
                ("XRP", amount("5160000.25"), amount(4800000)),
            )
        ),
        attachments={
            "attachments/trust-certificate.pdf": Path("trust-certificate.pdf"),
            "attachments/crypto-printouts.pdf": Path("crypto-printouts.pdf"),
        },
        evidence=(*_EVIDENCE.values(), Evidence("statement of the day before", "bundles/2026-09-29T14/attestation.json",
                                                "e5" * 32)),
        engine="tallystick",
    )  # fmt: skip


GOLDEN = Path(__file__).parent / "golden"


def golden(kind: str) -> bytes:
    """The documents and files of a kind as one JSON text."""
    given = sample(start=date(2026, 9, 21)) if kind == "books" else sample()
    made = pack(given, kind)
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
        (GOLDEN / f"jfsa-{each}.json").write_bytes(golden(each))
