"""What `finite_difference` says of a score, by its controls and both ends of intervals."""

import importlib
from typing import Any

import numpy as np


_folder = "mtjax.training.papers.finite_difference"
_iris: Any = importlib.import_module(f"{_folder}._iris")
_mnist: Any = importlib.import_module(f"{_folder}._mnist")


def test_iris_tells_little_if_the_control_reaches_the_number_too():
    assert _iris._told(95.3, 95).startswith("Iris tells little")
    assert _iris._told(94.9, 95).startswith("It takes a hidden layer")


def test_on_par_needs_both_ends_within_the_margin():
    assert _mnist._on_par((-0.2, 0.3)).startswith("On par")
    assert _mnist._on_par((-0.7, 0.3)).startswith("Not shown")
    assert _mnist._on_par((-0.9, -0.6)).startswith("Not on par")
    assert _mnist._on_par((0.6, 0.9)).startswith("Not on par")
    assert "no interval" in _mnist._on_par((-np.inf, np.inf))
