"""Names in the form they are compared in: Latin letters, no case, no punctuation, no titles, particles or legal forms.

1. Greek digraphs as ISO 843 writes them, the Arabic article apart; then anyascii, a table from any script to ASCII.
2. Lower case; apostrophes join what they stand in, all other punctuation parts words, hyphens too.
3. Words that say nothing of who somebody is go: titles, particles, and for organisations their legal form; unless
   nothing else would be left.

A token has three forms: `plain` as above; `folded`, in which spellings that transliterations exchange are one (kh
and h, ou and o, y and i); and its `skeleton`, the folded consonants, which Arabic and Hebrew write and nothing else.

What anyascii cannot know: which language Han characters are in. It reads every one of them as Mandarin, so the Japanese
name 山田太郎 becomes `shan tian tai lang` and never meets `Yamada Taro`. Han is therefore compared as Han, which finds
the same characters, and a Japanese customer's kana or Latin reading must be screened beside it: docs/screening.md.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final, NamedTuple

from anyascii import anyascii

__all__ = ["Name", "Token", "has_unread_han", "normalise", "read_name", "token"]

_GREEK: Final = (
    ("γγ", "ng"), ("γξ", "nx"), ("γχ", "nch"), ("ου", "u"), ("αυ", "av"), ("ευ", "ev"), ("ηυ", "iv"), ("μπ", "mp"),
    ("ντ", "nt"), ("γκ", "gk"), ("υ", "y"), ("η", "i"), ("χ", "ch"), ("φ", "f"), ("ξ", "x"), ("ψ", "ps"),
)  # fmt: skip
_ARABIC_WORD: Final = re.compile(r"(?<![\u0600-\u06ff])\u0648?(?:\u0627\u0644)(?=[\u0600-\u06ff]{2,})")
_ARABIC_TAA: Final = re.compile("\u0629")
_ABJAD: Final = re.compile("[\u0590-\u06ff]")
_SYLLABLE: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_HAN: Final = re.compile("[\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003134f]")
_HANGUL_OR_HAN: Final = re.compile("[\uac00-\ud7a3\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff]")
_JOINING: Final = re.compile(r"['`\u2018\u2019\u02bc\u02be\u02bf\u00b4\"]")
_WORDS: Final = re.compile(r"[a-z0-9]+")

_TITLES: Final = frozenset(
    "mr mrs ms miss dr prof professor sir dame lord sheikh shaykh sheik shaikh haji hajj hajji mullah maulavi mawlawi "
    "general gen colonel col major maj captain capt commander lieutenant lt sergeant sayyid sayed seyed hon rev eng "
    "engineer jr sr junior senior".split()
)
_PARTICLES: Final = frozenset(
    "al el ul ur as ash at az ad an ar bin ben ibn bint binti bt de del della di da do dos das du des la le las los "
    "van von der den ter zu zum of the and und et".split()
)
_LEGAL: Final = frozenset(
    "ltd limited llc llp lp inc incorporated corp corporation co company plc gmbh ag kg ohg sa sas sarl srl spa bv nv "
    "oy ab as asa aps oao ooo zao pao ao jsc pjsc ojsc cjsc oo sp zoo spzoo kft sro doo ad fze fzc fzco fzllc dmcc "
    "wll bsc pte pty sdn bhd tbk pt kk kabushiki kaisha est establishment joint stock public open closed private "
    "ltda cv".split()
)
_PATRONYMIC: Final = re.compile(r"[a-z]{3,}(?:ovich|evich|yevich|ovna|evna|yevna|inichna|ogly|oglu|kyzy|qizi)\Z")

# Spellings that transliterations and keyboards exchange; applied in this order, to both sides of every comparison.
_FOLDS: Final = (
    ("shch", "sh"), ("tsch", "sh"), ("sch", "sh"), ("tch", "sh"), ("tsh", "sh"), ("ch", "sh"),
    ("kh", "h"), ("gh", "g"), ("dh", "d"), ("th", "t"), ("zh", "j"), ("dj", "j"), ("ph", "f"), ("ck", "k"), ("ks", "x"),
    ("ts", "s"), ("tz", "s"), ("ou", "u"), ("oo", "u"), ("ee", "i"), ("ae", "a"), ("oe", "o"), ("ue", "u"), ("ei", "i"),
    ("ai", "i"), ("ay", "i"), ("ey", "i"), ("iy", "i"), ("ij", "i"), ("yi", "i"), ("ie", "i"), ("ia", "a"), ("ya", "a"),
    ("yu", "u"), ("yo", "o"), ("q", "k"), ("c", "k"), ("w", "v"), ("y", "i"), ("z", "s"), ("o", "u"), ("e", "i"),
)  # fmt: skip
_BEGINNINGS: Final = {"mp": "b", "nt": "d", "gk": "g"}
"""How Greek writes b, d and g at the beginning of a word; ISO 843 keeps the letters, passports often do not."""
_DOUBLE: Final = re.compile(r"(.)\1+")
WEIGHT_MAX: Final = 8
"""Letters that count: a longer word says no more of who somebody is."""
_VOWELS: Final = str.maketrans("", "", "aeiou")


class Token(NamedTuple):
    """One word of a name in its three forms; `is_optional`: a patronymic, which may be left out.

    `weight`: how much it counts, its letters up to `WEIGHT_MAX`.
    """

    plain: str
    folded: str
    skeleton: str
    is_optional: bool
    weight: int


class Name(NamedTuple):
    """A name to compare: its tokens, its words sorted, the Han in it, and whether its script has no vowels."""

    tokens: tuple[Token, ...]
    normal: str
    han: str
    is_abjad: bool
    ordered: tuple[Token, ...]
    """The tokens in alphabetical order: in which order somebody gives their names says nothing."""


@lru_cache(maxsize=1 << 18)
def token(plain: str) -> Token:
    """A word in its three forms; `plain` is lower-case ASCII."""
    folded = _BEGINNINGS.get(plain[:2], plain[:2]) + plain[2:]
    for found, put in _FOLDS:
        folded = folded.replace(found, put)
    folded = _DOUBLE.sub(r"\1", folded)
    # A final h is silent in most transliterations of Arabic and Hebrew names, and absent in the others.
    body = folded.removesuffix("h") or folded
    skeleton = _DOUBLE.sub(r"\1", body.translate(_VOWELS))
    return Token(plain, body, skeleton, _PATRONYMIC.match(plain) is not None, min(len(plain), WEIGHT_MAX))


def _latin(text: str) -> str:
    text = unicodedata.normalize("NFKC", text)
    if any("\u0370" <= letter <= "\u03ff" for letter in text):
        text = "".join(c for c in unicodedata.normalize("NFD", text.casefold()) if not unicodedata.combining(c))
        text = text.replace("\u03c2", "\u03c3")
        for found, put in _GREEK:
            text = text.replace(found, put)
    text = _ARABIC_TAA.sub("\u0627", _ARABIC_WORD.sub(" ", text))
    pieces = []
    for piece in text.split():
        latin = anyascii(piece)
        if _ABJAD.search(piece):
            latin = latin.replace("zh", "zah")  # two letters there, not the one of Zhukov
        # One capital a syllable is anyascii's way with Hangul and Han; a name in capitals is not touched.
        pieces.append(_SYLLABLE.sub(" ", latin) if _HANGUL_OR_HAN.search(piece) else latin)
    return " ".join(pieces).casefold()


def normalise(text: str, *, is_organisation: bool = False) -> str:
    """The words of a name that say who it is, in their order; idempotent. Empty only where no letter or digit is."""
    words = _WORDS.findall(_JOINING.sub("", _latin(text).replace("-", " ")))
    dropped = _TITLES | _PARTICLES | (_LEGAL if is_organisation else frozenset())
    if _ABJAD.search(text):
        dropped = frozenset({"bn"})  # without vowels Umar is written like Mr
    kept = [word for word in words if word not in dropped]
    return " ".join(kept or words)


def has_unread_han(text: str) -> bool:
    """Whether a name has Han characters, whose reading nobody can tell from them alone."""
    return _HAN.search(text) is not None


@lru_cache(maxsize=1 << 17)
def read_name(text: str, is_organisation: bool = False) -> Name:
    """A name in the form that is compared."""
    normal = normalise(text, is_organisation=is_organisation)
    han = "".join(_HAN.findall(unicodedata.normalize("NFKC", text)))
    is_abjad = _ABJAD.search(text) is not None
    tokens = tuple(token(word) for word in normal.split())
    return Name(tokens, " ".join(sorted(normal.split())), han, is_abjad, tuple(sorted(tokens)))
