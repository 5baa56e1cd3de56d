"""Discovery finds what is stored in one word, refuses what is not, and its proposal reads back as a layouts file."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from por.reserves.evm import read_layouts
from por.reserves.evm.discover import LayoutNotFound, discover_layout, layout_toml
from por.reserves.evm.hexes import to_hex
from por.reserves.evm.rpc import Endpoint
from tests.chain.node import HOLDER, Faulty, require_anvil
from tests.por.reserves.evm.conftest import World

pytestmark = pytest.mark.chain


@pytest.fixture(autouse=True)
def _needs_anvil() -> None:
    """Access lists and state overrides are anvil's."""
    require_anvil()


SECOND = bytes(19) + b"\x33"
UNRELATED = bytes(range(20))


def discover(world: World, asset: str, holders: tuple[bytes, ...] = (HOLDER, SECOND), connect: Any = None) -> Any:
    endpoint = Endpoint("x", world.node.url, connect or world.node.connect)
    return discover_layout(endpoint, world.node.chain, world.tokens[asset], holders, asset=asset, decimals=6)


@pytest.mark.parametrize("asset", ["SOL", "VYP", "NSP", "PCK", "PRX"])
def test_the_layout_is_found_and_reads_back(world: World, asset: str, tmp_path: Path) -> None:
    found = discover(world, asset)
    known = world.layout(asset)
    code = {"code_hash": found.code_hash}
    code |= {"implementation_code_hash": found.implementation_code_hash} if asset == "PRX" else {}
    assert found == replace(known, **code)
    file = tmp_path / "mine.toml"
    file.write_text('format = "tallystick/evm-layouts/1"\n' + layout_toml(found))
    assert read_layouts(file).find(world.node.chain, world.tokens[asset]) == found


def test_holders_without_a_balance_will_do(world: World) -> None:
    assert discover(world, "SOL", (UNRELATED, bytes(reversed(UNRELATED)))).base_slot == 0


def test_a_share_token_is_refused(world: World) -> None:
    with pytest.raises(LayoutNotFound, match="computed"):
        discover(world, "REB")


def test_one_holder_is_not_enough(world: World) -> None:
    for holders in ((HOLDER,), (HOLDER, HOLDER)):
        with pytest.raises(LayoutNotFound, match="two"):
            discover(world, "SOL", holders)


def test_a_word_that_does_not_come_back_as_the_balance_is_refused(world: World) -> None:
    def lie(method: str, params: Any, answer: Any) -> Any:
        has_override = method == "eth_call" and len(params) == 3
        return answer | {"result": to_hex(bytes(31) + b"\x05")} if has_override else answer

    with pytest.raises(LayoutNotFound, match="not the balance"):
        discover(world, "SOL", connect=lambda url: Faulty(world.node.connect(url), lie))


def test_a_word_at_no_known_formula_is_refused(world: World) -> None:
    def lie(method: str, params: Any, answer: Any) -> Any:
        if method == "eth_createAccessList":
            holder = params[0]["data"][-40:]
            key = "0x" + holder.rjust(64, "0")
            return answer | {"result": {"accessList": [{"address": params[0]["to"], "storageKeys": [key]}]}}
        return answer

    with pytest.raises(LayoutNotFound, match="formula"):
        discover(world, "SOL", connect=lambda url: Faulty(world.node.connect(url), lie))
