"""The travel rule of each regime as dated, cited data: thresholds with their comparator, fields, holds, wallet checks.

No number stands in code elsewhere. Each provision says where it was read and how far it is confirmed: V read in the
text, S read in a secondary source, U not confirmed. A start that is not established is None, and the provision then
counts as in force; reports show that. Source of the table: compliance.md sections 1.3, 2, 3.3, 4.2 and 5.1, with the
rule ids of there.

`Options` is what a firm may set stricter or what sources dispute: the comparator, linked transfers, holds.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from enum import StrEnum
from fractions import Fraction
from typing import Final

__all__ = [
    "NO_OPTIONS",
    "REGIMES",
    "Comparator",
    "Condition",
    "Direction",
    "Options",
    "Provision",
    "Regime",
    "Required",
    "Status",
    "Threshold",
    "regime_terms",
]


class Status(StrEnum):
    """How far a provision's text was confirmed."""

    READ = "V"
    SECONDARY = "S"
    UNVERIFIED = "U"


class Comparator(StrEnum):
    """How an amount is held against a threshold."""

    OVER = ">"
    AT_LEAST = ">="


class Direction(StrEnum):
    """Which way a transfer goes for the firm."""

    IN = "in"
    OUT = "out"


class Condition(StrEnum):
    """When a field is asked for: always, only if the firm received or has it, or only with a self-hosted wallet."""

    ALWAYS = "always"
    IF_HELD = "if-held"


@dataclass(frozen=True, slots=True)
class Threshold:
    """An amount in a currency (ISO 4217), and how it is compared."""

    amount: Fraction
    currency: str
    comparator: Comparator

    def is_reached(self, value: Fraction) -> bool:
        """Whether a value in the threshold's currency is caught."""
        return value > self.amount if self.comparator is Comparator.OVER else value >= self.amount

    def __str__(self) -> str:
        return f"{self.comparator} {self.currency} {self.amount}"


@dataclass(frozen=True, slots=True)
class Required:
    """Something that must be known: any one of `alternatives`, each a set of fields that stand together.

    Fields are coded words, listed in docs/spec/travel-rule-messages.md section 6.
    """

    alternatives: tuple[tuple[str, ...], ...]
    condition: Condition = Condition.ALWAYS

    @property
    def name(self) -> str:
        """What it is called where it is missing."""
        return " or ".join("+".join(each) for each in self.alternatives)


def _fields(*names: str) -> tuple[Required, ...]:
    return tuple(Required(((name,),)) for name in names)


def _if_held(*names: str) -> tuple[Required, ...]:
    return tuple(Required(((name,),), Condition.IF_HELD) for name in names)


@dataclass(frozen=True, slots=True)
class Provision:
    """One provision: to which transfers it applies, and what it asks of them.

    `directions`: the transfers that it is about. `threshold` is None where every one of them is caught. `holds`: a
    transfer that lacks something waits. `asks_ownership`: a self-hosted wallet needs a proof. `asks_due_diligence`: an
    institution needs a due diligence that is still valid. `vasp_only`: not where the other side is a self-hosted
    wallet. `designated_only`: not where the institution is known to be in no designated jurisdiction.
    """

    rule: str
    citation: str
    status: Status
    source: str
    threshold: Threshold | None
    required: tuple[Required, ...] = ()
    directions: frozenset[Direction] = frozenset(Direction)
    holds: bool = True
    asks_ownership: bool = False
    asks_due_diligence: bool = False
    vasp_only: bool = False
    designated_only: bool = False
    effective_from: date | None = None
    effective_to: date | None = None

    def is_in_force(self, on: date) -> bool:
        """Whether it is in force on a day; both ends count."""
        began = self.effective_from is None or self.effective_from <= on
        return began and (self.effective_to is None or on <= self.effective_to)


@dataclass(frozen=True, slots=True)
class Options:
    """What a firm sets, and what sources dispute.

    `comparator` replaces that of the information threshold (a vendor reads VARA's as "equal or exceeding").
    `thresholds` replace those of the information provisions, by rule (of Japan's amount sources differ).
    `linked_seconds`: transfers of one customer with one counterparty address within this time count as one; 0: not.
    `hold_always`: transfers that lack something wait, also where the regime does not ask for it.
    """

    comparator: Comparator | None = None
    thresholds: tuple[tuple[str, Threshold], ...] = ()
    linked_seconds: int = 0
    hold_always: bool = False


NO_OPTIONS: Final = Options()


@dataclass(frozen=True, slots=True)
class Regime:
    """All provisions of one regime, and the currency that its amounts are in."""

    name: str
    currency: str
    provisions: tuple[Provision, ...]

    def in_force(self, on: date, options: Options | None = None) -> tuple[Provision, ...]:
        """The provisions of a day, as the firm's options have them."""
        options = options or NO_OPTIONS
        found = []
        for each in self.provisions:
            if not each.is_in_force(on):
                continue
            set_by_firm = dict(options.thresholds).get(each.rule)
            if set_by_firm is not None and each.required:
                assert set_by_firm.currency == self.currency, "a threshold is in the regime's currency"
                each = replace(each, threshold=set_by_firm)
            if options.comparator is not None and each.threshold is not None and each.required:
                each = replace(each, threshold=replace(each.threshold, comparator=options.comparator))
            if options.hold_always and (each.required or each.asks_ownership):
                each = replace(each, holds=True)
            found.append(each)
        return tuple(found)


