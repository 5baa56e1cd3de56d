"""The determinism lint: what may not stand in code that must give the same state hash on every machine.

    python tests/lint/determinism.py [FILE...]

It reads the syntax tree and knows no types, so it is strict where it cannot tell: division by `/` is refused although
fractions divide exactly. A line that is right all the same says why, and is then let through:

    ratio = numerator / denominator  # determinism: both are Fraction

Refused: clocks, randomness, input and output, process and thread modules; float and complex literals, `float`, `/`,
`round` (rounding is named: div_floor, div_ceil), the float half of `math`; `hash()` and `id()`; and anything that
depends on the order of a set. `isinstance(x, float)` is allowed, for it is how a float is refused.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent.parent
# Law 1 of the house: a pure state machine. All of ledger/ but the doors named here, so that a new room is read unasked.
DOORS = frozenset({"checkpoints.py", "door.py", "keys.py", "log", "personal.py", "store", "venue.py"})
EXCUSE = "# determinism: "

IMPURE_IMPORTS = frozenset(
    "time random secrets uuid socket ssl os io pathlib tempfile shutil glob subprocess threading multiprocessing "
    "asyncio concurrent signal select http urllib requests aiohttp web3 sqlite3 sqlalchemy sqlmodel logging locale "
    "platform statistics cmath".split()
)
IMPURE_NAMES = {
    "open": "files are read at the edges",
    "print": "the engine states events and prints nothing",
    "input": "facts arrive as commands",
    "hash": "text hashes differ in each process",
    "id": "addresses differ in each process",
    "round": "rounding is named: div_floor or div_ceil",
    "complex": "no floating point",
}
CLOCK_ATTRIBUTES = frozenset({"now", "utcnow", "today", "fromtimestamp", "utcfromtimestamp"})
FLOAT_METHODS = frozenset({"timestamp", "total_seconds", "as_integer_ratio", "truediv"})
INTEGER_MATH = frozenset({"comb", "factorial", "gcd", "isqrt", "lcm", "perm", "prod"})
SET_METHODS = frozenset({"union", "intersection", "difference", "symmetric_difference"})
SET_TYPES = frozenset({"set", "frozenset", "Set", "AbstractSet", "MutableSet"})
# Calls that take an iterable and whose result shows its order.
ORDERED_CALLS = frozenset({"list", "tuple", "iter", "next", "enumerate", "zip", "map", "filter", "dict", "reversed"})
# Calls whose result is the same whatever the order, so that a generator over a set may stand in them.
UNORDERED_CALLS = frozenset({"sorted", "sum", "min", "max", "any", "all", "set", "frozenset"})


class Finding(NamedTuple):
    """One refused thing at one line of one file."""

    file: str
    line: int
    problem: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.problem}"


def check_source(source: str, file: str = "<source>") -> list[Finding]:
    """Everything in `source` that could make two machines differ, in the order of its lines."""
    lines = source.splitlines()
    visitor = _Visitor(file)
    tree = ast.parse(source, file)
    visitor.set_names = frozenset(_names_of_sets(tree))
    visitor.visit(tree)
    return sorted({f for f in visitor.findings if EXCUSE not in lines[f.line - 1]}, key=lambda f: (f.line, f.problem))


def _names_of_sets(tree: ast.AST) -> Iterator[str]:
    """Names and attributes that the file annotates as a set, or to which it assigns one somewhere."""
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and _is_set_annotation(node.annotation):
            yield node.arg
        elif isinstance(node, ast.AnnAssign) and _is_set_annotation(node.annotation):
            yield from _target_names(node.target)
        elif isinstance(node, ast.Assign) and _is_set(node.value, frozenset()):
            for target in node.targets:
                yield from _target_names(target)


def _target_names(target: ast.expr) -> Iterator[str]:
    if isinstance(target, ast.Name):
        yield target.id
    elif isinstance(target, ast.Attribute):
        yield target.attr


def _is_set_annotation(annotation: ast.expr | None) -> bool:
    if isinstance(annotation, ast.Subscript):
        annotation = annotation.value
    if isinstance(annotation, ast.Attribute):
        return annotation.attr in SET_TYPES
    return isinstance(annotation, ast.Name) and annotation.id in SET_TYPES


def _is_set(node: ast.expr, set_names: frozenset[str]) -> bool:
    """Whether an expression is a set as far as its syntax shows."""
    if isinstance(node, ast.Set | ast.SetComp):
        return True
    if isinstance(node, ast.Name):
        return node.id in set_names
    if isinstance(node, ast.Attribute):
        return node.attr in set_names
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.BitAnd | ast.BitOr | ast.Sub | ast.BitXor):
        return any(_is_set(side, set_names) or _is_keys_view(side) for side in (node.left, node.right))
    if isinstance(node, ast.Call):
        if isinstance(node.func, ast.Name):
            return node.func.id in {"set", "frozenset"}
        return isinstance(node.func, ast.Attribute) and node.func.attr in SET_METHODS
    return False


def _is_keys_view(node: ast.expr) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "keys"


class _Visitor(ast.NodeVisitor):
    """Walks one file and collects what it may not hold."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.findings: list[Finding] = []
        self.set_names: frozenset[str] = frozenset()
        self.unordered: set[ast.expr] = set()

    def refuse(self, node: ast.expr | ast.stmt, problem: str) -> None:
        self.findings.append(Finding(self.file, node.lineno, problem))

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._check_module(node, alias.name)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        if node.level == 0 and node.module is not None:
            self._check_module(node, node.module)
        if node.module == "math":
            for alias in node.names:
                if alias.name not in INTEGER_MATH:
                    self.refuse(node, f"math.{alias.name} works in floating point")

    def _check_module(self, node: ast.stmt, module: str) -> None:
        if module.split(".")[0] in IMPURE_IMPORTS:
            self.refuse(node, f"import of {module}: no clock, randomness, input or output here")

    def visit_Constant(self, node: ast.Constant) -> None:
        if isinstance(node.value, float | complex):
            self.refuse(node, f"literal {node.value!r}: no floating point")

    def visit_Name(self, node: ast.Name) -> None:
        if node.id == "float":
            self.refuse(node, "float: no floating point")

    def visit_BinOp(self, node: ast.BinOp) -> None:
        self._check_operator(node, node.op, node.right)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._check_operator(node, node.op, node.value)
        self.generic_visit(node)

    def _check_operator(self, node: ast.expr | ast.stmt, operator: ast.operator, right: ast.expr) -> None:
        if isinstance(operator, ast.Div):
            self.refuse(node, "/ gives a float: use // or a named rounding")
        negative = isinstance(right, ast.UnaryOp) and isinstance(right.op, ast.USub)
        if isinstance(operator, ast.Pow) and negative:
            self.refuse(node, "a negative power gives a float")

    def visit_Attribute(self, node: ast.Attribute) -> None:
        if node.attr in CLOCK_ATTRIBUTES:
            self.refuse(node, f".{node.attr} reads a clock or a time zone: time arrives in commands")
        if isinstance(node.value, ast.Name) and node.value.id == "math" and node.attr not in INTEGER_MATH:
            self.refuse(node, f"math.{node.attr} works in floating point")
        self.generic_visit(node)

    def visit_Compare(self, node: ast.Compare) -> None:
        """`type(x) is float` is how a float is refused, so the name may stand there."""
        for operand in (node.left, *node.comparators):
            if not (isinstance(operand, ast.Name) and isinstance(node.ops[0], ast.Is | ast.IsNot)):
                self.visit(operand)

    def visit_Call(self, node: ast.Call) -> None:
        if isinstance(node.func, ast.Name):
            self._check_named_call(node, node.func.id)
            if node.func.id in {"isinstance", "issubclass"}:
                self.visit(node.args[0])
                return
        elif isinstance(node.func, ast.Attribute):
            self._check_method_call(node, node.func)
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                self._check_order(argument.value)
        self.generic_visit(node)

    def _check_named_call(self, node: ast.Call, name: str) -> None:
        if name in IMPURE_NAMES:
            self.refuse(node, f"{name}(): {IMPURE_NAMES[name]}")
        if name in UNORDERED_CALLS and not node.keywords:
            self.unordered.update(node.args)
        if name in ORDERED_CALLS:
            for argument in node.args:
                self._check_order(argument)

    def _check_method_call(self, node: ast.Call, method: ast.Attribute) -> None:
        if method.attr in FLOAT_METHODS:
            self.refuse(node, f".{method.attr}() works in floating point")
        if method.attr == "pop" and not node.args and _is_set(method.value, self.set_names):
            self.refuse(node, "pop() of a set takes any element")
        if method.attr in {"join", "extend", "fromkeys"}:
            for argument in node.args:
                self._check_order(argument)

    def visit_For(self, node: ast.For) -> None:
        self._check_order(node.iter)
        self.generic_visit(node)

    def visit_ListComp(self, node: ast.ListComp) -> None:
        self._check_generators(node)

    def visit_DictComp(self, node: ast.DictComp) -> None:
        self._check_generators(node)

    def visit_GeneratorExp(self, node: ast.GeneratorExp) -> None:
        self._check_generators(node)

    def _check_generators(self, node: ast.ListComp | ast.DictComp | ast.GeneratorExp) -> None:
        for generator in node.generators if node not in self.unordered else ():
            self._check_order(generator.iter)
        self.generic_visit(node)

    def visit_List(self, node: ast.List) -> None:
        self._check_unpacking(node)

    def visit_Tuple(self, node: ast.Tuple) -> None:
        self._check_unpacking(node)

    def _check_unpacking(self, node: ast.List | ast.Tuple) -> None:
        for element in node.elts:
            if isinstance(element, ast.Starred):
                self._check_order(element.value)
        self.generic_visit(node)

    def _check_order(self, node: ast.expr) -> None:
        if _is_set(node, self.set_names):
            self.refuse(node, "the order of a set differs between processes: sort it first")


def pure_files(root: Path = ROOT) -> list[Path]:
    """The files that law 1 covers: all of ledger/ without its doors to the disk, the clock and chance."""
    ledger = root / "ledger"
    return sorted(path for path in ledger.rglob("*.py") if path.relative_to(ledger).parts[0] not in DOORS)


def main(arguments: list[str]) -> int:
    """Check the files named, or all that law 1 covers; 1 if anything was found."""
    files = [Path(argument) for argument in arguments] or [path.relative_to(ROOT) for path in pure_files()]
    findings = [
        finding for file in files for finding in check_source((ROOT / file).read_text(encoding="utf-8"), str(file))
    ]
    for finding in findings:
        print(finding)
    print(f"determinism: {len(files)} files, {len(findings)} findings")
    return 1 if findings else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
