"""Trials of a sweep: Boltzmann's distribution, and trials that end in NaN."""

import importlib
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from scipy.stats import chi2

from mtjax import llg


_thermal: Any = importlib.import_module("mtjax.llg._validation_thermal")


TRIALS = 6000


def test_second_moments_are_those_of_boltzmann():
    """Reduced time 8 lets the linearised start of a well go to its equilibrium."""
    table = llg.reference_rows()["G_boltzmann_uniaxial"]["moments"]
    scores = []
    for number, delta in enumerate((2.0, 5.0, 20.0)):
        levels = llg.sweep(
            _thermal.Probe(delta=delta),
            _thermal.single(),
            llg.Pulses.product(voltage=0.0, width=float(_thermal.seconds(8.0))),
            llg.TimeGrid(dt=0.1 / 1.76e11, steps=850),
            observe=llg.Level(),
            key=jr.fold_in(jr.key(0), number),
            trials=TRIALS,
        )
        low, high = levels.antiparallel[0], levels.parallel[0]
        mean = 2 * (levels.mean[0] - low) / (high - low) - 1
        variance = 4 * levels.variance[0] / (high - low) ** 2
        square = variance * (TRIALS - 1) / TRIALS + mean**2
        u = np.linspace(-1, 1, 20001)
        weight = np.exp(delta * (u**2 - 1))
        fourth = np.sum(weight * u**4) / np.sum(weight)
        expected = table[f"{delta:g}"]["mz2"]
        error = np.sqrt((fourth - expected**2) / TRIALS)
        scores.append(float((square - expected) / error))
    assert np.all(np.abs(scores) < 4)
    assert chi2.sf(np.sum(np.square(scores)), len(scores)) > 1e-3


@pytest.mark.parametrize("start", tuple(llg.State))
def test_trials_that_end_in_nan_are_left_out(start):
    pulses = llg.Pulses.product(voltage=jnp.array([0.3, 0.6]), width=1e-9)
    circuit = _thermal.Probe(delta=1.0).system(_thermal.single()).circuit
    level = jr.uniform(jr.key(0), (1, 2, 50))
    lost = level.at[0, 1, ::5].set(jnp.nan)
    kept = jnp.delete(level[0, 1], jnp.arange(0, 50, 5))
    levels = llg.Level(8).collect(lost, jnp.zeros_like(lost), circuit, pulses, start)
    np.testing.assert_array_equal(levels.trials, [[50, 40]])
    np.testing.assert_array_equal(levels.histogram.sum(-1), [[50, 40]])
    window = circuit.parallel - circuit.antiparallel
    mean = circuit.antiparallel + window * kept.mean()
    np.testing.assert_allclose(levels.mean[0, 1], mean, rtol=1e-12)
    variance = window**2 * kept.var(ddof=1)
    np.testing.assert_allclose(levels.variance[0, 1], variance, rtol=1e-12)
    counts = llg.Switched().collect(lost, jnp.zeros_like(lost), circuit, pulses, start)
    np.testing.assert_array_equal(counts.trials, [[50, 40]])
    passed = kept < 0.5 if start is llg.State.PARALLEL else kept > 0.5
    assert counts.switched[0, 1] == passed.sum()


def test_a_lost_trial_does_not_reach_the_derivative_of_a_statistic():
    circuit = _thermal.Probe(delta=1.0).system(_thermal.single()).circuit
    pulses = llg.Pulses.product(voltage=0.3, width=1e-9)
    level = jnp.array([[[0.2, jnp.nan, 0.6]]])

    def loss(level):
        levels = llg.Level().collect(
            level, jnp.zeros_like(level), circuit, pulses, llg.State.PARALLEL
        )
        return jnp.sum(levels.mean + levels.variance)

    slope = eqx.filter_grad(loss)(level)
    assert jnp.all(jnp.isfinite(slope))
    assert slope[0, 0, 1] == 0
