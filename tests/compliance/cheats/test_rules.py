"""Cheats against rules: facts come from signed bundles, the travel-rule log or the tape where these can give them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction

from compliance.evaluate import evaluate_rule
from compliance.facts import Facts, Value
from compliance.regimes import rule_set
from compliance.sources.attested import Statement, attested_facts
from compliance.sources.wallets import Holder, WalletBook, stated_wallets
from compliance.surveillance.inputs import AccountFacts, Inputs
from compliance.surveillance.parameters import MINUTE_US, SECOND_US
from compliance.surveillance.runner import run_detectors
from compliance.travel_rule.log import read_log
from compliance.travel_rule.room import room_facts
from ledger.canonical import parse_file
from por.attestation import ReserveRow, statement_digest
from tests.compliance.cheats.table import cheat
from tests.compliance.regimes import sample_eu, sample_jfsa, sample_vara
from tests.compliance.surveillance.tape import Tape
from tests.compliance.surveillance.test_boundaries import ahead, at, cross, spoof
from tests.compliance.travel_rule.institutions import NOW
from tests.compliance.travel_rule.test_gate import DAY, EVIDENCE, Gates, arrival, everything
from tests.support.small import small_bundle

Changes = Mapping[str, "Value | None"]
FIRMS = {
    "vara": sample_vara.firm,
    "jfsa": sample_jfsa.firm,
    "eu": lambda changes: sample_eu.facts(dict(changes)),
}


def firm(changes: Changes) -> Facts:
    """A licensed firm in order, but for the changes."""
    return sample_vara.firm(changes)


def verdict_of(regime: str, rule_id: str, facts: Facts) -> str:
    rule = rule_set(regime).find(rule_id, facts.as_of.date())
    assert rule is not None, f"{rule_id} is in force"
    return evaluate_rule(rule, facts).result.value


def caught(regime: str, changes: Changes, *rules: str, honest: Changes | None = None) -> Iterator[str]:
    """Those of the rules that fail with the cheat's facts and pass with the honest twin's."""
    for rule in rules:
        assert verdict_of(regime, rule, FIRMS[regime](honest or {})) == "pass", f"{rule}: the honest twin"
        if verdict_of(regime, rule, FIRMS[regime](changes)) == "fail":
            yield rule


def attested(folder, book: WalletBook, rows: tuple[ReserveRow, ...]) -> dict[str, Value]:
    """What a signed bundle says of reserves and claims, by the code that every hour's evaluation runs."""
    bundle = small_bundle(folder, reserve_rows=rows).path
    document = parse_file((bundle / "attestation.json").read_bytes())
    statement = Statement(document, statement_digest(document["statement"]).hex(), "attestation.json")
    return {fact.name: fact.value for fact in attested_facts([statement], "main", book)}


def row(asset: str, address: str, units: str) -> ReserveRow:
    """A reserve of an asset with 8 (BTC) or 9 decimals."""
    quanta = int(Fraction(units) * 10 ** {"BTC": 8, "ETH": 9}[asset])
    return ReserveRow("main", asset, "offchain:vault", "native", address, quanta, address, "none", "claim")


def book(**owners: str) -> WalletBook:
    """Whose each address is."""
    return WalletBook(
        {("offchain:vault", address): Holder(address, owner, "offline") for address, owner in owners.items()}
    )


CLIENTS = book(a="client", b="client", e="client")
# The small exchange owes 1.75 BTC and 50.000000001 ETH.
ENOUGH = (row("BTC", "a", "2"), row("ETH", "e", "51"))


def of_bundle(facts: Mapping[str, Value]) -> dict[str, Value]:
    return {name: facts[name] for name in ("reserves.client", "claims", "reserves.unread")}


