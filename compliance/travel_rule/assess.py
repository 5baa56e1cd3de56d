"""A transfer and what is known of it -> what the regime asks, what is missing, and whether it waits. Pure.

The rules:
1. A provision applies by its direction, the kind of the other side, and its threshold over the value of the transfer,
   to which linked transfers are added where the firm's options say so.
2. The value is exact: quanta times one recorded price. Without a price in the regime's currency the threshold counts
   as reached, and the decision says that it was not determined.
3. Whether the other side is a self-hosted wallet or an institution may be unknown. Where information is required, or
   a proof of ownership, that has to be found out first.
4. What is missing never becomes complete by another regime's leave: a decision is of one regime.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from fractions import Fraction

from compliance.travel_rule.regimes import NO_OPTIONS, Condition, Direction, Options, Provision, Regime, regime_terms

__all__ = [
    "Decision",
    "Information",
    "Linked",
    "Transfer",
    "Valuation",
    "assess",
    "linked_value",
]


@dataclass(frozen=True, slots=True)
class Valuation:
    """One recorded price of a whole unit in a currency, kept as evidence: where it came from, and when (seconds)."""

    currency: str
    price: Fraction
    source: str
    time: int

    def value(self, quanta: int, scale: int) -> Fraction:
        """What so many quanta of 10^-scale are worth, exactly."""
        return Fraction(quanta, 10**scale) * self.price


@dataclass(frozen=True, slots=True)
class Transfer:
    """A transfer of a customer. `quanta` of 10^-`scale`; `time` in Unix seconds; `address` is the other side's.

    `counterparty`: the other institution's name, None where it is unknown or there is none. `self_hosted`: None where
    nobody knows. `designated`: whether that institution is in a designated jurisdiction (Japan), None where unknown.
    """

    id: str
    direction: Direction
    customer: str
    asset: str
    quanta: int
    scale: int
    chain: str
    address: str
    time: int
    counterparty: str | None = None
    self_hosted: bool | None = None
    designated: bool | None = None
    is_anonymous: bool = False
    """An asset that hides senders or amounts (anonymity-enhanced)."""
    valuations: Mapping[str, Valuation] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.quanta >= 0 and 0 <= self.scale <= 38
        assert self.self_hosted is not True or self.counterparty is None, "a self-hosted wallet is no institution's"


@dataclass(frozen=True, slots=True)
class Information:
    """What is known of a transfer's parties: coded fields that are `present`, and those that the firm `held` itself.

    `held` makes a field that is asked for only if it is there, asked for. `ownership`: the proof that stands, with the
    end of its validity (Unix seconds); `due_diligence_until`: of the counterparty, None where there is none.
    """

    present: frozenset[str] = frozenset()
    held: frozenset[str] = frozenset()
    ownership: tuple[str, int] | None = None
    due_diligence_until: int | None = None


@dataclass(frozen=True, slots=True)
class Linked:
    """An earlier transfer that may count together with another one."""

    id: str
    direction: Direction
    customer: str
    address: str
    time: int
    value: Fraction


@dataclass(frozen=True, slots=True)
class Decision:
    """What a regime says of a transfer, with what it rests on.

    `value`: in the regime's currency, with linked transfers; None where there was no price. `required`: a provision
    asks for information. `missing`: what stands in the way, in coded words; `hold`: it waits for that, before it is
    credited or sent.
    """

    transfer: str
    regime: str
    as_of: date
    rules: tuple[str, ...]
    value: Fraction | None
    linked: tuple[str, ...]
    valuation: Valuation | None
    required: bool
    missing: tuple[str, ...]
    hold: bool
    ownership_needed: bool
    ownership_proof: str | None
    due_diligence_until: int | None
    notes: tuple[str, ...]

    @property
    def is_complete(self) -> bool:
        """Whether nothing that the regime asks for is missing."""
        return not self.missing


def linked_value(transfer: Transfer, earlier: Iterable[Linked], seconds: int) -> tuple[Fraction, tuple[str, ...]]:
    """What transfers of the same customer, direction and address within `seconds` before are worth, and their ids."""
    found = [
        each
        for each in earlier
        if each.id != transfer.id
        and (each.direction, each.customer, each.address) == (transfer.direction, transfer.customer, transfer.address)
        and transfer.time - seconds <= each.time <= transfer.time
    ]
    return sum((each.value for each in found), Fraction(0)), tuple(sorted(each.id for each in found))


def assess(
    transfer: Transfer,
    information: Information,
    regime: str | Regime,
    as_of: date | None = None,
    options: Options = NO_OPTIONS,
    earlier: Iterable[Linked] = (),
) -> Decision:
    """What a regime asks of a transfer under the provisions of a day, which is the transfer's own if not given.

    `earlier`: transfers that may be linked, valued in the regime's currency. Raises KeyError for an unknown regime.
    """
    terms = regime_terms(regime) if isinstance(regime, str) else regime
    day = datetime.fromtimestamp(transfer.time, UTC).date() if as_of is None else as_of
    valuation = transfer.valuations.get(terms.currency)
    in_force = terms.in_force(day, options)
    value: Fraction | None = None
    linked: tuple[str, ...] = ()
    notes = []
    if valuation is not None:
        value = valuation.value(transfer.quanta, transfer.scale)
        if options.linked_seconds:
            more, linked = linked_value(transfer, earlier, options.linked_seconds)
            value += more
    elif any(each.threshold is not None for each in in_force):
        notes.append(f"no price in {terms.currency}: the threshold counts as reached")
    applied = [each for each in in_force if _applies(each, transfer, value)]
    required = any(each.required for each in applied)
    is_unknown = transfer.counterparty is None and transfer.self_hosted is None
    if is_unknown and not required:
        notes.append("nobody knows whose the other side is")
    missing: dict[str, bool] = {}
    for each in applied:
        names = _missing(each, transfer, information)
        if each.asks_due_diligence and is_unknown and not required:
            continue  # rule 3 asks only where something depends on it
        for name in names:
            missing[name] = missing.get(name, False) or each.holds
    if transfer.is_anonymous:
        notes.append("the asset is anonymity-enhanced: by the firm's policy")
    ownership = information.ownership
    return Decision(
        transfer=transfer.id,
        regime=terms.name,
        as_of=day,
        rules=tuple(dict.fromkeys(each.rule for each in applied)),
        value=value,
        linked=linked,
        valuation=valuation,
        required=required,
        missing=tuple(sorted(missing)),
        hold=any(missing.values()),
        ownership_needed=any(each.asks_ownership for each in applied),
        ownership_proof=None if ownership is None or ownership[1] < transfer.time else ownership[0],
        due_diligence_until=information.due_diligence_until,
        notes=tuple(notes),
    )


def _applies(provision: Provision, transfer: Transfer, value: Fraction | None) -> bool:
    """Rules 1 to 3."""
    if transfer.direction not in provision.directions:
        return False
    if provision.vasp_only and transfer.self_hosted is True:
        return False
    if provision.asks_ownership and transfer.self_hosted is False:
        return False
    if provision.designated_only and transfer.designated is False:
        return False
    return provision.threshold is None or value is None or provision.threshold.is_reached(value)


def _missing(provision: Provision, transfer: Transfer, information: Information) -> list[str]:
    present, held = information.present, information.held
    found = []
    for each in provision.required:
        if each.condition is Condition.IF_HELD and not any(set(fields) <= held for fields in each.alternatives):
            continue
        if not any(set(fields) <= present for fields in each.alternatives):
            found.append(each.name)
    if provision.asks_ownership:
        proof = information.ownership
        # Where nobody knows whose the address is, an institution's message would do as well.
        if transfer.self_hosted is None:
            found += [] if proof is not None and proof[1] >= transfer.time else ["counterparty.kind"]
        elif proof is None:
            found.append("ownership-proof")
        elif proof[1] < transfer.time:
            found.append("ownership-proof.expired")
    if provision.asks_due_diligence:
        until = information.due_diligence_until
        if transfer.counterparty is None:
            found.append("counterparty.kind" if transfer.self_hosted is None else "counterparty.name")
        elif until is None:
            found.append("counterparty.due-diligence")
        elif until < transfer.time:
            found.append("counterparty.due-diligence.expired")
    return found
