"""One spelling of a subject, checked against python-stdnum."""

from __future__ import annotations

import random

import pytest
from stdnum.cn import uscc as oracle
from stdnum.iso7064 import mod_11_10

from supervision.uid import canonical_uid, canonical_uscc, is_reg_no, is_uid

ALPHABET = "0123456789ABCDEFGHJKLMNPQRTUWXY"
CODE = "91110000600037341L"  # the example in python-stdnum's documentation
REG_NO = "110108000000016"


def test_credit_codes_as_python_stdnum_judges_them() -> None:
    rng = random.Random(3)
    valid = 0
    for _ in range(5000):
        code = "".join(rng.choices("0123456789", k=8)) + "".join(rng.choices(ALPHABET, k=9))
        code += rng.choice([oracle.calc_check_digit(code), rng.choice(ALPHABET)])
        assert (canonical_uscc(code) == code) == oracle.is_valid(code)
        valid += oracle.is_valid(code)
    assert 2000 < valid < 3500


def test_registration_numbers_as_python_stdnum_judges_them() -> None:
    rng = random.Random(4)
    valid = 0
    for _ in range(5000):
        number = "".join(rng.choices("0123456789", k=15))
        assert is_reg_no(number) == mod_11_10.is_valid(number)
        valid += is_reg_no(number)
    assert 400 < valid < 600


def test_every_single_wrong_character_is_noticed() -> None:
    for place in range(18):
        for letter in ALPHABET:
            if letter != CODE[place]:
                assert canonical_uscc(CODE[:place] + letter + CODE[place + 1 :]) is None


@pytest.mark.parametrize(
    "text", [CODE.lower(), f" {CODE}\t", "９１１１００００６０００３７３４１Ｌ", f"\u3000{CODE}\u00a0"]
)
def test_full_width_lower_case_and_blanks_are_one_code(text: str) -> None:
    assert canonical_uscc(text) == CODE
    assert not is_uid(text)


@pytest.mark.parametrize(
    "text", ["", "9111000060003734", CODE + "0", "9111 0000600037341L", "I" * 18, "无", CODE[:-1] + "O"]
)
def test_what_is_no_code(text: str) -> None:
    assert canonical_uscc(text) is None


def test_uid_prefers_the_credit_code() -> None:
    number = next(n for n in (REG_NO[:-1] + digit for digit in "0123456789") if is_reg_no(n))
    assert canonical_uid(CODE, number) == CODE
    assert canonical_uid(None, f" {number} ") == f"R:{number}"
    assert canonical_uid("not a code", number) == f"R:{number}"
    assert canonical_uid("", None) is None
    assert canonical_uid(None, "12345") is None
    assert is_uid(f"R:{number}")
    assert not is_uid(number)
    assert not is_uid(f"r:{number}")
    assert not is_uid(f"R:{CODE}")
    assert not is_reg_no("１" * 15)
