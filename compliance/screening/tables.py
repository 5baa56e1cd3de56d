"""Customers and past transfers from CSV files, strict at the door: every problem with its row, or nothing is read.

Customers: columns `subject` and `name`, and any of `kind`, `born`, `nationality`, `document`, `wallet`. Several names,
nationalities, documents or wallets of one customer are parted by semicolons. `subject` is the customer's random id.
Transfers: `transfer`, `at`, `subject`, `address` (again several by semicolons).
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from compliance.screening.countries import country_code, is_country_code
from compliance.screening.occasions import Transfer
from compliance.screening.parties import PartyKind, Subject
from ledger.errors import FormatError, InputErrors, InputProblem
from por.snapshot import to_seconds

__all__ = ["make_subject", "read_subjects", "read_transfers"]

_BORN: Final = re.compile(r"[0-9]{4}(-(0[1-9]|1[0-2])(-(0[1-9]|[12][0-9]|3[01]))?)?\Z", re.ASCII)
_SUBJECT_COLUMNS: Final = ("subject", "name", "kind", "born", "nationality", "document", "wallet")
_TRANSFER_COLUMNS: Final = ("transfer", "at", "subject", "address")


def read_subjects(data: bytes, file: str) -> list[Subject]:
    """Customers to screen, in the file's order; raises InputErrors."""
    problems: list[InputProblem] = []
    subjects: list[Subject] = []
    seen: set[str] = set()
    for row, said in _rows(data, file, _SUBJECT_COLUMNS, 2, problems):
        subject, wrong = make_subject(said)
        for column, problem, remedy in wrong:
            problems.append(InputProblem(file, problem, remedy, row=row, column=column))
        if said["subject"] in seen:
            problems.append(InputProblem(file, "the subject stands in the file twice", "Give one row each.", row=row))
        seen.add(said["subject"])
        if subject is not None:
            subjects.append(subject)
    if not subjects and not problems:
        problems.append(InputProblem(file, "the file has no customers", "Give one row a customer."))
    if problems:
        raise InputErrors(problems)
    return subjects


def make_subject(said: Mapping[str, str]) -> tuple[Subject | None, list[tuple[str, str, str]]]:
    """A subject from texts by column, or what is wrong: column, problem and remedy of each."""
    wrong: list[tuple[str, str, str]] = []
    names, documents, wallets = (_parts(said.get(column, "")) for column in ("name", "document", "wallet"))
    nations = tuple(country_code(text) for text in _parts(said.get("nationality", "")))
    kind, born = said.get("kind", ""), said.get("born", "")
    if not said.get("subject"):
        wrong.append(("subject", "the subject's id is empty", "Give the customer's random id."))
    if not (names or documents or wallets):
        wrong.append(("name", "there is nothing to screen", "Give a name, a document or a wallet."))
    if kind and kind not in list(PartyKind):
        wrong.append(("kind", f"{kind[:20]!r} is no kind", f"Write one of {', '.join(PartyKind)}."))
    if born and not _BORN.match(born):
        wrong.append(("born", f"{born[:20]!r} is no birth date", "Write YYYY, YYYY-MM or YYYY-MM-DD."))
    if odd := [nation for nation in nations if not is_country_code(nation)]:
        wrong.append(("nationality", f"{odd[0][:40]!r} is no country", "Write its ISO 3166 code, such as JP."))
    if wrong:
        return None, wrong
    return Subject(said["subject"], names, PartyKind(kind) if kind else None, born, nations, documents, wallets), []


def read_transfers(data: bytes, file: str) -> list[Transfer]:
    """Past transfers, in the file's order; raises InputErrors."""
    problems: list[InputProblem] = []
    transfers = []
    for row, said in _rows(data, file, _TRANSFER_COLUMNS, 4, problems):
        try:
            to_seconds(said["at"])
        except FormatError as error:
            problems.append(InputProblem(file, str(error), "Write the time in UTC.", row=row, column="at"))
        if not said["transfer"] or not said["subject"]:
            problems.append(InputProblem(file, "the transfer or its customer has no id", "Give both.", row=row))
        transfers.append(Transfer(said["transfer"], said["at"], said["subject"], _parts(said["address"])))
    if problems:
        raise InputErrors(problems)
    return transfers


def _parts(text: str) -> tuple[str, ...]:
    return tuple(part for piece in text.split(";") if (part := piece.strip()))


def _rows(
    data: bytes, file: str, columns: Sequence[str], needed: int, problems: list[InputProblem]
) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows by column, each with its line; the first `needed` columns must be there, and no other than `columns`."""
    try:
        reader = csv.reader(io.StringIO(data.decode("utf-8-sig"), newline=""), strict=True)
        header = [name.strip() for name in next(reader, [])]
        odd = [name for name in header if name not in columns]
        missing = [name for name in columns[:needed] if name not in header]
        if odd or missing or len(set(header)) != len(header):
            remedy = f"The header is {','.join(columns)}; the first {needed} are needed."
            problems.append(InputProblem(file, f"the header is {','.join(header)[:100]!r}", remedy, row=1))
            return
        for row in reader:
            if len(row) != len(header):
                problem = f"the row has {len(row)} fields and the header {len(header)}"
                problems.append(InputProblem(file, problem, "Give every column.", row=reader.line_num))
            elif any(field.strip() for field in row):
                yield reader.line_num, dict(zip(header, (field.strip() for field in row), strict=True))
    except UnicodeDecodeError:
        problems.append(InputProblem(file, "the file is not UTF-8", "Save it as UTF-8."))
    except csv.Error as error:
        problems.append(InputProblem(file, f"this is not CSV: {error}", "Save it as CSV again."))
