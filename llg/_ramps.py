r"""Escape over barriers that are spread, or that a field lowers in time: quadratures."""

import math

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._constants import K_B
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
