"""A macrospin through the sweep, against its Fokker-Planck equation."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
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
