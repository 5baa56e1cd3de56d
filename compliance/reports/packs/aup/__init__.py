"""The pack of agreed-upon procedures: what a practitioner was asked to do with bundles, and what each step found.

In: `ProceduresInput` (outcomes of compliance.procedures, samples, hashes of files). Out: a `Pack` with one document. It
follows the form that ISRS 4400 (Revised) and AT-C 215 give such reports: procedures and findings one by one, every
exception listed, no opinion and no conclusion. Everything that only the practitioner can say (engaging party,
addressee, independence, agreement to the procedures, signature) is a slot to fill in, and stays empty here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

from compliance.facts import moment_text
from compliance.reports.document import Block, Column, Document, SignOff, Table
from compliance.reports.json_ import pack_json
from compliance.reports.pack import PackData, PackHeader
from compliance.reports.packs.aup import tables
from compliance.reports.packs.aup.catalogue import SECTIONS
from compliance.reports.packs.aup.findings import EXCEPTION, NONE_FOUND, UNPERFORMED, Found, findings, procedure_of
from compliance.reports.packs.aup.inputs import ProceduresInput
from compliance.reports.packs.blocks import named
from compliance.reports.packs.pack import Pack
from compliance.rules import RuleSet

__all__ = ["KINDS", "RULES", "TITLE", "pack"]

KINDS: Final = ("procedures",)
TITLE: Final = "Agreed-upon procedures: findings on evidence bundles, unaudited"
RULES: Final = RuleSet("aup", "agreed-upon procedures on evidence bundles", "1", ())
"""No rule is judged: procedures have findings, and what they mean is the reader's to say."""
_OPEN: Final = "(to be stated by the practitioner)"
_SLOTS: Final = (
    ("Engaging party", _OPEN),
    ("Addressee, and other intended users", _OPEN),
    ("Responsible party (the exchange)", _OPEN),
    ("Purpose of the engagement", _OPEN),
    ("Who agreed to the procedures as appropriate to that purpose, and when", _OPEN),
    ("Practitioner, firm, place", _OPEN),
    ("Independence and ethical requirements that were complied with, or that none apply", _OPEN),
    ("Quality management that applies to the firm", _OPEN),
    ("When and how the seed was fixed and published", _OPEN),
    ("Where the exchange's public key was had from", _OPEN),
)
_LIMITS: Final = (
    (
        "Procedures and findings only. No opinion, conclusion or other assurance is expressed on the subject, "
        "and none may be read into a procedure without exception."
    ),
    "The procedures are those listed. With more or other procedures other matters might have come to notice.",
    "Whether the procedures suffice for any purpose is for those who agreed to them.",
    (
        "The bundles are the subject. Whether a customer, a debt or a wallet was left out of them altogether, no "
        "procedure on bundles alone can find, but for the ids that the practitioner brought."
    ),
    "Control of an address is not ownership. That reserves are borrowed, lent or pledged, no chain shows.",
    "A sample says nothing certain of items that were not drawn.",
    "What is marked claimed is the exchange's word, however exact its digits are.",
    "The pack names accounts and balances. It is to be kept as closely as the bundles' folder liabilities/.",
)


def pack(data: ProceduresInput, kind: str = KINDS[0]) -> Pack:
    """The pack; `kind` is one of KINDS."""
    assert kind in KINDS, kind
    found = findings(data.performed.outcomes)
    blocks = tuple(_blocks(data, found))
    entity = ", ".join(data.entities) or data.exchange
    header = PackHeader(
        "aup", f"aup-{kind}", data.exchange, entity, data.start.isoformat(), data.end.isoformat(),
        moment_text(data.prepared),
    )  # fmt: skip
    own_tables = tuple(block.table for block in blocks if block.table is not None)
    charts = tuple(chart for block in blocks for chart in block.charts)
    whole = PackData(header, RULES, (), own_tables, charts, data.evidence)
    counts = {status: sum(each.status == status for each in found) for status in (NONE_FOUND, EXCEPTION, UNPERFORMED)}
    document = Document(
        language="en",
        title=TITLE,
        subtitle=f"{data.exchange} · {len(data.bundles)} bundles · {data.start} – {data.end}",
        facts=(
            ("Exchange", data.exchange),
            ("Entities", entity),
            ("Statements of", f"{data.start} to {data.end}"),
            ("Prepared (UTC)", moment_text(data.prepared)),
            ("Without exception", f"{counts[NONE_FOUND]} of {len(found)} procedures"),
            (
                "With exceptions",
                f"{counts[EXCEPTION]} procedures, {sum(len(each.exceptions) for each in found)} exceptions",
            ),
            ("Not wholly performed", f"{counts[UNPERFORMED]} procedures"),
            ("Seed of the samples", data.seed),
            ("Exchange's public key", data.key or "none was given"),
            ("Made by", data.engine),
            ("SHA-256, pack.json", hashlib.sha256(pack_json(whole)).hexdigest()),
        ),
        blocks=blocks,
        prepared=moment_text(data.prepared),
        footer=f"{TITLE} · {data.exchange} · {data.start} – {data.end}",
        contents=True,
    )
    return Pack("aup", TITLE, whole, {kind: document})


