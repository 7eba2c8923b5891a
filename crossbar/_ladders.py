import equinox as eqx
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

    def solve_bit(self, current: Float[Array, "n m b"]) -> Float[Array, "n m b"]:
        """Voltages of the bit lines for currents [A] into them, the word lines at 0 V."""
        return jnp.swapaxes(self.bit.solve(_along_bit(current))[::-1], 0, 1)


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


def _along_bit(field):
    """From (bit, word, batch) to the order of a bit line's ladder."""
    return jnp.swapaxes(field, 0, 1)[::-1]


def injected(ladders: Ladders, sources: Nodes):
    """Norton currents [A] of the terminations and of `sources` into all nodes."""
    b, m = sources.left.shape
    shape = (sources.top.shape[1], m, b)
    word = jnp.zeros(shape, sources.left.dtype)
    bit = word
    if sources.word is not None and sources.bit is not None:
        word = jnp.transpose(sources.word, (2, 1, 0))
        bit = jnp.transpose(sources.bit, (2, 1, 0))
    word = word.at[0].add((ladders.left[None] * sources.left).T)
    word = word.at[-1].add((ladders.right[None] * sources.right).T)
    bit = bit.at[:, -1].add((ladders.bottom[None] * sources.bottom).T)
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
    cell = d * (word - bit)

    def far(line, g, voltage, current):
        """Current from the terminations at the far ends of the lines."""
        norton = line.sweep(current)[-1].T
        g, t = g[None], line.admittance[None]
        return g * (t * voltage - norton) / (g + t)

    def near():
        """Norton currents of all but the far terminations."""
        none = (jnp.zeros_like(sources.right), jnp.zeros_like(sources.top))
        return injected(ladders, eqx.tree_at(lambda s: (s.right, s.top), sources, none))

    def at_right():
        return far(ladders.word, ladders.right, sources.right, near()[0] + d * bit)

    def at_top():
        current = _along_bit(near()[1] + d * word)
        return far(ladders.bit, ladders.top, sources.top, current)

    open_right = lambda: jnp.zeros_like(sources.right)
    open_top = lambda: jnp.zeros_like(sources.top)
    right = lax.cond(jnp.any(ladders.right > 0), at_right, open_right)
    top = lax.cond(jnp.any(ladders.top > 0), at_top, open_top)
    left = jnp.sum(cell, 0).T - right
    bottom = -jnp.sum(cell, 1).T - top
    if sources.word is not None and sources.bit is not None:
        left = left - jnp.sum(sources.word, 2)
        bottom = bottom - jnp.sum(sources.bit, 1)
    out = lambda field: jnp.transpose(field, (2, 1, 0))
    return Nodes(left, right, top, bottom, out(word), out(bit))
