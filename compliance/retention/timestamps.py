"""RFC 3161 time stamps over the root of a day: request, answer, and the check of one under given certificates.

What is stamped is SHA-256 of the 32 bytes of a day's root, so `openssl ts -verify -data` over a file with those bytes
says the same. A time stamp authority is one method: by HTTP (`HttpAuthority`), or by files that somebody carries
(`FolderAuthority`). Needs the extra `sign`. A stamp proves that the root existed at the authority's time; it does not
prove that everything was recorded.
"""

from __future__ import annotations

import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple, Protocol

from compliance.retention.objects import write_once
from ledger.errors import CheckFailed, InputError
from ledger.log.files import OsFiles

if TYPE_CHECKING:
    from cryptography.x509 import Certificate

__all__ = [
    "Authority",
    "FolderAuthority",
    "HttpAuthority",
    "NoAnswerYet",
    "Stamp",
    "TrustedCertificates",
    "check_stamp",
    "make_request",
    "stamp_day",
]

ANSWER_BYTES_MAX: Final = 1 << 20
TIMEOUT_SECONDS: Final = 30
_QUERY: Final = "application/timestamp-query"
_REPLY: Final = "application/timestamp-reply"


class Stamp(NamedTuple):
    """A stamp that holds: the authority's time (microseconds since 1970), its policy and its serial number."""

    time: int
    policy: str
    serial: str


class TrustedCertificates(NamedTuple):
    """The certificates that a reader trusts for stamps: roots, and others that a chain may need."""

    roots: tuple[Certificate, ...]
    others: tuple[Certificate, ...] = ()

    @classmethod
    def read(cls, paths: Sequence[Path]) -> TrustedCertificates:
        """From PEM files: a certificate that is its own issuer is a root. Raises InputError."""
        from cryptography.x509 import load_pem_x509_certificates

        found: list[Certificate] = []
        for path in paths:
            try:
                found += load_pem_x509_certificates(path.read_bytes())
            except (OSError, ValueError) as error:
                raise InputError(str(path), f"holds no certificates ({error})", "Name a PEM file.") from None
        roots = tuple(each for each in found if each.issuer == each.subject)
        if not roots:
            raise InputError(", ".join(map(str, paths)), "hold no root certificate", "Add the authority's root.")
        return cls(roots, tuple(each for each in found if each.issuer != each.subject))


class NoAnswerYet(InputError):
    """The request stands; whoever carries it has not brought the answer."""


class Authority(Protocol):
    """Whoever stamps."""

    def stamp(self, name: str, request: bytes) -> bytes:
        """The answer to a request (both DER); `name` is the day's. Raises InputError, or NoAnswerYet."""


class HttpAuthority:
    """An authority behind a URL, as RFC 3161 section 3.4 has it."""

    def __init__(self, url: str, timeout_seconds: int = TIMEOUT_SECONDS) -> None:
        if not url.startswith(("http://", "https://")):
            raise InputError(
                url[:80], "is no address of an authority", "Name one that begins with https:// or http://."
            )
        self._url, self._timeout = url, timeout_seconds

    def stamp(self, name: str, request: bytes) -> bytes:
        query = urllib.request.Request(self._url, data=request, headers={"Content-Type": _QUERY, "Accept": _REPLY})
        try:
            with urllib.request.urlopen(query, timeout=self._timeout) as answer:
                data: bytes = answer.read(ANSWER_BYTES_MAX + 1)
        except (urllib.error.URLError, OSError) as error:
            reason = getattr(error, "reason", error)
            raise InputError(self._url, f"gives no time stamp ({reason})", "Try again; the request is kept.") from None
        if len(data) > ANSWER_BYTES_MAX:
            raise InputError(self._url, "answers with more than a time stamp", "Name another authority.")
        return data


class FolderAuthority:
    """An authority that is reached by carrying files: `NAME.tsq` goes out, `NAME.tsr` comes back."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def stamp(self, name: str, request: bytes) -> bytes:
        self._folder.mkdir(parents=True, exist_ok=True)
        asked, answered = self._folder / f"{name}.tsq", self._folder / f"{name}.tsr"
        if not asked.exists():
            asked.write_bytes(request)
        if not answered.exists():
            raise NoAnswerYet(str(answered), "is not there yet", "Have the request beside it stamped, and run again.")
        return answered.read_bytes()


def _library() -> Any:
    try:
        import rfc3161_client
    except ImportError:
        raise InputError(
            "rfc3161-client",
            "the package for time stamps is not installed",
            "Install the extra: `pip install 'tallystick[sign]'`.",
        ) from None
    return rfc3161_client


def make_request(root: bytes) -> bytes:
    """A request (DER) for a stamp over a day's root, with a nonce of the library's own; raises InputError."""
    assert len(root) == 32, "a root is 32 bytes"
    library = _library()
    request = library.TimestampRequestBuilder(data=root, hash_algorithm=library.HashAlgorithm.SHA256).build()
    return bytes(request.as_bytes())


def check_stamp(answer: bytes, root: bytes, trusted: TrustedCertificates) -> Stamp:
    """A stamp over a root under certificates that the reader trusts; raises CheckFailed with what does not hold."""
    library = _library()
    verifier = library.VerifierBuilder(roots=list(trusted.roots), intermediates=list(trusted.others)).build()
    try:
        response = library.decode_timestamp_response(answer)
        if response.status not in (0, 1):
            raise CheckFailed(f"the authority refused the time stamp (status {response.status})")
        verifier.verify_message(response, root)
        info = response.tst_info
        seconds = int(info.gen_time.timestamp())
        return Stamp(
            seconds * 1_000_000 + info.gen_time.microsecond, info.policy.dotted_string, f"{info.serial_number:x}"
        )
    except library.VerificationError as error:
        raise CheckFailed(f"the time stamp does not hold: {error}") from None
    except CheckFailed:
        raise
    except Exception as error:
        # Bytes from outside: the parsers below raise what they like, and none of it makes a stamp that holds.
        raise CheckFailed(f"the time stamp cannot be read ({type(error).__name__}: {error})") from None


def stamp_day(folder: Path, day: str, root: bytes, authority: Authority, trusted: TrustedCertificates) -> Stamp:
    """Have a day's root stamped, check the answer, and keep request and answer in `folder`, written once.

    A request that is there already is asked again, so that one answer belongs to one request. Raises InputError, or
    CheckFailed where the answer does not hold: it is then not kept.
    """
    asked, answered = folder / f"{day}.tsq", folder / f"{day}.tsr"
    if answered.exists():
        return check_stamp(answered.read_bytes(), root, trusted)
    if not asked.exists():
        write_once(OsFiles(), asked, make_request(root))
    answer = authority.stamp(day, asked.read_bytes())
    stamp = check_stamp(answer, root, trusted)
    write_once(OsFiles(), answered, answer)
    return stamp
