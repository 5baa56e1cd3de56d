"""The findings of an audit as a page that a person reads: `tallystick audit --html FILE`.

In: the report of `AuditReport.as_json()` and the command that made it. Out: one self-contained page, the same bytes for
the same findings. Every figure and word is made here and in the modules beside it; the template only shows them.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cli.audit_words import LIMITS, CheckWords, remedy, words_of
from por.figures import FULL, Bar, amount_text, axis_end, draw_bar, exact_text, percent_text, position_text
from por.pages import plain, render_page
from por.snapshot import SnapshotId

__all__ = ["Origin", "render_audit", "shown_command"]

KINDS = ("proven", "attested", "claimed")
OUTCOMES = ("fail", "unchecked", "claimed", "attested", "proven")
"""Worst first, so that nobody has to look for it."""
OUTCOME_WORDS = {
    "fail": ("failed", "Failed", "Contradicts itself, or what you brought."),
    "unchecked": ("unchecked", "Could not be checked", "Not a pass. Beside each is what you could do about it."),
    "proven": ("proven", "Proven", "Recomputed on this machine from the evidence, trusting nobody's word."),
    "attested": ("attested", "Attested by a third party", "A signed statement of somebody else than the exchange."),
    "claimed": ("claimed", "Only claimed", "The exchange's word, and nothing else behind it."),
}
CONTROL_WORDS = {
    "none": "none shown",
    "eip191": "signed message (EIP-191)",
    "eip712": "signed form (EIP-712)",
    "eip1271": "contract wallet (EIP-1271)",
}
EVIDENCE_WORDS = {
    "state-proof": "state proof",
    "pinned-call": "answer of a contract",
    "third-party": "third party",
    "claim": "the exchange's word",
}
SMALL_TREE = "small-tree"
NAMES_IN_TITLE = 3
NAMES_IN_SENTENCE = 5
ASSETS_ON_ONE_SHEET = 14


@dataclass(frozen=True, slots=True)
class Origin:
    """Where findings come from: the program's version, and what the reader brought.

    `key` is the exchange's public key as the reader gave it, in hex; `blocks` are CHAIN=HASH pairs; `endpoints` are the
    chains for which the reader had one, never the addresses, which can carry secrets.
    """

    version: str
    key: str | None = None
    blocks: Sequence[str] = ()
    endpoints: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Line:
    """One check as shown. `outcome` is one of OUTCOMES; `todo` only where it is unchecked."""

    name: str
    outcome: str
    required: bool
    detail: str
    words: CheckWords
    todo: str | None


@dataclass(frozen=True, slots=True)
class Group:
    """The checks of one outcome; `meaning` says what that outcome is worth."""

    outcome: str
    title: str
    meaning: str
    lines: Sequence[Line]


@dataclass(frozen=True, slots=True)
class TreeView:
    """One asset of one entity, every figure as text. `change` is what coverage would be with the block confirmed."""

    name: str
    asset: str
    entity: str
    is_entity_shown: bool
    leaves: str
    claims: str
    debts: str
    reserves: Mapping[str, str]
    given_block: Mapping[str, str]
    stated_proven: str
    held: str
    coverage: str | None
    coverage_proven: str | None
    coverage_given_block: str | None
    is_short: bool
    is_short_proven: bool
    is_overstated: bool
    difference: str
    difference_word: str
    exact: Mapping[str, str]
    bar: Bar
    bar_given_block: Bar | None
    description: str


@dataclass(frozen=True, slots=True)
class Chart:
    """The axis that all bars of one bundle share."""

    ticks: Sequence[tuple[str, str]]
    reference: str
    end: str
    has_given_block: bool
    is_any_cut: bool


def shown_command(arguments: Sequence[str]) -> str:
    """A command as a shell takes it, without the addresses of endpoints: they can carry a reader's secrets."""
    shown = list(arguments)
    for place, argument in enumerate(shown):
        if place and shown[place - 1] == "--rpc":
            shown[place] = argument.partition("=")[0] + "=URL"
        elif argument.startswith("--rpc="):
            shown[place] = "=".join((*argument.split("=")[:2], "URL"))
    return shlex.join(shown)


