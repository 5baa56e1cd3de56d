"""A service provider and venue that keeps every rule of the EU, by hand: its facts, to be broken one at a time.

    python -m tests.compliance.regimes.sample_eu

writes the golden pack again (tests/compliance/regimes/golden/eu-*), of the same firm with failures and missing facts.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction as F
from hashlib import sha256
from pathlib import Path

from compliance.calendars import calendar
from compliance.evaluate import evaluate
from compliance.facts import Assurance, Evidence, Fact, Facts, Source
from compliance.regimes import catalogue, rule_set
from compliance.regimes.eu.rules_abuse import DETECTORS
from compliance.regimes.eu.rules_keeping import CUSTODY_CLASSES, MICA_CLASSES, MIFID_CLASSES, PLATFORM_CLASSES
from compliance.regimes.eu.rules_platform import PLATFORM_CONTROLS
from compliance.regimes.eu.rules_venue import ALGO_CONTROLS, LIMIT_CONTROLS, VENUE_CONTROLS
from compliance.reports.document import Document
from compliance.reports.inputs import BookLine, CoveragePoint, Evaluated, PackInput
from compliance.reports.packs.eu import pack
from compliance.verdicts import Result

START, END = date(2026, 10, 1), date(2026, 12, 31)
NOW = datetime(2026, 12, 31, 20, tzinfo=UTC)
"""A Thursday, 21:00 in Brussels. 25 and 26 December are no days of TARGET, and neither is 1 January."""
KINDS = catalogue()


def at(text: str) -> datetime:
    """A moment of UTC."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def rows(names: str, *found: tuple) -> tuple[dict, ...]:
    """Records from tuples."""
    return tuple(dict(zip(names.split(), each, strict=True)) for each in found)


CONTROLS = sorted(
    {
        *VENUE_CONTROLS,
        *LIMIT_CONTROLS,
        *ALGO_CONTROLS,
        *PLATFORM_CONTROLS,
        "no incentives for CFDs",
        "CFD risk warning",
        "custody policy",
        "halt parameters kept by version",
        "public post-trade data",
        "public pre-trade data",
        "public data in ISO 20022",
    }
)
CLASSES = sorted({*MIFID_CLASSES, *MICA_CLASSES, *PLATFORM_CLASSES, *CUSTODY_CLASSES})
RECORDS = (
    "position",
    "transaction-report",
    "order-event",
    "order-book-record",
    "asset",
    "order-decision",
    "algorithm",
    "carf",
)
RECONCILED = calendar("TARGET").business_days(NOW.date() - timedelta(days=40), NOW.date())

