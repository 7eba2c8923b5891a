from typing import Any

import jax
import jax.numpy as jnp
import scipy.stats
from jaxtyping import Array, Float

from ..data import require_x64
from ._fit import _fit, Fit
from ._model import AbstractModel
from ._transform import Coordinates, replace, values


def intervals[Model: AbstractModel](
    fit: Fit[Model], *, level: float = 0.95
) -> dict[str, tuple[Float[Array, ""], Float[Array, ""]]]:
    """Confidence limits of each free quantity from its standard error.

    Normal in the coordinates of the fit (the logarithm, where a quantity is positive), so
    the limits respect the ranges.
    """
    z = scipy.stats.norm.ppf(0.5 + level / 2)
    coordinates, u, error = _unbounded(fit)
    low, high = (coordinates.to_physical(u + sign * z * error) for sign in (-1, 1))
    return {name: (low[i], high[i]) for i, name in enumerate(fit.names)}


def profile(
    fit: Fit, statistics: Any, name: str, *, level: float = 0.95, points: int = 25
) -> tuple[Float[Array, ""], Float[Array, ""]]:
    """Confidence limits of one quantity from the profile of the likelihood.

    At each of `points` values up to five standard errors away all other free quantities are
    fitted again; the limits are where twice the loss of log-likelihood (with the prior)
    passes the chi-square quantile. NaN where it does not: the data set no limit there.

    **Arguments:**

    - `fit`: Of these `statistics`, with at least two free quantities.
    - `name`: One of `fit.names`.
    """
    require_x64("`compact.profile`")
    if name not in fit.names or len(fit.names) < 2:
        raise ValueError(f"`name` must be one of several free {fit.names}, got {name!r}.")
    where = fit.names.index(name)
    others = tuple(n for n in fit.names if n != name)
    coordinates, u, error = _unbounded(fit)
    steps = jnp.linspace(-5.0, 5.0, points)

    def loss(step):
        x = coordinates.to_physical(u.at[where].add(step * error[where]))
        start = replace(fit.model, (name,), x[where][None])
        refit = _fit(start, statistics, others)
        return -refit.log_likelihood - refit.model.log_prior()

    best = -fit.log_likelihood - fit.model.log_prior()
    excess = 2 * (jax.vmap(loss)(steps) - best) - scipy.stats.chi2.ppf(level, 1)
    limits = []
    for sign in (-1, 1):
        ordered = excess if sign > 0 else excess[::-1]
        outer = jnp.arange(points - 1) >= (points - 1) // 2
        crosses = (ordered[:-1] < 0) & (ordered[1:] >= 0) & outer
        k = jnp.argmax(crosses)
        share = -ordered[k] / (ordered[k + 1] - ordered[k])
        step = sign * (steps[k] + share * (steps[k + 1] - steps[k]))
        at = coordinates.to_physical(u.at[where].add(step * error[where]))[where]
        limits.append(jnp.where(jnp.any(crosses), at, jnp.nan))
    return limits[0], limits[1]


def _unbounded(fit: Fit) -> tuple[Coordinates, Array, Array]:
    coordinates = Coordinates.at(fit.model, fit.names)
    u = coordinates.to_unbounded(values(fit.model, fit.names))
    slope = jnp.diagonal(jax.jacfwd(coordinates.to_physical)(u))
    return coordinates, u, jnp.sqrt(jnp.diagonal(fit.covariance)) / slope
