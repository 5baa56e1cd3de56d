"""A time stamp authority of this machine, for tests: its own root, its own signing certificate, HTTP on loopback.

Answers are made in-process by pyhanko. Where the `openssl` program is there, `OpensslAuthority` has it make them, so
that answers of two independent makers are read.
"""

from __future__ import annotations

import datetime
import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

from asn1crypto import keys, tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.sign.timestamps import DummyTimeStamper

__all__ = ["LocalAuthority", "OpensslAuthority", "find_openssl", "serving"]

_CONFIG = """\
[tsa]
default_tsa = local
[local]
serial = {folder}/serial
signer_cert = {folder}/tsa.pem
signer_key = {folder}/tsa.key
signer_digest = sha256
default_policy = 1.3.6.1.4.1.99999.1
digests = sha256, sha384, sha512
accuracy = secs:1
ordering = no
tsa_name = yes
ess_cert_id_chain = no
"""


def find_openssl() -> str | None:
    """The program, if this machine has it."""
    return shutil.which("openssl")


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _certificate(subject, issuer, key, signer, *, is_root, start):
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start)
        .not_valid_after(start + datetime.timedelta(days=3_650))
        .add_extension(x509.BasicConstraints(ca=is_root, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
    )
    if not is_root:
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(usage, critical=True)
    return builder.sign(signer, hashes.SHA256())


class LocalAuthority:
    """An authority that stamps what it is asked to, at `now` or at a fixed time."""

    def __init__(self, name: str = "test", now: datetime.datetime | None = None) -> None:
        start = datetime.datetime(2020, 1, 1, tzinfo=datetime.UTC)
        root_key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        root_name = _name(f"{name} root")
        self.root = _certificate(root_name, root_name, root_key, root_key, is_root=True, start=start)
        self.certificate = _certificate(_name(f"{name} tsa"), root_name, self.key, root_key, is_root=False, start=start)
        self.now = now
        self.asked: list[bytes] = []

    def write_roots(self, path: Path) -> Path:
        """The root and the signing certificate as one PEM file."""
        encoding = serialization.Encoding.PEM
        path.write_bytes(self.root.public_bytes(encoding) + self.certificate.public_bytes(encoding))
        return path

    def answer(self, request: bytes) -> bytes:
        """The DER answer to a DER request."""
        self.asked.append(request)
        der = serialization.Encoding.DER
        stamper = DummyTimeStamper(
            asn1_x509.Certificate.load(self.certificate.public_bytes(der)),
            keys.PrivateKeyInfo.load(
                self.key.private_bytes(der, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
            ),
            certs_to_embed=[asn1_x509.Certificate.load(self.root.public_bytes(der))],
            fixed_dt=self.now or datetime.datetime.now(datetime.UTC),
        )
        return stamper.request_tsa_response(tsp.TimeStampReq.load(request)).dump()

    def stamp(self, name: str, request: bytes) -> bytes:
        """As `compliance.retention.timestamps.Authority` has it, without a socket."""
        return self.answer(request)


class OpensslAuthority(LocalAuthority):
    """The same with answers that `openssl ts` makes. Its time is always now.

    No chain is put into the answer: that program writes several certificates in an order that DER does not allow, and
    strict readers refuse it.
    """

    def __init__(self, folder: Path, name: str = "openssl") -> None:
        super().__init__(name)
        self.folder = folder
        encoding = serialization.Encoding.PEM
        (folder / "root.pem").write_bytes(self.root.public_bytes(encoding))
        (folder / "tsa.pem").write_bytes(self.certificate.public_bytes(encoding))
        private = (encoding, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        (folder / "tsa.key").write_bytes(self.key.private_bytes(*private))
        (folder / "serial").write_text("01\n")
        (folder / "tsa.cnf").write_text(_CONFIG.format(folder=folder))

    def answer(self, request: bytes) -> bytes:
        self.asked.append(request)
        (self.folder / "asked.tsq").write_bytes(request)
        words = [find_openssl(), "ts", "-reply", "-config", "tsa.cnf", "-queryfile", "asked.tsq", "-out", "answer.tsr"]
        subprocess.run(words, cwd=self.folder, check=True, capture_output=True, timeout=60)
        return (self.folder / "answer.tsr").read_bytes()

    def verifies(self, answer: bytes, data: bytes) -> bool:
        """Whether `openssl ts -verify` takes an answer for a stamp over these bytes."""
        (self.folder / "given.tsr").write_bytes(answer)
        (self.folder / "data").write_bytes(data)
        words = [find_openssl(), "ts", "-verify", "-in", "given.tsr", "-data", "data", "-CAfile", "root.pem"]
        done = subprocess.run(words, cwd=self.folder, check=False, capture_output=True, timeout=60)
        return done.returncode == 0


@contextmanager
def serving(authority: LocalAuthority) -> Iterator[str]:
    """The authority behind HTTP on loopback; gives its URL."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            request = self.rfile.read(int(self.headers["Content-Length"]))
            is_query = self.headers["Content-Type"] == "application/timestamp-query"
            answer = authority.answer(request) if is_query else b"not a query"
            self.send_response(200 if is_query else 400)
            self.send_header("Content-Type", "application/timestamp-reply")
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()
