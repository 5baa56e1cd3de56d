"""How alike two names are, in basis points (10,000 is the same), and what birth date and nationality change of it.

Words are paired whatever their order, the most alike first; a word's likeness is rapidfuzz's Indel distance on the
plain and on the folded spelling, or an equal skeleton. What is left over on the side with more words (a middle name)
costs a fixed amount; what is left over on the side with fewer counts as unlike. Beside it stands rapidfuzz's
token_sort_ratio, and the higher of both is the score. All arithmetic is in integers, so a score is the same on every
machine.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Final, NamedTuple

from rapidfuzz import fuzz
from rapidfuzz.distance import Indel

from compliance.screening.names import Name, Token, token
from compliance.screening.parties import BirthDate, ListedParty, NameQuality, Subject

__all__ = ["RAISED_MAX", "SAME", "Modifier", "modifiers", "name_score"]

SAME: Final = 10_000
RAISED_MAX: Final = 400
"""The most that modifiers add to a score: the same birth date and the same nationality."""
_PAIRED_MIN: Final = 6_000
_INITIAL: Final = 7_500
_SKELETON_EQUAL: Final = 8_800
_FOLDED_COST: Final = 200
_ABJAD_COST: Final = 500
_EXTRA_COST: Final = 500
_ARTICLE_COST: Final = 300
_OPTIONAL_COST: Final = 100
_EXTRA_COST_MAX: Final = 2_000
_MODIFIERS_MIN: Final = -1_000


class Modifier(NamedTuple):
    """One thing that moved a score, in basis points, in words for the reviewer."""

    reason: str
    points: int


def _ratio(a: str, b: str) -> int:
    total = len(a) + len(b)
    return SAME * (total - Indel.distance(a, b)) // total if total else 0


@lru_cache(maxsize=1 << 18)
def _alike(a: Token, b: Token, is_abjad: bool) -> int:
    if a.plain == b.plain:
        return SAME
    if len(a.plain) == 1 or len(b.plain) == 1:
        return _INITIAL if a.plain[0] == b.plain[0] or a.folded[:1] == b.folded[:1] else 0
    best = max(_ratio(a.plain, b.plain), _ratio(a.folded, b.folded) - _FOLDED_COST)
    for one, other in ((a, b), (b, a)):
        # The Arabic article written together with the name: Alharbi.
        if one.plain[:2] in ("al", "el") and len(one.plain) >= 6 and other.plain[:2] not in ("al", "el"):
            best = max(best, _ratio(one.folded[2:], other.folded) - _ARTICLE_COST)
    if a.skeleton == b.skeleton and len(a.skeleton) >= 3:
        best = max(best, _SKELETON_EQUAL)
    if is_abjad and a.skeleton and b.skeleton:
        # The script writes no short vowels, and w for the long u: the consonants are all there is to compare.
        bare = a.skeleton.replace("v", ""), b.skeleton.replace("v", "")
        ratios = [_ratio(a.skeleton, b.skeleton), _ratio(*bare) if all(bare) else 0]
        best = max(best, max(ratios) - _ABJAD_COST)
    return best


def _joined(tokens: tuple[Token, ...], other: tuple[Token, ...]) -> tuple[Token, ...]:
    """The tokens with two of them made one where the other side writes them as one word."""
    for whole in other:
        if len(whole.plain) < 4 or whole in tokens:
            continue
        for a in tokens:
            if whole.plain[0] != a.plain[0] and whole.folded[0] != a.folded[0]:
                continue
            for b in tokens:
                if (
                    a is not b
                    and min(len(a.plain), len(b.plain)) > 1
                    and (a.plain + b.plain == whole.plain or token(a.plain + b.plain).folded == whole.folded)
                ):
                    rest = tuple(each for each in tokens if each is not a and each is not b)
                    left = _joined(rest, tuple(each for each in other if each is not whole))
                    return tuple(sorted((*left, whole)))
    return tokens


def name_score(a: Name, b: Name) -> int:
    """How alike two names are, 0 to 10,000; the order of the words does not matter, nor which name comes first."""
    if a.normal == b.normal and a.normal:
        return SAME
    if a.han and b.han:
        return max(_ratio(a.han, b.han), _aligned(a, b)) if a.han != b.han else SAME
    # The ratio of the words sorted is what rapidfuzz calls token_sort_ratio; they are sorted already.
    sorted_ratio = int(fuzz.ratio(a.normal, b.normal) * 100)  # determinism: a quotient of small integers
    return max(sorted_ratio, _aligned(a, b))


def _aligned(a: Name, b: Name) -> int:
    left, right = a.ordered, b.ordered
    if len(left) != len(right):
        left, right = _joined(left, right), _joined(right, left)
    if (len(left), left) > (len(right), right):
        left, right = right, left
    is_abjad = a.is_abjad or b.is_abjad
    pairs = []
    for i, one in enumerate(left):
        for j, other in enumerate(right):
            likeness = _alike(one, other, is_abjad)
            if likeness >= _PAIRED_MIN:
                pairs.append((-likeness, i, j))
    if not pairs:
        return 0
    pairs.sort()
    taken_left: set[int] = set()
    taken_right: set[int] = set()
    got = whole = 0
    for cost, i, j in pairs:
        if i not in taken_left and j not in taken_right:
            taken_left.add(i)
            taken_right.add(j)
            # An initial says little of the name that it stands for, for or against.
            one_weight, other_weight = left[i].weight, right[j].weight
            weight = one_weight + other_weight if one_weight > 1 and other_weight > 1 else 2
            got -= cost * weight
            whole += weight
    free_left = [each for i, each in enumerate(left) if i not in taken_left]
    free_right = [each for j, each in enumerate(right) if j not in taken_right]
    return _charged(got, whole, free_left, free_right, is_single=len(left) == 1 < len(right))


def _charged(got: int, whole: int, few: list[Token], many: list[Token], *, is_single: bool) -> int:
    """The score after what was left over: `few` on the side with fewer words, `many` on the other."""
    extra = 0
    for each in few:
        if each.is_optional:
            extra += _OPTIONAL_COST
        else:
            whole += 2 * each.weight
    for each in many:
        if each.is_optional:
            extra += _OPTIONAL_COST
        elif is_single:
            whole += 2 * each.weight  # one word in common is no name in common
        else:
            extra += _EXTRA_COST
    return max(0, got // whole - min(extra, _EXTRA_COST_MAX))


def modifiers(subject: Subject, party: ListedParty, quality: NameQuality) -> tuple[Modifier, ...]:
    """What birth date, nationality, kind and a weak alias change; together never less than -1,000.

    So a name that is the same, or lacks one word, stays a hit at a threshold of 8,500 whatever else differs: a wrong
    birth date, which is easily given, clears nobody.
    """
    found: list[Modifier] = []
    known = [birth for birth in party.births if birth.earliest]
    if subject.born and known:
        found.append(max((_birth(subject.born, birth) for birth in known), key=lambda each: each.points))
    if subject.nationalities and party.nationalities:
        if set(subject.nationalities) & set(party.nationalities):
            found.append(Modifier("same nationality", 100))
        elif all(len(nation) == 2 for nation in party.nationalities):
            found.append(Modifier("other nationality", -300))
    if subject.kind is not None and subject.kind is not party.kind:
        found.append(Modifier(f"listed is a {party.kind.value}", -1_000))
    if quality is NameQuality.WEAK:
        found.append(Modifier("weak alias", -500))
    below = sum(each.points for each in found) - _MODIFIERS_MIN
    return (*found, Modifier("limit of all modifiers", -below)) if below < 0 else tuple(found)


def _birth(born: str, listed: BirthDate) -> Modifier:
    """Compare a day, month or year of birth with the days between which the listed party was born."""
    first, last = f"{born}-01-01"[:10], f"{born}-12-31"[:10]
    if len(born) == 7:
        first, last = f"{born}-01", f"{born}-31"
    if first <= listed.latest and last >= listed.earliest:
        is_exact = first == last == listed.earliest == listed.latest
        return Modifier("same birth date", 300) if is_exact else Modifier("birth date fits", 100)
    year = int(born[:4])
    apart = max(int(listed.earliest[:4]) - year, year - int(listed.latest[:4]))
    if apart <= 0:
        return Modifier("other birth date in the same year", -200)
    return Modifier("birth year one apart", -300) if apart == 1 else Modifier(f"birth year {apart} apart", -1_000)