@cheat(
    "Covers a shortfall of BTC by a surplus of ETH",
    "Adds up values: 1 BTC of 1.75 is there, and ETH enough for the rest.",
    ("VARA-RES-01", "JP-SEG-02"),
    "A single figure of all reserves to all claims in money; procedures give none.",
)
def test_a_shortfall_is_covered_by_another_asset(tmp_path):
    honest = of_bundle(attested(tmp_path / "honest", CLIENTS, ENOUGH))
    rich = (row("BTC", "a", "1"), row("ETH", "e", "5000"))
    cheating = of_bundle(attested(tmp_path / "cheat", CLIENTS, rich))
    yield from caught("vara", cheating, "VARA-RES-01", honest=honest)
    yield from caught("jfsa", cheating, "JP-SEG-02", honest=honest)


@cheat(
    "Counts its own wallet as its clients'",
    "Signs 1 BTC of its own among the reserves, so that cover of all rows is full.",
    ("VARA-RES-01", "JP-SEG-02"),
    "The audit of the bundle, and procedure 7.1: they know addresses and no owners. A false register of wallets.",
)
def test_an_own_wallet_is_counted(tmp_path):
    rows = (row("BTC", "a", "1"), row("BTC", "b", "1"), row("ETH", "e", "51"))
    honest = of_bundle(attested(tmp_path / "honest", CLIENTS, rows))
    cheating = of_bundle(attested(tmp_path / "cheat", book(a="client", b="own", e="client"), rows))
    assert cheating["reserves.client"] != honest["reserves.client"]
    yield from caught("vara", cheating, "VARA-RES-01", honest=honest)
    yield from caught("jfsa", cheating, "JP-SEG-02", honest=honest)


@cheat(
    "Lends clients' coins without their consent",
    "Hands coins on, and still counts them.",
    ("VARA-RES-01", "VARA-SEG-03"),
    "Chains and bundles: a loan on paper is on no chain. Where the register says nothing of it, see below.",
)
def test_coins_are_lent_without_consent():
    lent = {"id": "1", "asset": "BTC", "units": 10, "in_wallets": True}
    consented = {**lent, "consent": "terms 4.1", "licence": "licence 7"}
    honest = {"encumbrances": sample_vara.rows("encumbrances", consented)}
    cheating = {"encumbrances": sample_vara.rows("encumbrances", lent)}
    yield from caught("vara", cheating, "VARA-SEG-03", "VARA-RES-01", honest=honest)


@cheat(
    "Lends coins out of the wallets and states the same cover",
    "Coins have left, without consent, and are counted as though they were still held.",
    ("VARA-RES-01",),
    "Adding wallets and loans together without asking for consent and licence.",
)
def test_coins_that_left_the_wallets_are_a_shortfall():
    out = {"id": "1", "asset": "BTC", "units": 10, "in_wallets": False}
    short = {"reserves.client": {"BTC": Fraction(95), "ETH": Fraction(2100), "USDT": Fraction(5_000_000)}}
    consented = {**out, "consent": "terms 4.1", "licence": "licence 7"}
    honest = {**short, "encumbrances": sample_vara.rows("encumbrances", consented)}
    yield from caught(
        "vara", {**short, "encumbrances": sample_vara.rows("encumbrances", out)}, "VARA-RES-01", honest=honest
    )


@cheat(
    "Shares the guarantee wallet with its own coins",
    "Lists one address as guarantee and as own, and counts it for both.",
    ("JP-GUAR-01", "JP-SEG-01"),
    "The quantity alone: it is enough.",
)
def test_the_guarantee_is_mixed():
    def stated(*owners):
        given = {"chain": "bitcoin", "custody": "offline", "label": None}
        found = stated_wallets([{**given, "address": "bc1qguarantee", "owner": owner} for owner in owners])
        return {"wallets.mixed": tuple({"address": address, "reason": reason} for address, reason in found.mixed)}

    assert stated("guarantee", "guarantee")["wallets.mixed"] == ()
    yield from caught("jfsa", stated("guarantee", "own"), "JP-GUAR-01", "JP-SEG-01", honest=stated("guarantee"))


