"""A PAdES signature on a PDF, and an RFC 3161 time stamp in it: optional, by pyHanko, from the extra `sign`.

The signature is an incremental update: a signed file begins with the very bytes of the unsigned one, which the same
data give again, and ends with what the signing added. That end is not the same twice: the library writes the time of
signing and a random id into it, and a time stamp differs by its nature. What is to be compared byte for byte is the
unsigned file.
"""

from __future__ import annotations

import io
from importlib import import_module
from pathlib import Path
from typing import Any, NewType

from ledger.errors import InputError

__all__ = ["Signer", "Timestamper", "load_signer", "sign_pdf", "timestamper_of"]

Signer = NewType("Signer", object)
"""A key with its certificates, as `load_signer` gives it."""
Timestamper = NewType("Timestamper", object)
"""A time-stamping authority, as `timestamper_of` gives it; in tests, one that pyHanko brings."""

FIELD = "Signature"
PKCS12 = frozenset({".p12", ".pfx"})
TIMEOUT_SECONDS = 20


def _part(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise InputError(
            "signature",
            "the package that signs is not installed",
            "Run `pip install tallystick[sign]`, or do not sign.",
        ) from None


def load_signer(
    key: Path, certificate: Path | None = None, password: bytes | None = None, chain: tuple[Path, ...] = ()
) -> Signer:
    """A signer from a PKCS#12 file (.p12, .pfx), or from a PEM key and its PEM `certificate`.

    `chain` are certificates of the authorities between. Raises InputError for files that are not there, not readable,
    or not opened by the password.
    """
    signers = _part("pyhanko.sign.signers")
    for path in (key, *(() if certificate is None else (certificate,)), *chain):
        if not path.is_file():
            raise InputError(str(path), "is no file", "Name the file of the key or certificate to sign with.")
    chain_files = [str(path) for path in chain]
    if key.suffix.lower() in PKCS12:
        loaded = signers.SimpleSigner.load_pkcs12(str(key), ca_chain_files=chain_files, passphrase=password)
    elif certificate is None:
        raise InputError(str(key), "has no certificate beside it", "Name the certificate, or give a PKCS#12 file.")
    else:
        loaded = signers.SimpleSigner.load(
            str(key), str(certificate), ca_chain_files=chain_files, key_passphrase=password
        )
    if loaded is None or loaded.signing_cert is None:
        raise InputError(str(key), "cannot be opened", "Check the password, and that it is PKCS#12 or PEM.")
    return Signer(loaded)


def timestamper_of(url: str) -> Timestamper:
    """The time-stamping authority at an address, asked over HTTP when something is signed."""
    if not url.startswith(("https://", "http://")):
        raise InputError(url, "is no address of a time-stamping authority", "Give one that begins with https://.")
    return Timestamper(_part("pyhanko.sign.timestamps").HTTPTimeStamper(url, timeout=TIMEOUT_SECONDS))


def sign_pdf(
    data: bytes, signer: Signer, timestamper: Timestamper | None = None, *, reason: str = "", location: str = ""
) -> bytes:
    """The PDF with an invisible PAdES signature (baseline B, or T with a `timestamper`) over all of it.

    The result begins with `data`. Raises InputError where the authority gives no time stamp, and where the file is
    signed already.
    """
    signers, fields, writers = (
        _part("pyhanko.sign.signers"),
        _part("pyhanko.sign.fields"),
        _part("pyhanko.pdf_utils.incremental_writer"),
    )
    writer = writers.IncrementalPdfFileWriter(io.BytesIO(data))
    if writer.prev.embedded_signatures:
        raise InputError("PDF", "is signed already", "Sign the unsigned file of the pack.")
    metadata = signers.PdfSignatureMetadata(
        field_name=FIELD,
        md_algorithm="sha256",
        subfilter=fields.SigSeedSubFilter.PADES,
        reason=reason or None,
        location=location or None,
    )
    try:
        signed = signers.PdfSigner(metadata, signer=signer, timestamper=timestamper).sign_pdf(writer)
    except _part("pyhanko.sign.timestamps").TimestampRequestError as error:
        raise InputError(
            "time stamp", f"the authority gave none ({error})", "Try again later, or sign without a time stamp."
        ) from None
    made: bytes = signed.getvalue()
    assert made.startswith(data), "a signature is added to a file and changes nothing in it"
    return made
