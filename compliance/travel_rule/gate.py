"""What the treasury asks before it credits a deposit and before it signs a withdrawal: is the travel rule satisfied?

A `ledger.treasury.protocols.TransferGate` over the log of messages. It gives no command and moves nothing.

    a deposit     belongs to the conversation whose notice names its transaction, with the same asset, amount and
                  address; each conversation is used once. Else it may be from a self-hosted wallet that the customer
                  declared. Else nobody knows whose it is.
    a withdrawal  has its request's id as the id of its conversation, which must be accepted for the same terms; or the
                  customer declared that the destination is their own wallet.

A transfer is valued once, when it is first seen, at the engine's reference price, which is kept with the decision. It
is judged under every regime that the firm names, and waits if any of them says so. Each decision, and each that differs
from the one before, is a record in the log; while nothing changes nothing is written.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from fractions import Fraction
from typing import Any, Final, NamedTuple

from compliance.travel_rule.assess import Decision, Information, Linked, Transfer, Valuation, assess
from compliance.travel_rule.conversation import Conversation
from compliance.travel_rule.counterparties import Register
from compliance.travel_rule.log import MessageLog, Record
from compliance.travel_rule.node import Folded, fold
from compliance.travel_rule.regimes import NO_OPTIONS, Direction, Options, Regime
from ledger.assets import SCALE_MAX
from ledger.canonical import Json
from ledger.treasury.dust import quantum
from ledger.treasury.protocols import Arrival, Departure, HeldBack

__all__ = ["PriceOf", "TravelRuleGate", "decision_document"]

PriceOf = Callable[[str, str], Valuation | None]
"""The value of a whole unit of an asset in a currency, with its evidence; None where there is no price."""

WORDS_MAX: Final = 4


class _Subject(NamedTuple):
    """A deposit or a withdrawal, in the gate's words. `transaction`: the deposit's, or the withdrawal's request id."""

    id: str
    direction: Direction
    customer: str
    subaccount: str
    transaction: str
    chain: str
    contract: str
    asset: str
    scale: int
    quanta: int
    dust: int
    address: str

    @property
    def exact(self) -> Fraction:
        """The amount in whole units."""
        return Fraction(self.quanta * quantum(self.scale) + self.dust, 10**SCALE_MAX)


