import importlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import scipy.stats

from mtjax import llg, training
from mtjax.training.papers import Card


_papers = "mtjax.training.papers"
_nucleation: Any = importlib.import_module(f"{_papers}._nucleation")
_staircase: Any = importlib.import_module(f"{_papers}._staircase")
_grid: Any = importlib.import_module(f"{_papers}._weights_on_grid")
CARD = Card.read("spin_synapse_ptq")


def coin(down, up):
    """A law that is the same for all barriers and torques."""
    nodes = np.array([-4.0, 4.0]), np.array([0.0, 10.0])
    table = lambda p: np.full((2, 2), p)
    return _staircase.Law(*nodes, table(down), table(up), 0.2)


def test_independent_sites_scatter_as_a_binomial_law():
    sites, cycles = 400, 200
    levels = _staircase.staircase(
        coin(0.5, 0.5),
        np.linspace(0.1, 1, 3),
        sites=sites,
        devices=4,
        cycles=cycles,
        generator=np.random.default_rng(0),
    )
    deviation = levels.std(1, ddof=1)
    # Each of 12 numbers has a relative standard error of 1 / sqrt(2 cycles).
    error = deviation / (0.5 / np.sqrt(sites)) - 1
    assert np.all(np.abs(error) < 4 / np.sqrt(2 * cycles))


def test_a_reset_undoes_a_pulse_that_always_switches():
    law = coin(1.0, 0.0)
    levels = _staircase.staircase(
        law,
        np.linspace(0.1, 1, 2),
        sites=10,
        devices=1,
        cycles=3,
        generator=np.random.default_rng(0),
    )
    assert np.all(levels == 1)


def test_where_a_device_started_is_forgotten():
    """A pulse turns one site in three: the first cycles drift, those counted do not."""
    levels = _staircase.staircase(
        coin(0.3, 0.0),
        np.linspace(0.1, 1, 1),
        sites=20_000,
        devices=1,
        cycles=2,
        generator=np.random.default_rng(0),
    )
    # The fraction p after a cycle has p = q + .3 (1 - q), q = .7**3 p.
    wanted = 0.3 / (1 - 0.7**4)
    assert abs(levels[0, 0, 0] - wanted) < 4 * 0.5 / np.sqrt(20_000)


def test_variation_is_that_of_the_cycles():
    cycles = np.array([0.1, -0.1])[None, :, None]
    found = _staircase.variation(np.array([0.2, 0.7])[None, None] + cycles)
    np.testing.assert_allclose(found["range"], np.sqrt(0.02) / 0.5)
    np.testing.assert_allclose(found["mean"], np.sqrt(0.02) / 0.45)


def test_states_of_known_levels_are_counted():
    apart = 2 * scipy.stats.norm.ppf(0.975)  # of levels with a deviation of 1
    noise = np.random.default_rng(0).standard_normal(50)
    noise = (noise - noise.mean()) / noise.std(ddof=1)
    at = lambda step: step * np.arange(6)[None, None] + noise[None, :, None]
    assert _staircase.states(at(1.01 * apart), 0.025) == [6]
    assert _staircase.states(at(0.99 * apart), 0.025) == [3]


def test_states_are_judged_on_cycles_that_did_not_choose_them():
    """Levels that are apart on every other cycle, and one and the same on the others."""
    noise = np.random.default_rng(0).standard_normal((1, 50, 6))
    apart = 20 * np.arange(6) + noise
    assert _staircase.judged(apart, 0.025) == [6]
    apart[:, 1::2] = noise[:, 1::2]
    assert _staircase.judged(apart, 0.025) == [1]
    assert _staircase.states(apart[:, ::2], 0.025) == [6]


def test_the_tilt_decides_which_way_a_site_falls():
    device = _nucleation.site(CARD, _nucleation.Breaking.TILTED)
    strong = eqx.tree_at(lambda s: s.tilt, device, jnp.asarray(0.3))
    draws, torque = np.zeros(1), np.array([0.01, 1.0])
    found = _nucleation.flips(
        strong, draws, torque, CARD, start=llg.State.PARALLEL, trials=64, key=jr.key(0)
    )
    assert found[0, 0] == 0
    assert found[0, 1] > 0.9
    other = eqx.tree_at(lambda s: s.tilt, device, jnp.asarray(-0.3))
    found = _nucleation.flips(
        other, draws, torque, CARD, start=llg.State.PARALLEL, trials=64, key=jr.key(0)
    )
    assert found[0, 1] < 0.1


def network():
    return training.mlp([6, 5, 3], key=jr.key(0))


def test_weights_on_a_grid_have_its_levels():
    grid = _grid.Grid(11, training.Observer.MIN_MAX, True)
    for layer in training.linear_layers(_grid.put(network(), grid, {}, jnp.zeros((1, 6)))):
        rows = np.asarray(layer.weight)
        steps = rows / np.abs(rows).max(1, keepdims=True) * 5
        np.testing.assert_allclose(steps, np.round(steps), atol=1e-12)


def test_random_rounding_has_no_bias():
    layers = training.linear_layers(network())
    draw = lambda key: [
        l.weight
        for l in training.linear_layers(_grid.rounded_at_random(network(), 11, key=key))
    ]
    many = jax.vmap(draw)(jr.split(jr.key(0), 2000))
    for layer, drawn in zip(layers, many, strict=True):
        step = jnp.max(jnp.abs(layer.weight), 1, keepdims=True) / 5
        # A weight is off by less than a step, so its mean by .5 / sqrt(draws) of it.
        z = (jnp.mean(drawn, 0) - layer.weight) / (0.5 * step / np.sqrt(2000))
        assert jnp.max(jnp.abs(z)) < 4


def test_noise_is_a_share_of_the_range():
    clean = network()
    draw = lambda key: (
        training.linear_layers(_grid.noisy(clean, jnp.asarray(0.02), key=key))[0].weight
    )
    many = jax.vmap(draw)(jr.split(jr.key(1), 2000))
    weight = training.linear_layers(clean)[0].weight
    wanted = 0.04 * jnp.max(jnp.abs(weight), 1, keepdims=True)
    ratio = jnp.std(many, 0) / wanted
    assert jnp.max(jnp.abs(ratio - 1)) < 4 / np.sqrt(2 * 2000)
