"""An institution's own side of the exchange of messages: it asks, answers, and keeps everything in its log.

In: what a customer wants to send, with the payload of its parties; bytes of other institutions. Out: bytes to send, and
records. What was said about each transfer follows from the log alone (`conversations`), so that a restart, or another
process that writes the same log, knows the same.

A request is answered at once, by these rules in their order:
1. `reject due-diligence`      the sender's due diligence is not valid on that day
2. `reject unknown-address`    the address is no customer's here
3. `more-information`          a field that the node's policy wants is missing, or the payload breaks a constraint
4. `reject beneficiary-name`   the firm's own record of the customer is another person
5. `accept`

Nothing personal is kept of a request for an address that is nobody's here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from compliance.travel_rule.conversation import Conversation, Terms, Transaction, next_conversation, read_terms
from compliance.travel_rule.counterparties import Counterparty, Register
from compliance.travel_rule.fields import FIELDS, present_fields
from compliance.travel_rule.ivms101.constraints import check_payload
from compliance.travel_rule.ivms101.model import Payload
from compliance.travel_rule.ivms101.reading import read_payload
from compliance.travel_rule.ivms101.writing import payload_document
from compliance.travel_rule.log import MessageLog, PersonalVault, Record
from compliance.travel_rule.messages import (
    WINDOW_SECONDS,
    Identity,
    Message,
    MessageRefused,
    Random,
    message_hash,
    open_message,
    seal_message,
)
from compliance.travel_rule.ownership import OwnershipProof
from compliance.travel_rule.regimes import Condition, Direction, Regime, Required
from ledger.canonical import Json, canonical, from_hex
from ledger.errors import FormatError, InputErrors
from por.snapshot import time_text

__all__ = ["Declared", "Directory", "Folded", "Node", "Policy", "fold", "wanted_fields"]

TRANSFER_FIELDS: Final = frozenset({"transfer.amount", "transfer.date"})
"""What every message says of its transfer."""
PERSONAL: Final = frozenset({"instructions", "ivms101"})
"""What of a request's content never stands in the log: it is in the vault, if its customer is one of ours."""
MISSING_CONSTRAINTS: Final = "payload.constraints"
INSTRUCTIONS_MAX: Final = 500
REASONS: Final = frozenset({"due-diligence", "unknown-address", "beneficiary-name", "refused-by-officer"})


def _nobody(chain: str, address: str) -> str | None:
    return None


def _not_asked(customer: str, payload: Payload) -> bool | None:
    return None


@dataclass(frozen=True, slots=True)
class Directory:
    """What the firm knows of its own customers. `customer`: whose an address is. `is_beneficiary`: whether a payload's
    beneficiary is that customer; None where the firm has no record to compare with.
    """

    customer: Callable[[str, str], str | None] = _nobody
    is_beneficiary: Callable[[str, Payload], bool | None] = _not_asked


@dataclass(frozen=True, slots=True)
class Policy:
    """What this institution wants to be told before it accepts; see `wanted_fields`."""

    wanted: tuple[Required, ...] = ()


def wanted_fields(*regimes: Regime) -> tuple[Required, ...]:
    """What an institution under these regimes wants of what comes in, whatever the amount, each once."""
    found = [
        required
        for regime in regimes
        for provision in regime.provisions
        if Direction.IN in provision.directions
        for required in provision.required
        if required.condition is Condition.ALWAYS
    ]
    return tuple(dict.fromkeys(found))


class Declared(NamedTuple):
    """A wallet that a customer called their own. `is_observed`: the firm's own node shows it as the sender."""

    address: str
    is_observed: bool


class Folded(NamedTuple):
    """What follows from a log: conversations by (counterparty, transfer), proofs by (customer, chain, address), what
    customers declared by (customer, chain, transaction).
    """

    conversations: dict[tuple[str, str], Conversation]
    proofs: dict[tuple[str, str, str], list[OwnershipProof]]
    declared: dict[tuple[str, str, str], Declared]


