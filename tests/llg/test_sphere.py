"""Fokker-Planck on the sphere: against the axis, in any axes, in equilibrium, and LLG."""

import importlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg
from scipy import constants

import mtjax.llg as llg
from mtjax.data import Outcome, State


_harmonics: Any = importlib.import_module("mtjax.llg._harmonics")
_sphere: Any = importlib.import_module("mtjax.llg._sphere")

GAMMA = constants.physical_constants["electron gyromag. ratio"][0]
KT = constants.k * 300.0
ALPHA = 0.05
X, Y, Z = jnp.eye(3)


class Magnet(eqx.Module):
    """One spin with B_k = 1 T; a volt is the overdrive of a torque along `spins`."""

    delta: jax.Array = eqx.field(converter=jnp.asarray, default=20.0)
    b: jax.Array = eqx.field(converter=jnp.asarray, default=(0.0, 0.0, 0.0))
    spins: jax.Array = eqx.field(converter=jnp.asarray, default=(0.0, 0.0, 1.0))
    axis: jax.Array = eqx.field(converter=jnp.asarray, default=(0.0, 0.0, 1.0))
    polariser: jax.Array = eqx.field(converter=jnp.asarray, default=(0.0, 0.0, 1.0))

    def system(self, sample=None):
        one, energy = jnp.asarray(1.0), KT * self.delta[None]
        moment = 2 * energy
        return llg.System(
            terms=(
                llg.Uniaxial(
                    k_u=energy, volume=jnp.ones(1), moment=moment, axis=self.axis[None]
                ),
                llg.Zeeman(b=self.b[None], moment=moment),
            ),
            circuit=llg.Circuit(one, one, one, jnp.asarray(0.0)),
            moment=moment,
            alpha=jnp.full(1, ALPHA),
            torque=jnp.zeros(1),
            weight=jnp.ones(1),
            polariser=self.polariser,
            temperature=300.0,
            drives=(
                llg.SpinTorque(
                    direction=self.spins,
                    damping_like=jnp.full(1, ALPHA),
                    field_like=jnp.zeros(1),
                    follows=llg.Follows.SOURCE,
                ),
            ),
        )

    def samples(self, number):
        return llg.Microstructure(
            centre=jnp.full((1, 1, 2), 0.5),
            fraction=jnp.ones((1, 1)),
            bonds=jnp.zeros((1, 1, 2), jnp.int32),
            boundary=jnp.zeros((1, 1)),
            distance=jnp.ones((1, 1)),
            anisotropy=jnp.zeros((1, 1)),
            area=jnp.zeros((1, 1)),
        )

    def check(self, grains):
        """Any draw will do."""


def seconds(tau):
    return jnp.asarray(tau) * (1 + ALPHA**2) / (ALPHA * GAMMA)


def pulse(overdrive, tau, **more):
    more = {name: seconds(value) for name, value in more.items()}
    return llg.Pulses.product(voltage=overdrive, width=seconds(tau), **more)


def test_an_axial_magnet_is_that_of_the_axial_equation():
    pulses = pulse(jnp.array([2.0, 2.5]), 2.0)
    wanted = jnp.stack([llg.write_error_rate(20.0, i, 2.0) for i in (2.0, 2.5)])
    found = llg.fokker_planck_sphere(Magnet(), pulses, order=2)
    np.testing.assert_allclose(found.write_error_rate, wanted, rtol=0, atol=1e-9)
    assert np.all(np.abs(found.write_error_rate - wanted) < found.error)
    assert np.all(found.outcome == Outcome.successful)
    back = llg.fokker_planck_sphere(
        Magnet(), pulse(jnp.array([-2.0, -2.5]), 2.0), start=State.ANTIPARALLEL, order=2
    )
    np.testing.assert_allclose(back.write_error_rate, found.write_error_rate, atol=1e-13)
    np.testing.assert_allclose(back.mean, -found.mean, atol=1e-13)


def rotation(*angles):
    return jnp.asarray(scipy.spatial.transform.Rotation.from_rotvec(angles).as_matrix())


