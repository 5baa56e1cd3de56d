"""Changed documents of every kind: never a wrong *valid*, never an exception, never five seconds.

A short run by default; `make conformance-long`, or `--hypothesis-profile=long`, tries many more.
"""

from __future__ import annotations

import copy
import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ledger.canonical import canonical_file, parse_file
from ledger.errors import CheckFailed, FormatError
from por.liabilities.folder import read_folder
from por.liabilities.kernels import select
from por.manifest import check_receipt, read_manifest, signed_by
from por.reserves.evm import Expectation, read_layouts, verify_evidence
from por.reserves.evm.header import decode_header
from por.snapshot import control_periods, to_seconds
from por.verify import standalone
from por.verify.liabilities import check_liabilities
from tests.conformance.bundle_forge import bundle, manifest
from tests.conformance.bundle_vectors import HONEST
from tests.conformance.cases import VECTORS, unpacked
from tests.conformance.conftest import table
from tests.conformance.test_proofs import cases as proof_cases
from tests.support.miniature import public_hex

SECONDS_MAX = 5
KEY = public_hex("first")
NOTHING = [None, True, False, "", "x", [], {}, [None], {"a": 1}, "[/]", "\u202e", "A" * 300]
NUMBERS = [0, 1, -1, 2**32, 2**53 - 1, 2**53, 2**64, "0", "1", "-1", "00", str(2**128 - 1), str(2**128), str(2**256)]
NAMES = ["0x", "0x00", "00" * 32, "0x" + "00" * 32, "0x" + "ff" * 20, "native", "eip155:1"]
ODD = st.sampled_from([*NOTHING, *NUMBERS, *NAMES])
FOLDERS = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])


@contextmanager
def in_time() -> Iterator[None]:
    start = time.monotonic()
    yield
    assert time.monotonic() - start < SECONDS_MAX


@st.composite
def damage(draw: st.DrawFn, good: bytes) -> bytes:
    """The same bytes with one to three of them changed, left out, doubled or moved."""
    data = bytearray(good)
    for _ in range(draw(st.integers(1, 3))):
        at = draw(st.integers(0, max(len(data) - 1, 0)))
        kind = draw(st.sampled_from(["flip", "flip", "flip", "cut", "drop", "insert", "copy"]))
        if not data or kind == "insert":
            data[at:at] = draw(st.binary(min_size=1, max_size=4))
        elif kind == "flip":
            data[at] ^= draw(st.integers(1, 255))
        elif kind == "cut":
            del data[at:]
        elif kind == "drop":
            del data[at]
        else:
            data[at:at] = data[at : at + draw(st.integers(1, 80))]
    return bytes(data)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to everything inside a document."""
    found = [path] if path else []
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for step, item in inside:
        found += places(item, (*path, step))
    return found


@st.composite
def alteration(draw: st.DrawFn, good: Any) -> Any:
    """The same document with one value replaced, taken out, doubled, or put in another's place."""
    document = copy.deepcopy(good)
    ways = places(document)
    *steps, last = draw(st.sampled_from(ways))
    place = document
    for step in steps:
        place = place[step]
    kind = draw(st.sampled_from(["odd", "odd", "remove", "other", "more"]))
    if kind == "odd":
        place[last] = draw(ODD)
    elif kind == "remove":
        del place[last]
    elif kind == "other":
        other: Any = good
        for step in draw(st.sampled_from(ways)):
            other = other[step]
        place[last] = copy.deepcopy(other)
    elif isinstance(place, list):
        place.insert(draw(st.integers(0, len(place))), copy.deepcopy(place[last]))
    else:
        place[draw(st.sampled_from(["extra", "__proto__", "", "\u00e9"]))] = draw(ODD)
    return document


@cache
def good_proofs() -> list[tuple[bytes, bytes, str, str]]:
    """Proof, attestation, key and id of every valid case."""
    found = []
    for case in proof_cases():
        if case["verdict"] == "valid" and "/" not in case["key"]:
            files = [(VECTORS / case[name]).read_bytes() for name in ("proof", "attestation")]
            found.append((files[0], files[1], case["key"], case["account"]))
    return found


