"""Laws of one trial: norm, energy, the sweep's own trials, order of convergence."""

import importlib
from typing import Any, ClassVar

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

from mtjax import llg

from .cards import small


_dynamics: Any = importlib.import_module("mtjax.llg._validation_dynamics")

DEVICE = small()
GRAINS = llg.microstructures(DEVICE, 1, key=jr.key(0))
SYSTEM = DEVICE.system(jax.tree.map(lambda x: x[0], GRAINS))
COLD = eqx.tree_at(lambda s: s.temperature, SYSTEM, jnp.asarray(0.0))
SPINS = SYSTEM.moment.shape[0]
VECTORS = jr.normal(jr.key(1), (SPINS, 3))
UNITS = VECTORS / jnp.linalg.norm(VECTORS, axis=1, keepdims=True)
GRID = llg.TimeGrid(dt=1e-13, steps=300, settle=20)
PULSE = llg.Pulse(voltage=0.9, width=2.1e-11, rise=3e-12, fall=2e-12)


class Trials(llg.AbstractObservable):
    """Keeps every trial."""

    smooth: ClassVar[bool] = True

    def collect(self, level, score, circuit, pulses, start):
        return level


def test_norm_is_kept_under_noise_and_torque():
    path = llg.trajectory(SYSTEM, PULSE, GRID, UNITS, key=jr.key(2))
    assert path.m.shape == (321, SPINS, 3)
    np.testing.assert_array_equal(path.m[0], UNITS)
    np.testing.assert_allclose(jnp.linalg.norm(path.m, axis=-1), 1.0, rtol=1e-14)


@pytest.mark.parametrize("alpha", (0.01, 0.3))
def test_energy_falls_without_noise_and_voltage(alpha):
    system = eqx.tree_at(lambda s: s.alpha, COLD, jnp.full(SPINS, alpha))
    still = llg.Pulse(voltage=0.0, width=2e-11)
    path = llg.trajectory(system, still, GRID, UNITS, key=jr.key(2), every=4)
    energy = jax.vmap(system.energy)(path.m)
    assert jnp.all(jnp.diff(energy) < 0)


def test_energy_is_kept_without_damping():
    """To the tolerance of the adaptive scheme."""
    system = eqx.tree_at(lambda s: s.alpha, COLD, jnp.zeros(SPINS))
    times = jnp.linspace(0.0, 3e-11, 7)
    energy = jax.vmap(system.energy)(llg.deterministic(system, UNITS, times))
    assert jnp.ptp(energy) < 1e-8 * jnp.max(jnp.abs(energy))


def test_a_trial_of_the_sweep_is_this_trajectory():
    point = 1
    pulses = llg.Pulses.product(
        voltage=jnp.array([0.7, 0.9]), width=2.1e-11, rise=3e-12, fall=2e-12
    )
    level = llg.sweep(
        DEVICE,
        GRAINS,
        pulses,
        GRID,
        observe=Trials(),
        key=jr.key(3),
        trials=3,
        dtype=jnp.float64,
    )
    pulse = eqx.tree_at(lambda p: p.voltage, PULSE, pulses.voltage[point])
    key = jr.fold_in(jr.fold_in(jr.key(3), 0), point)
    path = llg.trajectory(
        SYSTEM, pulse, GRID, llg.State.PARALLEL, key=key, trial=2, every=1
    )
    cosine = jnp.interp(pulse.end, path.time, path.cosine)
    np.testing.assert_allclose((1 + cosine) / 2, level[0, point, 2], rtol=1e-8)


ONE = _dynamics.spin(jnp.array([0.1, 0.2, 0.3]), 1.5, 0.1)


def test_steps_converge_to_the_adaptive_solution_in_second_order():
    # A whole number of steps: an abrupt end inside of a step would cost an order.
    pulse = llg.Pulse(voltage=0.9, width=1e-10)
    end = jnp.array([2e-11])
    exact = llg.deterministic(ONE, UNITS[:1], end, pulse)[0]
    errors = []
    for steps in (200, 400):
        grid = llg.TimeGrid(dt=end[0] / steps, steps=steps)
        path = llg.trajectory(ONE, pulse, grid, UNITS[:1], key=jr.key(0), every=steps)
        errors.append(float(jnp.max(jnp.abs(path.m[-1] - exact))))
    assert 3.6 < errors[0] / errors[1] < 4.4


@pytest.mark.slow
def test_reverse_mode_through_the_adaptive_solution():
    end = jnp.array([1e-11])

    def height(voltage):
        pulse = eqx.tree_at(lambda p: p.voltage, PULSE, voltage)
        return llg.deterministic(ONE, UNITS[:1], end, pulse)[0, :, 2].sum()

    slope = jax.jit(jax.grad(height))(0.9)
    quotient = (height(0.9 + 1e-4) - height(0.9 - 1e-4)) / 2e-4
    np.testing.assert_allclose(slope, quotient, rtol=1e-5)


@pytest.mark.parametrize(
    "t, voltage",
    ((-1e-13, 0.0), (1.5e-12, 0.45), (1e-11, 0.9), (2.25e-11, 0.9 * 0.5), (3e-11, 0.0)),
)
def test_waveform(t, voltage):
    pulse = llg.Pulse(voltage=0.9, width=2.1e-11, rise=3e-12, fall=3e-12)
    np.testing.assert_allclose(pulse.voltage_at(t), voltage, atol=1e-12)
    assert llg.Pulse(voltage=0.9, width=1e-11).voltage_at(5e-12) == 0.9


@pytest.mark.parametrize(
    "change, sentence",
    (
        (dict(m0=2 * UNITS), "`m0` must hold unit vectors, got norm 2 at spin 0"),
        (dict(m0=UNITS * jnp.nan), "`m0` must hold unit vectors, got norm nan"),
        (dict(m0=UNITS[:2]), "`m0` must have shape"),
        (dict(every=0), "`every` must be from 1 to 320 steps, got 0"),
        (dict(grid=llg.TimeGrid(dt=1e-12, steps=10)), "`dt` must be <= "),
    ),
)
def test_what_cannot_work_is_refused_in_a_sentence(change, sentence):
    arguments = dict(system=SYSTEM, pulse=PULSE, grid=GRID, m0=UNITS, key=jr.key(0))
    with pytest.raises(ValueError, match=sentence):
        llg.trajectory(**(arguments | change))
