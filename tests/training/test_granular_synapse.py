import importlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
import scipy.stats

from mtjax import compact, crossbar, llg, training
from mtjax.training.papers import Card, Session


_paper = "mtjax.training.papers.granular_synapse"
_after: Any = importlib.import_module(f"{_paper}._after")
_brute_force: Any = importlib.import_module(f"{_paper}._brute_force")
_cells: Any = importlib.import_module(f"{_paper}._cells")
_controls: Any = importlib.import_module(f"{_paper}._controls")
_held: Any = importlib.import_module(f"{_paper}._held")
_junctions: Any = importlib.import_module(f"{_paper}._junctions")
_programmed: Any = importlib.import_module(f"{_paper}._programmed")
_spreads: Any = importlib.import_module(f"{_paper}._spreads")
_tile_cost: Any = importlib.import_module(f"{_paper}._tile_cost")
_tiles: Any = importlib.import_module(f"{_paper}._tiles")
_variants: Any = importlib.import_module(f"{_paper}._variants")
_variation: Any = importlib.import_module(f"{_paper}._variation")
_window: Any = importlib.import_module(f"{_paper}._window")
CARD = Card.read("granular_synapse")
PROFILE = np.array([0.0, 1.0, 0.5, 0.0])


def spread(whole, relative, ratio=2.5):
    return _cells.deviations(jnp.array([whole]), CARD, relative, ratio, PROFILE)[0]


def test_a_zero_weight_is_noisier_the_smaller_the_ratio():
    """Two cells in each of four slices, in the state of least conductance."""
    places = 3 * 4.0 ** np.arange(4)
    for ratio in (2.0, 10.0):
        wanted = np.sqrt(2 * np.sum(places**2)) / (ratio - 1)
        found = spread([0], _cells.Relative.CONDUCTANCE, ratio)
        np.testing.assert_allclose(found, wanted)


def test_relative_to_the_range_the_ratio_does_not_matter():
    one, other = (spread([-77, 5], _cells.Relative.RANGE, r) for r in (2.0, 150.0))
    np.testing.assert_array_equal(one, other)
    assert one[0] == one[1]


def test_ends_that_are_quiet_leave_a_zero_weight_quiet():
    # 3 is a cell at its upper end; 1 one at the noisiest level.
    found = spread([0, 3, 1], _cells.Relative.PROFILE)
    np.testing.assert_allclose(found, [0, 0, 3])


def test_a_chip_has_the_deviations_that_are_asked_for():
    network = training.mlp([6, 5, 3], key=jr.key(0))
    sliced = _cells.Sliced.of(network, 8)
    wide = [jnp.full(w.shape, 10.0) for w in sliced.whole]
    draws = [
        training.linear_layers(_cells.chip(sliced, wide, jnp.asarray(0.1), key=key))
        for key in jr.split(jr.key(1), 400)
    ]
    for number, exact in enumerate(training.linear_layers(sliced.exact())):
        drawn = np.stack([np.asarray(layers[number].weight) for layers in draws])
        unit = np.asarray(sliced.scale[number])
        ratio = drawn.std(0, ddof=1) / unit
        assert np.all(np.abs(ratio - 1) < 4 / np.sqrt(2 * 400))
        np.testing.assert_allclose(drawn.mean(0), exact.weight, atol=4 * unit.max() / 20)


