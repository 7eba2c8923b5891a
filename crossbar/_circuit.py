from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import Array
from jaxtyping import Float

from ._crossbar import Crossbar, Sides


class Circuit(eqx.Module):
    """The numbers of a `Crossbar` in one dtype, one value a line.

    `left` to `bottom` are resistances; an open end is `inf`.
    """

    conductance: Float[Array, "m n"]
    word_wire: Float[Array, " m"]
    bit_wire: Float[Array, " n"]
    left: Float[Array, " m"]
    right: Float[Array, " m"]
    top: Float[Array, " n"]
    bottom: Float[Array, " n"]


class Nodes(eqx.Module):
    """One value at each source and two at each cell, for a batch.

    As sources: voltages [V] behind the terminations; currents [A] that each `cell` puts
    into its word line and takes from its bit line, and that are put into its `bit` node;
    what is `None` is zero. As answer: currents [A] from the terminations into the lines;
    voltages [V] across each `cell`, and of its `bit` node. Shapes are `(batch, m)` at
    `left` and `right`, `(batch, n)` at `top` and `bottom`, `(batch, m, n)` at the cells.
    """

    left: Array
    right: Any = None
    top: Any = None
    bottom: Any = None
    cell: Any = None
    bit: Any = None

    @property
    def batch(self) -> int:
        """Number of inputs."""
        return self.left.shape[0]


class Answer(eqx.Module):
    """What a method gives back.

    `residual` and `failed` have the shape `(batch,)`; the residual is relative. `direct`
    says whether the direct method was used.
    """

    nodes: Nodes
    residual: Array
    failed: Array
    direct: Array


def circuit(array: Crossbar) -> Circuit:
    """`array` with one value a line, in the dtype of its conductances."""
    g = array.conductance
    m, n = g.shape
    full = lambda value, count: jnp.broadcast_to(value.astype(g.dtype), (count,))
    return Circuit(
        g,
        full(array.word_wire, m),
        full(array.bit_wire, n),
        full(array.left, m),
        full(array.right, m),
        full(array.top, n),
        full(array.bottom, n),
    )


def sources(array: Crossbar, voltages: Float[Array, " m"] | Sides) -> Nodes:
    """Source voltages at all four sides, as a batch of one."""
    sides = voltages if isinstance(voltages, Sides) else Sides(left=voltages)
    m, n = array.shape
    dtype = array.conductance.dtype
    filled = []
    for name, lines, kind in (
        ("left", m, "word"),
        ("right", m, "word"),
        ("top", n, "bit"),
        ("bottom", n, "bit"),
    ):
        value = getattr(sides, name)
        if value is None and name != "left":
            filled.append(None)
            continue
        value = jnp.zeros(lines, dtype) if value is None else jnp.asarray(value, dtype)
        if value.shape != (lines,):
            raise ValueError(
                f"`voltages` at the {name} must have one value for each of the {lines} "
                f"{kind} lines, got shape {value.shape}."
            )
        filled.append(value[None])
    return Nodes(*filled)


def admittance(resistance: Float[Array, " lines"], scale: Float[Array, " lines"]):
    """Conductance of a termination [S]; of one without resistance, `scale` / eps.

    `scale` is the largest current a line can draw at 1 V [S], so that the substitute
    changes nothing beyond rounding.
    """
    eps = jnp.finfo(resistance.dtype).eps
    ceiling = (scale + jnp.finfo(resistance.dtype).tiny ** 0.5) / eps
    finite = jnp.where(resistance > 0, resistance, 1)
    return jnp.where(resistance > 0, jnp.minimum(1 / finite, ceiling), ceiling)
