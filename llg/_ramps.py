r"""Escape over barriers that are spread, or that a field lowers in time: quadratures."""

import functools
import math

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..data import require_x64
from ._constants import GAMMA, K_B
from ._escape import escape_rate
from ._numbers import Number


# A log-normal spread is cut this many standard deviations from its median.
_CUT = 9.0
_POINTS = 4001


@jax.jit
def failure_probability(
    *, median: Number, spread: Number, attempt: Number, temperature: Number, time: Number
) -> Float[Array, ""]:
    r"""Share of grains that have left their state, of barriers that are log-normal.

    $$P = \int \left[1 - \exp(-f_0 t\, e^{-E / k_B T})\right] p(E)\, dE$$

    by the trapezoidal rule in $\ln E$.

    **Arguments:**

    - `median`: Of the barriers [J].
    - `spread`: Standard deviation of their logarithm.
    - `attempt`: $f_0$ [1/s].
    - `temperature`, `time`: $T$ [K], $t$ [s].
    """
    z = np.linspace(-_CUT, _CUT, _POINTS)
    weight = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    energy = median * jnp.exp(spread * z)
    rate = attempt * jnp.exp(-energy / (K_B * temperature))
    return jnp.sum(weight * -jnp.expm1(-rate * time))


class SwitchingField(eqx.Module):
    """When a magnet switches in a field that grows steadily.

    - `field`: flux densities against the magnet [T].
    - `survival`: probability that it has not switched there.
    - `mean`, `std`: of the switching field [T].
    """

    field: Float[Array, " fields"]
    survival: Float[Array, " fields"]
    mean: Float[Array, ""]
    std: Float[Array, ""]


def ramped_switching(
    *,
    delta: Number,
    b_k: Number,
    alpha: Number,
    ramp: Number,
    points: int = 400,
) -> SwitchingField:
    r"""Switching field of an axial magnet under a field ramp, by quadrature.

    $$\ln S(B) = -\frac{1}{R} \int_0^B k(B')\, dB'$$

    with the exact escape rate $k$ of the axial Fokker-Planck equation (`escape_rate`) at
    each field: J. Kurkijärvi, Phys. Rev. B 6, 832 (1972), with the coercivity of M. P.
    Sharrock, J. Appl. Phys. 76, 6413 (1994) as its limit. The ramp is slow against the
    relaxation in a well; mean and deviation are NaN where one magnet in a thousand is
    left when the well is gone.

    **Arguments:**

    - `delta`: Thermal stability $KV / k_B T$ without a field.
    - `b_k`: Anisotropy flux density [T].
    - `alpha`: Gilbert damping.
    - `ramp`: $R$ [T/s].
    - `points`: Fields of the quadrature.
    """
    require_x64("The switching field of a ramp")
    return _ramped(delta, b_k, alpha, ramp, points)


@functools.partial(jax.jit, static_argnums=4)
def _ramped(delta, b_k, alpha, ramp, points):
    # Beyond there is no well that is worth an escape rate.
    share = jnp.linspace(0.0, 1 - 0.5 / jnp.sqrt(delta), points)
    unit = alpha * GAMMA * b_k / (1 + alpha**2)
    rate = unit * jax.lax.map(lambda h: escape_rate(delta, -h), share)
    field = share * b_k
    steps = jnp.diff(field)
    # The rate is close to exponential between two fields.
    ratio = jnp.log(rate[1:] / rate[:-1])
    flat = jnp.abs(ratio) < 1e-6
    area = jnp.diff(rate) / jnp.where(flat, 1.0, ratio)
    hazard = jnp.where(flat, rate[1:], area) * steps / ramp
    survival = jnp.exp(-jnp.concatenate([jnp.zeros(1), jnp.cumsum(hazard)]))
    # A faster ramp is over before the well has been left.
    served = survival[-1] < 1e-3
    mean = jnp.where(served, jnp.trapezoid(survival, field), jnp.nan)
    square = 2 * jnp.trapezoid(field * survival, field)
    return SwitchingField(field, survival, mean, jnp.sqrt(square - mean**2))


def sharrock(
    *, delta: Number, b_k: Number, attempt: Number, time: Number
) -> Float[Array, ""]:
    r"""Field that switches half of the magnets in a time, $B_c(t)$ [T].

    $$B_c = B_k \left[1 - \sqrt{\frac{\ln(f_0 t / \ln 2)}{\Delta}}\right]$$

    M. P. Sharrock, J. Appl. Phys. 76, 6413 (1994), with the attempt rate constant.

    **Arguments:**

    - `delta`, `b_k`: As for `ramped_switching`.
    - `attempt`, `time`: $f_0$ [1/s], $t$ [s].
    """
    ratio = jnp.log(attempt * jnp.asarray(time) / math.log(2)) / delta
    return b_k * (1 - jnp.sqrt(jnp.maximum(ratio, 0.0)))
