"""Rules of margin, derivatives, lending and price protection over the engine: each passes and fails by its facts.

Commands run in the small exchange with the one wallet; the facts are gathered from its store by the code that every
hour runs. What the engine never does is stated beside it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from fractions import Fraction as F
from functools import cache

import pytest

from compliance.evaluate import evaluate_rule
from compliance.facts import Facts, Value
from compliance.regimes import rule_set
from compliance.sources.books import read_customers
from compliance.sources.cfd import results_of
from compliance.sources.in_force import read_in_force
from compliance.sources.listed_markets import listed_markets
from compliance.sources.margin_book import read_margin
from compliance.sources.margin_terms import ONE
from compliance.sources.movements import moment_of
from compliance.sources.prices import read_prices
from compliance.verdicts import Result
from ledger.commands import MoveBetweenSubaccounts, NewOrder, PlaceOrders, SetConsent, SetCustomer, SetPermissions, Tick
from ledger.commands.margin import Borrow, Permission, SetWalletSettings
from ledger.commands.parameters import NewValue, SetParameters
from ledger.events import AuctionHeld, DepositCredited, FundingSet, LiquidationMoved, MarketHalted, OrderReport
from ledger.store import open_at
from ledger.store.listed import asset_scales
from tests.ledger.store.conftest import database  # noqa: F401 - a fixture
from tests.support.wallet import PERPETUAL, SPOT, USDC, name
from tests.support.wallet_store import StoredWallet, facts_of

PASS, FAIL, INSUFFICIENT = Result.PASS, Result.FAIL, Result.INSUFFICIENT
VARA: Mapping[str, Value] = {
    "vara.margin_licensed": True,
    "vara.activities": frozenset({"exchange", "lending"}),
    "vara.margin.tokens": frozenset({"USDC"}),
    "encumbrances": (),
}
EU: Mapping[str, Value] = {
    "eu.licences": frozenset({"mica", "mifid-firm", "mifid-venue"}),
    "eu.activities": frozenset({"cfd-retail", "client-assets"}),
    "eu.services": frozenset({"platform"}),
    "encumbrances": (),
}
JAPAN: Mapping[str, Value] = {"jfsa.margin_offered": True, "jfsa.derivatives_offered": True}
RESERVES = {"USDC": 10_000_000.0, "BTC": 1_000.0}


def result(regime: str, rule_id: str, facts: Facts) -> Result:
    rule = rule_set(regime).find(rule_id, facts.as_of.date())
    assert rule is not None, f"{rule_id} is in force"
    return evaluate_rule(rule, facts).result


def row_of(facts: Facts, fact: str, start: str = "") -> Mapping[str, object]:
    found = facts.find(fact)
    assert found is not None and isinstance(found.value, tuple), f"{fact} is stated"
    return next(row for row in found.value if str(row["id"]).startswith(start))


def start(leverage: int, *, lend: tuple[int, ...] = (), who: tuple[int, ...] = (1, 2, 3, 5), **more) -> StoredWallet:
    """Three clients and a maker, with settings and money."""
    world = StoredWallet(**more)
    for each in who:
        world.settings(each, leverage, lend=each in lend)
        world.deposit(each, USDC=1_000_000)
    return world


def classed(world: StoredWallet, client_class: str, who: tuple[int, ...] = (1, 2, 3, 5)) -> StoredWallet:
    for each in who:
        world.give(SetCustomer(name(each), client_class, "AE", "customer"))
    return world


# A venue of derivatives.


@cache
def derivatives(leverage: int, client_class: str = "retail") -> StoredWallet:
    """One and two trade a bitcoin for 50,000 dollars, and the hour is cut."""
    world = classed(start(leverage), client_class)
    world.trade(1, 2, 10_000, 50_000)
    world.tick()
    world.cut()
    return world


def test_the_health_is_the_engines_own(tmp_path):
    world = derivatives(2)
    facts = facts_of(world, tmp_path, EU)
    for who in (1, 2):
        health = world.health(who)
        row = row_of(facts, "margin.accounts", name(who))
        assert row["equity"] == F(health.equity, ONE) and row["exposure"] == F(health.exposure, ONE) == 50_000
        account = row_of(facts, "eu.cfd.accounts", name(who))
        assert account["required_margin"] == F(health.initial, ONE) / F("1.25") == 20_000


@pytest.fixture(autouse=True)
def fresh():
    """Each test has worlds of its own: a store follows one of them only once."""
    derivatives.cache_clear()


@pytest.mark.parametrize(("leverage", "expected"), [(1, PASS), (2, PASS), (3, FAIL), (20, FAIL)])
def test_eu_leverage_of_retail_clients_at_the_opening(tmp_path, leverage, expected):
    facts = facts_of(derivatives(leverage), tmp_path, EU)
    assert result("eu", "EU-CFD-01", facts) is expected
    row = row_of(facts, "eu.cfd.openings")
    assert row["notional"] == 40_000 and row["margin"] == F(40_000, leverage)


def test_the_health_is_the_engines_own_after_losses_and_loans(tmp_path):
    """Positions whose bases settlements moved, debts that they left, in the hour and at its cut."""
    world = start(10, lend=(5,), who=(1, 2, 5))
    world.settings(3, 10, lend=False)
    world.deposit(3, BTC=4)  # no dollars: what it loses it owes
    world.tick()
    world.trade(1, 2, 70_000, 50_000)
    world.trade(3, 2, 30_000, 50_010)
    for price in (50_400, 49_000, 48_700):
        world.prices(BTC=price)
        for _ in range(30):
            world.tick()
    world.trade(2, 1, 500, 48_650)
    assert world.owes(3)[0] > 0
    for at_cut in (False, True):
        if at_cut:
            world.cut()
        else:
            world.tick()
        facts = facts_of(world, tmp_path, EU)
        for who in (1, 2, 3):
            health = world.health(who)
            row = row_of(facts, "margin.accounts", name(who))
            assert row["equity"] == F(health.equity, ONE), who
            assert abs(row["exposure"] - F(health.exposure, ONE)) < F(1, 10**15)


def test_professionals_open_no_cfds_of_retail_clients(tmp_path):
    facts = facts_of(derivatives(20, "professional"), tmp_path, EU)
    assert facts.find("eu.cfd.openings").value == () == facts.find("eu.cfd.accounts").value


@pytest.mark.parametrize(("price", "expected"), [(49_000, PASS), (26_000, FAIL)])
def test_eu_close_out_at_half_of_the_margin(tmp_path, price, expected):
    # One has 26,000 dollars for 50,000; the engine closes it out under 2.5 % only.
    world = StoredWallet(values=[("perpetual.mark_cap", PERPETUAL, "0"), ("perpetual.mark_bound", PERPETUAL, "0")])
    for who, dollars in ((1, 26_000), (2, 1_000_000)):
        world.settings(who, 2, lend=False)
        world.deposit(who, USDC=dollars)
    world.trade(1, 2, 10_000, 50_000)
    world.tick()
    world.prices(BTC=price)
    world.tick()
    world.cut()
    facts = facts_of(world, tmp_path, EU)
    account = row_of(facts, "eu.cfd.accounts", name(1))
    assert account["equity"] < account["required_margin"] / 2 if expected is FAIL else account["closed"] is None
    assert result("eu", "EU-CFD-02", facts) is expected


@pytest.mark.parametrize(("left", "expected"), [(0, PASS), (1, PASS), (-1, FAIL)])
def test_eu_nobody_owes_after_a_close_out(tmp_path, left, expected):
    world = derivatives(2)
    levels = (1_000 * ONE, 500 * ONE, 750 * ONE, 250 * ONE)
    begun = LiquidationMoved(7, name(1), "", "started", 400 * ONE, *levels, "", 0, 0, 0, 0, "", "{}")
    world.also = [begun, begun._replace(stage="ended", equity=left, view="")]
    world.tick()
    facts = facts_of(world, tmp_path, EU)
    assert result("eu", "EU-CFD-03", facts) is expected
    assert row_of(facts, "eu.cfd.accounts", f"{name(1)} liq")["required_margin"] == 800


@pytest.mark.parametrize(("shown", "expected"), [("49.9", FAIL), ("50", PASS), ("50.1", PASS), (None, INSUFFICIENT)])
def test_eu_share_of_losing_accounts(tmp_path, shown, expected):
    world = derivatives(2)
    world.prices(BTC=50_100)
    world.tick()
    world.trade(3, 5, 1, 50_100)  # whoever opens pays a fee, and has lost that
    for _ in range(40):
        world.tick()
    world.cut()
    stated = () if shown is None else ({"id": "12 months", "computed": F(0), "shown": F(shown)},)
    facts = facts_of(world, tmp_path, {**EU, "eu.cfd.losers": stated} if stated else EU)
    assert result("eu", "EU-CFD-03.2", facts) is expected
    if stated:
        # One gained 100 less a fee of 25; two lost as much; three lost a fee; the maker pays none and has nothing lost.
        assert row_of(facts, "eu.cfd.losers")["computed"] == 50


def test_results_are_what_the_ledger_gained_and_lost(tmp_path):
    """Fills, fees and fundings of two hours add up to the change of each wallet, to the quantum of each funding."""
    world = start(10, who=(1, 2, 3))
    begun = {who: world.owed(who) for who in (1, 2, 3)}
    for hour, price in enumerate((50_400, 49_300)):
        world.trade(1, 2, 7_000 + hour, 50_000)
        world.trade(2, 3, 900, price)
        world.order(1, "bid", 5, 52_000, post_only=True)
        world.prices(BTC=price)
        for _ in range(20):
            world.tick()
        world.cut()
        world.cancel_all(1)
    assert world.found(FundingSet) and any(event.rate for event in world.found(FundingSet))
    facts_of(world, tmp_path, EU)
    with open_at(f"sqlite:///{tmp_path}/store.db") as snapshot:
        last, session = int(world.head.sequence), snapshot.session
        scales = asset_scales(session)
        markets, in_force = listed_markets(session, last, scales), read_in_force(session, last)
        people, prices = read_customers(session, last), read_prices(session, last)
        book = read_margin(snapshot, last, "main", markets, scales, in_force, prices, people)
        found = results_of(session, book, 1)
        since = results_of(session, book, last)
    for who in (1, 2, 3):
        gained = F(world.owed(who) - begun[who], USDC)
        assert abs(found[name(who), ""] - gained) <= F(4, USDC), who
        # Of positions that were open at the beginning of a window only what came later counts.
        assert since[name(who), ""] == 0


@pytest.mark.parametrize(("leverage", "expected"), [(2, PASS), (20, PASS)])
def test_japan_derivatives_are_held_against_equity(tmp_path, leverage, expected):
    assert result("jfsa", "JP-DER-01", facts_of(derivatives(leverage), tmp_path, JAPAN)) is expected


def test_japan_an_individual_with_more_than_twice_the_margin(tmp_path):
    world = StoredWallet()
    for who, dollars in ((1, 20_000), (2, 1_000_000)):
        world.settings(who, 10, lend=False)
        world.deposit(who, USDC=dollars)
    world.trade(1, 2, 10_000, 50_000)
    world.tick()
    world.cut()
    facts = facts_of(world, tmp_path, JAPAN)
    assert result("jfsa", "JP-DER-01", facts) is FAIL
    row = row_of(facts, "jfsa.derivatives", name(1))
    assert row["notional"] == 50_000 * 128 and row["margin"] < row["notional"] / 2


@pytest.mark.parametrize(("ratio", "expected"), [("0.5", PASS), ("21", FAIL), (None, INSUFFICIENT)])
def test_japan_corporates_by_the_ratio(tmp_path, ratio, expected):
    world = derivatives(10, "eligible-counterparty")
    stated = {"id": "r", "asset": "BTC", "ratio": F(ratio or 0), "set_on": date(2026, 8, 31), "replaced_on": None}
    facts = facts_of(world, tmp_path, {**JAPAN, **({"jfsa.risk_ratios": (stated,)} if ratio else {})})
    assert result("jfsa", "JP-DER-01b", facts) is expected


@pytest.mark.parametrize(
    ("agreed", "ended", "expected"), [(True, True, PASS), (False, True, FAIL), (True, False, FAIL)]
)
def test_japan_loss_cuts(tmp_path, agreed, ended, expected):
    world = derivatives(2)
    world.give(SetConsent(name(1), "margin", agreed, "11" * 32))
    begun = LiquidationMoved(7, name(1), "", "started", 1, 1, 1, 1, 1, "", 0, 0, 0, 0, "", "{}")
    world.also = [begun]
    world.tick()
    if ended:
        world.also = [begun._replace(stage="ended")]
        world.tick()
    world.tick(2 * 3_600)
    world.cut()
    assert result("jfsa", "JP-MARG-03", facts_of(world, tmp_path, JAPAN)) is expected


# Dubai.


@pytest.mark.parametrize(
    ("client_class", "expected"),
    [("qualified", PASS), ("eligible-counterparty", PASS), ("professional", FAIL), ("retail", FAIL)],
)
def test_vara_margin_for_qualified_and_institutional_investors(tmp_path, client_class, expected):
    facts = facts_of(derivatives(2, client_class), tmp_path, VARA)
    assert result("vara", "VARA-MG-01", facts) is expected
    assert result("vara", "VARA-MG-01b", facts_of_none(facts)) is FAIL


def facts_of_none(facts: Facts) -> Facts:
    """The same without a licence for margin."""
    (licensed,) = (fact for fact in facts if fact.name == "vara.margin_licensed")
    return facts.with_facts(type(licensed)(licensed.name, False, licensed.as_of, licensed.assurance))


def test_vara_no_margin_without_a_licence_where_there_is_none(tmp_path):
    facts = facts_of(start(2), tmp_path, {**VARA, "vara.margin_licensed": False})
    assert result("vara", "VARA-MG-01b", facts) is PASS


@pytest.mark.parametrize(("tokens", "expected"), [({"USDC"}, PASS), ({"USDT"}, FAIL), (set(), FAIL)])
def test_vara_eligible_collateral(tmp_path, tokens, expected):
    facts = facts_of(derivatives(2, "qualified"), tmp_path, {**VARA, "vara.margin.tokens": frozenset(tokens)})
    assert result("vara", "VARA-MG-04", facts) is expected


@pytest.mark.parametrize(("warned", "expected"), [(-60, PASS), (60, FAIL), (None, FAIL)])
def test_vara_warning_before_a_breach(tmp_path, warned, expected):
    world = derivatives(2, "qualified")
    begun = LiquidationMoved(7, name(1), "", "started", 1, 1, 1, 1, 1, "", 0, 0, 0, 0, "", "{}")
    world.also = [begun, begun._replace(stage="ended")]
    world.tick()
    firm = dict(VARA)
    if warned is not None:
        told = {
            "id": name(1), "client_class": "QUALIFIED", "exposure": F(0), "equity": F(0), "credit": F(0),
            "margin_funds": F(0), "warned": moment_of(world.now) + timedelta(seconds=warned), "breached": None,
            "closed": None, "collateral_allowed": True,
        }  # fmt: skip
        firm["margin.accounts"] = (told,)
    facts = facts_of(world, tmp_path, firm)
    assert result("vara", "VARA-MG-06", facts) is expected
    assert row_of(facts, "margin.accounts", name(1))["exposure"] > 0, "the firm replaces no measured figure"


def margin_order(world: StoredWallet, who: int, side: str, market: str, **changes) -> None:
    fields = {
        "market": market, "side": side, "kind": "limit", "client_id": 1, "quantity": 100, "quote_quantity": None,
        "price": 50_000, "time_in_force": "gtc", "expires": None, "post_only": False, "self_trade": "reject-taker",
        "trigger": None, "trigger_price": None, "trigger_by": None, "oco_group": None, "bound": False,
    }  # fmt: skip
    subaccount = changes.pop("subaccount", "")
    world.give(PlaceOrders(name(who), subaccount, (NewOrder(**fields | changes),)))


@pytest.mark.parametrize(
    ("subaccount", "is_paid", "expected"), [("margin", True, PASS), ("", True, FAIL), ("margin", False, FAIL)]
)
def test_vara_an_account_of_its_own_and_margin_first(tmp_path, subaccount, is_paid, expected):
    world = classed(start(2, who=(1, 2, 5)), "qualified", (1, 2, 5))
    for who in (1, 2):
        if is_paid:
            world.also = [DepositCredited(f"chain:{who}", name(who), "USDC", 1_000_000 * USDC)]
        world.tick()
        if subaccount:
            world.give(SetWalletSettings(name(who), subaccount, 2, False, True, True))
            world.give(MoveBetweenSubaccounts(name(who), "", subaccount, "USDC", 500_000 * USDC))
    margin_order(world, 2, "ask", PERPETUAL, subaccount=subaccount)
    margin_order(world, 1, "bid", PERPETUAL, subaccount=subaccount)
    world.cut()
    facts = facts_of(world, tmp_path, VARA)
    assert len(facts.find("vara.margin.orders").value) == 2
    assert result("vara", "VARA-MG-05", facts) is expected


def test_vara_nobody_is_funded_with_anothers_money(tmp_path):
    """A spot order on margin takes its coins from a pool, and a pool is other clients'."""
    world = classed(start(5, lend=(5,)), "qualified")
    world.deposit(2, BTC=40)
    world.tick()
    margin_order(world, 2, "ask", SPOT, quantity=300_000)
    margin_order(world, 1, "bid", SPOT, quantity=300_000, margin=True)  # 30 bitcoins for 1.5 million
    world.cut()
    facts = facts_of(world, tmp_path, VARA)
    assert world.owes(1)[0] > 0, "it was borrowed from the pool"
    row = row_of(facts, "vara.margin.orders")
    assert row["funded_by"] == "another client" and row["account"] == name(1)
    assert result("vara", "VARA-MG-05", facts) is FAIL
    # What was bought on credit is collateral that is allowed.
    assert row_of(facts, "margin.accounts", name(1))["collateral_allowed"] is True


