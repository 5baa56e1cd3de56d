"""Signatures on PDFs: they hold, a changed byte breaks them, and they change nothing in what they sign."""

from __future__ import annotations

import io
import sys
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from compliance.reports.pdf import render_pdf
from compliance.reports.sign import Signer, load_signer, sign_pdf, timestamper_of
from ledger.errors import InputError
from tests.compliance.reports.sample import sample_document
from tests.compliance.reports.support import pdf_text

pytest.importorskip("pyhanko")
BEGIN, END = datetime(2020, 1, 1, tzinfo=UTC), datetime(2120, 1, 1, tzinfo=UTC)
PASSWORD = b"open sesame"


class Held(NamedTuple):
    """A key and its certificate."""

    key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
    certificate: x509.Certificate

    @property
    def pem(self) -> bytes:
        return self.certificate.public_bytes(serialization.Encoding.PEM)

    @property
    def key_pem(self) -> bytes:
        return self.key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )


def _issue(name: str, issuer: Held | None, usage: list[x509.ObjectIdentifier] | None = None) -> Held:
    # The authority that pyHanko brings for tests signs with RSA alone.
    key = ec.generate_private_key(ec.SECP256R1()) if usage is None else rsa.generate_private_key(65537, 2048)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    is_root = issuer is None
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject if issuer is None else issuer.certificate.subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(BEGIN)
        .not_valid_after(END)
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(
            x509.KeyUsage(
                digital_signature=not is_root,
                content_commitment=not is_root and usage is None,
                key_encipherment=False,
                data_encipherment=False,
                key_agreement=False,
                key_cert_sign=is_root,
                crl_sign=is_root,
                encipher_only=False,
                decipher_only=False,
            ),
            critical=True,
        )
    )
    if usage is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage(usage), critical=True)
    return Held(key, builder.sign(key if issuer is None else issuer.key, hashes.SHA256()))


@cache
def people() -> tuple[Held, Held, Held]:
    """A root, an officer who signs, and a time-stamping authority."""
    root = _issue("Root of a test", None)
    return root, _issue("Officer of a test", root), _issue("Clock of a test", root, [ExtendedKeyUsageOID.TIME_STAMPING])


def officer_of(folder: Path) -> Signer:
    """A signer whose files are written into a folder, for looking at what signing does to a file."""
    officer = people()[1]
    (folder / "key.pem").write_bytes(officer.key_pem)
    (folder / "officer.pem").write_bytes(officer.pem)
    return load_signer(folder / "key.pem", folder / "officer.pem")


@cache
def unsigned() -> bytes:
    return render_pdf(sample_document(rows=1, hours=30))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root, officer, _ = people()
    officer_of(tmp_path)
    (tmp_path / "root.pem").write_bytes(root.pem)
    bag = pkcs12.serialize_key_and_certificates(
        b"officer",
        officer.key,
        officer.certificate,
        [root.certificate],
        serialization.BestAvailableEncryption(PASSWORD),
    )
    (tmp_path / "officer.p12").write_bytes(bag)
    return tmp_path


@pytest.fixture(scope="module")
def authority() -> Iterator[str]:
    """A time-stamping authority on this machine; its address."""
    from asn1crypto import keys, tsp
    from asn1crypto import x509 as asn1_x509
    from pyhanko.sign.timestamps import DummyTimeStamper

    clock = people()[2]
    stamper = DummyTimeStamper(
        asn1_x509.Certificate.load(clock.certificate.public_bytes(serialization.Encoding.DER)),
        keys.PrivateKeyInfo.load(
            clock.key.private_bytes(
                serialization.Encoding.DER, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        ),
    )

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["Content-Length"])))
            answer = stamper.request_tsa_response(asked).dump()
            self.send_response(200 if self.path == "/stamp" else 503)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


def validate(data: bytes) -> Any:
    """What pyHanko says of the one signature in a PDF, with the test's root as the only one trusted."""
    from asn1crypto import x509 as asn1_x509
    from pyhanko.pdf_utils.reader import PdfFileReader
    from pyhanko.sign.validation import validate_pdf_signature
    from pyhanko_certvalidator import ValidationContext

    root = asn1_x509.Certificate.load(people()[0].certificate.public_bytes(serialization.Encoding.DER))
    context = ValidationContext(trust_roots=[root])
    [signature] = PdfFileReader(io.BytesIO(data)).embedded_signatures
    return validate_pdf_signature(signature, context, ts_validation_context=context)


