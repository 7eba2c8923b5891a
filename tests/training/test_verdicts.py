"""Verdicts of the papers: both sides of an interval are looked at."""

import importlib
from typing import Any

import numpy as np
import pytest
import scipy.stats

from mtjax.training.papers import bootstrap


_verdict: Any = importlib.import_module("mtjax.training.papers._verdict")
Side = _verdict.Side


@pytest.mark.parametrize(
    "interval, where",
    (
        ((1.0, 2.0), Side.BELOW),
        ((2.9, 3.1), Side.HOLDS),
        ((3.0, 4.0), Side.HOLDS),
        ((2.0, 3.0 - 1e-7), Side.HOLDS),
        ((3.1, 4.0), Side.ABOVE),
        ((-np.inf, np.inf), Side.UNKNOWN),
        (None, Side.UNKNOWN),
    ),
)
def test_an_interval_has_two_sides(interval, where):
    assert _verdict.side(interval, 3.0) is where


def test_a_verdict_says_which_side_and_by_how_much():
    reached = _verdict.against(95.0, (94.0, 96.0), 95.3, "%")
    assert reached == "Reached: 95.3 % is within 94 to 96."
    above = _verdict.against(97.0, (96.3, 97.3), 95.3, "%")
    assert above == "Above 95.3 % by 1.7 (1 to 2) points."
    below = _verdict.against(0.5, (0.25, 0.75), 2, "mV", because="it is cold")
    assert below == "Below 2 mV by 1.5 (1.25 to 1.75) mV: it is cold."
    assert _verdict.against(1.0, None, 2).startswith("Not comparable")


def test_a_loss_is_not_called_nothing_resolved():
    change = _verdict.change
    assert change(-0.62, (-0.74, -0.49), "it") == "it loses 0.62 points (-0.74 to -0.49)"
    assert change(0.15, (0.1, 0.2), "it").startswith("it gains 0.15")
    for end in (0.0, -7.6e-7, 0.1):
        told = change(-1.33, (-2.83, end), "it")
        assert told.startswith("it loses 1.33 points, which is not resolved")


def test_a_few_units_have_the_interval_of_student():
    values = np.array([1.0, 2.0, 4.0])
    half = scipy.stats.t.ppf(0.975, 2) * values.std(ddof=1) / np.sqrt(3)
    low, high = bootstrap(values)
    np.testing.assert_allclose([low, high], values.mean() + np.array([-half, half]))
    assert bootstrap([1.0]) == (-np.inf, np.inf)
