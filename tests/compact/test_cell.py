import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.compact as compact
import mtjax.data as data

from .helpers import fit_levels, GRANULAR, levels


def mirrored():
    fields = {n: getattr(GRANULAR, n) for n in data.quantities(GRANULAR)}
    return compact.GranularSynapse(data.State.ANTIPARALLEL, False, **fields)


@pytest.mark.parametrize("cell", (GRANULAR, mirrored()), ids=("parallel", "antiparallel"))
@pytest.mark.parametrize("count", (2, 4, 11))
def test_levels_are_evenly_spaced_over_what_the_data_reach(cell, count):
    voltages = cell.assign(count)
    table = cell.levels(voltages)
    steps = jnp.diff(table.conductance)
    assert jnp.all(steps > 0)
    np.testing.assert_allclose(steps, steps[0], rtol=1e-9)
    sign = 1 if cell.start_state is data.State.PARALLEL else -1
    np.testing.assert_allclose(sorted(sign * voltages)[:: count - 1], (0.5, 1.1))


def test_fraction_rises_with_voltage_and_width():
    voltage, width = jnp.linspace(-0.2, 3, 200), jnp.geomspace(1e-10, 1e-6, 50)
    f = jax.vmap(lambda t: GRANULAR.fraction(voltage, jnp.broadcast_to(t, (200,))))(width)
    assert jnp.all(jnp.diff(f, axis=0) >= 0)
    assert jnp.all(jnp.diff(f, axis=1) >= 0)
    assert jnp.all(f[:, voltage <= 0] < 1e-12)
    assert jnp.all(f[-1, -1:] > 0.999)


def test_the_choice_of_levels_carries_no_derivative():
    slope = jax.grad(lambda m: jnp.sum(m.assign(4)))(GRANULAR)
    assert all(jnp.all(leaf == 0) for leaf in jax.tree.leaves(slope))
    slope = jax.grad(lambda m: m.levels(GRANULAR.assign(4)).conductance[1])(GRANULAR)
    assert slope.threshold != 0
    assert slope.antiparallel != 0


def test_two_by_two_pulses_of_two_devices_are_fitted():
    pulses = data.Pulses.product(
        voltage=jnp.array([0.7, 1.0]), width=jnp.array([1e-9, 2e-9])
    )

    def one(key):
        fit = fit_levels(levels(key, pulses=pulses, devices=2), dispersion=0.2)
        return fit, fit.model.levels(fit.model.assign(4))

    fit, table = jax.jit(jax.vmap(one))(jr.split(jr.key(0), 50))
    assert jnp.all(fit.outcome == data.Outcome.successful)
    for leaf in jax.tree.leaves(table):
        assert jnp.all(jnp.isfinite(leaf))
    assert jnp.all(jnp.diff(table.conductance, axis=1) > 0)


def test_missing_cycles_are_left_out():
    sample = levels(jr.key(0))
    trials = sample.trials.at[0, 0, 0].set(0)
    holes = [
        data.Levels(
            sample.start,
            sample.pulses,
            trials,
            sample.mean.at[0, 0, 0].set(hole),
            sample.variance.at[0, 0, 0].set(hole),
            sample.histogram,
            sample.edges,
            sample.parallel,
            sample.antiparallel,
        )
        for hole in (jnp.nan, 1.0)
    ]
    a, b = (fit_levels(x) for x in holes)
    assert a.outcome == data.Outcome.successful
    np.testing.assert_array_equal(a.model.threshold, b.model.threshold)


@pytest.mark.slow
def test_one_device_shows_no_spread_between_devices():
    fit = fit_levels(levels(jr.key(0), devices=1))
    assert fit.outcome == data.Outcome.successful
    assert "device_mid" not in fit.names
    assert jnp.all(fit.model.device_std(jnp.array([0.8]), jnp.array([2e-9])) == 0)


def test_table_cell_returns_its_rows():
    g = jnp.array([1e-4, 2e-4, 3e-4, 4e-4, 5e-4])
    cell = compact.TableCell(conductance=g, cycle_std=0.01 * g, device_std=0.02 * g)
    np.testing.assert_array_equal(cell.levels(cell.assign(3)).conductance, g[::2])
    with pytest.raises(ValueError, match="`count` must be from 2 to 5 levels, got 6"):
        cell.assign(6)
