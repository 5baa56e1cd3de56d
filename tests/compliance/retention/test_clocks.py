"""Clocks: hand-counted days, boundaries, leap days, year ends, and the laws of the union."""

from __future__ import annotations

import pkgutil
from datetime import date, timedelta
from importlib import import_module

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance import regimes as rule_tables
from compliance.retention.classes import RecordClass, Regime, StartEvent
from compliance.retention.clock_table import CLOCKS
from compliance.retention.clocks import Clock, add_years, clocks_for, last_day, retain_until
from compliance.rules import Primitive, Rule

CREATION, CLOSING, END = StartEvent.CREATION, StartEvent.BOOK_CLOSING, StartEvent.RELATIONSHIP_END
AS_OF = date(2026, 11, 23)
DAYS = st.dates(date(1990, 1, 1), date(2060, 12, 31))
CLASSES = st.sampled_from(sorted(RecordClass))
REGIMES = st.sets(st.sampled_from(sorted(Regime)), min_size=1)


def clock(years=5, **more) -> Clock:
    fields = {
        "rule": "R",
        "regime": Regime.US,
        "classes": frozenset({RecordClass.TRADE}),
        "years": years,
        "start": CREATION,
        "citation": "c",
        "source": "s",
        "status": "V",
        "effective_from": date(1970, 1, 1),
    }
    return Clock(**{**fields, **more})


@st.composite
def known_events(draw):
    events = {CREATION: draw(DAYS)}
    for event in sorted(StartEvent):
        if event is not CREATION and draw(st.booleans()):
            events[event] = draw(DAYS)
    return events


def keeping(kept) -> tuple[int, date]:
    """An order of answers: a day, then no day."""
    return (0, kept.until) if kept.until is not None else (1, date.min)


@pytest.mark.parametrize(
    ("start", "years", "end"),
    [
        (date(2026, 11, 20), 8, date(2034, 11, 20)),
        (date(2024, 2, 29), 4, date(2028, 2, 29)),
        (date(2024, 2, 29), 5, date(2029, 3, 1)),
        (date(2024, 2, 29), 10, date(2034, 3, 1)),
        (date(2096, 2, 29), 4, date(2100, 3, 1)),  # 2100 is no leap year
        (date(1996, 2, 29), 4, date(2000, 2, 29)),  # 2000 is one
        (date(2023, 2, 28), 1, date(2024, 2, 28)),
        (date(2026, 12, 31), 1, date(2027, 12, 31)),
        (date(2026, 5, 5), 0, date(2026, 5, 5)),
    ],
)
def test_years_are_counted_by_hand(start, years, end):
    assert add_years(start, years) == end


def test_there_is_no_day_after_the_calendar():
    with pytest.raises(OverflowError):
        add_years(date(9995, 1, 1), 5)


@given(DAYS, st.integers(0, 100), st.integers(0, 100))
def test_more_years_end_later_and_later_days_do_not_end_earlier(day, years, more):
    assert add_years(day, years) <= add_years(day, years + more)
    assert add_years(day, years) <= add_years(day + timedelta(days=1), years)
    assert add_years(day, years) >= day
    assert (add_years(day, years) - day).days >= 365 * years


@pytest.mark.parametrize(
    ("regime", "record_class", "event", "years", "status"),
    [
        (Regime.VARA, RecordClass.MINUTES, CREATION, 8, "V"),
        (Regime.VARA, RecordClass.LENDING, CREATION, 8, "V"),
        (Regime.JAPAN, RecordClass.TRADE, CLOSING, 10, "V"),
        (Regime.JAPAN, RecordClass.CUSTOMER_LEDGER, CLOSING, 10, "V"),
        (Regime.JAPAN, RecordClass.GENERAL_LEDGER, CLOSING, 10, "U"),
        (Regime.JAPAN, RecordClass.CLIENT_MONEY_DAY, CLOSING, 7, "V"),
        (Regime.JAPAN, RecordClass.CLIENT_ASSET_DAY, CLOSING, 5, "V"),
        (Regime.JAPAN, RecordClass.GUARANTEE_DAY, CLOSING, 5, "U"),
        (Regime.JAPAN, RecordClass.SEGREGATION_AUDIT, CLOSING, 5, "V"),
        (Regime.JAPAN, RecordClass.KYC, END, 7, "S"),
        (Regime.US, RecordClass.KYC, CREATION, 5, "V"),
        (Regime.US, RecordClass.SCREENING, CREATION, 10, "U"),
        (Regime.US, RecordClass.BLOCKED_PROPERTY, StartEvent.UNBLOCKING, 10, "U"),
        (Regime.NEW_YORK, RecordClass.RECONCILIATION, CREATION, 7, "V"),
        (Regime.CALIFORNIA, RecordClass.GENERAL_LEDGER, CREATION, 5, "U"),
        (Regime.MIFID, RecordClass.ORDER, CREATION, 5, "U"),
        (Regime.MICA, RecordClass.ORDER, CREATION, 5, "S"),
        (Regime.HOUSE, RecordClass.INCIDENT, CREATION, 10, "V"),
    ],
)
def test_the_table_says_what_was_read(regime, record_class, event, years, status):
    """The rows of the reference, one by one, with the boundary on both sides of the last day."""
    begun = date(2025, 6, 15)
    kept = retain_until(CLOCKS, record_class, [regime], {CREATION: begun, event: begun}, AS_OF)
    assert kept.until == date(2025 + years, 6, 15)
    assert status in {each.status for each in kept.because}
    assert [kept.must_keep(kept.until + timedelta(days=n)) for n in (-1, 0, 1)] == [True, True, False]


