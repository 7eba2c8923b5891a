import enum
import functools

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
import scipy.stats
from jaxtyping import Array, Float


class Rounding(enum.Enum):
    r"""The derivative that rounding $u$ to an integer is given; its value is exact.

    - `STRAIGHT_THROUGH`: 1 (Bengio, Leonard and Courville 2013).
    - `SMOOTH`: that of the soft staircase $u - \sin(2 \pi u) / (2 \pi)$, which is
      $1 - \cos 2 \pi u$: none on a level, twice half-way between two.
    """

    STRAIGHT_THROUGH = "straight-through"
    SMOOTH = "smooth"


def to_grid(
    x: Float[Array, "..."],
    limit: Float[Array, "..."],
    levels: int,
    rounding: Rounding = Rounding.STRAIGHT_THROUGH,
) -> Float[Array, "..."]:
    r"""The nearest of `levels` evenly spaced numbers from `-limit` to `limit`.

    An odd number of levels has a zero; two levels are the signs. Beyond the limit the
    derivative is zero, at it that of `rounding`.

    **Arguments:**

    - `limit`: Positive; of a shape that broadcasts to `x`, with the same rank.
    """
    if levels < 2:
        raise ValueError(f"`levels` must be at least 2, got {levels}.")
    limit = jnp.broadcast_to(limit, x.shape)
    half = (levels - 1) / 2
    inside = jnp.clip(x, -limit * (1 + 1e-6), limit * (1 + 1e-6))
    u = inside / limit * half + half
    number = jnp.clip(jnp.round(jax.lax.stop_gradient(u)), 0, levels - 1)
    match rounding:
        case Rounding.STRAIGHT_THROUGH:
            smooth = u
        case Rounding.SMOOTH:
            smooth = u - jnp.sin(2 * jnp.pi * u) / (2 * jnp.pi)
    number = number + smooth - jax.lax.stop_gradient(smooth)
    return (number - half) / half * limit


@functools.cache
def gaussian_limit(levels: int) -> float:
    """Limit at which rounding a standard normal number has the least mean squared error.

    The uniform quantisers of Max (1960), "Quantizing for minimum distortion", table II.
    """
    x = np.linspace(-8, 8, 16001)
    density, half = scipy.stats.norm.pdf(x), (levels - 1) / 2

    def error(limit):
        number = np.clip(np.round(x / limit * half + half), 0, levels - 1)
        return np.sum(density * ((number - half) / half * limit - x) ** 2)

    found = scipy.optimize.minimize_scalar(error, bounds=(0.3, 6.0), method="bounded")
    return float(found.x)


def weight_limit(weight: Float[Array, "..."], levels: int) -> Float[Array, ""]:
    """The limit that is best for Gaussian weights of this root mean square.

    Or the largest weight, if that is smaller. Carries no derivative.
    """
    weight = jax.lax.stop_gradient(weight)
    spread = gaussian_limit(levels) * jnp.sqrt(jnp.mean(weight**2))
    limit = jnp.minimum(spread, jnp.max(jnp.abs(weight)))
    return jnp.where(limit > 0, limit, 1)
