"""Precision and recall of every detector over seeded worlds with known culprits among the innocent.

    python -m tests.compliance.surveillance.measure --seeds 20

Each seed is one world of twelve hours of four markets and two hundred days of money: the innocent of `market` and one
culprit of each kind of `culprits`, of random strength; some are made to stay outside a threshold (*evasive*), and are
left out of recall. A culprit is found when an alert of its detector names one of its accounts. An alert on an innocent
account is false; one on another kind's culprit is counted apart. Prints a table.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field

from compliance.surveillance.runner import DETECTORS, SurveillanceResult, run_detectors
from tests.compliance.surveillance.culprits import CULPRITS, Culprit
from tests.compliance.surveillance.market import END, World, innocent_world

__all__ = ["Score", "guilty_world", "measure", "table"]


@dataclass
class Score:
    """Counts of one detector over all seeds."""

    culprits: int = 0
    evasive: int = 0
    found: int = 0
    evasive_found: int = 0
    true_alerts: int = 0
    false_alerts: int = 0
    other_culprits: int = 0
    missed: list[str] = field(default_factory=list)
    false_on: list[str] = field(default_factory=list)

    @property
    def recall_ppm(self) -> int:
        """Culprits found, of those who are not evasive."""
        return (self.found - self.evasive_found) * 10**6 // max(self.culprits - self.evasive, 1)

    @property
    def precision_ppm(self) -> int:
        """Alerts on its culprits, of those and the ones on the innocent; a million where there is none."""
        alerts = self.true_alerts + self.false_alerts
        return self.true_alerts * 10**6 // alerts if alerts else 10**6


def guilty_world(seed: int, only: str | None = None) -> tuple[World, list[Culprit]]:
    """A world that has run, and its culprits; of one detector alone where that is asked."""
    world = innocent_world(seed)
    known = []
    for act in CULPRITS:
        if only is None or (act.__doc__ or "").startswith(only):
            known.append(act(world))
    world.tape.run(END)
    return world, known


def count(scores: dict[str, Score], result: SurveillanceResult, culprits: Sequence[Culprit], seed: int) -> None:
    """Add one world's outcome."""
    everybody = frozenset().union(*(culprit.accounts for culprit in culprits))
    for detector in DETECTORS:
        score = scores[detector]
        alerts = [alert for alert in result.alerts if alert.detector == detector]
        own = [culprit for culprit in culprits if culprit.detector == detector]
        for culprit in own:
            is_found = any(culprit.accounts & set(alert.accounts) for alert in alerts)
            score.culprits += 1
            score.evasive += culprit.evasive
            score.found += is_found
            score.evasive_found += is_found and culprit.evasive
            if not is_found and not culprit.evasive:
                score.missed.append(f"seed {seed}")
        guilty = frozenset().union(*(c.accounts for c in culprits if detector in (c.detector, *c.also)))
        for alert in alerts:
            if guilty & set(alert.accounts):
                score.true_alerts += 1
            elif everybody & set(alert.accounts):
                score.other_culprits += 1
            else:
                score.false_alerts += 1
                score.false_on.append(f"seed {seed}: {', '.join(alert.accounts[:3])}")


def measure(seeds: Sequence[int]) -> dict[str, Score]:
    """All detectors over all seeds."""
    scores = {detector: Score() for detector in DETECTORS}
    for seed in seeds:
        world, culprits = guilty_world(seed)
        count(scores, run_detectors(world.tape.log(), world.inputs()), culprits, seed)
    return scores


def table(scores: dict[str, Score]) -> str:
    """The table of docs/surveillance.md."""
    names = (
        "detector,culprits,of these evasive,found,recall without the evasive,alerts on its culprits,on the innocent,"
        "precision,on other culprits"
    ).split(",")
    lines = [f"| {' | '.join(names)} |", "| --- " + "| ---: " * 8 + "|"]
    for detector, s in scores.items():
        recall, precision = (f"{ppm / 10_000:.0f} %" for ppm in (s.recall_ppm, s.precision_ppm))
        cells = (
            s.culprits, s.evasive, s.found, recall, s.true_alerts, s.false_alerts, precision, s.other_culprits,
        )  # fmt: skip
        lines.append(f"| {detector} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--first", type=int, default=201, help="The first seed.")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    scores = measure(range(options.first, options.first + options.seeds))
    if options.json:
        print(json.dumps({name: vars(score) for name, score in scores.items()}))
        return 0
    print(table(scores))
    for name, score in scores.items():
        if score.missed or score.false_on:
            print(name, "missed:", "; ".join(score.missed) or "none", "| false:", "; ".join(score.false_on) or "none")
    return 0


if __name__ == "__main__":
    sys.exit(main())
