"""Attestations: what is built is what our verifier accepts; published ratios never flatter."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.keys import rotation
from por.attestation import (
    Predecessor,
    ReserveRow,
    TreeRow,
    coverage_text,
    fingerprint,
    reserve_totals,
    sign_attestation,
    statement_digest,
)
from por.snapshot import SnapshotId
from por.verify import standalone
from tests.support.small import EXCHANGE, HOUR, KEY

OTHER = type(KEY)(b"the second key of this exchange!")


@given(st.integers(0, 2**128), st.integers(1, 2**128))
def test_coverage_is_rounded_down(reserves, claims):
    text = coverage_text(reserves, claims)
    assert text is not None
    assert Fraction(text) <= Fraction(reserves, claims) < Fraction(text) + Fraction(1, 10**6)


def test_coverage_triplet_at_one():
    assert coverage_text(10**6 - 1, 10**6) == "0.999999"
    assert coverage_text(10**9 - 1, 10**9) == "0.999999"
    assert coverage_text(10**6, 10**6) == "1.000000"
    assert coverage_text(10**6 + 1, 10**6) == "1.000001"
    assert coverage_text(5, 0) is None


def row(control, evidence, balance=1):
    return ReserveRow("main", "BTC", "eip155:1", "native", "0x", balance, "", control, evidence)


@pytest.mark.parametrize(
    ("control", "evidence", "assurance"),
    [
        ("eip191", "state-proof", "proven"),
        ("eip712", "state-proof", "proven"),
        ("eip1271", "state-proof", "claimed"),
        ("none", "state-proof", "claimed"),
        ("eip191", "pinned-call", "claimed"),
        ("none", "third-party", "attested"),
        ("none", "claim", "claimed"),
    ],
)
def test_a_row_counts_under_what_stands_behind_it(control, evidence, assurance):
    assert row(control, evidence).assurance == assurance
    total = reserve_totals([TreeRow("main", "BTC", 8, 10, 0, 1, bytes(32))], [row(control, evidence, 7)])[0]
    assert total.custody == getattr(total, assurance) == 7


def missed(sequence, key=KEY, rotations=(), previous=b"p" * 32):
    before = Predecessor(previous, sequence - 1)
    return sign_attestation("missed", SnapshotId(EXCHANGE, HOUR), {"missed": {"reason": "x"}}, before, key, rotations)


def signature_result(data, reader):
    return standalone.check_signature(standalone.read_attestation(data), reader)[0]


def test_a_reader_with_the_old_key_follows_a_rotation():
    turned = rotation(EXCHANGE, KEY, OTHER, 5)
    old, new = standalone.read_key(KEY.public.hex()), standalone.read_key(OTHER.public.hex())
    assert signature_result(missed(5, OTHER, [turned]), old) == "pass"
    assert signature_result(missed(5, OTHER, [turned]), new) == "pass"
    assert signature_result(missed(4, OTHER, [turned]), old) == "fail"
    assert signature_result(missed(4), new) == "fail"


def test_an_unsigned_or_foreign_rotation_leads_nowhere():
    old = standalone.read_key(KEY.public.hex())
    turned = rotation(EXCHANGE, KEY, OTHER, 5) | {"signature_from": "0" * 128}
    assert signature_result(missed(5, OTHER, [turned]), old) == "fail"
    with pytest.raises(standalone.Malformed):
        standalone.read_attestation(missed(5, OTHER, [rotation("other.exchange", KEY, OTHER, 5)]))


def test_a_fingerprint_is_the_start_of_the_digest_in_groups():
    document = standalone.read_attestation(missed(1))
    digest = statement_digest(document["statement"])
    assert fingerprint(digest).replace("-", "") == digest.hex()[:32]
    assert len(fingerprint(digest).split("-")) == 8
