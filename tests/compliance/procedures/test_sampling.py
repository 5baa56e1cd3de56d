"""The draw: the plain twin gives the same places, the vectors are what it gives, and every place is as likely."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.procedures.sampling import draw
from tests.compliance.procedures.sampling_twin import VECTORS, plain_draw, vectors

SEEDS = st.text(min_size=1, max_size=30).filter(lambda text: text.isprintable())
DIGEST = bytes(range(32))


@given(SEEDS, st.binary(min_size=32, max_size=32), st.integers(0, 60), st.integers(0, 60))
def test_the_plain_twin_draws_the_same(seed, digest, length, count):
    found = draw(seed, digest, "leaves", length, count)
    assert found == plain_draw(seed, digest, "leaves", length, count)
    assert len(found) == len(set(found)) == min(length, count)
    assert all(0 <= place < length for place in found)


@pytest.mark.parametrize("length", [2**32 + 1, 2**63 + 1, 2**64 - 1])
def test_words_that_would_favour_the_first_places_are_dropped(length):
    assert draw("s", DIGEST, "leaves", length, 20) == plain_draw("s", DIGEST, "leaves", length, 20)


def test_the_vectors_are_what_the_twin_makes():
    stored = json.loads(Path(VECTORS).read_text(encoding="utf-8"))
    assert stored == vectors()
    for each in stored:
        places = draw(each["seed"], bytes.fromhex(each["digest"]), each["name"], each["length"], each["count"])
        assert list(places) == each["places"]


def test_seed_statement_list_and_length_each_change_the_draw():
    base = draw("seed", DIGEST, "leaves", 10**6, 10)
    assert base == draw("seed", DIGEST, "leaves", 10**6, 10)
    others = [
        draw("Seed", DIGEST, "leaves", 10**6, 10),
        draw("seed", bytes(32), "leaves", 10**6, 10),
        draw("seed", DIGEST, "reserves", 10**6, 10),
        draw("seed", DIGEST, "leaves", 10**6 + 1, 10),
    ]
    assert all(other != base for other in others)


def test_a_longer_draw_begins_with_the_shorter_one():
    assert draw("seed", DIGEST, "leaves", 10**6, 40)[:10] == draw("seed", DIGEST, "leaves", 10**6, 10)


def test_every_place_is_drawn_about_as_often():
    counts = Counter(place for n in range(2_000) for place in draw(str(n), DIGEST, "leaves", 10, 1))
    assert set(counts) == set(range(10)) and min(counts.values()) > 140 and max(counts.values()) < 260
