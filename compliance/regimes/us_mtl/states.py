"""How states differ, as data: where each has the model act's sections, from when, and what it left out or has instead.

A section that is not in a state's table was not looked up: the model act stands in for it, and reports say so. `since`
is the first day on which a licensee is judged by the section; `in_force` is False where the state left it out, or has a
rule of its own in its place.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Final, NamedTuple

from compliance.regimes.us_mtl.terms import S, U, V
from compliance.rules import States, Status

__all__ = ["LAWS", "NAMES", "Part", "StateLaw", "states_of"]


class Part(NamedTuple):
    """One section of the model act in one state."""

    citation: str
    status: Status
    since: date | None = None
    in_force: bool = True
    note: str = ""


class StateLaw(NamedTuple):
    """A state whose law was looked at, and how far."""

    law: str
    parts: Mapping[str, Part]
    """By the id of the rule."""


_TX, _SD = date(2023, 9, 1), date(2023, 7, 1)
_OWN_KIND = "its own rule on virtual currency in kind stands in the place of the model act's optional article"

LAWS: Final[Mapping[str, StateLaw]] = {
    "US-CA": StateLaw(
        "Digital Financial Assets Law, Fin. Code 3101 and following",
        {
            "US-VC-02": Part("Cal. Fin. Code 3503", V, in_force=False, note=_OWN_KIND + ": CA-01"),
            "CA-01": Part("Cal. Fin. Code 3503(a)", V, date(2026, 7, 1), note="its first day: secondary"),
        },
    ),
    "US-NY": StateLaw(
        "23 NYCRR 200",
        {
            "US-VC-02": Part("23 NYCRR 200.9", U, in_force=False, note=_OWN_KIND + ": NY-CUS-01"),
            "NY-CUS-01": Part("23 NYCRR 200.9(b)", U, note="wording unverified"),
            "NY-CAP-01": Part("23 NYCRR 200.8", V, note="capital by the superintendent's order"),
        },
    ),
    "US-SD": StateLaw(
        "SDCL 51A-17",
        {
            "US-VC-01": Part("SB 58", S, _SD, note="like kind; first day unverified"),
            "US-VC-02": Part("SB 58", S, in_force=False, note="left the optional article out: US-VC-01"),
            "US-BOND-01": Part("SDCL 51A-17-100", V, _SD, note="first day unverified"),
        },
    ),
    "US-TX": StateLaw(
        "Texas Finance Code 152",
        {
            "US-PI-01": Part("152.355(a)", V, _TX),
            "US-PI-02": Part("152.355(c)-(d)", V, _TX),
            "US-PI-03": Part("152.356(a)", V, _TX, note="stablecoins count up to obligations in the same coin"),
            "US-TNW-01": Part("152.351", V, _TX),
            "US-ADTL-01": Part("7 TAC 33.23", V, _TX, note="read under the older chapter 151"),
        },
    ),
    "US-WA": StateLaw(
        "RCW 19.230",
        {
            "US-VC-01": Part("RCW 19.230.200(1)(b)", V, note="like kind instead of permissible investments"),
            "US-VC-02": Part("RCW 19.230.200", V, in_force=False, note=_OWN_KIND + ": US-VC-01"),
        },
    ),
}
"""The states that were looked at; of every other one the model act is assumed, and none of its text was read."""
NAMES: Final[Mapping[str, str]] = {
    "US-CA": "California", "US-NY": "New York", "US-SD": "South Dakota", "US-TX": "Texas", "US-WA": "Washington",
}  # fmt: skip


def states_of(rule_id: str, *only: str) -> States:
    """The states of a rule: those named, or every one but where a state's table says that it is not in force."""
    parts = {state: law.parts[rule_id] for state, law in LAWS.items() if rule_id in law.parts}
    return States(
        only=only,
        never=tuple(sorted(state for state, part in parts.items() if not part.in_force)),
        since={state: part.since for state, part in parts.items() if part.in_force and part.since is not None},
    )
