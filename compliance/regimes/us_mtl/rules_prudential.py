"""Permissible investments, tangible net worth, bond, average daily liability, forwarding: the model act's article X."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compliance.regimes.us_mtl.states import states_of
from compliance.regimes.us_mtl.terms import MTMA_SINCE, U1, S, Section, U, V, days, row
from compliance.rules import Condition, Parameter, ParameterValue, Primitive, Rule, Scope

__all__ = ["CAPPED", "COMBINED", "RULES", "TIERS", "UNCAPPED"]

_PARTS = {"section": Section.PRUDENTIAL, "consequence": U1, "scope": Scope.STATE}
_TEXAS = "https://texas.public.law/statutes/tex._fin._code_section_152.355"
_TEXAS_KINDS = "https://gavvy.com/statute/tx-fin-152356"
_TEXAS_WORTH = "https://www.lawserver.com/law/state/texas/tx-codes/texas_finance_code_152-351"
_MODEL = "https://www.csbs.org/csbs-money-transmission-modernization-act-mtma"
_GUIDANCE = "https://www.jdsupra.com/legalnews/5079091/"
_BOND = "https://sdlegislature.gov/Statutes/51A-17-100"

UNCAPPED: Final = (
    "cash", "domestic-deposit", "in-transit", "card-receivable", "aaa-money-fund", "bank-debt", "us-obligation",
    "state-obligation", "letter-of-credit", "excess-bond", "same-coin-stablecoin",
)  # fmt: skip
"""Kinds that count whole. `in-transit`: ACH, wires, and cash in transit or safes; `excess-bond`: bond over the ADTL;
`same-coin-stablecoin`: up to obligations in that coin, and as Texas has it."""
_FIFTH, _TENTH, _HALF = Fraction(20, 100), Fraction(10, 100), Fraction(50, 100)
CAPPED: Final[tuple[tuple[Fraction | str, ...], ...]] = (
    ("delegate-receivable", _HALF, _TENTH),
    ("short-term-investment", _FIFTH, _TENTH),
    ("commercial-paper", _FIFTH, _TENTH),
    ("rated-debt", _FIFTH, _TENTH),
    ("repurchase-agreement", _FIFTH, _TENTH),
    ("rated-money-fund", _FIFTH, _TENTH),
    ("investment-fund", _FIFTH, _TENTH),
    ("foreign-deposit", _TENTH, "none"),
)
"""Kind, share of all that it may be, share that one obligor may be."""
COMBINED: Final = (
    "short-term-investment", "commercial-paper", "rated-debt", "repurchase-agreement", "rated-money-fund",
    "investment-fund",
)  # fmt: skip
"""Rated investments and funds, which have one cap together."""
TIERS: Final[ParameterValue] = (
    (Fraction(100_000_000), Fraction(0), Fraction(3, 100)),
    (Fraction(1_000_000_000), Fraction(3_000_000), Fraction(2, 100)),
    ("none", Fraction(21_000_000), Fraction(5, 1000)),
)
"""Upper end of total assets, requirement at the lower end, rate above it. USD."""
_KINDS = {
    "uncapped": Parameter(UNCAPPED),
    # For the measure without caps the capped kinds count whole.
    "capped": Parameter(tuple((row_[0], "none", "none") for row_ in CAPPED)),
}
_OWED = {"owed": "client_money.owed", "rates?": "us.rates"}
_WORTH = {
    "assets": "us.finance.assets", "liabilities": "us.finance.liabilities", "intangibles": "us.finance.intangibles",
}  # fmt: skip

RULES: Final[tuple[Rule, ...]] = (
    row(
        "US-PI-01", "Permissible investments cover what is owed",
        "At all times permissible investments, at market value under GAAP, are worth at least all outstanding "
        "money-transmission obligations of the licensee, in every state together.",
        "MTMA 10.03; Tex. Fin. Code 152.355(a)", _TEXAS, V, Primitive.FLOOR,
        inputs={"investments": "us.permissible", **_OWED},
        parameters={
            "measure": Parameter("permissible"), "formula": Parameter("obligations"), "unit": Parameter("USD"),
            **_KINDS,
        },
        states=states_of("US-PI-01"), frequency="at all times", evidence="MSB Call Report section III",
        note="Measured before the caps of 10.04(b), whose percentages were not read: US-PI-04 measures with them. What "
        "is pledged counts as nothing. The same figures in each state; the law that asks is each state's own.",
        **_PARTS,
    ),
    row(
        "US-PI-02", "Permissible investments are held in statutory trust",
        "Permissible investments are held in trust for those to whom is owed, should the licensee fail; none of them "
        "is pledged.",
        "MTMA 10.03; Tex. Fin. Code 152.355(c)-(d)", _TEXAS, V, Primitive.COMPLETENESS,
        inputs={"records": "us.permissible"}, parameters={"least": Parameter(Fraction(1), "investments")},
        must=(Condition("statutory_trust", "is", "true"), Condition("pledged", "is", "0")),
        states=states_of("US-PI-02"), frequency="continuous", evidence="register of investments and accounts", **_PARTS,
    ),
    row(
        "US-PI-03", "Each investment is of a kind that the act permits",
        "What is counted is cash, deposits, items in transit, card receivables owed by banks, AAA money funds, bank "
        "debt, obligations of the United States or a state, a standby letter of credit, bond over the average daily "
        "liability, or one of the kinds with a cap.",
        "MTMA 10.04(a); Tex. Fin. Code 152.356(a)", _TEXAS_KINDS, V, Primitive.COMPLETENESS,
        inputs={"records": "us.permissible"},
        parameters={
            "kinds": Parameter((*UNCAPPED, *(str(row_[0]) for row_ in CAPPED))),
            "least": Parameter(Fraction(1), "investments"),
        },
        must=(Condition("kind", "in", "@kinds"),),
        states=states_of("US-PI-03"), frequency="daily", evidence="MSB Call Report section III",
        note="An investment of no such kind counts nothing in US-PI-01 and US-PI-04 either. That a stablecoin counts "
        "was read in Texas alone.",
        **_PARTS,
    ),
    row(
        "US-PI-04", "Permissible investments cover what is owed after caps",
        "Receivables from delegates, rated investments and funds, and cash in foreign banks count no further than "
        "their share of all permissible investments.",
        "MTMA 10.04(b)", _MODEL, U, Primitive.FLOOR,
        inputs={"investments": "us.permissible", **_OWED},
        parameters={
            "measure": Parameter("permissible"), "formula": Parameter("obligations"), "unit": Parameter("USD"),
            "uncapped": Parameter(UNCAPPED, status=V), "capped": Parameter(CAPPED, "shares", status=U),
            "combined": Parameter(COMBINED, status=U), "combined_share": Parameter(_HALF, status=U),
        },
        states=states_of("US-PI-04"), frequency="daily", evidence="MSB Call Report section III",
        note="The percentages were not read: 50 % for delegates (10 % for one), 20 % for each kind of rated investment "
        "or fund (10 % for one), 50 % for these together, 10 % for foreign banks. The whole is taken before caps.",
        **_PARTS,
    ),
    row(
        "US-TNW-01", "Tangible net worth by tiers of total assets",
        "Total assets less liabilities and intangibles are at least: up to 100 million of assets 3 % of them and no "
        "less than 100,000; up to 1 billion 3 million and 2 % of the excess; above, 21 million and 0.5 % of the "
        "excess.",
        "MTMA 10.01; Tex. Fin. Code 152.351", _TEXAS_WORTH, V, Primitive.FLOOR,
        inputs={"base": "us.finance.assets", **_WORTH},
        parameters={
            "measure": Parameter("tangible-net-worth"), "formula": Parameter("tiers"), "tiers": Parameter(TIERS, "USD"),
            "minimum": Parameter(Fraction(100_000), "USD"), "unit": Parameter("USD"),
        },
        states=states_of("US-TNW-01"), frequency="at all times", evidence="MSB Call Report section I",
        note="All intangibles are taken off here; US-TNW-02 leaves in what guidance leaves in.",
        **_PARTS,
    ),
    row(
        "US-TNW-02", "Tangible net worth with matched virtual currency",
        "Virtual currency counts among total assets, and is not taken off as an intangible as far as a debt to "
        "customers in the same currency matches it.",
        "CSBS guidance on MTMA 2.01(bb)", _GUIDANCE, S, Primitive.FLOOR,
        inputs={"base": "us.finance.assets", **_WORTH, "matched": "us.intangibles.virtual"},
        parameters={
            "measure": Parameter("tangible-net-worth"), "formula": Parameter("tiers"),
            "tiers": Parameter(TIERS, "USD", status=V), "minimum": Parameter(Fraction(100_000), "USD", status=V),
            "unit": Parameter("USD"),
        },
        states=states_of("US-TNW-02"), frequency="quarterly", evidence="workpaper of virtual currency by asset",
        **_PARTS,
    ),
    row(
        "US-BOND-01", "Surety bond for the state",
        "The bond is the state's average daily transmission liability of the last three months, at least 100,000 and "
        "at most 500,000; it is 100,000 where tangible net worth is over 10 % of total assets.",
        "MTMA 10.02; SDCL 51A-17-100", _BOND, V, Primitive.FLOOR,
        inputs={"measured": "us.bond", "adtl": "us.adtl.bond", "rates?": "us.rates", **_WORTH},
        parameters={
            "formula": Parameter("bond"), "share": Parameter(Fraction(1)),
            "minimum": Parameter(Fraction(100_000), "USD"), "maximum": Parameter(Fraction(500_000), "USD"),
            "relief": Parameter(Fraction(10, 100), "of total assets"), "unit": Parameter("USD"),
        },
        states=states_of("US-BOND-01"), frequency="quarterly", evidence="MSB Call Report ST360", **_PARTS,
    ),
    row(
        "US-ADTL-01", "Average daily liability from every day's end",
        "What is outstanding to a state's customers at the end of each calendar day is known for every day of the "
        "quarter; an obligation is outstanding until paid to the beneficiary or refunded, and not when it is handed to "
        "an intermediary.",
        "MTMA 2.01, definition; 7 TAC 33.23", "https://www.sos.state.tx.us/texreg/", V, Primitive.COMPLETENESS,
        inputs={"none": "us.adtl.missing"},
        states=states_of("US-ADTL-01"), frequency="daily capture, reported quarterly", evidence="MSB Call Report ST361",
        note="Each breach is a day without a figure. The average is the sum of the days' ends by the calendar days of "
        "the period; customers count where they live on that day. That an obligation lasts until it is paid is from "
        "answers to questions on the call report: secondary.",
        **_PARTS,
    ),
    row(
        "US-AML-ST", "Money is forwarded or refunded in time",
        "What a customer asks to have sent is sent within the time agreed, or within ten days.",
        "MTMA 8.01, 8.02", _MODEL, U, Primitive.COMPLETENESS,
        inputs={"records": "withdrawals"}, parameters={"most": Parameter(days(10), status=U)},
        must=(Condition("done", "in time", "@most", since="requested"),),
        states=states_of("US-AML-ST"), frequency="each transmission", evidence="log of withdrawals",
        effective_from=MTMA_SINCE,
        note="Neither the text nor the number of days was read. The ledger's withdrawals of the period, of customers "
        "in every state; receipts and refunds are not judged.",
        **_PARTS,
    ),
)  # fmt: skip
"""In the order of the act."""
