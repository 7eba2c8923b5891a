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
_chips: Any = importlib.import_module(f"{_folder}._chips")
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
    assert _arrays.split(x @ matrix, ideal, x)["best linear map"] < 1e-12


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
