"""Laws of the axial Fokker-Planck equation."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.linalg

from mtjax import llg


MODES = 141


def moments(delta, bias):
    """<z^k>-type averages over the full-sphere equilibrium, by scipy."""
    x, w = np.polynomial.legendre.leggauss(600)
    p = w * np.exp(delta * (x**2 - 1 + 2 * bias * x - 2 * abs(bias)))
    values = np.polynomial.legendre.legvander(x, MODES - 1)
    return np.sqrt(2 * np.arange(MODES) + 1) * (p @ values) / p.sum()


@pytest.mark.parametrize("delta, bias, tau", ((20, -2, 2), (5, 0.3, 0.1), (40, 1.5, 8)))
def test_probability_is_conserved(delta, bias, tau):
    end = llg.axial_evolve(llg.axial_well(delta, modes=MODES), delta, bias, tau)
    assert abs(end.moments[0] - 1) < 1e-12
    assert abs(end.above(-1) - 1) < 1e-11
    assert abs(end.above(0) - end.above(0.5) - _integral(end, 0, 0.5)) < 1e-12


def _integral(density, low, high):
    x, w = np.polynomial.legendre.leggauss(200)
    z = jnp.asarray((low + high) / 2 + (high - low) / 2 * x)
    return (high - low) / 2 * jnp.sum(w * jax.vmap(density)(z))


@pytest.mark.parametrize("delta, bias", ((1, 0.0), (20, -0.5), (25, -2.0), (30, 0.2)))
def test_boltzmann_equilibrium_stays(delta, bias):
    equilibrium = moments(delta, bias)
    end = llg.axial_evolve(llg.AxialDensity(jnp.asarray(equilibrium)), delta, bias, 3.0)
    np.testing.assert_allclose(end.moments, equilibrium, atol=2e-11)


@pytest.mark.parametrize("delta, bias", ((3.0, 0.2), (20.0, -1.5)))
def test_detailed_balance(delta, bias):
    """P(in A, then in B) = P(in B, then in A) in equilibrium; A is m_z > 0."""
    modes = 161
    x, w = np.polynomial.legendre.leggauss(600)
    p = w * np.exp(delta * (x**2 - 1 + 2 * bias * x - 2 * abs(bias)))
    values = np.polynomial.legendre.legvander(x, modes - 1)
    values = values * np.sqrt(2 * np.arange(modes) + 1)
    edge = 0.3  # smooth sets, so that both densities are resolved
    member = 0.5 * (1 + np.tanh((x - edge) / 0.15))
    flows = []
    for first, then in ((member, 1 - member), (1 - member, member)):
        end = llg.axial_evolve(
            llg.AxialDensity(jnp.asarray((p * first) @ values / p.sum())), delta, bias, 0.4
        )
        chance = w * then @ values / 2
        flows.append(float(end.moments @ chance))
    assert abs(flows[0] - flows[1]) < 1e-12


def test_pulses_compose():
    start = llg.axial_well(20.0, modes=MODES)
    once = llg.axial_evolve(start, 20.0, -2.0, 2.0)
    twice = llg.axial_evolve(llg.axial_evolve(start, 20.0, -2.0, 0.7), 20.0, -2.0, 1.3)
    np.testing.assert_allclose(once.moments, twice.moments, atol=1e-11)


def test_exponential_is_that_of_scipy():
    """The dense generator is built here from the backward operator by quadrature."""
    modes, delta, bias, tau = 61, 8.0, -1.2, 0.9
    x, w = np.polynomial.legendre.leggauss(120)
    scale = np.sqrt(2 * np.arange(modes) + 1)
    p = np.polynomial.legendre.legvander(x, modes - 1)
    dp = np.stack(
        [np.polynomial.legendre.Legendre.basis(l).deriv()(x) for l in range(modes)], 1
    )
    l = np.arange(modes)
    image = ((1 - x**2) * (x + bias))[:, None] * dp - l * (l + 1) / (2 * delta) * p
    generator = (image * scale).T @ (w[:, None] / 2 * p * scale)
    start = llg.axial_well(delta, modes=modes)
    wanted = scipy.linalg.expm(tau * generator) @ np.asarray(start.moments)
    got = llg.axial_evolve(start, delta, bias, tau).moments
    np.testing.assert_allclose(got, wanted, atol=1e-11)


def test_rate_converges_in_modes_and_substeps():
    values = [
        llg.write_error_rate(60.0, 3.0, 3.0, modes=modes, substeps=substeps)
        for modes, substeps in ((191, 8), (231, 8), (191, 16))
    ]
    assert max(values) - min(values) < 1e-11


@pytest.mark.parametrize(
    "delta, i, tau", ((20.0, 2.0, 2.0), (45.0, 1.6, 4.0), (3.0, 0.5, 1.0))
)
def test_gradient_is_the_difference_quotient(delta, i, tau):
    rate = jax.jit(lambda x: llg.write_error_rate(x[0], x[1], x[2], modes=151))
    x = jnp.array([delta, i, tau])
    gradient = jax.grad(rate)(x)
    for k in range(3):
        h = 1e-3 * x[k] * (jnp.arange(3) == k)
        slopes = [(rate(x + s * h) - rate(x - s * h)) / (2 * s * h[k]) for s in (1, 2)]
        richardson = (4 * slopes[0] - slopes[1]) / 3
        assert abs(gradient[k] - richardson) < 1e-8 + 1e-6 * abs(richardson)


def test_logarithmic_gradient_of_a_rare_error():
    """Δ = 60, i = 3, τ = 6: the error rate is 3.5e-9; differences with large steps."""
    rate = jax.jit(lambda x: jnp.log(llg.write_error_rate(x[0], x[1], x[2], modes=191)))
    x = jnp.array([60.0, 3.0, 6.0])
    gradient = jax.grad(rate)(x)
    for k, h in enumerate((1.0, 0.05, 0.1)):
        step = h * (jnp.arange(3) == k)
        slope = (rate(x + step) - rate(x - step)) / (2 * h)
        assert abs(gradient[k] / slope - 1) < 3e-3


def test_long_pulse_decays_at_the_relaxation_rate():
    delta, i = 12.0, 0.4
    end = [llg.write_error_rate(delta, i, tau) for tau in (400.0, 500.0, 600.0)]
    rate = -jnp.log((end[1] - end[2]) / (end[0] - end[1])) / 100
    assert abs(rate / llg.relaxation_rate(delta, -i) - 1) < 1e-6


def test_unknown_modes_are_asked_for_in_one_sentence():
    with pytest.raises(ValueError, match="`modes` must be given where `delta` or"):
        jax.jit(llg.write_error_rate)(20.0, 2.0, 2.0)
    with pytest.raises(ValueError, match="must be <= 1190"):
        llg.write_error_rate(900.0, 2.0, 2.0)
    assert jax.grad(llg.write_error_rate)(20.0, 2.0, 2.0) > 0
