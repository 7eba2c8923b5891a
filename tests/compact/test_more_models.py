"""Breakdown, spin-orbit torque, levels after levels, populations, drift, several starts."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.compact as compact
import mtjax.crossbar as crossbar
import mtjax.data as data

from .helpers import GRANULAR, SWITCHING, switching
from .simulate import (
    BREAKDOWN,
    breakdown,
    fit_of,
    POPULATION,
    SPIN_ORBIT,
    spin_orbit,
    TIMES,
    times,
    UP,
    UPDATE,
    update,
)


def test_breakdown_is_weibull_and_endurance_its_inverse():
    v, t = jnp.array(1.25), jnp.array(10e-9)
    assert abs(BREAKDOWN.failed(v, BREAKDOWN.scale(v)) - (1 - np.exp(-1))) < 1e-12
    pulses = BREAKDOWN.endurance(v, t, 1e-4)
    np.testing.assert_allclose(BREAKDOWN.failed(v, pulses * t), 1e-4, rtol=1e-9)
    limit = BREAKDOWN.largest_voltage(t, float(pulses), 1e-4)
    np.testing.assert_allclose(limit, v, rtol=1e-12)


def test_breakdown_is_fitted_to_censored_times():
    sample = breakdown(jr.key(0))
    assert 0 < np.sum(sample.switched) < 200
    fit = fit_of(compact.Breakdown)(sample)
    assert fit.outcome == data.Outcome.successful
    for name in fit.names:
        error = getattr(fit.standard_error, name)
        assert abs(getattr(fit.model, name) - getattr(BREAKDOWN, name)) < 4 * error
    survived = eqx.tree_at(lambda s: s.switched, sample, jnp.zeros(200, int))
    assert fit_of(compact.Breakdown)(survived).outcome == data.Outcome.no_maximum


def test_one_voltage_leaves_the_power_of_breakdown_free():
    sample = breakdown(jr.key(0))
    one = eqx.tree_at(lambda s: s.voltage, sample, jnp.full(200, 1.2))
    assert fit_of(compact.Breakdown)(one).outcome == data.Outcome.singular


def test_spin_orbit_torque_has_no_incubation():
    short = SPIN_ORBIT.probability(jnp.full(2, 0.9), jnp.array([1e-12, 2e-12]))
    np.testing.assert_allclose(short[1] / short[0], 2, rtol=2e-2)
    v = jnp.linspace(0.0, 1.2, 200)
    assert jnp.all(jnp.diff(SPIN_ORBIT.rate(v)) > 0)
    energy = SPIN_ORBIT.write_energy(jnp.array(0.8), jnp.array(2e-9))
    np.testing.assert_allclose(energy, 0.64 * 2e-9 / 1e3)


@pytest.mark.slow
def test_spin_orbit_and_update_are_recovered():
    for simulate, kind, truth in (
        (spin_orbit, compact.SpinOrbitSwitching, SPIN_ORBIT),
        (update, compact.SynapseUpdate, UPDATE),
        (times, compact.MacrospinSwitching, TIMES),
    ):
        fit = fit_of(kind)(simulate(jr.key(1)))
        assert fit.outcome == data.Outcome.successful
        for name in fit.names:
            error = getattr(fit.standard_error, name)
            assert abs(getattr(fit.model, name) - getattr(truth, name)) < 4 * error, name


def test_voltage_controlled_anisotropy_lowers_the_barrier_of_one_polarity():
    up = eqx.tree_at(lambda m: m.vcma, TIMES, jnp.asarray(0.2))
    v = jnp.array(0.3)
    by_hand = eqx.tree_at(
        lambda m: (m.stability, m.critical_from_p, m.relaxation),
        TIMES,
        (TIMES.stability * 0.94, TIMES.critical_from_p * 0.94, TIMES.relaxation * 0.94),
    )
    np.testing.assert_allclose(up.rate(v, UP), by_hand.rate(v, UP), rtol=1e-12)
    assert up.rate(v, UP) > TIMES.rate(v, UP)


def test_a_first_pulse_follows_the_law_and_a_weaker_second_changes_little():
    v, t = jnp.linspace(0.5, 1.1, 9), jnp.full(9, 2e-9)
    mean, std = UPDATE.distribution(jnp.full(9, 5e-4), v, t)
    np.testing.assert_allclose(mean, GRANULAR.mean(v, t), atol=3e-6)
    assert jnp.all(std > 0)
    again, _ = UPDATE.distribution(mean, v, t)
    assert jnp.all(again <= mean)
    full = eqx.tree_at(lambda m: m.memory, UPDATE, jnp.asarray(0.999))
    held, _ = full.distribution(mean, v - 0.1, t)
    np.testing.assert_allclose(held, mean, atol=3e-6)


DRIFT = compact.RetentionDrift(stability=40.0, spread=6.0, grains=40.0)


def test_levels_drift_in_the_logarithm_of_time_towards_equilibrium():
    t = jnp.geomspace(1e-3, 1e9, 60)
    f = DRIFT.mean(jnp.full(60, 0.9), t)
    assert jnp.all(jnp.diff(f) < 0)
    np.testing.assert_allclose(f[0], 0.9, atol=1e-3)
    sharp = compact.RetentionDrift(stability=40.0, spread=0.0, grains=40.0)
    expected = jnp.exp(-2e9 * t * np.exp(-40.0))
    np.testing.assert_allclose(sharp.kept(t), expected, rtol=1e-9)
    hot = DRIFT.at(jnp.array(358.0))
    assert hot.kept(jnp.array(1e4)) < DRIFT.kept(jnp.array(1e4))


def test_drift_of_many_junctions_has_the_moments_of_independent_grains():
    rng, number = np.random.default_rng(0), 4000
    f, time = 0.75, 1e5
    barrier = 40 + 6 * rng.standard_normal((number, 40))
    kept = np.exp(-2e9 * time * np.exp(-barrier))
    up = np.arange(40)[None] < 30
    p = np.where(up, 0.5 + 0.5 * kept, 0.5 * (1 - kept))
    level = (rng.random((number, 40)) < p).mean(1)
    at = jnp.array(f), jnp.array(time)
    assert abs(level.mean() - DRIFT.mean(*at)) < 4 * level.std() / np.sqrt(number)
    assert abs(level.std() / DRIFT.std(*at) - 1) < 4 / np.sqrt(2 * number)
    lost = np.mean(abs(level - f) > 0.125)
    assert abs(lost - DRIFT.lost(*at, jnp.array(0.125))) < 0.05


def test_chips_are_drawn_from_a_population():
    drawn = POPULATION.draw(4000, key=jr.key(0))
    a = jnp.log(drawn.threshold / POPULATION.threshold)
    b = jnp.log(drawn.steepness / POPULATION.steepness)
    np.testing.assert_allclose(jnp.std(a), 0.05, rtol=0.05)
    np.testing.assert_allclose(jnp.std(b), 0.08, rtol=0.05)
    np.testing.assert_allclose(jnp.corrcoef(a, b)[0, 1], -0.4, atol=0.06)
    voltages = POPULATION.assign(4)
    table = POPULATION.levels(voltages)
    means = jax.vmap(lambda d: d.levels(voltages).conductance)(drawn)
    np.testing.assert_allclose(table.conductance, jnp.mean(means, 0), rtol=2e-3)
    rest = (3e-4 * 0.01) ** 2
    between = jnp.sqrt(jnp.var(means, 0) + rest)
    np.testing.assert_allclose(table.device_std, between, rtol=0.06)
    scheme = crossbar.OpenLoop(levels=4)
    target = jnp.arange(4)[:, None] * jnp.ones((1, 500), int)
    written = crossbar.program(POPULATION, target, scheme, key=jr.key(1))
    spread = jnp.hypot(table.device_std, table.cycle_std)
    np.testing.assert_allclose(jnp.std(written.conductance, 1), spread, rtol=0.15)


def test_several_starts_find_the_best_and_weights_count_as_trials():
    sample = switching(jr.key(0), devices=1)
    start = compact.SwitchingProbability.start(sample)
    far = eqx.tree_at(lambda m: m.threshold, start, jnp.asarray(5.0))
    best = compact.multi_start(far, sample, key=jr.key(1), starts=4, spread=1.0)
    fit = compact.fit(start, sample)
    assert best.outcome == data.Outcome.successful
    np.testing.assert_allclose(best.model.threshold, fit.model.threshold, rtol=1e-6)
    twice = compact.fit(start, compact.weighted(sample, jnp.asarray(2)))
    ratio = twice.standard_error.threshold / fit.standard_error.threshold
    np.testing.assert_allclose(ratio, 0.5**0.5, rtol=1e-6)
    with pytest.raises(ValueError, match="`weight` must be >= 0, got -1"):
        compact.weighted(sample, jnp.asarray(-1))
    assert SWITCHING.threshold > 0
