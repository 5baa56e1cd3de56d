"""Documents that nest too deep for the stack get an answer; a library's raised recursion limit changes nothing."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger import canonical
from ledger.errors import FormatError
from por.verify import standalone
from tests.support.miniature import Miniature, public_hex

DEEP = {"open lists": b"[" * 200_000, "lists": b"[" * 200_000 + b"]" * 200_000, "objects": b'{"a":' * 100_000,
        "hidden by texts": b'["]]]]",' * 100_000, "hidden by escapes": b'["\\\\",["\\"]]",' * 50_000}  # fmt: skip
PLAIN = Miniature()
LIMIT_RAISED = "import sys; sys.setrecursionlimit(1_000_000)\n"


@pytest.mark.parametrize("name", DEEP)
def test_a_file_of_200_kilobytes_ended_verify_and_audit_without_an_answer(name: str, tmp_path: Path) -> None:
    (tmp_path / "proof.json").write_bytes(DEEP[name] + b"\n")
    (tmp_path / "attestation.json").write_bytes(PLAIN.attestation())
    code = LIMIT_RAISED + (
        "from por.verify import standalone\nfrom ledger import canonical\nfrom ledger.errors import FormatError\n"
        "data = open('proof.json', 'rb').read()\n"
        "try:\n canonical.parse_file(data)\n sys.exit('read')\nexcept FormatError:\n pass\n"
        f"sys.exit(standalone.main(['proof.json', '--attestation', 'attestation.json', '--json', '--account', 'a', "
        f"'--key', '{public_hex('first')}']))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        cwd=tmp_path,
        capture_output=True,
        env={"PYTHONPATH": str(Path(standalone.__file__).parents[2])},
    )
    assert (done.returncode, json.loads(done.stdout)["verdict"]) == (1, "invalid")


TEXTS = st.text(alphabet='[]{}"\\a,:', max_size=6)
VALUES: Any = st.recursive(
    TEXTS | st.integers(0, 9),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=30,
)


@settings(max_examples=200)
@given(value=VALUES, depth=st.integers(0, 20))
def test_nothing_that_is_canonical_counts_as_too_deep(value: Any, depth: int) -> None:
    for _ in range(depth):
        value = [value]
    try:
        data = canonical.canonical(value)
    except FormatError:
        return
    assert not standalone._is_too_deep(data)
    assert not canonical.is_too_deep(data)


def test_a_large_flat_document_is_read() -> None:
    data = canonical.canonical([{"a": ["]"]}] * 1_000)
    assert canonical.parse(data) == standalone.parse_file(data + b"\n")