# Lending.


def lent(
    borrowed: int,
    *,
    consents: bool = True,
    price: float | None = None,
    client_class: str = "qualified",
    is_spent: bool = False,
) -> StoredWallet:
    """Five lends a million dollars, one borrows some of it against ten bitcoins."""
    world = classed(start(10, lend=(5,), who=(5,)), client_class, (1, 5))
    world.settings(1, 10, lend=False, repay=False)
    world.deposit(1, BTC=10)
    world.tick()
    if borrowed:
        world.give(Borrow(name(1), "", "USDC", borrowed * USDC))
        if is_spent:
            world.give(MoveBetweenSubaccounts(name(1), "", "elsewhere", "USDC", borrowed * USDC))
    if not consents:
        world.give(SetConsent(name(5), "lending", False, "22" * 32))
    if price is not None:
        world.prices(BTC=price)
    world.cut()
    return world


@pytest.mark.parametrize(("borrowed", "expected"), [(99_000, PASS), (101_000, FAIL)])
def test_vara_credit_to_one_client_within_a_tenth(tmp_path, borrowed, expected):
    facts = facts_of(lent(borrowed), tmp_path, VARA, RESERVES)
    row = row_of(facts, "margin.accounts", name(1))
    assert row["margin_funds"] > 999_000 and row["credit"] >= borrowed
    assert result("vara", "VARA-MG-02", facts) is expected


