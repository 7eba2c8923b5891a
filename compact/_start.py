from collections.abc import Callable

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import Pulses
from ._drive import grid


def search(
    pulses: Pulses, loss: Callable[..., Float[Array, ""]]
) -> tuple[Float[Array, ""], Float[Array, ""], Float[Array, ""]]:
    """Threshold [V], delay [s] and steepness with the least `loss` on a coarse grid.

    The grid spans the voltages and widths of `pulses`; the result carries no derivative.
    """
    return search_at(*grid(pulses), loss)


def search_at(
    voltage: Float[Array, "*pulses"],
    width: Float[Array, "*pulses"],
    loss: Callable[..., Float[Array, ""]],
) -> tuple[Float[Array, ""], Float[Array, ""], Float[Array, ""]]:
    """The same for pulses on no grid."""
    voltage, width = (jax.lax.stop_gradient(jnp.abs(x)) for x in (voltage, width))
    middle = jnp.exp(jnp.mean(jnp.log(width)))
    threshold = jnp.max(voltage) * jnp.array([0.2, 0.3, 0.45, 0.6, 0.75, 0.9, 1.05, 1.3])
    delay = middle * jnp.array([0.02, 0.1, 0.3, 1.0, 3.0])
    steepness = jnp.array([2.0, 4.0, 8.0, 16.0, 32.0])
    mesh = jnp.meshgrid(threshold, delay, steepness, indexing="ij")
    candidates = [x.ravel() for x in mesh]
    best = jnp.argmin(jax.vmap(loss)(*candidates))
    a, b, c = (x[best] for x in candidates)
    return a, b, c