def verdict(proof: bytes, attestation: bytes, key: str, account: str) -> str:
    with in_time():
        checked = standalone.check_attestation(attestation, standalone.read_key(key))
        return standalone.check_proof(proof, checked, account).verdict


@given(data=st.data())
def test_no_damaged_proof_or_attestation_is_valid(data: st.DataObject) -> None:
    proof, attestation, key, account = data.draw(st.sampled_from(good_proofs()))
    if data.draw(st.booleans()):
        changed = data.draw(damage(proof))
        assert changed == proof or verdict(changed, attestation, key, account) == "invalid"
    else:
        changed = data.draw(damage(attestation))
        assert changed == attestation or verdict(proof, changed, key, account) == "invalid"


@given(data=st.data())
def test_no_altered_proof_or_attestation_is_valid(data: st.DataObject) -> None:
    proof, attestation, key, account = data.draw(st.sampled_from(good_proofs()))
    is_proof = data.draw(st.booleans())
    good = parse_file(proof if is_proof else attestation)
    changed = data.draw(alteration(good))
    if changed == good and repr(changed) == repr(good):
        return
    written = loosely(changed)
    answer = verdict(written, attestation, key, account) if is_proof else verdict(proof, written, key, account)
    assert answer == "invalid"


def loosely(document: Any) -> bytes:
    """As JSON even where it has no canonical form."""
    return standalone._ENCODER.encode(document).encode("utf-8", "replace") + b"\n"


@cache
def liabilities_files() -> dict[str, bytes]:
    return {path: data for path, data in bundle(HONEST).items() if path.startswith("liabilities/")}


def liabilities_pass(files: dict[str, bytes], folder: Path) -> bool:
    """Whether the five checks pass for these files, under the honest attestation and without any manifest."""
    for path in folder.glob("liabilities/*"):
        path.unlink()
    for name, data in files.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(data)
    with in_time():
        try:
            columns = read_folder(folder / "liabilities")
        except (CheckFailed, FormatError):
            return False
        findings, _ = check_liabilities(columns, HONEST.snapshot_section(), select("numpy"))
    return all(result == "pass" for _, result, _ in findings)


@FOLDERS
@given(data=st.data())
def test_no_damaged_liabilities_pass(data: st.DataObject, tmp_path: Path) -> None:
    files = liabilities_files()
    name = data.draw(st.sampled_from(sorted(files)))
    changed = data.draw(damage(files[name]))
    assert changed == files[name] or not liabilities_pass({**files, name: changed}, tmp_path)


@FOLDERS
@given(data=st.data())
def test_no_altered_index_of_liabilities_passes(data: st.DataObject, tmp_path: Path) -> None:
    files, name = liabilities_files(), "liabilities/index.json"
    changed = loosely(data.draw(alteration(parse_file(files[name]))))
    assert changed == files[name] or not liabilities_pass({**files, name: changed}, tmp_path)


def is_read(read: Callable[[], object]) -> bool:
    with in_time():
        try:
            read()
        except (CheckFailed, FormatError):
            return False
    return True


@given(data=st.data())
def test_no_damaged_or_altered_manifest_is_read(data: st.DataObject) -> None:
    good = bundle(HONEST)["manifest.json"]
    changed = data.draw(damage(good) | alteration(parse_file(good)).map(loosely))
    assert changed == good or not is_read(lambda: read_manifest(changed))


@given(data=st.data())
def test_a_manifest_that_the_exchange_itself_writes_oddly_never_ends_in_an_error(data: st.DataObject) -> None:
    files = bundle(HONEST)

    def odd(statement: dict[str, Any]) -> None:
        changed = data.draw(alteration(dict(statement)))
        statement.clear()
        statement.update(changed)

    try:
        made = manifest(files, HONEST, bytes(32), odd)
    except (UnicodeEncodeError, ValueError):
        return
    is_read(lambda: read_manifest(made))