@pytest.mark.parametrize(("total", "expected"), [(400_000, FAIL), (500_000, PASS)])
def test_vara_margin_funds_are_exposure(tmp_path, total, expected):
    own = {"vara.exposure.total": F(total), "vara.exposure.own": F(80_000), "vara.exposure.margin_funds": F(0)}
    facts = facts_of(lent(99_000), tmp_path, {**VARA, **own})
    assert facts.find("vara.exposure.margin_funds").value >= 99_000 * 4
    assert result("vara", "VARA-MG-03", facts) is expected


@pytest.mark.parametrize(
    ("change", "expected"),
    [({}, PASS), ({"consents": False}, FAIL), ({"licence": False}, FAIL), ({"word": False}, INSUFFICIENT)],
)
def test_lent_out_with_consent_and_licence(tmp_path, change, expected):
    firm = dict(VARA)
    if not change.get("licence", True):
        firm["vara.activities"] = frozenset({"exchange"})
    if not change.get("word", True):
        del firm["encumbrances"]
    world = lent(50_000, consents=change.get("consents", True))
    facts = facts_of(world, tmp_path, firm, RESERVES)
    assert result("vara", "VARA-SEG-03", facts) is expected
    assert result("eu", "EU-SAF-03", facts.with_facts(*of(facts, EU))) is (PASS if "licence" in change else expected)
    assert result("vara", "VARA-CU-03", facts.with_facts(*of(facts, {"vara.activities": frozenset({"custody"})}))) is (
        INSUFFICIENT if expected is INSUFFICIENT else FAIL
    )


