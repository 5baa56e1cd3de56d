"""The reserve list: what it gives, and that everything wrong with it is said at once with its place and remedy."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from ledger.errors import InputErrors
from por.reserves.evm import Challenge, challenge_text
from por.reserves.evm.hexes import checksum_address, to_hex
from por.reserves.lists import ReserveList, read_reserve_list

ADDRESS, TOKEN = bytes.fromhex("ab" * 20), bytes.fromhex("cd" * 20)
CHALLENGE = Challenge("Example Exchange", "eip155:1", ADDRESS, "2023-11", 5, bytes(32), 9, bytes(32))
LIST = f"""
signatures = "signed.json"
[chains."eip155:1"]
rpc = ["https://one.example", "env:SECOND"]

[[reserve]]
chain = "eip155:1"
address = "{checksum_address(ADDRESS)}"
asset = "ETH"
control = "eip191"
label = "cold 1"

[[reserve]]
chain = "eip155:1"
address = "{to_hex(ADDRESS)}"
asset = "USDC"
contract = "{checksum_address(TOKEN)}"
entity = "lending"
decimals = 6

[[reserve]]
kind = "statement"
asset = "USD"
amount = "1250000.00"
institution = "First Example Bank"
as_of = "2026-11-22"
"""
ENVIRONMENT = {"SECOND": "https://two.example/secret"}


def signed(**changes: Any) -> dict[str, Any]:
    entry = {
        "address": to_hex(ADDRESS),
        "chain": "eip155:1",
        "challenge": challenge_text(CHALLENGE),
        "scheme": "eip191",
        "signature": "0x" + "12" * 65,
    }
    return entry | changes


def read(tmp_path: Path, text: str = LIST, entries: Any = None, **options: Any) -> ReserveList:
    file = tmp_path / "reserves.toml"
    file.write_text(text)
    (tmp_path / "signed.json").write_text(json.dumps([signed()] if entries is None else entries))
    return read_reserve_list(file, environment=ENVIRONMENT, **options)


def problems(tmp_path: Path, text: str = LIST, entries: Any = None) -> list[str]:
    with pytest.raises(InputErrors) as caught:
        read(tmp_path, text, entries)
    return [str(problem) for problem in caught.value.problems]


def test_a_list_gives_chains_reserves_statements_and_controls(tmp_path: Path) -> None:
    found = read(tmp_path)
    assert [(chain.chain, chain.rpc) for chain in found.chains] == [
        ("eip155:1", ("https://one.example", "https://two.example/secret"))
    ]
    assert [(r.asset, r.contract, r.entity, r.label, r.decimals) for r in found.reserves] == [
        ("ETH", None, "main", "cold 1", None),
        ("USDC", TOKEN, "lending", "", 6),
    ]
    assert [(s.asset, s.amount, s.as_of) for s in found.statements] == [("USD", "1250000.00", date(2026, 11, 22))]
    assert found.schemes == {("eip155:1", ADDRESS): "eip191"}
    assert [item.challenge for item in found.controls] == [CHALLENGE]


def test_signatures_are_not_asked_for_while_challenges_are_written(tmp_path: Path) -> None:
    found = read(tmp_path, LIST.replace("signed.json", "absent.json"), needs_signatures=False)
    assert found.controls == ()
    assert found.schemes == {("eip155:1", ADDRESS): "eip191"}


def test_a_signature_may_stand_in_its_entry(tmp_path: Path) -> None:
    inline = f'control = "eip191"\nchallenge = """{challenge_text(CHALLENGE)}"""\nsignature = "0x{"34" * 65}"'
    text = LIST.replace('signatures = "signed.json"', "").replace('control = "eip191"', inline)
    assert read(tmp_path, text).controls[0].signature == b"\x34" * 65


def test_one_address_twice_is_refused_across_letter_case(tmp_path: Path) -> None:
    second = LIST.replace('asset = "USDC"', 'asset = "ETH"').replace(f'contract = "{checksum_address(TOKEN)}"', "")
    (problem,) = problems(tmp_path, second)
    assert "row 13" in problem
    assert "counted already" in problem


def test_every_problem_is_said_at_once_with_place_and_remedy(tmp_path: Path) -> None:
    text = (
        LIST.replace("https://one.example", "ftp://one.example")
        .replace('asset = "ETH"', 'asset = "eth"')
        .replace(checksum_address(TOKEN), checksum_address(TOKEN).swapcase().replace("0X", "0x"))
        .replace('"1250000.00"', "1250000.00")
        .replace('control = "eip191"', 'control = "handshake"')
        + "\n[spare]\n"
    )
    found = problems(tmp_path, text)
    for part in ("chains.eip155:1.rpc", "row 6, column asset", "row 6, column control", "row 13, column contract"):
        assert any(part in line for line in found), part
    assert any("row 21, column amount" in line for line in found)
    assert any("spare" in line for line in found)
    assert not any("secret" in line for line in found)


@pytest.mark.parametrize(
    ("before", "after", "part"),
    [
        ('rpc = ["https://one.example", "env:SECOND"]', "", "no endpoint"),
        ('"env:SECOND"', '"env:MISSING"', "environment variable MISSING"),
        ('"env:SECOND"', '"https://one.example"', "twice"),
        ('rpc = ["', 'finality = "soon"\nrpc = ["', "finality"),
        ('rpc = ["', 'spare = 1\nrpc = ["', "beside"),
        ('[chains."eip155:1"]', '[chains."solana:1"]', "eip155:1"),
        ('label = "cold 1"', 'labels = "cold 1"', "no labels"),
        ('asset = "ETH"', "", "column asset"),
        ("decimals = 6", "decimals = 78", "column decimals"),
        ('entity = "lending"', 'control = "eip712"', "says eip191"),
        ('kind = "statement"', 'kind = "hearsay"', "column kind"),
        ('as_of = "2026-11-22"', 'as_of = "yesterday"', "column as_of"),
        ('institution = "First Example Bank"', "", "column institution"),
        ("signed.json", "absent.json", "cannot be read"),
        ('signatures = "signed.json"', "", "no signature"),
        ("[[reserve]]", "[[reserves]]", "lists no reserves"),
        ("[chains", "[[chains", "TOML"),
    ],
)
def test_one_problem_is_named(tmp_path: Path, before: str, after: str, part: str) -> None:
    assert any(part in line for line in problems(tmp_path, LIST.replace(before, after)))


@pytest.mark.parametrize(
    ("entries", "part"),
    [
        ({}, "is no list"),
        ([{}], "has not exactly"),
        ([signed(signature="0x")], "empty"),
        ([signed(signature="zz")], "hexadecimal"),
        ([signed(challenge="I am an Example Exchange address")], "nine lines"),
        ([signed(address=to_hex(TOKEN))], "another chain or address"),
        (
            [signed(address=to_hex(TOKEN), challenge=challenge_text(replace(CHALLENGE, address=TOKEN)))],
            "no reserve has",
        ),
        ([signed(scheme="eip712")], "the list says eip191"),
        ([signed(), signed()], "already"),
    ],
)
def test_a_bad_signature_entry_is_named(tmp_path: Path, entries: Any, part: str) -> None:
    assert any(part in line for line in problems(tmp_path, LIST, entries))


def test_the_example_in_the_modules_description_is_read(tmp_path: Path) -> None:
    """What the description shows must work, with its dots filled in."""
    import por.reserves.lists as module

    lines = (module.__doc__ or "").split("\n\n    ", 1)[1].split("`signatures = ", 1)[0].splitlines()
    text = "\n".join(line.strip() for line in lines).replace("https://…", "https://one.example")
    text = text.replace('address = "0x…"', f'address = "{to_hex(ADDRESS)}"').replace(
        'contract = "0x…"', f'contract = "{to_hex(TOKEN)}"'
    )
    file = tmp_path / "reserves.toml"
    file.write_text(text)
    found = read_reserve_list(file, needs_signatures=False, environment={"SECOND_RPC": "https://two.example"})
    assert (len(found.reserves), len(found.statements)) == (1, 1)
