import equinox as eqx
import jax.numpy as jnp
from jax import lax

from ._batch import chunked
from ._circuit import Answer, Circuit, Nodes
from ._ladders import answer, injected, Ladders, ladders


_FIELD = 2**17
"""Size of one field of a chunk of inputs [byte]; about eight must fit into L2."""


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

    def solve(self, circuit: Circuit, sources: Nodes) -> Answer:
        m, n = circuit.conductance.shape
        factors = ladders(circuit)
        chunk = max(1, _FIELD // (m * n * circuit.conductance.dtype.itemsize))
        return chunked(lambda s: self._chunk(circuit, factors, s), sources, chunk)

    def _chunk(self, circuit: Circuit, factors: Ladders, sources: Nodes) -> Answer:
        d = circuit.conductance.T[..., None]
        word, bit = factors.solve_word, factors.solve_bit
        dot = lambda x, y: jnp.sum(x * y, (0, 1))
        into_word, into_bit = injected(factors, sources)

        x = word(into_word + d * bit(into_bit))
        r = d * bit(d * x)
        z = word(r)
        rz = dot(r, z)
        scale = dot(x, d * x)

        def condition(state):
            *_, rz, _, step = state
            return (step < self.limit) & jnp.any(rz > self.tolerance**2 * scale)

        def body(state):
            x, r, z, p, ap, rz, before, step = state
            beta = _ratio(rz, before)
            p, ap = z + beta[None, None] * p, r + beta[None, None] * ap
            q = ap - d * bit(d * p)
            alpha = _ratio(rz, dot(p, q))
            x, r = x + alpha[None, None] * p, r - alpha[None, None] * q
            z = word(r)
            return x, r, z, p, ap, dot(r, z), rz, step + 1

        zero = jnp.zeros_like(x)
        state = (x, r, z, zero, zero, rz, jnp.zeros_like(rz), jnp.asarray(0))
        w, *_, rz, _, steps = lax.while_loop(condition, body, state)
        v = bit(into_bit + d * w)
        residual = jnp.sqrt(jnp.where(rz > 0, _ratio(rz, scale), rz))
        nodes = answer(circuit, factors, sources, w, v)
        return Answer(nodes, residual, steps, jnp.asarray(0))


def _ratio(x, y):
    return jnp.where(y > 0, x / jnp.where(y > 0, y, 1), 0)
