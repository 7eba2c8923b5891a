"""Limits of counted probabilities, against the binomial law that defines them."""

import numpy as np
import pytest
from scipy.stats import binom

from mtjax import data


K, N = np.array([0, 1, 7, 40, 50]), np.full(5, 50)


def test_limits_leave_half_of_the_rest_on_each_side():
    low, high = data.clopper_pearson(K, N, level=0.9)
    np.testing.assert_allclose(binom.sf(K - 1, N, low)[1:], 0.05, rtol=1e-9)
    np.testing.assert_allclose(binom.cdf(K, N, high)[:-1], 0.05, rtol=1e-9)
    assert low[0] == 0
    assert high[-1] == 1


def test_without_trials_nothing_is_known():
    assert data.clopper_pearson(0, 0) == (0, 1)


def test_planned_trials_give_the_error_asked_for():
    p = 2e-3
    n = data.trials_for(p, relative_error=0.1)
    np.testing.assert_allclose(np.sqrt(p * (1 - p) / n) / p, 0.1, rtol=1e-4)


def test_trials_without_an_event_exclude_a_probability():
    n = data.trials_to_exclude(1e-4)
    assert (1 - 1e-4) ** n <= 0.05 < (1 - 1e-4) ** (n - 1)
    high = data.clopper_pearson([0, 0], [n, n - 1], level=0.9)[1]
    assert high[0] <= 1e-4 < high[1]


@pytest.mark.parametrize(
    "call, sentence",
    (
        (lambda: data.clopper_pearson(3, 2), "`switched` must be from 0 to `trials`"),
        (lambda: data.clopper_pearson(np.nan, 2), "`switched` must be from 0 to `trials`"),
        (lambda: data.clopper_pearson(1, np.nan), "`switched` must be from 0 to `trials`"),
        (lambda: data.clopper_pearson(1, 2, level=1.0), "`level` must be > 0 and < 1"),
        (lambda: data.trials_for(0.0, relative_error=0.1), "`probability` must be > 0"),
        (lambda: data.trials_for(0.1, relative_error=0.0), "`relative_error` must be"),
        (lambda: data.trials_to_exclude(1.0), "`probability` must be > 0 and < 1"),
    ),
)
def test_wrong_input_is_refused_in_a_sentence(call, sentence):
    with pytest.raises(ValueError, match=sentence):
        call()
