import enum

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .. import crossbar


class Wires(enum.Enum):
    """How the resistance of the wires enters a layer."""

    NONE = "none"
    FIRST_ORDER = "first order"
    EXACT = "exact"


def effective(
    tiles: Float[Array, "tiles m n"], wire: Float[Array, ""], wires: Wires
) -> Float[Array, "tiles m n"]:
    """Effective conductance matrix of each tile: current of a bit line per word voltage.

    **Arguments:**

    - `tiles`: Conductance of the cells [S].
    - `wire`: Resistance of one segment of word or bit line [Ohm].
    """
    match wires:
        case Wires.NONE:
            return tiles
        case Wires.FIRST_ORDER:
            return jax.vmap(lambda g: first_order(g, wire))(tiles)
        case Wires.EXACT:
            return jax.vmap(lambda g: crossbar.effective(_wired(g, wire)))(tiles)


def _wired(conductance, wire) -> crossbar.Crossbar:
    return crossbar.Crossbar.wired(conductance, wire)


def first_order(
    conductance: Float[Array, "m n"], wire: Float[Array, ""]
) -> Float[Array, "m n"]:
    r"""The effective matrix as far as one current causes one drop.

    With every other word line at ground, cell $(i, j)$ sees the drop along its own word
    line and the rise of its bit line, and takes current from the cells below:

    $$G^\mathrm{eff}_{ij} = \frac{G_{ij}}{1 + r \sum_k (\min(j, k) + 1) G_{ik}
      + r \sum_l (m - \max(i, l)) G_{lj}}$$

    It is right to first order in $r G m^2$, and as a fraction it stays positive.
    """
    m, n = conductance.shape
    rows, columns = jnp.arange(m), jnp.arange(n)
    along_word = (jnp.minimum(columns[:, None], columns[None]) + 1).astype(
        conductance.dtype
    )
    along_bit = (m - jnp.maximum(rows[:, None], rows[None])).astype(conductance.dtype)
    drop = conductance @ along_word + along_bit @ conductance
    return conductance / (1 + wire * drop)
