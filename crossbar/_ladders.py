import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ._circuit import admittance, Circuit, Nodes
from ._lines import Lines, lines


class Ladders(eqx.Module):
    """The factored word lines (from the left) and bit lines (from the bottom).

    Here fields are laid out as (bit line, word line, batch): the batch is contiguous,
    and so are the word lines, which are solved side by side.
    """

    word: Lines
    bit: Lines
    left: Float[Array, " m"]
    right: Float[Array, " m"]
    top: Float[Array, " n"]
    bottom: Float[Array, " n"]

    def solve_word(self, current: Float[Array, "n m b"]) -> Float[Array, "n m b"]:
        """Voltages of the word lines for currents [A] into them, the bit lines at 0 V."""
        return self.word.solve(current)

    def solve_bit(
        self, current: Float[Array, "n m b"], scale: Float[Array, "cells n"] | None = None
    ) -> Float[Array, "n m b"]:
        """Voltages of the bit lines for currents [A] into them, the word lines at 0 V.

        `scale`, one number for each cell, multiplies `current`.
        """
        return self.bit.solve(current, 1, True, None if scale is None else scale[::-1])

    def with_idle(self, count: int) -> "Ladders":
        """These and `count` more word lines, which stay at 0 V."""
        pad = lambda v: jnp.pad(v, [(0, 0)] * (v.ndim - 1) + [(0, count)])
        return eqx.tree_at(lambda s: s.word, self, jax.tree.map(pad, self.word))


def ladders(circuit: Circuit) -> Ladders:
    """Factors each line of `circuit` with the cells as shunts to the other lines."""
    g = circuit.conductance
    rows, columns = jnp.sum(g, 1), jnp.sum(g, 0)
    left, right = admittance(circuit.left, rows), admittance(circuit.right, rows)
    top, bottom = admittance(circuit.top, columns), admittance(circuit.bottom, columns)
    return Ladders(
        lines(g.T, circuit.word_wire, left, right),
        lines(g[::-1], circuit.bit_wire, bottom, top),
        left,
        right,
        top,
        bottom,
    )


def injected(circuit: Circuit, ladders: Ladders, sources: Nodes):
    """Norton currents [A] of the terminations and of `sources` into all nodes."""
    (m, n), b = circuit.conductance.shape, sources.batch
    zero = jnp.zeros((n, m, b), circuit.conductance.dtype)
    inside = lambda field: zero if field is None else jnp.transpose(field, (2, 1, 0))
    word = inside(sources.cell)
    bit = inside(sources.bit) - word
    word = word.at[0].add((ladders.left[None] * sources.left).T)
    if sources.right is not None:
        word = word.at[-1].add((ladders.right[None] * sources.right).T)
    if sources.bottom is not None:
        bit = bit.at[:, -1].add((ladders.bottom[None] * sources.bottom).T)
    if sources.top is not None:
        bit = bit.at[:, 0].add((ladders.top[None] * sources.top).T)
    return word, bit


def answer(
    circuit: Circuit,
    ladders: Ladders,
    sources: Nodes,
    word: Float[Array, "n m b"],
    bit: Float[Array, "n m b"],
) -> Nodes:
    r"""Currents from all terminations, given the voltages of the nodes.

    At the far end of a ladder, with Norton current $J$ and admittance $t$ of all that
    lies before it, $i = g (t E - J) / (g + t)$; at its near end, what is missing in
    Kirchhoff's current law. Neither takes a difference of nearly equal voltages.
    """
    d = circuit.conductance.T[..., None]
    drop = word - bit

    rest = dataclasses.replace(sources, right=None, top=None)
    near = lambda: injected(circuit, ladders, rest)

    def far(norton, line, g, voltage):
        """Current from the terminations at the far ends of the lines."""
        g, t = g[None], line.admittance[None]
        held = 0 if voltage is None else t * voltage
        return g * (held - norton[-1].T) / (g + t)

    def at_right():
        norton = ladders.word.sweep(near()[0] + d * bit)
        return far(norton, ladders.word, ladders.right, sources.right)

    def at_top():
        norton = ladders.bit.sweep(near()[1] + d * word, 1, True)
        return far(norton, ladders.bit, ladders.top, sources.top)

    is_open = lambda lines: jnp.zeros((word.shape[2], lines), word.dtype)
    (n, m, _) = word.shape
    right = lax.cond(jnp.any(ladders.right > 0), at_right, lambda: is_open(m))
    top = lax.cond(jnp.any(ladders.top > 0), at_top, lambda: is_open(n))
    left = jnp.sum(d * drop, 0).T - right
    bottom = -jnp.sum(d * drop, 1).T - top
    if sources.cell is not None:
        left = left - jnp.sum(sources.cell, 2)
        bottom = bottom + jnp.sum(sources.cell, 1)
    if sources.bit is not None:
        bottom = bottom - jnp.sum(sources.bit, 1)
    out = lambda field: jnp.transpose(field, (2, 1, 0))
    return Nodes(left, right, top, bottom, out(drop), out(bit))
