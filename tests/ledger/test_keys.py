"""Keys: the strict rule, and secrets that leave memory only encrypted."""

from __future__ import annotations

import os
import stat

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import Tag, parse_file, tagged_hash
from ledger.errors import InputError
from ledger.keys import (
    LABEL_ATTESTATION,
    LABEL_MANIFEST,
    SigningKey,
    key_file,
    load_secret,
    new_secret,
    rotation,
    rotation_digest,
    save_secret,
    verify_signature,
)
from por.verify import standalone

ORDER = 2**252 + 27742317777372353535851937790883648493
KEY = SigningKey(bytes(range(32)))
DIGEST = tagged_hash(Tag.ATTESTATION, b"x")


@given(st.binary(min_size=32, max_size=32), st.binary(min_size=32, max_size=32))
def test_both_verifiers_accept_what_is_signed(seed, digest):
    key = SigningKey(seed)
    signature = key.sign(LABEL_ATTESTATION, digest)
    assert verify_signature(key.public, LABEL_ATTESTATION, digest, signature)
    message = LABEL_ATTESTATION.encode() + b"\0" + digest
    assert standalone.ed25519_verify(key.public, message, signature)


def test_a_signature_holds_for_one_label_one_digest_and_one_key():
    signature = KEY.sign(LABEL_ATTESTATION, DIGEST)
    assert not verify_signature(KEY.public, LABEL_MANIFEST, DIGEST, signature)
    assert not verify_signature(KEY.public, LABEL_ATTESTATION, bytes(32), signature)
    assert not verify_signature(SigningKey(bytes(32)).public, LABEL_ATTESTATION, DIGEST, signature)
    assert not verify_signature(KEY.public[:31], LABEL_ATTESTATION, DIGEST, signature)
    assert not verify_signature(KEY.public, LABEL_ATTESTATION, DIGEST, signature[:63])


def test_a_high_s_is_refused():
    signature = KEY.sign(LABEL_ATTESTATION, DIGEST)
    high = signature[:32] + (int.from_bytes(signature[32:], "little") + ORDER).to_bytes(32, "little")
    assert not verify_signature(KEY.public, LABEL_ATTESTATION, DIGEST, high)


def test_the_key_that_verifies_everything_is_refused():
    """Key and R of order one, S nought: the equation holds for every message."""
    small = (1).to_bytes(32, "little")
    assert not verify_signature(small, LABEL_ATTESTATION, DIGEST, small + bytes(32))


def test_a_secret_comes_back_with_its_passphrase_only(tmp_path):
    path, secret = tmp_path / "secret.json", new_secret()
    save_secret(path, "signing", secret, "correct horse")
    assert load_secret(path, "signing", "correct horse") == secret
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o600
    assert secret.hex() not in path.read_text()
    for kind, words in (("signing", "wrong"), ("master", "correct horse")):
        with pytest.raises(InputError) as caught:
            load_secret(path, kind, words)
        assert secret.hex() not in str(caught.value)


def test_a_secret_file_is_bound_to_its_kind(tmp_path):
    path = tmp_path / "secret.json"
    save_secret(path, "signing", new_secret(), "words")
    path.write_bytes(path.read_bytes().replace(b'"signing"', b'"master"'))
    with pytest.raises(InputError):
        load_secret(path, "master", "words")


def test_a_secret_is_never_overwritten_and_needs_a_passphrase(tmp_path):
    path = tmp_path / "secret.json"
    save_secret(path, "master", new_secret(), "words")
    before = path.read_bytes()
    with pytest.raises(InputError, match="exists"):
        save_secret(path, "master", new_secret(), "words")
    with pytest.raises(InputError, match="empty"):
        save_secret(tmp_path / "other.json", "master", new_secret(), "")
    assert path.read_bytes() == before


@pytest.mark.parametrize("data", [b"", b"{}\n", b"not json", b'{"format":"tallystick/secret/1"}\n', b"[]\n"])
def test_a_broken_secret_file_is_named(tmp_path, data):
    path = tmp_path / "secret.json"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"secret\.json"):
        load_secret(path, "signing", "words")


def test_a_repr_shows_no_secret():
    assert KEY.seed.hex() not in repr(KEY)
    assert KEY.public.hex() in repr(KEY)


def test_a_rotation_carries_both_signatures():
    new = SigningKey(bytes(32))
    document = rotation("small.exchange", KEY, new, 7)
    for side, key in (("from", KEY), ("to", new)):
        signature = bytes.fromhex(document[f"signature_{side}"])
        assert verify_signature(key.public, "tallystick/rotation/1", rotation_digest(document), signature)
    data = key_file("small.exchange", new.public, [document])
    assert parse_file(data)["rotations"] == [document]
    assert standalone.read_key(data).key == new.public.hex()
