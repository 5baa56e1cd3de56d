"""Every run of bundles and every receipt, by the functions and by the command."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cli.common import run
from cli.main import cli
from ledger.errors import CheckFailed, FormatError
from por.liabilities.kernels import select
from por.manifest import check_receipt, signed_by
from por.reserves.evm import LayoutTable
from por.verify.audit import Reader, audit_bundle, report_of
from por.verify.reserves import ReserveReader
from por.verify.standalone import read_key
from tests.conformance.cases import VECTORS, unpacked

EXIT = {"valid": 0, "invalid": 1, "unchecked": 2}


@cache
def cases(kind: str) -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(VECTORS.glob(f"{kind}/*.json"))]


@pytest.fixture(params=range(len(cases("chain"))), ids=[case["name"] for case in cases("chain")])
def chain(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[dict[str, Any], list[Path]]:
    """A case, and its bundles as folders."""
    case = cases("chain")[request.param]
    folders = []
    for number, files in enumerate(case["bundles"]):
        folders.append(tmp_path / f"bundle-{number}")
        for path, data in unpacked(files).items():
            (folders[-1] / path).parent.mkdir(parents=True, exist_ok=True)
            (folders[-1] / path).write_bytes(data)
    return case, folders


def test_every_chain_gets_the_stated_answer(
    chain: tuple[dict[str, Any], list[Path]], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    case, folders = chain
    reader = Reader(read_key(case["key"]), ReserveReader(LayoutTable()), select("numpy"))
    report = report_of([audit_bundle(folder, reader) for folder in folders])
    assert (report.chain_check.result, report.verdict) == (case["chain"], case["verdict"]), report.chain_check
    assert len(report.chain.forks) == case["forks"]
    monkeypatch.setenv("TALLYSTICK_CONFIG_DIR", str(folders[0]))
    status = run(cli, ["audit", *map(str, folders), "--key", case["key"], "--json"])
    assert json.loads(capsys.readouterr().out) == json.loads(json.dumps(report.as_json()))
    assert status == EXIT[case["verdict"]]


@pytest.mark.parametrize("number", range(len(cases("manifest"))), ids=[case["name"] for case in cases("manifest")])
def test_every_receipt_gets_the_stated_answer(number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    case = cases("manifest")[number]
    file, receipt = (unpacked(case["files"])[name] for name in ("file", "receipt"))
    reader = read_key(case["key"])
    try:
        check_receipt(file, receipt, signed_by(bytes.fromhex(reader.key), reader.rotations))
        found = "valid"
    except (CheckFailed, FormatError):
        found = "invalid"
    assert found == case["verdict"]
    for name, data in (("file", file), ("receipt", receipt), ("key", case["key"].encode())):
        (tmp_path / name).write_bytes(data)
    options = ["--receipt", str(tmp_path / "receipt"), "--key", str(tmp_path / "key"), "--json"]
    status = run(cli, ["receipt", "check", str(tmp_path / "file"), *options])
    assert (json.loads(capsys.readouterr().out)["verdict"], status) == (found, EXIT[found])