class TravelRuleGate:
    """See the module. `customer_fields`: what the firm has verified of a customer, in coded words without side.

    `register` gives the counterparties as they stand; `now` reads the clock (Unix seconds). Threads may share it, but
    for the thread that `prices` and `now` ask for their answers: the gate would wait for it for ever.
    """

    def __init__(
        self,
        log: MessageLog,
        register: Callable[[], Register],
        regimes: Sequence[Regime],
        prices: PriceOf,
        now: Callable[[], int],
        customer_fields: Callable[[str], frozenset[str]] = lambda _: frozenset(),
        options: Options = NO_OPTIONS,
    ) -> None:
        assert regimes, "a gate judges by at least one regime"
        self._log, self._register, self._regimes = log, register, tuple(regimes)
        self._prices, self._now, self._fields, self._options = prices, now, customer_fields, options
        self._lock = threading.RLock()
        self._folded = Folded({}, {}, {})
        self._decided: dict[str, Mapping[str, Any]] = {}
        self._used: dict[tuple[str, str], str] = {}
        self._index: dict[str | tuple[str, str], dict[tuple[str, str], None]] = {}
        """Conversations by their transfer, and by their transaction once it was named."""
        self._read = 0

    # What the treasury asks.

    def arriving(self, arrival: Arrival) -> str | None:
        """See `TransferGate`."""
        coin = arrival.coin
        return self._judge(
            _Subject(
                arrival.evidence, Direction.IN, arrival.account, arrival.subaccount, arrival.transaction, coin.chain,
                coin.contract.lower(), coin.asset, coin.scale, arrival.amount, arrival.dust, arrival.address,
            )
        )  # fmt: skip

    def leaving(self, departure: Departure) -> str | None:
        """See `TransferGate`."""
        coin = departure.coin
        return self._judge(
            _Subject(
                departure.request, Direction.OUT, departure.account, "", departure.request, coin.chain,
                coin.contract.lower(), coin.asset, coin.scale, departure.amount, 0, departure.destination.lower()
                if coin.chain.startswith("eip155:") else departure.destination,
            )
        )  # fmt: skip

    def held(self, is_held: Callable[[str], bool]) -> list[HeldBack]:
        """See `TransferGate`; each is judged again now."""
        with self._lock:
            self._refresh()
            known = [name for name, each in self._decided.items() if each["direction"] == "in" and each["was_held"]]
        return [self._held_now(evidence) for evidence in known if is_held(evidence)]

    def _held_now(self, evidence: str) -> HeldBack:
        body = self._decided[evidence]
        subject = _Subject(
            evidence, Direction.IN, body["customer"], body["subaccount"], body["transaction"], body["chain"],
            body["contract"], body["asset"], body["scale"], int(body["quanta"]), int(body["dust"]), body["address"],
        )  # fmt: skip
        self._judge(subject)
        missing = _missing(self._decided[evidence])
        return HeldBack(evidence, subject.customer, subject.subaccount, subject.asset, missing)

    # The judgement.

    def _judge(self, subject: _Subject) -> str | None:
        with self._lock:
            self._refresh()
            now = self._now()
            before = self._decided.get(subject.id)
            conversation = self._conversation(subject)
            transfer = self._transfer(subject, conversation, before, now)
            information = self._information(subject, conversation, transfer, now)
            day = datetime.fromtimestamp(now, UTC).date()
            decisions = [
                assess(transfer, information, regime, day, self._options, self._earlier(subject, regime))
                for regime in self._regimes
            ]
            body = self._body(subject, transfer, conversation, decisions, before)
            if before is None or _compared(before) != _compared(body):
                self._log.append(now, "decided", body)
                self._refresh()
            holds = any(each.hold for each in decisions)
            return f"the travel rule: {_words(_missing(body))}" if holds else None

    def _refresh(self) -> None:
        self._log.refresh()
        while self._read < len(self._log.records):
            self._take(self._log.records[self._read])
            self._read += 1

    def _take(self, record: Record) -> None:
        fold(self._folded, record)
        body = record.body
        if record.kind in ("sent", "received"):
            key = body["counterparty"], body["transfer"]
            said = self._folded.conversations[key].transaction
            self._index.setdefault(body["transfer"], {})[key] = None
            if said is not None:
                self._index.setdefault((said.chain, said.hash.lower()), {})[key] = None
        elif record.kind == "decided":
            self._decided[body["subject"]] = {**body, "time": record.time}
            if body["transfer"]:
                self._used[body["counterparty"], body["transfer"]] = body["subject"]

    def _conversation(self, subject: _Subject) -> Conversation | None:
        """The one that a transfer belongs to."""
        is_out = subject.direction is Direction.OUT
        keys = self._index.get(subject.id if is_out else (subject.chain, subject.transaction.lower()), {})
        for key in keys:
            each = self._folded.conversations[key]
            if each.is_originating is not is_out or each.terms is None or self._used.get(key, subject.id) != subject.id:
                continue
            terms, is_said = each.terms, each.state in ("accepted", "noticed", "confirmed")
            where = (terms.chain, terms.contract, terms.address, terms.exact, each.customer)
            if is_said and where == (subject.chain, subject.contract, subject.address, subject.exact, subject.customer):
                return each
        return None

    def _transfer(
        self, subject: _Subject, conversation: Conversation | None, before: Mapping[str, Any] | None, now: int
    ) -> Transfer:
        declared = self._declared(subject)
        counterparty = None if conversation is None else conversation.counterparty
        is_wallet = None if conversation is None and declared is None else conversation is None
        known = None if counterparty is None else self._register().get(counterparty)
        other = subject.address if subject.direction is Direction.OUT else (declared or counterparty or "")
        return Transfer(
            id=subject.id,
            direction=subject.direction,
            customer=subject.customer,
            asset=subject.asset,
            quanta=subject.quanta,
            scale=subject.scale,
            chain=subject.chain,
            address=other,
            time=now,
            counterparty=counterparty,
            self_hosted=is_wallet,
            designated=None if known is None else known.designated,
            valuations=self._valuations(subject, before),
        )

    def _declared(self, subject: _Subject) -> str | None:
        """The wallet that a customer declared as theirs for this transfer, if that fits what is known of it.

        Of a deposit the firm's own node must have shown it as the sender; of a withdrawal it must be the destination.
        """
        said = self._folded.declared.get((subject.customer, subject.chain, subject.transaction.lower()))
        if said is None or (subject.direction is Direction.IN and not said.is_observed):
            return None
        return None if subject.direction is Direction.OUT and said.address != subject.address else said.address

    def _valuations(self, subject: _Subject, before: Mapping[str, Any] | None) -> dict[str, Valuation]:
        """The prices of when it was first seen; one that was not there then is asked for again."""
        found = {}
        if before is not None:
            for each in before["regimes"]:
                if each["price"] is not None:
                    found[each["currency"]] = Valuation(
                        each["currency"], Fraction(each["price"]), each["price_source"], each["price_time"]
                    )
        for regime in self._regimes:
            if regime.currency not in found:
                price = self._prices(subject.asset, regime.currency)
                if price is not None:
                    found[regime.currency] = price
        return found

    def _information(
        self, subject: _Subject, conversation: Conversation | None, transfer: Transfer, now: int
    ) -> Information:
        own, other = ("originator", "beneficiary")
        if subject.direction is Direction.IN:
            own, other = other, own
        fields = self._fields(subject.customer)
        present = {f"{own}.{each}" for each in fields} | {f"{own}.account", "transfer.amount", "transfer.date"}
        until = None
        if conversation is not None:
            present |= conversation.present
            counterparty = self._register().get(conversation.counterparty)
            until = None if counterparty is None else counterparty.due_diligence_until(now)
        proof = None
        if transfer.self_hosted is True:
            place = (subject.customer, subject.chain, transfer.address)
            proofs = [each for each in self._folded.proofs.get(place, ()) if each.is_proof]
            newest = max(proofs, key=lambda each: each.valid_until, default=None)
            present |= {f"{other}.account"}
            if newest is not None:
                proof = (newest.id.hex(), newest.valid_until)
                if newest.valid_until >= now:  # the wallet is the customer's own: both sides are the same person
                    present |= {f"{other}.{each}" for each in fields}
        return Information(frozenset(present), ownership=proof, due_diligence_until=until)

    def _earlier(self, subject: _Subject, regime: Regime) -> Iterator[Linked]:
        for body in self._decided.values():
            for each in body["regimes"]:
                if each["regime"] == regime.name and each["own_value"] is not None and body["subject"] != subject.id:
                    yield Linked(
                        body["subject"], Direction(body["direction"]), body["customer"], body["other"], body["time"],
                        Fraction(each["own_value"]),
                    )  # fmt: skip

    def _body(
        self,
        subject: _Subject,
        transfer: Transfer,
        conversation: Conversation | None,
        decisions: list[Decision],
        before: Mapping[str, Any] | None,
    ) -> dict[str, Json]:
        holds = any(each.hold for each in decisions)
        was_held = holds if before is None else bool(before["was_held"]) or holds
        judged: list[Json] = [decision_document(each, transfer, self._regime(each.regime)) for each in decisions]
        return {
            "address": subject.address,
            "asset": subject.asset,
            "chain": subject.chain,
            "contract": subject.contract,
            "counterparty": transfer.counterparty,
            "customer": subject.customer,
            "direction": subject.direction.value,
            "due_diligence_until": decisions[0].due_diligence_until,
            "dust": str(subject.dust),
            "hold": holds,
            "other": transfer.address,
            "ownership_proof": decisions[0].ownership_proof,
            "quanta": str(subject.quanta),
            "regimes": judged,
            "scale": subject.scale,
            "self_hosted": transfer.self_hosted,
            "subaccount": subject.subaccount,
            "subject": subject.id,
            "transaction": subject.transaction,
            "transfer": "" if conversation is None else conversation.transfer,
            "was_held": was_held,
        }

    def _regime(self, name: str) -> Regime:
        return next(each for each in self._regimes if each.name == name)