def of(facts: Facts, values: Mapping[str, Value]):
    """Facts of values that a test puts beside, without those that the ledger states."""
    (like,) = (fact for fact in facts if fact.name == "controls")
    return [
        type(like)(each, value, like.as_of, like.assurance) for each, value in values.items() if each != "encumbrances"
    ]


def test_a_withdrawn_consent_is_a_breach_even_where_the_firm_says_nothing(tmp_path):
    facts = facts_of(lent(50_000, consents=False), tmp_path, {"vara.activities": frozenset({"lending"})}, RESERVES)
    assert result("vara", "VARA-SEG-03", facts) is FAIL


@pytest.mark.parametrize(("held", "price", "expected"), [
    (10_000_000.0, None, PASS), (100_000.0, None, FAIL), (10_000_000.0, 4_000.0, FAIL),
])  # fmt: skip
def test_vara_enough_for_lending_clients(tmp_path, held, price, expected):
    """Coins are missing, or a loan is above its collateral and counts no more."""
    facts = facts_of(lent(90_000, price=price, is_spent=True), tmp_path, VARA, {"USDC": held, "BTC": 1_000.0})
    assert facts.find("vara.lending.due").value["USDC"] > 999_000
    assert result("vara", "VARA-LB-01", facts) is expected


def test_loans_to_those_close_to_the_firm_cover_nothing(tmp_path):
    world = lent(90_000)
    world.give(SetCustomer(name(1), "qualified", "AE", "staff"))
    facts = facts_of(world, tmp_path, VARA, RESERVES)
    assert result("vara", "VARA-LB-01", facts) is FAIL


