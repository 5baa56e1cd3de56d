"""Virtual currency in kind: units of each asset, in states that ask for like kind and by the model act's article."""

from __future__ import annotations

from datetime import date
from typing import Final

from compliance.regimes.us_mtl.states import states_of
from compliance.regimes.us_mtl.terms import U1, Section, U, V, row
from compliance.rules import Primitive, Rule, Scope

__all__ = ["KIND", "KIND_ALL", "RULES"]

_PARTS = {"section": Section.LIKE_KIND, "consequence": U1, "scope": Scope.STATE}
_RCW = "https://app.leg.wa.gov/RCW/default.aspx?cite=19.230.200"
_MODEL = "https://www.csbs.org/csbs-money-transmission-modernization-act-mtma"
_HELD = {"held": "reserves.client", "encumbrances?": "encumbrances", "unread?": "reserves.unread"}
KIND: Final = {"owed": "claims.state", **_HELD}
"""What is owed to the state's residents, against all units that are held for customers."""
KIND_ALL: Final = {"owed": "claims", **_HELD}
"""What is owed to every customer, against the same units."""

RULES: Final[tuple[Rule, ...]] = (
    row(
        "US-VC-01", "Like-kind units for the state's residents",
        "A licensee that holds or moves virtual currency has units of the same kind and volume as it owes to the "
        "state's consumers, and not permissible investments in their place; one with money too meets both.",
        "RCW 19.230.200(1)(b); South Dakota SB 58", _RCW, V, Primitive.COVERAGE,
        inputs=KIND, version="2017", effective_from=date(2017, 7, 23), states=states_of("US-VC-01", "US-SD", "US-WA"),
        frequency="at all times", evidence="signed statement of the hour; claims by state",
        note="Units of each asset by itself, by where each customer lived on the day. The first days were not read.",
        **_PARTS,
    ),
    row(
        "US-VC-01.2", "Units that cover one state's residents cover no other's",
        "The units held cover what is owed to all customers, of every state and abroad: a unit is counted once.",
        "RCW 19.230.200(1)(b); MTMA, optional article; 23 NYCRR 200.9; Cal. Fin. Code 3503", _RCW, V,
        Primitive.COVERAGE,
        inputs=KIND_ALL, version="2017", effective_from=date(2017, 7, 23), states=states_of("US-VC-01.2"),
        frequency="at all times", evidence="signed statement of the hour",
        note="No text says this by itself. Without it, the same units would cover the residents of one state after "
        "the other.",
        **_PARTS,
    ),
    row(
        "US-VC-02", "Control of each kind for all entitlements",
        "A licensee with control of virtual currency has of each kind enough for the entitlements of all customers; "
        "it is the customers' property and not for the licensee's creditors.",
        "MTMA, optional virtual currency article", _MODEL, U, Primitive.COVERAGE,
        inputs=KIND, states=states_of("US-VC-02"), frequency="at all times",
        evidence="signed statement of the hour; claims by state",
        note="The text was not read, and the article is optional: of a state that has no table of its own it is judged "
        "as though it had the article.",
        **_PARTS,
    ),
)  # fmt: skip
"""In the order of the reference."""
