"""What a user gets from the wheel: with and without a compiler, in a fresh environment, from any folder.

No network: the wheel is built by the pinned setuptools of this environment, and the fresh environment borrows this
one's dependencies through a .pth file. Other Python versions are tried where the machine has them; `make` cannot
install an interpreter, so a machine without a second one skips that test, in CI too.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
ROOMS = {"ledger", "por", "compliance", "cli", "templates"}
KERNEL_SOURCE = ROOT / "por" / "liabilities" / "kernels" / "_tree.c"
OTHER_PYTHONS = [name for minor in (11, 12, 13, 14) if (name := f"3.{minor}") != f"3.{sys.version_info.minor}"]

pytestmark = pytest.mark.slow


def run(*command: str | Path, cwd: Path, **environment: str) -> str:
    """Output of a command that must succeed."""
    words = [str(word) for word in command]
    # What this test run was started with must not leak into the interpreters under test.
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "TALLYSTICK"))}
    done = subprocess.run(
        words, cwd=cwd, env={**inherited, **environment}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{words} ended with {done.returncode}:\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build_wheel(folder: Path, **environment: str) -> Path:
    """Build from a copy of the tracked files, so that nothing lying about in the work tree gets in."""
    source = folder / "source"
    listing = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", cwd=ROOT)
    for name in sorted(set(listing.split("\0")) - {""}):
        if (ROOT / name).is_file():
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(ROOT / name, source / name)
    pip = (sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index")
    run(*pip, "--wheel-dir", folder, source, cwd=folder, **environment)
    (wheel,) = folder.glob("*.whl")
    return wheel


def install(wheel: Path, folder: Path, python: str | Path = sys.executable) -> Path:
    """Install the wheel into a fresh environment of `python`; returns that environment's interpreter."""
    run(python, "-m", "venv", "--without-pip", folder, cwd=wheel.parent)
    inside = folder / "bin" / "python"
    pip = (sys.executable, "-m", "pip", "--python", inside, "install", "--quiet", "--no-deps", "--no-index")
    run(*pip, wheel, cwd=wheel.parent)
    return inside


def has_compiler() -> bool:
    """Whether the compiler that this Python would build with is here."""
    return shutil.which((os.environ.get("CC") or sysconfig.get_config_var("CC") or "cc").split()[0]) is not None


@pytest.fixture(scope="module")
def wheel_without_compiler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    false = shutil.which("false")
    assert false is not None
    return build_wheel(tmp_path_factory.mktemp("no-compiler"), CC=false, CXX=false)


@pytest.fixture(scope="module")
def wheel_with_compiler(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if not KERNEL_SOURCE.exists():
        pytest.skip("this checkout has no C kernel")
    if not has_compiler():
        pytest.skip("this machine has no C compiler")
    return build_wheel(tmp_path_factory.mktemp("compiler"))


def contents(wheel: Path) -> set[str]:
    """Names of the files in a wheel, its metadata apart."""
    return {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}


def test_the_wheel_holds_the_rooms_and_nothing_else(wheel_without_compiler: Path) -> None:
    names = contents(wheel_without_compiler)
    assert {name.split("/")[0] for name in names} == ROOMS
    assert not [name for name in names if "__pycache__" in name or name.endswith((".c", ".h", ".so"))]


def test_the_wheel_holds_every_module_and_every_template(wheel_without_compiler: Path) -> None:
    tracked = run("git", "ls-files", "--cached", "--others", "--exclude-standard", *sorted(ROOMS), cwd=ROOT).split("\n")
    unbuilt = (".c", ".h", ".md")
    wanted = {name for name in tracked if name and not name.endswith(unbuilt) and (ROOT / name).is_file()}
    assert wanted - contents(wheel_without_compiler) == set()


def test_without_a_compiler_the_command_runs_from_any_folder(wheel_without_compiler: Path, tmp_path: Path) -> None:
    python = install(wheel_without_compiler, tmp_path / "fresh")
    (site_packages,) = (tmp_path / "fresh").glob("lib/python*/site-packages")
    (site_packages / "borrowed.pth").write_text(f"{sysconfig.get_path('purelib')}\n", encoding="utf-8")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    assert run(python.parent / "tallystick", "--version", cwd=elsewhere).startswith("tallystick, version ")
    where = run(python, "-c", "import cli.main; print(cli.main.__file__)", cwd=elsewhere)
    assert Path(where.strip()).is_relative_to(site_packages)


def test_the_pure_wheel_fits_every_machine(tmp_path: Path) -> None:
    wheel = build_wheel(tmp_path, TALLYSTICK_PURE="1")
    assert wheel.name.endswith("-py3-none-any.whl")


def test_with_a_compiler_one_wheel_serves_all_versions(wheel_with_compiler: Path) -> None:
    assert "-cp311-abi3-" in wheel_with_compiler.name
    assert [name for name in contents(wheel_with_compiler) if name.startswith("por/liabilities/kernels/_tree")]


def find_python(version: str) -> Path | None:
    """An interpreter of that version which really runs: on PATH, or where pyenv keeps its own."""
    on_path = shutil.which(f"python{version}")
    kept = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"), "versions").glob(f"{version}.*/bin/python")
    for candidate in [*([on_path] if on_path else []), *map(str, sorted(kept))]:
        probe = "import sys, ensurepip; print('%d.%d' % sys.version_info[:2])"
        done = subprocess.run([candidate, "-c", probe], capture_output=True, text=True, check=False)
        if done.returncode == 0 and done.stdout.strip() == version:
            return Path(candidate)
    return None


@pytest.mark.parametrize("version", OTHER_PYTHONS)
def test_the_wheel_compiles_and_imports_on_other_pythons(
    version: str, wheel_without_compiler: Path, tmp_path: Path
) -> None:
    found = find_python(version)
    if found is None:
        pytest.skip(f"no Python {version} on this machine, and make cannot install one")
    python = install(wheel_without_compiler, tmp_path / "other", found)
    (site_packages,) = (tmp_path / "other").glob("lib/python*/site-packages")
    run(python, "-m", "compileall", "-q", *(site_packages / room for room in sorted(ROOMS)), cwd=tmp_path)
    run(python, "-c", "import ledger.errors, por, compliance, cli, templates", cwd=tmp_path)


@pytest.mark.parametrize("version", OTHER_PYTHONS)
def test_the_kernel_built_here_loads_on_other_pythons(version: str, wheel_with_compiler: Path, tmp_path: Path) -> None:
    found = find_python(version)
    if found is None:
        pytest.skip(f"no Python {version} on this machine, and make cannot install one")
    python = install(wheel_with_compiler, tmp_path / "other", found)
    (kernel,) = (tmp_path / "other").glob("lib/python*/site-packages/por/liabilities/kernels/_tree*")
    load = (
        "import importlib.machinery as m, importlib.util as u, sys;"
        "spec = u.spec_from_file_location('_tree', sys.argv[1], loader=m.ExtensionFileLoader('_tree', sys.argv[1]));"
        "spec.loader.exec_module(u.module_from_spec(spec))"
    )
    run(python, "-c", load, kernel, cwd=tmp_path)
