"""Emits `proof/`: one folder a case, with the files, the reader's key and id, and every check's answer.

The answers follow from the case's own words (which checks fail, which cannot be asked), not from a verifier.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace

from tests.conformance.cases import Files, pretty, reference, slug
from tests.conformance.proof_attacks import all_attacks
from tests.support.miniature import HOLDERS
from tests.support.proof_cases import PLAIN, Case, all_cases

__all__ = ["CHECKS", "REQUIRED", "emit", "proof_cases"]

REQUIRED = ("form", "signature", "identity", "path", "sums", "statement")
CHECKS = (*REQUIRED, "sections", "reserves", "chain", "same-root")
BY_NAME = (
    (33, r"^signature |no signature|small-order"),
    (17, r"lines that add up|line moved"),
    (14, r"scale"),
    (
        34,
        r"^(proof|attestation) (with (an?|m|carri|byte-|two|endless|N)|without|in |empty|only|null)\b(?!.*key$)",
    ),
    (1, r"maximum for sum|half of the customers"),
    (2, r"sums not bound|top sums|another total|another sibling sum"),
    (3, r"claim '-|claim '\+|negative|minus"),
    (4, r"over the range|add up to|whole range|claim '3402|2\^128"),
    (5, r"one leaf for two|somebody else|another customer's|another kind of id|honest, assigned"),
    (6, r"odd node twice|leaves, slot|holders, number"),
    (7, r"zero line|zero and zero|said to be"),
    (8, r"inner node as leaf|a leaf of another tree"),
    (9, r"join to|order of their bytes|id not|another case of the id|^id "),
    (10, r"path|slot|siblings"),
    (11, r"digits$|too short"),
    (12, r"format"),
    (13, r"its own|stranger|another key|no such tree|no key|small-order"),
    (14, r"floating|quantum|claim '1|scale|^claim |coverage|price"),
    (17, r"left out|no leaf|no lines|account salt|another salt"),
    (20, r"yesterday|restatement|missed|proof of another|another hour|another cutoff|predecessor|snapshot"),
    (21, r"disclos|empty tree|more leaves|books|accounts"),
    (27, r"contract wallet|control"),
    (30, r"attested"),
    (31, r"net of"),
    (25, r"reserve"),
)
FORGED_KEYS = re.compile(r"rotat|forged|key")
UNREADABLY_DEEP = "very deep"
# One parser reads both documents, so a few of its refusals are enough here.
ATTESTATION_SPELLINGS = frozenset(
    ("empty", "null", "without line feed", "with a space", "with a key twice", "with a wrong byte", "very deep")
)


def proof_cases() -> list[Case]:
    """Every case, with nothing in it that is large for the sake of size alone."""
    cases = []
    for case in [*all_cases(), *all_attacks()]:
        if case.name.endswith(UNREADABLY_DEEP):
            field = case.name.split()[0]
            case = replace(case, **{field: b"[" * 5_000 + b"\n"})
        if not case.name.startswith("attestation ") or case.name.removeprefix("attestation ") in ATTESTATION_SPELLINGS:
            cases.append(_shortened(case) if case.name.startswith("attestation: ") else case)
    names = [slug(case.name) for case in cases]
    assert len(set(names)) == len(names), sorted(name for name in names if names.count(name) > 1)
    return cases


def _shortened(case: Case) -> Case:
    """The same attestation with the proof of a customer of one leaf, where it is the plain exchange's."""
    document, number = json.loads(case.attestation), len(HOLDERS) - 1
    if case.proof != PLAIN.proof(attestation=document):
        return case
    return replace(case, proof=PLAIN.proof(number, attestation=document), account=HOLDERS[number].account)


def attack_of(case: Case) -> int:
    """The attack that a case stands for; good ones have 0, and a document's other faults the numbers from 34."""
    if case.verdict != "invalid":
        return 0
    name = case.name.removeprefix("attestation: ")
    for attack, pattern in BY_NAME:
        if re.search(pattern, name):
            return attack
    if FORGED_KEYS.search(name):
        return 13
    is_spelling = re.match(r"(proof|attestation) |files swapped", name)
    return 34 if is_spelling else 35


def answers(case: Case) -> tuple[dict[str, str], list[str]]:
    """Every check's result, and the passes that are only claimed, by what the case says of itself."""
    results: dict[str, str] = {}
    only_claimed = []
    unsigned = case.key is None or "signature" in case.failed
    for name in CHECKS:
        result = "fail" if name in case.failed else "unchecked" if name in case.unchecked else "pass"
        if name not in REQUIRED:
            unknown = "section" in case.name and case.verdict == "valid" and "without" not in case.name
            result = "pass" if name == "sections" and "form" not in case.failed and not unknown else "unchecked"
        results[name] = result
        if result == "pass":
            is_claimed = name in ("path", "sums", "statement") and unsigned
            is_claimed |= name == "identity" and json.loads(case.proof)["kind"] == "assigned"
            only_claimed += [name] if is_claimed else []
    return results, only_claimed


def emit() -> Files:
    """All proof cases as files. A document that two cases share stands in the folder of the first."""
    files: Files = {}
    stands: dict[bytes, str] = {}
    for case in proof_cases():
        folder = f"proof/{slug(case.name)}"
        places = {}
        for name in ("attestation", "proof"):
            data = getattr(case, name)
            places[name] = stands.setdefault(data, f"{folder}/{name}.json")
            files[places[name]] = data
        key = case.key
        if key is not None and key.startswith("{"):
            key = stands.setdefault(key.encode(), f"{folder}/key.json")
            files[key] = case.key.encode() if case.key else b""
        results, only_claimed = answers(case)
        files[f"{folder}/case.json"] = pretty(
            {
                "account": case.account,
                "attack": reference(attack_of(case)),
                "checks": results,
                "claimed": only_claimed,
                "key": key,
                "name": case.name,
                **places,
                "verdict": case.verdict,
            }
        )
    return files
