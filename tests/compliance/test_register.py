"""The firm's register and the chain of evaluations: what is dated stays dated, and every change of a byte is seen."""

from __future__ import annotations

import gzip
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction

import pytest

from compliance.catalogue import SHARED, by_name
from compliance.evaluate import evaluate
from compliance.facts import Assurance, Fact, FactKind, Facts, Shape, Source
from compliance.firm_values import example, read_value
from compliance.register import Register, Statement
from compliance.results import Results
from compliance.rules import Parameter, Primitive, Rule, RuleSet, Status
from compliance.verdicts import Result
from ledger.errors import InputError
from ledger.keys import SigningKey

KINDS = by_name(SHARED)
KEY = SigningKey(bytes(range(32)))
T0 = datetime(2026, 1, 1, tzinfo=UTC)
DAY = timedelta(days=1)


def overheads(amount, day, **more):
    return Statement("finance.fixed_overheads", Fraction(amount), T0 + day * DAY, **more)


def value_of(register, name, **when):
    return {fact.name: fact.value for fact in register.facts(**when)}.get(name)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "firm" / "facts.jsonl"


def load(path, keys=(KEY.public,), entity="main"):
    return Register.load(path, entity, KINDS, keys)


def test_a_fact_holds_from_its_day_and_what_was_known_stays_known(path):
    register = load(path).append([overheads(100, 0)], T0 + DAY, KEY, KINDS)
    register = register.append([overheads(200, 10), overheads(150, 5)], T0 + 20 * DAY, KEY, KINDS)
    register = load(path)
    name = "finance.fixed_overheads"
    assert value_of(register, name, as_of=T0 - DAY) is None
    assert value_of(register, name, as_of=T0 + 4 * DAY) == 100
    assert value_of(register, name, as_of=T0 + 5 * DAY) == 150
    assert value_of(register, name, as_of=T0 + 11 * DAY) == 200
    # What was recorded on the twentieth was not known on the nineteenth.
    assert value_of(register, name, as_of=T0 + 11 * DAY, known=T0 + 19 * DAY) == 100


def test_a_correction_of_the_same_day_wins_by_being_later(path):
    register = load(path).append([overheads(100, 0), overheads(101, 0)], T0, KEY, KINDS)
    assert value_of(register, "finance.fixed_overheads", as_of=T0) == 101


def test_a_third_partys_document_makes_it_attested(path):
    register = load(path).append(
        [overheads(1, 0, document="ab" * 32, attested_by="an auditor"), Statement("finance.currency", "EUR", T0)],
        T0,
        KEY,
        KINDS,
    )
    found = {fact.name: fact.assurance for fact in register.facts(T0)}
    assert found == {"finance.fixed_overheads": Assurance.ATTESTED, "finance.currency": Assurance.CLAIMED}


def test_every_byte_of_a_register_counts(path):
    load(path).append([overheads(100, 0), overheads(200, 1)], T0, KEY, KINDS)
    with pytest.raises(InputError, match="may not sign"):
        load(path).append([overheads(1, 2)], T0, SigningKey(bytes(32)), KINDS)
    data = path.read_bytes()
    for place in range(0, len(data), 7):
        path.write_bytes(data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :])
        with pytest.raises(InputError):
            load(path)
    first, second, _ = data.split(b"\n")
    for torn in (data[:-1], second + b"\n", second + b"\n" + first + b"\n", data + first + b"\n"):
        path.write_bytes(torn)
        with pytest.raises(InputError, match="row"):
            load(path)
    path.write_bytes(data)
    assert len(load(path).entries) == 2
    with pytest.raises(InputError, match="may not"):
        load(path, keys=())
    with pytest.raises(InputError):
        load(path, entity="other")


def test_what_the_hour_proves_cannot_be_stated(path):
    with pytest.raises(AssertionError, match="signed statement"):
        load(path).append([Statement("claims", {"BTC": Fraction(1)}, T0)], T0, KEY, KINDS)
    with pytest.raises(AssertionError, match="US state"):
        load(path).append([Statement("outstanding.state", {"USD": Fraction(1)}, T0)], T0, KEY, KINDS)
    assert not path.exists()


