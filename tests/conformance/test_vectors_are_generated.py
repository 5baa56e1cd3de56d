"""The committed vectors are what the generator writes, so that nobody edits a case without its reason."""

from __future__ import annotations

import json

from tests.conformance.cases import REFERENCES, VECTORS
from tests.conformance.generate import RECORDED, generate

BYTES_MAX = 3_300_000


def test_the_committed_files_are_the_generated_ones() -> None:
    made = generate()
    found = {path.relative_to(VECTORS).as_posix() for path in VECTORS.rglob("*") if path.is_file()}
    assert found - RECORDED == set(made), "run `python -m tests.conformance.generate` and commit what it writes"
    differing = [name for name, data in made.items() if (VECTORS / name).read_bytes() != data]
    assert differing == []


def test_the_corpus_stays_small() -> None:
    assert sum(path.stat().st_size for path in VECTORS.rglob("*") if path.is_file()) < BYTES_MAX


def test_every_attack_has_a_case_or_a_reason_in_the_readme() -> None:
    readme = (VECTORS.parent / "README.md").read_text(encoding="utf-8")
    rows = {line.split("|")[1].strip(): line for line in readme.splitlines() if line.startswith("| ")}
    for attack in range(1, 34):
        assert str(attack) in rows, f"attack {attack} has no row in the table"
        assert len(rows[str(attack)].split("|")[3].strip()) > 10


def test_every_case_names_its_attack() -> None:
    known = {f"{number}: {text}" for number, text in REFERENCES.items()}
    for path in VECTORS.rglob("*.json"):
        if path.name == "case.json" or path.parent.name in ("manifest", "bundle", "chain"):
            assert json.loads(path.read_bytes())["attack"] in known, path
