"""A small pack input: one rule of each answer over two assets, for tests of the shared blocks."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

from compliance.calendars import Clock, Unit
from compliance.catalogue import SHARED, by_name
from compliance.evaluate import evaluate
from compliance.facts import Assurance, Evidence, Fact, Facts
from compliance.reports.inputs import BookLine, CoveragePoint, Evaluated, PackInput
from compliance.rules import Condition, NotCovered, Parameter, Primitive, Rule, RuleSet, Status
from compliance.verdicts import Result

END = datetime(2026, 11, 30, 23, tzinfo=UTC)
STATEMENT = Evidence("attestation", "bundles/2026-11-30T23/attestation.json", "ab" * 32)


def _rule(name: str, primitive: Primitive, inputs: dict[str, str], **more: object) -> Rule:
    base = {
        "id": name, "regime": "test", "title": f"title of {name}", "requirement": f"what {name} asks",
        "citation": "article 1", "version": "1", "effective_from": date(2020, 1, 1), "status": Status.VERIFIED,
        "source": "https://example.org/1", "section": "Reserves",
    }  # fmt: skip
    return Rule(primitive=primitive, inputs=inputs, **{**base, **more})  # type: ignore[arg-type]  # fields by name


RULES = RuleSet(
    "test",
    "Test rules",
    "2026.1",
    (
        _rule(
            "T-COVER", Primitive.COVERAGE, {"held": "reserves.client", "owed": "claims"},
            clocks={"tell the regulator": Clock(1, Unit.CALENDAR_DAYS, "AE")}, consequence="a fine",
        ),
        _rule(
            "T-FLOOR", Primitive.FLOOR, {"measured": "finance.total_assets"}, section="Prudential",
            parameters={"floor": Parameter(Fraction(100), "AED", Status.UNVERIFIED)}, status=Status.SECONDARY,
        ),
        _rule(
            "T-MISSING", Primitive.FLOOR, {"measured": "finance.intangibles"}, section="Prudential",
            parameters={"floor": Parameter(Fraction(1))},
        ),
        _rule(
            "T-STATE", Primitive.COMPLETENESS, {"records": "withdrawals"}, section="",
            must=(Condition("state", "is", "settled"),), applies=(Condition("licences.us.states", "present"),),
        ),
    ),
    (NotCovered("T-BOARD", "test", "article 9", "the board meets", "no ledger can show it"),),
)  # fmt: skip


def sample(**changes: object) -> PackInput:
    """The input; `changes` replace its fields."""
    facts = Facts(
        "Example Exchange FZE",
        END,
        by_name(SHARED),
        [
            Fact("reserves.client", {"BTC": Fraction("9.5"), "ETH": Fraction(50)}, END, Assurance.PROVEN, (STATEMENT,)),
            Fact("claims", {"BTC": Fraction(10), "ETH": Fraction(40)}, END, Assurance.PROVEN, (STATEMENT,)),
            Fact("finance.total_assets", Fraction(101), END, Assurance.CLAIMED),
            Fact("licences.us.states", frozenset(), END, Assurance.CLAIMED),
        ],
    )
    hours = [END - timedelta(hours=24 * 30 - 1 - each) for each in range(24 * 30)]
    points = tuple(
        CoveragePoint(
            hour,
            "attestation",
            {"BTC": Fraction(10) - Fraction(each % 100, 200), "ETH": Fraction(50)},
            {"BTC": Fraction(10), "ETH": Fraction(40)},
            f"{each:064x}",
        )
        for each, hour in enumerate(hours)
    )
    given: dict[str, object] = {
        "exchange": "example",
        "entity": "Example Exchange FZE",
        "rules": RULES,
        "start": date(2026, 11, 1),
        "end": date(2026, 11, 30),
        "prepared": datetime(2026, 12, 5, 8, tzinfo=UTC),
        "facts": facts,
        "verdicts": tuple(evaluate(RULES, facts)),
        "evaluations": tuple(
            Evaluated(hour, {Result.PASS: 3, Result.FAIL: each % 7 // 6}, f"{each:064x}")
            for each, hour in enumerate(hours[:20])
        ),
        "coverage": points,
        "books": (
            BookLine(
                "BTC",
                {
                    **{line: Fraction(0) for line in ("in_transit", "receivables", "receipts_uncredited", "due_to")},
                    "custody": Fraction(12), "debts": Fraction(1), "claims": Fraction(10), "house": Fraction(3),
                },
            ),
        ),
        "evidence": (STATEMENT, Evidence("log", "records 1 to 900 of the log", "cd" * 32)),
        "engine": "tallystick",
    }  # fmt: skip
    return PackInput(**{**given, **changes})  # type: ignore[arg-type]  # fields by name
