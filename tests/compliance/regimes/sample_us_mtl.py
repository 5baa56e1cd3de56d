"""A hand-made firm that is licensed in five states and has everything in order, and the pack input of its quarter.

    python -m tests.compliance.regimes.sample_us_mtl

writes the golden documents again (tests/compliance/regimes/golden/us-mtl-*).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from pathlib import Path

from compliance.evaluate import evaluate
from compliance.facts import Assurance, Evidence, Fact, Facts, Record, Scalar, Source, Value
from compliance.regimes import catalogue
from compliance.regimes.us_mtl import RULES
from compliance.regimes.us_mtl.rules_federal import MONITORS
from compliance.regimes.us_mtl.rules_new_york import FIELDS, NY_CLASSES, NY_CONTROLS
from compliance.reports.inputs import BookLine, CoveragePoint, Evaluated, PackInput
from compliance.reports.packs.us_mtl import KINDS, pack
from compliance.verdicts import Result

CATALOGUE = catalogue()
AS_OF = datetime(2026, 10, 1, 3, tzinfo=UTC)
"""23:00 on 30 September 2026 in New York, the last full hour of the quarter there."""
ENTITY = "Example Exchange Inc."
STATES = ("US-CA", "US-NY", "US-SD", "US-TX", "US-WA")
START, END = date(2026, 7, 1), date(2026, 9, 30)


def amount(number: int | str) -> Fraction:
    """A number as facts have it."""
    return Fraction(str(number))


def at(month: int, day: int, hour: int = 12, year: int = 2026) -> datetime:
    """A moment, UTC."""
    return datetime(year, month, day, hour, tzinfo=UTC)


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


REPORT = {
    "id": "2026-Q2", "period_end": date(2026, 6, 30), "quarter": "Q2", "filed_at": at(8, 1), "form_version": "v4",
    "financial_condition": True, "company_transactions": True, "states_filed": 5, "states_licensed": 5,
    "permissible_investments": True, "destinations": False, "together": True, "invalid_values": 0, "missing_fields": 0,
    "missing_notes": 0, "licensee_level": True, "calendar_quarter": True,
}  # fmt: skip
FOURTH = {
    **REPORT, "id": "2025-Q4", "period_end": date(2025, 12, 31), "quarter": "Q4", "filed_at": at(3, 20),
    "destinations": True,
}  # fmt: skip
FIRST = {**REPORT, "id": "2026-Q1", "period_end": date(2026, 3, 31), "quarter": "Q1", "filed_at": at(5, 10)}
TRANSFER = {
    "id": "t1", "direction": "out", "at": at(9, 5), "value_usd": 5000, "counterparty": "another firm",
    "self_hosted": False, "complete": True, "credited_before_complete": False,
}  # fmt: skip
CASE = {
    "id": "k1", "kind": "money laundering", "detected": at(9, 1), "filed": at(9, 20), "amount_usd": 2500,
    "state": "filed",
}  # fmt: skip
CASH = {"id": "c1", "person": "p1", "day": date(2026, 9, 1), "direction": "in", "amount": 12_000, "filed_at": at(9, 10)}
LARGE = {
    "id": "v1", "person": "p2", "reached": at(9, 1), "value": 15_000, "in_ctr": False, "noticed_at": at(9, 2, 9),
}  # fmt: skip
INVESTMENTS = (
    {"id": "a1", "kind": "domestic-deposit", "value": 4_000_000, "pledged": 0, "statutory_trust": True},
    {"id": "a2", "kind": "us-obligation", "value": 5_000_000, "pledged": 0, "statutory_trust": True},
    {"id": "a3", "kind": "commercial-paper", "value": 1_000_000, "pledged": 0, "obligor": "Issuer A",
     "statutory_trust": True},
)  # fmt: skip
WALLET = {
    "id": "1", "wallet": "clients-cold", "address": "bc1qexampleclients", "chain": "bitcoin", "owner": "client",
    "custody": "offline", "label": "customers", "control": "signed message", "evidence": "proven",
}  # fmt: skip
WITHDRAWAL = {
    "id": "w1", "account": "a1", "asset": "USD", "units": 100, "requested": at(9, 20), "done": at(9, 21),
    "state": "settled", "instructed": True,
}  # fmt: skip
_CLAIMS = {"US-CA": (30, 400), "US-NY": (25, 300), "US-SD": (1, 10), "US-TX": (20, 200), "US-WA": (10, 90)}
_MONEY = {"US-CA": 1_200_000, "US-NY": 900_000, "US-SD": 42_000, "US-TX": 900_000, "US-WA": 320_000}
_BONDS = {"US-CA": 500_000, "US-NY": 500_000, "US-SD": 100_000, "US-TX": 500_000, "US-WA": 320_000}
_DAYS = tuple(START + timedelta(days=each) for each in range(92))


def daily(average: int) -> tuple[Record, ...]:
    """Each day's end of the quarter, around an average."""
    return tuple(
        record("us.adtl.days", day=day, currency="USD", amount=average + 1000 * ((place % 3) - 1) * (place < 90))
        for place, day in enumerate(_DAYS)
    )


