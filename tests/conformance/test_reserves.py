"""Every reserve case, by the function and by the command: an attestation over recorded evidence, no chain needed."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cli.auditor import read_layout_files
from cli.common import run
from cli.main import cli
from por.reserves.evm.header import decode_header
from por.verify import standalone
from por.verify.reserves import ReserveReader, check_reserves
from tests.conformance.bundle_forge import manifest
from tests.conformance.conftest import table
from tests.conformance.reserve_vectors import Backed, evidence_of
from tests.support.miniature import Holder, canonical, tagged_hash


@cache
def cases() -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = table("reserves/cases.json")["cases"]
    return found


@cache
def recorded() -> Any:
    return table("reserves/recorded.json")


def evidence(case: dict[str, Any]) -> bytes:
    return evidence_of(case["document"], [(change["at"], change["value"]) for change in case["changes"]])


def block_of(case: dict[str, Any]) -> str | None:
    """The hash that the reader brings: of the honest chain's block or child, or one of the case's own."""
    if case["block"] not in ("block", "child"):
        found: str | None = case["block"]
        return found
    chain = recorded()["documents"]["honest"]["chains"][0]
    return decode_header(bytes.fromhex(chain[case["block"]][2:])).hash.hex()


def layout_files(case: dict[str, Any], folder: Path) -> list[Path]:
    files = []
    for name, text in (("known", recorded()["layouts"] if case["layouts"] else ""), ("more", case["extra_layouts"])):
        if text:
            files.append(folder / f"{name}.toml")
            has_format = text.startswith("format")
            files[-1].write_text(("" if has_format else 'format = "tallystick/evm-layouts/1"\n') + text, "utf-8")
    return files


@pytest.mark.parametrize("number", range(len(cases())), ids=[case["name"] for case in cases()])
def test_every_reserve_case_gets_the_stated_answer(
    number: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case = cases()[number]
    attestation, data, block = case["attestation"].encode(), evidence(case), block_of(case)
    sections = standalone.read_attestation(attestation)["sections"]
    files = layout_files(case, tmp_path)
    hashes = {} if block is None else {recorded()["chain"]: frozenset({bytes.fromhex(block)})}
    view = check_reserves(sections, data, ReserveReader(read_layout_files(files), hashes))
    found = {name: result for name, result, _, _ in view.findings}
    assert found == case["checks"], [finding for finding in view.findings if case["checks"][finding[0]] != finding[1]]
    proven = sum(row.assurance == "proven" for row in view.rows)
    assert case["proven_rows"] in (None, proven)
    if "fail" in found.values() and found["control"] != "fail" and block is None:
        assert proven == 0
    bundle = write_bundle(tmp_path / "bundle", attestation, data)
    monkeypatch.setenv("TALLYSTICK_CONFIG_DIR", str(tmp_path))
    options = [word for file in files for word in ("--layouts", str(file))]
    options += [] if block is None else ["--block", f"{recorded()['chain']}=0x{block}"]
    status = run(cli, ["audit", str(bundle), "--key", case["key"], "--json", *options])
    report = json.loads(capsys.readouterr().out)
    results = {check["name"]: check["result"] for check in report["checks"]}
    assert {name: results[name] for name in found} == found
    assert status == (1 if "fail" in found.values() else 2), "the liabilities are not handed over"


def write_bundle(folder: Path, attestation: bytes, data: bytes) -> Path:
    """A bundle without liabilities, under the manifest that the exchange would sign."""
    statement = json.loads(attestation)["statement"]
    exchange, hour, _ = statement["snapshot"].split("/")
    signer = Backed((Holder("email", "a", {}),), {}, exchange=exchange, hour=hour, optional_sections=False)
    files = {"attestation.json": attestation, "reserves/evidence.json": data}
    files["manifest.json"] = manifest(files, signer, tagged_hash(0x0A, canonical(statement)))
    for path, content in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_bytes(content)
    return folder
