"""Where copies of the archive are, and whether books can be read from the country that wants them there. Pure.

JP-BK-03: books are kept in Japan, or a copy is there, or an electronic record can be viewed there at once. The register
is the chain's own `storage` lines: a claim by the firm, with the hash of its evidence where there is any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Final, NamedTuple

from compliance.retention.classes import Regime
from compliance.retention.clocks import Status
from compliance.retention.records import Storage

__all__ = ["LOCATION_RULES", "LocationRule", "RegionFinding", "check_regions"]


class LocationRule(NamedTuple):
    """A rule on where books must be, or be viewable from."""

    rule: str
    regime: Regime
    country: str
    citation: str
    source: str
    status: Status
    effective_from: date


LOCATION_RULES: Final = (
    LocationRule(
        "JP-BK-03",
        Regime.JAPAN,
        "JP",
        "Cabinet Office Order on crypto-asset exchange services, art. 33(3)",
        "iuris.jp, chapter 3",
        "V",
        date(1970, 1, 1),
    ),
)


class RegionFinding(NamedTuple):
    """What the register says of one rule: by which storages it is met, and how (`kept` or `viewable`)."""

    rule: str
    is_met: bool
    how: str
    storages: tuple[str, ...]


def check_regions(
    storages: Mapping[str, Storage],
    regimes: Iterable[Regime],
    as_of: date,
    rules: Iterable[LocationRule] = LOCATION_RULES,
) -> list[RegionFinding]:
    """What the active storages say of each location rule of these regimes that is in force."""
    wanted = frozenset(regimes)
    active = [storages[name] for name in sorted(storages) if storages[name].is_active]
    findings = []
    for rule in rules:
        if rule.regime not in wanted or as_of < rule.effective_from:
            continue
        kept = tuple(each.name for each in active if _country(each.region) == rule.country)
        seen = tuple(each.name for each in active if rule.country in map(_country, each.viewable_from))
        how = "kept" if kept else "viewable" if seen else "neither kept nor viewable"
        findings.append(RegionFinding(rule.rule, bool(kept or seen), how, kept or seen))
    return findings


def _country(region: str) -> str:
    return region[:2]
