"""The distribution of a level that is the sum of independent grains' shares."""

import functools

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


FINE = 2048  # cells of [0, 1] on whose ends the distribution is summed


def level_distribution(
    moments: Float[Array, "grains modes"],
    share: Float[Array, " grains"],
    sign: float,
    bins: int,
) -> Float[Array, " bins"]:
    """Probability of the level in each of `bins` equal bins of [0, 1].

    The level of a grain is `(1 + sign z) / 2` times its share. What lies between two points
    of a fine grid goes to both, in parts that keep total and mean; the product of the
    transforms adds the grains, and a point on an edge counts for both bins.

    **Arguments:**

    - `moments`: Of each grain's density of z, see `AxialDensity`.
    - `share`: Of each grain, with sum 1.
    """
    on_grid = jax.checkpoint(lambda x: _on_grid(x[0], x[1], sign))
    grains = jax.lax.map(on_grid, (moments, share))
    transform = jnp.prod(jnp.fft.rfft(grains, 2 * FINE), 0)
    fine = jnp.fft.irfft(transform, 2 * FINE)
    fine = fine[: FINE + 1].at[FINE].add(jnp.sum(fine[FINE + 1 :]))  # rounding
    inner = fine.at[jnp.array([0, FINE])].multiply(2.0)
    cells = (inner[1:] + inner[:-1]) / 2
    pmf = jnp.maximum(jnp.sum(cells.reshape(bins, FINE // bins), 1), 0.0)
    return pmf * ((1 - 1e-12) / jnp.sum(pmf))  # a sum that rounds to 1 at most


def _on_grid(moments, share, sign: float) -> Float[Array, " points"]:
    r"""Mass of one grain at the points of the fine grid, those of whole shares included.

    The second difference of $C(y) = \langle (y - Y)_+ \rangle$, with $Y$ the level in
    fine cells: the linear parts of each cell's mass, without quadrature.
    """
    width = share * FINE / 2  # of z = 1, in fine cells
    z = jnp.arange(-1, FINE + 2) / width - 1
    mirrored = moments * np.sign(sign) ** np.arange(moments.shape[0])
    series = _twice_integrated(moments.shape[0]) @ mirrored
    inside = _sum_of_legendre(series, jnp.clip(z, -1.0, 1.0))
    below = width * (inside + jnp.maximum(z - 1, 0.0))
    return below[2:] - 2 * below[1:-1] + below[:-2]


@functools.lru_cache(maxsize=32)
def _twice_integrated(modes: int) -> np.ndarray:
    """From moments to the Legendre series of the density integrated twice from -1."""
    scale = np.sqrt(2 * np.arange(modes) + 1) / 2
    return np.polynomial.legendre.legint(np.diag(scale), 2, lbnd=-1)


def _sum_of_legendre(series, z):
    def step(carry, coefficient):
        before, here, total, k = carry
        after = ((2 * k + 1) * z * here - k * before) / (k + 1)
        return (here, after, total + coefficient * here, k + 1), None

    start = (jnp.zeros_like(z), jnp.ones_like(z), jnp.zeros_like(z), 0.0)
    return jax.lax.scan(step, start, series)[0][2]
