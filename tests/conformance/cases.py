"""What all vectors share: names, files, and the attack that each case stands for."""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

__all__ = ["REFERENCES", "VECTORS", "Files", "packed", "pretty", "reference", "slug", "unpacked"]

VECTORS = Path(__file__).resolve().parent / "vectors"
Files = dict[str, bytes]
"""Path under `vectors/`, with `/`, and the file's bytes."""

REFERENCES = {
    0: "good: every verifier accepts it",
    1: "maximum published for a sum",
    2: "total not bound by the root",
    3: "negative leaf or sibling",
    4: "overflow and wrap-around",
    5: "one leaf for two customers",
    6: "odd leaf duplicated",
    7: "padding and dummy leaves",
    8: "leaf and inner node confused",
    9: "fields that join to the same bytes",
    10: "path length, slot and sides",
    11: "hash cut short",
    12: "downgrade to another version",
    13: "parameters taken from the file under check",
    14: "floating point and rounding",
    15: "another root for other people",
    16: "gaps between attestations",
    17: "customers left out",
    18: "evidence that cannot be held against the exchange",
    19: "history rewritten",
    20: "proof and attestation mixed up or replayed",
    21: "scope hidden",
    22: "privacy worn away",
    23: "signature of control replayed",
    24: "reserves borrowed for the snapshot",
    25: "reserves counted twice",
    26: "the same coins on two layers",
    27: "contract wallet only asserted",
    28: "endpoint that lies",
    29: "reorganised or unfinal block",
    30: "custodian's or encumbered assets",
    31: "prices and totals across assets",
    32: "liabilities and reserves at different times",
    33: "traps of signature schemes",
    34: "another spelling of the same document",
    35: "document that contradicts itself",
    36: "file of the bundle changed, added or removed",
}
"""The attacks of README.md by number; 34 to 36 are ours."""


def reference(attack: int) -> str:
    """How a case names its attack."""
    return f"{attack}: {REFERENCES[attack]}"


def slug(name: str) -> str:
    """A file name for a case: ASCII words joined by hyphens."""
    name = re.sub(r"(?<=')[^a-z]*(?=')", lambda quoted: _spell(quoted[0]), name)
    spelled = "".join(c if c.isascii() else f" u{ord(c):04x} " for c in unicodedata.normalize("NFC", name))
    spelled = re.sub(r"\+(?=[0-9])", " plus ", re.sub(r"(?<=2\^[0-9]{2})-", " minus ", spelled))
    spelled = spelled.replace("2^", "2 to ")
    return re.sub(r"[^a-z0-9]+", "-", spelled.lower().replace("'s", "s")).strip("-")


def _spell(quoted: str) -> str:
    """Signs and spaces of a quoted text in words, so that two of them are two names."""
    for sign, word in (("\\n", " line feed "), (" ", " space "), ("-", " minus "), ("+", " plus "), (".", " point ")):
        quoted = quoted.replace(sign, word)
    return quoted or "nothing"


def packed(files: Files) -> dict[str, str]:
    """Files as JSON texts: what is UTF-8 as it is, everything else as `base64:` and its bytes."""
    texts = {}
    for path, data in files.items():
        try:
            text = data.decode()
            is_plain = not text.startswith("base64:") and "\0" not in text
        except UnicodeDecodeError:
            is_plain = False
        texts[path] = text if is_plain else "base64:" + base64.b64encode(data).decode()
    return texts


def unpacked(texts: dict[str, str]) -> Files:
    """The files again."""
    return {
        path: base64.b64decode(text[7:]) if text.startswith("base64:") else text.encode()
        for path, text in texts.items()
    }


def pretty(value: Any) -> bytes:
    """JSON for people and programs, in one form."""
    return json.dumps(value, indent=1, ensure_ascii=True, sort_keys=True).encode() + b"\n"
