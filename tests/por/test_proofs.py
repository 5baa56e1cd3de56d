"""Proofs in bulk: the container holds, for every account, the bytes that one proof on demand would have."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from ledger.errors import FormatError, InputError
from por.liabilities.folder import read_folder
from por.liabilities.kernels import available, compiled, select
from por.liabilities.rebuild import Rebuilt, rebuild
from por.proofs import container_names, make_proof, proof_name, read_container, write_container
from tests.benchmarks import workload
from tests.benchmarks.cases import prepare
from tests.support.small import small_bundle

DIGEST = bytes(range(32))
SCALES = {"BTC": 8, "ETH": 9, "XRP": 6}


@pytest.fixture(scope="module")
def with_lines(tmp_path_factory: pytest.TempPathFactory) -> Rebuilt:
    """Subaccount lines, three kinds of id, trees of several sizes."""
    columns = read_folder(small_bundle(tmp_path_factory.mktemp("small")).path / "liabilities")
    assert any(len(tree.lines.slot) for tree in columns.trees)
    return rebuild(columns, [SCALES[tree.asset] for tree in columns.trees], select())


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Rebuilt:
    """Enough accounts that several threads write at once."""
    folder = tmp_path_factory.mktemp("many")
    prepare(folder, 1500, 20)
    columns = read_folder(folder / "liabilities")
    return rebuild(columns, [6] * len(columns.trees), select())


def check_container(path: Path, rebuilt: Rebuilt) -> None:
    salts = rebuilt.columns.account_salts
    names = [proof_name(salt.tobytes()) for salt in salts]
    with path.open("rb") as file:
        assert list(container_names(file)) == sorted(names)
        for slot, name in enumerate(names):
            file.seek(0)
            assert read_container(file, name) == make_proof(rebuilt, slot, DIGEST)


@pytest.mark.parametrize("kernel", available())
def test_the_container_holds_what_one_proof_on_demand_would(kernel: str, with_lines: Rebuilt, tmp_path: Path) -> None:
    write_container(tmp_path / "proofs.bin", with_lines, DIGEST, select(kernel))
    check_container(tmp_path / "proofs.bin", with_lines)


@pytest.mark.parametrize("kernel", [name for name in available() if name != "plain"])
def test_many_accounts_lie_in_the_order_of_their_slots(kernel: str, many: Rebuilt, tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    path = tmp_path / "proofs.bin"
    write_container(path, many, DIGEST, select(kernel), lambda *step: seen.append(step))
    check_container(path, many)
    assert seen[-1] == ("proofs", 1500, 1500)
    proofs = b"".join(make_proof(many, slot, DIGEST) for slot in range(1500))
    assert path.read_bytes().endswith(proofs)


def test_a_buffer_that_is_too_small_is_replaced(many: Rebuilt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiled, "PROOF_BUFFER_BYTES", 1000)
    write_container(tmp_path / "proofs.bin", many, DIGEST, select())
    check_container(tmp_path / "proofs.bin", many)


def test_a_failure_leaves_no_container_under_its_name(
    many: Rebuilt, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(stage: str, done: int, total: int) -> None:
        raise RuntimeError("stopped")

    with pytest.raises(RuntimeError, match="stopped"):
        write_container(tmp_path / "proofs.bin", many, DIGEST, select(), stop)
    assert not (tmp_path / "proofs.bin").exists()


def test_a_broken_container_is_refused(with_lines: Rebuilt, tmp_path: Path) -> None:
    write_container(tmp_path / "proofs.bin", with_lines, DIGEST, select())
    data = (tmp_path / "proofs.bin").read_bytes()
    name = proof_name(with_lines.columns.account_salts[0].tobytes())
    for broken in (data[:10], b"x" + data, data[:60]):
        with pytest.raises(FormatError):
            read_container(io.BytesIO(broken), name)
    with pytest.raises(InputError):
        read_container(io.BytesIO(data), "00" * 32)


def test_the_workload_is_the_one_that_the_benchmarks_use(many: Rebuilt) -> None:
    assert many.columns.account_count == 1500
    assert sum(levels.count for levels in many.trees) == 1500 * workload.HOLDINGS
