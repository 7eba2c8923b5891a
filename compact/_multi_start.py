from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Num, PRNGKeyArray

from ..data import Levels, Outcome, require_x64, Switching
from ._fit import _fit, _held, Fit
from ._model import AbstractModel
from ._transform import Coordinates, names_of, replace, values


def multi_start[Model: AbstractModel](
    model: Model,
    statistics: Any,
    *,
    key: PRNGKeyArray,
    starts: int = 8,
    spread: float = 0.7,
    free: tuple[str, ...] | None = None,
) -> Fit[Model]:
    """The best of several fits: from `model`, and from start values scattered around it.

    The scatter is normal in the coordinates of the fit (logarithms, where a quantity is
    positive), `spread` wide. The best has the largest likelihood with the prior among
    those that succeeded, if any did. It is differentiable as that of `fit`; which start
    wins carries no derivative.
    """
    require_x64("`compact.multi_start`")
    if starts < 1:
        raise ValueError(f"`starts` must be >= 1, got {starts}.")
    names = names_of(model, free)
    coordinates = Coordinates.at(model, names)
    u = coordinates.to_unbounded(values(model, names))
    scatter = spread * jr.normal(key, (starts, len(names))).at[0].set(0.0)
    held = _held(statistics)

    def one(step):
        start = replace(model, names, coordinates.to_physical(u + step))
        fit = _fit(start, held, names)
        score = fit.log_likelihood + fit.model.log_prior()
        good = fit.outcome == Outcome.successful
        score = jnp.where(jnp.isfinite(score), score, -1e300)
        return score + jnp.where(good, 1e200, 0.0), values(fit.model, names)

    scores, ends = jax.vmap(one)(jax.lax.stop_gradient(scatter))
    best = jax.lax.stop_gradient(ends[jnp.argmax(scores)])
    return _fit(replace(model, names, best), statistics, names)


def weighted[Statistics: (Switching, Levels)](
    statistics: Statistics, weight: Num[Array, "..."] | np.ndarray
) -> Statistics:
    """Statistics in which each point counts as `weight` times its trials; 0 leaves it out.

    **Arguments:**

    - `weight`: >= 0, of the shape of the trials or one that broadcasts to it.
    """
    weight = np.asarray(weight)
    if not np.all(weight >= 0):
        raise ValueError(f"`weight` must be >= 0, got {weight.min():g}.")
    trials = statistics.trials * weight
    if isinstance(statistics, Switching):
        return eqx.tree_at(
            lambda s: (s.trials, s.switched),
            statistics,
            (trials, statistics.switched * weight),
        )
    return eqx.tree_at(lambda s: s.trials, statistics, trials)