def decision_document(decision: Decision, transfer: Transfer, regime: Regime) -> dict[str, Json]:
    """What the log keeps of a decision; values and prices are exact fractions as text, in the regime's currency."""
    price = decision.valuation
    own = None if price is None else price.value(transfer.quanta, transfer.scale)
    lists: dict[str, Json] = {
        "linked": [*decision.linked],
        "missing": [*decision.missing],
        "notes": [*decision.notes],
        "rules": [*decision.rules],
    }
    return {
        **lists,
        "as_of": decision.as_of.isoformat(),
        "currency": regime.currency,
        "hold": decision.hold,
        "own_value": None if own is None else str(own),
        "ownership_needed": decision.ownership_needed,
        "price": None if price is None else str(price.price),
        "price_source": None if price is None else price.source,
        "price_time": None if price is None else price.time,
        "regime": decision.regime,
        "required": decision.required,
        "value": None if decision.value is None else str(decision.value),
    }


def _missing(body: Mapping[str, Any]) -> tuple[str, ...]:
    """What a held transfer waits for, under all regimes that hold it."""
    held = [each for each in body["regimes"] if each["hold"]]
    return tuple(dict.fromkeys(name for each in held for name in each["missing"]))


def _words(missing: tuple[str, ...]) -> str:
    more = f" and {len(missing) - WORDS_MAX} more" if len(missing) > WORDS_MAX else ""
    return f"{', '.join(missing[:WORDS_MAX])}{more} missing"


def _compared(body: Mapping[str, Any]) -> Any:
    """What makes a decision another one: not the day, nor the log's time."""
    regimes = [{name: value for name, value in each.items() if name != "as_of"} for each in body["regimes"]]
    return {name: value for name, value in body.items() if name not in ("regimes", "time")}, regimes
