"""The table of layouts: what ships is read, storage keys are the known ones, and a bad file says all that is wrong."""

from __future__ import annotations

from pathlib import Path

import pytest

from ledger.errors import FormatError, InputErrors
from por.reserves.evm import Layout, read_layouts, shipped_layouts
from por.reserves.evm.hexes import checksum_address, keccak256, parse_address, parse_caip2, parse_quantity, to_hex
from por.reserves.evm.layouts import erc7201_slot

USDT = "0xdAC17F958D2ee523a2206206994597C13D831ec7"
GOOD = f"""format = "tallystick/evm-layouts/1"
[[layout]]
chain = "eip155:1"
contract = "{USDT}"
asset = "USDT"
decimals = 6
order = "solidity"
base_slot = "2"
"""


def written(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "layouts.toml"
    file.write_text(text)
    return file


def test_the_shipped_table_is_read_and_pins_no_hash_that_nobody_checked() -> None:
    table = shipped_layouts()
    found = {layout.asset: (layout.base_slot, layout.bits, layout.decimals) for layout in table.tokens.values()}
    assert found["USDT"] == (2, 256, 6)
    assert found["USDC"] == (9, 255, 6)
    assert found["DAI"] == (2, 256, 18)
    assert table.natives["eip155:1"] == ("ETH", 18)
    assert all(layout.code_hash is None for layout in table.tokens.values())


def test_erc_7201_gives_the_published_slot() -> None:
    slot = erc7201_slot("openzeppelin.storage.ERC20")
    assert slot == 0x52C63247E1F47DB19D5CE0460030C497F067CA4CEBF71BA98EEADABE20BACE00


def test_storage_keys_hash_key_and_slot_in_the_languages_order() -> None:
    holder = b"\x11" * 20
    padded, slot = bytes(12) + holder, (9).to_bytes(32, "big")
    solidity = Layout("eip155:1", bytes(20), "X", 6, "solidity", 9)
    assert solidity.storage_key(holder) == keccak256(padded + slot)
    assert Layout("eip155:1", bytes(20), "X", 6, "vyper", 9).storage_key(holder) == keccak256(slot + padded)


@pytest.mark.parametrize(("shift", "bits", "balance"), [(0, 256, 0xF123), (0, 8, 0x23), (4, 8, 0x12), (8, 248, 0xF1)])
def test_a_balance_is_cut_out_of_its_word(shift: int, bits: int, balance: int) -> None:
    layout = Layout("eip155:1", bytes(20), "X", 6, "solidity", 0, shift, bits)
    assert layout.balance_of(0xF123) == balance


def test_the_readers_entry_replaces_ours(tmp_path: Path) -> None:
    mine = read_layouts(written(tmp_path, GOOD.replace('"2"', '"3"')))
    table = shipped_layouts().extended_by(mine)
    layout = table.find("eip155:1", parse_address(USDT, "x"))
    assert layout is not None
    assert layout.base_slot == 3
    assert len(table.tokens) == len(shipped_layouts().tokens)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("tallystick/evm-layouts/1", "tallystick/evm-layouts/2"),
        ("eip155:1", "bip122:1"),
        (USDT, USDT.replace("dAC", "Dac")),
        ('"solidity"', '"rust"'),
        ("decimals = 6", "decimals = -1"),
        ("decimals = 6", "decimals = true"),
        ('base_slot = "2"', "base_slot = 2"),
        ('base_slot = "2"', 'base_slot = "0x2"'),
        ('base_slot = "2"', ""),
        ('base_slot = "2"', 'base_slot = "2"\nbits = 0'),
        ('base_slot = "2"', 'base_slot = "2"\nshift = 8'),
        ('base_slot = "2"', 'base_slot = "2"\ncode_hash = "0xab"'),
        ('base_slot = "2"', 'base_slot = "2"\nimplementation_slot = "1"'),
        ('base_slot = "2"', 'base_slot = "2"\nspare = 1'),
        ("[[layout]]", "[[layouts]]"),
        ("[[layout]]", "[[layout]]]"),
    ],
)
def test_a_bad_entry_is_refused(tmp_path: Path, before: str, after: str) -> None:
    with pytest.raises(InputErrors):
        read_layouts(written(tmp_path, GOOD.replace(before, after)))


def test_all_problems_come_at_once(tmp_path: Path) -> None:
    entry = GOOD.split("\n", 1)[1]
    text = GOOD.replace('"solidity"', '"rust"') + entry + entry + entry.replace("decimals = 6", "")
    with pytest.raises(InputErrors) as caught:
        read_layouts(written(tmp_path, text))
    assert [problem.problem.split(":")[0] for problem in caught.value.problems] == ["layout 1", "layout 3", "layout 4"]


def test_addresses_are_checked_by_their_case() -> None:
    address = parse_address(USDT, "x")
    assert checksum_address(address) == USDT
    assert parse_address(to_hex(address), "x") == address
    for wrong in (USDT.upper(), USDT.swapcase(), USDT[:-1], USDT + "0", USDT[2:], None, 5, USDT + "\n"):
        with pytest.raises(FormatError):
            parse_address(wrong, "x")


def test_quantities_and_chains_have_one_form() -> None:
    assert parse_quantity("0x0", "x") == 0
    assert parse_caip2("eip155:31337", "x") == 31337
    for wrong in ("0x", "0x00", "0x01", "0xA", "1", 1, None):
        with pytest.raises(FormatError):
            parse_quantity(wrong, "x")
    for wrong in ("eip155:", "eip155:01", "eip155:0", "EIP155:1", "1", f"eip155:{2**53}", "eip155:1 ", None):
        with pytest.raises(FormatError):
            parse_caip2(wrong, "x")


def test_the_shipped_table_takes_no_private_chains_coin_for_money() -> None:
    """Anyone can run a development chain and give themselves any balance on it."""
    table = shipped_layouts()
    development = {"eip155:1337", "eip155:31337"}
    assert not development & set(table.natives)
    assert not development & {chain for chain, _ in table.tokens}
