"""What only the firm knows of a record that a room found: it fills what is empty, and changes nothing that is known."""

from __future__ import annotations

from datetime import UTC, datetime
from fractions import Fraction as F

from compliance.evaluate import evaluate_rule
from compliance.facts import Assurance, Evidence, Fact, Facts
from compliance.gathering import _merged
from compliance.regimes import catalogue, rule_set
from compliance.verdicts import Result

NOW = datetime(2026, 12, 31, tzinfo=UTC)
NAME = "eu.tfr.failures"


def failures(*rows, place="log"):
    records = tuple(dict(zip(("id", "failures", "steps", "reported"), row, strict=True)) for row in rows)
    return Fact(NAME, records, NOW, Assurance.PROVEN, (Evidence("log", place, "ab" * 32),))


def judged(fact):
    licences = Fact("eu.licences", frozenset({"mica"}), NOW, Assurance.CLAIMED)
    rule = rule_set("eu").find("EU-TFR-03.2", NOW.date())
    assert rule is not None
    return evaluate_rule(rule, Facts("main", NOW, catalogue(), [fact, licences])).result


def test_the_firm_fills_in_what_it_did():
    room = failures(("a", F(3), None, None), ("b", F(9), None, None), ("c", F(1), None, None))
    [alone] = _merged([room], [], NOW)
    assert judged(alone) is Result.FAIL
    firm = failures(("a", F(1), "warned", NOW), ("b", F(0), "rejected", NOW), ("z", F(9), None, None), place="register")
    [both] = _merged([room], [firm], NOW)
    # The log's counts stay, and a counterparty that only the firm names does not come in.
    assert [(row["id"], row["failures"], row["steps"]) for row in both.value] == [
        ("a", F(3), "warned"), ("b", F(9), "rejected"), ("c", F(1), None),
    ]  # fmt: skip
    assert judged(both) is Result.PASS
    assert both.assurance is Assurance.CLAIMED and [each.place for each in both.evidence] == ["log", "register"]


def test_what_the_room_knows_is_not_replaced():
    room = failures(("a", F(3), "rejected by the gate", None))
    [both] = _merged([room], [failures(("a", F(3), "warned", NOW))], NOW)
    assert both.value[0]["steps"] == "rejected by the gate" and both.value[0]["reported"] == NOW
