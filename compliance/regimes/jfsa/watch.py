"""What is known of the law that is to follow: steps by their day, how far each was read, and its metric.

No row of the rule set rests on it. When the act and its orders are known, its rows come with their own first day, and
those of today end the day before; an evaluation of an earlier day keeps today's.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Final, NamedTuple

from compliance.facts import Facts
from compliance.regimes.jfsa.terms import S, U
from compliance.rules import Status

__all__ = ["STEPS", "LiabilityReserve", "Step", "liability_reserve"]


class Step(NamedTuple):
    """A step on the way: when (a day, or `fiscal 2027`), what in English and Japanese, how far read, source."""

    when: str
    what: str
    what_ja: str
    status: Status
    source: str


STEPS: Final = (
    Step(
        "2025-12-10", "Working group proposes to move crypto-assets from the PSA to the FIEA",
        "金融審議会のワーキング・グループが、暗号資産の規制を資金決済法から金融商品取引法へ移すことを提言", S,
        "https://www.pwc.com/jp/",
    ),
    Step(
        "2026-04-10", "The cabinet approves the bill", "法律案の閣議決定", S, "https://bacsociety.com/",
    ),
    Step("—", "Passage by the Diet", "国会における成立", U, "https://bacsociety.com/"),
    Step("fiscal 2027", "Effect expected", "施行見込み(2027年度)", S, "https://bacsociety.com/"),
)  # fmt: skip


class LiabilityReserve(NamedTuple):
    """Own funds for losses, JPY, and what they stand against; None: not known. No requirement is known yet."""

    own_funds: Fraction | None
    hot_value: Fraction | None
    losses: Fraction | None

    @property
    def share_of_hot(self) -> Fraction | None:
        """Own funds by the value of users' hot crypto; None where either is unknown or nothing is hot."""
        if self.own_funds is None or not self.hot_value:
            return None
        return self.own_funds / self.hot_value


def liability_reserve(facts: Facts) -> LiabilityReserve:
    """The metric `liability_reserve` of the facts' moment, for information."""
    own, hot, losses = (facts.find(name) for name in ("jfsa.own_funds", "values.client.hot", "jfsa.losses"))
    own_value = None if own is None else own.value
    hot_value = None if hot is None else hot.value
    assert own_value is None or isinstance(own_value, Fraction)
    value = hot_value.get("JPY") if isinstance(hot_value, dict) else None
    total = None
    if losses is not None:
        assert isinstance(losses.value, tuple)
        total = sum((Fraction(str(row["value_jpy"])) for row in losses.value), Fraction(0))
    return LiabilityReserve(own_value, value, total)
