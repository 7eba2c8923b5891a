"""Parameters of other codes: their own equations, closed forms, and runs of cmtj."""

import importlib
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import pytest
from scipy import constants

from mtjax import llg


_dynamics: Any = importlib.import_module("mtjax.llg._validation_dynamics")
_deterministic: Any = importlib.import_module("mtjax.llg._deterministic")

GAMMA = constants.physical_constants["electron gyromag. ratio"][0]
M_S, THICKNESS, AREA, ALPHA, CURRENT = 1e6, 1.2e-9, 1e-15, 0.2, 3e-5
P, LAMBDA, PRIME = 0.6, 1.7, 0.15
DIRECTION = np.array([0.6, 0.0, 0.8])
M = np.array([0.36, 0.8, -0.48])
CARD: dict[str, Any] = dict(
    polarisation=P,
    asymmetry=LAMBDA,
    field_like=PRIME,
    alpha=jnp.array([ALPHA]),
    m_s=jnp.array([M_S]),
    thickness=THICKNESS,
    area=AREA,
    direction=jnp.asarray(DIRECTION),
)


def system(drives, alpha=ALPHA, b_k=0.0, b=(0.0, 0.0, 0.0)) -> llg.System:
    """One spin at a source of 1 A per volt, whatever its state."""
    one = _dynamics.spin(jnp.array(b), b_k, alpha)
    fed = llg.Circuit(*(jnp.asarray(x) for x in (1.0, 1.0, 1.0, 0.0)))
    fed = eqx.tree_at(lambda c: c.tmr, fed, jnp.asarray(1e-12))
    where = lambda s: (s.torque, s.drives, s.circuit)
    return eqx.tree_at(where, one, (jnp.zeros(1), drives, fed))


def rate(drives):
    """Our rate of change at a current."""
    one = system(drives)
    return np.asarray(_deterministic.rate(one, jnp.asarray(M[None]), CURRENT)[0])


BETA = constants.hbar / constants.e * CURRENT / (AREA * M_S * THICKNESS)
EFFICIENCY = P * LAMBDA**2 / (LAMBDA**2 + 1 + (LAMBDA**2 - 1) * (DIRECTION @ M))


@pytest.mark.parametrize("code", (llg.Code.OOMMF, llg.Code.MUMAX3))
def test_oommf_and_mumax_as_their_manuals_have_it(code):
    """dm/dt = a m x dm/dt + |g| beta (eps m x p x m - eps' m x p), solved for dm/dt."""
    across = np.cross(M, DIRECTION)
    given = GAMMA * BETA * (-EFFICIENCY * np.cross(M, across) - PRIME * across)
    solved = (given + ALPHA * np.cross(M, given)) / (1 + ALPHA**2)
    np.testing.assert_allclose(rate(llg.from_code(code, **CARD)), solved, rtol=1e-6)


def test_cmtj_as_its_source_has_it():
    """The torque, with beta a share of its efficiency, beside the solved equation."""
    across = np.cross(M, DIRECTION)
    given = EFFICIENCY * (-np.cross(M, across) + PRIME * across)
    solved = GAMMA * BETA * given / (1 + ALPHA**2)
    obtained = rate(llg.from_code(llg.Code.CMTJ, **CARD))
    np.testing.assert_allclose(obtained, solved, rtol=1e-6)


def test_the_position_of_the_reference_and_the_sign_of_the_current():
    above = rate(llg.from_code(llg.Code.MUMAX3, **CARD))
    below = rate(llg.from_code(llg.Code.MUMAX3, **CARD, reference_below=True))
    np.testing.assert_allclose(above, -below)
    away = llg.Convention(llg.Turns.AWAY, 0.5, 1.0, fraction=False, cross_terms=True)
    np.testing.assert_allclose(rate(llg.from_code(away, **CARD)), below)


@pytest.mark.parametrize("full, factor", ((0.5, 1.0), (1.0, 2.0)))
def test_p_or_half_of_it_is_a_factor_of_two_in_the_critical_current(full, factor):
    """At I_c0 = (4 e / hbar)(alpha / P) K V the torque field is alpha B_k."""
    rule = llg.Convention(llg.Turns.AWAY, full, 1.0, fraction=False, cross_terms=True)
    card: dict[str, Any] = CARD | {"asymmetry": 1.0, "field_like": 0.0}
    drive = llg.from_code(rule, **card)[0]
    b_k = 0.5
    barrier = b_k * M_S / 2 * AREA * THICKNESS
    current = float(llg.critical_current(ALPHA, P, barrier))
    obtained = float(drive.damping_like[0]) * current
    np.testing.assert_allclose(obtained, factor * ALPHA * b_k, rtol=1e-9)


# By cmtj 1.15.0: mu0 M = 1.2 T, K = 4e5 J/m^3, 1 nm, 1e-15 m^2, alpha = 0.05, H_x = 2e4
# A/m, start (.6, 0, .8), RK4 at 10 fs, after the steps at 99.95 and 199.9 ps. STT: P =
# .4, Lambda = 1.5, beta = .3, reference (.6, 0, .8), J = -1.2e12 A/m^2. SOT: damping-like
# 6e-8, field-like -3e-8 (A/m per A/m^2), polarisation y, J = 8e11 A/m^2.
CMTJ = {
    "stt": (
        (0.1645027363360367, 0.19489379513252197, -0.9669308446609813),
        (0.006701080621946565, 0.2678428520249724, -0.963439309005828),
    ),
    "sot": (
        (0.33896945094619896, 0.0012479070604802557, 0.9407965529556329),
        (-0.03937493660340239, 0.16401791747133096, 0.9856712114675186),
    ),
}
CMTJ_GYRO = 220880.0  # [m/(A s)]


@pytest.mark.parametrize("kind", CMTJ)
def test_trajectories_of_cmtj(kind):
    m_s = 1.2 / constants.mu_0
    if kind == "stt":
        card: dict[str, Any] = dict(
            polarisation=0.4,
            asymmetry=1.5,
            field_like=0.3,
            alpha=jnp.array([0.05]),
            m_s=jnp.array([m_s]),
            thickness=1e-9,
            area=1e-15,
            direction=jnp.array([0.6, 0.0, 0.8]),
        )
        drives, current = llg.from_code(llg.Code.CMTJ, **card), -1.2e12 * 1e-15
    else:
        sot = llg.SpinTorque(
            direction=jnp.array([0.0, 1.0, 0.0]),
            damping_like=jnp.array([-6e-8 * constants.mu_0]),
            field_like=jnp.array([-3e-8 * constants.mu_0]),
            follows=llg.Follows.SOURCE,
        )
        drives, current = (sot,), 8e11
    b_k = 2 * 4e5 / m_s
    one = system(drives, 0.05, b_k, (2e4 * constants.mu_0, 0.0, 0.0))
    # All rates are proportional to the gyromagnetic ratio, and cmtj has its own.
    times = jnp.array([9.996e-11, 1.9991e-10]) * CMTJ_GYRO / (GAMMA * constants.mu_0)
    m0 = jnp.array([[0.6, 0.0, 0.8]])
    pulse = llg.Pulse(voltage=current, width=1.0)
    m = llg.deterministic(one, m0, times, pulse)[:, 0]
    np.testing.assert_allclose(m, CMTJ[kind], atol=1e-5)
