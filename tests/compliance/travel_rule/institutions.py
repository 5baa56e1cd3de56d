"""Two institutions that know each other, with fixed keys and a clock that the test moves."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

from compliance.travel_rule.conversation import Terms
from compliance.travel_rule.counterparties import Counterparty, DueDiligence, Register
from compliance.travel_rule.ivms101.model import Payload
from compliance.travel_rule.ivms101.reading import read_payload
from compliance.travel_rule.log import MessageLog, PersonalVault
from compliance.travel_rule.messages import Identity
from compliance.travel_rule.node import Directory, Node, Policy, wanted_fields
from compliance.travel_rule.regimes import REGIMES
from ledger.keys import SigningKey
from tests.compliance.travel_rule.payloads import alice

NOW = 1_780_000_000  # 2026-05-28T20:26:40Z
CHAIN, ADDRESS, ELSEWHERE = "eip155:31337", "0x" + "0b" * 20, "0x" + "0c" * 20
ALICE, BOB = "a" * 32, "b" * 32
TRANSFER = "7" * 32
VALID = DueDiligence(date(2026, 1, 1), date(2026, 12, 31), "file 7")
TERMS = Terms(CHAIN, "native", "ETH", "1.5", ADDRESS)


def identity(name: str) -> Identity:
    return Identity(name, SigningKey(hashlib.sha256(name.encode()).digest()))


ALPHA, BETA, MALLORY = (identity(f"{name}.exchange") for name in ("alpha", "beta", "mallory"))


def counterparty(who: Identity, *due: DueDiligence, url: str = "http://127.0.0.1:9") -> Counterparty:
    return Counterparty(who.name, who.key.public, who.seal_public, url, "AE", None, due)


def drawn(seed: str) -> Callable[[int], bytes]:
    """Bytes that a test can draw again."""
    count = 0

    def random(size: int) -> bytes:
        nonlocal count
        count += 1
        return hashlib.shake_256(f"{seed}/{count}".encode()).digest(size)

    return random


def payload(document: Any = None) -> Payload:
    return read_payload(alice() if document is None else document, "x")


def node(folder: Path, who: Identity, other: Identity, *due: DueDiligence, url: str = "http://127.0.0.1:9") -> Node:
    """`who` knows `other`, and owes its own customer BOB the deposits at ADDRESS."""
    made = Node(
        who,
        Register((counterparty(other, *(due or (VALID,)), url=url),)),
        _log(folder, who),
        PersonalVault(folder / f"{who.name}.personal", bytes(range(32))),
        drawn(who.name),
    )
    people = {(CHAIN, ADDRESS): BOB}
    made.directory = Directory(lambda chain, address: people.get((chain, address)), _is_beneficiary)
    made.policy = Policy(wanted_fields(REGIMES["vara"]))
    return made


def _log(folder: Path, who: Identity) -> MessageLog:
    folder.mkdir(exist_ok=True)
    return MessageLog(folder / f"{who.name}.jsonl", who.name, NOW - 1000)


def _is_beneficiary(customer: str, given: Payload) -> bool | None:
    natural = given.beneficiary.persons[0].natural
    return natural is not None and natural.name.names[0].primary == "Quill"


class Pair:
    """Alpha sends, beta receives."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.now = folder, NOW
        self.alpha, self.beta = node(folder, ALPHA, BETA), node(folder, BETA, ALPHA)

    def request(self, document: Any = None, terms: Terms = TERMS, transfer: str = TRANSFER, **more: Any) -> bytes:
        more.setdefault("verified", True)
        return self.alpha.request(transfer, BETA.name, terms, payload(document), ALICE, self.now, **more)

    def ask(self, document: Any = None, terms: Terms = TERMS, transfer: str = TRANSFER, **more: Any) -> str:
        """A request there and its answer back; the state that both sides have then."""
        answer = self.beta.receive(self.request(document, terms, transfer, **more), self.now)
        assert answer is not None and self.alpha.receive(answer, self.now) is None
        return self.state(transfer)

    def state(self, transfer: str = TRANSFER) -> str:
        here = self.alpha.conversation(BETA.name, transfer)
        there = self.beta.conversation(ALPHA.name, transfer)
        assert here is not None and there is not None and here.state == there.state
        return here.state
