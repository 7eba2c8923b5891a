import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float, Int, Num

from ..data import Scalar


def quantise(
    weights: Float[Array, "..."], levels: int, scale: Float[Array, "..."] | None = None
) -> tuple[Float[Array, "..."], Float[Array, "..."]]:
    """Whole numbers from `-(levels - 1)` to `levels - 1`, and what one of them is worth.

    `weights` are about `numbers * scale`. Differentiable: rounding is passed straight
    through, clipping is not; a scale that is not given is held.

    **Arguments:**

    - `levels`: Of one cell, at least 2.
    - `scale`: Weight of one step; by default the largest weight becomes `levels - 1`.
    """
    if levels < 2:
        raise ValueError(f"`levels` must be at least 2, got {levels}.")
    if scale is None:
        largest = lax.stop_gradient(jnp.max(jnp.abs(weights)))
        scale = jnp.where(largest > 0, largest, 1) / (levels - 1)
    number, top = weights / scale, levels - 1
    # the largest weight itself is not outside, even if rounding says so
    outside = jnp.abs(number) > top * (1 + 1e-6)
    inside = jnp.where(outside, lax.stop_gradient(jnp.sign(number)) * top, number)
    return inside + lax.stop_gradient(jnp.round(inside) - inside), scale


def split(numbers: Num[Array, "..."]) -> tuple[Num[Array, "..."], Num[Array, "..."]]:
    """Levels of the positive and of the negative cell of each differential pair.

    A positive number is a level of the positive cell, with the negative one at level 0,
    the lowest conductance; a negative number the other way round. At 0 each takes half
    of the derivative.
    """
    if not jnp.issubdtype(numbers.dtype, jnp.floating):
        return jnp.maximum(numbers, 0), jnp.maximum(-numbers, 0)
    half, size = 0.5 * numbers, 0.5 * jnp.abs(numbers)
    return size + half, size - half


def merge(positive: Num[Array, "..."], negative: Num[Array, "..."]) -> Num[Array, "..."]:
    """The inverse of `split`: what the pair subtracts."""
    return positive - negative


def whole(numbers: Num[Array, "..."]) -> Int[Array, "..."]:
    """The nearest integers."""
    return jnp.round(numbers).astype(int)


def step_conductance(levels: Float[Array, " count"]) -> Scalar:
    """Conductance that one level adds [S]: least squares through level 0.

    `numbers * step_conductance(levels)` is nearest to the difference of a pair's two
    conductances over all numbers.
    """
    number = jnp.arange(levels.shape[0], dtype=levels.dtype)
    return jnp.sum(number * (levels - levels[0])) / jnp.sum(number**2)