@given(data=st.data())
def test_no_damaged_or_altered_receipt_holds(data: st.DataObject) -> None:
    names = sorted(path.name for path in VECTORS.glob("manifest/*entry-*.json"))
    case = table(f"manifest/{data.draw(st.sampled_from(names))}")
    files = unpacked(case["files"])
    good = files["receipt"]
    changed = data.draw(damage(good) | alteration(parse_file(good)).map(loosely))
    if case["verdict"] == "valid" and changed != good:
        assert not is_read(lambda: check_receipt(files["file"], changed, signed_by(bytes.fromhex(KEY))))


@cache
def evidence() -> tuple[Any, dict[str, Any], set[tuple[Any, ...]]]:
    """The recorded document, what a reader of it brings, and every row that is then proven."""
    recorded = table("reserves/recorded.json")
    document = recorded["documents"]["honest"]
    child = decode_header(bytes.fromhex(document["chains"][0]["child"][2:])).hash
    reader = {
        "cutoff": to_seconds(recorded["hour"]),
        "expected": Expectation(recorded["exchange"], frozenset(control_periods(recorded["hour"]).values())),
        "block_hashes": {recorded["chain"]: [child]},
    }
    return document, reader, set()


@pytest.fixture(scope="module")
def known(tmp_path_factory: pytest.TempPathFactory) -> Any:
    path = tmp_path_factory.mktemp("layouts") / "known.toml"
    path.write_text(table("reserves/recorded.json")["layouts"], encoding="utf-8")
    return read_layouts(path)


def proven_rows(document: Any, known: Any) -> set[tuple[Any, ...]]:
    """What a reader would hold as proven; nothing for a document that is refused."""
    with in_time():
        try:
            result = verify_evidence(document, layouts=known, **evidence()[1])
        except FormatError:
            return set()
    return {
        (row.chain, row.contract, row.address, row.balance, row.decimals, row.control.result)
        for row in result.rows
        if row.assurance == "proven" and row.result == "pass"
    }


def assert_nothing_new(shown: set[tuple[Any, ...]], honest: set[tuple[Any, ...]], is_same: bool) -> None:
    """Every proven balance is one of the honest ones, and control is shown for no address that did not show it."""
    assert {row[:5] for row in shown} <= {row[:5] for row in honest}
    assert {row[:3] for row in shown if row[5] == "pass"} <= {row[:3] for row in honest if row[5] == "pass"}
    assert not is_same or shown == honest


@given(data=st.data())
def test_altered_reserve_evidence_proves_nothing_that_the_honest_one_does_not(data: st.DataObject, known: Any) -> None:
    document = evidence()[0]
    honest = proven_rows(document, known)
    assert len(honest) == 8
    changed = data.draw(alteration(document))
    # As text, because False is 0 to Python and another document to everybody else.
    assert_nothing_new(proven_rows(changed, known), honest, json.dumps(changed) == json.dumps(document))


@given(data=st.data())
def test_damaged_headers_nodes_and_signatures_prove_nothing_new(data: st.DataObject, known: Any) -> None:
    document = copy.deepcopy(evidence()[0])
    chain = document["chains"][0]
    honest, recorded = proven_rows(document, known), copy.deepcopy(document)
    hexes = [("block",), ("child",), *(("nodes", n) for n in range(len(chain["nodes"])))]
    hexes += [("controls", n, "signature") for n in range(len(chain["controls"]))]
    *steps, last = data.draw(st.sampled_from(hexes))
    place = chain
    for step in steps:
        place = place[step]
    place[last] = "0x" + data.draw(damage(bytes.fromhex(place[last][2:]))).hex()
    assert_nothing_new(proven_rows(document, known), honest, document == recorded)


@given(document=st.recursive(ODD, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
    st.sampled_from(["chains", "format", "chain", "rows", "nodes"]), inner, max_size=4), max_leaves=12))  # fmt: skip
def test_anything_at_all_as_evidence_is_refused_or_judged(document: Any, known: Any) -> None:
    assert proven_rows(document, known) == set()


def test_the_canonical_file_of_an_unchanged_document_is_itself() -> None:
    for proof, attestation, _, _ in good_proofs():
        assert canonical_file(parse_file(proof)) == proof
        assert canonical_file(parse_file(attestation)) == attestation
