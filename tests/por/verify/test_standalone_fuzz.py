"""Mutated documents: never an exception, and never a valid verdict for a document that says something else."""

from __future__ import annotations

import json
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from por.verify import standalone
from tests.support.miniature import canonical, public_hex
from tests.support.proof_cases import ALICE, PLAIN

PROOF, ATTESTATION = PLAIN.proof(), PLAIN.attestation()
KEY = standalone.read_key(public_hex("first"))
CHECKED = standalone.check_attestation(ATTESTATION, KEY)

# The pure signature takes 3 ms, and a mutation reaches it only with all hashes intact.
VALUES = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-1, 2**54),
    st.text(max_size=8),
    st.sampled_from(["0", "1", "-1", str(2**128), "", "00" * 32, "main", "BTC", "AAAA"]),
    st.just([]),
    st.just({}),
    st.floats(),
)


def verdict_of(proof: bytes, attestation: bytes) -> str:
    checked = CHECKED if attestation == ATTESTATION else standalone.check_attestation(attestation, KEY)
    report = standalone.check_proof(proof, checked, ALICE)
    assert json.loads(json.dumps(report.as_json()))["verdict"] == report.verdict
    return report.verdict


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every value inside."""
    found = [path] if path else []
    if isinstance(value, dict):
        items: Any = value.items()
    else:
        items = enumerate(value) if isinstance(value, list) else ()
    for step, item in items:
        found += places(item, (*path, step))
    return found


@settings(max_examples=300)
@given(data=st.data())
def test_a_flipped_cut_or_grown_proof_is_invalid(data: st.DataObject) -> None:
    assert verdict_of(mangled(data, PROOF), ATTESTATION) == "invalid"


@settings(max_examples=300)
@given(data=st.data())
def test_a_flipped_cut_or_grown_attestation_is_invalid(data: st.DataObject) -> None:
    assert verdict_of(PROOF, mangled(data, ATTESTATION)) == "invalid"


def mangled(data: st.DataObject, good: bytes) -> bytes:
    """Another byte string: one byte changed, a stretch removed, or bytes put in."""
    position = data.draw(st.integers(0, len(good) - 1))
    kind = data.draw(st.sampled_from(["change", "cut", "grow"]))
    if kind == "change":
        byte = data.draw(st.integers(0, 255).filter(lambda value: value != good[position]))
        return good[:position] + bytes([byte]) + good[position + 1 :]
    if kind == "cut":
        return good[:position] + good[position + data.draw(st.integers(1, 50)) :]
    return good[:position] + data.draw(st.binary(min_size=1, max_size=20)) + good[position:]


@settings(max_examples=300)
@given(data=st.data())
def test_a_proof_with_one_other_value_is_invalid(data: st.DataObject) -> None:
    document = json.loads(PROOF)
    change_one(data, document)
    assert verdict_of(written(document), ATTESTATION) == "invalid"


@settings(max_examples=300)
@given(data=st.data())
def test_an_attestation_with_one_other_value_is_invalid(data: st.DataObject) -> None:
    document = json.loads(ATTESTATION)
    change_one(data, document)
    assert verdict_of(PROOF, written(document)) == "invalid"


@settings(max_examples=200)
@given(data=st.data())
def test_an_exchange_that_signs_one_odd_value_never_crashes_a_verifier(data: st.DataObject) -> None:
    document = PLAIN.attestation_document(change=lambda sections: change_one(data, sections, floats=False))
    proof = PLAIN.proof(attestation=document)
    attestation = standalone.check_attestation(canonical(document) + b"\n", KEY, lambda *_: True)
    standalone.check_proof(proof, attestation, ALICE)


def change_one(data: st.DataObject, document: Any, floats: bool = True) -> None:
    *way, last = data.draw(st.sampled_from(places(document)))
    holder = document
    for step in way:
        holder = holder[step]
    action = data.draw(st.sampled_from(["set", "delete", "add"]))
    values = VALUES if floats else VALUES.filter(lambda value: not isinstance(value, float))
    if action == "delete":
        del holder[last]
    elif action == "add" and isinstance(holder, list):
        holder.insert(last, data.draw(values))
    elif action == "add":
        holder["added"] = data.draw(values)
    else:
        old = holder[last]
        holder[last] = data.draw(values.filter(lambda value: type(value) is not type(old) or value != old))


def written(document: Any) -> bytes:
    try:
        return canonical(document) + b"\n"
    except UnicodeEncodeError:
        return json.dumps(document, sort_keys=True, separators=(",", ":")).encode() + b"\n"


@settings(max_examples=200)
@given(proof=st.binary(max_size=200), attestation=st.binary(max_size=200), account=st.none() | st.text(max_size=20))
def test_any_bytes_at_all_get_a_verdict(proof: bytes, attestation: bytes, account: str | None) -> None:
    for one, other in ((proof, attestation), (proof, ATTESTATION), (PROOF, attestation)):
        checked = CHECKED if other == ATTESTATION else standalone.check_attestation(other, KEY)
        assert standalone.check_proof(one, checked, account).verdict == "invalid"


@settings(max_examples=200)
@given(account=st.text(max_size=300))
def test_any_other_id_is_never_valid(account: str) -> None:
    report = standalone.check_proof(PROOF, CHECKED, account)
    assert report.verdict == ("valid" if account == ALICE else "invalid")
