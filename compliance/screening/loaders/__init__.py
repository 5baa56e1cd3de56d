"""The official files of sanctions lists, told apart by what they are and not by where they lie.

In: files with their names and bytes. Out: one `Loaded` for each list, all parties in one form. A file that is wrong
raises InputErrors with its name, line and remedy, and then nothing is loaded, of no file.

    SDN.XML, CONSOLIDATED.XML            sdnList                       ofac_xml
    SDN_ADVANCED.XML, CONS_ADVANCED.XML  Sanctions                     ofac_advanced
    sdn.csv alt.csv add.csv sdn_comments.csv, cons_prim.csv and so on  ofac_csv, by file name: they have no header
    consolidated.xml of the UN           CONSOLIDATED_LIST             un_xml
    xmlFullSanctionsList_1_1, its CSV    export; fileGenerationDate;   eu

OFAC's XML files do not say which of the two lists they hold: a file whose name begins with `cons` is the consolidated
list of non-SDN parties.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import PurePath

from compliance.screening.loaders.eu import load_eu_csv, load_eu_xml
from compliance.screening.loaders.ofac_advanced import load_advanced_xml
from compliance.screening.loaders.ofac_csv import FAMILIES, load_ofac_csv
from compliance.screening.loaders.ofac_xml import load_sdn_xml
from compliance.screening.loaders.reading import ListFile, Loaded, Refusals
from compliance.screening.loaders.un_xml import load_un_xml
from ledger.errors import InputErrors, InputProblem

__all__ = ["ListFile", "Loaded", "load_files"]

_START = re.compile(rb"<([A-Za-z_][A-Za-z0-9_.:-]*)")
_REMEDY = "Give SDN.XML, SDN_ADVANCED.XML, OFAC's CSV files, the UN's consolidated.xml, or the EU's list 1.1."


def load_files(files: Sequence[ListFile]) -> list[tuple[Loaded, tuple[ListFile, ...]]]:
    """Each list with the files that it came from, in the order given; raises InputErrors with every problem of all."""
    problems: list[InputProblem] = []
    found: list[tuple[Loaded, tuple[ListFile, ...]]] = []
    for group in _groups(files):
        try:
            found.append((_load(group), group))
        except InputErrors as error:
            problems += error.problems
    for list_id in {loaded.list_id: None for loaded, _ in found}:
        names = [group[0].name for loaded, group in found if loaded.list_id == list_id]
        if len(names) > 1:
            problems.append(InputProblem(names[1], f"list {list_id} was given twice", "Give each list in one format."))
    if problems:
        raise InputErrors(problems)
    return found


def _family(file: ListFile) -> str | None:
    name = PurePath(file.name).name.casefold()
    return next((list_id for list_id, (_, names) in FAMILIES.items() if name in names), None)


def _groups(files: Sequence[ListFile]) -> list[tuple[ListFile, ...]]:
    groups: dict[object, list[ListFile]] = {}
    for position, file in enumerate(files):
        groups.setdefault(_family(file) or position, []).append(file)
    return [tuple(group) for group in groups.values()]


def _load(group: tuple[ListFile, ...]) -> Loaded:
    file = group[0]
    if family := _family(file):
        names = [PurePath(each.name).name.casefold() for each in group]
        if len(set(names)) != len(names):
            raise InputErrors([InputProblem(file.name, "a file of the set was given twice", "Give each once.")])
        return load_ofac_csv(family, dict(zip(names, group, strict=True)))
    if file.data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return _load_xml(file)
    if b"Entity_LogicalId" in file.data[:20_000]:
        return load_eu_csv(file)
    raise InputErrors([InputProblem(file.name, "this is no sanctions list that is known here", _REMEDY)])


def _load_xml(file: ListFile) -> Loaded:
    # The first start tag, read without parsing: these files are large and are parsed once, by their loader.
    tag = _START.search(file.data)
    root = "" if tag is None else tag[1].decode().rpartition(":")[2]
    list_id = "OFAC-NONSDN" if PurePath(file.name).name.casefold().startswith("cons") else "OFAC-SDN"
    if root == "sdnList":
        return load_sdn_xml(list_id, file)
    if root == "Sanctions":
        return load_advanced_xml(list_id, file)
    if root == "CONSOLIDATED_LIST":
        return load_un_xml(file)
    if root == "export":
        return load_eu_xml(file)
    Refusals(file.name).xml(file.data)  # what is no XML at all is told so, with its line
    problem = f"this is XML of another kind: {root[:60]}"
    raise InputErrors([InputProblem(file.name, problem, _REMEDY, row=1)])