@pytest.mark.parametrize(("price", "expected"), [(50_000.0, PASS), (10_000.0, FAIL)])
def test_vara_collateral_as_agreed(tmp_path, price, expected):
    facts = facts_of(lent(90_000, price=price, is_spent=True), tmp_path, VARA)
    assert result("vara", "VARA-LB-01b", facts) is expected


@pytest.mark.parametrize(("borrowed", "expected"), [(400_000, PASS), (910_000, FAIL)])
def test_japan_half_of_a_margin_trade_is_deposited(tmp_path, borrowed, expected):
    # Ten bitcoins at nine tenths of 50,000 dollars, and what was borrowed.
    world = lent(borrowed, client_class="retail")
    facts = facts_of(world, tmp_path, JAPAN)
    row = row_of(facts, "jfsa.margin.trades", name(1))
    assert row["person"] == "individual" and row["asset"] == "USDC"
    assert result("jfsa", "JP-MARG-01", facts) is expected


@pytest.mark.parametrize(("rule_id", "ratio", "expected"), [
    ("JP-MARG-02", "0.4", PASS), ("JP-MARG-02", "1.2", FAIL), ("JP-MARG-02b", None, PASS),
])  # fmt: skip
def test_japan_corporates_on_margin(tmp_path, rule_id, ratio, expected):
    stated = {"id": "r", "asset": "USDC", "ratio": F(ratio or 0), "set_on": date(2026, 8, 31), "replaced_on": None}
    world = lent(400_000, client_class="eligible-counterparty")
    facts = facts_of(world, tmp_path, {**JAPAN, **({"jfsa.risk_ratios": (stated,)} if ratio else {})})
    assert result("jfsa", rule_id, facts) is expected


