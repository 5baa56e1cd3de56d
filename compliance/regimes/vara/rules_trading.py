"""The exchange: margin trading, surveillance, fees and conduct. Exchange III and IV."""

from __future__ import annotations

from fractions import Fraction
from typing import Final

from compliance.calendars import Clock, Unit
from compliance.regimes.vara.terms import AT_ONCE, F2, F3, MARGIN, Section, U, V, activity, days, hours, none, row
from compliance.rules import Condition, Parameter, Primitive, Rule

__all__ = ["RULES"]

_WHO, _DUTIES = "rulebook/compliance-margin-trading-rules-0", "rulebook/c-margin-trading-obligations"
_FUNDS = "rulebook/d-prudential-requirements-initial-margin-and-maintenance-margin"
_APPROVAL, _CONDUCT = "entiresection/274", "entiresection/269"
_MARKET = "rulebook/b-market-surveillance-and-notifications-vara"
_PARTS = {"section": Section.TRADING, "consequence": F3}
_EXCHANGE = activity("exchange")
_DETECTORS = tuple(f"MA-{number:02d}" for number in range(1, 13))

RULES: Final[tuple[Rule, ...]] = (
    row(
        "VARA-MG-01", "Margin only for qualified and institutional investors",
        "Margin trading is only for qualified and institutional investors, never for retail ones.",
        "Exchange IV.A.1-4", _WHO, V, Primitive.COMPLETENESS,
        inputs={"records": "margin.accounts"}, parameters={"classes": Parameter(("QUALIFIED", "INSTITUTIONAL"))},
        applies=MARGIN, must=(Condition("client_class", "in", "@classes"),),
        frequency="each order", evidence="list of breaches", **_PARTS,
    ),
    row(
        "VARA-MG-01b", "No margin without its licence",
        "Margin trading is offered only where the licence says so.",
        "Exchange IV.A.1", _WHO, V, Primitive.COMPLETENESS,
        inputs=none("margin.accounts"), applies=(Condition("vara.margin_licensed", "is", "false"),),
        frequency="each order", evidence="list of accounts", **_PARTS,
    ),
    row(
        "VARA-MG-02", "Credit to one client within a tenth",
        "Credit to one client is at most a tenth of all funds for margin trading.",
        "Exchange IV.D.1.b", _FUNDS, V, Primitive.LEVERAGE,
        inputs={"records": "margin.accounts"},
        parameters={
            "limit": Parameter(Fraction(1, 10)), "exposure": Parameter("credit"), "base": Parameter("margin_funds"),
        },
        applies=MARGIN,
        frequency="continuous", evidence="daily table of concentration",
        note="Each record has one client's credit over all its accounts, and all funds for margin trading.", **_PARTS,
    ),
    row(
        "VARA-MG-03", "Margin funds count as operational exposure",
        "Funds lent for margin trading are part of the operational exposure.",
        "Exchange IV.D.1.a", _FUNDS, V, Primitive.FLOOR,
        inputs={
            "measured": "vara.exposure.total", "part_own": "vara.exposure.own",
            "part_margin": "vara.exposure.margin_funds",
        },
        parameters={"formula": Parameter("parts"), "unit": Parameter("AED")}, applies=MARGIN,
        frequency="daily", evidence="workpaper of net liquid assets", **_PARTS,
    ),
    row(
        "VARA-MG-04", "Eligible collateral only",
        "Collateral is the financed asset, fiat, or a fully cash-backed token referencing USD or an approved one "
        "referencing AED; others only while the financed asset keeps falling or is suspended over seven working days.",
        "Exchange IV.D.2-3", _FUNDS, V, Primitive.COMPLETENESS,
        inputs={"records": "margin.accounts", "tokens?": "vara.margin.tokens"}, applies=MARGIN,
        must=(Condition("collateral_allowed", "is", "true"),),
        frequency="each deposit", evidence="list of exceptions", **_PARTS,
    ),
    row(
        "VARA-MG-05", "Separate accounts, own funds, margin first",
        "Margin has an account of its own; no client is funded with another's money, not even with consent; initial "
        "margin is paid before the purchase.",
        "Exchange IV.C.1.b-f", _DUTIES, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.margin.orders"}, parameters={"funders": Parameter(("firm", "client"))},
        applies=MARGIN,
        must=(
            Condition("separate_account", "is", "true"), Condition("funded_by", "in", "@funders"),
            Condition("initial_margin_paid", "<", ".filled"),
        ),
        frequency="each order", evidence="order log and ledger", **_PARTS,
    ),
    row(
        "VARA-MG-06", "Warning before a maintenance breach",
        "A client is warned at least once before its account breaches maintenance margin.",
        "Exchange IV.C.1.h", _DUTIES, V, Primitive.COMPLETENESS,
        inputs={"records": "margin.accounts"}, applies=MARGIN,
        where=(Condition("breached", "present"),), must=(Condition("warned", "<", ".breached"),),
        frequency="continuous", evidence="log of warnings", **_PARTS,
    ),
    row(
        "VARA-MG-06b", "Monthly margin statements",
        "Each margin client has a monthly statement with its ownership in per cent.",
        "Exchange IV.C.1.g", _DUTIES, V, Primitive.STATEMENTS,
        inputs={"statements": "vara.margin.statements", "since": "business.since"},
        parameters={"period": Parameter("month"), "due": Parameter(days(25), status=U)}, applies=MARGIN,
        frequency="monthly", evidence="margin statement",
        note="No day was seen for this statement; that for client money is used.", **_PARTS,
    ),
    row(
        "VARA-MG-07", "Margin rates are approved",
        "Rates and method of margin are approved by VARA for the firm.",
        "Exchange IV.B.1.b", _APPROVAL, V, Primitive.COMPLETENESS,
        inputs={"records": "vara.margin.approvals"}, parameters={"least": Parameter(Fraction(1), "approvals")},
        applies=MARGIN, must=(Condition("approval", "present"),),
        frequency="on change", evidence="VARA's approval",
        note="No fixed cap of leverage is in the text seen; that there is none is unverified.", **_PARTS,
    ),
    row(
        "VARA-EX-01", "Suspected market abuse is notified",
        "On suspected abuse VARA is given positions, inventory, changed limits, margin calls and actions.",
        "Exchange III.B", _MARKET, V, Primitive.COMPLETENESS,
        inputs={"records": "cases"}, parameters={"most": Parameter(AT_ONCE, status=U)}, applies=_EXCHANGE,
        where=(Condition("kind", "is", "market abuse"), Condition("state", "is not", "dismissed")),
        must=(Condition("filed", "in time", "@most", since="detected"),),
        frequency="each event", evidence="notice with its case file", section=Section.TRADING, consequence=F2,
        note="No number of hours was seen.",
    ),
    row(
        "VARA-EX-01b", "The market is watched",
        "Markets are watched for abuse, with each detector run daily and its alerts decided.",
        "Exchange III.B", _MARKET, V, Primitive.SURVEILLANCE,
        inputs={"records": "detectors"},
        parameters={
            "required": Parameter(_DETECTORS), "every": Parameter(hours(24), status=U),
            "decide": Parameter(Clock(5, Unit.BUSINESS_DAYS, "AE"), status=U),
        },
        applies=_EXCHANGE, frequency="daily", evidence="runs and alerts of surveillance",
        note="Detectors and their times are this toolkit's choice; the text names none.", **_PARTS,
    ),
    row(
        "VARA-EX-02", "No reward for disruptive orders",
        "Fees do not reward placing or cancelling orders disruptively.",
        "Exchange III.B.3", _MARKET, V, Primitive.COMPLETENESS,
        inputs=none("fees.rewarding_cancels"), applies=_EXCHANGE,
        frequency="on change", evidence="fee schedule in the log", **_PARTS,
    ),
    row(
        "VARA-EX-03", "Powers to halt and to cancel",
        "The venue can suspend an asset and cancel all orders of a client, and leaves a record of both.",
        "Exchange III.A", _CONDUCT, V, Primitive.CONTROLS,
        inputs={"records": "controls"}, parameters={"required": Parameter(("halt-market", "cancel-all"))},
        applies=_EXCHANGE, frequency="continuous", evidence="log of actions", **_PARTS,
    ),
    row(
        "VARA-EX-03b", "Published code of conduct",
        "The venue has a published code of conduct, and rules to suspend and expel participants.",
        "Exchange III.A", _CONDUCT, V, Primitive.CONTROLS,
        inputs={"records": "vara.controls"},
        parameters={"required": Parameter(("published code of conduct", "rules to suspend and expel"))},
        applies=_EXCHANGE, frequency="continuous", evidence="the code", **_PARTS,
    ),
)  # fmt: skip
"""In the order of the rulebook."""
