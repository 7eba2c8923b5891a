import equinox as eqx
import jax.numpy as jnp
from jax import Array, lax

from ._batch import chunked
from ._circuit import Answer, Circuit, Nodes
from ._ladders import answer, injected, Ladders, ladders


_FIELD = 2**17
"""Size of one field of a chunk of inputs [byte]; about eight must fit into L2."""

_VECTOR = 32
"""Size of a vector register [byte]; a chunk has at least so many inputs."""


class Iterative(eqx.Module):
    r"""Conjugate gradients on the word lines, preconditioned by their exact solution.

    The bit lines are eliminated exactly: with the word lines' matrix $A$ (wires and
    cells), the bit lines' $C$ and the cells $D$, the word voltages obey

    $$(A - D C^{-1} D)\, w = b_w + D C^{-1} b_b .$$

    The iteration carries $A p$ along with each direction $p$, so it never multiplies by
    a wire's conductance, and ends when the residual in the norm of $A^{-1}$ is below
    `tolerance` times that of the cells, $\sqrt{w^\top D w}$, or after `limit` steps.

    Where the number of word lines is a multiple of 8, fields have an idle one more: the
    nodes of the bit lines, a power of two apart, would share a few lines of the cache.
    """

    tolerance: float = eqx.field(static=True)
    limit: int = eqx.field(static=True)

    def factor(self, circuit: Circuit, inputs: int) -> Ladders:
        """What many inputs share."""
        return ladders(circuit)

    def solve(
        self,
        circuit: Circuit,
        factors: Ladders,
        sources: Nodes,
        limit: Array | None = None,
    ) -> Answer:
        """The answer to a batch of sources, after at most `limit` steps."""
        limit = jnp.asarray(self.limit) if limit is None else limit
        one = lambda s: self._chunk(circuit, factors, s, limit)
        return chunked(one, sources, chunk_size(circuit))

    def _chunk(
        self, circuit: Circuit, factors: Ladders, sources: Nodes, limit: Array
    ) -> Answer:
        g, real = circuit.conductance, circuit.conductance.shape[0]
        idle = 1 if real % 8 == 0 else 0
        pad = lambda v: jnp.pad(v, [(0, 0), (0, idle)] + [(0, 0)] * (v.ndim - 2))
        d = pad(g.T)[..., None]
        into_word, into_bit = map(pad, injected(circuit, factors, sources))
        word, bit = factors.with_idle(idle).solve_word, factors.solve_bit

        # what the bit lines have of their own, where anything goes into them
        at_bits = sources.top, sources.bottom, sources.cell, sources.bit
        own = None if at_bits == (None,) * 4 else bit(into_bit)
        x = word(into_word if own is None else into_word + d * own)
        v = bit(x, g)
        r = d * v
        z = word(r)
        rz = dot(r, z)
        scale = dot(x, d * x)

        def condition(state):
            *_, rz, _, step = state
            return (step < limit) & jnp.any(rz > self.tolerance**2 * scale)

        def body(state):
            x, v, r, z, p, ap, rz, before, step = state
            beta = _ratio(rz, before)[None, None]
            p, ap = z + beta * p, r + beta * ap
            u = bit(p, g)
            q = ap - d * u
            alpha = _ratio(rz, dot(p, q))[None, None]
            x, v, r = x + alpha * p, v + alpha * u, r - alpha * q
            z = word(r)
            return x, v, r, z, p, ap, dot(r, z), rz, step + 1

        zero = jnp.zeros_like(x)
        state = (x, v, r, z, zero, zero, rz, jnp.zeros_like(rz), jnp.asarray(0))
        w, v, *_, rz, _, _ = lax.while_loop(condition, body, state)
        residual = jnp.sqrt(jnp.where(rz > 0, _ratio(rz, scale), rz))
        v = v if own is None else own + v
        nodes = answer(circuit, factors, sources, w[:, :real], v[:, :real])
        failed = ~(residual <= self.tolerance)
        return Answer(nodes, residual, failed, jnp.asarray(False))


def chunk_size(circuit: Circuit) -> int:
    """Number of inputs that are solved side by side."""
    size = circuit.conductance.dtype.itemsize
    return max(_VECTOR // size, _FIELD // (circuit.conductance.size * size))


def dot(x: Array, y: Array) -> Array:
    """Inner products of fields `(n, m, batch)`, shape `(batch,)`.

    In two sums, kept apart: one over long contiguous rows vectorises, one down to a few
    batch columns does not and takes four times as long.
    """
    n, m, batch = x.shape
    rows = lax.optimization_barrier(jnp.sum((x * y).reshape(n, m * batch), 0))
    return jnp.sum(rows.reshape(m, batch), 0)


def _ratio(x, y):
    return jnp.where(y > 0, x / jnp.where(y > 0, y, 1), 0)
