"""Every trial's conductance, and the closure as a control variate."""

import importlib
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.llg as llg
from mtjax import data

from .test_fokker_planck_grains import draw, Grains


_controlled: Any = importlib.import_module("mtjax.llg._controlled")
FREE = Grains(delta=20.0)
WEAK = Grains(delta=20.0, coupling=0.005)
DRAW = draw(3)
PULSES = llg.Pulses.product(voltage=jnp.array([0.9, 1.1]), width=0.1e-9)
GRID = llg.TimeGrid(dt=5e-13, steps=201, settle=100)


def sweep(device, observe, trials=200, seed=0, **how) -> Any:
    key = jr.key(seed)
    given: dict[str, Any] = dict(observe=observe, key=key, trials=trials) | how
    return llg.sweep(device, DRAW, PULSES, GRID, **given)


def controlled(device, control=FREE, trials=200) -> llg.ControlledMean:
    how: dict[str, Any] = dict(key=jr.key(0), trials=trials, modes=81)
    return llg.controlled_mean(device, control, DRAW, PULSES, GRID, **how)


def test_every_trial_is_kept_and_saved(tmp_path):
    levels, each = sweep(WEAK, (llg.Level(), llg.Conductance()), trials=20)
    assert each.conductance.shape == (1, 2, 20)
    np.testing.assert_allclose(jnp.mean(each.conductance, -1), levels.mean, rtol=1e-12)
    np.testing.assert_array_equal(each.parallel, levels.parallel)
    data.save(tmp_path / "each.h5", each)
    like = data.Conductances.like(each.start, each.pulses.axes)
    assert eqx.tree_equal(data.load(tmp_path / "each.h5", like), each)


def test_a_likelihood_has_no_derivative_of_a_trial():
    with pytest.raises(ValueError, match="for Conductance, of which every trial"):
        sweep(WEAK, llg.Conductance(), gradient=llg.Score())


def test_conductances_have_the_axes_of_their_pulses():
    ends = jnp.ones(1)
    with pytest.raises(ValueError, match="`conductance` must have shape"):
        data.Conductances(data.State.PARALLEL, PULSES, jnp.ones((1, 3, 5)), ends, ends)


def test_the_control_itself_has_no_sampling_error():
    exact = llg.granular_closure(FREE, DRAW, PULSES, modes=81).levels.mean
    found = controlled(FREE)
    np.testing.assert_allclose(found.mean, exact, rtol=1e-12)
    assert jnp.all(found.standard_error < 1e-9 * found.plain)


def test_the_control_takes_sampling_error_and_adds_no_bias():
    found = controlled(WEAK, trials=400)
    assert jnp.all(found.plain > 1.5 * found.standard_error)
    many = sweep(WEAK, llg.Level(), trials=8000, seed=1)
    error = jnp.sqrt(found.standard_error**2 + many.variance / many.trials)
    assert jnp.all(jnp.abs(found.mean - many.mean) < 4 * error)
    few = sweep(WEAK, llg.Level(), trials=400)
    np.testing.assert_allclose(found.plain, jnp.sqrt(few.variance / 400), rtol=1e-9)


@pytest.mark.parametrize(
    "control, match",
    [
        (WEAK, "`control` must have axial grains without exchange"),
        (eqx.tree_at(lambda d: d.series_resistance, FREE, jnp.asarray(1e3)), "of 0"),
    ],
)
def test_a_control_that_the_closure_does_not_solve_is_refused(control, match):
    with pytest.raises(ValueError, match=match):
        controlled(WEAK, control)


def test_a_regression_takes_three_trials():
    with pytest.raises(ValueError, match="`trials` must be >= 3 for a regression, got 2"):
        controlled(WEAK, trials=2)


def test_a_trial_that_one_device_loses_counts_for_neither(monkeypatch):
    inner, whole = _controlled.sweep, controlled(WEAK, trials=41)

    def loses(device, *arguments, **how):
        found = inner(device, *arguments, **how)
        lost = found.conductance.at[:, 0, -1].set(jnp.nan)
        kept = found.conductance if device is FREE else lost
        return eqx.tree_at(lambda f: f.conductance, found, kept)

    monkeypatch.setattr(_controlled, "sweep", loses)
    found = controlled(WEAK, trials=41)
    np.testing.assert_array_equal(found.trials, [[40, 41]])
    monkeypatch.setattr(_controlled, "sweep", inner)
    np.testing.assert_array_equal(found.mean[0, 0], controlled(WEAK, trials=40).mean[0, 0])
    np.testing.assert_array_equal(found.mean[0, 1], whole.mean[0, 1])
