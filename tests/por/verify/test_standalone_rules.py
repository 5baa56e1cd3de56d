"""One proof against every rule, in the standalone verifier."""

from __future__ import annotations

import pytest

from por.verify import standalone
from tests.support import miniature
from tests.support.miniature import HOLDERS, Miniature, public_hex
from tests.support.proof_cases import ALICE, Case, all_cases, invented_debts, set_in

CASES = all_cases()


def report_of(case: Case) -> standalone.Report:
    key = None if case.key is None else standalone.read_key(case.key)
    return standalone.check_proof(case.proof, standalone.check_attestation(case.attestation, key), case.account)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_case_has_its_verdict_and_fails_for_its_reason(case: Case) -> None:
    report = report_of(case)
    failed = {check.name for check in report.checks if check.result == "fail"}
    unchecked = {check.name for check in report.checks if check.required and check.result == "unchecked"}
    assert (report.verdict, failed, unchecked) == (case.verdict, case.failed, case.unchecked)
    assert report.exit_status == {"valid": 0, "invalid": 1, "unchecked": 2}[case.verdict]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_every_report_has_all_checks_and_an_assurance_for_passes_only(case: Case) -> None:
    report = report_of(case)
    assert [check.name for check in report.checks] == list(standalone.CHECKS)
    for check in report.checks:
        assert check.result in {"pass", "fail", "unchecked"}
        assert (check.assurance is not None) == (check.result == "pass")
        assert check.detail
    assert standalone.render_text(report)


def test_an_assigned_id_is_only_claimed_and_an_own_one_proven() -> None:
    for holder, expected in ((0, "proven"), (1, "claimed"), (2, "proven")):
        report = report_of(next(case for case in CASES if case.name == f"honest, {HOLDERS[holder].kind} {holder}"))
        assert next(check.assurance for check in report.checks if check.name == "identity") == expected


def test_without_a_key_what_is_found_is_only_claimed() -> None:
    report = report_of(next(case for case in CASES if case.name == "no key"))
    found = {check.name: check.assurance for check in report.checks if check.result == "pass"}
    assert {found[name] for name in ("path", "sums", "statement")} == {"claimed"}


def test_an_unknown_section_is_reported_and_does_not_spoil_the_verdict() -> None:
    report = report_of(next(case for case in CASES if case.name == "unknown section later-section"))
    sections = next(check for check in report.checks if check.name == "sections")
    assert (report.verdict, sections.result, sections.required) == ("valid", "unchecked", False)
    assert "later-section" in sections.detail


def test_the_same_root_is_never_a_pass_and_shows_the_fingerprint() -> None:
    report = report_of(CASES[0])
    check = report.checks[-1]
    digest = standalone.check_attestation(CASES[0].attestation, None).digest
    assert (check.name, check.result, check.detail) == ("same-root", "unchecked", report.fingerprint)
    assert report.fingerprint is not None
    assert report.fingerprint.replace("-", "") == digest[:32]


@pytest.mark.parametrize(("leaves", "valid"), [(98, False), (99, False), (100, True)])
def test_a_tree_of_fewer_than_100_leaves_must_be_disclosed(leaves: int, valid: bool) -> None:
    btc = ("main", "BTC")
    holders = [miniature.Holder("email", f"u{n}@example.com", {btc: [("", 1, 0)]}) for n in range(leaves)]
    exchange = Miniature(holders, {btc: 8})
    document = exchange.attestation_document(change=set_in("snapshot", "disclosures", []))
    attestation = standalone.check_attestation(miniature.canonical(document) + b"\n", None)
    assert (attestation.problem is None) == valid


@pytest.mark.parametrize(
    ("quanta", "scale", "text"),
    [
        ("0", 0, "0"),
        ("0", 2, "0.00"),
        ("5", 0, "5"),
        ("5", 1, "0.5"),
        ("12", 2, "0.12"),
        ("123", 2, "1.23"),
        (str(2**128 - 1), 38, "3.40282366920938463463374607431768211455"),
    ],
)
def test_amounts_are_shown_exactly(quanta: str, scale: int, text: str) -> None:
    assert standalone.decimal_text(quanta, scale) == text


def test_balances_keep_claims_and_debts_apart() -> None:
    report = report_of(CASES[0])
    bitcoin = report.balances[0]
    assert (bitcoin.entity, bitcoin.asset, bitcoin.claim, bitcoin.debt) == (
        "main",
        "BTC",
        "287.34247001",
        "143.67123498",
    )
    assert bitcoin.lines[1] == ("trading", "0.00000005", "143.67123498")


@pytest.mark.parametrize("depth", [31, 32, 33])
def test_documents_nest_32_deep_and_no_deeper(depth: int) -> None:
    data = b"[" * depth + b"]" * depth + b"\n"
    if depth <= 32:
        assert isinstance(standalone.parse_file(data), list)
    else:
        with pytest.raises(standalone.Malformed):
            standalone.parse_file(data)


@pytest.mark.parametrize(("number", "good"), [(2**53 - 2, True), (2**53 - 1, True), (2**53, False)])
def test_numbers_end_below_2_to_the_53(number: int, good: bool) -> None:
    data = f"[{number}]\n".encode()
    if good:
        assert standalone.parse_file(data) == [number]
    else:
        with pytest.raises(standalone.Malformed):
            standalone.parse_file(data)


@pytest.mark.parametrize("count", [*range(1, 20), 31, 32, 33, 63, 64, 65, 100])
def test_path_lengths_follow_from_slot_and_count(count: int) -> None:
    levels = Miniature().levels([bytes([n]) * 64 for n in range(count)], lambda left, right: left)
    for slot in range(count):
        assert standalone.path_length(slot, count) == len(miniature.path_of(levels, slot)) // 64
    assert standalone.path_length(count, count) is None


@pytest.mark.parametrize("bad", ["", "00" * 31, "0G" * 32, "AA" * 32, "{}", "[]\n", "\ud800", b"\xff" * 64, b"\0"])
def test_a_key_that_is_neither_hex_nor_a_key_file_is_refused(bad: str | bytes) -> None:
    with pytest.raises(standalone.KeyUnreadable):
        standalone.read_key(bad)


def test_a_key_file_whose_rotations_do_not_lead_to_its_key_is_refused() -> None:
    lone = miniature.key_file("stranger", [miniature.rotation("first", "second", 3)])
    with pytest.raises(standalone.KeyUnreadable):
        standalone.read_key(lone)


def test_a_bare_key_may_have_white_space_around_it() -> None:
    assert standalone.read_key(f" {public_hex('first')}\r\n").key == public_hex("first")


def test_a_lone_surrogate_typed_as_id_fails_identity_and_nothing_crashes() -> None:
    attestation = standalone.check_attestation(CASES[0].attestation, standalone.read_key(public_hex("first")))
    report = standalone.check_proof(CASES[0].proof, attestation, "a\udc80")
    assert [check.result for check in report.checks[:4]] == ["pass", "pass", "fail", "unchecked"]


def test_an_injected_signature_check_is_used_and_its_no_is_final() -> None:
    key = standalone.read_key(public_hex("first"))
    attestation = standalone.check_attestation(CASES[0].attestation, key, lambda *_: False)
    assert standalone.check_proof(CASES[0].proof, attestation, ALICE).verdict == "invalid"


def test_a_net_figure_of_more_debts_than_there_are_is_refused() -> None:
    [form] = [check for check in report_of(invented_debts()).checks if check.result == "fail"]
    assert form.detail == "attestation.sections.net.rows[0] has more debts than its tree"
