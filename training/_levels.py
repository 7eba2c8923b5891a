import functools

import jax
import jax.numpy as jnp
import numpy as np
import scipy.optimize
import scipy.stats
from jaxtyping import Array, Float, Int


@functools.cache
def gaussian_range(steps: int) -> float:
    r"""Range that rounds a standard normal number with the least mean squared error.

    The levels are $k r / s$ with $k = -s \dots s$ and $s$ = `steps`; what is beyond the
    range $r$ is clipped. The usual answer of Max (1960), "Quantizing for minimum
    distortion", table II, for an odd number of levels.
    """
    grid = np.linspace(0, 8, 8001)
    weight = scipy.stats.norm.pdf(grid)

    def error(r):
        nearest = np.clip(np.round(grid * steps / r), 0, steps) * r / steps
        return np.sum(weight * (grid - nearest) ** 2)

    found = scipy.optimize.minimize_scalar(error, bounds=(0.5, 6.0), method="bounded")
    return float(found.x)


def weight_step(weight: Float[Array, "..."], steps: int) -> Float[Array, ""]:
    """Weight of one level: the range of the layer over the number of steps to its end.

    The range is the one that is best for Gaussian weights of this root mean square, or
    the largest weight if that is smaller; it carries no gradient.
    """
    weight = jax.lax.stop_gradient(weight)
    spread = gaussian_range(steps) * jnp.sqrt(jnp.mean(weight**2))
    limit = jnp.minimum(spread, jnp.max(jnp.abs(weight)))
    return jnp.where(limit > 0, limit, 1) / steps


def to_levels(
    weight: Float[Array, "..."], step: Float[Array, ""], steps: int
) -> tuple[Float[Array, "..."], Int[Array, "..."]]:
    """Weights in units of the step, clipped to `-steps ... steps`, and the nearest levels.

    The first is differentiable in the weights; the second is what can be programmed.
    The weight that sets the range is inside, whatever its quotient is rounded to.
    """
    limit = steps * (1 + 1e-6)
    clipped = jnp.clip(weight / step, -limit, limit)
    return clipped, jnp.round(jax.lax.stop_gradient(clipped)).astype(int)
