"""A pulse cut into pieces of constant voltage, none of which holds a corner."""

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


# Two pieces have the heights V(nodes) @ _SHARES, which makes the product of their two
# exponentials right to fourth order in their duration (S. Blanes and P. C. Moan, Appl.
# Numer. Math. 56, 1519 (2006)); their own means would be right to second.
_NODES = 0.5 + np.array([-1.0, 1.0]) / np.sqrt(12)  # of Gauss, in the pair
_SHARES = 0.5 + np.array([[1.0, -1.0], [-1.0, 1.0]]) / np.sqrt(3)


def pieces(
    width: Array, rise: Array, fall: Array, *, each: int
) -> tuple[Float[Array, " pieces"], Float[Array, " pieces"]]:
    """Durations of pieces [s], and their heights in units of the pulse's.

    `each` equal pieces for the rising edge, the top, and the falling edge, one more if
    that is odd; of edges that overlap, the part before, of, and after the overlap. An
    edge without duration has pieces without duration, with the heights of a short one:
    derivatives by `rise` and `fall` at zero are those of short edges.
    """
    end = width + (rise + fall) / 2
    up, down = jnp.minimum(rise, end), end - jnp.minimum(fall, end)
    first, second = jnp.minimum(up, down), jnp.maximum(up, down)
    zero = jnp.zeros_like(end)
    rising = jnp.stack([zero, _risen(first, rise), _risen(second, rise), _risen(end, rise)])
    falling = jnp.stack(
        [_risen(end, fall), _risen(end - first, fall), _risen(end - second, fall), zero]
    )
    pairs = (each + 1) // 2
    place = (np.arange(pairs)[:, None] + _NODES)[None] / pairs  # from corner to corner
    between = lambda x: x[:-1, None, None] + (x[1:] - x[:-1])[:, None, None] * place
    height = between(rising) * between(falling) @ _SHARES
    length = jnp.stack([first, second - first, end - second]) / (2 * pairs)
    return jnp.repeat(length, 2 * pairs), height.reshape(-1)


def _risen(elapsed: Array, edge: Array) -> Array:
    """How far an edge has risen; all of it where it has no duration."""
    return jnp.where(elapsed < edge, elapsed / jnp.where(edge > 0, edge, 1.0), 1.0)
