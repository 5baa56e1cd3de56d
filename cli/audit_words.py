"""What each check of an audit asks, recomputes and reads, and what a reader can do where it stayed unchecked.

Words alone, one row a check; docs/spec/verification.md is the rule. A name that is not here is still shown, with words
that say so.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from typing import NamedTuple

__all__ = ["LIMITS", "CheckWords", "remedy", "words_of"]


class CheckWords(NamedTuple):
    """`asks` for people, `recomputes` for whoever repeats it, `files` relative to the bundle, `remedy` if unchecked."""

    asks: str
    recomputes: str
    files: str
    remedy: str


_STATEMENT = "attestation.json"
_LEAVES = "liabilities/, attestation.json"
_EVIDENCE = "reserves/evidence.json, attestation.json"
_HAND_OVER = (
    "Ask the exchange for the folder liabilities/ of this hour, put it into the bundle, and repeat the command. "
)
_PRIVATE = "It names accounts and balances, so it is for auditors only."

_WORDS: Mapping[str, CheckWords] = {
    "form": CheckWords(
        "Is the attestation written exactly as its format says?",
        "Reads the file byte by byte against its format; hashes every section again and compares with the statement.",
        _STATEMENT,
        "Ask the exchange for the attestation as it was published.",
    ),
    "signature": CheckWords(
        "Did the exchange sign it, under the key that you hold?",
        "Hashes the statement again and checks the Ed25519 signature under your key, or one that rotations lead to.",
        "attestation.json, your own key file",
        "Give the exchange's key, from a source of your own, with --key FILE.",
    ),
    "manifest": CheckWords(
        "Are these all the files of the bundle, unchanged?",
        "Hashes every file, rebuilds the list's Merkle root, checks its signature, and looks for files not listed.",
        "manifest.json and every file it lists",
        "Ask the exchange for the whole bundle with its manifest.json.",
    ),
    "missed": CheckWords(
        "Why is there no statement of balances for this hour?",
        "Reads the reason that the exchange signed. The reason itself is its word alone.",
        _STATEMENT,
        "Ask the exchange why the hour was missed.",
    ),
    "failed": CheckWords(
        "Did the exchange find a fault of its own at this hour?",
        "Reads which assertion failed and where its log stood. No root was signed, so there is nothing to recompute.",
        _STATEMENT,
        "Ask the exchange what was wrong, and for the restatement of this hour once it is put right.",
    ),
    "accounts": CheckWords(
        "Is every account there once, under one id?",
        "Reads every account id, looks for ids that stand twice or break the rules, and for accounts without a leaf.",
        _LEAVES,
        _HAND_OVER + _PRIVATE,
    ),
    "leaves": CheckWords(
        "Are the leaves the ones whose number was signed?",
        "Counts the leaves of each tree, and looks for two of one account and for leaves of zero and zero.",
        _LEAVES,
        _HAND_OVER + _PRIVATE,
    ),
    "trees": CheckWords(
        "Do the leaves hash up to the signed roots?",
        "Makes every commitment from id and salt, every leaf, every node and every asset root again.",
        _LEAVES,
        _HAND_OVER + _PRIVATE,
    ),
    "sums": CheckWords(
        "Do the balances add up to the signed claims and debts?",
        "Adds up claims and debts of every leaf, apart from each other, and compares with the signed totals.",
        _LEAVES,
        _HAND_OVER + _PRIVATE,
    ),
    "statements": CheckWords(
        "Do customers' statements say the same as the trees?",
        "Adds the lines of every subaccount to their leaf, makes every statement and the account root again.",
        _LEAVES,
        _HAND_OVER + _PRIVATE,
    ),
    "evidence": CheckWords(
        "Is the reserve evidence the one that was signed?",
        "Hashes the evidence file and compares with the signed digest; pairs its rows one to one with the signed rows.",
        _EVIDENCE,
        "Ask the exchange for reserves/evidence.json of this hour; it is public.",
    ),
    "balances": CheckWords(
        "Do the reserve balances follow from their proofs?",
        "Hashes the block header from its fields, follows each account and storage proof from its state root.",
        _EVIDENCE,
        "Ask the exchange for state proofs of its reserve addresses.",
    ),
    "control": CheckWords(
        "Did the keys of the reserve addresses sign this period's challenge?",
        "Rebuilds the challenge for this exchange and period, and recovers the signing address from each signature.",
        _EVIDENCE,
        "Ask the exchange to sign this period's challenge with every reserve address. For contract wallets give "
        "--rpc CHAIN=URL with an endpoint of your own. Where a challenge names an earlier statement, put that one's "
        "bundle into the same run.",
    ),
    "block": CheckWords(
        "Is that block really on that chain, and final?",
        "Compares the header's hash with the hash that you gave, or with what your own endpoint answers.",
        "reserves/evidence.json, and what you bring: --block or --rpc",
        "Look up the block's child, the next one, where you trust it and give its hash with --block CHAIN=HASH; or "
        "ask an endpoint of your own with --rpc CHAIN=URL. No file from the exchange can settle this.",
    ),
    "cutoff": CheckWords(
        "Is it the last block before the cut-off, and not one picked?",
        "Compares the times of the block and of its child with the signed cut-off.",
        _EVIDENCE,
        "Give the hash of the block's child, the next block on the chain, with --block CHAIN=HASH, or an endpoint of "
        "your own with --rpc CHAIN=URL.",
    ),
    "double": CheckWords(
        "Is anything counted twice?",
        "Compares chain, contract and address of all rows; looks for wrapped assets beside what they wrap.",
        _EVIDENCE,
        "Read what was found and ask the exchange which of the two stands behind the customers' claims.",
    ),
    "books": CheckWords(
        "How do the exchange's books stand beside its reserves?",
        "Reads the signed rows: custody, in transit, debts and receivables against claims and house. "
        "Books are the exchange's word.",
        _STATEMENT,
        "Ask the exchange to state its books beside its reserves.",
    ),
    "zero-sum": CheckWords(
        "Does the exchange's own ledger sum to zero in every asset?",
        "Adds up each row of the ledger's report and compares its claims and debts with the signed trees. "
        "The other lines are the exchange's word until its log is replayed.",
        _STATEMENT,
        "Ask the exchange for its zero-sum report of this hour.",
    ),
    "in-flight": CheckWords(
        "What lies between the ledger at the cut and the chains at their blocks?",
        "Adds up the listed transactions and states what they leave unexplained. The list is the exchange's word.",
        _STATEMENT,
        "Look up the listed transactions on their chains.",
    ),
    "unread": CheckWords(
        "Which reserves could not be read at this hour?",
        "Reads the signed list. They count nothing, and no older balance stands in their place.",
        _STATEMENT,
        "Ask the exchange to restate the hour when it can read these addresses again.",
    ),
    "lending": CheckWords(
        "What do customers owe, and what stands behind it?",
        "Adds up the stated debts against the signed trees and, with the leaves, holds the debts that count against "
        "each wallet's collateral at the stated prices. The figure net of debts is the exchange's word.",
        _STATEMENT,
        "Ask for liabilities/ and replay/: the leaves bound the figure, and the log shows whose debts they are.",
    ),
    "markets": CheckWords(
        "Which derivative positions stand, and what of them is not settled?",
        "Compares long and short open interest and reads which markets have no valid mark. "
        "The sizes are the exchange's word until its log is replayed.",
        _STATEMENT,
        "Ask for replay/ and audit with --replay.",
    ),
    "net": CheckWords(
        "Is a figure net of customers' debts stated?",
        "Reads the signed rows. It is never more than claimed, and no verdict rests on it.",
        _STATEMENT,
        "Nothing is missing: the gross figure, which counts, stands without it.",
    ),
    "sections": CheckWords(
        "Does this program know everything that was signed?",
        "Compares the sections' names with those that it has rules for.",
        _STATEMENT,
        "Repeat the command with a newer version of this program.",
    ),
    "replay": CheckWords(
        "Does the exchange's own log lead to these balances?",
        "Runs the command log from its checkpoint again and compares state and balances.",
        "replay/",
        "If the exchange keeps its books in Tallystick, ask for the folder replay/. If it keeps them elsewhere "
        "there is no such log, and this stays unchecked.",
    ),
    "same-root": CheckWords(
        "Did everybody get the same statement?",
        "Nothing: one reader alone cannot know. The fingerprint is there to be compared.",
        _STATEMENT,
        "Compare the fingerprint with customers of the exchange and with other auditors, by a way that the exchange "
        "does not control.",
    ),
    "chain": CheckWords(
        "Do the statements follow each other without gap or fork?",
        "Compares each statement's number, hour and named predecessor with the one before it.",
        "attestation.json of every bundle",
        "Name the missing bundles in the same command: tallystick audit BUNDLE BUNDLE ... With all of them, from "
        "number 0 on, the whole chain is checked.",
    ),
}

LIMITS: Sequence[tuple[str, str]] = (
    (
        "One moment.",
        "Everything here is about the cut-off of the hours named. What happened before or after is not in it.",
    ),
    (
        "Who was left out.",
        (
            "Sums are of the leaves there are. Whether a customer's claim is among them only that customer can tell, "
            "with the proof of their own."
        ),
    ),
    (
        "Borrowed or pledged.",
        "Reserves can be borrowed for the moment, or pledged to somebody else. No chain shows that.",
    ),
    (
        "Control is not ownership.",
        (
            "A signature shows that somebody who has the key answered this period's challenge. It does not show whose "
            "money it is, nor who else has the key."
        ),
    ),
    (
        "Other obligations.",
        (
            "What the exchange owes to others than these customers is not here, so nothing here says whether it can "
            "pay everyone."
        ),
    ),
    (
        "Only claimed stays claimed.",
        "A line that is marked claimed is the exchange's word, however exact its digits are.",
    ),
)

_BASIS = ("form", "signature")
_LIABILITIES = ("accounts", "leaves", "trees", "sums", "statements")
_ON_EVIDENCE = ("balances", "control", "block", "cutoff", "double")


def words_of(name: str) -> CheckWords:
    """The words for a check; for a name that is not known here, words that say so."""
    return _WORDS.get(name) or CheckWords(
        "A check that this page has no words for.",
        "See docs/spec/verification.md of the version that made the findings.",
        "not known to this page",
        "See docs/spec/verification.md of the version that made the findings.",
    )


def remedy(name: str, results: Mapping[str, str], assurances: Mapping[str, str | None], chains: Sequence[str]) -> str:
    """What a reader can do about an unchecked check, from what its bundle's other checks came to.

    `chains` are those whose block this reader has not confirmed.
    """
    if name not in _BASIS:
        failed = [basis for basis in _BASIS if results.get(basis) == "fail"]
        if failed:
            return f"Comes after {' and '.join(failed)}, which failed: nothing below them can be trusted."
    if name in _LIABILITIES:
        failed = [other for other in _LIABILITIES if results.get(other) == "fail"]
        if failed:
            return f"Comes after {' and '.join(failed)}, which failed."
    if name in _ON_EVIDENCE:
        if results.get("evidence") == "fail":
            return "Comes after evidence, which failed."
        if results.get("evidence") == "unchecked":
            return words_of("evidence").remedy
        if assurances.get("evidence") == "claimed" and results.get("signature") == "pass":
            return "The exchange offers no evidence for its reserves: ask it to publish proofs from a block."
    if name == "block" and chains:
        options = " ".join(f"--block {shlex.quote(chain)}=HASH" for chain in chains)
        return f"{words_of(name).remedy} For this bundle: {options}"
    return words_of(name).remedy
