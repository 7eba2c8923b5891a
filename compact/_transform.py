"""Free parameters as unbounded coordinates: the bounds come from `data.quantities`."""

import math

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import quantities
from ._model import AbstractModel


def names_of(model: AbstractModel, free: tuple[str, ...] | None) -> tuple[str, ...]:
    """The names to fit; a name that is no scalar quantity of `model` is a `ValueError`."""
    known = quantities(model)
    chosen = model.free if free is None else tuple(free)
    for name in chosen:
        if name not in known or jnp.ndim(getattr(model, name)) > 0:
            raise ValueError(
                f"`free` must name scalar quantities of {type(model).__name__} "
                f"({', '.join(known)}), got {name!r}."
            )
    if not chosen:
        raise ValueError("`free` must name at least one quantity, got none.")
    return chosen


def values(model: AbstractModel, names: tuple[str, ...]) -> Float[Array, " n"]:
    return jnp.stack([jnp.asarray(getattr(model, name), float) for name in names])


def replace(
    model: AbstractModel, names: tuple[str, ...], x: Float[Array, " n"]
) -> AbstractModel:
    """`model` with the named quantities set to `x`."""
    return eqx.tree_at(
        lambda m: [getattr(m, name) for name in names],
        model,
        [x[i] for i in range(len(names))],
    )


class Coordinates(eqx.Module):
    """Smooth one-to-one map of the named quantities onto the whole of R^n.

    Half-bounded: `u = ln |x - bound|`; bounded: `u = logit`; unbounded: `u = x / scale`
    with the scale of the start value. A step of one in `u` is a factor of e or one scale.
    """

    model: type[AbstractModel] = eqx.field(static=True)
    names: tuple[str, ...] = eqx.field(static=True)
    scale: Float[Array, " n"]

    @classmethod
    def at(cls, model: AbstractModel, names: tuple[str, ...]) -> "Coordinates":
        x = jax.lax.stop_gradient(values(model, names))
        return cls(type(model), names, jnp.where(x == 0, 1.0, jnp.abs(x)))

    def _ranges(self):
        known = quantities(self.model)
        return [(known[n].infimum, known[n].supremum) for n in self.names]

    def to_unbounded(self, x: Float[Array, " n"]) -> Float[Array, " n"]:
        parts = []
        for i, (low, high) in enumerate(self._ranges()):
            tiny = 1e-9 * self.scale[i]
            if math.isfinite(low) and math.isfinite(high):
                p = jnp.clip((x[i] - low) / (high - low), 1e-9, 1 - 1e-9)
                parts.append(jnp.log(p) - jnp.log1p(-p))
            elif math.isfinite(low):
                parts.append(jnp.log(jnp.maximum(x[i] - low, tiny)))
            elif math.isfinite(high):
                parts.append(jnp.log(jnp.maximum(high - x[i], tiny)))
            else:
                parts.append(x[i] / self.scale[i])
        return jnp.stack(parts)

    def to_physical(self, u: Float[Array, " n"]) -> Float[Array, " n"]:
        parts = []
        for i, (low, high) in enumerate(self._ranges()):
            if math.isfinite(low) and math.isfinite(high):
                parts.append(low + (high - low) * jax.nn.sigmoid(u[i]))
            elif math.isfinite(low):
                parts.append(low + jnp.exp(u[i]))
            elif math.isfinite(high):
                parts.append(high - jnp.exp(u[i]))
            else:
                parts.append(u[i] * self.scale[i])
        return jnp.stack(parts)