def render_audit(report: Mapping[str, Any], *, command: str, generated_from: Origin) -> str:
    """The page. `report` is `AuditReport.as_json()`, `command` a shell line; raises ValueError if that is none."""
    findings = plain(dict(report))
    arguments = shlex.split(command)
    bundles = [_bundle(bundle, place) for place, bundle in enumerate(findings["bundles"], start=1)]
    assert bundles, "an audit is of at least one bundle"
    run_checks = findings["checks"][sum(len(bundle["checks"]) for bundle in findings["bundles"]) :]
    run_lines = _lines(run_checks, ())
    lines = [line for bundle in bundles for line in bundle["lines"]] + run_lines
    return render_page(
        "audit.html.j2",
        title=_title([bundle["name"] for bundle in bundles]),
        verdict=findings["verdict"],
        sentences=[*_verdict_sentences(findings["verdict"], lines), *_enough(bundles)],
        counts=[(outcome, OUTCOME_WORDS[outcome][0], _count(lines, outcome)) for outcome in reversed(OUTCOMES)],
        attention=list(_attention(bundles, run_lines, findings["forks"])),
        bundles=bundles,
        run_groups=_groups(run_lines),
        chain=_chain(bundles, findings["forks"]),
        limits=LIMITS,
        steps=_steps(lines),
        command=plain(shown_command(arguments)),
        origin=generated_from,
        outcome_words={name: words[0] for name, words in OUTCOME_WORDS.items()},
    )


def _title(names: Sequence[str]) -> str:
    if len(names) == 1:
        return f"Findings on evidence bundle {names[0]}"
    if len(names) <= NAMES_IN_TITLE:
        return f"Findings on evidence bundles {', '.join(names[:-1])} and {names[-1]}"
    return f"Findings on evidence bundles {names[0]} to {names[-1]} ({len(names)} bundles)"


def _count(lines: Sequence[Line], outcome: str) -> int:
    return sum(line.outcome == outcome for line in lines)


def _names(lines: Sequence[Line]) -> str:
    return ", ".join(dict.fromkeys(line.name for line in lines))


def _plural(count: int, one: str, many: str) -> str:
    return f"{count:,} {one if count == 1 else many}"


def _verdict_sentences(verdict: str, lines: Sequence[Line]) -> list[str]:
    """The verdict in plain words; the rule is docs/spec/verification.md."""
    failed = [line for line in lines if line.outcome == "fail"]
    blocked = [line for line in lines if line.outcome == "unchecked" and line.required]
    open_ = [line for line in lines if line.outcome == "unchecked" and not line.required]
    sentences = []
    if verdict == "invalid":
        checks = _plural(len(failed), "check", "checks")
        sentences.append(f"{checks} failed: {_names(failed)}. The evidence contradicts itself, or what you brought.")
    elif verdict == "unchecked":
        sentences.append("Nothing that could be checked contradicts itself. That is not enough for more:")
    else:
        sentences.append("Every check that is required passes.")
    if blocked:
        checks = _plural(len(blocked), "required check", "required checks")
        sentences.append(f"{checks} could not be made: {_names(blocked)}.")
    if open_:
        checks = _plural(len(open_), "further check", "further checks")
        sentences.append(f"{checks} could not be made, and none of them is a pass: {_names(open_)}.")
    return sentences


def _enough(bundles: Sequence[Mapping[str, Any]]) -> list[str]:
    """Whether there is enough stands beside the verdict, which is about the evidence alone."""
    owed = [tree for bundle in bundles for tree in bundle["trees"] if tree.coverage is not None]
    if not owed:
        return []
    short = sum(tree.is_short for tree in owed)
    proven = sum(not tree.is_short_proven for tree in owed)
    which = _plural(len(owed), "asset", "assets")
    if len(bundles) > 1:
        which = f"{len(owed):,} figures (each asset in each hour)"
    sentence = (
        f"That is about the evidence, not about whether there is enough. Of {which} with something owed, "
        f"{_count_text(short)} {'are' if short > 1 else 'is'} short even with everything counted; "
        f"proven reserves alone reach what is owed in {_count_text(proven)}."
    )
    return [sentence]


