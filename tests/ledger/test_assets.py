"""Amounts and the assets file: one spelling of a number, exact at both ends, and a reason for everything else."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.assets import (
    AMOUNT_QUANTA_MAX,
    AmountError,
    AmountReason,
    Asset,
    AssetTable,
    Reserve,
    format_amount,
    parse_amount,
)
from ledger.errors import InputErrors


@given(st.integers(0, AMOUNT_QUANTA_MAX), st.integers(0, 38))
def test_an_amount_survives_formatting_and_parsing(quanta: int, scale: int) -> None:
    text = format_amount(quanta, scale)
    assert parse_amount(text, scale) == quanta
    assert Fraction(text) * 10**scale == quanta
    assert not text.endswith(".") and (("." not in text) or not text.endswith("0"))


@pytest.mark.parametrize(
    ("text", "scale", "quanta"),
    [
        ("0", 8, 0),
        ("0.0", 8, 0),
        ("1", 0, 1),
        ("1.5", 8, 150_000_000),
        ("0.00000001", 8, 1),
        ("1.000000000000", 8, 100_000_000),
        ("10.50", 1, 105),
        ("1.00000000000000000000000000000000000001", 38, 10**38 + 1),
    ],
)
def test_plain_decimals_are_read_exactly(text: str, scale: int, quanta: int) -> None:
    assert parse_amount(text, scale) == quanta


REFUSED = [
    ("", AmountReason.EMPTY),
    (" 1", AmountReason.WHITE_SPACE),
    ("1 ", AmountReason.WHITE_SPACE),
    ("1\n", AmountReason.WHITE_SPACE),
    ("1\u00a0000", AmountReason.WHITE_SPACE),
    ("1\x00", AmountReason.CONTROL),
    ("NaN", AmountReason.NOT_A_NUMBER),
    ("-nan", AmountReason.NOT_A_NUMBER),
    ("Infinity", AmountReason.NOT_A_NUMBER),
    ("-inf", AmountReason.NOT_A_NUMBER),
    ("-0", AmountReason.NEGATIVE_ZERO),
    ("-0.00", AmountReason.NEGATIVE_ZERO),
    ("-0e5", AmountReason.NEGATIVE_ZERO),
    ("-1", AmountReason.NEGATIVE),
    ("-0.5", AmountReason.NEGATIVE),
    ("-1e5", AmountReason.NEGATIVE),
    ("\u22121", AmountReason.NEGATIVE),
    ("(1.00)", AmountReason.NEGATIVE),
    ("+1", AmountReason.PLUS_SIGN),
    ("1e5", AmountReason.EXPONENT),
    ("1E-8", AmountReason.EXPONENT),
    ("1.5e+3", AmountReason.EXPONENT),
    ("1,5", AmountReason.SEPARATOR),
    ("1,000.00", AmountReason.SEPARATOR),
    ("1_000", AmountReason.SEPARATOR),
    ("1'000", AmountReason.SEPARATOR),
    (".5", AmountReason.BARE_POINT),
    ("5.", AmountReason.BARE_POINT),
    (".", AmountReason.BARE_POINT),
    ("00", AmountReason.LEADING_ZERO),
    ("01.5", AmountReason.LEADING_ZERO),
    ("1.2.3", AmountReason.NOT_DECIMAL),
    ("-", AmountReason.NOT_DECIMAL),
    ("0x10", AmountReason.NOT_DECIMAL),
    ("$5", AmountReason.NOT_DECIMAL),
    ("\u0661", AmountReason.NOT_DECIMAL),
    ("\u00b2", AmountReason.NOT_DECIMAL),
    ("1.123456789", AmountReason.TOO_MANY_DECIMALS),
    ("1." + "0" * 129, AmountReason.TOO_MANY_DECIMALS),
    ("9" * 5000, AmountReason.OVER_LIMIT),
]


@pytest.mark.parametrize(("text", "reason"), REFUSED, ids=[ascii(text[:20]) for text, _ in REFUSED])
def test_every_other_spelling_is_refused_with_its_own_reason(text: str, reason: AmountReason) -> None:
    with pytest.raises(AmountError) as raised:
        parse_amount(text, 8)
    assert raised.value.reason is reason
    assert str(raised.value) == f"{reason}. {reason.remedy}"


def test_every_reason_is_reached_and_has_a_remedy() -> None:
    assert {reason for _, reason in REFUSED} == set(AmountReason)
    assert all(reason.remedy for reason in AmountReason)
    assert len({str(reason) for reason in AmountReason}) == len(AmountReason)


@pytest.mark.parametrize("scale", [0, 1, 8, 18, 38])
def test_the_limit_is_exact(scale: int) -> None:
    assert parse_amount(format_amount(2**127 - 2, scale), scale) == 2**127 - 2
    assert parse_amount(format_amount(2**127 - 1, scale), scale) == 2**127 - 1
    with pytest.raises(AmountError, match="over the limit"):
        parse_amount(format_amount(2**127, scale), scale)


@pytest.mark.parametrize("scale", [0, 1, 8, 37])
def test_decimals_end_at_the_scale(scale: int) -> None:
    for decimals in range(max(scale - 1, 1), scale + 1):
        assert parse_amount("0." + "1" * decimals, scale) == int("1" * decimals) * 10 ** (scale - decimals)
    with pytest.raises(AmountError) as raised:
        parse_amount("0." + "1" * (scale + 1), scale)
    assert raised.value.reason is AmountReason.TOO_MANY_DECIMALS


@given(st.text(max_size=12), st.integers(0, 38))
def test_no_text_is_read_other_than_as_the_decimal_it_states(text: str, scale: int) -> None:
    try:
        quanta = parse_amount(text, scale)
    except AmountError:
        return
    assert Fraction(text) * 10**scale == quanta


GOOD = b"""
[assets.BTC]
scale = 8
reserves = [{chain="eip155:1", contract="native"}, {chain="bip122:000000000019d6689c085ae165831e93", contract="native"}]
price = "65100.22"
haircut = "0.9"
max_supply = "21000000"

