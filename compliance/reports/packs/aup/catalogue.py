"""The procedures by number, and exactly what is done for each: the numbers stay the same in every report.

`key` is the name of a check of the audit (docs/spec/verification.md) or of a procedure of compliance.procedures. Words
are in the past tense of work done; a procedure that was not performed is shown with its reason instead.
"""

from __future__ import annotations

from typing import Final, NamedTuple

__all__ = ["PROCEDURES", "SECTIONS", "Wording"]


class Wording(NamedTuple):
    """`files`: what the procedure read, by how their paths in a bundle begin; `absent`: why it may be missing."""

    number: str
    key: str
    words: str
    files: tuple[str, ...]
    absent: str = "not reached in the bundles handed over"


SECTIONS: Final = (
    "Statement and chain",
    "What is owed: completeness and recomputation",
    "What is held",
    "Cut-off",
    "Execution of the command log",
    "Books beside the evidence",
    "Hours before and after",
)
_A, _L, _E = ("attestation.json",), ("attestation.json", "liabilities/"), ("attestation.json", "reserves/")
_R = ("attestation.json", "liabilities/", "replay/")
_OUTSIDE: Final = "the statement has no such section: the books are kept outside the engine"
_LOG: Final = "not asked for: the log is executed with --replay, where replay/ was handed over"

