import importlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from mtjax import crossbar, training

from .helpers import blobs
from .test_on_array import cell


_fast_normal: Any = importlib.import_module("mtjax.training._fast_normal")
_statistical: Any = importlib.import_module("mtjax.training._statistical")


def test_fast_numbers_have_the_moments_that_are_said():
    z = np.asarray(_fast_normal.fast_normal(jr.key(0), (400, 500)), float)
    n = z.size
    assert abs(z.mean()) * np.sqrt(n) < 4
    assert abs(z.var() - 1) * np.sqrt(n / 2) < 4
    assert abs(np.mean(z**4) - 2.85) * np.sqrt(n / 96) < 4
    for lag in (1, 2, 500):
        product = z.ravel()[:-lag] * z.ravel()[lag:]
        assert abs(product.mean()) * np.sqrt(n) < 4
    other = np.asarray(_fast_normal.fast_normal(jr.key(1), z.shape), float)
    assert abs((z * other).mean()) * np.sqrt(n) < 4


def test_drawn_weights_have_the_mean_and_spread_of_programmed_pairs():
    layer = eqx.nn.Linear(40, 30, key=jr.key(0))
    made, spec = cell(spread=0.2), crossbar.Spec(tile=64)
    table = made.levels(made.assign(4))
    draw = lambda key: _statistical.draw_layer(layer, table, spec, key).weight
    chip = lambda key: (
        training.off_array(
            training.on_array(layer, made, spec, key=key, wires=training.Wires.NONE)
        ).weight
    )
    keys = jr.split(jr.key(1), 300)
    ours, cells = (jax.lax.map(f, keys) for f in (draw, chip))
    # cells: the gain of each column is fitted on the chip, which takes off some per cent
    np.testing.assert_allclose(ours.mean(0), cells.mean(0), atol=0.02)
    ratio = jnp.sqrt(jnp.mean(ours.var(0)) / jnp.mean(cells.var(0)))
    assert 0.95 < ratio < 1.12


def test_it_trains_and_is_straight_through():
    x, y = blobs()
    network = training.mlp((6, 3), key=jr.key(0))
    spec = crossbar.Spec(tile=4, adc_bits=6, dac_bits=6)
    forward = training.Statistical(cell(spread=0.1), spec, ramp=0.5)
    run = training.train(
        network,
        (x, y),
        key=jr.key(1),
        epochs=15,
        batch=30,
        forward=forward,
        optimizer=training.adamw(45, peak=0.05),
    )
    assert run.curve[-1]["accuracy"] > 0.8
    ideal = training.Statistical(cell(), crossbar.Spec(tile=4))
    slope = jax.grad(lambda n: jnp.sum(ideal(n, x, jr.key(0))))(network)
    outer = jnp.broadcast_to(x.sum(axis=0)[None], (3, 6))
    np.testing.assert_allclose(slope.layers[0].weight, outer, rtol=1e-9)


def test_the_spread_ramps_up():
    made = training.ThroughArray(cell(spread=0.2), crossbar.Spec(), ramp=0.5)
    std = lambda share: (
        made.at(jnp.asarray(share)).cell.levels(made.cell.assign(4)).cycle_std
    )
    whole = cell(spread=0.2).cycle_std
    for share, part in ((0.0, 0), (0.25, 0.5), (0.5, 1), (1.0, 1)):
        np.testing.assert_allclose(std(share), part * whole)


def test_noise_is_relative_to_the_largest_weight_of_the_tile():
    layer = eqx.nn.Linear(7, 5, use_bias=False, key=jr.key(0))
    layer = eqx.tree_at(lambda l: l.weight, layer, jr.normal(jr.key(1), (5, 7)))
    noisy = training.NoisyWeights(deviation=0.1, tile=4, ramp=0.5)
    x = jnp.eye(7)
    draw = lambda key: noisy(layer, x, key).T
    spread = jax.lax.map(draw, jr.split(jr.key(2), 2000)).std(0)
    for rows, columns in ((slice(0, 4), slice(0, 4)), (slice(4, 5), slice(4, 7))):
        most = jnp.max(jnp.abs(layer.weight[rows, columns]))
        np.testing.assert_allclose(spread[rows, columns], 0.1 * most, rtol=0.08)
    np.testing.assert_allclose(noisy.at(jnp.asarray(0.25)).deviation, 0.05)
    np.testing.assert_allclose(noisy.at(jnp.asarray(0.9)).deviation, 0.1)
