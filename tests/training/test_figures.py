import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import training

from .helpers import blobs


def test_confusion_matrix_counts_every_sample_once():
    x, y = blobs()
    logits = jax.vmap(training.mlp((6, 3), key=jr.key(0)))(x)
    counts = training.confusion_matrix(logits, y)
    assert np.array_equal(counts.sum(axis=1), np.bincount(y))
    assert np.trace(counts) / len(y) == pytest.approx(training.accuracy(logits, y))


def test_figures_show_their_numbers(tmp_path):
    from matplotlib.figure import Figure

    figure = Figure()
    curves, confusion, bars = figure.subplots(1, 3)
    rows = [{"epoch": 1, "loss": 2.0}, {"epoch": 2, "loss": 1.0}]
    training.plot_curves(curves, {"float": rows})
    assert np.array_equal(curves.lines[0].get_ydata(), [2, 1])

    training.plot_confusion(confusion, np.array([[5, 1], [0, 7]]), ["a", "b"])
    assert [text.get_text() for text in confusion.texts] == ["5", "1", "7"]

    loss = lambda p, *, key: p[0] ** 2 + p[1] * jr.normal(key)
    result = training.sensitivity(loss, jnp.array([2.0, 3.0]), keys=jr.split(jr.key(0), 8))
    training.plot_sensitivity(bars, result.rows())
    assert len(bars.patches) == 2
    figure.savefig(tmp_path / "figures.png")


def test_baseline_is_the_majority_of_the_training_labels():
    assert training.majority(np.array([0, 1, 1, 2]), np.array([1, 1, 0, 2])) == 0.5