def test_japan_a_corporate_without_a_ratio_and_too_little(tmp_path):
    world = lent(910_000, client_class="eligible-counterparty")
    assert result("jfsa", "JP-MARG-02b", facts_of(world, tmp_path, JAPAN)) is FAIL


# Nothing to say.

WAITING: Mapping[str, tuple[str, ...]] = {
    "vara": (
        "VARA-MG-01", "VARA-MG-01b", "VARA-MG-02", "VARA-MG-03", "VARA-MG-04", "VARA-MG-05", "VARA-MG-06",
        "VARA-LB-01", "VARA-LB-01b", "VARA-SEG-03",
    ),
    "eu": ("EU-CFD-01", "EU-CFD-02", "EU-CFD-03", "EU-CFD-03.2", "EU-VEN-02.3", "EU-VEN-03", "EU-SAF-03"),
    "jfsa": ("JP-MARG-01", "JP-MARG-02", "JP-MARG-02b", "JP-MARG-03", "JP-DER-01", "JP-DER-01b"),
}  # fmt: skip


@pytest.mark.parametrize(("regime", "rule_id"), [(each, rule) for each, rules in WAITING.items() for rule in rules])
def test_an_exchange_that_never_offered_it_lacks_data(spot_alone, regime, rule_id):
    facts = spot_alone[regime]
    if rule_id == "VARA-MG-01b":
        facts = facts_of_none(facts)
    assert result(regime, rule_id, facts) is INSUFFICIENT


@pytest.fixture(scope="module")
def spot_alone(tmp_path_factory):
    """An exchange whose table of what is permitted was never set, and whose pools are closed."""

    class Spot(StoredWallet):
        def give(self, command, giver="", *, refused=None):
            if isinstance(command, SetPermissions):
                return []
            if isinstance(command, SetParameters):
                kept = tuple(each for each in command.changes if not each.name.startswith("lending."))
                command = SetParameters(kept, command.reason)
            return super().give(command, giver, refused=refused)

    world = Spot()
    world.deposit(1, USDC=100_000)
    world.deposit(2, BTC=10)
    world.order(2, "ask", 100, 50_000, SPOT)
    world.order(1, "bid", 100, 50_000, SPOT)
    world.cut()
    found = {}
    facts = facts_of(world, tmp_path_factory.mktemp("spot"), None, RESERVES)
    for regime, firm in (("vara", VARA), ("eu", EU), ("jfsa", JAPAN)):
        found[regime] = facts.with_facts(*of(facts, firm))
    return found


