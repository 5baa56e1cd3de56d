"""The error tree: every failure that a user can cause or meet is one of these, and no other exception reaches them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

__all__ = ["CheckFailed", "FormatError", "InputError", "InputErrors", "InputProblem", "TallystickError"]


class TallystickError(Exception):
    """Root of everything this project raises on purpose."""


class FormatError(TallystickError):
    """A document is not in the one form that its specification allows."""


class CheckFailed(TallystickError):
    """A check came out *invalid*: the data is readable and contradicts itself or its signature."""


@dataclass(frozen=True, slots=True)
class InputProblem:
    """One thing wrong with one input, and what to do about it.

    `row` counts from 1 as an editor does (the header line of a CSV file is row 1); None where rows mean nothing.
    """

    file: str
    problem: str
    remedy: str
    row: int | None = None
    column: str | None = None

    def __str__(self) -> str:
        where = self.file
        if self.row is not None:
            where += f", row {self.row}"
        if self.column is not None:
            where += f", column {self.column}"
        return f"{where}: {self.problem}. {self.remedy}"


class InputErrors(TallystickError):
    """Everything that is wrong with the input, all at once. The command line prints it and exits with status 2."""

    def __init__(self, problems: Sequence[InputProblem]) -> None:
        assert problems, "an input error names at least one problem"
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class InputError(InputErrors):
    """One problem with one input; see `InputProblem` for the fields."""

    def __init__(
        self, file: str, problem: str, remedy: str, *, row: int | None = None, column: str | None = None
    ) -> None:
        super().__init__([InputProblem(file=file, problem=problem, remedy=remedy, row=row, column=column)])
