"""Codes and their check digits, and the texts of times and amounts."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from compliance.transactions.identifiers import (
    cfi_problem,
    decimal_text,
    dti_problem,
    isin_problem,
    lei_problem,
    mic_problem,
    micros_text,
    national_concat,
)

LEI, ISIN = "529900T8BM49AURSDO55", "US0378331005"


@given(
    place=st.integers(0, 19), letter=st.sampled_from("ABCDEFGHIJKLMNOPQRSTUVWXYZ"), digit=st.sampled_from("0123456789")
)
def test_no_other_letter_for_a_letter_or_digit_for_a_digit_passes_for_an_lei(place, letter, digit):
    changed = LEI[:place] + (digit if LEI[place].isdigit() else letter) + LEI[place + 1 :]
    assert (lei_problem(changed) is None) == (changed == LEI)


@given(place=st.integers(2, 11), digit=st.sampled_from("0123456789"))
def test_no_other_digit_passes_for_an_isin(place, digit):
    changed = ISIN[:place] + digit + ISIN[place + 1 :]
    assert (isin_problem(changed) is None) == (changed == ISIN)


@pytest.mark.parametrize("isin", ["US0378331005", "DE000BAY0017", "GB0002634946"])
def test_isins_that_hold(isin):
    assert isin_problem(isin) is None


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (dti_problem, "4H95J0R2X", "0H95J0R2X"),
        (dti_problem, "V15WLZJMF", "V15WLZJMA"),
        (mic_problem, "XTAL", "XTA"),
        (cfi_problem, "ESVUFR", "XSVUFR"),
        (cfi_problem, "TDXXXX", "ES1UFR"),
        (lei_problem, LEI, LEI.lower()),
        (isin_problem, ISIN, "US037833100"),
    ],
)
def test_forms(check, good, bad):
    assert check(good) is None and check(bad)


@pytest.mark.parametrize(
    ("country", "born", "first", "last", "expected"),
    [  # the examples of ESMA's guidelines (ESMA/2016/1452, section 4.12), and what they leave open
        ("IE", "1980-01-13", "John", "O'Brian", "IE19800113JOHN#OBRIA"),
        ("HU", "1981-02-14", "Ludwig", "Van der Rohe", "HU19810214LUDWIROHE#"),
        ("US", "1973-03-22", "Victor", "Vandenberg", "US19730322VICTOVANDE"),
        ("ES", "1990-12-01", "Dr. Íñigo María", "Núñez", "ES19901201INIGONUNEZ"),
        ("SE", "1960-06-06", "Åke", "Öz", "SE19600606AKE##OZ###"),
    ],
)
def test_the_concatenation_of_a_person(country, born, first, last, expected):
    assert national_concat(country, born, first, last) == expected


@given(st.fractions(max_denominator=10**12), st.integers(0, 17))
def test_a_decimal_is_the_nearest_one(value, decimals):
    text = decimal_text(value, decimals)
    with localcontext() as context:
        context.prec = 200
        exact = Decimal(value.numerator) / Decimal(value.denominator)
        nearest = abs(exact).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP).copy_sign(exact)
    assert Decimal(text) == nearest and "E" not in text and not text.startswith("+")
    assert not (("." in text) and text.endswith("0")) and text != "-0"


def test_texts():
    assert micros_text(0) == "1970-01-01T00:00:00.000000Z"
    assert micros_text(1_788_220_800_000_001) == "2026-09-01T00:00:00.000001Z"
    assert decimal_text(Fraction(1, 3), 5) == "0.33333" and decimal_text(Fraction(-5, 2), 0) == "-3"
    assert decimal_text(Fraction(5, 10**6), 5) == "0.00001" and decimal_text(Fraction(4, 10**6), 5) == "0"
