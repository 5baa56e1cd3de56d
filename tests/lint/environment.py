"""Whether requirements.lock, pyproject.toml and what is installed tell the same story.

    python tests/lint/environment.py

- every package that pyproject.toml names is pinned in the lock, inside the range that pyproject.toml allows;
- every pin has a hash, and no line names the place that packages come from;
- what is installed is what is pinned, and every installed package finds what it needs.
"""

from __future__ import annotations

import re
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, distribution, distributions, version
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parent.parent.parent
# Needs that are not met on purpose: see overrides.txt.
OVERRIDDEN = frozenset({"pysha3"})


def pinned(lock: str) -> Iterator[tuple[Requirement, int]]:
    """Each pin of the lock, and how many hashes it carries."""
    for entry in re.split(r"\n(?=\S)", lock.strip()):
        head, *rest = entry.split("\\\n")
        yield Requirement(head.strip()), sum("--hash=sha256:" in line for line in rest)


def check_lock(lock: str, project: dict[str, list[str]]) -> Iterator[str]:
    """Where the lock and the declared requirements, by group, disagree."""
    if "://" in lock or "--index-url" in lock:
        yield "requirements.lock names the place that packages come from"
    versions: dict[str, list[str]] = {}
    for pin, hashes in pinned(lock):
        versions.setdefault(canonicalize_name(pin.name), []).append(str(pin.specifier).removeprefix("=="))
        if hashes == 0:
            yield f"requirements.lock: {pin.name} has no hash"
    for group, requirements in project.items():
        for requirement in map(Requirement, requirements):
            found = versions.get(canonicalize_name(requirement.name), [])
            if not found or not all(requirement.specifier.contains(one, prereleases=True) for one in found):
                yield f"requirements.lock does not pin {requirement} ({group}): run make lock"


def check_installed(lock: str) -> Iterator[str]:
    """Where the installed packages differ from the lock, or miss something that they need."""
    for pin, _ in pinned(lock):
        if pin.marker is not None and not pin.marker.evaluate():
            continue
        try:
            installed = version(pin.name)
        except PackageNotFoundError:
            yield f"{pin.name} is pinned and not installed: run make venv"
            continue
        if not pin.specifier.contains(installed, prereleases=True):
            yield f"{pin.name} {installed} is installed and the lock pins {pin.specifier}: run make venv"
    for package in distributions():
        for need in map(Requirement, package.requires or ()):
            if _is_needed(need) and not _is_met(need):
                yield f"{package.name} needs {need}, which is not installed"


def _is_needed(need: Requirement) -> bool:
    return need.name not in OVERRIDDEN and (need.marker is None or need.marker.evaluate({"extra": ""}))


def _is_met(need: Requirement) -> bool:
    try:
        return need.specifier.contains(distribution(need.name).version, prereleases=True)
    except PackageNotFoundError:
        return False


def declared(pyproject: str) -> dict[str, list[str]]:
    """The requirements of pyproject.toml: of the package, of each extra, and of each development group."""
    document = tomllib.loads(pyproject)
    project = document["project"]
    return {
        "dependencies": project["dependencies"],
        **project["optional-dependencies"],
        **document["dependency-groups"],
    }


def main() -> int:
    """Check lock, declaration and installation; 1 if they disagree."""
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    project = declared((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    problems = [*check_lock(lock, project), *check_installed(lock)]
    print("\n".join([*problems, f"environment: {sum(1 for _ in pinned(lock))} pins, {len(problems)} findings"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
