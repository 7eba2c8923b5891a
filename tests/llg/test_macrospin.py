"""A macrospin through the sweep, against its Fokker-Planck equation."""

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from scipy import constants
from scipy.stats import chi2

import mtjax.llg as llg


GAMMA = constants.physical_constants["electron gyromag. ratio"][0]
ALPHA, DELTA, SIDE, THICKNESS, M_S = 0.2, 20.0, 20e-9, 1e-9, 1e6
B_K = 2 * DELTA * constants.k * 300 / (SIDE**2 * THICKNESS * M_S)


def magnet() -> llg.Macrospin:
    """A macrospin of the barrier `DELTA`, its own demagnetisation made up for."""
    tensor = llg.prism_tensor(jnp.zeros(3), *(jnp.array([1.0, 1.0, THICKNESS / SIDE]),) * 2)
    shape = constants.mu_0 * M_S**2 * (tensor[2, 2] - tensor[0, 0]) / 2
    return llg.Macrospin(
        junction=llg.Junction(
            resistance_area=5e-12, tmr=1, v_half=0.5, polarisation=0.6, series_resistance=0
        ),
        m_s=M_S,
        side=SIDE,
        thickness=THICKNESS,
        alpha=ALPHA,
        k_u=B_K * M_S / 2 + shape,
    )


def test_write_error_rates_are_those_of_the_fokker_planck_equation():
    device = magnet()
    one = jax.tree.map(lambda x: x[0], device.samples(1))
    np.testing.assert_allclose(llg.stiffest_field(device.system(one)), B_K, rtol=1e-9)
    per_volt = device.junction.torque_per_volt(device.m_s, device.thickness)
    overdrive, tau, trials = jnp.array([1.5, 2.0, 3.0]), jnp.array([1.0, 2.0]), 20_000
    pulses = llg.Pulses.product(
        voltage=overdrive * ALPHA * B_K / per_volt,
        width=tau * (1 + ALPHA**2) / (ALPHA * GAMMA * B_K),
    )
    dt = 0.1 / (GAMMA * B_K)
    grid = llg.TimeGrid(dt=dt, steps=int(np.ceil(pulses.width[-1] / dt)) + 1, settle=100)
    switching = llg.sweep(
        device,
        device.samples(1),
        pulses,
        grid,
        observe=llg.Switched(),
        key=jr.key(0),
        trials=trials,
    )
    expected = np.array(
        [[float(llg.write_error_rate(DELTA, i, t)) for t in tau] for i in overdrive]
    )
    obtained = 1 - np.asarray(switching.switched[0]) / trials
    z = (obtained - expected) / np.sqrt(expected * (1 - expected) / trials)
    assert np.all(np.abs(z) < 4)
    assert chi2.sf(np.sum(z**2), z.size) > 1e-3


@pytest.mark.slow
def test_score_has_the_derivatives_of_the_fokker_planck_equation():
    """Mean level after a pulse: 4 quantities, 8 keys of 512 trials, |z| < 4."""
    device = magnet()
    per_volt = device.junction.torque_per_volt(device.m_s, device.thickness)
    voltage = jnp.atleast_1d(2.0 * ALPHA * B_K / per_volt)
    width = jnp.atleast_1d(1.5 * (1 + ALPHA**2) / (ALPHA * GAMMA * B_K))
    grid = llg.TimeGrid(
        dt=0.05 / (GAMMA * B_K), steps=1 + int(width[0] / (0.05 / (GAMMA * B_K)))
    )

    def changed(factors):
        names = lambda d: (d.alpha, d.k_u, d.junction.resistance_area)
        values = [v * f for v, f in zip(names(device), factors, strict=False)]
        pulses = llg.Pulses.product(voltage=voltage * factors[3], width=width)
        return eqx.tree_at(names, device, values), pulses

    def sampled(factors, key):
        system, pulses = changed(factors)
        levels = llg.sweep(
            system,
            system.samples(1),
            pulses,
            grid,
            observe=llg.Level(),
            key=key,
            trials=512,
            gradient=llg.Score(relaxation=3 / (width[0] / 1.5)),
        )
        window = levels.parallel - levels.antiparallel
        return ((levels.mean[0, 0, 0] - levels.antiparallel) / window)[0]

    def exact(factors):
        system, pulses = changed(factors)
        return (1 + llg.fokker_planck(system, pulses).moments[0, 0, 1] / np.sqrt(3)) / 2

    one = jnp.ones(4)
    samples = np.array([jax.grad(sampled)(one, k) for k in jr.split(jr.key(0), 8)])
    error = samples.std(0, ddof=1) / np.sqrt(8)
    expected = np.array(jax.grad(exact)(one))
    z = (samples.mean(0) - expected) / error
    assert np.all(np.abs(z) < 4), (samples.mean(0), expected, error)
    assert np.all(error[[0, 2, 3]] < 0.1 * np.abs(expected[[0, 2, 3]])), (error, expected)
