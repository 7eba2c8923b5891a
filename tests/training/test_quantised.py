import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import training
from mtjax.training import Observer, Rounding

from .helpers import blobs


@pytest.mark.parametrize("levels", (2, 3, 4, 11))
def test_grid_holds_its_levels_and_rounds_to_the_nearest(levels):
    grid = np.linspace(-1.5, 1.5, levels)
    x = np.linspace(-2, 2, 1001)
    limit = jnp.full(1, 1.5)
    got = training.to_grid(jnp.asarray(x), limit, levels)
    distance = np.abs(np.asarray(got)[:, None] - grid)
    assert np.max(np.min(distance, axis=1)) < 1e-12
    nearest = np.min(np.abs(x[:, None] - grid), axis=1)
    np.testing.assert_allclose(np.abs(got - x), nearest, atol=1e-12)
    np.testing.assert_allclose(training.to_grid(jnp.asarray(grid), limit, levels), grid)


def test_derivatives_of_rounding():
    x = jnp.linspace(-1.4, 1.4, 57)
    limit = jnp.ones(1)
    slope = lambda rounding: jax.grad(
        lambda x: jnp.sum(training.to_grid(x, limit, 5, rounding))
    )(x)
    inside = np.abs(x) < 1
    edge = np.abs(np.abs(x) - 1) < 1e-9
    straight, smooth = slope(Rounding.STRAIGHT_THROUGH), slope(Rounding.SMOOTH)
    np.testing.assert_allclose(straight[~edge], inside[~edge])
    expected = np.where(inside, 1 - np.cos(2 * np.pi * 2 * np.asarray(x)), 0)
    np.testing.assert_allclose(smooth[~edge], expected[~edge], atol=1e-9)


@pytest.mark.parametrize("levels, limit", ((2, 0.7979), (3, 1.2240), (4, 1.4935)))
def test_gaussian_weights_get_the_quantiser_of_max(levels, limit):
    # Max (1960), table II: distance of the outer outputs of uniform quantisers
    weight = jr.normal(jr.key(0), (2, 200_000))
    network = training.mlp((200_000, 2), key=jr.key(1))
    layer = eqx.tree_at(lambda l: l.weight, network.layers[0], weight)
    rounded = training.QuantisedLinear(layer, None, None, levels).weight()
    assert np.max(rounded) == pytest.approx(limit, rel=4e-3)  # rms of 400,000 draws


@pytest.mark.parametrize("rounding", Rounding)
@pytest.mark.parametrize("levels", (2, 4))
def test_training_on_the_grid_beats_rounding_afterwards(levels, rounding):
    x, y = blobs(240, 6, 6)
    network = training.mlp((6, 16, 6), key=jr.key(0))
    optimizer = training.adamw(40 * 5, peak=0.02)
    fit = lambda forward: (
        training.train(
            network,
            (x, y),
            key=jr.key(1),
            epochs=40,
            batch=48,
            forward=forward,
            optimizer=optimizer,
        ).network
    )
    forward = training.Quantised(levels, rounding=rounding)
    right = lambda net: float(training.accuracy(forward(net, x, None), y))
    assert right(fit(forward)) > right(fit(training.batched))


@pytest.mark.parametrize("per_channel", (False, True))
@pytest.mark.parametrize("levels", (2, 4, 11))
def test_observers_minimise_what_they_are_named_for(levels, per_channel):
    weight = jr.t(jr.key(0), 4.0, (4, 500)) * jnp.array([[0.1], [1.0], [2.0], [5.0]])
    network = training.mlp((500, 4), key=jr.key(1))
    network = eqx.tree_at(lambda n: n.layers[0].weight, network, weight)
    errors = {}
    for observer in Observer:
        layer = training.quantise(
            network, levels, observer=observer, per_channel=per_channel
        ).layers[0]
        errors[observer] = float(jnp.mean((layer.weight() - weight) ** 2))
        assert layer.limit.shape == ((4, 1) if per_channel else (1, 1))
        assert len(np.unique(np.round(layer.weight() / layer.limit, 9))) <= levels
    assert errors[Observer.MSE] <= min(errors.values()) * 1.01


def test_entropy_keeps_all_of_what_fits_and_clips_an_outlier():
    x = jnp.linspace(-1, 1, 4096)
    assert training.observe(x, 255, Observer.ENTROPY) == pytest.approx(1, abs=0.01)
    normal = jr.normal(jr.key(0), (20_000,))
    outlier = jnp.append(normal, 100.0)
    assert training.observe(outlier, 127, Observer.ENTROPY) < 30
    assert training.observe(outlier, 127, Observer.MIN_MAX) == pytest.approx(100)
    share = float(
        jnp.mean(jnp.abs(normal) < training.observe(normal, 127, Observer.PERCENTILE))
    )
    assert share == pytest.approx(0.999, abs=1e-4)


def test_inputs_are_rounded_in_the_calibrated_range():
    x, _ = blobs()
    network = training.mlp((6, 5, 3), key=jr.key(0))
    errors = []
    for levels in (7, 31, 127):
        rounded = training.quantise(network, 1023, input_levels=levels, calibration=x)
        errors.append(float(jnp.max(jnp.abs(jax.vmap(rounded)(x) - jax.vmap(network)(x)))))
    assert errors[0] > 2 * errors[1] > 4 * errors[2]


def test_missing_calibration_and_one_level_are_refused():
    network = training.mlp((6, 3), key=jr.key(0))
    with pytest.raises(ValueError, match=r"`calibration` must be given"):
        training.quantise(network, 4, input_levels=15)
    with pytest.raises(ValueError, match=r"`levels` must be at least 2, got 1"):
        training.quantise(network, 1)