def _blocks(data: ProceduresInput, found: Sequence[Found]) -> list[Block]:
    told = tuple(each for each in found if each.exceptions)
    blocks = [
        _engagement(),
        Block(
            "Subject matter",
            2,
            (
                "The evidence bundles below, as they were handed over. Nothing else of the exchange was looked at.",
                f"The procedures are performed again by: {data.command}",
            ),
            tables.bundles_table(data),
        ),
        Block("Summary", 2, (_SUMMARY,), tables.summary_table(found)),
        Block("Exceptions", 2, () if told else ("None was found by the procedures that were performed.",),
              tables.exceptions_table(found) if told else None),
        Block("Not performed, and why", 2, (_UNPERFORMED,), tables.unperformed_table(found)),
    ]  # fmt: skip
    for number, heading in enumerate(SECTIONS, 1):
        mine = [each for each in found if each.wording.number.startswith(f"{number}.")]
        blocks.append(
            Block(f"{number}. {heading}", 2, procedures=tuple(procedure_of(each, data.evidence) for each in mine))
        )
        blocks += _details(number, data)
    blocks += [
        Block("Outcome of each procedure for each bundle", 2, table=tables.outcomes_table(data)),
        Block("What these findings are, and what they are not", 2, items=_LIMITS),
        Block("Signature", 2, sign_offs=(SignOff("Practitioner", statement=_SIGNED), SignOff("Reviewer"))),
        Block("Appendix: every file handed over, by its hash", 2, (_EVIDENCE,), evidence=data.evidence),
    ]
    return blocks


_SUMMARY: Final = (
    "No exception: performed for every bundle, and found as the procedure says. Exception: at least one, listed below. "
    "Unchecked: not performed, or not for every bundle; the reasons are listed. The numbers of procedures are the same "
    "in every report."
)
_UNPERFORMED: Final = "A procedure that is listed here gives no finding for the bundle named."
_SIGNED: Final = (
    "I have performed the procedures listed as performed, which were agreed to, and report the findings above. They "
    "are no audit, review or other assurance engagement."
)
_EVIDENCE: Final = "Run the commands in the folder that holds the bundles under these names."


def _engagement() -> Block:
    columns = (Column("What", "text", 40), Column("Stated by the practitioner", "text", 40))
    words = (
        (
            "An agreed-upon procedures engagement involves performing procedures that were agreed to with the engaging "
            "party, and reporting the findings. This draft has the form that ISRS 4400 (Revised) and AT-C section 215 "
            "give such reports; it becomes a report of theirs only through the practitioner who completes and signs it."
        ),
        "What no program can state is left open here.",
    )
    return Block("Engagement", 2, words, named("engagement", "To be completed", columns, _SLOTS))


def _details(number: int, data: ProceduresInput) -> list[Block]:
    """The samples and figures behind a section's findings."""
    done = data.performed
    drawn = "Drawn by the seed; docs/spec/sampling.md says how to draw the same places again."
    found: list[tuple[str, str, Table]] = []
    if number == 2 and done.leaves:
        found.append(("Leaves drawn (2.6)", drawn, tables.leaves_table(data)))
    if number == 3 and done.rows:
        found.append(("Reserve rows drawn (3.6)", drawn, tables.rows_table(data)))
    if number == 4 and done.cuts:
        found.append(("Commands around each cut (4.4)", "As the logs handed over hold them.", tables.cuts_table(data)))
    if number == 5 and done.movements:
        found.append(("Deposits and withdrawals drawn (5.6)", drawn, tables.movements_table(data)))
    blocks = [Block(heading, 3, (words,), table) for heading, words, table in found]
    if number == 7 and done.points:
        words = "Reserves are the rows' balances as this reader holds them, of any assurance; claims are gross."
        charts = tuple(tables.window_chart(data))
        blocks.append(Block("Figures of each hour (7.1)", 3, (words,), tables.window_table(data), charts=charts))
    return blocks
