"""Arrays of `sot_binary`: what wires do, and what of it a linear map takes away."""

import importlib
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np

from mtjax import crossbar, training
from mtjax.training.papers import Card


_folder = "mtjax.training.papers.sot_binary"
_arrays: Any = importlib.import_module(f"{_folder}._arrays")
_chips: Any = importlib.import_module(f"{_folder}._chip")
_gates: Any = importlib.import_module(f"{_folder}._gates")
_crossover: Any = importlib.import_module(f"{_folder}._crossover")
_topologies: Any = importlib.import_module(f"{_folder}._topologies")
CARD = Card.read("sot_binary")
BITS = _arrays.states(8, key=jr.key(0))
X = _arrays.inputs(8, 64)


def test_corrections_take_away_what_they_can():
    ideal = np.random.default_rng(0).normal(size=(64, 8))
    x = np.asarray(X)
    gain = _arrays.split(0.8 * ideal, ideal, x)
    assert gain["all"] > 0.1
    assert gain["common gain"] < 1e-12
    own = _arrays.split(np.linspace(0.5, 1, 8) * ideal + 0.3, ideal, x)
    assert own["common gain"] > 0.1
    assert own["per column"] < 1e-12
    matrix = np.random.default_rng(1).normal(size=(8, 8))
    wanted = x @ (matrix + 5)
    assert _arrays.split(x @ (2 * matrix + 5), wanted, x)["best linear map"] < 1e-12


def test_an_array_driven_by_voltages_depends_on_wire_over_resistance():
    out = [
        _arrays.driven(_arrays.cells(CARD, r, BITS), jnp.asarray(w), X) * r
        for r, w in ((5e3, 1.0), (50e3, 10.0))
    ]
    np.testing.assert_allclose(out[0], out[1], rtol=1e-8)


def test_gates_that_are_all_on_make_the_driven_array():
    g, on, wire = _arrays.cells(CARD, 5e3, BITS), jnp.ones((1, 8)), jnp.asarray(2.0)
    expected = _arrays.driven(g, wire, 0.1 * on)
    np.testing.assert_allclose(_arrays.gated(g, wire, on, 0.1), expected, rtol=1e-8)


def test_a_gated_law_without_bias_is_the_array_with_cells_taken_out():
    g, wire, x = _arrays.cells(CARD, 5e3, BITS), jnp.asarray(2.0), X[:3]
    law = crossbar.BiasDependence(parallel=jnp.max(g), half=1e9)
    expected = _arrays.gated(g, wire, x, 0.1)
    np.testing.assert_allclose(_arrays.gated(g, wire, x, 0.1, law), expected, rtol=1e-6)


def test_a_chip_without_wires_or_spread_is_the_binary_network():
    network = training.mlp((12, 6, 3), key=jr.key(0))
    signs = [0.5 * jnp.sign(layer.weight) for layer in network.layers]
    for number, weight in enumerate(signs):
        network = _replace(network, number, weight)
    made = _chips.cell(CARD, 5e3, 0.0)
    for placed in _chips.chip(
        network, made, _chips.spec(CARD, 8, 0.0), training.Wires.NONE, jr.key(1)
    ):
        for layer, weight in zip(placed.layers, signs, strict=True):
            # A write scatters by a thousandth of a conductance, within 5 of it.
            np.testing.assert_allclose(layer.weight, weight, rtol=5e-3 * 5 / 3)


def _replace(network, number, weight):
    return eqx.tree_at(lambda n: n.layers[number].weight, network, weight)


def test_what_a_linear_map_leaves_is_that_of_the_output_at_full_size():
    """Outputs g (y + e q), q a sum of products of inputs, leave e rms(q) / rms(y)."""
    x = np.sign(np.random.default_rng(0).normal(size=(40_000, 4)))
    ideal = x @ np.random.default_rng(1).normal(size=(4, 3))
    nonlinear = 0.01 * np.stack([x[:, 0] * x[:, 1], x[:, 1] * x[:, 2], x.prod(1)], 1)
    expected = 0.01 / np.sqrt(np.mean(ideal**2))
    for gain in (1.0, 0.05, np.array([0.5, 0.1, 0.02])):
        found = _arrays.split(gain * (ideal + nonlinear), ideal, x)["best linear map"]
        # 5 coefficients of 30,000 inputs, and the mean square of 10,000
        np.testing.assert_allclose(found, expected, rtol=0.03)


