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
    """

    tolerance: float = eqx.field(static=True)
    limit: int = eqx.field(static=True)

    def factor(self, circuit: Circuit, inputs: int) -> Ladders:
        """What many inputs share."""
        return ladders(circuit)

    def solve(self, circuit: Circuit, factors: Ladders, sources: Nodes) -> Answer:
        """The answer to a batch of sources."""
        chunk = chunk_size(circuit)
        return chunked(lambda s: self._chunk(circuit, factors, s), sources, chunk)

    def _chunk(self, circuit: Circuit, factors: Ladders, sources: Nodes) -> Answer:
        d = circuit.conductance.T[..., None]
        word, bit = factors.solve_word, factors.solve_bit
        into_word, into_bit = injected(factors, sources)

        any_bit = jnp.any(sources.top != 0) | jnp.any(sources.bottom != 0)
        if sources.bit is not None:
            any_bit = any_bit | jnp.any(sources.bit != 0)
        own = lax.cond(any_bit, lambda b: bit(b), jnp.zeros_like, into_bit)
        x = word(into_word + d * own)
        v = bit(d * x)
        r = d * v
        z = word(r)
        rz = dot(r, z)
        scale = dot(x, d * x)

        def condition(state):
            *_, rz, _, step = state
            return (step < self.limit) & jnp.any(rz > self.tolerance**2 * scale)

        def body(state):
            x, v, r, z, p, ap, rz, before, step = state
            beta = _ratio(rz, before)[None, None]
            p, ap = z + beta * p, r + beta * ap
            u = bit(d * p)
            q = ap - d * u
            alpha = _ratio(rz, dot(p, q))[None, None]
            x, v, r = x + alpha * p, v + alpha * u, r - alpha * q
            z = word(r)
            return x, v, r, z, p, ap, dot(r, z), rz, step + 1

        zero = jnp.zeros_like(x)
        state = (x, v, r, z, zero, zero, rz, jnp.zeros_like(rz), jnp.asarray(0))
        w, v, *_, rz, _, _ = lax.while_loop(condition, body, state)
        residual = jnp.sqrt(jnp.where(rz > 0, _ratio(rz, scale), rz))
        nodes = answer(circuit, factors, sources, w, own + v)
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
