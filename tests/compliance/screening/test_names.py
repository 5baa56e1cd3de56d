"""Names and addresses in the form that they are compared in."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.screening.names import has_unread_han, normalise, read_name
from compliance.screening.scoring import SAME, name_score
from compliance.screening.wallets import canonical_address


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("Müller-Lüdenscheidt, Dr. Ernst", "muller ludenscheidt ernst"),
        ("O'Brien", "obrien"),
        ("ŁUKASZ ŻÓŁĆ", "lukasz zolc"),
        ("İstanbul", "istanbul"),
        ("Abd-al-Rahman bin Khalid", "abd rahman khalid"),
        ("Ευάγγελος Παπαδόπουλος", "evangelos papadopulos"),
        ("ΓΕΩΡΓΙΟΣ", "georgios"),
        ("Сергей Щербаков", "sergey shcherbakov"),
        ("ヤマダ たろう", "yamada tarou"),
        ("عبد الرحمن", "bd rhmn"),
        ("عمر", "mr"),
        ("张伟", "zhang wei"),
        ("김정은", "gim jeong eun"),
        ("Al", "al"),
        ("Mr", "mr"),
        ("", ""),
        ("!!!", ""),
    ],
)
def test_the_normal_form(written: str, normal: str) -> None:
    assert normalise(written) == normal


def test_legal_forms_go_for_organisations_alone() -> None:
    assert normalise("Quorlite Trading L.L.C. Ltd", is_organisation=True) == "quorlite trading l l c"
    assert normalise("Quorlite Trading LLC", is_organisation=True) == "quorlite trading"
    assert normalise("Ltd", is_organisation=True) == "ltd"
    assert normalise("Ad Co", is_organisation=False) == "co"


def test_kanji_are_read_as_chinese_and_so_never_meet_their_japanese_reading() -> None:
    assert normalise("山田太郎") == "shan tian tai lang"
    assert has_unread_han("山田太郎") and not has_unread_han("やまだたろう")
    assert name_score(read_name("山田太郎"), read_name("YAMADA, Taro")) < 6_000
    assert name_score(read_name("山田太郎"), read_name("山田太郎")) == SAME
    assert name_score(read_name("やまだ たろう"), read_name("YAMADA, Taro")) >= 9_000


@given(st.text(max_size=60))
def test_normalising_twice_is_normalising_once(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once
    assert normalise(normalise(text, is_organisation=True), is_organisation=True) == normalise(
        text, is_organisation=True
    )


WORDS = st.lists(st.text("abcdefghijklmnopqrstuvwxyz", min_size=1, max_size=9), min_size=1, max_size=6)


@given(WORDS, WORDS, st.randoms(use_true_random=False))
def test_neither_the_order_of_words_nor_of_names_changes_a_score(
    left: list[str], right: list[str], random: object
) -> None:
    score = name_score(read_name(" ".join(left)), read_name(" ".join(right)))
    shuffled = list(left)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # Hypothesis gives a random.Random
    assert name_score(read_name(" ".join(shuffled)), read_name(" ".join(right))) == score
    assert name_score(read_name(" ".join(right)), read_name(" ".join(left))) == score
    assert 0 <= score <= SAME


@given(WORDS)
def test_a_name_is_the_same_as_itself(words: list[str]) -> None:
    name = read_name(" ".join(words))
    assert name_score(name, name) == SAME


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ("0x52908400098527886E0F7030069857D2E4169EE7", "0x52908400098527886e0f7030069857d2e4169ee7"),
        ("0X52908400098527886E0F7030069857D2E4169EE7", " eip155:1:0x52908400098527886e0f7030069857d2e4169ee7\n"),
        ("BC1QEXAMPLEEXAMPLEEXAMPLE0", "bc1qexampleexampleexample0"),
        ("bitcoin:bc1qexampleexampleexample0", "bc1qexampleexampleexample0"),
        ("bitcoincash:qpexampleexampleexampleexampleexamplehzzz", "QPEXAMPLEEXAMPLEEXAMPLEEXAMPLEEXAMPLEHZZZ".lower()),
    ],
)
def test_spellings_of_one_address_meet(a: str, b: str) -> None:
    assert canonical_address(a) == canonical_address(b)


def test_base58_is_compared_exactly() -> None:
    assert canonical_address("1ExampLe") != canonical_address("1example")
    assert canonical_address("TExampLeTron") == "TExampLeTron"


@given(st.text(max_size=80))
def test_canonical_address_is_idempotent(text: str) -> None:
    once = canonical_address(text)
    assert canonical_address(once) == once
