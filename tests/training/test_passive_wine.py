"""The passive array of `passive_wine`: where weights are, what is read and written."""

import importlib
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax.training.papers import Card


_folder = "mtjax.training.papers.passive_wine"
_device: Any = importlib.import_module(f"{_folder}._device")
_infer: Any = importlib.import_module(f"{_folder}._infer")
_solutions: Any = importlib.import_module(f"{_folder}._solutions")
_units: Any = importlib.import_module(f"{_folder}._units")
_write: Any = importlib.import_module(f"{_folder}._write")
_writing: Any = importlib.import_module(f"{_folder}._writing")
CARD = Card.read("passive_wine")


def solution():
    first, second = (
        jnp.sign(jr.normal(key, shape))
        for key, shape in zip(jr.split(jr.key(0)), ((14, 4), (4, 3)), strict=True)
    )
    return first, second


def test_outputs_that_tie_share_the_credit():
    outputs = jnp.array(
        [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 1.0, 1.0], [0.0, 1.0, 0.5]]
    )
    found = _solutions.credit(outputs, jnp.zeros(4, int))
    np.testing.assert_allclose(found, [1, 1 / 2, 1 / 3, 0])


def test_a_weight_is_a_pair_of_opposite_cells_within_14_lines():
    first, second = solution()
    state = np.asarray(_write.target(first, second, 15))
    used = _writing.used(CARD)
    assert used.sum() == 2 * (14 * 4 + 4 * 3)
    assert not used[14].any()
    assert not used[:, 14].any()
    assert not state[~used].any()
    for row, column in _write.places(4):
        assert state[row, column] != state[row, column + 1]


def test_an_array_without_wires_is_read_as_the_weights_it_holds():
    first, second = solution()
    state = _write.target(first, second, 15)
    one = _write.Devices.draw(CARD, 1, key=jr.key(0), vary=False)
    devices = jax.tree.map(lambda x: x[None], one)
    got = _infer.read_weights(CARD, 1, devices, state[None, None], wires=False)
    for found, wanted in zip(got, (first, second), strict=True):
        np.testing.assert_allclose(found[0, 0], wanted, rtol=1e-5)


def test_the_write_voltage_is_the_best_of_those_around():
    ratio, missed, disturbed = _device.write_ratio(CARD, 1)
    low, high = CARD.numbers("write.ratios")
    assert low < ratio < high
    assert missed + disturbed < 0.01


@pytest.mark.slow
def test_like_devices_are_written_without_an_error():
    first, second = solution()
    wanted = _write.target(first, second, 15)
    devices = _write.Devices.draw(CARD, 2, key=jr.key(0), vary=False)
    states = jax.jit(_write.write, static_argnums=(0, 5))(
        CARD, _write.Writer.of(CARD, 2), devices, wanted, jr.key(1), 16
    )
    assert (states[-1] == wanted).all()


def test_lines_that_float_keep_their_leak_to_the_substrate():
    made = _write.array(CARD, jnp.full((3, 3), 1e-4, jnp.float32))
    word, bit = jnp.arange(3) == 1, jnp.arange(3) == 2
    loose = _writing._afloat(made, word, bit)
    assert np.isinf(loose.left).tolist() == [True, False, True]
    assert np.isinf(loose.bottom).tolist() == [True, True, False]
    leak = CARD.number("array.shunt", "Ohm")
    np.testing.assert_allclose(jnp.broadcast_to(loose.right, 3), leak)
    np.testing.assert_allclose(jnp.broadcast_to(loose.top, 3), leak)


def test_an_interval_is_that_of_the_splits_and_of_enough_arrays():
    """Means of n units of deviation s: 1.96 s / sqrt(n) either way, to 12 % of it."""
    splits = np.random.default_rng(0).normal(size=30)
    alike = np.broadcast_to(np.repeat(splits, 10), (3, 300))
    low, high = _units.over(alike, 30, np.mean)
    half = 1.96 * splits.std() / np.sqrt(30)
    np.testing.assert_allclose(
        [low, high], splits.mean() + np.array([-half, half]), atol=0.12 * half
    )
    arrays = np.random.default_rng(1).normal(size=10)
    low, high = _units.over(np.broadcast_to(arrays[:, None], (10, 300)), 30, np.mean)
    np.testing.assert_allclose(
        (high - low) / 2, 1.96 * arrays.std() / np.sqrt(10), rtol=0.12
    )
    assert "30 splits" in _units.units(alike, 30)
    assert "10 arrays and 30 splits" in _units.units(np.zeros((10, 300)), 30)
