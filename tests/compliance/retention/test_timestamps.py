"""RFC 3161 stamps over the root of a day: from an authority on loopback, under given certificates, or not at all."""

from __future__ import annotations

import datetime
import hashlib
import sys
from datetime import date

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from compliance.retention.archive import Archive, load
from compliance.retention.timestamps import (
    FolderAuthority,
    HttpAuthority,
    NoAnswerYet,
    TrustedCertificates,
    check_stamp,
    make_request,
    stamp_day,
)
from compliance.retention.verifying import check_stamps, verify_archive
from ledger.errors import CheckFailed, InputError
from tests.compliance.retention.conftest import DAY_KEY, document, micros
from tests.conftest import IN_CI
from tests.support.tsa import LocalAuthority, OpensslAuthority, find_openssl, serving

NOON = micros("2026-11-20T12:00")
ROOT, OTHER = b"\x11" * 32, b"\x12" * 32


def trusted_by(authority) -> TrustedCertificates:
    return TrustedCertificates((authority.root,), (authority.certificate,))


@pytest.fixture
def closed(folder):
    """Two closed days; gives the folder and the two statements."""
    with Archive(folder) as archive:
        archive.append(document(archive, "a"), NOON)
        one = archive.close_day(date(2026, 11, 20), NOON, DAY_KEY)
        two = archive.close_day(date(2026, 11, 21), micros("2026-11-21"), DAY_KEY)
    return folder, one, two


def test_a_day_is_stamped_over_http_and_verified(closed, authority, tmp_path):
    folder, one, two = closed
    pem = authority.write_roots(tmp_path / "tsa.pem")
    trusted = TrustedCertificates.read([pem])
    with serving(authority) as url:
        stamps = [
            stamp_day(folder / "days", s.day.isoformat(), s.root, HttpAuthority(url), trusted) for s in (one, two)
        ]
    assert [each.time for each in stamps] == [micros("2026-12-01")] * 2
    found, _ = verify_archive(folder, trusted=trusted)
    assert {each.name: each.holds for each in found}["stamps"]
    assert dict(check_stamps(load(folder), trusted)) == {"2026-11-20": stamps[0], "2026-11-21": stamps[1]}
    again = stamp_day(folder / "days", "2026-11-20", one.root, HttpAuthority("http://127.0.0.1:1/"), trusted)
    assert again == stamps[0], "what is stamped is not asked for again"


def test_two_makers_of_stamps_agree(closed, tmp_path):
    """Answers of `openssl ts` are read here, and `openssl ts -verify` takes the same ones over the same 32 bytes."""
    if find_openssl() is None:
        (pytest.fail if IN_CI else pytest.skip)("no openssl program on this machine")
    folder, one, two = closed
    (tmp_path / "tsa").mkdir()
    authority = OpensslAuthority(tmp_path / "tsa")
    with serving(authority) as url:
        stamp = stamp_day(folder / "days", "2026-11-20", one.root, HttpAuthority(url), trusted_by(authority))
    assert stamp.policy == "1.3.6.1.4.1.99999.1"
    answer = (folder / "days" / "2026-11-20.tsr").read_bytes()
    assert authority.verifies(answer, one.root)
    assert not authority.verifies(answer, two.root)


def test_a_stamp_of_another_root_is_none(authority):
    answer = authority.answer(make_request(ROOT))
    assert check_stamp(answer, ROOT, trusted_by(authority)).time > 0
    with pytest.raises(CheckFailed, match="Mismatch"):
        check_stamp(answer, OTHER, trusted_by(authority))


def test_a_stamp_of_another_day_put_in_place_is_found(closed, authority):
    folder, one, _ = closed
    answer = authority.answer(make_request(one.root))
    for day in ("2026-11-20", "2026-11-21"):
        (folder / "days" / f"{day}.tsr").write_bytes(answer)
    found = {each.name: each for each in verify_archive(folder, trusted=trusted_by(authority))[0]}
    assert [problem[:10] for problem in found["stamps"].problems] == ["2026-11-21"]


@pytest.mark.parametrize(("ahead", "is_found"), [(299, False), (300, False), (301, True)])
def test_a_day_that_was_closed_by_a_clock_that_is_ahead(folder, authority, ahead, is_found):
    """Periods end by the clock that closes days; the authority's tells that it was turned forward."""
    with Archive(folder) as archive:
        made = micros("2026-12-01") + ahead * 10**6
        day = archive.close_day(date(2026, 12, 1), made, DAY_KEY)
        stamp_day(folder / "days", "2026-12-01", day.root, authority, trusted_by(authority))
    problems = {each.name: each.problems for each in verify_archive(folder, trusted=trusted_by(authority))[0]}["stamps"]
    assert bool(problems) == is_found