GOOD: Mapping[str, Value] = {
    "licences.us.states": frozenset(STATES),
    "business.since": date(2025, 10, 1),
    "us.msb": True,
    "us.served.states": frozenset(STATES),
    "us.licences": rows(
        "us.licences",
        {"id": "l1", "state": "US-TX", "kind": "money transmission", "status": "licensed", "since": date(2025, 10, 1)},
        {"id": "l2", "state": "US-NY", "kind": "virtual currency business activity", "status": "licensed"},
        {"id": "l3", "state": "US-CA", "kind": "digital financial assets", "status": "applied",
         "since": date(2026, 6, 1)},
    ),
    # prudential
    "us.permissible": rows("us.permissible", *INVESTMENTS),
    "client_money.owed": {"USD": amount(9_000_000), "EUR": amount(100_000)},
    "us.rates": {"EUR": amount("1.1")},
    "us.finance.assets": amount(50_000_000),
    "us.finance.liabilities": amount(45_000_000),
    "us.finance.intangibles": amount(1_000_000),
    "us.intangibles.virtual": rows(
        "us.intangibles.virtual", {"asset": "BTC", "value": 600_000, "owed": 500_000}
    ),
    "withdrawals": rows("withdrawals", WITHDRAWAL),
    # kind
    "claims": {"BTC": amount(90), "ETH": amount(1020)},
    "reserves.client": {"BTC": amount(95), "ETH": amount(1050)},
    "reserves.unread": frozenset(),
    "encumbrances": (),
    # call report
    "us.filings.msbcr": rows("us.filings.msbcr", REPORT, FIRST, FOURTH),
    "prices": rows(
        "prices",
        {"id": "1", "asset": "BTC", "currency": "USD", "price": 90_000, "at": AS_OF, "source": "median of 5 venues"},
        {"id": "2", "asset": "ETH", "currency": "USD", "price": 3_000, "at": AS_OF, "source": "median of 5 venues"},
    ),
    # federal
    "cases": rows("cases", CASE),
    "detectors": tuple(
        record("detectors", detector=name, ran_at=AS_OF - timedelta(hours=3), complete=True, alerts=2, open=1,
               oldest_open=AS_OF - timedelta(hours=20))
        for name in ("AML-01", *MONITORS, "AML-08")
    ),
    "us.cash_days": rows("us.cash_days", CASH),
    "transfers": rows("transfers", TRANSFER),
    "retention": tuple(
        record("retention", **{"class": name}, keeps_years=10, gaps=0) for name in NY_CLASSES
    ),
    "us.fincen.period_before": date(2024, 12, 31),
    "us.ofac.reports": rows(
        "us.ofac.reports", {"id": "b1", "kind": "rejected", "acted_at": at(9, 1), "reported_at": at(9, 8)}
    ),
    "screening": tuple(
        record("screening", id=name, occasion=name, subjects=100, screened=100, open_hits=0)
        for name in ("onboarding", "list-change", "transfer")
    ),
    "us.ofac.annual": rows(
        "us.ofac.annual", {"id": "2025", "period_end": date(2025, 12, 31), "filed_at": at(9, 15)}
    ),
    "us.tax.1099da": rows(
        "us.tax.1099da",
        {"id": "2025", "period_end": date(2025, 12, 31), "filed_at": at(3, 20), "forms": 800, "without_dti": 0,
         "covered_without_basis": 0},
    ),
    "us.tax.1099da.sent": rows(
        "us.tax.1099da.sent", {"id": "2025", "period_end": date(2025, 12, 31), "filed_at": at(2, 10)}
    ),
    # New York and California
    "us.ny.capital": amount(3_000_000),
    "us.ny.required_capital": amount(2_500_000),
    "wallets.mixed": (),
    "us.controls": tuple(record("us.controls", name=name, in_place=True) for name in NY_CONTROLS),
    "record_fields": tuple(
        record("record_fields", id=name, record="transaction", field=name, records=900, lacking=0) for name in FIELDS
    ),
    "us.ny.filings.quarterly": tuple(
        record("us.ny.filings.quarterly", id=end.isoformat(), period_end=end, filed_at=when)
        for end, when in (
            (date(2025, 12, 31), at(2, 10)), (date(2026, 3, 31), at(5, 10)), (date(2026, 6, 30), at(8, 10)),
        )
    ),
    "us.ny.filings.annual": rows(
        "us.ny.filings.annual", {"id": "2025", "period_end": date(2025, 12, 31), "filed_at": at(4, 20)}
    ),
    "us.ny.notices": rows(
        "us.ny.notices", {"id": "n1", "subject": "capital", "detected": at(9, 3), "sent": at(9, 3, 20)}
    ),
    "us.ny.vc_days": rows("us.ny.vc_days", LARGE),
    "postings.to_own": rows(
        "postings.to_own",
        {"id": "1", "asset": "BTC", "units": 1, "reason": "fee", "is_charge": True, "reference": "trading fee"},
    ),
}  # fmt: skip
GOOD_STATES: Mapping[str, Mapping[str, Value]] = {
    "claims.state": {
        state: {"BTC": amount(btc), "ETH": amount(eth)} for state, (btc, eth) in _CLAIMS.items()
    },
    "outstanding.state": {state: {"USD": amount(money)} for state, money in _MONEY.items()},
    "us.adtl": {state: {"USD": amount(money)} for state, money in _MONEY.items()},
    "us.adtl.bond": {state: {"USD": amount(money)} for state, money in _MONEY.items()},
    "us.adtl.missing": dict.fromkeys(STATES, frozenset()),
    "us.adtl.days": {state: daily(money) for state, money in _MONEY.items()},
    "us.bond": {state: amount(bond) for state, bond in _BONDS.items()},
}  # fmt: skip