def test_every_row_is_cited_dated_and_marked():
    for each in CLOCKS:
        assert each.citation and each.source and each.status in ("V", "S", "U") and each.classes
        assert each.effective_to is None or each.effective_from < each.effective_to
        assert each.status == "V" or each.note or each.status == "S" or each.regime is Regime.MIFID, each


def test_every_class_has_a_clock_where_the_house_keeps_all():
    for record_class in RecordClass:
        assert clocks_for(CLOCKS, record_class, [Regime.HOUSE], AS_OF)


def test_sanctions_records_were_kept_five_years_and_are_kept_ten():
    events = {CREATION: date(2020, 1, 1)}
    kept = [
        retain_until(CLOCKS, RecordClass.SCREENING, [Regime.US], events, day).until
        for day in (date(2025, 3, 10), date(2025, 3, 11), date(2025, 3, 12))
    ]
    assert kept == [date(2025, 1, 1), date(2025, 1, 1), date(2030, 1, 1)]


def test_california_has_a_clock_from_its_first_day_on():
    events = {CREATION: date(2026, 6, 1)}
    before, first, after = (
        retain_until(CLOCKS, RecordClass.TRADE, [Regime.CALIFORNIA], events, date(2026, 7, 1) + timedelta(days=n))
        for n in (-1, 0, 1)
    )
    assert not before.is_covered
    assert before.must_keep(date(2099, 1, 1))
    assert first.until == after.until == date(2031, 6, 1)


def test_a_book_that_is_not_closed_is_kept():
    kept = retain_until(CLOCKS, RecordClass.TRADE, [Regime.JAPAN, Regime.US], {CREATION: date(1990, 1, 1)}, AS_OF)
    assert (kept.until, kept.waiting) == (None, (CLOSING,))
    assert kept.why() == "kept until book_closing and then the period of JP-BK-02"
    assert kept.must_keep(date(2500, 1, 1))


def test_what_was_designated_is_kept_without_end():
    events = {CREATION: date(2010, 1, 1)}
    plain = retain_until(CLOCKS, RecordClass.TRADE, [Regime.VARA], events, AS_OF)
    assert plain.until == date(2018, 1, 1)
    named = retain_until(CLOCKS, RecordClass.TRADE, [Regime.VARA], events | {StartEvent.DESIGNATION: AS_OF}, AS_OF)
    assert named.is_endless and named.until is None and named.must_keep(date.max)
    assert named.why() == "kept without end because VARA-REC-01 [U]"


def test_an_abandoned_account_is_kept_five_years_more_and_no_less_than_seven():
    made = {CREATION: date(2020, 1, 1)}
    kept = [
        retain_until(CLOCKS, RecordClass.KYC, [Regime.NEW_YORK], events, AS_OF).until
        for events in (made, made | {StartEvent.ABANDONMENT: date(2021, 1, 1)}, made | {StartEvent.ABANDONMENT: AS_OF})
    ]
    assert kept == [date(2027, 1, 1), date(2027, 1, 1), date(2031, 11, 23)]


def test_an_authority_may_ask_for_two_more_years():
    events = {CREATION: date(2024, 1, 1)}
    ask = lambda *rules: retain_until(CLOCKS, RecordClass.COSTS, [Regime.MIFID], events, AS_OF, frozenset(rules)).until  # noqa: E731 -- said three times
    assert (ask(), ask("NY-REC-01"), ask("EU-REC-01")) == (date(2029, 1, 1), date(2029, 1, 1), date(2031, 1, 1))


