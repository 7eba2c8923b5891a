"""Trials of a sweep: Boltzmann's distribution, and trials that end in NaN."""

import importlib
import math
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from scipy.stats import chi2

from mtjax import llg


_assemble: Any = importlib.import_module("mtjax.llg._assemble")
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


def tilted(angle=0.0, k_u=75e-21, field=0.0, polariser=(0.0, 0.0, 1.0)) -> llg.System:
    """One spin whose axis leans from `z`, in a field along `x`."""
    one, moment = jnp.ones(1), jnp.full(1, 1e-18)
    axis = jnp.stack([jnp.sin(angle), 0.0, jnp.cos(angle)])[None]
    return llg.System(
        terms=(
            llg.Uniaxial(k_u=k_u * one, volume=one, moment=moment, axis=axis),
            llg.Zeeman(b=field * jnp.array([[1.0, 0.0, 0.0]]), moment=moment),
        ),
        circuit=llg.Circuit(*(jnp.asarray(v) for v in (1e-3, 1.0, 0.5, 0.0))),
        moment=moment,
        alpha=0.1 * one,
        torque=0.01 * one,
        weight=one,
        polariser=jnp.asarray(polariser),
        temperature=300.0,
    )


def started(system, start=llg.State.PARALLEL):
    """The state in the middle of the well of the start."""
    return _assemble.assemble(system, jnp.asarray(1e-13), start)[0].frame[2, :, 0]


@pytest.mark.parametrize("degrees", [10, 45, 80])
def test_the_start_is_at_the_bottom_of_its_well(degrees):
    angle = math.radians(degrees)
    up = started(tilted(angle))
    expected = [math.sin(angle), 0.0, math.cos(angle)]
    np.testing.assert_allclose(up, expected, atol=1e-7)
    down = started(tilted(angle), llg.State.ANTIPARALLEL)
    np.testing.assert_allclose(down, -up, atol=1e-7)
    turned = started(tilted(angle, polariser=(0.0, 0.0, -1.0)))
    np.testing.assert_allclose(turned, down, atol=1e-7)


def test_the_start_has_the_derivative_of_its_rest():
    """In a field across the axis the sine of the tilt is b / b_k, with b_k = .15 T."""
    tilt = lambda b: started(tilted(field=b))[0]
    np.testing.assert_allclose(tilt(0.06), 0.4, rtol=1e-7)
    np.testing.assert_allclose(jax.grad(tilt)(0.06), 1 / 0.15, rtol=1e-6)


def test_coupled_spins_of_a_bent_state_come_to_rest():
    """Two spins with crossed axes and exchange: no torque is left."""
    pair = small_pair()
    assembled, _ = _assemble.assemble(pair, jnp.asarray(1e-13), llg.State.PARALLEL)
    m = assembled.frame[2].T
    assert jnp.min(m[:, 2]) < 0.95
    left = jnp.linalg.norm(jnp.cross(m, pair.field(m)), axis=1)
    assert jnp.max(left) < 1e-9


def small_pair() -> llg.System:
    moment, axis = jnp.full(2, 1e-18), jnp.array([[0.8, 0.0, 0.6], [0.0, 0.6, 0.8]])
    one = tilted()
    terms = (
        llg.Uniaxial(k_u=jnp.full(2, 75e-21), volume=jnp.ones(2), moment=moment, axis=axis),
        llg.Exchange(jnp.array([[0, 1]]), strength=jnp.full(1, 2e-20), moment=moment),
    )
    where = lambda s: (s.terms, s.moment, s.alpha, s.torque, s.weight)
    spread = (terms, moment, jnp.full(2, 0.1), jnp.full(2, 0.01), jnp.full(2, 0.5))
    return eqx.tree_at(where, one, spread)


@pytest.mark.parametrize(
    "system", [tilted(k_u=-75e-21), tilted(math.pi / 2), tilted(0.3, polariser=(1, 0, 0))]
)
def test_what_is_no_state_of_rest_is_refused(system):
    """An easy plane, an axis across the reference layer; the last one is a state."""
    good = float(system.polariser[0]) == 1
    assert bool(jnp.isnan(llg.stiffest_field(system))) != good
    if not good:
        with pytest.raises(ValueError, match="`start` must be a stable state"):
            llg.step_advice(system)
