import jax.random as jr
import numpy as np
import pytest
import scipy.stats

from mtjax import crossbar, training

from .helpers import blobs
from .test_on_array import cell


def test_intervals_are_those_of_their_laws():
    values = np.random.default_rng(0).normal(size=(2, 30))
    scores = training.Scores.of(dict(a=values[0], b=values[1]))
    test = scipy.stats.ttest_rel(values[1], values[0]).confidence_interval()
    np.testing.assert_allclose(scores.difference("b", "a")[1:], test)
    median = scipy.stats.quantile_test(values[0], p=0.5).confidence_interval()
    np.testing.assert_allclose(scores.interval("a"), median)


def test_the_interval_of_a_median_covers_it():
    draws = np.random.default_rng(1).exponential(size=(400, 15))
    held = 0
    for row in draws:
        low, high = training.Scores.of({"a": row}).interval("a")
        held += low <= np.log(2) <= high
    assert held / 400 > 0.93  # a binomial with p = .96: 3 deviations below are .934


def test_every_method_sees_the_same_chips():
    x, y = blobs()
    network, spec = training.mlp((6, 3), key=jr.key(0)), crossbar.Spec(tile=8)
    forward = training.ThroughArray(cell(spread=0.3), spec)
    protocol = training.Protocol.of(x, y, keys=jr.split(jr.key(1), 4))
    scores = protocol.compare(
        {
            "float": (training.batched, network),
            "a": (forward, network),
            "b": (forward, network),
        }
    )
    np.testing.assert_array_equal(scores["a"], scores["b"])
    assert np.ptp(scores["a"]) > 0 == np.ptp(scores["float"])
    assert scores.difference("a", "b") == (0, 0, 0)
    table = scores.table(against="float")
    assert "4 chips" in table
    assert "minus float" in table


def test_one_unit_has_no_interval_and_unknown_names_are_refused():
    scores = training.Scores.of({"a": [0.5], "b": [0.75]})
    assert scores.difference("b", "a") == (0.25, -np.inf, np.inf)
    with pytest.raises(ValueError, match="`name` must be one of a, b"):
        scores.median("c")
    x, y = blobs()
    protocol = training.Protocol.of(x, y + 1, keys=jr.split(jr.key(0), 2))
    network = training.mlp((6, 3), key=jr.key(0))
    with pytest.raises(ValueError, match="must be labels from 0 to 2"):
        protocol.score(training.batched, network)
