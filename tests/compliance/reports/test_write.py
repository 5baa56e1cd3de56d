"""A pack on disk: whole or not there, every file named with its hash, and nothing that leads out of it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from importlib.resources import files
from pathlib import Path

import jsonschema
import pytest

from compliance.reports.html import render_html
from compliance.reports.json_ import pack_json, pack_schema
from compliance.reports.texts import JAPANESE
from compliance.reports.write import PackManifest, write_pack
from ledger.errors import InputError
from tests.compliance.reports.sample import sample_blocks, sample_document, sample_pack
from tests.compliance.reports.support import opened
from tests.support.html_pages import Page

BLOCKS = sample_blocks(rows=4, hours=40)
DATA = sample_pack(BLOCKS)
DOCUMENT = sample_document(blocks=BLOCKS)


def write(out: Path, **options: object) -> PackManifest:
    return write_pack(out, {"pack": DOCUMENT}, DATA, **({"forms": ("html",)} | options))  # type: ignore[arg-type]  # options of a test


def tree(folder: Path) -> dict[str, bytes]:
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def test_a_whole_pack(tmp_path: Path) -> None:
    letter = tmp_path / "letter.pdf"
    letter.write_bytes(b"%PDF-1.7 of somebody else")
    extra = {"filing.xml": b"<a/>", "letters/auditor.pdf": letter}
    japanese = sample_document(JAPANESE, blocks=BLOCKS, data=DATA)
    manifest = write_pack(tmp_path / "out", {"pack": DOCUMENT, "pack-ja": japanese}, DATA, extra)
    found = tree(tmp_path / "out")
    assert {"pack.html", "pack.pdf", "pack-ja.html", "pack-ja.pdf", "pack.json", "filing.xml", "index.html"} <= set(
        found
    )
    assert found["letters/auditor.pdf"] == letter.read_bytes() and found["pack.json"] == pack_json(DATA)
    assert found["pack.html"] == render_html(DOCUMENT).encode()
    listed = json.loads(found["manifest.json"])
    jsonschema.validate(listed, _schema())
    assert {row["path"] for row in listed["files"]} == set(found) - {"manifest.json", "SHA256SUMS"}
    for row in listed["files"]:
        assert (row["bytes"], row["sha256"]) == (
            len(found[row["path"]]),
            hashlib.sha256(found[row["path"]]).hexdigest(),
        )
    assert manifest.manifest_sha256 == hashlib.sha256(found["manifest.json"]).hexdigest()
    sums = dict(reversed(line.split("  ")) for line in found["SHA256SUMS"].decode().splitlines())
    assert set(sums) == set(found) - {"SHA256SUMS"}
    assert all(sums[name] == hashlib.sha256(found[name]).hexdigest() for name in sums)
    links = {str(link["href"]) for link in Page(found["index.html"].decode()).all("a") if "#" not in str(link["href"])}
    assert links == set(found) - {"index.html"}
    inside = opened(found["pack.pdf"])
    names = [inside.get_attachment(at).get_name() for at in range(inside.count_attachments())]
    assert "pack.json" in names and len(names) == 1 + sum(name.startswith("pack-tables/") for name in found)


def _schema() -> dict[str, object]:
    text = files("compliance.reports").joinpath("schemas", "manifest.schema.json").read_text(encoding="utf-8")
    schema: dict[str, object] = json.loads(text)
    jsonschema.Draft202012Validator.check_schema(schema)
    return schema


def test_the_same_pack_twice_is_the_same_bytes(tmp_path: Path) -> None:
    options = {"forms": ("html", "csv"), "extra_files": {"a/b.txt": b"x"}}
    write(tmp_path / "one", **options)
    write(tmp_path / "two", **options)
    assert tree(tmp_path / "one") == tree(tmp_path / "two")


def test_the_cover_names_the_data_that_stand_beside_it(tmp_path: Path) -> None:
    manifest = write(tmp_path / "out")
    assert manifest.pack_sha256 in (tmp_path / "out" / "pack.html").read_text()
    jsonschema.validate(json.loads((tmp_path / "out" / "pack.json").read_bytes()), pack_schema())


def test_a_cover_that_names_other_data_is_never_written(tmp_path: Path) -> None:
    other = sample_pack(())
    with pytest.raises(AssertionError, match="the data that go with it"):
        write_pack(tmp_path / "out", {"pack": DOCUMENT}, other, forms=("html",))
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_holds_something_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "kept.txt").write_text("mine")
    with pytest.raises(InputError, match="not empty"):
        write(tmp_path)
    assert tree(tmp_path) == {"kept.txt": b"mine"}
    empty = tmp_path / "empty"
    empty.mkdir()
    assert write(empty).files


def test_a_file_in_the_place_of_the_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("mine")
    with pytest.raises(InputError):
        write(tmp_path / "out")
    assert (tmp_path / "out").read_text() == "mine"


def test_what_fails_on_the_way_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(data: bytes) -> bytes:
        raise InputError("key", "is lost", "Find it.")

    with pytest.raises(InputError, match="lost"):
        write(tmp_path / "out", forms=("html", "pdf"), sign=fail)
    claiming = dataclasses.replace(DOCUMENT, title="Audit report")
    with pytest.raises(InputError, match="unaudited"):
        write_pack(tmp_path / "out", {"pack": DOCUMENT, "second": claiming}, DATA, forms=("html",))
    assert list(tmp_path.iterdir()) == []


CLASHES = "index.html pack.json pack.html pack-tables/x receipts/x manifest.json SHA256SUMS".split()
WAYS_OUT = ("../up.txt", "/etc/passwd", "a/../../b", "", "a//b", ".hidden", "a b", "a\nb", "C:\\x", "x" * 201)


@pytest.mark.parametrize("path", [*CLASHES, *WAYS_OUT])
def test_names_that_lead_out_or_clash_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(InputError):
        write(tmp_path / "out", extra_files={path: b"x"})
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_would_be_a_folder_too_or_is_not_there_is_refused(tmp_path: Path) -> None:
    for extra in ({"a": b"x", "a/b": b"y"}, {"a": tmp_path / "nowhere"}, {"a": tmp_path}):
        with pytest.raises(InputError):
            write(tmp_path / "out", extra_files=extra)


def test_signing_and_receipts_are_asked_and_kept(tmp_path: Path) -> None:
    given: list[bytes] = []

    def receipts(manifest: bytes) -> dict[str, bytes]:
        given.append(manifest)
        return {"timestamp.tsr": b"stamp of " + hashlib.sha256(manifest).digest()}

    write(tmp_path / "out", forms=("pdf",), sign=lambda data: data + b"signed", receipts=receipts)
    found = tree(tmp_path / "out")
    assert found["pack.pdf"].endswith(b"signed") and given == [found["manifest.json"]]
    assert found["receipts/timestamp.tsr"].startswith(b"stamp of ")
    assert "pack.html" not in found and b"receipts" not in found["manifest.json"]
