"""Energy of the pulses of a sweep: laws of the circuit, and the trapezoids of a path."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.llg as llg
from mtjax import data


CARD: Any = eqx.tree_at(
    lambda d: d.junction.series_resistance, llg.presets.stt_mram(), jnp.asarray(4e3)
)
GRID = llg.TimeGrid(dt=5e-13, steps=60)


def energies(card, pulses, trials=2, start=data.State.PARALLEL) -> Any:
    return llg.sweep(
        card,
        card.samples(1),
        pulses,
        GRID,
        observe=(llg.Energy(), llg.Level()),
        key=jr.key(0),
        trials=trials,
        dtype=jnp.float64,
        start=start,
    )[0]


@pytest.mark.parametrize("source", list(llg.Source))
def test_a_parallel_junction_at_rest_follows_ohm(source):
    """Its last step is cut where the pulse ends, the steps of an edge have its middle."""
    cold = eqx.tree_at(lambda d: d.temperature, CARD, jnp.asarray(0.0))
    ohm = 4e3 if source is llg.Source.VOLTAGE else 0.0
    junction = dataclasses.replace(CARD.junction, source=source, series_resistance=ohm)
    cold = eqx.tree_at(lambda d: d.junction, cold, junction)
    drive = jnp.array([0.2, 0.4])  # a current source gives that over the resistance
    width, edge = 1.034e-11, 4e-12
    own = float(cold.junction.resistance_area / cold.side**2)
    square = lambda x: x**2 / (own + ohm)
    found = energies(cold, llg.Pulses.product(voltage=drive, width=width))
    np.testing.assert_allclose(found.mean[0], square(drive) * width, rtol=1e-9)
    np.testing.assert_array_equal(found.trials, 2)
    np.testing.assert_allclose(found.variance, 0, atol=1e-50)
    ramped = energies(
        cold, llg.Pulses.product(voltage=drive, width=2e-11, rise=edge, fall=edge)
    )
    # Both edges give a third of their square; eight midpoints miss 1 / (4 n^2) of it.
    exact = square(drive) * (2e-11 - edge + 2 * edge / 3)
    np.testing.assert_allclose(ramped.mean[0], exact, rtol=2 / 3 / (4 * 8**2) * 4 / 18)


def test_a_trial_is_that_of_its_path(tmp_path):
    """The path's trapezoids differ from the sweep's sum by half of what a step changes."""
    width, trials, key = 2e-11, 3, jr.key(0)
    hot = eqx.tree_at(
        lambda d: (d.temperature, d.k_u), CARD, (jnp.array(3000.0), jnp.array(9e5))
    )
    found = energies(hot, llg.Pulses.product(voltage=0.5, width=width), trials)
    system = hot.system(jax.tree.map(lambda x: x[0], hot.samples(1)))
    key = jr.fold_in(jr.fold_in(key, 0), 0)
    grid = llg.TimeGrid(dt=GRID.dt, steps=40)
    pulse = llg.Pulse(voltage=0.5, width=width)

    def path_energy(trial):
        path = llg.trajectory(
            system, pulse, grid, data.State.PARALLEL, key=key, trial=trial
        )
        current = system.circuit.current(
            path.cosine, system.circuit.junction_voltage(path.cosine, 0.5)
        )
        ends = 0.5 * (current[0] - current[-1]) / 2 * GRID.dt
        return llg.pulse_energy(system, path).source + ends

    each = jax.vmap(path_energy)(jnp.arange(trials))
    assert jnp.std(each) > 1e-3 * jnp.mean(each)
    np.testing.assert_allclose(found.mean, jnp.mean(each), rtol=1e-6)
    np.testing.assert_allclose(found.variance, jnp.var(each, ddof=1), rtol=1e-3)
    file = tmp_path / "energies.h5"
    data.save(file, found)
    like = data.PulseEnergies.like(found.start, found.pulses.axes)
    assert eqx.tree_equal(data.load(file, like), found)