def _count_text(count: int) -> str:
    return f"{count:,}" if count else "none"


def _some(texts: Sequence[str], separator: str) -> str:
    """The first few of a list; the tables have them all."""
    more = len(texts) - NAMES_IN_SENTENCE
    shown = separator.join(texts[:NAMES_IN_SENTENCE])
    return f"{shown}{separator}and {more:,} more" if more > 0 else shown


def _lines(checks: Sequence[Mapping[str, Any]], chains: Sequence[str]) -> list[Line]:
    results = {check["name"]: check["result"] for check in checks}
    assurances = {check["name"]: check["assurance"] for check in checks}
    found = []
    for check in checks:
        outcome = check["assurance"] if check["result"] == "pass" else check["result"]
        assert outcome in OUTCOMES, "a pass says what stands behind it"
        todo = remedy(check["name"], results, assurances, chains) if outcome == "unchecked" else None
        found.append(
            Line(check["name"], outcome, check["required"], check["detail"], words_of(check["name"]), todo),
        )
    return found


def _groups(lines: Sequence[Line]) -> list[Group]:
    """The checks by outcome, worst first; an outcome of no check is left out."""
    groups = []
    for outcome in OUTCOMES:
        mine = [line for line in lines if line.outcome == outcome]
        if mine:
            groups.append(Group(outcome, *OUTCOME_WORDS[outcome][1:], mine))
    return groups


def _bundle(bundle: Mapping[str, Any], place: int) -> dict[str, Any]:
    chains = sorted({r["chain"] for r in bundle["reserves"] if r["assurance"] != r["assurance_given_block"]})
    lines = _lines(bundle["checks"], chains)
    results = {line.name: line.outcome for line in lines}
    snapshot = SnapshotId.parse(bundle["snapshot"]) if bundle["snapshot"] is not None else None
    trees, chart = _trees(bundle["trees"])
    scales = {(tree["entity"], tree["asset"]): tree["scale"] for tree in bundle["trees"]}
    small = [row["detail"] for row in bundle["disclosures"] if row["code"] == SMALL_TREE]
    return {
        "id": f"bundle-{place}",
        "place": place,
        "name": bundle["name"],
        "kind": bundle["kind"],
        "verdict": bundle["verdict"],
        "sequence": bundle["sequence"],
        "exchange": None if snapshot is None else snapshot.exchange,
        "hour": None if snapshot is None else snapshot.hour,
        "revision": None if snapshot is None else snapshot.revision,
        "digest": bundle["digest"],
        "fingerprint": [] if bundle["fingerprint"] is None else bundle["fingerprint"].split("-"),
        "reason": next((line.detail for line in lines if line.name == "missed"), None),
        "lines": lines,
        "failed": [line.name for line in lines if line.outcome == "fail"],
        "groups": _groups(lines),
        "trees": trees,
        "chart": chart,
        "is_short_list": len(trees) <= ASSETS_ON_ONE_SHEET,
        "coverage_words": _coverage_words(trees),
        "owed_words": _owed_words(results),
        "overstated": _some([tree.name for tree in trees if tree.is_overstated], ", "),
        "rows": [_row(row, scales[row["entity"], row["asset"]]) for row in bundle["reserves"]],
        "small": [(tree.name, tree.leaves) for tree in trees if f"{tree.entity}/{tree.asset}" in small],
        "disclosures": [row for row in bundle["disclosures"] if row["code"] != SMALL_TREE],
    }


