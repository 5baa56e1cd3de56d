"""Emits `chain/`: runs of bundles, and what an audit must say of the chain that they form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from tests.conformance.bundle_forge import Audited, bundle
from tests.conformance.cases import Files, packed, pretty, reference, slug
from tests.support.miniature import Holder, canonical, public_hex, rotation, tagged_hash

__all__ = ["chain_cases", "emit"]

BTC = ("main", "BTC")
ONE = (Holder("email", "a@example.com", {BTC: [("", 5, 0)]}),)


@dataclass(frozen=True)
class ChainCase:
    """Bundles in the order in which they are handed over. Without liabilities, so that the best verdict is open."""

    name: str
    attack: int
    bundles: Sequence[Files]
    result: str
    forks: int = 0
    key: str = field(default_factory=lambda: public_hex("first"))
    verdict: str = ""


class Writer:
    """Writes statements one after the other, each naming the one before it."""

    def __init__(self) -> None:
        self.digests: list[str] = []
        self.bundles: list[Files] = []

    def add(self, kind: str, hour: str | int, **fields: Any) -> Writer:
        """One more statement; fields replace what would follow from the ones before."""
        time = hour if isinstance(hour, str) else f"2026-11-23T{hour:02d}:00:00Z"
        restates = fields.pop("restates", None)
        sequence = fields.setdefault("sequence", len(self.digests))
        fields.setdefault("previous", self.digests[-1] if self.digests else None)
        exchange = Restating(ONE, {BTC: 8}, hour=time, kind=kind, optional_sections=False, **fields)
        exchange.restates = restates
        if fields["previous"] is None and sequence:
            exchange.previous = "ab" * 32
        document = exchange.attestation_document()
        self.digests.append(tagged_hash(0x0A, canonical(document["statement"])).hex())
        self.bundles.append(bundle(exchange, private=False))
        return self


class Restating(Audited):
    """Names what it restates."""

    restates: str | None = None

    def sections(self) -> dict[str, Any]:
        sections = super().sections()
        if self.restates is not None:
            sections["restatement"]["restates"] = self.restates
        return sections


def run(*kinds: str) -> Writer:
    """Hours from 00:00 on: `a` an attestation, `m` a missed one, `f` one that failed."""
    writer = Writer()
    for hour, kind in enumerate("".join(kinds)):
        writer.add("attestation" if kind == "a" else "missed", hour, has_failed=kind == "f")
    return writer


def good_cases() -> Iterator[ChainCase]:
    yield ChainCase("three hours", 0, run("aam").bundles, "pass")
    yield ChainCase("one statement", 0, run("a").bundles, "pass")
    yield ChainCase("handed over backwards", 0, run("ama").bundles[::-1], "pass")
    yield ChainCase("one bundle twice", 0, [*run("am").bundles, run("am").bundles[1]], "pass")
    writer = run("am")
    writer.add("restatement", 0, revision=1, restates=writer.digests[0])
    writer.add("restatement", 0, revision=2, restates=writer.digests[2])
    writer.add("attestation", 2)
    yield ChainCase("an hour restated twice", 0, writer.bundles, "pass")
    missed = run("am")
    missed.add("restatement", 1, revision=1, restates=missed.digests[1])
    yield ChainCase("a missed hour restated", 0, missed.bundles, "pass")
    failed = run("af")
    failed.add("restatement", 1, revision=1, restates=failed.digests[1]).add("attestation", 2)
    yield ChainCase("a failed hour restated", 0, failed.bundles, "pass")
    yield ChainCase("a failed hour between two", 0, run("afa").bundles, "pass")
    yield ChainCase("from the second statement on", 0, run("aam").bundles[1:], "unchecked")
    many = run("aama").bundles
    yield ChainCase("a statement not handed over", 0, [*many[:1], *many[2:]], "unchecked")
    night = Writer().add("missed", "2026-12-31T23:00:00Z").add("missed", "2027-01-01T00:00:00Z")
    yield ChainCase("over the end of a year", 0, night.bundles, "pass")
    last = Writer().add("missed", "9999-12-31T22:00:00Z").add("missed", "9999-12-31T23:00:00Z")
    yield ChainCase("the last hour that can be written", 0, last.bundles, "pass")
    rotated = run("mm")
    chain = [rotation("first", "second", 2)]
    rotated.add("missed", 2, signer="second", rotations=chain).add("missed", 3, signer="second", rotations=chain)
    yield ChainCase("a rotated key", 0, rotated.bundles, "pass")


def broken_cases() -> Iterator[ChainCase]:
    gap = run("am").add("missed", 3)
    yield ChainCase("an hour without a statement", 16, gap.bundles, "fail")
    yield ChainCase("one hour twice", 16, run("am").add("missed", 1).bundles, "fail")
    yield ChainCase("hours that go back", 16, run("aa").add("missed", 0).bundles, "fail")
    one, other = run("am"), run("aa")
    yield ChainCase("two statements with one number", 15, [*one.bundles, other.bundles[1]], "fail", 1)
    first = Writer().add("missed", 0).bundles
    yield ChainCase("two first statements", 15, [*first, *run("a").bundles], "fail", 1)
    wrong = run("am").add("missed", 2, previous="cd" * 32)
    yield ChainCase("another predecessor", 19, wrong.bundles, "fail")
    rewritten = [run("aam").bundles[0], run("mam").bundles[1], run("mam").bundles[2]]
    yield ChainCase("history replaced", 19, rewritten, "fail")
    last = Writer().add("missed", "9999-12-31T23:00:00Z").add("missed", "0001-01-01T00:00:00Z")
    yield ChainCase("the first hour after the last", 16, last.bundles, "fail")
    foreign = Writer().add("missed", 1, exchange="other.exchange", sequence=1)
    yield ChainCase("two exchanges", 20, [*run("a").bundles, *foreign.bundles], "fail")
    yield from restated_cases()
    yield from rotated_cases()


def restated_cases() -> Iterator[ChainCase]:
    def case(name: str, hour: int, revision: int, what: int | None, before: Writer | None = None) -> ChainCase:
        writer = before or run("am")
        digest = "ef" * 32 if what is None else writer.digests[what]
        writer.add("restatement", hour, revision=revision, restates=digest)
        return ChainCase(name, 19, writer.bundles, "fail" if what is not None else "unchecked")

    yield case("restates what nobody has", 0, 1, None)
    yield case("restates another hour", 0, 1, 1)
    yield case("restates with a revision too high", 0, 2, 0)
    yield case("restates an hour to come", 5, 1, 0)
    again = run("am")
    again.add("restatement", 0, revision=1, restates=again.digests[0])
    yield case("restates one hour twice under one revision", 0, 1, 0, again)
    large = run("am")
    large.add("restatement", 0, revision=10**9, restates=large.digests[0])
    yield ChainCase("restates with a revision of ten digits", 19, large.bundles, "fail")


def rotated_cases() -> Iterator[ChainCase]:
    back = run("mmm")
    back.add("missed", 3, signer="second", rotations=[rotation("first", "second", 2)])
    yield ChainCase("a rotation dated back", 19, back.bundles, "fail")
    rotations = [rotation("first", "second", 1)]
    lost = Writer().add("missed", 0).add("missed", 1, signer="second", rotations=rotations)
    other = [rotation("first", "third", 1), rotation("third", "second", 2)]
    lost.add("missed", 2, signer="second", rotations=other)
    yield ChainCase("another history of keys", 19, lost.bundles, "fail")
    unknown = run("mm").add("missed", 2, signer="second")
    signed = ChainCase("a key without a rotation", 13, unknown.bundles, "pass")
    yield replace(signed, verdict="invalid")


def chain_cases() -> list[ChainCase]:
    """Every case; a failed chain is invalid, and a run without liabilities at best unchecked."""
    cases = []
    for case in (*good_cases(), *broken_cases()):
        kinds = [b'"kind":"missed"' in files["attestation.json"] for files in case.bundles]
        best = "valid" if all(kinds) else "unchecked"
        cases.append(replace(case, verdict=case.verdict or ("invalid" if case.result == "fail" else best)))
    assert len({case.name for case in cases}) == len(cases)
    return cases


def emit() -> Files:
    """One file a case; a statement that several cases have stands in each, as they are small."""
    files: Files = {}
    for case in chain_cases():
        bundles = [packed(each) for each in case.bundles]
        files[f"chain/{slug(case.name)}.json"] = pretty(
            {
                "attack": reference(case.attack),
                "bundles": bundles,
                "chain": case.result,
                "forks": case.forks,
                "key": case.key,
                "name": case.name,
                "verdict": case.verdict,
            }
        )
    return files