@cheat(
    "Keeps more than 5 % of its users' crypto online",
    "One yen more than a twentieth is outside the safe method.",
    ("JP-COLD-01",),
    "Cover: everything is there, and in reach of whoever breaks in.",
)
def test_too_much_is_online():
    whole = sample_jfsa.GOOD["values.client"]["JPY"]
    exact, over = ({"values.client.hot": {"JPY": whole / 20 + more}} for more in (0, 1))
    yield from caught("jfsa", over, "JP-COLD-01", honest=exact)


@cheat(
    "Credits a deposit before its travel-rule data are there",
    "Lets the client trade with a deposit that should be held.",
    ("VARA-TR-02",),
    "The gate where it is asked: it holds. This is an exchange that credits past it; the log and the ledger tell.",
)
def test_a_deposit_is_credited_before_its_data(tmp_path):
    gates = Gates(tmp_path)
    assert gates.beta.arriving(arrival()) is not None, "the gate holds it"
    gates.pair.ask()
    gates.pair.now += 60
    gates.notify()
    assert [each.missing for each in gates.beta.held(everything)] == [()]
    records = read_log(gates.beta._log.path)

    def facts(credited: int) -> Changes:
        found = room_facts(records, 0, NOW + DAY, {EVIDENCE: credited}, "vara")
        return {"transfers": next(fact.value for fact in found if fact.name == "transfers")}

    yield from caught("vara", facts(NOW + 59), "VARA-TR-02", honest=facts(NOW + 61))


@cheat(
    "Trades with its house account against clients on its own platform",
    "The operator takes the other side of its clients.",
    ("EU-PLT-01.4",),
    "Detectors alone: a house that trades fairly is no abuse, and still not allowed here. An undeclared account.",
)
def test_the_house_trades_on_its_platform():
    yield from caught("eu", {"eu.house_trades": Fraction(1)}, "EU-PLT-01.4")


def alerts(detector: str, tape: Tape, inputs: Inputs) -> int:
    return len(run_detectors(tape.log(), inputs, only={detector}).alerts)


@cheat(
    "Runs ahead of clients' large orders with the house account",
    "Buys two seconds before a large client does, and sells to them.",
    ("detector MA-10",),
    "Rules on fills: each is at a price of the book. An account whose relation nobody stated.",
)
def test_the_house_runs_ahead():
    tape, inputs = ahead(SECOND_US)
    late, _ = ahead(10 * SECOND_US)
    assert not alerts("MA-10", late, inputs), "who is not just ahead is not accused"
    strangers = Inputs(accounts={"house": AccountFacts("house", "customer")})
    assert not alerts("MA-10", tape, strangers)
    if alerts("MA-10", tape, inputs):
        yield "detector MA-10"


@cheat(
    "Trades with itself to show volume",
    "Two accounts of one owner fill each other.",
    ("detector MA-01",),
    "The detector where nobody states who owns the accounts: each then stands for itself.",
)
def test_a_wash_between_clusters():
    tape = Tape()
    for number in range(20):
        cross(at(tape, number * MINUTE_US), "ann", "bob", 100, 10)
    family = Inputs(accounts={"ann": AccountFacts("family"), "bob": AccountFacts("family")})
    strangers = Inputs(accounts={"ann": AccountFacts("ann"), "bob": AccountFacts("bob")})
    assert not alerts("MA-01", tape, strangers)
    if alerts("MA-01", tape, family):
        yield "detector MA-01"


@cheat(
    "Layers the book",
    "Shows bids that nobody is meant to hit, sells, and takes them away.",
    ("detector MA-03",),
    "Once: that may be chance, and a maker who quotes both sides does the like in earnest.",
)
def test_the_book_is_layered():
    assert not alerts("MA-03", spoof(SECOND_US, SECOND_US, rounds=1), Inputs())
    if alerts("MA-03", spoof(SECOND_US, SECOND_US), Inputs()):
        yield "detector MA-03"