PROCEDURES: Final = (
    Wording("1.1", "form", "Read attestation.json byte by byte against its format and hashed each section again; "
            "compared the hashes with the signed statement.", _A),
    Wording("1.2", "signature", "Hashed the statement again and verified the Ed25519 signature under the exchange's "
            "public key that was given, or under one that signed rotations lead to.", _A),
    Wording("1.3", "manifest", "Hashed every file of the bundle, rebuilt the manifest's Merkle root, verified its "
            "signature, and looked for files that are not listed.", ("manifest.json",)),
    Wording("1.4", "chain", "Compared each statement's number, hour and named predecessor with the statement before "
            "it; looked for two statements of one number and for restatements.", _A),
    Wording("1.5", "sections", "Compared the names of the signed sections with those that the procedures know.", _A),
    Wording("1.6", "same-root", "Compared the statement's fingerprint with that seen by other readers, by a way that "
            "the exchange does not control.", _A),
    Wording("1.7", "missed", "Listed each hour that has no statement of balances, with the signed reason.", _A,
            "no hour was stated as missed"),
    Wording("1.8", "failed", "Listed each hour at which the exchange stated an assertion of its own as failed.", _A,
            "no hour was stated as failed"),
    Wording("2.1", "accounts", "Read every account id; looked for ids that stand twice or break the rules, and for "
            "accounts without a leaf.", _L),
    Wording("2.2", "leaves", "Counted the leaves of each tree; looked for two of one account and for leaves of zero.",
            _L),
    Wording("2.3", "trees", "Made each commitment, leaf, inner node and asset root again and compared the roots with "
            "the signed ones.", _L),
    Wording("2.4", "sums", "Added claims and debts of every leaf, apart from each other, and compared the sums with "
            "the signed totals.", _L),
    Wording("2.5", "statements", "Added the lines of each subaccount to their leaf, made every customer's statement "
            "and the account root again, and compared with the signed root.", _L),
    Wording("2.6", "sample-leaves", "Drew leaves by the seed; for each made its proof and gave it, with the account's "
            "id alone, to the verifier that customers run, which recomputed commitment, inclusion and statement.", _L),
    Wording("2.7", "included", "Looked for each id of the list that the practitioner brought (accounts of their own, "
            "accounts drawn from the exchange's systems) among the accounts that own a leaf.", _L),
    Wording("2.8", "zero-sum", "Added up each row of the ledger's report and compared its claims and debts with the "
            "signed trees.", _A, _OUTSIDE),
    Wording("3.1", "evidence", "Hashed reserves/evidence.json and compared with the signed digest; paired its rows "
            "one to one with the signed rows.", _E),
    Wording("3.2", "balances", "Hashed each block header from its fields, followed each account and storage proof "
            "from its state root, and compared the balance with the signed one.", _E),
    Wording("3.3", "control", "Rebuilt the challenge of this exchange and period for each reserve address and "
            "recovered the signing address from each signature.", _E),
    Wording("3.4", "double", "Compared chain, contract and address of all rows, however spelled; looked for wrapped "
            "assets beside what they wrap.", _E),
    Wording("3.5", "unread", "Listed the reserves that the statement says could not be read; they count nothing.",
            _A, "no reserve was stated as unread"),
    Wording("3.6", "sample-reserves", "Drew signed reserve rows by the seed; set the signed balance beside the one "
            "that the evidence gives, with how control was shown.", _E),
    Wording("3.7", "mix", "Counted reserve rows by the kind of their proof of control; listed each row without one.",
            _E),
    Wording("3.8", "prices", "Listed prices and haircuts of the figure net of debts and compared them with a source "
            "of the practitioner's own.", _A),
    Wording("4.1", "block", "Compared the hash of each block, or of its child, with the hash that the practitioner "
            "gave or an endpoint of their own answered.", _E),
    Wording("4.2", "cutoff", "Compared the times of each block and of its child with the signed cut-off: the block "
            "is the last one not after it.", _E),
    Wording("4.3", "hours", "Ordered the hours of the signed statements and looked for hours between the first and "
            "the last without a statement.", _A),
    Wording("4.4", "around-cut", "Read the last command before each cut, the cut, and the first command after it; "
            "compared positions and hashes with the signed ones and times with the hour.", ("replay/log.bin",)),
    Wording("4.5", "in-flight", "Reconciled reserves with the ledger's custody through the signed list of movements "
            "in flight; listed what it leaves unexplained.", _A),
    Wording("5.1", "replay-start", "Compared the checkpoint that the log begins at with the genesis document, or with "
            "the state that the statement before it signed.", _R, _LOG),
    Wording("5.2", "replay", "Executed the command log in a fresh engine and compared position, head, state, rule set "
            "and parameters with the signed ones.", _R, _LOG),
    Wording("5.3", "replay-balances", "Compared each balance of the executed log with its leaf, and looked for "
            "balances without a leaf and leaves without a balance.", _R, _LOG),
    Wording("5.4", "replay-trees", "Built the trees from the amounts of the executed log and compared the roots.", _R,
            _LOG),
    Wording("5.5", "replay-statements", "Built each statement from the lines of the executed log and compared the "
            "account root.", _R, _LOG),
    Wording("5.6", "sample-movements", "Drew deposits and withdrawals of the log by the seed; for each verified its "
            "place in the hash chain, its signatures and its window, and looked for a second credit of one receipt.",
            ("replay/log.bin",)),
    Wording("5.7", "replay-lending", "Stated debts, what counts of them, positions and prices again from the executed "
            "log and compared them with the signed sections.", _R, "the exchange stated no debts and no derivatives"),
    Wording("6.1", "books", "Read custody, amounts in transit, debts and receivables beside claims and house, as the "
            "exchange signed them; listed each deficit.", _A),
    Wording("6.2", "net", "Read the figure net of customers' debts. No other procedure uses it.", _A),
    Wording("6.3", "lending", "Added up the signed rows of debts, lent amounts and related debts, compared them with "
            "the trees, and computed again from the leaves the most that could count of each debt.", _A,
            "the exchange stated no debts"),
    Wording("6.4", "markets", "Compared long and short open interest of each derivative market, and listed markets "
            "without a valid mark.", _A, "the exchange stated no derivative market"),
    Wording("7.1", "window", "Set reserves beside gross claims, per asset and hour, for all hours handed over; listed "
            "each hour with claims above reserves, and each that is covered while both hours around it are not.", _E),
)  # fmt: skip
assert len({each.key for each in PROCEDURES}) == len({each.number for each in PROCEDURES}) == len(PROCEDURES)
assert {int(each.number.partition(".")[0]) for each in PROCEDURES} == set(range(1, len(SECTIONS) + 1))
