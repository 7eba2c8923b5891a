"""Two normal effects of each device, integrated out of a linear model of its data."""

import jax.numpy as jnp
from jaxtyping import Array, Bool, Float


def integrated(
    j: Float[Array, "device points 2"],
    error: Float[Array, "device points"],
    k: Float[Array, "device points 2"],
    moved: Float[Array, "device points"],
    half: Float[Array, "device points"],
    noise: Float[Array, "device points"],
    used: Bool[Array, "device points"],
    misfit: Float[Array, ""],
) -> Float[Array, ""]:
    """Log-likelihood of levels whose devices have two standard-normal effects z each.

    The mean level less its law is `j z` + noise + what is common to all devices at a
    point, of deviation `misfit`; the variance tells of z as `moved` = `k z` with weight
    `half`. Only small matrices are inverted: 2 x 2 a device, and one over the points.

    **Arguments:**

    - `j`, `error`: Slopes and residuals of the mean levels.
    - `k`, `moved`, `half`: Slopes, residuals and weights of the sample variances.
    - `noise`: Variance of a mean level about its device.
    - `used`: Which points were measured.
    """
    weight = jnp.where(used, 1 / noise, 0.0)
    error = jnp.where(used, error, 0.0)
    wj, wk = weight[..., None] * j, half[..., None] * k
    inner = jnp.einsum("dpi,dpk->dik", j, wj) + jnp.einsum("dpi,dpk->dik", k, wk)
    inverted, determinant = inverse(inner + jnp.eye(2)[None])
    pull = jnp.sum(wj * error[..., None] + wk * moved[..., None], axis=1)
    best = jnp.einsum("dik,dk->di", inverted, pull)
    quadratic = jnp.sum(weight * error**2) + jnp.sum(half * moved**2)
    quadratic -= jnp.sum(pull * best)
    logdet = jnp.sum(jnp.where(used, jnp.log(noise), 0.0))
    logdet += jnp.sum(jnp.log(determinant))
    # What is common to all devices at a point.
    total = jnp.sum(weight * error - jnp.einsum("dpi,di->dp", wj, best), axis=0)
    taken = jnp.einsum("dpi,dik,dqk->pq", wj, inverted, wj)
    precision = jnp.diag(jnp.sum(weight, axis=0)) - taken
    common = jnp.eye(total.size) + misfit**2 * precision
    quadratic -= misfit**2 * total @ jnp.linalg.solve(common, total)
    logdet += jnp.linalg.slogdet(common)[1]
    return -0.5 * (quadratic + logdet)


def inverse(m: Float[Array, "*n 2 2"]) -> tuple[Float[Array, "*n 2 2"], Float[Array, "*n"]]:
    """Inverse and determinant, written out: a solver costs far more for two unknowns."""
    a, b, c, d = m[..., 0, 0], m[..., 0, 1], m[..., 1, 0], m[..., 1, 1]
    determinant = a * d - b * c
    rows = jnp.stack([jnp.stack([d, -b], -1), jnp.stack([-c, a], -1)], -2)
    return rows / determinant[..., None, None], determinant