def test_tiles_without_converters_give_the_integer_product():
    network = training.mlp([4, 5, 3], key=jr.key(0))
    x = jr.uniform(jr.key(1), (6, 5))
    sliced = _cells.Sliced.of(network, 8)
    layer = _tiles.on_tiles(network, CARD, 2, jr.uniform(jr.key(2), (4, 4))).layers[1]
    found = layer.on_rows(x)
    step = float(layer.top) / 255
    whole = jnp.clip(jnp.round(x / step), 0, 255).astype(int)
    wanted = [
        crossbar.integer_product(
            row,
            sliced.whole[1].T,
            bits=8,
            weight_bits=8,
            cell_bits=2,
            coding=crossbar.Coding.PAIRS,
        )
        for row in whole
    ]
    bias = network.layers[1].bias
    assert bias is not None
    wanted = jnp.stack(wanted) * step * sliced.scale[1].T + bias[None]
    np.testing.assert_allclose(found, wanted, rtol=1e-5, atol=1e-5)
    layer = eqx.tree_at(lambda l: l.limit, layer, jnp.full_like(layer.limit, 15.0))
    coarse = _tiles.with_bits(layer, 2).on_rows(x)
    fine = _tiles.with_bits(layer, 12).on_rows(x)
    error = lambda y: float(jnp.max(jnp.abs(y - wanted)))
    assert error(fine) < 0.1 * error(coarse)


def test_confusion_is_that_of_the_best_threshold():
    table = compact.LevelTable(
        voltage=jnp.arange(3.0),
        conductance=jnp.array([1.0, 2.0, 4.0]),
        cycle_std=jnp.array([0.1, 0.2, 0.2]),
        device_std=jnp.zeros(3),
    )
    wanted = scipy.stats.norm.sf(1 / 0.3)
    np.testing.assert_allclose(_programmed.confusion(table, calibrated=True), wanted)


def test_thresholds_lie_between_the_voltages_that_bracket_them():
    part = np.array([[0.0, 0.1, 0.5], [0.0, 0.0, 0.01]])
    found = _window.threshold(part, np.array([0.0, 1.0, 2.0]), 0.05)
    np.testing.assert_allclose(found, [0.5, np.inf])


def test_without_dipoles_each_spin_keeps_its_own_demagnetisation():
    preset = _junctions.changed(llg.presets.granular_junction(), side=16e-9)
    grains = llg.microstructures(preset, 1, key=jr.key(0))
    one = _junctions.of_one(grains)
    tensors = [
        next(t for t in d.system(one).terms if isinstance(t, llg.Demagnetisation)).tensor
        for d in (preset, _variants.WithoutDipoles(preset))
    ]
    own = np.eye(8, dtype=bool)
    np.testing.assert_array_equal(tensors[0][own], tensors[1][own])
    assert np.all(tensors[1][~own] == 0)
    assert np.all(jnp.any(tensors[0][~own] != 0, (1, 2)))


def test_the_card_holds_every_number_of_its_junction(tmp_path):
    found = _junctions.junction(CARD, Session(tmp_path, CARD, quick=False))
    preset = llg.presets.granular_memory()
    jax.tree.map(lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-14), found, preset)


@pytest.mark.parametrize(
    "rigid, low, high, keeps, wanted",
    (
        (0.5, 0.1, 0.4, True, "brings complete reversal below"),
        (0.5, 0.1, 0.4, False, "falls back"),
        (0.5, 0.1, 1.0, True, "only above it"),
        (0.5, 0.1, np.inf, True, "only above it"),
        (0.5, 0.6, 1.0, True, "does not help"),
    ),
)
def test_what_the_lever_does_follows_from_the_voltages(rigid, low, high, keeps, wanted):
    assert wanted in _window.lever(rigid, low, high, 3, keeps)


def test_levels_outlive_a_pulse_if_half_of_them_stays():
    assert _after.outlives([0.9, 0.8], [0.5, 0.6])
    assert not _after.outlives([0.9, 0.8], [0.1, 0.2])
    told = _after.fallen("Reached in open loop.")
    assert told.startswith("Not reached because no level outlives the pulse")
    assert told.endswith("What is left: reached in open loop.")


def test_turned_states_have_as_many_grains_down_as_their_level_says():
    states = _held.turned((5, 12), 4)
    assert [np.unique((s < 0).sum(1)).tolist() for s in states] == [[0], [4], [8], [12]]