@pytest.mark.parametrize("angles", ((0.0, 0.0, 2.1), (0.7, -0.4, 1.3), (0.0, 3.14159, 0.2)))
def test_a_rotated_device_has_the_same_rate(angles):
    turn, b = rotation(*angles), jnp.array([0.1, 0.02, -0.05])
    here = Magnet(b=b, delta=10.0)
    there = Magnet(
        b=turn @ b, spins=turn @ Z, axis=turn @ Z, polariser=turn @ Z, delta=10.0
    )
    one, other = (
        llg.fokker_planck_sphere(m, pulse(2.0, 1.0), degree=30) for m in (here, there)
    )
    assert abs(one.write_error_rate - other.write_error_rate) < 1e-12
    np.testing.assert_allclose(turn @ one.mean, other.mean, atol=1e-12)


@pytest.mark.parametrize("angles", ((0.5, 0.0, 0.0), (0.3, -1.2, 0.4)))
def test_an_axial_problem_in_other_axes_than_the_harmonics(angles):
    """The start is turned, the drift is turned, and so is the half that is asked for."""
    degree, steps, tau = 30, 500, 2.0
    columns, terms = (jnp.asarray(x) for x in _harmonics.sphere_operators(degree, degree))
    modes = columns.shape[1]
    matrix = jnp.zeros((2, 3, 3)).at[0, 2, 2].set(1.0)
    matrix = matrix.at[1].set(ALPHA * jnp.array([[0, -1.0, 0], [1, 0, 0], [0, 0, 0]]))
    rate, thermal = GAMMA / (1 + ALPHA**2), 1 / 20.0
    numbers = (jnp.asarray(x) for x in (rate, ALPHA, ALPHA * rate * thermal, thermal))
    spin = _sphere.AffineSpin(matrix, jnp.zeros((2, 3)), *numbers)
    start = _sphere.well_of(spin, degree, degree)
    # Moments of a turned density: exp(angle . R), with R the operators themselves.
    generator = np.zeros((modes, modes))
    for i, angle in enumerate(angles):
        for w in range(columns.shape[0]):
            generator[np.arange(modes), np.asarray(columns[w])] += angle * terms[9 + i, w]
    turned = jnp.asarray(scipy.linalg.expm(generator))
    run = jax.jit(
        lambda spin, c: _sphere.evolve(
            c, spin, jnp.full(steps, 2.0), seconds(tau), (columns, terms)
        )
    )
    end = run(spin, start)
    there = turned.T @ run(spin.turned(rotation(*angles)), turned @ start)
    np.testing.assert_allclose(there, end, rtol=0, atol=1e-11)
    m = np.concatenate([np.arange(-l, l + 1) for l in range(degree + 1)])
    rate = llg.AxialDensity(there[m == 0]).above(0.0)
    # To the truncation, which the axial solution with more modes shows.
    assert abs(rate - llg.write_error_rate(10.0, 2.0, tau)) < 3e-6


def test_boltzmann_is_reached():
    """Tilted axis and field, Delta = 3: against a quadrature over the sphere."""
    axis = jnp.array([0.6, 0.0, 0.8])
    magnet = Magnet(delta=3.0, axis=axis, b=(0.1, 0.3, -0.2))
    found = llg.fokker_planck_sphere(magnet, pulse(0.0, 30.0), degree=26)
    x, w = np.polynomial.legendre.leggauss(60)
    angle = np.linspace(0, 2 * np.pi, 120, endpoint=False)
    across = np.sqrt(1 - x**2)[:, None]
    m = np.stack(
        [across * np.cos(angle), across * np.sin(angle), x[:, None] + 0 * angle], -1
    )
    exponent = 3.0 * ((m @ axis) ** 2 + 2 * m @ np.asarray(magnet.b))
    p = w[:, None] * np.exp(exponent)
    wanted = np.einsum("za,zai->i", p, m) / p.sum()
    np.testing.assert_allclose(found.mean, wanted, atol=1e-9)


@pytest.mark.slow
def test_edges_are_followed():
    pulses = pulse(2.0, 1.0, rise=1.0, fall=0.5)
    plain = eqx.tree_at(
        lambda s: (s.drives, s.torque), Magnet(delta=5.0).system(), ((), jnp.full(1, ALPHA))
    )
    wanted = llg.fokker_planck(plain, pulses, substeps=60).write_error_rate
    found = llg.fokker_planck_sphere(plain, pulses, degree=24, order=1, steps=500)
    assert abs(found.write_error_rate - wanted) < 1e-4