def test_a_signature_holds_and_begins_with_the_unsigned_bytes(folder: Path) -> None:
    signed = sign_pdf(
        unsigned(), load_signer(folder / "officer.p12", password=PASSWORD), reason="Sign-off", location="X"
    )
    assert signed.startswith(unsigned()) and b"/ETSI.CAdES.detached" in signed
    status = validate(signed)
    assert status.intact and status.valid and status.trusted and status.bottom_line
    assert status.coverage.name == "ENTIRE_FILE"
    assert pdf_text(signed) == pdf_text(unsigned())


@pytest.mark.parametrize("place", [0.2, 0.5, 0.9])
def test_a_changed_byte_breaks_it(folder: Path, place: float) -> None:
    signed = bytearray(sign_pdf(unsigned(), load_signer(folder / "officer.p12", password=PASSWORD)))
    # In a stream of the pages or fonts, so that the file can still be read.
    at = int(len(unsigned()) * place)
    signed[at] ^= 1
    status = validate(bytes(signed))
    assert not status.intact and not status.bottom_line


def test_a_pem_key_signs_too_and_a_stranger_is_not_trusted(folder: Path) -> None:
    signer = load_signer(folder / "key.pem", folder / "officer.pem", chain=(folder / "root.pem",))
    assert validate(sign_pdf(unsigned(), signer)).bottom_line
    stranger = _issue("Officer of a test", _issue("Root of a test", None))
    (folder / "stranger.pem").write_bytes(stranger.pem)
    (folder / "stranger-key.pem").write_bytes(stranger.key_pem)
    status = validate(sign_pdf(unsigned(), load_signer(folder / "stranger-key.pem", folder / "stranger.pem")))
    assert status.intact and status.valid and not status.trusted and not status.bottom_line


def test_a_time_stamp_of_an_authority_is_inside(folder: Path, authority: str) -> None:
    signer = load_signer(folder / "officer.p12", password=PASSWORD)
    signed = sign_pdf(unsigned(), signer, timestamper_of(f"{authority}/stamp"))
    status = validate(signed)
    assert status.bottom_line and status.timestamp_validity.valid and status.timestamp_validity.trusted
    assert validate(sign_pdf(unsigned(), signer)).timestamp_validity is None


def test_an_authority_that_does_not_answer_is_named(folder: Path, authority: str) -> None:
    signer = load_signer(folder / "officer.p12", password=PASSWORD)
    for url in (f"{authority}/broken", "http://127.0.0.1:9/"):
        with pytest.raises(InputError, match="time stamp"):
            sign_pdf(unsigned(), signer, timestamper_of(url))
    with pytest.raises(InputError, match="https://"):
        timestamper_of("ftp://example.invalid")


def test_a_signed_file_is_not_signed_again(folder: Path) -> None:
    signer = load_signer(folder / "officer.p12", password=PASSWORD)
    with pytest.raises(InputError, match="signed already"):
        sign_pdf(sign_pdf(unsigned(), signer), signer)


def test_keys_that_cannot_be_had_are_named(folder: Path) -> None:
    (folder / "rubbish.p12").write_bytes(b"rubbish")
    (folder / "rubbish.pem").write_bytes(b"rubbish")
    for arguments in (
        {"key": folder / "nowhere.p12"},
        {"key": folder / "officer.p12", "password": b"wrong"},
        {"key": folder / "rubbish.p12", "password": PASSWORD},
        {"key": folder / "key.pem"},
        {"key": folder / "key.pem", "certificate": folder / "nowhere.pem"},
        {"key": folder / "key.pem", "certificate": folder / "rubbish.pem"},
        {"key": folder / "rubbish.pem", "certificate": folder / "officer.pem"},
    ):
        with pytest.raises(InputError):
            load_signer(**arguments)  # type: ignore[arg-type]  # each is a set of arguments


def test_without_the_extra_a_person_is_told_what_to_install(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyhanko.sign.signers", None)
    with pytest.raises(InputError, match=r"tallystick\[sign\]"):
        load_signer(folder / "officer.p12", password=PASSWORD)
