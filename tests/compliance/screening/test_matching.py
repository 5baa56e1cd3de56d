"""What is a hit: exact matches always, names at and over the threshold, and nothing is cleared by a modifier alone."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from compliance.screening.index import NameIndex
from compliance.screening.lists import read_lists
from compliance.screening.matching import Basis, ScreeningParameters, algorithm_version, plain, screen
from compliance.screening.parties import (
    BirthDate,
    Identifier,
    ListedName,
    ListedParty,
    NameQuality,
    PartyKind,
    Subject,
    Wallet,
)
from compliance.screening.scoring import RAISED_MAX, Modifier, modifiers
from ledger.errors import InputError
from tests.compliance.screening import samples
from tests.compliance.screening.variations import innocents, listed_parties, people

LISTS = read_lists([samples.sdn_xml(), samples.un_xml(), samples.eu_xml()], samples.RETRIEVED)
INDEX = NameIndex(LISTS.parties)
DEFAULT = ScreeningParameters()


def party(name: str = "Maria Elena Vosk", **fields: object) -> ListedParty:
    names = (ListedName(name, NameQuality.PRIMARY),)
    return ListedParty("T", "1", PartyKind.PERSON, names, **fields)  # type: ignore[arg-type]  # fields by name


@pytest.mark.parametrize(
    ("subject", "found", "basis"),
    [
        (Subject("s", ("Oskar Vanterpoole",)), "OFAC-SDN/90001", Basis.NAME),
        (Subject("s", ("Greyheron",)), "OFAC-SDN/90001", Basis.NAME),
        (Subject("s", ("Евгений Столбунов",)), "EU/9001", Basis.NAME),
        (Subject("s", ("Yevgeny Stolbunov",)), "EU/9001", Basis.NAME),
        (Subject("s", ("مرتضى الخيالي",)), "UN/7900001", Basis.NAME),
        (Subject("s", ("Quorlite Maritime Trading",), PartyKind.ENTITY), "OFAC-SDN/90002", Basis.NAME),
        (Subject("s", documents=("qx5501172",)), "OFAC-SDN/90001", Basis.DOCUMENT),
        (Subject("s", documents=("5299example000000017",)), "OFAC-SDN/90002", Basis.DOCUMENT),
        (Subject("s", documents=("9999901",)), "OFAC-SDN/90003", Basis.DOCUMENT),
        (Subject("s", wallets=(samples.ETH.lower(),)), "OFAC-SDN/90001", Basis.WALLET),
        (Subject("s", wallets=(samples.XBT,)), "OFAC-SDN/90002", Basis.WALLET),
    ],
)
def test_listed_parties_are_found(subject: Subject, found: str, basis: Basis) -> None:
    result = screen(subject, INDEX, DEFAULT)
    assert result == plain(subject, INDEX, DEFAULT)
    assert result.hits[0].party == found and result.hits[0].basis is basis
    assert result.best_score == result.hits[0].score >= DEFAULT.threshold


def test_a_clear_result_keeps_its_best_score() -> None:
    result = screen(Subject("s", ("Oskar Vantongeren",)), INDEX, DEFAULT)
    assert not result.hits and 0 < result.best_score < DEFAULT.threshold
    assert screen(Subject("s", wallets=(samples.XBT.lower(),)), INDEX, DEFAULT) == ((), 0)


def test_a_short_document_number_is_no_identity() -> None:
    index = NameIndex([party(documents=(Identifier("Passport", "12-3", ""),))])
    assert not screen(Subject("s", documents=("123",)), index, DEFAULT).hits


def test_the_threshold_under_exact_and_over() -> None:
    subject = Subject("s", ("Oskar Vanterpol",))
    score = screen(subject, INDEX, ScreeningParameters(5_000)).hits[0].score
    assert 5_000 < score < 10_000
    assert screen(subject, INDEX, ScreeningParameters(score - 1)).hits
    assert screen(subject, INDEX, ScreeningParameters(score)).hits
    over = screen(subject, INDEX, ScreeningParameters(score + 1))
    assert all(hit.score > score for hit in over.hits) and over.best_score <= score


@pytest.mark.parametrize("threshold", [4_999, 10_001])
def test_a_threshold_out_of_range_is_refused(threshold: int) -> None:
    with pytest.raises(InputError, match="out of range"):
        ScreeningParameters(threshold)


@pytest.mark.parametrize(
    ("born", "listed", "expected"),
    [
        ("1969-03-14", ("1969-03-14", "1969-03-14"), Modifier("same birth date", 300)),
        ("1969", ("1969-03-14", "1969-03-14"), Modifier("birth date fits", 100)),
        ("1969-03", ("1969-03-14", "1969-03-14"), Modifier("birth date fits", 100)),
        ("1969-03-15", ("1969-03-14", "1969-03-14"), Modifier("other birth date in the same year", -200)),
        ("1961-05-05", ("1961-01-01", "1963-12-31"), Modifier("birth date fits", 100)),
        ("1963-12-31", ("1961-01-01", "1963-12-31"), Modifier("birth date fits", 100)),
        ("1964-01-01", ("1961-01-01", "1963-12-31"), Modifier("birth year one apart", -300)),
        ("1965-01-01", ("1961-01-01", "1963-12-31"), Modifier("birth year 2 apart", -1_000)),
        ("1959", ("1961-01-01", "1963-12-31"), Modifier("birth year 2 apart", -1_000)),
    ],
)
def test_birth_dates_move_the_score_and_are_shown(born: str, listed: tuple[str, str], expected: Modifier) -> None:
    of = party(births=(BirthDate(*listed, "x"),))
    assert modifiers(Subject("s", ("x",), born=born), of, NameQuality.PRIMARY) == (expected,)


def test_what_a_list_does_not_know_moves_nothing() -> None:
    of = party(births=(BirthDate("", "", "Summer 1962"),), nationalities=("Somewhere",))
    assert modifiers(Subject("s", ("x",), born="1962", nationalities=("JP",)), of, NameQuality.PRIMARY) == ()


def test_the_same_name_stays_a_hit_whatever_else_differs() -> None:
    of = party(births=(BirthDate("1950-01-01", "1950-01-01", "x"),), nationalities=("SY",))
    subject = Subject("s", ("Maria Elena Vosk",), PartyKind.ENTITY, "1990-01-01", ("JP",))
    (hit,) = screen(subject, NameIndex([of]), DEFAULT).hits
    assert (hit.name_score, hit.score) == (10_000, 9_000)
    assert sum(each.points for each in hit.modifiers) == -1_000 and len(hit.modifiers) == 4


def test_a_name_that_lacks_a_word_stays_a_hit_with_another_birth_date() -> None:
    index = NameIndex([party("VOSK, Maria Elena", births=(BirthDate("1950-01-01", "1950-01-01", "x"),))])
    (hit,) = screen(Subject("s", ("Maria Vosk",), born="1990"), index, DEFAULT).hits
    assert (hit.name_score, hit.score) == (9_500, 8_500)


def test_raised_max_is_the_most_that_modifiers_add() -> None:
    of = party(births=(BirthDate("1950-01-01", "1950-01-01", "x"),), nationalities=("SY",))
    subject = Subject("s", ("x",), PartyKind.PERSON, "1950-01-01", ("SY",))
    assert sum(each.points for each in modifiers(subject, of, NameQuality.PRIMARY)) == RAISED_MAX


def test_one_word_in_common_is_no_hit_and_a_subset_of_two_words_is() -> None:
    index = NameIndex([party("KHALAF, Hamid Rustam Torun"), party("HERMANN")])
    assert not screen(Subject("s", ("Hamid Osterwalder",)), index, DEFAULT).hits
    assert not screen(Subject("s", ("Hamid",)), index, DEFAULT).hits
    assert not screen(Subject("s", ("Hermann Osterwalder",)), index, DEFAULT).hits
    assert screen(Subject("s", ("Hermann",)), index, DEFAULT).hits
    assert screen(Subject("s", ("Hamid Khalaf",)), index, DEFAULT).hits


def test_a_patronymic_may_be_left_out_at_little_cost() -> None:
    index = NameIndex([party("STOLBUNOV, Arkady Ivanovich")])
    assert screen(Subject("s", ("Arkady Stolbunov",)), index, DEFAULT).hits[0].score == 9_900


def test_the_algorithm_names_its_libraries() -> None:
    assert "anyascii-" in algorithm_version() and "rapidfuzz-" in algorithm_version()


NUMBERS = st.text("ABCDEFGHJKLMNPQRSTUVWXYZ0123456789", min_size=5, max_size=20)
ADDRESSES = st.text("123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", min_size=20, max_size=50)
NAMES = st.lists(st.text("abcdefghijklmnoprstuvwyz", min_size=1, max_size=9), min_size=1, max_size=5).map(" ".join)


@given(NAMES, NUMBERS, ADDRESSES, st.randoms(use_true_random=False))
@settings(max_examples=60)
def test_what_is_the_same_is_always_found(name: str, number: str, address: str, random: object) -> None:
    index = NameIndex(
        [party(name, documents=(Identifier("ID", number, ""),), wallets=(Wallet("X", address),)), *DECOYS]
    )
    words = name.split()
    random.shuffle(words)  # type: ignore[attr-defined]  # Hypothesis gives a random.Random
    assert screen(Subject("s", (" ".join(words).upper(),)), index, DEFAULT).hits[0].score == 10_000
    assert any(hit.party == "T/1" for hit in screen(Subject("s", (" ".join(words).upper(),)), index, DEFAULT).hits)
    spaced = " ".join(number.lower())
    assert any(hit.basis is Basis.DOCUMENT for hit in screen(Subject("s", documents=(spaced,)), index, DEFAULT).hits)
    assert any(
        hit.basis is Basis.WALLET for hit in screen(Subject("s", wallets=(f" {address} ",)), index, DEFAULT).hits
    )


def _people(seed: int, count: int) -> list[ListedParty]:
    return listed_parties(people(Random(seed), count))


DECOYS = _people(11, 60)


def test_the_index_finds_what_its_plain_twin_finds() -> None:
    """All hits but one in a hundred; which words the index cannot bring together is in docs/screening.md."""
    index = NameIndex(_people(5, 300))
    names = [*innocents(Random(6), 80, 0.5), *(entry.name.text for entry in index.entries[:60])]
    found = whole = 0
    for name in names:
        subject = Subject("s", (name,), PartyKind.PERSON)
        fast, slow = screen(subject, index, DEFAULT), plain(subject, index, DEFAULT)
        assert set(fast.hits) <= set(slow.hits), "the index invents nothing"
        found += len(fast.hits)
        whole += len(slow.hits)
    assert whole > 60 and found >= whole * 99 // 100
