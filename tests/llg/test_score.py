"""Counts with the derivative of the likelihood, against the Fokker-Planck equation."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest

import mtjax.llg as llg

from .test_macrospin import ALPHA, B_K, GAMMA, magnet


TAU = (1 + ALPHA**2) / (ALPHA * GAMMA * B_K)  # one unit of reduced time [s]
GRID = llg.TimeGrid(dt=0.1 / (GAMMA * B_K), steps=90, settle=30)
VALUES = ("alpha", "k_u", "temperature", "voltage", "width")


def changed(factors):
    """The magnet and a pulse, with five values times `factors`."""
    device = magnet()
    per_volt = device.junction.torque_per_volt(device.m_s, device.thickness)
    where = lambda d: (d.alpha, d.k_u, d.temperature)
    values = [v * f for v, f in zip(where(device), factors, strict=False)]
    pulses = llg.Pulses.product(
        voltage=factors[3] * 2.0 * ALPHA * B_K / per_volt, width=factors[4] * 1.5 * TAU
    )
    return eqx.tree_at(where, device, values), pulses


def count(factors, key, trials=1024, **kwargs):
    device, pulses = changed(factors)
    return llg.sweep(
        device,
        device.samples(1),
        pulses,
        GRID,
        observe=llg.Switched(),
        key=key,
        trials=trials,
        **kwargs,
    )


@pytest.fixture(scope="module")
def sampled():
    """Derivatives of the share that switched, of 6 keys."""
    score = llg.Score(relaxation=3 / TAU)

    def share(factors, key):
        switching = count(factors, key, gradient=score)
        return switching.switched[0] / switching.trials[0]

    slope = jax.grad(share)
    return np.array([slope(jnp.ones(5), k) for k in jr.split(jr.key(0), 6)])


def test_derivatives_are_those_of_the_fokker_planck_equation(sampled):
    """Five quantities, the width of the pulse among them, |z| < 4."""

    def exact(factors):
        device, pulses = changed(factors)
        return 1 - llg.fokker_planck(device, pulses).write_error_rate

    expected = np.array(jax.grad(exact)(jnp.ones(5)))
    error = sampled.std(0, ddof=1) / np.sqrt(len(sampled))
    z = (sampled.mean(0) - expected) / error
    assert np.all(np.abs(z) < 4), dict(zip(VALUES, z, strict=True))
    assert np.all(error < 0.15 * np.abs(expected)), dict(zip(VALUES, error, strict=True))


def test_precession_costs_nothing(sampled):
    """No level shows it, so anisotropy is as sure as what moves the angle alone."""
    error = sampled.std(0, ddof=1)
    assert error[1] < 3 * error[2] + 0.2


def test_an_estimator_changes_no_count():
    plain = count(jnp.ones(5), jr.key(0), trials=64)
    scored = count(jnp.ones(5), jr.key(0), trials=64, gradient=llg.Score())
    assert jnp.issubdtype(plain.switched.dtype, jnp.integer)
    np.testing.assert_array_equal(plain.switched, scored.switched)
