"""Emits `manifest/`: a file, its receipt, the reader's key, and whether the receipt holds."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.conformance.bundle_forge import Audited, entries, leaf, levels, manifest, merkle, path_in
from tests.conformance.cases import Files, packed, pretty, reference, slug
from tests.support.miniature import Holder, canonical, key_file, public_hex, rotation

__all__ = ["emit", "receipt_cases"]

EXCHANGE = Audited((Holder("email", "a@example.com", {("main", "BTC"): [("", 1, 0)]}),), {("main", "BTC"): 8})
DIGEST = hashlib.sha256(b"attestation").digest()
POINT = {"@context": "https://w3id.org/chainpoint/v2", "anchors": [], "type": "ChainpointSHA256v2"}


@dataclass(frozen=True)
class ReceiptCase:
    name: str
    attack: int
    file: bytes
    receipt: bytes
    verdict: str = "invalid"
    key: str = field(default_factory=lambda: public_hex("first"))


def listed(count: int) -> Files:
    return {f"reserves/{number}.json": f"file {number}".encode() for number in range(count)}


def receipt(files: Files, position: int, folder: str | None = None, **given: Any) -> dict[str, Any]:
    """An honest receipt as a document."""
    rows = entries(files, folder, EXCHANGE.snapshot)
    nodes = [leaf(row) for row in rows]
    signed = json.loads(manifest(files, EXCHANGE, DIGEST, given.get("listing"), given.get("signer")))
    return {
        "entry": rows[position],
        "format": "tallystick/receipt/1",
        "manifest": signed,
        "receipt": {
            **POINT,
            "merkleRoot": merkle(nodes).hex(),
            "proof": path_in(nodes, position),
            "targetHash": nodes[position].hex(),
        },
        "root": folder or "public",
    }


def good_cases() -> Iterator[ReceiptCase]:
    for count in (1, 2, 3, 4, 5, 7):
        files = listed(count)
        for position in sorted({0, count // 2, count - 1}):
            document = receipt(files, position)
            data = files[document["entry"]["path"]]
            name = f"entry {position} of {count}"
            yield ReceiptCase(name, 0, data, canonical(document) + b"\n", "valid")
    private = {"attestation.json": b"{}", **{f"liabilities/{n}.bin": bytes([n]) * n for n in range(3)}}
    for position in range(3):
        document = receipt(private, position, "liabilities")
        data = private[document["entry"]["path"]]
        yield ReceiptCase(f"private entry {position}", 0, data, canonical(document) + b"\n", "valid")
    later = key_file("second", [rotation("first", "second", 9)]).decode()
    files, document = listed(2), receipt(listed(2), 0)
    yield ReceiptCase(
        "a reader with a later key", 0, files["reserves/0.json"], canonical(document) + b"\n", "valid", later
    )


def changed(name: str, attack: int, change: Callable[[dict[str, Any]], object], count: int = 5) -> ReceiptCase:
    files = listed(count)
    document = receipt(files, 2)
    change(document)
    return ReceiptCase(name, attack, files["reserves/2.json"], canonical(document) + b"\n")


def entry(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["entry"].update(fields)


def point(**fields: Any) -> Callable[[dict[str, Any]], object]:
    return lambda document: document["receipt"].update(fields)


def steps(edit: Callable[[list[Any]], object]) -> Callable[[dict[str, Any]], object]:
    return lambda document: edit(document["receipt"]["proof"])


def forged_cases() -> Iterator[ReceiptCase]:
    """Forgeries that a bare Merkle tree without tags and count lets through."""
    files = listed(4)
    nodes = levels([leaf(row) for row in entries(files, None, EXCHANGE.snapshot)])
    document = receipt(files, 0)
    document["receipt"].update(targetHash=nodes[1][0].hex(), proof=[{"right": nodes[1][1].hex()}])
    yield ReceiptCase("an inner node as a leaf", 8, b"".join(nodes[0][:2]), canonical(document) + b"\n")
    document = receipt(files, 0)
    inner = nodes[0][0] + nodes[0][1]
    document["entry"].update(sha256=hashlib.sha256(inner).hexdigest(), size=64)
    document["receipt"].update(targetHash=nodes[1][0].hex(), proof=[{"right": nodes[1][1].hex()}])
    yield ReceiptCase("two leaves' bytes as a file", 8, inner, canonical(document) + b"\n")
    odd = listed(3)
    last = receipt(odd, 2)
    last["receipt"]["proof"].insert(0, {"right": last["receipt"]["targetHash"]})
    yield ReceiptCase("the last entry as its own neighbour", 6, odd["reserves/2.json"], canonical(last) + b"\n")
    four = {**odd, "reserves/3.json": odd["reserves/2.json"]}
    twice = receipt(four, 3)
    twice["manifest"] = receipt(odd, 2)["manifest"]
    yield ReceiptCase("a fourth entry of three", 6, four["reserves/3.json"], canonical(twice) + b"\n")

    def count_unbound(statement: dict[str, Any]) -> None:
        rows = [leaf(row) for row in statement["entries"]]
        statement["root"] = hashlib.sha256(merkle(rows) + b"\x0d").hexdigest()

    bare = receipt(odd, 0, listing=count_unbound)
    yield ReceiptCase("a root that does not bind the count", 2, odd["reserves/0.json"], canonical(bare) + b"\n")
    crossed = {"attestation.json": b"{}", "liabilities/0.bin": b"x"}
    document = receipt(crossed, 0)
    document["root"] = "liabilities"
    yield ReceiptCase("a public entry under the private root", 20, b"{}", canonical(document) + b"\n")
    document = receipt(crossed, 0, "liabilities")
    document["root"] = "public"
    yield ReceiptCase("a private entry under the public root", 20, b"x", canonical(document) + b"\n")


def changed_cases() -> Iterator[ReceiptCase]:
    yield changed("a step too many", 10, steps(lambda path: path.append({"left": "00" * 32})))
    yield changed("a step too few", 10, steps(list.pop))
    yield changed("no steps", 10, point(proof=[]))
    yield changed("steps in another order", 10, steps(list.reverse))
    yield changed("a step on the other side", 10, steps(lambda path: path.insert(0, {"left": path.pop(0)["right"]})))
    yield changed("a step on both sides", 10, steps(lambda path: path[0].update(left="00" * 32)))
    yield changed("a step of 16 digits", 11, steps(lambda path: path.insert(0, {"right": path.pop(0)["right"][:16]})))
    yield changed("a step in capitals", 34, steps(lambda path: path.insert(0, {"right": path.pop(0)["right"].upper()})))
    yield changed("a step that is a text", 34, steps(lambda path: path.insert(0, path.pop(0)["right"])))
    yield changed("steps as null", 34, point(proof=None))
    yield changed("another position", 10, entry(position=3))
    yield changed("a position past the end", 10, entry(position=5))
    yield changed("a position as truth", 34, entry(position=True))
    yield changed("another path", 36, entry(path="reserves/3.json"))
    yield changed("another size", 36, entry(size=7))
    yield changed("another snapshot", 20, entry(snapshot="demo.exchange/2026-11-23T03:00:00Z/0"))
    yield changed("an entry with a key more", 13, entry(note="x"))
    yield changed("another root of the path", 2, point(merkleRoot="00" * 32))
    yield changed("another target", 8, point(targetHash="00" * 32))
    yield changed("an anchor", 34, point(anchors=["anything"]))
    yield changed("another type", 12, point(type="ChainpointSHA512v2"))
    yield changed("another context", 12, point(**{"@context": "https://w3id.org/chainpoint/v3"}))
    yield changed("a path with a key more", 13, point(note="x"))
    yield changed("a receipt with a key more", 13, lambda document: document.update(note="x"))
    yield changed("a receipt of another format", 12, lambda document: document.update(format="tallystick/receipt/2"))
    for name, root in (("a list", []), ("an object", {}), ("null", None), ("nothing", "")):
        yield changed(f"a folder that is {name}", 34, lambda document, root=root: document.update(root=root))
    yield changed("a manifest that is null", 34, lambda document: document.update(manifest=None))
    yield changed("an entry that is null", 34, lambda document: document.update(entry=None))
    yield changed("a manifest with another signature", 33, lambda d: d["manifest"].update(signature="00" * 64))
    yield changed("a manifest with another snapshot", 20, lambda d: d["manifest"]["statement"].update(snapshot="x"))
    files = listed(3)
    stranger = receipt(files, 0, signer="stranger", listing=lambda s: s.update(key=public_hex("stranger")))
    yield ReceiptCase("a stranger's manifest", 13, files["reserves/0.json"], canonical(stranger) + b"\n")
    good = canonical(receipt(files, 0))
    yield ReceiptCase("another file", 36, b"file 1", good + b"\n")
    yield ReceiptCase("a file with a line feed more", 36, b"file 0\n", good + b"\n")
    yield ReceiptCase("a receipt without its line feed", 34, b"file 0", good)
    yield ReceiptCase("a receipt with a space", 34, b"file 0", good.replace(b":", b": ", 1) + b"\n")
    yield ReceiptCase("a receipt that is a list", 34, b"file 0", b"[]\n")


def receipt_cases() -> list[ReceiptCase]:
    """Every case."""
    cases = [*good_cases(), *forged_cases(), *changed_cases()]
    assert len({case.name for case in cases}) == len(cases)
    return cases


def emit() -> Files:
    return {
        f"manifest/{slug(case.name)}.json": pretty(
            {
                "attack": reference(case.attack),
                "files": packed({"file": case.file, "receipt": case.receipt}),
                "key": case.key,
                "name": case.name,
                "verdict": case.verdict,
            }
        )
        for case in receipt_cases()
    }
