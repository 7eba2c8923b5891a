import functools
import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..data import require_x64
from ._numbers import concrete, Number


# Range of ln w on [-1, 1] beyond which the weight leaves the float64 exponents.
_LARGEST_RANGE = 650.0


def relaxation_rate(delta: Number, bias: Number = 0.0) -> Float[Array, ""]:
    r"""Smallest non-zero eigenvalue $\lambda_1$ of the axial Fokker-Planck operator.

    Per unit of reduced time; both wells exchange population at this rate. With the
    equilibrium weight $w = e^{\Delta(z^2 + 2uz)}$ and $D = (1 - z^2) / 2\Delta$ the
    flux $f = D w \varphi_1'$ of the eigenfunction is the leading eigenvector of a positive
    operator, $f = \lambda_1 G r$ with $r = f / D w$ and

    $$(G r)(z) = \frac{W_>(z)}{W} \int_{-1}^z W_< r + \frac{W_<(z)}{W} \int_z^1 W_> r,
      \qquad W_<(z) = \int_{-1}^z w,\quad W_> = W - W_<,$$

    so power iteration on Gauss panels loses no digits however small $\lambda_1$ is.

    **Arguments:**

    - `delta`: Thermal stability $KV / k_B T$.
    - `bias`: $u = h - i$, axial field in units of $B_k$ minus overdrive.
    """
    require_x64("The relaxation rate")
    values = concrete(delta), concrete(bias)
    if values[0] is not None and values[1] is not None:
        width = values[0] * max((1 + abs(values[1])) ** 2, 4 * abs(values[1]))
        if width > _LARGEST_RANGE:
            raise ValueError(
                f"`delta` * (1 + |`bias`|)^2 must be <= {_LARGEST_RANGE:g} for a rate in "
                f"float64, got {width:g}."
            )
    return _relaxation_rate(delta, bias)


@jax.jit
def _relaxation_rate(delta, bias):
    delta = jnp.asarray(delta, float)
    z, weight, _ = _panels()
    log_w = delta * (z**2 + 2 * bias * z)
    top, bottom = (jax.lax.stop_gradient(f(log_w)) for f in (jnp.max, jnp.min))
    w = jnp.exp(log_w - top)
    slope = 2 * delta / (1 - z**2) * jnp.exp(bottom - log_w)
    total = jnp.sum(weight * w)
    below, above = _integral_below(w), _integral_above(w)

    def green(r):
        return above * _integral_below(below * r) + below * _integral_above(above * r)

    def step(flux, _):
        flux = green(slope * flux)
        return flux / jax.lax.stop_gradient(jnp.max(flux)), None

    # The ratio of the first two eigenvalues is at least 2: 25 steps leave 2^-50.
    flux = jax.lax.scan(step, jnp.asarray(1 - z**2), length=25)[0]
    r = slope * flux
    time = jnp.log(jnp.sum(weight * r * green(r))) - jnp.log(jnp.sum(weight * r * flux))
    return jnp.exp(bottom - top + jnp.log(total) - time)


def escape_rate(delta: Number, bias: Number = 0.0) -> Float[Array, ""]:
    r"""Rate at which the $+z$ well empties, per unit of reduced time.

    $\lambda_1$ times the equilibrium population of the other side of the barrier at
    $z = -u$: half of `relaxation_rate` without bias. Needs two wells, $|u| < 1$.

    **Arguments:**

    - `delta`: Thermal stability $KV / k_B T$.
    - `bias`: $u = h - i$; the overdrive $i$ of a read current that drives the spin out
      of the well counts as $u = -i$.
    """
    value = concrete(bias)
    if value is not None and not -1 < value < 1:
        raise ValueError(f"`bias` must be > -1 and < 1 for two wells, got {value:g}.")
    return relaxation_rate(delta, bias) * _other_population(delta, bias)


@jax.jit
def _other_population(delta, bias):
    """Equilibrium population on the negative side of the barrier at `z = -bias`."""
    x, weight = np.polynomial.legendre.leggauss(400)

    def population(low, high):
        z = low + (high - low) * (x + 1) / 2
        exponent = delta * ((z**2 - 1) + 2 * bias * z - 2 * abs(bias))
        return (high - low) * jnp.sum(weight * jnp.exp(exponent))

    left, right = population(-1.0, -bias), population(-bias, 1.0)
    return left / (left + right)


def brown_rate(delta: Number, bias: Number = 0.0) -> Float[Array, ""]:
    r"""High-barrier rate of escape from the $+z$ well, per unit of reduced time.

    $$k = \sqrt{\Delta / \pi}\, (1 - u^2)(1 + u)\, e^{-\Delta (1 + u)^2}$$

    Brown 1963, Phys. Rev. 130, 1677, eq. 4.38; a torque acts as the field $u = h - i$.
    """
    delta, bias = jnp.asarray(delta, float), jnp.asarray(bias, float)
    barrier = delta * (1 + bias) ** 2
    prefactor = jnp.sqrt(delta / math.pi) * (1 - bias**2) * (1 + bias)
    return prefactor * jnp.exp(-barrier)


_PANELS, _ORDER = 64, 16


@functools.lru_cache(maxsize=1)
def _panels() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Gauss nodes and weights of the panels of [-1, 1], and the running integral.

    `running[i, j]`: weight of node `j` in the integral from the left end to node `i`.
    """
    x, w = np.polynomial.legendre.leggauss(_ORDER)
    half = 1 / _PANELS
    centre = -1 + half * (2 * np.arange(_PANELS) + 1)
    legendre = np.polynomial.legendre.legvander(x, _ORDER)
    # Coefficients of the interpolant by quadrature, then their integrals from -1.
    l = np.arange(_ORDER)
    coefficient = (2 * l[:, None] + 1) / 2 * legendre[:, :_ORDER].T * w
    previous = np.concatenate([-np.ones((_ORDER, 1)), legendre[:, : _ORDER - 1]], axis=1)
    integral = (legendre[:, 1:] - previous) / (2 * l + 1)
    z = centre[:, None] + half * x
    return z, np.broadcast_to(half * w, z.shape), half * integral @ coefficient


def _integral_below(f: Float[Array, "panels order"]) -> Float[Array, "panels order"]:
    """Integral of `f` from -1 to each node."""
    _, weight, running = _panels()
    panels = jnp.sum(weight * f, axis=1)
    before = jnp.concatenate([jnp.zeros(1), jnp.cumsum(panels)[:-1]])
    return before[:, None] + f @ running.T


def _integral_above(f: Float[Array, "panels order"]) -> Float[Array, "panels order"]:
    """Integral of `f` from each node to 1, without a difference of large numbers."""
    return _integral_below(f[::-1, ::-1])[::-1, ::-1]
