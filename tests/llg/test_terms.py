"""Every term: its field is the derivative of its energy; closed forms for prisms."""

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import pytest
from scipy import constants

import mtjax.llg as llg


SPINS = 5
K = jr.split(jr.key(0), 8)
MOMENT = 1e-19 * jr.uniform(K[0], (SPINS,), minval=0.5, maxval=2.0)
VOLUME = 1e-25 * jr.uniform(K[1], (SPINS,), minval=0.5, maxval=2.0)
VECTORS = jr.normal(K[2], (SPINS, 3))
UNITS = VECTORS / jnp.linalg.norm(VECTORS, axis=1, keepdims=True)
BONDS = jnp.array([[0, 1], [1, 2], [0, 4], [3, 4], [0, 0]])
STRENGTH = 1e-20 * jnp.array([1.0, 2.0, -1.0, 0.5, 0.0])
EDGES = 1e-9 * jr.uniform(K[3], (SPINS, 3), minval=1.0, maxval=4.0)
CENTRES = 5e-9 * jnp.arange(SPINS)[:, None] * jnp.array([[1.0, 0.3, 0.0]])

TERMS = {
    "uniaxial": (
        llg.Uniaxial(k_u=3e5 * MOMENT / 1e-19, volume=VOLUME, moment=MOMENT, axis=UNITS),
        MOMENT,
    ),
    "zeeman": (llg.Zeeman(b=VECTORS, moment=MOMENT), MOMENT),
    "exchange": (
        llg.Exchange(BONDS, strength=STRENGTH, moment=MOMENT),
        MOMENT,
    ),
    "second order": (
        llg.SecondUniaxial(
            k_u2=1e5 * MOMENT / 1e-19, volume=VOLUME, moment=MOMENT, axis=UNITS
        ),
        MOMENT,
    ),
    "biquadratic": (llg.Biquadratic(BONDS, strength=STRENGTH, moment=MOMENT), MOMENT),
    "dzyaloshinskii": (
        llg.Dzyaloshinskii(BONDS, strength=STRENGTH[:, None] * VECTORS, moment=MOMENT),
        MOMENT,
    ),
    "demagnetisation": (
        llg.Demagnetisation.of_prisms(CENTRES, EDGES, MOMENT / jnp.prod(EDGES, 1)),
        MOMENT,
    ),
}


@pytest.mark.parametrize("name", TERMS)
def test_field_is_the_derivative_of_the_energy(name):
    term, moment = TERMS[name]
    m = UNITS[::-1]
    expected = -jax.grad(lambda m: term.energy(m) / 1e-20)(m) * 1e-20 / moment[:, None]
    np.testing.assert_allclose(term.field(m), expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", TERMS)
def test_terms_called_linear_are_affine(name):
    term, _ = TERMS[name]
    m = UNITS[::-1]
    zero = term.field(jnp.zeros((SPINS, 3)))
    once, twice = term.field(m) - zero, term.field(2 * m) - zero
    assert bool(jnp.allclose(twice, 2 * once, rtol=1e-10, atol=1e-15)) is term.linear


@pytest.mark.parametrize(
    "edges, factors",
    (
        ((1, 1, 1), (1 / 3, 1 / 3, 1 / 3)),
        ((3, 8, 0.5), (0.15775381400467603, 0.056778035266840894, 0.7854681507284842)),
        ((40, 40, 1.2), (0.04051325949458078, 0.04051325949458078, 0.9189734810108373)),
        ((5, 5, 3), (0.27376566781942346, 0.27376566781942346, 0.4524686643611522)),
        ((500, 125, 3), (0.0091796703644985, 0.038176123052855275, 0.9526442065825885)),
    ),
)
def test_demagnetisation_factors_of_a_prism(edges, factors):
    edges = jnp.asarray(edges, float)
    edges = edges / jnp.max(edges)
    tensor = llg.prism_tensor(jnp.zeros(3), edges, edges)
    np.testing.assert_allclose(jnp.diag(tensor), factors, atol=1e-9)
    np.testing.assert_allclose(tensor - jnp.diag(jnp.diag(tensor)), 0, atol=1e-12)


@pytest.mark.parametrize("direction", ((1, 0, 0), (1, 2, -0.5), (0, 0, 1)))
def test_far_prisms_are_dipoles(direction):
    r = 30 * jnp.asarray(direction, float)
    target, source = jnp.array([1.0, 1.2, 0.9]), jnp.array([0.8, 1.0, 1.1])
    distance = jnp.linalg.norm(r)
    n = r / distance
    dipole = (jnp.eye(3) - 3 * jnp.outer(n, n)) / (4 * jnp.pi * distance**3)
    dipole = dipole * jnp.prod(source)
    # The next multipole is smaller by (size / distance)^2 and the shapes' small deviation
    # from cubes.
    tolerance = 2e-3 * float(jnp.abs(dipole).max())
    np.testing.assert_allclose(llg.prism_tensor(r, target, source), dipole, atol=tolerance)


def test_touching_prisms_make_up_the_whole():
    half, whole = jnp.array([1.0, 2.0, 0.5]), jnp.array([2.0, 2.0, 0.5])
    shift = jnp.array([1.0, 0.0, 0.0])
    own = llg.prism_tensor(jnp.zeros(3), half, half)
    other = llg.prism_tensor(shift, half, half)
    expected = llg.prism_tensor(jnp.zeros(3), whole, whole)
    np.testing.assert_allclose(jnp.diag(own + other), jnp.diag(expected), atol=1e-12)


def test_prism_tensor_is_differentiable_where_faces_align():
    def element(a):
        edges = jnp.stack([a, a, 0.5 * a])
        return llg.prism_tensor(jnp.array([1.0, 0.0, 0.0]), edges, edges)

    slope = jax.jacfwd(element)(0.9)
    difference = (element(0.9 + 1e-5) - element(0.9 - 1e-5)) / 2e-5
    np.testing.assert_allclose(slope, difference, atol=1e-7)


def test_stray_field_is_that_of_the_dipolar_coupling():
    m_s = MOMENT / jnp.prod(EDGES, 1)
    whole = llg.Demagnetisation.of_prisms(CENTRES, EDGES, m_s)
    fixed = UNITS.at[:2].set(0.0)
    field = llg.stray_field(
        CENTRES[:2], EDGES[:2], CENTRES[2:], EDGES[2:], m_s[2:, None] * UNITS[2:]
    )
    np.testing.assert_allclose(field, whole.field(fixed)[:2], rtol=1e-9)


def test_layer_above_a_wide_plate_feels_little_of_it_and_along_it():
    """Above the middle of a plate of edge L and thickness t: b_z is about mu0 M t / L."""
    b = llg.stray_field(
        jnp.array([[0.0, 0.0, 3e-9]]),
        jnp.array([[2e-9, 2e-9, 1e-9]]),
        jnp.zeros((1, 3)),
        jnp.array([[100e-9, 100e-9, 2e-9]]),
        jnp.array([[0.0, 0.0, 1e6]]),
    )
    assert abs(b[0, 0]) < 1e-10
    # Four edge currents of M t, each mu0 I / (2 pi L / 2) * sqrt(2) / 2 at the centre.
    expected = constants.mu_0 * 1e6 * 2e-9 * 4 * np.sqrt(0.5) / (np.pi * 100e-9)
    np.testing.assert_allclose(b[0, 2], expected, rtol=0.01)