_EVIDENCE = {
    Source.ATTESTATION: Evidence("attestation", "bundles/2026-10-01T03/attestation.json", "a1" * 32),
    Source.LEDGER: Evidence("log", "records 1 to 120,000 of the log", "b2" * 32),
    Source.FIRM: Evidence("register", "register/facts.jsonl", "c3" * 32),
}


def fact(name: str, value: Value, as_of: datetime = AS_OF, state: str = "") -> Fact:
    """A fact with the evidence of its source."""
    source = CATALOGUE[name].source
    assurance = Assurance.PROVEN if source is Source.ATTESTATION else Assurance.CLAIMED
    evidence = _EVIDENCE.get(source, Evidence("room", f"compliance/{source.value.replace(' ', '-')}.json", "d4" * 32))
    return Fact(name, value, as_of, assurance, (evidence,), state)


Changes = Mapping[str, "Value | None"]


def firm(changes: Changes | None = None, as_of: datetime = AS_OF) -> Facts:
    """The firm's facts with some changed, those by state in every state; None takes one away."""
    changed = dict(changes or {})
    found = [
        fact(name, value, as_of)
        for name, value in {**GOOD, **changed}.items()
        if value is not None and not CATALOGUE[name].by_state
    ]
    by_state = {name for name in (*GOOD_STATES, *changed) if CATALOGUE[name].by_state}
    for name in sorted(by_state):
        for state in STATES:
            value = changed[name] if name in changed else GOOD_STATES[name][state]
            if value is not None:
                found.append(fact(name, value, as_of, state))
    return Facts(ENTITY, as_of, CATALOGUE, found)


# The pack's input: a shortfall, days that are missing, a bond that is too small, something not known.

ACTIVITIES = frozenset({"money-transmission", "virtual-currency"})
_LINES = {
    "FC10": 6_000_000, "FC20": 0, "FC30": 0, "FC40": 150_000, "FC50": 5_000, "FC60": 0, "FC70": 0, "FC80": 6_000_000,
    "FC90": 36_000_000, "FC100": 200_000, "FC120": 650_000, "FC130": 0, "FC140": 1_000_000, "FC150": 0,
    "FC170": 300_000, "FC180": 0, "FC190": 0, "FC210": 0, "FC220": 0, "FC230": 35_000_000, "FC240": 590_000,
    "FC260": 0, "FC270": 0, "FC290": 0, "FC300": 0, "FC310": 1_000, "FC320": 10_000_000, "FC330": 1_000_000,
    "FC340": 3_999_000, "FC360": 1_000_000, "FC370": 0, "FC380": 0,
    "TA10": 2_000, "TA20": 1_500_000, "TA30": 0, "TA40": 0, "TA180": 0, "TA190": 0, "TA200": 0, "TA210": 0, "TA220": 0,
    "TA230": 0, "TA240": 9_100, "TA250": 12_400_000, "TA280": 41_000, "TA290": "88200000.49", "TA300": 0, "TA310": 0,
    "TA320": 3_300, "TA330": 17_000_000,
}  # fmt: skip
_STATE_LINES = {"ST10": 100, "ST20": 90_000, "ST240": 310, "ST250": 400_000, "ST280": 1_200, "ST290": 2_100_000}
CHANGES: Changes = {
    "reserves.client": {"BTC": amount("88.2"), "ETH": amount(1050)},
    "us.permissible": rows(
        "us.permissible",
        *INVESTMENTS,
        {"id": "a4", "kind": "commercial-paper", "value": 900_000, "pledged": 0, "obligor": "Issuer A",
         "statutory_trust": True},
        {"id": "a5", "kind": "art", "value": 50_000, "pledged": 0, "statutory_trust": False},
    ),
    "us.ny.required_capital": None,
    "cases": rows("cases", CASE, {**CASE, "id": "k2", "detected": at(8, 1), "filed": None, "state": "to file"}),
    "us.msbcr.activities": ACTIVITIES,
    "us.msbcr.lines": {name: amount(value) for name, value in _LINES.items()},
    "us.msbcr.notes": rows(
        "us.msbcr.notes",
        {"field": "FC240NOTE", "text": "Accrued expenses and taxes."},
        {"field": "STNOTE_1", "text": "Licensed since October 2025.", "state": "US-TX"},
    ),
    "us.msbcr.state_lines": {name: amount(value) for name, value in _STATE_LINES.items()},
    "values.client": {"USD": amount("11088000.50")},
    "values.claims": {"USD": amount(11_160_000)},
    "values.own": {"USD": amount(1_200_000)},
    "wallets": rows("wallets", WALLET),
}  # fmt: skip


