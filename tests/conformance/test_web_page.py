"""The web page in a real browser, one session for all vectors: the answers of the other verifiers, word for word."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

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