def test_a_product_that_is_permitted_and_not_used_is_a_statement(tmp_path):
    rows = (Permission(None, None, "perpetual", True, 2),)
    world = StoredWallet()
    world.give(SetPermissions("main", rows, "a test"))
    facts = facts_of(world, tmp_path, VARA)
    assert facts.find("margin.accounts").value == ()


# Price protection.


@pytest.mark.parametrize("move", ["50000", "0"])
def test_halts_have_the_breakers_own_parameters(tmp_path, move):
    values = [] if move == "0" else [("market.breaker_move", PERPETUAL, move)]
    world = start(2, values=values)
    world.trade(1, 2, 10, 50_000)
    world.also = [MarketHalted(PERPETUAL, 60_000, world.now + 10**8)]
    world.tick()
    world.also = [AuctionHeld(PERPETUAL, 50_500, 3)]
    world.tick()
    facts = facts_of(world, tmp_path, EU)
    halt = row_of(facts, "eu.halts")
    assert halt["reference_price"] == 50_000 and halt["ended"] > halt["began"]
    assert result("eu", "EU-VEN-03", facts) is (PASS if values else FAIL)


def test_the_engines_own_halt_is_on_record(tmp_path):
    world = start(20, values=[("market.breaker_move", PERPETUAL, "50000"), ("market.auction_time", PERPETUAL, "60")])
    world.trade(1, 2, 10, 50_000)
    world.tick()
    world.trade(1, 2, 10, 54_000)
    assert world.found(MarketHalted), "eight per cent are more than five"
    world.tick(61)
    facts = facts_of(world, tmp_path, EU)
    halt = row_of(facts, "eu.halts")
    assert halt["reference_price"] == 50_000 and halt["ended"] - halt["began"] >= timedelta(seconds=60)
    assert result("eu", "EU-VEN-03", facts) is PASS


def test_a_halt_before_any_trade_has_the_mark_or_no_reference_price(tmp_path):
    # A market of coins that nobody has traded has neither.
    world = start(2, values=[("market.breaker_move", SPOT, "50000")])
    world.also = [MarketHalted(SPOT, 60_000, world.now + 10**8)]
    world.tick()
    facts = facts_of(world, tmp_path, EU)
    assert row_of(facts, "eu.halts")["ended"] is None
    assert result("eu", "EU-VEN-03", facts) is FAIL


@pytest.mark.parametrize(("name_of", "limit", "steps", "price", "expected"), [
    ("market.order_volume_max", "100", 100, 50_000, PASS), ("market.order_volume_max", "100", 101, 50_000, FAIL),
    ("market.quantity", ("1", "100"), 101, 50_000, FAIL),
    ("market.order_value_max", "500000000", 100, 50_000, PASS),
    ("market.order_value_max", "500000000", 100, 50_001, FAIL),
    ("market.order_value_max", "500000000", 2**52, 2**52, FAIL),
])  # fmt: skip
def test_orders_beyond_a_limit(tmp_path, name_of, limit, steps, price, expected):
    world = start(2)
    order = world.order(1, "bid", 10, 40_000)
    world.give(SetParameters((NewValue(name_of, PERPETUAL, limit),), "a test"))
    # The book itself lets nothing past; what it would say if it did.
    world.also = [OrderReport(PERPETUAL, (2, order, price, steps))]
    world.tick()
    facts = facts_of(world, tmp_path, EU)
    assert result("eu", "EU-VEN-02.3", facts) is expected


def test_a_larger_order_from_before_the_limit_is_not_beyond_it(tmp_path):
    world = start(2)
    world.order(1, "bid", 500, 40_000)
    world.give(SetParameters((NewValue("market.order_volume_max", PERPETUAL, "100"),), "a test"))
    world.tick()
    facts = facts_of(world, tmp_path, EU)
    assert facts.find("eu.orders.beyond_limits").value == 0
    assert result("eu", "EU-VEN-02.4", facts) is PASS


CONTROLS: Mapping[str, tuple[str, object]] = {
    "price collar": ("market.limit_band", ("900000", "1100000")),
    "rejection of clearly wrong orders": ("market.limit_band", ("900000", "1100000")),
    "greatest order value": ("market.order_value_max", "1000000000"),
    "greatest order volume": ("market.order_volume_max", "1000"),
    "volatility halt": ("market.breaker_move", "50000"),
}
MARKETS = (SPOT, "SOL_USDC", PERPETUAL, "SOL_PERP")