GOOD: dict = {
    "eu.licences": frozenset({"mica", "mifid-firm", "mifid-venue"}),
    "eu.services": frozenset({"custody", "exchange", "platform"}),
    "eu.activities": frozenset(
        "reportable-instruments client-assets algorithmic-trading leveraged-retail cfd-retail market-making-scheme "
        "options-or-loans emt-or-art-holders".split()
    ),
    "business.since": date(2025, 1, 1),
    # Safeguarding.
    "claims": {"BTC": F(100), "ETH": F(2000)},
    "reserves.client": {"BTC": F(101), "ETH": F(2100)},
    "postings.to_own": rows(
        "id asset units reason is_charge reference", ("p1", "EUR", F(12), "trading fee", True, None)
    ),
    "client_money.owed": {"EUR": F(5_000_000), "USD": F(200_000)},
    "client_money.held": {"EUR": F(5_000_000), "USD": F(210_000)},
    "eu.client_funds.placements": rows(
        "id currency amount received placed",
        ("r1", "EUR", F(100_000), at("2026-12-24T10:00"), at("2026-12-28T22:00")),
        ("r2", "EUR", F(50_000), at("2026-12-31T09:00"), None),
    ),
    "eu.client_fund_accounts": rows(
        "id place separate agreement", ("a1", "credit institution", True, "doc-7"), ("a2", "central bank", True, None)
    ),
    "eu.client_funds.total": F(5_000_000),
    "eu.client_funds.group": F(900_000),
    "wallets": rows(
        "id wallet address chain owner custody label control evidence",
        ("w1", "hot-1", "bc1qsample", "bitcoin", "clients", "hot", "clients", "proven", "reserves/btc.json"),
        ("w2", "own-1", "bc1qown", "bitcoin", "house", "hot", "own", "proven", "reserves/btc.json"),
    ),
    "wallets.mixed": (),
    "eu.losses": rows(
        "id asset units lost_at value_eur made_good_eur",
        ("l1", "ETH", F(2), at("2026-11-02T08:00"), F(5_000), F(5_000)),
    ),
    "encumbrances": rows(
        "id asset units consent licence in_wallets", ("e1", "ETH", F(50), "consent-1", "licence-1", True)
    ),
    "reconciliations": tuple(
        {
            "day": day,
            "kind": "assets",
            "differences": F(0),
            "unexplained": F(0),
            "prepared_by": "ops",
            "approved_by": "risk",
        }
        for day in RECONCILED
    ),
    "eu.safeguarding.audited": date(2026, 5, 20),
    # Capital.
    "eu.safeguards": F(400_000),
    "eu.fixed_overheads": F(1_200_000),
    "eu.capital.reviewed": date(2026, 6, 30),
    "eu.own_funds": F(1_000_000),
    "eu.ifr.class": "other",
    "eu.ifr.averages": {"CMH-segregated": F(5_000_000), "ASA": F(100_000_000), "COH-cash": F(20_000_000)},
    "eu.ifr.other_factors": F(30_000),
    # Statements and conduct.
    "statements.quarterly": rows(
        "period_end expected prepared prepared_at",
        *((day, F(900), F(900), at(made)) for day, made in (
            (date(2025, 12, 31), "2026-01-20T10:00"),
            (date(2026, 3, 31), "2026-04-14T10:00"),
            (date(2026, 6, 30), "2026-07-14T10:00"),
            (date(2026, 9, 30), "2026-10-14T10:00"),
        )),
    ),
    "eu.depreciations": rows("id crossed told", ("d1", at("2026-12-28T10:00"), at("2026-12-28T17:00"))),
    "eu.cfd.openings": rows("id class notional margin", ("c1", "crypto", F(10_000), F(5_000))),
    "eu.cfd.accounts": rows(
        "id equity required_margin closed",
        ("m1", F(2_500), F(5_000), None),
        ("m2", F(0), F(5_000), at("2026-11-05T10:00")),
    ),
    "eu.cfd.losers": rows("id computed shown", ("2026-Q3", F("71.2"), F(72))),
    "eu.cfd.disclosed": date(2026, 10, 5),
    "detectors": tuple(
        {
            "detector": name,
            "ran_at": NOW - timedelta(hours=2),
            "complete": True,
            "alerts": F(3),
            "open": F(1),
            "oldest_open": NOW - timedelta(days=2),
        }
        for name in (*DETECTORS, "MA-11", "MA-12")
    ),
    "cases": rows(
        "id kind detected filed amount_usd state",
        ("k1", "market abuse", at("2026-12-21T09:00"), at("2026-12-23T15:00"), None, "filed"),
        ("k2", "market abuse", at("2026-12-30T09:00"), None, None, "to file"),
    ),
    "eu.admissions": rows(
        "id admitted white_paper_or_exemption",
        ("BTC", date(2025, 1, 1), "article 4(3)(b)"),
        ("XYZ", date(2026, 2, 1), "ESMA register 4711"),
    ),
    "eu.emt_reports": rows(
        "id period_end due sent complete",
        ("issuer-1 Q3", date(2026, 9, 30), date(2026, 10, 20), date(2026, 10, 20), True),
    ),
    # Records.
    "eu.transaction_reports": rows(
        "id day transactions reported rejected_open complete",
        ("2026-12-24", date(2026, 12, 24), F(812), F(812), F(0), at("2026-12-28T20:00")),
        ("2026-12-31", date(2026, 12, 31), F(640), F(100), F(0), None),
    ),
    "eu.transaction_reports.reconciled": date(2026, 12, 10),
    "record_fields": tuple(
        {"id": f"{name}.fields", "record": name, "field": "all", "records": F(10), "lacking": F(0)} for name in RECORDS
    ),
    "eu.files": rows(
        "id kind made first last records problems schema schema_status sha256",
        (
            "tx-2026Q4", "transaction reports", at("2026-12-31T18:00"), START, END, F(1452), F(0),
            "auth.016.001.01", "schema not verified", sha256(b"tx").hexdigest(),
        ),
        (
            "ob-2026Q4", "order-book records", at("2026-12-31T18:00"), START, END, F(90_211), F(0),
            "2025/416 annex, own layout", "schema not verified", sha256(b"ob").hexdigest(),
        ),
    ),
    "orders.gaps": F(0),
    "log.whole": True,
    "archive.verified": at("2026-12-31T03:00"),
    "archive.drilled": at("2026-12-01T03:00"),
    "retention": tuple(
        {"class": name, "keeps_years": F(10), "gaps": F(0), "first_day": date(2025, 1, 1)} for name in CLASSES
    ),
    # Trading systems.
    "eu.gateway_latency_us": F(1_500),
    "eu.clocks": rows("id divergence_us granularity_us", ("matching-1", F(80), F(1))),
    "controls": tuple(
        {"name": name, "in_place": True, "tested_on": date(2026, 6, 1), "reference": "test-9"} for name in CONTROLS
    ),
    "eu.monitoring_delay_ms": F(900),
    "eu.algo.alert_delay_ms": F(900),
    "eu.orders.beyond_limits": F(0),
    "eu.overrides": rows("id order authorised_by until", ("o1", "order-88", "duty-officer", at("2026-12-01T12:00"))),
    "eu.halts": rows(
        "id market began ended reason reference_price parameters",
        ("h1", "BTC-EUR", at("2026-11-10T14:00"), at("2026-11-10T14:05"), "collar", F(64_000), "v3"),
    ),
    "order_to_trade": rows(
        "id member market orders trades ordered traded",
        ("m1 BTC-EUR", "m1", "BTC-EUR", F(5_000), F(1_000), F(400), F(50)),
        ("m2 BTC-EUR", "m2", "BTC-EUR", F(80), F(0), F(3), F(0)),
    ),
    "eu.otr.number_max": F(50),
    "eu.otr.volume_max": F(100),
    "eu.algo.self_assessed": date(2026, 3, 1),
    "eu.best_execution.reviewed": date(2026, 10, 30),
    "eu.settlements": rows(
        "id traded settled on_chain",
        ("BTC-EUR 2026-12-29", at("2026-12-29T23:00"), at("2026-12-30T20:00"), True),
        ("ETH-EUR 2026-12-29", at("2026-12-29T10:00"), at("2026-12-29T10:00"), False),
    ),
    "eu.house_trades": F(0),
    # Transfers, incidents, tax.
    "transfers": rows(
        "id direction at value_aed value_eur value_usd value_jpy counterparty self_hosted complete "
        "credited_before_complete ownership_proof due_diligence_until",
        ("t1", "out", at("2026-12-01T10:00"), None, F(1_001), None, None, "self", True, True, False, "proof-1", None),
        ("t2", "out", at("2026-12-02T10:00"), None, F(1_000), None, None, "self", True, True, False, None, None),
        ("t3", "in", at("2026-12-03T10:00"), None, F(90), None, None, "vasp-9", False, True, False, None, None),
    ),
    "eu.tfr.failures": rows(
        "id failures steps reported", ("vasp-9", F(3), "warned", at("2026-12-05T10:00")), ("vasp-8", F(2), None, None)
    ),
    "eu.incidents": rows(
        "id major aware classified initial intermediate final",
        (
            "i1", True, at("2026-11-10T08:00"), at("2026-11-10T12:00"), at("2026-11-10T15:30"),
            at("2026-11-13T10:00"), at("2026-12-10T10:00"),
        ),
        ("i2", False, at("2026-12-01T08:00"), at("2026-12-01T09:00"), None, None, None),
    ),
    "eu.dac8.since": date(2026, 1, 1),
    "eu.dac8.filings": (),
}  # fmt: skip


