import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int

from ._grid import weight_limit


def weight_step(weight: Float[Array, "..."], steps: int) -> Float[Array, ""]:
    """Weight of one level: the limit of the layer over the number of steps to it.

    Carries no derivative.
    """
    return weight_limit(weight, 2 * steps + 1) / steps


def to_levels(
    weight: Float[Array, "..."], step: Float[Array, ""], steps: int
) -> tuple[Float[Array, "..."], Int[Array, "..."]]:
    """Weights in units of the step, and the nearest of the levels `-steps ... steps`.

    The first is differentiable in the weights; the second is what can be programmed.
    """
    number = weight / step
    nearest = jnp.round(jax.lax.stop_gradient(number))
    return number, jnp.clip(nearest, -steps, steps).astype(int)
