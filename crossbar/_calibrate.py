import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float


class Affine(eqx.Module):
    """`gain * y + offset`, one for all columns or one for each."""

    gain: Array
    offset: Array

    def __call__(self, y: Float[Array, "*batch n"]) -> Float[Array, "*batch n"]:
        shape = (1,) * (y.ndim - self.gain.ndim) + self.gain.shape
        return self.gain.reshape(shape) * y + self.offset.reshape(shape)


def calibrate(
    measured: Float[Array, "batch n"],
    wanted: Float[Array, "rows columns"],
    *,
    per_column: bool = True,
) -> Affine:
    """The map of what a programmed chip returns to what it should, by least squares.

    Of a column that returned the same for the whole batch only the offset is found.

    **Arguments:**

    - `measured`, `wanted`: Outputs of the chip and of the ideal matrix, for a batch.
    - `per_column`: A gain and an offset for each column, or one of each for the chip.
    """
    if measured.shape != wanted.shape:
        raise ValueError(
            f"`measured` and `wanted` must have one shape, got {measured.shape} and "
            f"{wanted.shape}."
        )
    axis = 0 if per_column else None
    mean = lambda v: jnp.mean(v, axis, keepdims=True)
    x, y = measured - mean(measured), wanted - mean(wanted)
    square = jnp.sum(x**2, axis)
    gain = jnp.where(square > 0, jnp.sum(x * y, axis) / jnp.where(square > 0, square, 1), 1)
    return Affine(gain, jnp.mean(wanted, axis) - gain * jnp.mean(measured, axis))


def converter_range(
    currents: Float[Array, "batch n"], quantile: float = 0.999
) -> Float[Array, ""]:
    """Symmetric range that holds the given part of a batch of signals [A]."""
    return jnp.quantile(jnp.abs(currents), quantile)
