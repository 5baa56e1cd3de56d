"""One message: every field that is tampered with, every wrong receiver, every time outside the window is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.travel_rule.counterparties import Register
from compliance.travel_rule.messages import (
    KINDS,
    WINDOW_SECONDS,
    Identity,
    Message,
    MessageRefused,
    open_message,
    seal_message,
)
from ledger.canonical import Tag, canonical, parse, tagged_hash
from ledger.keys import LABEL_TRAVEL_MESSAGE
from tests.compliance.travel_rule.institutions import ALPHA, BETA, MALLORY, NOW, TRANSFER, VALID, counterparty, drawn

KNOWN = Register((counterparty(ALPHA, VALID), counterparty(MALLORY, VALID)))
MESSAGE = Message(ALPHA.name, BETA.name, "reject", TRANSFER, bytes(16), NOW, bytes(32), {"reason": "x"})
TO_BETA = counterparty(BETA)


def sealed(message: Message = MESSAGE, who: Identity = ALPHA) -> bytes:
    return seal_message(message, who, TO_BETA, drawn("seal"))


def refusal(data: bytes, who: Identity = BETA, now: int = NOW, register: Register = KNOWN) -> str:
    with pytest.raises(MessageRefused) as refused:
        open_message(data, who, register, now)
    return refused.value.code


def signed_again(document: dict[str, Any], who: Identity = ALPHA) -> bytes:
    """The document with a signature of `who` that holds over it as it stands."""
    body = {name: value for name, value in document.items() if name != "signature"}
    digest = tagged_hash(Tag.TRAVEL_MESSAGE, canonical(body))
    return canonical(body | {"signature": who.key.sign(LABEL_TRAVEL_MESSAGE, digest).hex()})


@settings(max_examples=30, deadline=None)
@given(
    st.sampled_from(KINDS),
    st.binary(min_size=16, max_size=16),
    st.integers(NOW - WINDOW_SECONDS, NOW + WINDOW_SECONDS),
    st.none() | st.binary(min_size=32, max_size=32),
    st.dictionaries(st.text("abc_", min_size=1), st.text(st.characters(exclude_categories=["Cs"])) | st.booleans()),
)
def test_what_is_sealed_is_opened_by_its_receiver_alone(kind, nonce, time, answers, content):
    message = Message(ALPHA.name, BETA.name, kind, TRANSFER, nonce, time, answers, content)
    data = sealed(message)
    opened, sender = open_message(data, BETA, KNOWN, NOW)
    assert opened == message and sender.name == ALPHA.name
    assert refusal(data, MALLORY) == "wrong-recipient"
    assert refusal(data, Identity(BETA.name, MALLORY.key)) == "cannot-open", "another key under the right name"


OTHERS: dict[str, tuple[Any, str, str]] = {
    # field: another value of the right form; the refusal as it stands; the refusal under a signature that holds
    "answers": ("11" * 32, "bad-signature", "cannot-open"),
    "format": ("tallystick/travel-message/2", "malformed", "malformed"),
    "from": (MALLORY.name, "wrong-key", "wrong-key"),
    "key": (MALLORY.key.public.hex(), "wrong-key", "wrong-key"),
    "kind": ("accept", "bad-signature", "cannot-open"),
    "nonce": ("22" * 16, "bad-signature", "cannot-open"),
    "signature": ("33" * 64, "bad-signature", ""),
    "time": ("2026-05-28T20:26:41Z", "bad-signature", "cannot-open"),
    "to": (MALLORY.name, "wrong-recipient", "wrong-recipient"),
    "transfer": ("8" * 32, "bad-signature", "cannot-open"),
}


def test_tampering_with_any_field_is_refused_signed_again_or_not():
    document: Any = parse(sealed())
    assert set(OTHERS) | {"seal"} == set(document)
    for field, (value, plain, again) in OTHERS.items():
        changed = document | {field: value}
        assert refusal(canonical(changed)) == plain, field
        if again:
            # The sender itself could sign this, and yet nobody can move a seal into another envelope.
            assert refusal(signed_again(changed)) == again, field


@pytest.mark.parametrize("field", ["data", "ephemeral", "recipient"])
def test_tampering_with_any_part_of_the_seal_is_refused(field):
    document: Any = parse(sealed())
    value = document["seal"][field]
    other = value.replace(value[3], "A" if value[3] != "A" else "B", 1) if field == "data" else "44" * 32
    changed = document | {"seal": document["seal"] | {field: other}}
    assert refusal(canonical(changed)) == "bad-signature"
    assert refusal(signed_again(changed)) == "cannot-open"


def test_a_seal_cannot_be_put_into_an_envelope_of_another_sender():
    document: Any = parse(sealed())
    stolen = document | {"from": MALLORY.name, "key": MALLORY.key.public.hex()}
    assert refusal(signed_again(stolen, MALLORY)) == "cannot-open"


def test_a_seal_to_a_point_of_small_order_is_refused():
    document: Any = parse(sealed())
    changed = document | {"seal": document["seal"] | {"ephemeral": "00" * 32}}
    assert refusal(signed_again(changed)) == "cannot-open"


@pytest.mark.parametrize(
    ("shift", "code"),
    [(-WINDOW_SECONDS - 1, "late"), (-WINDOW_SECONDS, ""), (WINDOW_SECONDS, ""), (WINDOW_SECONDS + 1, "early")],
)
def test_the_window_has_both_ends(shift, code):
    data = sealed(replace(MESSAGE, time=NOW + shift))
    if code:
        assert refusal(data) == code
    else:
        assert open_message(data, BETA, KNOWN, NOW)[0].time == NOW + shift


def test_strangers_and_other_spellings_are_refused():
    assert refusal(sealed(), register=Register()) == "unknown-sender"
    data = sealed()
    spellings = [data + b"\n", data[:-1], b"", b"[]", json.dumps(json.loads(data)).encode(), b"x" * 300_000]
    document: Any = parse(data)
    for name in document:
        spellings.append(canonical({key: value for key, value in document.items() if key != name}))
        for value in (None, 7, "", "X!", {}):
            if not (name == "answers" and value is None):
                spellings.append(canonical(document | {name: value}))
    spellings.append(canonical(document | {"more": "x"}))
    assert {refusal(each) for each in spellings} == {"malformed"}


def test_the_seal_key_is_not_the_signing_key_and_follows_from_it():
    assert ALPHA.seal_public != ALPHA.key.public and ALPHA.seal_public == Identity("x", ALPHA.key).seal_public
    assert "seed" not in repr(ALPHA) and ALPHA.key.seed.hex() not in repr(ALPHA)
