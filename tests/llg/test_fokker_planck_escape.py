"""Escape rates against the spectrum of the generator and against Brown's asymptote."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from mtjax import llg


def spectrum(delta, bias, modes=81):
    """Eigenvalues of the dense Legendre generator, built here by quadrature."""
    x, w = np.polynomial.legendre.leggauss(2 * modes)
    l = np.arange(modes)
    p = np.polynomial.legendre.legvander(x, modes - 1)
    dp = np.stack(
        [np.polynomial.legendre.Legendre.basis(k).deriv()(x) for k in range(modes)], 1
    )
    image = ((1 - x**2) * (x + bias))[:, None] * dp - l * (l + 1) / (2 * delta) * p
    matrix = (image.T * w) @ p * (2 * l + 1) / 2
    return np.sort(-np.real(np.linalg.eigvals(matrix)))


@pytest.mark.parametrize(
    "delta, bias", ((0.05, 0.0), (1, 0.0), (4, 0.3), (10, -0.2), (10, 1.0), (3, -4.0))
)
def test_relaxation_rate_is_the_smallest_eigenvalue(delta, bias):
    assert abs(llg.relaxation_rate(delta, bias) / spectrum(delta, bias)[1] - 1) < 3e-8


def test_relaxation_rate_without_barrier_is_free_diffusion():
    """Δ -> 0: eigenvalue l (l + 1) / 2Δ with l = 1."""
    assert abs(llg.relaxation_rate(1e-6) * 1e-6 - 1) < 1e-6


# Fifty-digit inverse iteration on 90 to 120 moments (mpmath), an independent method.
@pytest.mark.parametrize(
    "delta, bias, rate",
    (
        (10, 0.0, 1.4410833346929983e-4),
        (12, 0.0, 2.1848132099130762e-5),
        (20, 0.0, 9.8582818594790033e-9),
        (20, 0.1, 1.9473576230127696e-7),
        (30, 0.2, 1.0359617409060292e-8),
    ),
)
def test_small_rates_keep_their_digits(delta, bias, rate):
    assert abs(llg.relaxation_rate(delta, bias) / rate - 1) < 1e-12
    assert abs(llg.relaxation_rate(delta, -bias) / rate - 1) < 1e-12


@pytest.mark.parametrize("bias", (0.0, 0.3, -0.3))
def test_brown_is_the_high_barrier_limit(bias):
    """The correction is of order 1 / Δ: it halves as Δ doubles."""
    defects = [
        1 - llg.escape_rate(delta, bias) / llg.brown_rate(delta, bias)
        for delta in (100.0, 200.0)
    ]
    assert 0 < defects[1] < defects[0] < 0.05
    assert abs(defects[0] / defects[1] - 2) < 0.1


@pytest.mark.parametrize("delta, bias", ((15.0, 0.3), (60.0, -0.2)))
def test_escape_obeys_detailed_balance(delta, bias):
    """The two rates sum to the relaxation rate and balance the populations."""
    there, back = llg.escape_rate(delta, bias), llg.escape_rate(delta, -bias)
    assert abs((there + back) / llg.relaxation_rate(delta, bias) - 1) < 1e-12
    x, w = np.polynomial.legendre.leggauss(2000)
    weight = w * np.exp(delta * (x**2 + 2 * bias * x))
    # Gauss nodes do not split at the barrier, where the weight is e^-Δ of the whole.
    ratio = weight[x < -bias].sum() / weight[x > -bias].sum()
    assert abs(there / back / ratio - 1) < 1e-5


def test_gradients_are_difference_quotients():
    for f in (llg.relaxation_rate, llg.escape_rate, llg.brown_rate):
        x = jnp.array([25.0, -0.3])
        log_rate = lambda x, f=f: jnp.log(f(x[0], x[1]))
        gradient = jax.grad(log_rate)(x)
        for k in range(2):
            h = 1e-4 * (jnp.arange(2) == k)
            slope = (log_rate(x + h) - log_rate(x - h)) / 2e-4
            assert abs(gradient[k] / slope - 1) < 1e-6


def test_barrier_out_of_float64_is_refused():
    with pytest.raises(ValueError, match="for a rate in float64"):
        llg.relaxation_rate(700.0)
    with pytest.raises(ValueError, match="two wells"):
        llg.escape_rate(20.0, -1.2)
