"""The standalone verifier as a customer runs it: one copied file, a bare Python, no packages."""

from __future__ import annotations

import ast
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from por.verify import standalone
from tests.support.miniature import key_file, public_hex
from tests.support.proof_cases import ALICE, PLAIN

SOURCE = Path(standalone.__file__)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("standalone")
    shutil.copy(SOURCE, folder / "check.py")
    (folder / "one.json").write_bytes(PLAIN.proof())
    (folder / "two.json").write_bytes(PLAIN.attestation())
    (folder / "key.json").write_bytes(key_file("first"))
    return folder


def run(folder: Path, *arguments: str, stdin: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    command = [sys.executable, "-I", "-S", "check.py", *arguments]
    # An environment without a UTF-8 locale: names must not stop an answer.
    environment = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    return subprocess.run(
        command, check=False, cwd=folder, input=stdin, capture_output=True, timeout=60, env=environment
    )


def with_key(*more: str) -> tuple[str, ...]:
    return ("one.json", "--attestation", "two.json", "--key", "key.json", *more)


def test_a_valid_proof_exits_0_and_says_what_was_not_checked(folder: Path) -> None:
    done = run(folder, *with_key("--account", ALICE))
    text = done.stdout.decode()
    assert done.returncode == 0, done.stderr
    assert "VALID" in text
    assert "287.34247001" in text
    assert text.index("Not checked") < text.index("reserves")
    for word in ("solvent", "audited"):
        assert word not in text.lower()


def test_the_key_may_be_hex_and_the_answer_json(folder: Path) -> None:
    done = run(
        folder, "one.json", "--attestation", "two.json", "--key", public_hex("first"), "--account", ALICE, "--json"
    )
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"], len(report["checks"])) == (0, "valid", 10)
    assert set(report["checks"][0]) == {"name", "result", "required", "assurance", "detail"}
    assert report["balances"][0]["lines"][1]["subaccount"] == "trading"


def test_a_wrong_id_exits_1_and_hints_at_the_id(folder: Path) -> None:
    done = run(folder, *with_key("--account", "bob@example.com"))
    assert done.returncode == 1
    assert b"typed your id" in done.stdout


def test_without_a_terminal_nobody_is_asked_and_the_identity_is_unchecked(folder: Path) -> None:
    done = run(folder, *with_key("--json"), stdin=ALICE.encode() + b"\n")
    report = json.loads(done.stdout)
    assert (done.returncode, report["verdict"]) == (2, "unchecked")
    assert report["checks"][2]["result"] == "unchecked"


def test_without_a_key_the_answer_is_unchecked(folder: Path) -> None:
    assert run(folder, "one.json", "--attestation", "two.json", "--account", ALICE).returncode == 2


@pytest.mark.parametrize(
    "arguments",
    [
        (),
        ("one.json",),
        ("gone.json", "--attestation", "two.json"),
        ("one.json", "--attestation", "gone.json"),
        ("one.json", "--attestation", "."),
        ("one.json", "--attestation", "two.json", "--key", "gone.json"),
        ("one.json", "--attestation", "two.json", "--key", "one.json"),
        ("one.json", "--attestation", "two.json", "--key", "00"),
        ("one.json", "--attestation", "two.json", "--wrong"),
    ],
)
def test_unreadable_input_and_misuse_exit_2_without_a_traceback(folder: Path, arguments: tuple[str, ...]) -> None:
    done = run(folder, *arguments)
    assert done.returncode == 2
    assert b"Traceback" not in done.stderr
    assert done.stderr


def test_unreadable_input_is_json_too_when_asked(folder: Path) -> None:
    done = run(folder, "gone.json", "--attestation", "two.json", "--json")
    assert json.loads(done.stdout)["verdict"] == "unchecked"


def test_the_id_is_asked_for_on_a_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], folder: Path
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return ALICE + "\r\n"

    monkeypatch.setattr(sys, "stdin", Terminal())
    arguments = [str(folder / name) for name in ("one.json", "two.json", "key.json")]
    status = standalone.main([arguments[0], "--attestation", arguments[1], "--key", arguments[2], "--json"])
    shown = capsys.readouterr()
    assert status == 0
    assert json.loads(shown.out)["verdict"] == "valid"
    assert "account id" in shown.err


def test_it_imports_the_standard_library_only() -> None:
    modules = set()
    for node in ast.walk(ast.parse(SOURCE.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            modules |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            modules.add(str(node.module).split(".")[0])
    assert modules <= sys.stdlib_module_names
    assert not modules & {"socket", "urllib", "http", "ssl", "subprocess", "ctypes"}


def test_it_stays_readable_by_python_3_8() -> None:
    ast.parse(SOURCE.read_text(encoding="utf-8"), feature_version=(3, 8))