def evidence(name: str) -> tuple[Evidence, ...]:
    """A stand-in for the evidence of a fact: what a reader of the sample sees, with a digest that is only a sample."""
    source = KINDS[name].source
    place = {Source.FIRM: "register.jsonl", Source.ATTESTATION: "hour/statement.json"}.get(source, f"log: {name}")
    return (Evidence(source.value, place, sha256(f"{source.value} {place}".encode()).hexdigest()),)


def facts(changes: dict | None = None, without: tuple[str, ...] = (), as_of: datetime = NOW) -> Facts:
    """The good facts with some changed, and without some."""
    found = {**GOOD, **(changes or {})}
    proven = {Source.ATTESTATION: Assurance.PROVEN, Source.FIRM: Assurance.CLAIMED}
    return Facts(
        "Kairos Exchange SA",
        as_of,
        KINDS,
        [
            Fact(name, value, as_of, proven.get(KINDS[name].source, Assurance.ATTESTED), evidence(name))
            for name, value in found.items()
            if name not in without
        ],
    )


# The pack's input: the same firm with things that fail, and things that nobody stated.

BROKEN: dict = {
    "eu.activities": frozenset({"client-assets", "reportable-instruments"}),
    "eu.safeguards": F(310_000),
    "order_to_trade": (
        *GOOD["order_to_trade"],
        *rows(
            "id member market orders trades ordered traded",
            ("m3 ETH-EUR", "m3", "ETH-EUR", F(90_000), F(1_200), F("5210.5"), F("40.25")),
            ("m4 ETH-EUR", "m4", "ETH-EUR", F(700), F(0), F(90), F(0)),
        ),
    ),
    "eu.client_funds.placements": (
        *GOOD["eu.client_funds.placements"],
        *rows(
            "id currency amount received placed",
            ("r3", "USD", F(20_000), at("2026-11-03T10:00"), at("2026-11-06T09:00")),
        ),
    ),
    "transfers": (
        *GOOD["transfers"],
        *rows(
            "id direction at value_aed value_eur value_usd value_jpy counterparty self_hosted complete "
            "credited_before_complete ownership_proof due_diligence_until",
            ("t4", "in", at("2026-12-20T10:00"), None, F(4_200), None, None, "self", True, True, False, None, None),
        ),
    ),
    "eu.incidents": (
        *GOOD["eu.incidents"],
        *rows(
            "id major aware classified initial intermediate final",
            ("i3", True, at("2026-12-31T16:00"), at("2026-12-31T18:30"), None, None, None),
        ),
    ),
    "statements.quarterly": tuple(
        {**row, "prepared": F(899)} if row["period_end"] == date(2026, 9, 30) else row
        for row in GOOD["statements.quarterly"]
    ),
}
UNKNOWN = tuple(
    "eu.cfd.accounts eu.cfd.losers eu.cfd.openings eu.cfd.disclosed eu.depreciations eu.algo.alert_delay_ms "
    "eu.algo.self_assessed eu.safeguarding.audited archive.drilled eu.ifr.averages eu.best_execution.reviewed "
    "eu.emt_reports".split()
)
NOT_RUN = ("MA-09", "MA-11", "MA-12")