def test_a_year_that_has_to_end_first():
    events = [date(2026, 1, 1), date(2026, 12, 31), date(2027, 1, 1)]
    ends = [last_day(clock(5, from_year_end=True), {CREATION: day}) for day in events]
    assert ends == [date(2031, 12, 31), date(2031, 12, 31), date(2032, 12, 31)]
    report = retain_until(CLOCKS, RecordClass.TAX_REPORT, [Regime.MICA], {CREATION: date(2027, 1, 20)}, AS_OF)
    assert report.until == date(2032, 12, 31)


def test_the_answer_names_every_rule_that_decides():
    table = [clock(5, rule="A"), clock(5, rule="B", status="U"), clock(3, rule="C")]
    kept = retain_until(table, RecordClass.TRADE, [Regime.US], {CREATION: date(2020, 2, 29)}, AS_OF)
    assert kept.why() == "kept until 2025-03-01 because A, B [U]"


@given(CLASSES, REGIMES, REGIMES, known_events(), DAYS)
def test_another_regime_never_shortens(record_class, regimes, more, events, as_of):
    one = retain_until(CLOCKS, record_class, regimes, events, as_of)
    both = retain_until(CLOCKS, record_class, regimes | more, events, as_of)
    if one.is_covered:
        assert keeping(both) >= keeping(one)


@given(CLASSES, REGIMES, known_events(), DAYS)
def test_the_union_is_no_shorter_than_any_clock_and_equals_one(record_class, regimes, events, as_of):
    kept = retain_until(CLOCKS, record_class, regimes, events, as_of)
    each = [
        last_day(one, events)
        for one in clocks_for(CLOCKS, record_class, regimes, as_of)
        if not one.is_conditional or one.start in events
    ]
    assert kept.is_covered == bool(each)
    if None in each or not each:
        assert kept.until is None
    else:
        assert kept.until == max(each)


@given(CLASSES, REGIMES, known_events(), DAYS, st.integers(0, 4000))
def test_what_happens_later_is_kept_no_shorter(record_class, regimes, events, as_of, later):
    moved = {event: day + timedelta(days=later) for event, day in events.items()}
    before = retain_until(CLOCKS, record_class, regimes, events, as_of)
    assert keeping(retain_until(CLOCKS, record_class, regimes, moved, as_of)) >= keeping(before)


@given(CLASSES, REGIMES, known_events(), DAYS, st.sets(st.sampled_from(sorted({c.rule for c in CLOCKS}))))
def test_a_request_never_shortens(record_class, regimes, events, as_of, rules):
    plain = retain_until(CLOCKS, record_class, regimes, events, as_of)
    assert keeping(retain_until(CLOCKS, record_class, regimes, events, as_of, frozenset(rules))) >= keeping(plain)


# The rules of the regimes and this table speak of the same classes.

ASKING = {
    "vara": {Regime.VARA},
    "jfsa": {Regime.JAPAN},
    "us-mtl": {Regime.US, Regime.NEW_YORK, Regime.CALIFORNIA},
    "eu": {Regime.MIFID, Regime.MICA},
}


def retention_rows():
    """Every class and period that a rule of a regime asks for: (regime, rule, class, years)."""
    for regime in rule_tables.REGIMES:
        package = import_module(f"compliance.regimes.{regime.replace('-', '_')}")
        for module in pkgutil.iter_modules(package.__path__):
            values = vars(import_module(f"{package.__name__}.{module.name}")).values()
            rules = {rule.id: rule for value in values if isinstance(value, tuple) for rule in value if is_rule(rule)}
            for rule in rules.values():
                for name, years in rule.parameters["years"].value:
                    yield regime, rule.id, name, years


def is_rule(value) -> bool:
    return isinstance(value, Rule) and value.primitive is Primitive.RETENTION


def test_no_rule_asks_for_longer_than_the_clocks_of_its_regime_keep():
    rows = list(retention_rows())
    assert {"VARA-REC-01", "VARA-REC-02", "EU-REC-01.2", "EU-RK-02"} <= {rule for _, rule, _, _ in rows}
    for regime, rule, name, years in rows:
        clocks = clocks_for(CLOCKS, RecordClass(name), ASKING[regime], AS_OF)
        if isinstance(years, str):
            assert any(each.years is None for each in clocks), (rule, name)
            continue
        kept = [each.years for each in clocks if not each.is_conditional and each.years is not None]
        assert max(kept, default=0) >= years, (rule, name)
