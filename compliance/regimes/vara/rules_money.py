"""Client money: where it is kept, how fast it gets there, how it is reconciled and stated. CRM IV."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compliance.regimes.vara.terms import AT_ONCE, F2, Section, U, V, days, hours, row
from compliance.rules import Condition, Parameter, Primitive, Rule

__all__ = ["RULES"]

_TREATMENT = "rulebook/treatment-client-money"
_RECONCILING = "node/154"
_REPORTING = "rulebook/c-disclosure-reporting-and-audit-requirements"
_PARTS = {"section": Section.MONEY, "consequence": F2}
_LISTS = ("credit_balances", "debit_balances", "outstanding_lodgements", "cash_book", "bank_statements")

RULES: Final[tuple[Rule, ...]] = (
    row(
        "VARA-CM-01", "Client money in accounts that say so",
        "Client money is held on trust, in accounts with “Client Account” in their title.",
        "CRM IV.A.2-3", _TREATMENT, V, Primitive.COMPLETENESS,
        inputs={"records": "bank_accounts"},
        parameters={"title": Parameter("Client Account"), "least": Parameter(Fraction(1), "accounts")},
        where=(Condition("kind", "is", "client"),), must=(Condition("title", "contains", "@title"),),
        frequency="at opening", evidence="register of bank accounts", **_PARTS,
    ),
    row(
        "VARA-CM-02", "Paid into a client account within a day",
        "Client money is paid into a client account within one calendar day of its receipt, but for what passes "
        "through or is due against delivery within a day.",
        "CRM IV.A.5.a", _TREATMENT, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.client_money.receipts"}, parameters={"most": Parameter(days(1))},
        where=(Condition("exception", "absent"),),
        must=(Condition("paid_in", "in time", "@most", since="received"),),
        frequency="each receipt", evidence="list of exceptions", **_PARTS,
    ),
    row(
        "VARA-CM-03", "Money of clients in the UAE is in UAE banks",
        "Money of clients in the UAE is held with banks in the UAE.",
        "CRM IV.A.5.b-c", _TREATMENT, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.client_money.receipts"}, parameters={"country": Parameter("AE")},
        where=(Condition("client_domicile", "is", "@country"), Condition("exception", "absent")),
        must=(Condition("bank_country", "is", "@country"),),
        frequency="each receipt", evidence="list of exceptions", **_PARTS,
    ),
    row(
        "VARA-CM-03b", "Money of foreign clients starts for the UAE within 24 hours",
        "Money of other clients that was received abroad starts to be moved to a bank in the UAE within 24 hours.",
        "CRM IV.A.5.b-c", _TREATMENT, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.client_money.receipts"},
        parameters={"country": Parameter("AE"), "most": Parameter(hours(24))},
        where=(
            Condition("client_domicile", "is not", "@country"), Condition("bank_country", "is not", "@country"),
            Condition("exception", "absent"),
        ),
        must=(Condition("move_started", "in time", "@most", since="received"),),
        frequency="each receipt", evidence="list of exceptions", **_PARTS,
    ),
    row(
        "VARA-CM-04", "Client accounts hold every credit balance",
        "The client accounts hold at least the sum of all clients' credit balances, currency by currency; what clients "
        "owe is not set off.",
        "CRM IV.D.1-3", _RECONCILING, V, Primitive.CLIENT_MONEY,
        inputs={"held": "client_money.held", "owed": "client_money.owed"}, parameters={"ratio": Parameter(Fraction(1))},
        frequency="daily", evidence="bank statements and ledger",
        clocks={"cure, with own funds if needed": AT_ONCE, "tell VARA if material and not rectified": AT_ONCE},
        note="The text judges the close of the day before; here the figures are those of the moment of judgement.",
        **_PARTS,
    ),
    row(
        "VARA-CM-04b", "Daily reconciliation with its five lists",
        "Every day client accounts are reconciled, with lists of credit balances, debit balances, outstanding "
        "lodgements, balances of the cash book, and bank statements.",
        "CRM IV.D.1-3", _RECONCILING, V, Primitive.AGE,
        inputs={"days": "vara.client_money.workpapers", "since": "business.since"},
        parameters={"calendar": Parameter("ALL"), "window": Parameter(Fraction(31), "days")},
        must=tuple(Condition(name, "is", "true") for name in _LISTS),
        frequency="daily", evidence="the day's workpaper", **_PARTS,
    ),
    row(
        "VARA-CM-05", "Who reconciles has no conflict",
        "The reconciliation is prepared by one person and approved by another.",
        "CRM IV.D.2.c", _RECONCILING, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.client_money.workpapers"},
        parameters={"key": Parameter("day"), "least": Parameter(Fraction(1), "workpapers")},
        must=(Condition("approved_by", "present"), Condition("prepared_by", "is not", ".approved_by")),
        frequency="daily", evidence="the day's workpaper",
        note="The text asks for freedom from conflicts; two names are the sign of it that a record can show.", **_PARTS,
    ),
    row(
        "VARA-CM-05b", "Differences are resolved, shortfalls cured",
        "Differences are investigated and resolved the same day; a shortfall is cured, with own funds if needed.",
        "CRM IV.D.2.c, D.5", _RECONCILING, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.client_money.differences"}, parameters={"most": Parameter(AT_ONCE, status=U)},
        must=(Condition("resolved", "in time", "@most", since="found"),),
        frequency="same day", evidence="list of differences by age",
        note="That the same day counts is how the text is summarised; its number of hours was not seen.", **_PARTS,
    ),
    row(
        "VARA-CM-05c", "VARA is told of material differences",
        "VARA is told of a material difference that is not rectified.",
        "CRM IV.D.5", _RECONCILING, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.client_money.differences"}, parameters={"most": Parameter(AT_ONCE, status=U)},
        where=(Condition("material", "is", "true"), Condition("resolved", "absent")),
        must=(Condition("notified", "in time", "@most", since="found"),),
        frequency="each event", evidence="notice to VARA", **_PARTS,
    ),
    row(
        "VARA-CM-06", "Monthly client statements of money",
        "Each client has a statement at least monthly, of balances, each credit and debit, and interest, prepared "
        "within 25 calendar days of its date.",
        "CRM IV.C.2", _REPORTING, V, Primitive.STATEMENTS,
        inputs={"statements": "statements.monthly", "since": "business.since"},
        parameters={"period": Parameter("month"), "due": Parameter(days(25))},
        frequency="monthly", evidence="client statements",
        note="A client may agree to another interval; such agreements are not looked for here.", **_PARTS,
    ),
    row(
        "VARA-CM-07", "Monthly client statements of virtual assets",
        "Each client has a statement at least monthly of virtual assets held and their movements.",
        "CRM V, statements", "entiresection/160", U, Primitive.STATEMENTS,
        inputs={"statements": "statements.monthly", "since": "business.since"},
        parameters={"period": Parameter("month"), "due": Parameter(days(25), status=U)},
        frequency="monthly", evidence="client statements",
        note="The text of Part V was cut where it was read; the duty and its day are as for client money.", **_PARTS,
    ),
)  # fmt: skip
"""In the order of the rulebook."""