def test_an_authority_that_the_reader_does_not_know(authority):
    stranger = LocalAuthority("stranger")
    answer = stranger.answer(make_request(ROOT))
    check_stamp(answer, ROOT, trusted_by(stranger))
    with pytest.raises(CheckFailed, match="does not hold"):
        check_stamp(answer, ROOT, trusted_by(authority))
    with pytest.raises(CheckFailed):
        check_stamp(answer, ROOT, TrustedCertificates((authority.root,)))


def test_a_namesake_of_the_authority_does_not_pass(authority):
    namesake = LocalAuthority()
    assert namesake.root.subject == authority.root.subject
    with pytest.raises(CheckFailed):
        check_stamp(namesake.answer(make_request(ROOT)), ROOT, trusted_by(authority))


def test_every_changed_byte_of_a_stamp_is_refused_or_means_the_same(authority):
    """Certificates that the answer carries serve nobody who trusts their own; what is signed never changes."""
    answer = authority.answer(make_request(ROOT))
    right = check_stamp(answer, ROOT, trusted_by(authority))
    imprint = answer.index(hashlib.sha256(ROOT).digest())
    signed = {*range(imprint - 20, imprint + 32 + 30), *range(len(answer) - 256, len(answer))}
    for offset in sorted({*range(0, len(answer), 5), *signed}):
        changed = bytearray(answer)
        changed[offset] ^= 0x20
        try:
            assert check_stamp(bytes(changed), ROOT, trusted_by(authority)) == right
            assert offset not in signed, offset
        except CheckFailed:
            pass


@pytest.mark.parametrize("answer", [b"", b"\x30\x03", b"no stamp at all", b"\x30\x05\x30\x03\x02\x01\x02"])
def test_an_answer_that_is_no_stamp_or_a_refusal(authority, answer):
    with pytest.raises(CheckFailed):
        check_stamp(answer, ROOT, trusted_by(authority))


def test_an_answer_that_does_not_hold_is_not_kept(closed, authority):
    folder, one, two = closed

    class Wrong:
        def stamp(self, name, request):
            return authority.answer(make_request(two.root))

    with pytest.raises(CheckFailed):
        stamp_day(folder / "days", "2026-11-20", one.root, Wrong(), trusted_by(authority))
    assert not (folder / "days" / "2026-11-20.tsr").exists()
    first = (folder / "days" / "2026-11-20.tsq").read_bytes()
    stamp_day(folder / "days", "2026-11-20", one.root, authority, trusted_by(authority))
    assert authority.asked[-1] == first, "the request that stands is asked again"


def test_files_that_somebody_carries(closed, authority, tmp_path):
    folder, one, _ = closed
    post = FolderAuthority(tmp_path / "post")
    with pytest.raises(NoAnswerYet, match="not there yet"):
        stamp_day(folder / "days", "2026-11-20", one.root, post, trusted_by(authority))
    asked = (tmp_path / "post" / "2026-11-20.tsq").read_bytes()
    (tmp_path / "post" / "2026-11-20.tsr").write_bytes(authority.answer(asked))
    stamp_day(folder / "days", "2026-11-20", one.root, post, trusted_by(authority))
    assert (folder / "days" / "2026-11-20.tsr").exists()


def test_a_certificate_that_had_ended_when_the_stamp_was_made(authority):
    late = LocalAuthority("late", now=datetime.datetime(2035, 1, 1, tzinfo=datetime.UTC))
    with pytest.raises(CheckFailed, match="does not hold"):
        check_stamp(late.answer(make_request(ROOT)), ROOT, trusted_by(late))


def test_an_authority_that_cannot_be_reached(authority):
    with pytest.raises(InputError, match="gives no time stamp"):
        HttpAuthority("http://127.0.0.1:1/", timeout_seconds=2).stamp("x", b"")
    with pytest.raises(InputError, match="is no address"):
        HttpAuthority("file:///etc/hosts")


def test_certificates_are_read_from_pem_and_one_is_a_root(tmp_path, authority):
    path = tmp_path / "leaf.pem"
    path.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    with pytest.raises(InputError, match="hold no root"):
        TrustedCertificates.read([path])
    (tmp_path / "bad.pem").write_text("no certificate")
    with pytest.raises(InputError, match="holds no certificates"):
        TrustedCertificates.read([tmp_path / "bad.pem"])


def test_without_the_extra_the_remedy_is_told(monkeypatch, authority):
    monkeypatch.setitem(sys.modules, "rfc3161_client", None)
    with pytest.raises(InputError, match=r"tallystick\[sign\]"):
        make_request(ROOT)
    with pytest.raises(InputError, match=r"tallystick\[sign\]"):
        check_stamp(b"", ROOT, trusted_by(authority))
