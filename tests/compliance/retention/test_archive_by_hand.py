"""The specification of the archive, followed with the standard library and one signature check: nothing of the room."""

from __future__ import annotations

import hashlib
import hmac
import json
from datetime import date

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305

from compliance.retention.archive import Archive
from compliance.retention.authority import Scope, hold_order, sign_order
from compliance.retention.classes import RecordClass
from compliance.retention.disposal import seal_document
from compliance.retention.sealing import Vault
from ledger.personal import Bound, PersonalStore
from tests.compliance.retention.conftest import ANN, BEN, DAY_KEY, IDENTITY, MASTER, document, micros

NOON = micros("2026-11-20T12:00")


def tagged(tag: int, message: bytes) -> bytes:
    return hashlib.sha256(message + bytes([tag])).digest()


def canonical(value) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


def merkle(level: list[bytes]) -> bytes:
    while len(level) > 1:
        odd = [level[-1]] if len(level) % 2 else []
        level = [hashlib.sha256(level[n] + level[n + 1]).digest() for n in range(0, len(level) - 1, 2)] + odd
    return level[0]


def test_an_archive_is_checked_by_its_specification_alone(folder):
    with Archive(folder) as archive, Vault(folder / "personal", MASTER) as vault:
        subject = vault.subject("ann@example.com")
        sealed = seal_document(archive, vault, subject, b"of ann")
        archive.append(document(archive, "plain"), NOON)
        archive.append(document(archive, "kyc/1", record_class=RecordClass.KYC, payload=sealed, subject=subject), NOON)
        archive.append(sign_order(hold_order(IDENTITY, NOON, "case 7", Scope()), (ANN, BEN)), NOON)
        archive.close_day(date(2026, 11, 20), NOON, DAY_KEY)
        archive.append(document(archive, "next"), NOON)
        archive.close_day(date(2026, 11, 21), micros("2026-11-21"), DAY_KEY)

    start = json.loads((folder / "archive.json").read_bytes())
    genesis = previous = tagged(0x60, canonical(start))
    said = genesis
    bodies, sequence = [], 0
    for number, path in enumerate(sorted((folder / "segments").iterdir())):
        data = path.read_bytes()
        fields = b"TALLYARC" + (1).to_bytes(4, "big") + genesis + number.to_bytes(8, "big")
        fields += (sequence + 1).to_bytes(8, "big") + previous
        assert data[:124] == fields + tagged(0x62, fields)
        at, hashes = 124, []
        while at < len(data):
            size = int.from_bytes(data[at : at + 4], "big")
            body, digest = data[at + 4 : at + 4 + size], data[at + 4 + size : at + 36 + size]
            assert digest == tagged(0x61, previous + body)
            previous, at, sequence = digest, at + 36 + size, sequence + 1
            bodies.append(json.loads(body))
            assert canonical(bodies[-1]) == body and bodies[-1]["sequence"] == sequence
            hashes.append(digest)
        day = json.loads((folder / "days" / f"{bodies[-1]['day']}.json").read_bytes())
        statement = day["statement"]
        assert statement["root"] == tagged(0x63, merkle(hashes) + len(hashes).to_bytes(8, "big")).hex()
        assert (statement["head"], statement["previous"]) == (previous.hex(), said.hex())
        assert (statement["first"], statement["last"]) == (sequence - len(hashes) + 1, sequence)
        said = tagged(0x64, canonical(statement))
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(start["day_key"]))
        key.verify(bytes.fromhex(day["signature"]), b"tallystick/archive-day/1\0" + said)

    order = bodies[2]
    for row in order["signatures"]:
        assert row["key"] in {each["key"] for each in start["operators"]}
        message = b"tallystick/archive-order/1\0" + tagged(0x65, canonical(order["order"]))
        Ed25519PublicKey.from_public_bytes(bytes.fromhex(row["key"])).verify(bytes.fromhex(row["signature"]), message)

    payload, customer = bodies[1]["payload"], b"ann@example.com"
    names = hmac.digest(MASTER, b"subject\x66", "sha256")
    assert bodies[1]["subject"] == hmac.digest(names, len(customer).to_bytes(4, "big") + customer, "sha256").hex()
    kept = (folder / "objects" / payload["sha256"][:2] / payload["sha256"]).read_bytes()
    assert hashlib.sha256(kept).hexdigest() == payload["sha256"]
    with PersonalStore(folder / "personal", hmac.digest(MASTER, b"keys\x66", "sha256")) as store:
        bound = Bound(bytes.fromhex(payload["key_id"]), bytes.fromhex(payload["binding"]))
        key = store.get(bodies[1]["subject"], bound, "archive_key")
    assert ChaCha20Poly1305(key).decrypt(bytes(12), kept, bytes.fromhex(bodies[1]["subject"])) == b"of ann"
