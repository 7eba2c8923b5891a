import json

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
import pytest

from mtjax import training
from mtjax.data import Outcome

from .helpers import blobs, iris


def leaves(tree):
    return [np.asarray(leaf) for leaf in jax.tree.leaves(tree) if hasattr(leaf, "shape")]


def test_training_learns_iris():
    x, y = iris()
    network = training.mlp((4, 12, 3), key=jr.key(0))
    optimizer = training.adamw(30 * 9, peak=0.02)
    result = training.train(
        network, (x, y), key=jr.key(1), epochs=30, batch=16, optimizer=optimizer
    )
    assert result.outcome == Outcome.successful
    assert result.curve[-1]["loss"] < 0.5 * result.curve[0]["loss"]
    assert result.curve[-1]["accuracy"] > 0.9 > training.majority(y, y)


def test_same_key_gives_same_network():
    network = training.mlp((6, 3), key=jr.key(0))
    runs = [training.train(network, blobs(), key=jr.key(1), epochs=2) for _ in range(2)]
    for a, b in zip(*(leaves(run.network) for run in runs), strict=True):
        assert np.array_equal(a, b)


def test_one_full_batch_step_of_gradient_descent():
    x, y = blobs()
    network = training.mlp((6, 3), key=jr.key(0))
    rate = 0.1
    result = training.train(
        network, (x, y), key=jr.key(1), epochs=1, batch=len(y), optimizer=optax.sgd(rate)
    )
    loss = lambda net: training.cross_entropy(jax.vmap(net)(x), y)
    expected = jax.tree.map(lambda w, g: w - rate * g, network, jax.grad(loss)(network))
    for a, b in zip(leaves(result.network), leaves(expected), strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_diverging_loss_returns_the_last_good_network():
    network = training.mlp((6, 8, 3), key=jr.key(0))
    schedule = lambda step: jnp.where(step < 2, 1e-2, 1e30)
    x, y = blobs()
    run = lambda epochs: training.train(
        network,
        (x, y),
        key=jr.key(1),
        epochs=epochs,
        batch=45,
        optimizer=optax.sgd(schedule),
    )
    good, bad = run(1), run(9)
    assert good.outcome == Outcome.successful
    assert bad.outcome == Outcome.diverged
    assert len(bad.curve) < 9
    for a, b in zip(leaves(good.network), leaves(bad.network), strict=True):
        assert np.array_equal(a, b)


def test_early_stopping_returns_the_best_network():
    x, y = blobs()
    wrong = (y + 1) % 3
    network = training.mlp((6, 16, 3), key=jr.key(0))
    result = training.train(
        network, (x, y), key=jr.key(1), epochs=50, validation=(x, wrong), patience=3
    )
    values = result.column("validation_loss")
    assert result.outcome == Outcome.stopped_early
    assert len(values) == np.argmin(values) + 4
    reached = training.cross_entropy(jax.vmap(result.network)(x), wrong)
    assert reached == pytest.approx(values.min(), rel=1e-12)


def test_log_holds_one_line_of_json_per_epoch(tmp_path):
    log = tmp_path / "curve.jsonl"
    network = training.mlp((6, 3), key=jr.key(0))
    result = training.train(network, blobs(), key=jr.key(1), epochs=3, log=log)
    rows = [json.loads(line) for line in log.read_text().splitlines()]
    assert rows == list(result.curve)


@pytest.mark.parametrize(
    "change, sentence",
    (
        (lambda x, y: (x.at[3, 1].set(jnp.nan), y), r"`x` must be finite, got 1 sample"),
        (
            lambda x, y: (x, y + 1),
            r"`y` must be labels from 0 to 2, got labels from 1 to 3",
        ),
        (lambda x, y: (x[1:], y), r"`x` must hold one row per label \(90"),
        (lambda x, y: (x, y + 0.5), r"`y` must be one integer label per sample, got float"),
    ),
)
def test_unusable_data_are_refused_in_one_sentence(change, sentence):
    network = training.mlp((6, 3), key=jr.key(0))
    with pytest.raises(ValueError, match=sentence):
        training.train(network, change(*blobs()), key=jr.key(1), epochs=1)


def test_batch_larger_than_the_data_is_refused():
    network = training.mlp((6, 3), key=jr.key(0))
    with pytest.raises(ValueError, match=r"`batch` must be from 1 to 90"):
        training.train(network, blobs(), key=jr.key(1), epochs=1, batch=91)