def coverage() -> tuple[CoveragePoint, ...]:
    """An hour of each day from a month before the period to the end of the year, with one short day and one missed."""
    found = []
    for place in range(122):
        hour = datetime(2026, 9, 1, 12, tzinfo=UTC) + timedelta(days=place)
        digest = sha256(f"hour {place}".encode()).hexdigest()
        if place == 80:
            found.append(CoveragePoint(hour, "missed", {}, {}, digest))
            continue
        held = {"BTC": F(101) - (F("1.5") if place == 71 else 0) + F(place % 7, 4), "ETH": F(2_100) + F(place % 11)}
        found.append(CoveragePoint(hour, "attestation", held, {"BTC": F(100), "ETH": F(2_000) + F(place % 5)}, digest))
    return tuple(found)


def books() -> tuple[BookLine, ...]:
    """The ledger's balance of each asset."""
    names = "custody in_transit debts receivables claims receipts_uncredited house".split()
    return tuple(
        BookLine(asset, dict(zip(names, map(F, figures), strict=True)))
        for asset, figures in (("BTC", (101, 0, 0, 0, 100, 0, 1)), ("ETH", (2_100, 5, 1, 0, 2_000, 6, 100)))
    )


def sample() -> PackInput:
    """The input of the golden pack."""
    rules = rule_set("eu")
    detectors = tuple(row for row in GOOD["detectors"] if row["detector"] not in NOT_RUN)
    given = facts({**BROKEN, "detectors": detectors}, UNKNOWN)
    verdicts = tuple(evaluate(rules, given, zone="TARGET"))
    evaluations = []
    for day in range(0, 92, 7):
        moment = datetime(2026, 10, 1, 12, tzinfo=UTC) + timedelta(days=day)
        counts = {result: sum(each.result is result for each in verdicts) for result in Result}
        counts[Result.FAIL] += day == 35
        counts[Result.PASS] -= day == 35
        evaluations.append(Evaluated(moment, counts, sha256(f"evaluation {day}".encode()).hexdigest()))
    return PackInput(
        exchange="Kairos",
        entity=given.entity,
        rules=rules,
        start=START,
        end=END,
        prepared=datetime(2027, 1, 12, 9, tzinfo=UTC),
        facts=given,
        verdicts=verdicts,
        evaluations=tuple(evaluations),
        coverage=coverage(),
        books=books(),
        evidence=(Evidence("attestation", "hour/attestation.json", sha256(b"attestation").hexdigest()),),
        engine="tallystick sample",
    )


GOLDEN = Path(__file__).parent / "golden"


def golden() -> dict[str, bytes]:
    """The golden files by name: the documents and the figures of the sample's pack."""
    made = pack(sample())
    found = {f"eu-{name}.json": document_json(document) for name, document in made.documents.items()}
    return found | {f"eu-{name}": data for name, data in made.files.items()}


def document_json(document: Document) -> bytes:
    """A document as JSON, to be compared byte for byte."""
    return (json.dumps(asdict(document), ensure_ascii=False, indent=1, default=sorted) + "\n").encode()


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for name, data in golden().items():
        (GOLDEN / name).write_bytes(data)
        print(GOLDEN / name, len(data))