def test_bits_of_an_input_make_it_again():
    x = np.array([[0.0, 0.5, 1.0, 2.0, 3.0]])
    on = _gates.planes(x, 2.0, 4)
    again = 2.0 / 15 * np.tensordot(2.0 ** np.arange(4), on, 1)
    np.testing.assert_allclose(again[0], [0, 7.5 / 15, 1, 2, 2], atol=1 / 15 + 1e-9)


def test_gates_on_many_tiles_make_the_currents_of_the_whole_matrix():
    pairs = 1e-4 * jr.uniform(jr.key(0), (19, 5, 2), jnp.float32)
    on = np.asarray(jr.bernoulli(jr.key(1), 0.5, (7, 19)))
    expected = on @ np.asarray(pairs[..., 0] - pairs[..., 1], float)
    options = {"lines": 8, "voltage": 1.0}
    found = _gates.currents(pairs, on, wire=0.0, **options)
    np.testing.assert_allclose(found, expected, atol=1e-9)
    # A wire of a hundredth of an ohm takes some 1e-4 * .01 * 8 * 8 of it.
    near = _gates.currents(pairs, on, wire=0.01, **options)
    np.testing.assert_allclose(near, expected, atol=1e-4 * np.abs(expected).max() + 1e-9)
    far = _gates.currents(pairs, on, wire=100.0, **options)
    assert np.abs(far - expected).max() > 0.01 * np.abs(expected).max()


def test_gates_that_are_all_on_give_a_tile_what_wires_leave():
    pairs = 1e-4 * jr.uniform(jr.key(0), (8, 4, 2), jnp.float32)
    cells = jnp.asarray(_gates.tiles(pairs, 8)[0, 0], float)
    whole = _arrays.driven(cells, jnp.asarray(20.0), jnp.ones((1, 8)))[0]
    on = np.ones((1, 8), bool)
    found = _gates.currents(pairs, on, lines=8, wire=20.0, voltage=1.0)[0]
    np.testing.assert_allclose(found, whole[::2] - whole[1::2], atol=1e-5 * whole.max())


def test_a_network_bit_by_bit_is_the_network_of_its_rounded_inputs():
    network = training.mlp((6, 5, 3), key=jr.key(0))
    for number in (0, 1):
        weight = 0.5 * jnp.sign(network.layers[number].weight)
        network = _replace(network, number, weight)
    levels = jnp.array([1e-6, 3e-6])
    pairs = [
        jnp.stack([levels[(s * layer.weight.T > 0).astype(int)] for s in (1, -1)], -1)
        for layer in network.layers
    ]
    x = jr.uniform(jr.key(2), (20, 6))
    tops = _gates.limits(network, x)
    found = _gates.answers(
        network, pairs, x, limits=tops, bits=12, unit=float(levels[1] - levels[0]),
        product=lambda g, on: on @ np.asarray(g[..., 0] - g[..., 1], float),
    )  # fmt: skip
    # 12 bits: each of 6 and 5 inputs is within half of 2^-12 of its limit.
    expected = np.stack([network(row) for row in x])
    np.testing.assert_allclose(found, expected, atol=11 * max(tops) * 2.0**-12)


def test_the_smallest_resistance_has_only_good_ones_above_it():
    values = np.array([1.0, 2.0, 3.0, 4.0])
    assert _topologies.smallest(values, np.array([0.1, 0.9, 0.1, 0.1]), 0.5) == 3
    assert _topologies.smallest(values, np.array([0.1, 0.2, 0.1, 0.1]), 0.5) == 1
    assert np.isnan(_topologies.smallest(values, np.array([0.1, 0.2, 0.1, 0.9]), 0.5))


def test_a_collapse_is_judged_where_there_is_something_to_lose():
    products = np.array([4.0, 2.0, 1.0, 0.1])
    losses = np.array([[19.0, 2.2, 0.5, 0.0], [12.0, 2.1, 0.6, 0.0]])
    row = _crossover._collapse(products, losses, [32, 64])
    assert row.obtained == 7
    assert "Does not collapse" in row.verdict
    assert "up to 2" in row.verdict
    held = _crossover._collapse(products, np.stack([losses[0], losses[0]]), [32, 64])
    assert held.verdict.startswith("Collapses")