def fold(into: Folded, record: Record) -> None:
    """Take one more record in. Records of a log that holds were judged when they were written."""
    body: Any = record.body
    if record.kind in ("sent", "received"):
        key = body["counterparty"], body["transfer"]
        before = into.conversations.get(key) or Conversation(body["transfer"], body["originating"], key[0])
        last = from_hex(body["hash"], 32)
        made = next_conversation(before, body["kind"], record.kind == "sent", body["content"], last)
        made = replace(made, customer=body["customer"])
        if body["kind"] == "request":
            made = replace(made, present=frozenset(body["present"]), completed=None)
        elif body["kind"] == "accept":
            made = replace(made, completed=record.time)
        into.conversations[key] = made
    elif record.kind == "ownership":
        proof = OwnershipProof(**body["proof"])
        into.proofs.setdefault((proof.account, proof.chain, proof.address), []).append(proof)
    elif record.kind == "declared":
        place = body["customer"], body["chain"], body["transaction"]
        into.declared[place] = Declared(body["address"], body["observed"])


class Node:
    """See the module. Methods take the time (Unix seconds); `random` gives bytes that no outsider can guess."""

    def __init__(
        self,
        identity: Identity,
        register: Register,
        log: MessageLog,
        vault: PersonalVault,
        random: Random,
        directory: Directory = Directory(),
        policy: Policy = Policy(),
    ) -> None:
        self.identity, self.register, self.log, self.vault = identity, register, log, vault
        self.directory, self.policy, self._random = directory, policy, random
        self._folded = Folded({}, {}, {})
        self._seen: dict[tuple[str, bytes], int] = {}
        """When each nonce was received."""
        self._read = 0
        self.refresh()

    def refresh(self) -> Folded:
        """What follows from the log as it stands now, other processes' records among it."""
        self.log.refresh()
        while self._read < len(self.log.records):
            record = self.log.records[self._read]
            fold(self._folded, record)
            if record.kind == "received":
                self._seen[record.body["counterparty"], from_hex(record.body["nonce"], 16)] = record.time
            self._read += 1
        return self._folded

    def conversation(self, counterparty: str, transfer: str) -> Conversation | None:
        """All that was said with an institution about a transfer."""
        return self.refresh().conversations.get((counterparty, transfer))

    # What this side says.

    def request(
        self,
        transfer: str,
        to: str,
        terms: Terms,
        payload: Payload,
        customer: str,
        now: int,
        *,
        verified: bool = False,
        instructions: str | None = None,
    ) -> bytes:
        """Ask an institution to receive a customer's transfer. `verified`: the firm has checked who the customer is.

        Raises InputError for an institution that is not in the register, FormatError for what cannot be asked.
        """
        read_terms(terms.document())
        problems = check_payload(payload, _day(now))
        if problems:
            raise FormatError(f"{problems[0].path}: {problems[0].what} ({problems[0].rule})")
        content: dict[str, Json] = {
            "instructions": instructions,
            "ivms101": payload_document(payload),
            "terms": terms.document(),
            "verified": verified,
        }
        return self._say(to, transfer, "request", content, now, customer, originating=True)

    def notice(self, transfer: str, to: str, transaction: Transaction, now: int) -> bytes:
        """Say where an accepted transfer stands on its chain."""
        content: dict[str, Json] = {"chain": transaction.chain, "transaction": transaction.hash}
        return self._say(to, transfer, "notice", content, now)

    def reject(self, transfer: str, to: str, now: int) -> bytes:
        """An officer refuses what was asked."""
        return self._say(to, transfer, "reject", {"reason": "refused-by-officer"}, now)

    def accept(self, transfer: str, to: str, now: int) -> bytes:
        """An officer accepts what was asked."""
        return self._say(to, transfer, "accept", {}, now)

    def _say(
        self,
        to: str,
        transfer: str,
        kind: str,
        content: dict[str, Json],
        now: int,
        customer: str = "",
        *,
        originating: bool = False,
    ) -> bytes:
        recipient = self.register.named(to)
        before = self.conversation(to, transfer)
        is_originating = originating if before is None else before.is_originating
        start = before or Conversation(transfer, is_originating, to)
        answers = start.last or None
        message = Message(self.identity.name, to, kind, transfer, self._random(16), now, answers, content)
        data = seal_message(message, self.identity, recipient, self._random)
        next_conversation(start, kind, True, content, message_hash(data))  # refused before it is kept or sent
        self._keep("sent", data, message, recipient, customer or start.customer, is_originating, now)
        return data

    # What others say.

    def receive(self, data: bytes, now: int) -> bytes | None:
        """Take a message; the answer, where it asks for one. Raises MessageRefused."""
        message, sender = open_message(data, self.identity, self.register, now)
        self.refresh()
        if (sender.name, message.nonce) in self._seen:
            raise MessageRefused("replayed")
        self._forget(now)
        before = self._folded.conversations.get((sender.name, message.transfer))
        if before is None and message.kind != "request":
            raise MessageRefused("out-of-turn", f"{message.kind} follows on nothing")
        start = before or Conversation(message.transfer, False, sender.name)
        try:
            if message.answers != (start.last or None) and message.kind not in ("request", "notice"):
                raise FormatError("it answers another message")
            payload = _check_content(message)
            next_conversation(start, message.kind, False, message.content, message_hash(data))
        except FormatError as error:
            raise MessageRefused("out-of-turn" if start.state else "malformed-content", str(error)) from None
        customer = start.customer
        if message.kind == "request":
            terms = read_terms(message.content["terms"])
            customer = self.directory.customer(terms.chain, terms.address) or ""
        self._keep("received", data, message, sender, customer, start.is_originating, now)
        if message.kind == "request":
            kind, content = self._decide(sender, message, payload, customer, now)
            return self._say(sender.name, message.transfer, kind, content, now)
        if message.kind == "notice":
            return self._say(sender.name, message.transfer, "confirm", {}, now)
        return None

    def _forget(self, now: int) -> None:
        """Nonces whose messages would be late by now."""
        for key in [key for key, time in self._seen.items() if time < now - 2 * WINDOW_SECONDS]:
            del self._seen[key]

    def _decide(
        self, sender: Counterparty, message: Message, payload: Payload | None, customer: str, now: int
    ) -> tuple[str, dict[str, Json]]:
        """The answer to a request, by the rules of the module."""
        until = sender.due_diligence_until(now)
        if until is None or until < now:
            return "reject", {"reason": "due-diligence"}
        if not customer:
            return "reject", {"reason": "unknown-address"}
        missing: list[Json] = [*_missing(message, payload, self.policy, now)]
        if missing:
            return "more-information", {"missing": missing}
        assert payload is not None, "a payload that cannot be read is missing"
        if self.directory.is_beneficiary(customer, payload) is False:
            return "reject", {"reason": "beneficiary-name"}
        return "accept", {}

    # The log.

    def _keep(
        self,
        kind: str,
        data: bytes,
        message: Message,
        other: Counterparty,
        customer: str,
        originating: bool,
        now: int,
    ) -> None:
        public = {name: value for name, value in message.content.items() if name not in PERSONAL}
        personal = {name: value for name, value in message.content.items() if name in PERSONAL}
        body: dict[str, Json] = {
            "content": public,
            "counterparty": other.name,
            "customer": customer,
            "due_diligence_until": other.due_diligence_until(now),
            "hash": message_hash(data).hex(),
            "kind": message.kind,
            "nonce": message.nonce.hex(),
            "originating": originating,
            "personal": None,
            "transfer": message.transfer,
        }
        if message.kind == "request":
            words: list[Json] = [*sorted(_present(message))]
            body["present"] = words
            if customer:
                body["personal"] = self.vault.put(customer, canonical(personal))
        self.log.append(now, kind, body)
        self.refresh()

    def keep_proof(self, proof: OwnershipProof, now: int) -> None:
        """Keep a proof that a wallet is a customer's."""
        self.log.append(now, "ownership", {"id": proof.id.hex(), "proof": proof.document()})
        self.refresh()

    def declare(
        self, customer: str, chain: str, transaction: str, address: str, now: int, *, observed: bool = False
    ) -> None:
        """A customer says that a transaction came from a self-hosted wallet of theirs, or that a withdrawal goes there.

        `transaction`: its hash on the chain, or the withdrawal's request. `observed`: see `Declared`.
        """
        body: dict[str, Json] = {
            "address": address.lower() if chain.startswith("eip155:") else address,
            "chain": chain,
            "customer": customer,
            "observed": observed,
            "transaction": transaction.lower(),
        }
        self.log.append(now, "declared", body)
        self.refresh()

    def erase(self, customer: str, now: int) -> None:
        """Destroy the personal data of a customer; the log says that it was done. Raises Erased if there is none."""
        self.vault.erase(customer)
        self.log.append(now, "erased", {"customer": customer, "time": time_text(now)})