def sample_facts(changes: Changes | None = None) -> Facts:
    """The facts of the pack's sample: Texas has a bond that is too small, Washington lacks two days."""
    found = firm({**CHANGES, **(changes or {})})
    gaps: Value = frozenset({"2026-08-03", "2026-08-04"})
    broken = found.with_facts(
        fact("us.bond", amount(450_000), state="US-TX"), fact("us.adtl.missing", gaps, state="US-WA")
    )
    return _without(broken, "US-WA", "us.adtl", "us.adtl.bond")


def _without(facts: Facts, state: str, *names: str) -> Facts:
    kept = [each for each in facts if not (each.scope == state and each.name in names)]
    return Facts(facts.entity, facts.as_of, facts.catalogue, kept)


def _points() -> tuple[CoveragePoint, ...]:
    """Each noon of the quarter and ten days around it; one is missed, and BTC is short from 25 September on."""
    found = []
    for day in range(-10, 102):
        hour = datetime(2026, 7, 1, 16, tzinfo=UTC) + timedelta(days=day)
        if day == 40:
            found.append(CoveragePoint(hour, "missed", {}, {}, f"{day + 100:064x}"))
            continue
        btc = amount("88.2") if 86 <= day < 95 else amount(91) + amount(day % 9) / 10
        held = {"BTC": btc, "ETH": amount(1050 + day % 5)}
        found.append(
            CoveragePoint(hour, "attestation", held, {"BTC": amount(90), "ETH": amount(1020)}, f"{day + 100:064x}")
        )
    return tuple(found)


def sample(changes: Changes | None = None) -> PackInput:
    """The input of the third quarter."""
    facts = sample_facts(changes)
    return PackInput(
        exchange="example",
        entity=ENTITY,
        rules=RULES,
        start=START,
        end=END,
        prepared=datetime(2026, 10, 12, 8, tzinfo=UTC),
        facts=facts,
        verdicts=tuple(evaluate(RULES, facts, zone="US")),
        evaluations=tuple(
            Evaluated(at(9, day), {Result.PASS: 90 - (day >= 25), Result.FAIL: 9 + (day >= 25)}, f"{day:064x}")
            for day in range(1, 31)
        ),
        coverage=_points(),
        books=tuple(
            BookLine(
                asset,
                {"custody": held, "in_transit": amount(0), "debts": amount(0), "receivables": amount(0),
                 "claims": owed, "receipts_uncredited": amount(0), "house": held - owed},
            )
            for asset, held, owed in (("BTC", amount("88.2"), amount(90)), ("ETH", amount(1050), amount(1020)))
        ),
        attachments={"attachments/financial-statements.pdf": Path("financial-statements.pdf")},
        evidence=tuple(_EVIDENCE.values()),
        engine="tallystick",
    )  # fmt: skip


GOLDEN = Path(__file__).parent / "golden"


def golden(kind: str) -> bytes:
    """The documents and files of a kind as one JSON text."""
    made = pack(sample(), kind)
    whole = {
        "documents": {name: asdict(document) for name, document in made.documents.items()},
        "files": {name: content.decode() for name, content in made.files.items()},
        "notes": dict(made.notes),
    }
    return (json.dumps(whole, ensure_ascii=False, indent=1, sort_keys=True, default=sorted) + "\n").encode()


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each in KINDS:
        (GOLDEN / f"us-mtl-{each}.json").write_bytes(golden(each))
