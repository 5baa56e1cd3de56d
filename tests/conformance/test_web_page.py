"""The web page in a real browser, one session for all vectors: the answers of the other verifiers, word for word."""

from __future__ import annotations

import base64
import json
import random
from pathlib import Path
from typing import Any

import pytest

from por.verify import standalone
from tests.conformance.cases import VECTORS
from tests.conformance.conftest import Evaluate, table
from tests.conformance.test_proofs import cases, key_of, standalone_report
from tests.support.miniature import Miniature, public_hex

pytestmark = pytest.mark.browser

VERIFY = """(cases) => Promise.all(cases.map((one) => {
  const bytes = (text) => Uint8Array.from(atob(text), (character) => character.charCodeAt(0));
  const { key, account, forceFallback } = one;
  const [proof, attestation] = [bytes(one.proof), bytes(one.attestation)];
  return tallystick.verify({ proof, attestation, key, account, forceFallback });
}))"""


@pytest.mark.parametrize("force_fallback", [False, True], ids=["browser's own cryptography", "fallback"])
def test_the_web_page_gives_the_same_answers(in_page: Evaluate, force_fallback: bool) -> None:
    questions = []
    for case in cases():
        files = {
            name: base64.b64encode((VECTORS / case[name]).read_bytes()).decode() for name in ("proof", "attestation")
        }
        key = key_of(case)
        key = Path(key).read_text(encoding="utf-8") if key is not None and "/" in case["key"] else key
        questions.append({**files, "key": key, "account": case["account"], "forceFallback": force_fallback})
    reports = in_page(VERIFY, questions)
    expected = [standalone_report(case["name"]) for case in cases()]
    differing = {
        case["name"]: (report, wanted)
        for case, report, wanted in zip(cases(), reports, expected, strict=True)
        if report != wanted
    }
    assert not differing


def test_every_spelling_is_accepted_or_refused_by_the_page(in_page: Evaluate) -> None:
    """As key files: what is canonical JSON gets as far as having the wrong keys."""
    script = """(cases) => cases.map((text) => {
      try {
        tallystick.readKey(Uint8Array.from(atob(text), (character) => character.charCodeAt(0)));
        return null;
      } catch (problem) { return problem.message; }
    })"""
    vectors = [vector for vector in table("canonical.json")["cases"] if base64.b64decode(vector["base64"]).strip()]
    words = in_page(script, [vector["base64"] for vector in vectors])
    for vector, problem in zip(vectors, words, strict=True):
        refused = problem is None or "canonical" in problem or "line feed" in problem
        assert refused != vector["canonical"], (vector["name"], problem)


def test_every_name_is_accepted_or_refused_by_the_page(in_page: Evaluate) -> None:
    script = """async ([proof, attestation, key, accounts]) => {
      const bytes = (text) => new TextEncoder().encode(text);
      const answers = [];
      for (const account of accounts) {
        const report = await tallystick.verify(
          { proof: bytes(proof), attestation: bytes(attestation), key, account: JSON.parse(account) });
        answers.push(report.checks.find((check) => check.name === "identity").result);
      }
      return answers;
    }"""
    plain = Miniature(optional_sections=False)
    vectors = [vector for vector in table("identity.json")["cases"] if vector["kind"] == "account"]
    files = [plain.proof().decode(), plain.attestation().decode(), public_hex("first")]
    answers = in_page(script, [*files, [json.dumps(vector["text"]) for vector in vectors]])
    for vector, found in zip(vectors, answers, strict=True):
        assert (found == "pass") == vector["valid"], ascii(vector["text"][:40])


def test_every_signature_is_judged_alike_by_the_page(in_page: Evaluate) -> None:
    script = """(cases) => cases.map((one) => tallystick.ed25519Verify(...one.map(
      (hex) => Uint8Array.from(hex.match(/../g) || [], (digits) => parseInt(digits, 16)))))"""
    vectors = table("ed25519.json")["cases"]
    found = in_page(script, [[vector[name] for name in ("key", "message", "signature")] for vector in vectors])
    assert found == [vector["valid"] for vector in vectors]


def wordless(report: dict[str, Any]) -> tuple[Any, ...]:
    """Verdict and checks without their details."""
    checks = [{name: value for name, value in check.items() if name != "detail"} for check in report["checks"]]
    return report["verdict"], checks


def test_the_page_judges_changed_documents_as_the_standalone_file_does(in_page: Evaluate) -> None:
    """The same 300 changes each time: bytes flipped, and values put where others stood."""
    chosen, questions, expected = random.Random(1), [], []
    good = [case for case in cases() if case["verdict"] == "valid" and "/" not in case["key"]]
    for number in range(300):
        case = chosen.choice(good)
        files = {name: bytearray((VECTORS / case[name]).read_bytes()) for name in ("proof", "attestation")}
        data = files["proof" if number % 2 else "attestation"]
        if number % 3:
            data[chosen.randrange(len(data))] = chosen.choice(b'0123456789abcdef"{}[],:\\\xff\x00-.e ')
        else:
            start, other = chosen.randrange(len(data)), chosen.randrange(len(data))
            data[start : start + 8] = data[other : other + 8]
        texts = {name: base64.b64encode(file).decode() for name, file in files.items()}
        questions.append({**texts, "key": case["key"], "account": case["account"], "forceFallback": True})
        checked = standalone.check_attestation(bytes(files["attestation"]), standalone.read_key(case["key"]))
        report = standalone.check_proof(bytes(files["proof"]), checked, case["account"])
        expected.append(json.loads(json.dumps(report.as_json())))
    # The words may differ: which of two faults of one document is named first is nobody's contract.
    assert [wordless(report) for report in in_page(VERIFY, questions)] == [wordless(report) for report in expected]
    assert {report["verdict"] for report in expected} <= {"valid", "invalid"}