def _trees(figures: Sequence[Mapping[str, Any]]) -> tuple[list[TreeView], Chart]:
    held = [(sum(map(int, tree["reserves"].values())), int(tree["claims"])) for tree in figures]
    end = axis_end(held)
    several = len({tree["entity"] for tree in figures}) > 1
    trees = [_tree(tree, end, several) for tree in figures]
    ticks = [(position_text(at * FULL // end), f"{at}%") for at in range(0, end + 1, 50)]
    return trees, Chart(
        ticks=ticks,
        reference=position_text(100 * FULL // end),
        end=f"{end}%",
        has_given_block=any(tree.bar_given_block is not None for tree in trees),
        is_any_cut=any(tree.bar.is_cut for tree in trees),
    )


def _tree(tree: Mapping[str, Any], end: int, is_one_of_several: bool) -> TreeView:
    scale, claims, debts = tree["scale"], int(tree["claims"]), int(tree["debts"])
    reserves = {kind: int(tree["reserves"][kind]) for kind in KINDS}
    given = {kind: int(tree["reserves_given_block"][kind]) for kind in KINDS}
    held = sum(reserves.values())
    exact = {"claims": claims, "debts": debts, **reserves}
    percent, percent_proven = percent_text(tree["coverage"]), percent_text(tree["coverage_proven"])
    name = f"{tree['asset']} of {tree['entity']}" if is_one_of_several else tree["asset"]
    return TreeView(
        name=name,
        asset=tree["asset"],
        entity=tree["entity"],
        is_entity_shown=is_one_of_several,
        leaves=f"{tree['leaves']:,}",
        claims=amount_text(claims, scale, up=True),
        debts=amount_text(debts, scale, up=True),
        reserves={kind: amount_text(value, scale, up=False) for kind, value in reserves.items()},
        given_block={kind: amount_text(value, scale, up=False) for kind, value in given.items()},
        stated_proven=amount_text(int(tree["stated"]["proven"]), scale, up=False),
        held=amount_text(held, scale, up=False),
        coverage=percent,
        coverage_proven=percent_proven,
        coverage_given_block=percent_text(tree["coverage_proven_given_block"]),
        is_short=held < claims,
        is_short_proven=reserves["proven"] < claims,
        is_overstated=int(tree["stated"]["proven"]) > given["proven"],
        difference=amount_text(abs(held - claims), scale, up=held < claims),
        difference_word="shortfall" if held < claims else "excess",
        exact={key: exact_text(value, scale) for key, value in exact.items()},
        bar=draw_bar(reserves, claims, end),
        bar_given_block=draw_bar(given, claims, end) if given != reserves and claims else None,
        description=_description(name, percent, percent_proven, percent_text(tree["coverage_proven_given_block"])),
    )


def _description(name: str, coverage: str | None, proven: str | None, given_block: str | None) -> str:
    if coverage is None:
        return f"{name}: nothing is owed, so there is no coverage to draw."
    words = f"{name}: all reserves are {coverage} of gross claims; proven ones alone are {proven}"
    return f"{words}." if given_block == proven else f"{words}, and {given_block} once the block is confirmed."


def _coverage_words(trees: Sequence[TreeView]) -> list[str]:
    """What the chart says, in sentences."""
    owed = [tree for tree in trees if tree.coverage is not None]
    if not owed:
        return ["Nothing is owed in any asset." if trees else "There are no figures for this hour."]
    short = [tree.name for tree in owed if tree.is_short]
    proven = sum(not tree.is_short_proven for tree in owed)
    sentences = [f"Something is owed in {_plural(len(owed), 'asset', 'assets')}."]
    if short:
        which = _some(short, ", ")
        sentences.append(
            f"Even counting everything, claimed reserves too, less is held than owed in {len(short):,}: {which}."
        )
    else:
        sentences.append("Counting everything, claimed reserves too, at least as much is held as owed in each.")
    sentences.append(f"Proven reserves alone reach what is owed in {_count_text(proven)} of {len(owed):,}.")
    return sentences


def _owed_words(results: Mapping[str, str]) -> str:
    """What the 100% line itself is worth: coverage is no better than the claims that it is measured by."""
    outcomes = [results.get(name, "unchecked") for name in ("leaves", "trees", "sums")]
    if all(outcome == "proven" for outcome in outcomes):
        return "The 100% line, what is owed, was added up again here from every leaf."
    if "fail" in outcomes:
        return (
            "The 100% line, what is owed, is the signed figure, and it does not agree with the leaves: see what failed."
        )
    return (
        "The 100% line, what is owed, is the signed figure only: it could not be added up again here from the leaves."
    )


def _row(row: Mapping[str, Any], scale: int) -> dict[str, str]:
    return {
        **{name: row[name] for name in ("entity", "asset", "chain", "contract", "address", "label")},
        "assurance": row["assurance"],
        "given_block": row["assurance_given_block"],
        "balance": amount_text(int(row["balance"]), scale, up=False),
        "control": CONTROL_WORDS.get(row["control"], row["control"]),
        "evidence": EVIDENCE_WORDS.get(row["evidence"], row["evidence"]),
    }


def _attention(
    bundles: Sequence[Mapping[str, Any]], run_lines: Sequence[Line], forks: Sequence[Sequence[str]]
) -> Iterator[dict[str, str]]:
    """What a reader in a hurry must not miss, worst first."""

    def item(kind: str, what: str, bundle: Mapping[str, Any] | None, text: str) -> dict[str, str]:
        where = f"{bundle['name']}: " if bundle is not None and len(bundles) > 1 else ""
        return {"kind": kind, "what": what, "text": where + text, "link": "chain" if bundle is None else bundle["id"]}

    for left, right in forks:
        text = f"Two signed statements with one number: {left} and {right}. Keep both, together they are the evidence."
        yield item("fail", "fork", None, text)
    places = [(bundle, bundle["lines"]) for bundle in bundles] + [(None, run_lines)]
    for bundle, lines in places:
        for names, detail in _alike(line for line in lines if line.outcome == "fail"):
            yield item("fail", names, bundle, detail)
    for bundle in bundles:
        short = [tree for tree in bundle["trees"] if tree.coverage is not None and tree.is_short]
        if short:
            figures = [f"{tree.name} {tree.coverage}, {tree.difference} too little" for tree in short]
            yield item("short", "less than is owed", bundle, f"even with everything counted: {_some(figures, '; ')}.")
    for bundle, lines in places:
        for names, detail in _alike(line for line in lines if line.outcome == "unchecked" and line.required):
            yield item("unchecked", names, bundle, detail)
    for bundle in bundles:
        if bundle["kind"] == "missed":
            text = f"{bundle['hour']} is attested as missed; no balances were stated for it."
            yield item("unchecked", "missed hour", bundle, text)


def _alike(lines: Iterable[Line]) -> list[tuple[str, str]]:
    """(names, detail): lines with one and the same detail need to be read once."""
    names: dict[str, list[str]] = {}
    for line in lines:
        names.setdefault(line.detail, []).append(line.name)
    return [(", ".join(alike), detail) for detail, alike in names.items()]


def _chain(bundles: Sequence[Mapping[str, Any]], forks: Sequence[Sequence[str]]) -> list[dict[str, Any]]:
    """The statements by number, with a row for every stretch of numbers that was not handed over."""
    placed = sorted((b for b in bundles if b["sequence"] is not None), key=lambda b: (b["sequence"], b["place"]))
    forked = {name for pair in forks for name in pair}
    rows: list[dict[str, Any]] = []
    expected = 0
    for bundle in placed:
        if bundle["sequence"] > expected:
            rows.append({"gap": _numbers(expected, bundle["sequence"] - 1), "bundle": None, "is_fork": False})
        rows.append({"gap": None, "bundle": bundle, "is_fork": bundle["name"] in forked})
        expected = bundle["sequence"] + 1
    unplaced = [bundle for bundle in bundles if bundle["sequence"] is None]
    return rows + [{"gap": None, "bundle": bundle, "is_fork": False} for bundle in unplaced]


def _numbers(first: int, last: int) -> str:
    return f"statement {first:,}" if first == last else f"statements {first:,} to {last:,}"


def _steps(lines: Sequence[Line]) -> list[tuple[str, CheckWords]]:
    """Each check of the run once, in the order in which it was first made."""
    return [(name, words_of(name)) for name in dict.fromkeys(line.name for line in lines)]