def _day(now: int) -> Any:
    return datetime.fromtimestamp(now, UTC).date()


_CONTENT: Final[Mapping[str, frozenset[str]]] = {
    "request": frozenset({"instructions", "ivms101", "terms", "verified"}),
    "accept": frozenset(),
    "reject": frozenset({"reason"}),
    "more-information": frozenset({"missing"}),
    "notice": frozenset({"chain", "transaction"}),
    "confirm": frozenset(),
}


def _check_content(message: Message) -> Payload | None:
    """The payload of a request, None where it cannot be read; raises FormatError for content that is out of form."""
    content: dict[str, Any] = message.content
    if content.keys() != _CONTENT[message.kind]:
        raise FormatError(f"the content of {message.kind} has other keys")
    if message.kind == "request":
        if not isinstance(content["verified"], bool):
            raise FormatError("`verified` is neither true nor false")
        said = content["instructions"]
        if said is not None and not (isinstance(said, str) and 0 < len(said) <= INSTRUCTIONS_MAX):
            raise FormatError("the instructions are out of form")
        read_terms(content["terms"])
        return _payload(content)
    if message.kind == "reject" and content["reason"] not in REASONS:
        raise FormatError("an unknown reason")
    if message.kind == "more-information":
        missing = content["missing"]
        words = FIELDS | {MISSING_CONSTRAINTS}
        known = isinstance(missing, list) and missing and all(isinstance(each, str) for each in missing)
        if not known or not all(set(each.replace(" or ", "+").split("+")) <= words for each in missing):
            raise FormatError("an unknown field")
    if message.kind == "notice":
        texts = [content["chain"], content["transaction"]]
        if not all(isinstance(each, str) and 0 < len(each) <= 128 and each.isascii() for each in texts):
            raise FormatError("the transaction is out of form")
    return None


def _payload(content: Mapping[str, Any]) -> Payload | None:
    try:
        return read_payload(content["ivms101"], "the message")
    except InputErrors:
        return None


def _present(message: Message) -> frozenset[str]:
    """The words for what a request says; of a payload that cannot be read nothing is present."""
    content: Mapping[str, Any] = message.content
    payload = _payload(content)
    if payload is None or check_payload(payload, _day(message.time)):
        return frozenset()
    found = present_fields(payload) | TRANSFER_FIELDS
    if content["instructions"] is not None:
        found |= {"transfer.instructions"}
    return found | ({"originator.verified"} if content["verified"] else frozenset())


def _missing(message: Message, payload: Payload | None, policy: Policy, now: int) -> tuple[str, ...]:
    if payload is None or check_payload(payload, _day(now)):
        return (MISSING_CONSTRAINTS,)
    present = _present(message)
    return tuple(each.name for each in policy.wanted if not any(set(fields) <= present for fields in each.alternatives))