_IN: Final = frozenset({Direction.IN})
_OUT: Final = frozenset({Direction.OUT})
_AED_3500: Final = Threshold(Fraction(3500), "AED", Comparator.OVER)
_VARA_TEXT: Final = "rulebooks.vara.ae/rulebook/g-fatf-travel-rule"
_NAMES: Final = ("originator.name", "originator.account", "originator.address", "beneficiary.name")
_VARA_FIELDS: Final = (*_NAMES, "beneficiary.account")

# TFR article 14(1): address with country, personal document and customer number, or else date and place of birth.
_EU_WHO: Final = Required(
    (
        ("originator.address", "originator.document", "originator.customer-number"),
        ("originator.birth",),
    )
)

_VARA: Final = Regime(
    "vara",
    "AED",
    (
        Provision(
            "VARA-TR-01",
            "CRM III.G.1, G.3-4",
            Status.READ,
            _VARA_TEXT,
            _AED_3500,
            (*_fields(*_VARA_FIELDS), *_fields("originator.verified")),
            _OUT,
        ),
        Provision("VARA-TR-02", "CRM III.G.2", Status.READ, _VARA_TEXT, _AED_3500, _fields(*_VARA_FIELDS), _IN),
        Provision(
            "VARA-TR-03",
            "CRM III.G.5-6",
            Status.READ,
            _VARA_TEXT,
            None,
            asks_due_diligence=True,
            vasp_only=True,
        ),
        Provision(
            "VARA-TR-03",
            "CRM III.G.6, self-hosted wallets: the firm's policy; AED 3,500 by data set",
            Status.SECONDARY,
            "cogentic-co/crypto-travel-rules data/jurisdictions/AE.json",
            _AED_3500,
            asks_ownership=True,
        ),
    ),
)

_JAPAN: Final = Regime(
    "jfsa",
    "JPY",
    (
        Provision(
            "JP-TR-01",
            "APTCP 10-5",
            Status.UNVERIFIED,  # sources give 0, JPY 100,000 and USD 3,000 as the amount; 0 is kept
            "cogentic-co/crypto-travel-rules data/jurisdictions/JP.json; start: notabene.id",
            None,
            _fields(*_VARA_FIELDS),
            _OUT,
            vasp_only=True,
            designated_only=True,
            effective_from=date(2023, 6, 1),
        ),
    ),
)

_US: Final = Regime(
    "us-mtl",
    "USD",
    (
        Provision(
            "US-TR-01",
            "31 CFR 1010.410(e)-(f)",
            Status.READ,
            "frrsdigital.com 1010.410 (text mirror)",
            Threshold(Fraction(3000), "USD", Comparator.AT_LEAST),
            (
                *_fields("originator.name", "originator.address", "transfer.amount", "transfer.date"),
                *_fields("beneficiary.institution"),
                *_if_held("originator.account", "transfer.instructions"),
                *_if_held("beneficiary.name", "beneficiary.address", "beneficiary.account"),
            ),
            holds=False,
        ),
    ),
)

_TFR_FIELDS: Final = (
    *_fields("originator.name", "originator.account"),
    _EU_WHO,
    *_if_held("originator.lei"),
    *_fields("beneficiary.name", "beneficiary.account"),
    *_if_held("beneficiary.lei"),
)
# Article 40; the date was not read in the text.
_TFR_FROM: Final = date(2024, 12, 30)

_EU: Final = Regime(
    "eu",
    "EUR",
    (
        Provision(
            "EU-TFR-01",
            "TFR 2023/1113 art 14(1)-(2)",
            Status.READ,
            "mica.wtf tofr art 14",
            None,
            _TFR_FIELDS,
            _OUT,
            effective_from=_TFR_FROM,
        ),
        Provision(
            "EU-TFR-02",
            "TFR 2023/1113 art 14(5), 16(2)",
            Status.READ,
            "TFR art 16(2), read in German; art 14(5) by a commentary that agrees",
            Threshold(Fraction(1000), "EUR", Comparator.OVER),
            asks_ownership=True,
            effective_from=_TFR_FROM,
        ),
        Provision(
            "EU-TFR-03",
            "TFR 2023/1113 art 16-17",
            Status.READ,
            "mica.wtf tofr art 16",
            None,
            _TFR_FIELDS,
            _IN,
            effective_from=_TFR_FROM,
        ),
    ),
)

REGIMES: Final = {each.name: each for each in (_VARA, _JAPAN, _US, _EU)}
"""The regimes by name: `vara`, `jfsa`, `us-mtl`, `eu`, as the rule sets are called."""


def regime_terms(name: str) -> Regime:
    """A regime by its name; raises KeyError for none of them."""
    return REGIMES[name]