[assets.TICK]
scale = 0
issuer = "self"
"""


def test_the_assets_file_is_read_whole(tmp_path: Path) -> None:
    path = tmp_path / "assets.toml"
    path.write_bytes(GOOD)
    table = AssetTable.load(path)
    assert list(table) == ["BTC", "TICK"] and len(table) == 2 and "ETH" not in table
    bitcoin = table["BTC"]
    assert bitcoin.scale == 8 and bitcoin.price == "65100.22" and bitcoin.haircut == "0.9"
    assert bitcoin.supply_quanta_max == bitcoin.amount_quanta_max == 21_000_000 * 10**8
    assert bitcoin.reserves[0] == Reserve("eip155:1", "native") and not bitcoin.self_issued
    assert table["TICK"] == Asset("TICK", 0, self_issued=True)
    assert table["TICK"].amount_quanta_max == AMOUNT_QUANTA_MAX


def _problems(text: str) -> list[tuple[str | None, str]]:
    with pytest.raises(InputErrors) as raised:
        AssetTable.from_toml(text.encode(), "assets.toml")
    assert all(problem.file == "assets.toml" and problem.remedy for problem in raised.value.problems)
    return [(problem.column, problem.problem) for problem in raised.value.problems]


@pytest.mark.parametrize("scale", [0, 1, 37, 38])
def test_scales_from_0_to_38_are_listed(scale: int) -> None:
    assert AssetTable.from_toml(f"[assets.A]\nscale={scale}".encode(), "a")["A"].scale == scale


@pytest.mark.parametrize("scale", ["-1", "39", "8.0", '"8"', "true", "1e1"])
def test_any_other_scale_is_refused(scale: str) -> None:
    assert _problems(f"[assets.A]\nscale={scale}") == [("assets.A.scale", "the scale is no whole number from 0 to 38")]


@pytest.mark.parametrize("name", ["A", "1INCH", "USD.E", "A-B_C", "A" * 32])
def test_names_of_the_asset_alphabet_are_listed(name: str) -> None:
    assert list(AssetTable.from_toml(f'[assets."{name}"]\nscale=8'.encode(), "a")) == [name]


@pytest.mark.parametrize("name", ["", "btc", ".A", "-A", "A" * 33, "A B", "\u00c4", "A\\n"])
def test_any_other_name_is_refused(name: str) -> None:
    assert "this is no asset name" in [problem for _, problem in _problems(f'[assets."{name}"]\nscale=8')]


def test_everything_wrong_with_the_assets_file_is_said_at_once() -> None:
    text = """
    title = "x"
    [assets.BTC]
    scale = 39
    colour = "gold"
    price = 65100.22
    haircut = "1.1"
    max_supply = "1e5"
    issuer = "me"
    reserves = [{chain="Ethereum", contract="native"}, {chain="eip155:1"}, {chain="eip155:1", contract="0xAb"}]
    [assets.ETH]
    reserves = [{chain="eip155:1", contract="0xaB"}]
    """
    columns = [column for column, _ in _problems(text)]
    assert columns == [
        "title",
        "assets.BTC.colour",
        "assets.BTC.scale",
        "assets.BTC.max_supply",
        "assets.BTC.haircut",
        "assets.BTC.price",
        "assets.BTC.issuer",
        "assets.BTC.reserves[0]",
        "assets.BTC.reserves[1]",
        "assets.ETH.scale",
        "assets.ETH.reserves[0]",
    ]


@pytest.mark.parametrize(("haircut", "good"), [("0", True), ("1", True), ("1.0", True), ("1.00001", False)])
def test_a_haircut_is_from_0_to_1(haircut: str, good: bool) -> None:
    text = f'[assets.A]\nscale=8\nhaircut="{haircut}"'
    if good:
        assert AssetTable.from_toml(text.encode(), "a")["A"].haircut == haircut
    else:
        assert _problems(text) == [("assets.A.haircut", "a haircut is a factor from 0 to 1")]


@pytest.mark.parametrize("data", [b"[assets", b"\xff\xfe", b"", b"assets = 3", b"[assets.A]\nscale=1\n[assets.A]\n"])
def test_a_file_that_is_no_assets_file_is_refused(data: bytes) -> None:
    with pytest.raises(InputErrors):
        AssetTable.from_toml(data, "assets.toml")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputErrors, match="cannot be read"):
        AssetTable.load(tmp_path / "absent.toml")
