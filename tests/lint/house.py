"""The house lint: rules about every tracked text file that no other checker knows.

    python tests/lint/house.py

- the project speaks of itself alone: no path of one machine, no host of a package registry;
- nothing is left for later: no marks of unfinished work;
- a file has one room and a function one screen: at most 700 and 70 lines, unless a program wrote the file;
- a silenced checker says why: `# type: ignore[code]` and `# noqa: CODE` carry a reason beside them;
- the files that people copy out of here alone import nothing but the standard library.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
FILE_LINES_MAX = 700
FUNCTION_LINES_MAX = 70
# Code and prose that people read; data and generated files may be as long as they must.
READ_BY_PEOPLE = frozenset({".py", ".c", ".h", ".js", ".css", ".html", ".j2", ".md", ".sh", ".sol", ".toml"})
GENERATED = re.compile(r"generated (by|from)", re.IGNORECASE)
STANDALONE = ("por/verify/standalone.py", "tests/setup_parts.py", "tests/browser.py", "tests/support/postgres.py")
# One file because it is handed to customers as one file; by design it repeats what others import.
LONG_ON_PURPOSE = frozenset({"por/verify/standalone.py"})
# Official schemas of others, kept unchanged with their source and licence: not our text.
OF_OTHERS = ("compliance/tax/schemas/",)
# What a standalone file may import beside the standard library.
STANDALONE_MAY_IMPORT = frozenset({"tests.browser", "tests.support.postgres"})

# Written in pieces, so that this file does not refuse itself.
REGISTRY_HOSTS = tuple(
    ".".join(pieces)
    for pieces in (
        ("pypi", "org"),
        ("pythonhosted", "org"),
        ("npmjs", "org"),
        ("npmjs", "com"),
        ("yarnpkg", "com"),
        ("crates", "io"),
        ("proxy", "golang", "org"),
        ("maven", "org"),
        ("deb", "debian", "org"),
    )
)
UNFINISHED = re.compile(r"\b(?:" + "|".join(("TO" + "DO", "FIX" + "ME", "XX" + "X", "HA" + "CK")) + r")\b")
MACHINE_PATH = re.compile(r"(?<![\w/.\-})>])/(?:work|root|home|Users)(?:/[\w.]|(?=[\s\"'`,;:)]|$))")
SILENCED = re.compile(
    r"#\s*(?:type:\s*ignore|noqa)\b(?P<codes>\[[\w\-, ]+\]|:\s*[A-Z]+\d+(?:,\s*[A-Z]+\d+)*)?(?P<rest>.*)"
)


def check_line(line: str) -> Iterator[str]:
    """What is wrong with one line of any text file."""
    if MACHINE_PATH.search(line):
        yield "a path of one machine"
    for host in REGISTRY_HOSTS:
        if host in line:
            yield "the host of a package registry"
    if line.startswith(("<" * 7 + " ", ">" * 7 + " ")):
        yield "a merge that was not finished"
    if UNFINISHED.search(line):
        yield "a mark of unfinished work: finish it, or open an issue"


def check_silencers(line: str) -> Iterator[str]:
    """What is wrong with a comment that silences a checker in one line of Python."""
    match = SILENCED.search(line)
    if match is not None and match["codes"] is None:
        yield "a silenced checker names the code that it silences"
    elif match is not None and not re.search(r"\w{2}", match["rest"]):
        yield "a silenced checker says why, on the same line"


def check_python(source: str, file: str) -> Iterator[tuple[int, str]]:
    """What is wrong with one Python file as a whole."""
    try:
        tree = ast.parse(source, file)
    except SyntaxError as error:
        yield error.lineno or 1, f"not Python: {error.msg}"
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            length = (node.end_lineno or node.lineno) - node.lineno + 1
            if length > FUNCTION_LINES_MAX:
                yield node.lineno, f"{node.name} has {length} lines, more than {FUNCTION_LINES_MAX}"
        if file in STANDALONE:
            for module in _imported(node):
                if module.split(".")[0] not in sys.stdlib_module_names and module not in STANDALONE_MAY_IMPORT:
                    yield node.lineno, f"imports {module}: this file has the standard library alone"  # type: ignore[attr-defined]  # only import statements yield, and they have a line


def _imported(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if isinstance(node, ast.ImportFrom):
        return ["." * node.level + (node.module or "")]
    return []


def check_text(text: str, file: str) -> Iterator[str]:
    """Everything wrong with one file, as lines to print."""
    lines = text.splitlines()
    suffix = Path(file).suffix
    may_be_long = file in LONG_ON_PURPOSE or any(GENERATED.search(line) for line in lines[:5])
    if suffix in READ_BY_PEOPLE and len(lines) > FILE_LINES_MAX and not may_be_long:
        yield f"{file}: {len(lines)} lines, more than {FILE_LINES_MAX}"
    for number, line in enumerate(lines, start=1):
        problems = [*check_line(line), *(check_silencers(line) if suffix == ".py" else ())]
        yield from (f"{file}:{number}: {problem}" for problem in problems)
    if suffix == ".py":
        yield from (f"{file}:{number}: {problem}" for number, problem in check_python(text, file))


def tracked_files() -> list[str]:
    """Files that git tracks, or would track if they were added now."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    listing = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    return sorted({name for name in listing.split("\0") if name and (ROOT / name).is_file()})


def main() -> int:
    """Check every tracked text file; 1 if anything was found."""
    files = tracked_files()
    problems: list[str] = []
    for file in files:
        if file.startswith(OF_OTHERS):
            continue
        try:
            text = (ROOT / file).read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue  # not text
        problems += check_text(text, file)
    print("\n".join([*problems, f"house: {len(files)} files, {len(problems)} findings"]))
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
