import time

import pytest
import scipy.constants
from hypothesis import given, strategies as st

from mtjax.data import parse_quantity


@pytest.mark.parametrize(
    "text, unit, value",
    (
        ("50 nm", "m", 50e-9),
        ("50nm", "m", 50e-9),
        (" 0.7 V ", "V", 0.7),
        ("1.2 mA", "A", 1.2e-3),
        ("5 kOhm", "Ohm", 5e3),
        ("5 kΩ", "Ohm", 5e3),
        ("300 K", "K", 300.0),
        ("-40 degC", "K", 233.15),
        ("125 °C", "K", 398.15),
        ("0.02", "1", 0.02),
        ("150 %", "1", 1.5),
        ("3", "m", 3.0),
        ("5 Ohm um^2", "Ohm m^2", 5e-12),
        ("5 Ohm*um2", "Ohm m^2", 5e-12),
        ("1.5 mJ/m²", "J/m^2", 1.5e-3),
        ("1 erg/cm^2", "J/m^2", 1e-3),
        ("800 emu/cm^3", "A/m", 8e5),
        ("1 MA/m", "A/m", 1e6),
        ("2 kOe", "T", 0.2),
        ("10 mT", "T", 0.01),
        ("1.76e11 rad/(s T)", "rad/(s T)", 1.76e11),
        ("1 GHz", "1/s", 1e9),
        ("2 s^-1", "1/s", 2.0),
        ("1 eV", "J", scipy.constants.e),
        ("90 deg", "rad", scipy.constants.pi / 2),
        ("0.1 mS", "S", 1e-4),
        ("30 fJ/(V m)", "J/(V m)", 30e-15),
        ("10 year", "s", 10 * 365.25 * 86400),
    ),
)
def test_text_is_the_si_number_to_the_last_bit(text, unit, value):
    assert parse_quantity(text, unit) == value


@pytest.mark.parametrize(
    "text, unit, sentence",
    (
        (
            "50 kg",
            "m",
            r"^`size` must be a number with a unit of \[m\], "
            r"got '50 kg': 'kg' is not a unit of \[m\]$",
        ),
        ("9**9**9 m", "m", "got '9\\*\\*9\\*\\*9 m'"),
        ("50 furlongs", "m", "'furlongs' is not a unit known here"),
        ("2 m^9", "m", r"'m\^9' is not a unit of \[m\]"),
        ("2 m^99", "m", "cannot be read as a unit"),
        ("1 J/m K", "J", "ambiguous"),
        ("1 /m", "1/m", "cannot be read as a unit"),
        ("1 (m)", "m", "cannot be read as a unit"),
        ("1 J/(m", "J", "cannot be read as a unit"),
        ("1 m *", "m", "cannot be read as a unit"),
        ("1 1/degC", "1/K", "degC stands alone"),
        ("", "m", "got ''"),
        ("nm", "m", "got 'nm'"),
        ("nan", "1", "`size` must be a number, got 'nan'"),
        ("inf m", "m", "got 'inf m'"),
        ("1e999 m", "m", "got '1e999 m'"),
        ("1e300 Tm", "fm", "got '1e300 Tm'"),
        ("__import__('os') m", "m", "got "),
        ("1 " + "m" * 1000, "m", "got '1 mmm"),
    ),
)
def test_wrong_text_is_one_sentence(text, unit, sentence):
    with pytest.raises(ValueError, match=sentence) as caught:
        parse_quantity(text, unit, name="size")
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 200


@given(st.text(alphabet="0123456789.eE+-*/^() nmkVAOhKs%µ", max_size=30))
def test_any_text_is_a_number_or_a_sentence_at_once(text):
    started = time.perf_counter()
    try:
        assert isinstance(parse_quantity(text, "m"), float)
    except ValueError:
        pass
    assert time.perf_counter() - started < 5


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_printed_number_reads_back(x):
    assert parse_quantity(repr(x), "V") == x
    assert parse_quantity(f"{x!r} V", "V") == x
