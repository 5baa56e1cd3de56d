"""The verb: a pack from bundles and a key alone; what it refuses; and that its document claims nothing."""

from __future__ import annotations

import json

import jsonschema
import pytest

from cli.common import run
from cli.procedures import procedures
from compliance.reports.claims import check_claims, claims_in
from compliance.reports.html import render_html
from compliance.reports.json_ import pack_json, pack_schema
from compliance.reports.packs.aup import pack
from compliance.reports.packs.aup.catalogue import PROCEDURES, SECTIONS
from compliance.reports.packs.aup.findings import findings
from tests.cli.sample_aup import GOLDEN, golden, sample
from tests.support.small import KEY, small_bundle


@pytest.fixture
def given(tmp_path):
    key = tmp_path / "key.txt"
    key.write_text(KEY.public.hex())
    bundle = small_bundle(tmp_path / "one", "hour-2").path
    return [str(bundle), "--key", str(key), "--seed", "block 900000", "--out", str(tmp_path / "out")]


def test_a_pack_is_written_from_a_bundle_and_a_key_alone(given, tmp_path, capsys):
    assert run(procedures, [*given, "--json", "--format", "html", "--format", "csv"]) == 1
    said = json.loads(capsys.readouterr().out)
    assert set(said["procedures"]) == {each.key for each in PROCEDURES}
    assert ["7.1", "ETH (main) at 2026-11-20T02:00:00Z: reserves of 0 and claims of 50.000000001"] in said["exceptions"]
    data = json.loads((tmp_path / "out" / "pack.json").read_bytes())
    jsonschema.validate(data, pack_schema())
    names = {item["name"] for item in data["evidence"]}
    assert {"hour-2/attestation.json", "hour-2/manifest.json", "hour-2/liabilities/index.json"} <= names
    page = (tmp_path / "out" / "procedures.html").read_text(encoding="utf-8")
    assert "block 900000" in page and "to be stated by the practitioner" in page


def test_the_samples_of_two_runs_are_the_same_and_follow_the_seed(given, tmp_path, capsys):
    def drawn(number, *more):
        out = tmp_path / f"out-{number}"
        run(procedures, [*given[:-1], str(out), *more, "--format", "csv", "--statement-samples", "2"])
        tables = json.loads((out / "pack.json").read_bytes())["tables"]
        return next(table["rows"] for table in tables if table["name"] == "sample-leaves")

    assert drawn(1) == drawn(2)
    assert drawn(1 + 2) != drawn(4, "--seed", "block 900003")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (["--seed", " "], "--seed"),
        (["--seed", "x" * 1025], "--seed"),
        (["--seed", "a\u202eb"], "--seed"),
        (["--include", "nowhere.txt"], "nowhere.txt"),
        (["--block", "nonsense"], "--block"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_written(given, tmp_path, capsys, change, words):
    assert run(procedures, [*given, *change]) == 2
    error = capsys.readouterr().err
    assert words in error and "Traceback" not in error and not (tmp_path / "out").exists()


def test_a_folder_that_holds_something_a_missing_key_and_no_bundle_are_refused(given, tmp_path, capsys):
    assert run(procedures, [given[0], *given[3:]]) == 2 and "--key" in capsys.readouterr().err
    assert run(procedures, [str(tmp_path / "one" / "inputs"), *given[1:]]) == 2
    assert "no bundle has a statement" in capsys.readouterr().err
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "mine").write_text("mine")
    assert run(procedures, given) == 2 and "is not empty" in capsys.readouterr().err


def test_the_document_is_the_golden_one(tmp_path):
    assert golden(tmp_path) == GOLDEN.read_bytes(), "make it again: python -m tests.cli.sample_aup"


def test_the_document_gives_findings_and_no_opinion(tmp_path):
    made = pack(sample(tmp_path))
    document = made.documents["procedures"]
    check_claims(document)
    page = render_html(document)
    for each in PROCEDURES:
        assert not claims_in(each.words) and f">{each.number}<" in page
    assert "no opinion" in page.lower() and "unaudited" in document.title
    # A practitioner's words are left to the practitioner.
    assert document.cover is None and page.count("to be stated by the practitioner") == 10
    assert json.loads(pack_json(made.data))["verdict"] == "not applicable", "procedures judge nothing"


def test_every_procedure_is_shown_once_with_its_exceptions_and_what_it_rests_on(tmp_path):
    data = sample(tmp_path)
    document = pack(data).documents["procedures"]
    shown = [each for block in document.blocks for each in block.procedures]
    assert [each.number for each in shown] == [each.number for each in PROCEDURES]
    assert len([block for block in document.blocks if block.procedures]) == len(SECTIONS)
    hashes = {item.sha256 for item in data.evidence}
    for each, found in zip(shown, findings(data.performed.outcomes), strict=True):
        assert len(each.exceptions) == len(found.exceptions)
        if each.status == "unchecked":
            assert each.procedure.startswith("Agreed, and not performed") and not each.evidence
        else:
            assert [line for line in each.evidence if line.rpartition(" ")[2] in hashes], each.number