def in_place(facts: Facts, control: str) -> bool:
    found = facts.find("controls")
    assert found is not None and isinstance(found.value, tuple)
    (row,) = (row for row in found.value if row["name"] == control)
    return row["in_place"] is True


@pytest.mark.parametrize("control", CONTROLS)
@pytest.mark.parametrize("markets", [MARKETS, MARKETS[1:]])
def test_a_control_is_in_place_where_parameters_switch_it_on_in_every_market(tmp_path, control, markets):
    parameter, value = CONTROLS[control]
    world = StoredWallet()  # its spot market of bitcoins has no collar
    world.give(SetParameters(tuple(NewValue(parameter, market, value) for market in markets), "a test"))
    world.wait(3 * 86_400)  # a breaker's change waits out its lock
    world.give(Tick())
    assert in_place(facts_of(world, tmp_path), control) is (len(markets) == len(MARKETS))


@pytest.mark.parametrize(("lock", "expected"), [("3600", True), ("86399", True), ("86400", False)])
def test_limits_can_be_set_anew_within_the_day(tmp_path, lock, expected):
    names = ("market.limit_band", "market.order_value_max", "market.order_volume_max")
    world = StoredWallet(values=[("parameters.lock", each, lock) for each in names])
    assert in_place(facts_of(world, tmp_path), "limits set anew during the day") is expected


@pytest.mark.parametrize("is_on", [True, False])
def test_eu_the_volatility_mechanism_runs_and_was_tested(tmp_path, is_on):
    tested = tuple(
        {"name": each, "in_place": True, "tested_on": date(2026, 8, 1), "reference": "drill"}
        for each in ("volatility halt", "halt parameters kept by version")
    )
    world = StoredWallet(values=[("market.breaker_move", market, "50000") for market in MARKETS] if is_on else ())
    facts = facts_of(world, tmp_path, {**EU, "controls": tested})
    assert result("eu", "EU-VEN-03.2", facts) is (PASS if is_on else FAIL)


@pytest.mark.parametrize("is_on", [True, False])
def test_eu_collars_and_sizes_are_in_place_and_were_tested(tmp_path, is_on):
    names = ("price collar", "greatest order value", "greatest order volume", "limits set anew during the day",
             "override for named orders only")  # fmt: skip
    tested = tuple(
        {"name": each, "in_place": True, "tested_on": date(2026, 8, 1), "reference": "drill"} for each in names
    )
    locks = [("parameters.lock", each, "3600") for each in (
        "market.limit_band", "market.order_value_max", "market.order_volume_max")]  # fmt: skip
    values = [(*CONTROLS[control], market) for control in CONTROLS for market in MARKETS]
    world = StoredWallet(values=locks)
    if is_on:
        given = dict.fromkeys((parameter, market, value) for parameter, value, market in values)
        world.give(SetParameters(tuple(NewValue(*each) for each in given), "a test"))
    facts = facts_of(world, tmp_path, {**EU, "controls": tested})
    assert result("eu", "EU-VEN-02", facts) is (PASS if is_on else FAIL)


def test_both_databases_say_the_same(database, tmp_path):  # noqa: F811 - the fixture
    """The questions that are put to a database in its own words."""
    world = start(20, lend=(5,), values=[("market.breaker_move", PERPETUAL, "50000")])
    world.settings(1, 10, lend=False, repay=False)
    world.deposit(6, BTC=40)
    world.tick()
    margin_order(world, 6, "ask", SPOT, quantity=250_000)
    margin_order(world, 1, "bid", SPOT, quantity=250_000, margin=True)
    order = world.order(2, "ask", 10, 50_000)
    world.give(SetParameters((NewValue("market.order_value_max", PERPETUAL, str(10**9)),), "a test"))
    world.also = [OrderReport(PERPETUAL, (2, order, 2**52, 2**52))]
    world.tick()
    world.order(1, "bid", 10, 50_000)
    world.tick()
    world.trade(1, 2, 10, 54_000)
    world.cut()
    facts = facts_of(world, tmp_path, {**VARA, **EU, **JAPAN}, RESERVES, database.new())
    assert facts.find("eu.orders.beyond_limits").value == 1
    assert row_of(facts, "eu.halts")["reference_price"] == 50_000
    assert len(facts.find("vara.margin.orders").value) == 5
    assert len(facts.find("eu.cfd.openings").value) == 4
    assert [row["id"] for row in facts.find("encumbrances").value] in ([], ["USDC lent with consent"])
