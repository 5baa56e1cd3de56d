"""The determinism lint, snippet by snippet: what it refuses, and what it must leave alone."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.lint.determinism import check_source, pure_files

REFUSED = {
    "import time": "clock",
    "from time import monotonic": "clock",
    "import os.path": "input or output",
    "from random import choice": "randomness",
    "import uuid": "randomness",
    "from secrets import token_bytes": "randomness",
    "import socket": "input or output",
    "from datetime import datetime\nstamp = datetime.now()": "reads a clock",
    "import datetime\nstamp = datetime.datetime.fromtimestamp(0)": "time zone",
    "price = 0.5": "floating point",
    "price = 1e3": "floating point",
    "price = 2j": "floating point",
    "price = float('1')": "floating point",
    "def price() -> float: ...": "floating point",
    "half = total / 2": "use //",
    "total /= 2": "use //",
    "x = 10 ** -3": "negative power",
    "x = round(y)": "div_floor",
    "import math\nx = math.sqrt(2)": "floating point",
    "from math import floor": "floating point",
    "seconds = delta.total_seconds()": "floating point",
    "seconds = moment.timestamp()": "floating point",
    "key = hash(name)": "each process",
    "key = id(order)": "each process",
    "open('book.csv')": "edges",
    "print('filled')": "prints nothing",
    "for x in {1, 2}: ...": "order of a set",
    "for x in set(names): ...": "order of a set",
    "names = {1, 2}\nfor x in names: ...": "order of a set",
    "def f(names: set[str]) -> None:\n    for x in names: ...": "order of a set",
    "class A:\n    dirty: frozenset[int]\ndef f(a: A) -> list[int]:\n    return [x for x in a.dirty]": "order of a set",
    "rows = list(frozenset(names))": "order of a set",
    "rows = [*{1, 2}]": "order of a set",
    "rows = f(*{1, 2})": "order of a set",
    "text = ','.join({x for x in y})": "order of a set",
    "rows = {x: 1 for x in a.keys() & b.keys()}": "order of a set",
    "for x in left.union(right): ...": "order of a set",
    "names = {'a'}\nbest = max((x for x in names), key=len)": "order of a set",
    "names = set()\nname = names.pop()": "takes any element",
}

ALLOWED = [
    "half = total // 2",
    "from math import isqrt\nimport math\nx = math.gcd(isqrt(9), 3)",
    "if isinstance(value, float): raise TypeError",
    "if type(value) is float: raise TypeError",
    "for x in sorted({1, 2}): ...",
    "names = {1, 2}\nfound = any(x > 1 for x in names)\nrows = sorted(x + 1 for x in names)",
    "names = {1, 2}\nfound = 1 in names\ncount = len(names)",
    "rows = {1: 'a'}\nfor key in rows: ...\nlast = rows.pop(1)",
    "stack = [1]\ntop = stack.pop()",
    "x = 10 ** 3",
    "from datetime import date\nday = date(2026, 1, 1).toordinal()",
    "from hashlib import sha256\ndigest = sha256(b'x').digest()",
    "ratio = a / b  # determinism: both are Fraction",
    "text = '0.5 / 2'",
]


@pytest.mark.parametrize(("source", "reason"), REFUSED.items(), ids=REFUSED)
def test_what_could_differ_between_machines_is_refused(source: str, reason: str) -> None:
    findings = check_source(source)
    assert findings, "nothing was refused"
    assert any(reason in finding.problem for finding in findings), findings


@pytest.mark.parametrize("source", ALLOWED)
def test_what_is_the_same_everywhere_passes(source: str) -> None:
    assert check_source(source) == []


def test_a_finding_names_its_file_and_line() -> None:
    assert [str(finding) for finding in check_source("x = 1\ny = 0.5\n", "engine.py")] == [
        "engine.py:2: literal 0.5: no floating point"
    ]


def test_the_files_of_law_one_are_found(tmp_path: Path) -> None:
    for name in (
        "ledger/engine.py",
        "ledger/trading/book.py",
        "ledger/purse.py",
        "ledger/log/files.py",
        "ledger/rooms_to_come/first.py",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    found = [path.relative_to(tmp_path).as_posix() for path in pure_files(tmp_path)]
    assert found == ["ledger/engine.py", "ledger/purse.py", "ledger/rooms_to_come/first.py", "ledger/trading/book.py"]
