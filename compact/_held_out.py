import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import Levels, require_x64, Switching
from ._fit import fit
from ._granular import GranularSynapse
from ._switching import SwitchingProbability


def held_out_log_likelihood(
    kind: type[SwitchingProbability] | type[GranularSynapse],
    statistics: Switching | Levels,
    *,
    folds: int = 4,
    free: tuple[str, ...] | None = None,
) -> Float[Array, " folds"]:
    """Log-likelihood of devices that the fit has not seen, by fold.

    Devices k, k + folds, ... are left out of fold k, the model is fitted to the others,
    and scored on those left out. Compare kinds of model, or choices of `free`, by the sum.
    """
    require_x64("`compact.held_out_log_likelihood`")
    devices = statistics.trials.shape[0]
    if not 2 <= folds <= devices:
        raise ValueError(f"`folds` must be from 2 to {devices} devices, got {folds}.")

    def score(fold):
        out = jnp.arange(devices) % folds == fold
        seen = _only(statistics, ~out)
        model = fit(kind.start(seen), seen, free=free).model
        return model.log_likelihood(_only(statistics, out))

    return jax.vmap(score)(jnp.arange(folds))


def _only(statistics, used: Array):
    mask = used.reshape((-1,) + (1,) * (statistics.trials.ndim - 1))
    keep = lambda x: jnp.where(mask, x, 0)
    if isinstance(statistics, Levels):
        return eqx.tree_at(lambda s: s.trials, statistics, keep(statistics.trials))
    return eqx.tree_at(
        lambda s: (s.trials, s.switched),
        statistics,
        (keep(statistics.trials), keep(statistics.switched)),
    )