@pytest.mark.parametrize(
    ("name", "raw", "value"),
    [
        ("finance.fixed_overheads", "100.5", Fraction("100.5")),
        ("finance.fixed_overheads", 7, Fraction(7)),
        ("business.since", date(2026, 1, 1), date(2026, 1, 1)),
        ("licences.us.states", ["US-NY"], frozenset({"US-NY"})),
        ("client_money.held", {"AED": "1.5"}, {"AED": Fraction("1.5")}),
    ],
)
def test_values_are_read_from_toml(name, raw, value):
    assert read_value(KINDS[name], raw) == value


@pytest.mark.parametrize(
    ("name", "raw", "words"),
    [
        ("finance.fixed_overheads", 0.1, "as text"),
        ("finance.fixed_overheads", "1e3", "decimal number"),
        ("finance.fixed_overheads", "1/3", "decimal number"),
        ("finance.fixed_overheads", True, "as text"),
        ("business.since", datetime(2026, 1, 1), "not a day"),
        ("licences.us.states", "US-NY", "list of texts"),
        ("bank_accounts", [{"id": "1"}], "lacks the field"),
        ("reconciliations", [{"day": date(2026, 1, 1), "odd": "1"}], "not known"),
    ],
)
def test_what_is_no_value_says_why(name, raw, words):
    with pytest.raises(ValueError, match=words):
        read_value(KINDS[name], raw)


def test_every_kind_has_an_example_that_reads():
    import tomllib

    for kind in KINDS.values():
        written = tomllib.loads(f"value = {example(kind)}")["value"]
        assert kind.problem(read_value(kind, written)) is None, kind.name


# The chain of evaluations.

RULES = RuleSet(
    "test",
    "a test",
    "1",
    (
        Rule(
            "T-1", "test", "a floor", "is at least so much", "article 1", "1", date(2020, 1, 1), Status.VERIFIED,
            Primitive.FLOOR, {"measured": "finance.total_assets"}, "test",
            parameters={"floor": Parameter(Fraction(100))},
        ),
    ),
)  # fmt: skip


def facts_at(moment, amount):
    return Facts("main", moment, KINDS, [Fact("finance.total_assets", Fraction(amount), moment, Assurance.CLAIMED)])


def keep(results, hours):
    before = ()
    for hour, amount in enumerate(hours):
        facts = facts_at(T0 + timedelta(hours=hour), amount)
        before = evaluate(RULES, facts, before)
        results.add(facts, [RULES], before, "cd" * 32, KEY)


def test_evaluations_come_back_and_a_breach_keeps_its_beginning(tmp_path):
    results = Results(tmp_path, "main")
    keep(results, [100, 99, 98, 100])
    chain = list(results.chain())
    assert [each.verdicts[0].result for each in chain] == [Result.PASS, Result.FAIL, Result.FAIL, Result.PASS]
    assert [each.verdicts[0].since for each in chain] == [None, T0 + timedelta(hours=1), T0 + timedelta(hours=1), None]
    assert chain[0].sets == (("test", "1", RULES.hash().hex()),)
    found = results.at(T0 + timedelta(hours=2, minutes=59))
    assert found == chain[2]
    # Anyone can evaluate again from the facts that are kept.
    again = evaluate(RULES, results.facts(found, KINDS), chain[1].verdicts)
    assert tuple(again) == found.verdicts


def test_the_chain_of_evaluations_shows_every_change(tmp_path):
    results = Results(tmp_path, "main")
    keep(results, [100, 99, 98])
    paths = sorted(tmp_path.glob("*.json.gz"))
    data = gzip.decompress(paths[1].read_bytes())
    for place in range(0, len(data), 11):
        paths[1].write_bytes(gzip.compress(data[:place] + bytes((data[place] ^ 1,)) + data[place + 1 :]))
        with pytest.raises(InputError):
            list(results.chain())
    paths[1].unlink()
    with pytest.raises(InputError, match="does not follow"):
        list(results.chain())


def test_other_facts_than_the_records_are_refused(tmp_path):
    results = Results(tmp_path, "main")
    keep(results, [100, 99])
    one, two = sorted(tmp_path.glob("*.facts.gz"))
    one.write_bytes(two.read_bytes())
    with pytest.raises(InputError):
        results.facts(next(results.chain()), KINDS)


def test_optional_fields_of_records_may_be_left_out():
    kind = FactKind("x", Shape.RECORDS, Source.FIRM, "x", fields={"id": Shape.TEXT, "note?": Shape.TEXT})
    assert read_value(kind, [{"id": "1"}]) == ({"id": "1", "note": None},)
