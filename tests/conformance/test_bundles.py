"""Every bundle, audited with each kernel on this machine and by the command: one answer, and the stated one."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cli.common import run
from cli.main import cli
from por.liabilities.kernels import available, select
from por.reserves.evm import LayoutTable
from por.verify.audit import Reader, audit_bundle, report_of
from por.verify.reserves import ReserveReader
from por.verify.standalone import read_key
from tests.conformance.cases import VECTORS, unpacked

EXIT = {"valid": 0, "invalid": 1, "unchecked": 2}


@cache
def cases() -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(VECTORS.glob("bundle/*.json"))]


def unpack(case: dict[str, Any], folder: Path) -> Path:
    """The bundle of a case as a folder."""
    base = next(other for other in cases() if other["name"] == case["of"]) if case["of"] else {"files": {}}
    files = {path: data for path, data in base["files"].items() if path not in case["without"]} | case["files"]
    for path, data in unpacked(files).items():
        file = folder / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    for place, target in case["links"].items():
        (folder / place).symlink_to(target)
    return folder


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    root = tmp_path_factory.mktemp("bundles")
    return {case["name"]: unpack(case, root / str(number) / "bundle") for number, case in enumerate(cases())}


def audited(folder: Path, key: str | None, kernel: str) -> dict[str, Any]:
    reader = Reader(None if key is None else read_key(key), ReserveReader(LayoutTable()), select(kernel))
    found: dict[str, Any] = json.loads(json.dumps(report_of([audit_bundle(folder, reader)]).as_json()))
    return found


def assert_as_stated(case: dict[str, Any], report: dict[str, Any]) -> None:
    found = {check["name"]: check["result"] for check in report["bundles"][0]["checks"]}
    assert found == case["checks"], {
        name: (found.get(name), case["checks"].get(name))
        for name in found.keys() | case["checks"].keys()
        if found.get(name) != case["checks"].get(name)
    }
    assert report["verdict"] == case["verdict"]


@pytest.mark.parametrize("number", range(len(cases())), ids=[case["name"] for case in cases()])
def test_every_kernel_gives_the_stated_answer(folders: dict[str, Path], number: int) -> None:
    case = cases()[number]
    reports = [audited(folders[case["name"]], case["key"], kernel) for kernel in available()]
    assert_as_stated(case, reports[0])
    assert all(report == reports[0] for report in reports)


def test_the_command_gives_the_stated_answers_and_exit_statuses(
    folders: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("TALLYSTICK_CONFIG_DIR", str(tmp_path))
    for case in cases():
        key = [] if case["key"] is None else ["--key", case["key"]]
        status = run(cli, ["audit", str(folders[case["name"]]), "--json", *key])
        report = json.loads(capsys.readouterr().out)
        assert_as_stated(case, report)
        assert status == EXIT[case["verdict"]], case["name"]
        assert report == audited(folders[case["name"]], case["key"], "numpy")