def test_gradient_is_the_difference_quotient():
    """The derivative of the start is in it."""

    def rate(x):
        magnet = Magnet(delta=x[0], b=jnp.stack([x[1], 0 * x[1], 0 * x[1]]))
        found = llg.fokker_planck_sphere(
            magnet, pulse(x[2], x[3]), degree=20, order=3, steps=100
        )
        return found.write_error_rate

    x = jnp.array([10.0, 0.1, 2.0, 1.0])
    gradient = jax.grad(rate)(x)
    for k in range(4):
        h = 1e-4 * x[k] * (jnp.arange(4) == k)
        slope = (rate(x + h) - rate(x - h)) / (2 * h[k])
        assert abs(gradient[k] / slope - 1) < 1e-6


def test_what_a_truncation_drowns_is_said():
    """Delta = 60, i = 3: the rate is 3.5e-9, a degree of 60 makes an error beyond."""
    found = llg.fokker_planck_sphere(
        Magnet(delta=60.0), pulse(3.0, 6.0), degree=60, order=2
    )
    assert found.outcome == Outcome.not_resolved
    assert abs(found.write_error_rate - 3.477e-9) < found.error


def test_what_it_cannot_serve_it_says():
    system = Magnet().system()
    bent = eqx.tree_at(lambda s: s.drives[0].asymmetry, system, jnp.asarray(0.3))
    with pytest.raises(ValueError, match=r"affine .* got SpinTorque"):
        llg.fokker_planck_sphere(bent, pulse(2.0, 1.0))
    resistive = eqx.tree_at(
        lambda s: (s.circuit.series_resistance, s.torque),
        system,
        (jnp.asarray(1.0), jnp.ones(1)),
    )
    with pytest.raises(ValueError, match="`series_resistance` of 0"):
        llg.fokker_planck_sphere(resistive, pulse(2.0, 1.0))
    with pytest.raises(ValueError, match="`degree` must be given"):
        jax.jit(lambda d: llg.fokker_planck_sphere(Magnet(d), pulse(2.0, 1.0)))(20.0)
    aside = eqx.tree_at(
        lambda s: (s.drives, s.torque, s.polariser), system, ((), jnp.ones(1), X)
    )
    with pytest.raises(ValueError, match="fokker_planck_sphere"):
        llg.fokker_planck(aside, pulse(2.0, 1.0))
    with pytest.raises(ValueError, match="fokker_planck_sphere"):
        llg.fokker_planck(Magnet(b=(0.1, 0.0, 0.0)), pulse(2.0, 1.0))


CASES = {
    "field in the plane": (Magnet(b=(0.1, 0.0, 0.0)), 2.0, 2.0, {}),
    "spin-orbit torque": (Magnet(b=(0.1, 0.0, 0.0), spins=(0.0, 1.0, 0.0)), 10.0, 0.25, {}),
    "tilted axis": (
        Magnet(axis=(np.sin(0.2), 0.0, np.cos(0.2)), b=(0.0, 0.05, 0.02)),
        2.0,
        1.5,
        {},
    ),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_monte_carlo_agrees(case):
    """The linearised start of the LLG settles for a reduced time of 3."""
    magnet, overdrive, tau, more = CASES[case]
    pulses, trials, dt = pulse(jnp.array([overdrive]), tau), 100_000, 0.03 / GAMMA
    found = llg.fokker_planck_sphere(magnet, pulses, **more)
    steps = int(seconds(tau) / dt) + 2
    settle = int(seconds(3.0) / dt)
    counted = llg.sweep(
        magnet,
        magnet.samples(1),
        pulses,
        llg.TimeGrid(dt=dt, steps=steps, settle=settle),
        observe=llg.Switched(),
        key=jax.random.key(0),
        trials=trials,
    )
    p = found.write_error_rate[0]
    left = 1 - counted.switched[0, 0] / trials
    z = (left - p) / np.sqrt(p * (1 - p) / trials)
    print(f"{case}: {p:.6f} +- {found.error[0]:.1e}, LLG {left:.6f}, z {z:.2f}")
    assert found.error[0] < 1e-6
    assert abs(z) < 4
