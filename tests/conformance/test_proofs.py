"""Every proof case, put to the command, to the standalone file and to the web page: one answer, and the right one."""

from __future__ import annotations

import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from cli.common import run
from cli.main import cli
from por.verify import standalone
from tests.conformance.cases import VECTORS
from tests.conformance.proof_vectors import REQUIRED

EXIT = {"valid": 0, "invalid": 1, "unchecked": 2}
SUBPROCESSES = 4


@cache
def cases() -> list[dict[str, Any]]:
    return [json.loads(path.read_bytes()) for path in sorted(VECTORS.glob("proof/*/case.json"))]


def key_of(case: dict[str, Any]) -> str | None:
    """The reader's key as the command takes it: 64 digits, or a file."""
    key: str | None = case["key"]
    return key if key is None or "/" not in key else str(VECTORS / key)


def answer(report: dict[str, Any]) -> dict[str, Any]:
    """What all verifiers must agree on, words included."""
    return {"checks": report["checks"], "verdict": report["verdict"]}


def assert_as_stated(case: dict[str, Any], report: dict[str, Any]) -> None:
    assert report["verdict"] == case["verdict"]
    assert {check["name"]: check["result"] for check in report["checks"]} == case["checks"]
    assurances = {check["name"]: check["assurance"] for check in report["checks"] if check["assurance"] is not None}
    passes = [name for name, result in case["checks"].items() if result == "pass"]
    assert assurances == {name: "claimed" if name in case["claimed"] else "proven" for name in passes}
    assert {check["name"] for check in report["checks"] if check["required"]} == set(REQUIRED)


@cache
def standalone_report(name: str) -> dict[str, Any]:
    case = next(case for case in cases() if case["name"] == name)
    key = key_of(case)
    if key is not None and "/" in case["key"]:
        key = Path(key).read_text(encoding="utf-8")
    attestation = standalone.check_attestation(
        (VECTORS / case["attestation"]).read_bytes(), None if key is None else standalone.read_key(key)
    )
    report = standalone.check_proof((VECTORS / case["proof"]).read_bytes(), attestation, case["account"])
    found: dict[str, Any] = json.loads(json.dumps(report.as_json()))
    return found


def test_the_standalone_file_gives_every_stated_answer() -> None:
    for case in cases():
        try:
            assert_as_stated(case, standalone_report(case["name"]))
        except AssertionError as error:
            raise AssertionError(case["name"]) from error


def arguments(case: dict[str, Any]) -> list[str]:
    given = [str(VECTORS / case["proof"]), "--attestation", str(VECTORS / case["attestation"]), "--json"]
    key = key_of(case)
    given += [] if key is None else ["--key", key]
    return given + ([] if case["account"] is None else ["--account", case["account"]])


def test_the_command_gives_every_stated_answer(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for number, case in enumerate(cases()):
        monkeypatch.setenv("TALLYSTICK_CONFIG_DIR", str(tmp_path / str(number)))
        status = run(cli, ["verify", *arguments(case)])
        report = json.loads(capsys.readouterr().out)
        assert answer(report) == answer(standalone_report(case["name"])), case["name"]
        assert status == EXIT[case["verdict"]], case["name"]


@pytest.mark.parametrize("by", ["command", "standalone file"])
def test_whole_programs_give_the_same_answers(by: str, tmp_path: Path) -> None:
    """A few of each verdict, as a customer would start them; the standalone file alone in a folder, by itself."""
    chosen = cases()[:: len(cases()) // SUBPROCESSES]
    alone = tmp_path / "standalone.py"
    alone.write_bytes(Path(standalone.__file__).read_bytes())
    for number, case in enumerate(chosen):
        program = ["-I", str(alone)] if by == "standalone file" else ["-m", "tests.conformance.command", "verify"]
        environment = {"PATH": "", "TALLYSTICK_CONFIG_DIR": str(tmp_path / str(number)), "PYTHONUTF8": "1"}
        done = subprocess.run(
            [sys.executable, *program, *arguments(case)],
            check=False,
            capture_output=True,
            timeout=60,
            env=environment,
            stdin=subprocess.DEVNULL,
            cwd=VECTORS.parents[2],
        )
        assert answer(json.loads(done.stdout)) == answer(standalone_report(case["name"])), case["name"]
        assert done.returncode == EXIT[case["verdict"]]
