"""OFAC's CSV files: sdn.csv or cons_prim.csv with their alt, add and comments files, all four or nothing.

No header; twelve, five, six and two columns; `-0-` is nothing. The comments file goes on where a remark of a thousand
characters broke off, in the middle of a word if need be: without it listed wallets are lost, so it may not be missing.
Postal addresses are read for their form and not kept: nothing matches on them. Source: OFAC's data specification.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from compliance.screening.loaders.ofac_words import read_remarks
from compliance.screening.loaders.reading import ListFile, Loaded, Refusals, is_number
from compliance.screening.parties import ListedName, ListedParty, NameQuality, PartyKind
from ledger.errors import InputError, InputErrors, InputProblem

__all__ = ["FAMILIES", "load_ofac_csv"]

FAMILIES: Final[Mapping[str, tuple[str, tuple[str, str, str, str]]]] = {
    "OFAC-SDN": ("Specially Designated Nationals", ("sdn.csv", "alt.csv", "add.csv", "sdn_comments.csv")),
    "OFAC-NONSDN": ("Consolidated", ("cons_prim.csv", "cons_alt.csv", "cons_add.csv", "cons_comments.csv")),
}
_WIDTHS: Final = (12, 5, 6, 2)
_KINDS: Final = {"individual": PartyKind.PERSON, "vessel": PartyKind.VESSEL, "aircraft": PartyKind.AIRCRAFT,
                 "": PartyKind.ENTITY}  # fmt: skip


def load_ofac_csv(list_id: str, files: Mapping[str, ListFile]) -> Loaded:
    """Read a family of four files, by their lower-case names; raises InputErrors with everything that is wrong."""
    wanted = FAMILIES[list_id][1]
    missing = [name for name in wanted if name not in files]
    if missing:
        given = next(iter(files.values())).name
        remedy = f"Give {', '.join(wanted)} together: a part of them would hide aliases and wallets."
        raise InputError(given, f"{', '.join(missing)} is missing beside it", remedy)
    tables: list[list[tuple[int, list[str]]]] = []
    problems: list[InputProblem] = []
    refusals = [Refusals(files[name].name) for name in wanted]
    for name, width, refusal in zip(wanted, _WIDTHS, refusals, strict=True):
        try:
            tables.append(_table(files[name], width, refusal))
        except InputErrors:
            tables.append([])
    primary, aliases, addresses, comments = tables
    known = {row[0] for _, row in primary}
    for table, refusal in zip(tables[1:], refusals[1:], strict=True):
        for line, row in table:
            if row[0] not in known:
                refusal.refuse(line, f"entry {row[0]} is not in {wanted[0]}", "Get all files of one day.")
    assert addresses is not None
    more: dict[str, str] = {}
    for _, row in comments:
        more[row[0]] = more.get(row[0], "") + row[1]
    names: dict[str, list[str]] = {}
    for _, row in aliases:
        names.setdefault(row[0], []).append(row[3])
    parties: dict[str, ListedParty] = {}
    for line, row in primary:
        party = _party(list_id, refusals[0], line, row, names.get(row[0], []), more.get(row[0], ""))
        if party is not None and party.party_id in parties:
            refusals[0].refuse(line, f"entry {row[0]} stands in the file twice")
        elif party is not None:
            parties[party.party_id] = party
    problems = [problem for refusal in refusals for problem in refusal.problems]
    if not parties and not problems:
        raise InputError(files[wanted[0]].name, "the list has no entries", "Get the file from OFAC again.")
    if problems:
        raise InputErrors(problems)
    return Loaded(list_id, "", tuple(parties.values()))


def _table(file: ListFile, width: int, refusals: Refusals) -> list[tuple[int, list[str]]]:
    """The rows of one file that have their width and a number; a comments file may be empty."""
    if width == _WIDTHS[-1] and not file.data.strip():
        return []
    table = []
    for line, row in refusals.rows(file.data, ","):
        row = ["" if field.strip() == "-0-" else field.strip() for field in row] if width != 2 else row
        if len(row) != width:
            refusals.refuse(line, f"the row has {len(row)} fields instead of {width}")
        elif not is_number(row[0].strip()):
            refusals.refuse(line, f"the entry's number is {row[0][:20]!r}")
        elif width == 5 and not row[3]:
            refusals.refuse(line, "the alias has no name")
        else:
            table.append((line, [row[0].strip(), *row[1:]]))
    return table


def _party(
    list_id: str, refusals: Refusals, line: int, row: list[str], aliases: list[str], more: str
) -> ListedParty | None:
    identity, name, kind, programmes = row[:4]
    if not name or kind.casefold() not in _KINDS:
        refusals.refuse(line, "the entry has no name" if not name else f"the entry is of kind {kind[:20]!r}")
        return None
    said = read_remarks(row[11] + more)
    names = [ListedName(name, NameQuality.PRIMARY), *(ListedName(alias, NameQuality.STRONG) for alias in aliases)]
    return ListedParty(
        list_id=list_id,
        party_id=identity,
        kind=_KINDS[kind.casefold()],
        names=tuple(dict.fromkeys([*names, *said.aliases])),
        births=said.births,
        birthplaces=said.birthplaces,
        nationalities=said.nationalities,
        documents=said.documents,
        wallets=said.wallets,
        programmes=tuple(text for text in programmes.replace("[", "").split("] ") if text),
    )