def test_deviations_are_compared_at_the_same_reversed_part():
    part = np.linspace(0, 1, 201)[None, :, None]
    deviation = np.sqrt(part * (1 - part))
    found = _spreads.deviation_at(part, deviation, (0.05, 0.5, 0.8))
    np.testing.assert_allclose(found, [[np.sqrt(0.0475), 0.5, 0.4]], rtol=1e-12)
    half = _spreads.deviation_at(part[:, :101], deviation[:, :101], (0.3, 0.8))
    assert np.isnan(half[0, 1])
    assert not np.isnan(half[0, 0])


@pytest.mark.parametrize(
    "ratio, reached, wanted",
    (
        ([], [False, False], "Not comparable"),
        ([2.0, 3.0] * 4, [True, True], "Reached: the middle varies 2.5 times"),
        ([2.0, 3.0] * 4, [True, False], "at the antiparallel end not comparable"),
        ([0.1, 3.0] * 4, [True, True], "as much, within the interval"),
        ([0.1, 0.3] * 4, [True, True], "the ends vary more"),
        ([2.0], [True, True], "as much, within the interval"),
    ),
)
def test_verdicts_about_the_ends_follow_from_the_ratios(ratio, reached, wanted):
    assert wanted in _spreads.ends_verdict(np.array(ratio), np.array(reached))


@pytest.mark.parametrize(
    "ratio, wanted",
    (
        ([], "Not comparable"),
        ([0.9, 1.2] * 4, "Reached"),
        ([1.2, 1.4] * 4, "near the start"),
        ([0.7, 0.8] * 4, "far from the start"),
    ),
)
def test_verdicts_about_symmetry_follow_from_the_ratios(ratio, wanted):
    assert wanted in _spreads.symmetry_verdict(np.array(ratio))


def test_the_published_order_is_looked_for_under_each_definition():
    own, profile = _cells.Relative.CONDUCTANCE, _cells.Relative.PROFILE
    scores = {(own, 2.5): 40, (own, 10.0): 70, (profile, 2.5): 85}
    scores |= {(_cells.Relative.RANGE, 2.5): 15}
    rows = _variation.order({case: np.full(6, v) for case, v in scores.items()})
    assert [row.obtained for row in rows] == [-30, 0, 70, 1]
    assert "the other way round" in rows[0].verdict
    assert "no order" in rows[1].verdict
    assert rows[2].verdict == "Reached."
    assert "profile of our device" in rows[3].verdict
    scores[_cells.Relative.RANGE, 2.5] = 65
    rows = _variation.order({case: np.full(6, v) for case, v in scores.items()})
    assert "its size is not: ReRAM keeps 65 %" in rows[2].verdict
    assert rows[3].verdict.endswith("both limits by none.")


@pytest.mark.parametrize(
    "beside, after, wanted",
    ((1.7, 3.0, "Reached"), (0.5, 1.0, "Not reached"), (2, 3, "Above")),
)
def test_ratios_are_judged_by_their_range(beside, after, wanted):
    assert wanted in _tile_cost.ratio_verdict(beside, after, 1.75, 1.75)


def test_equal_rates_have_a_ratio_of_one():
    found = {"brute": 0.5, "kinetic": 0.5, "trials": 100, "barrier": 8.0, "time": 1e-9}
    found = {k: np.array(v) for k, v in (found | {"grains": 4}).items()}
    row = _brute_force.brute_force_row(found)
    assert row.obtained == pytest.approx(1)
    twice = found | {"brute": np.array(0.75)}
    assert _brute_force.brute_force_row(twice).obtained == pytest.approx(2)


@pytest.mark.parametrize("p", [0.5, 0.01])
def test_the_error_of_a_deviation_is_that_of_many_repetitions(p):
    """Also where next to no grain is reversed, and no normal law holds."""
    grains, n, repetitions = 40, 500, 4000
    draws = np.random.default_rng(0).binomial(grains, p, (repetitions, n)) / grains
    exact = np.sqrt(p * (1 - p) / grains)
    found = np.std(draws.std(1, ddof=1)) / exact
    # A standard deviation of 4000 repetitions is known to 1.1 %, twice that in the tail.
    np.testing.assert_allclose(
        _controls.deviation_error(p, exact, grains, n), found, rtol=0.08
    )
