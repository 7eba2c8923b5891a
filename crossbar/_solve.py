import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import Outcome
from ._auto import Auto
from ._circuit import Answer, circuit, Nodes, sources
from ._crossbar import Crossbar, Sides
from ._direct import Direct
from ._iterative import Iterative
from ._network import network


class Method(eqx.Enumeration):
    """How the linear network is solved; both answers are exact to their tolerance."""

    iterative = "Line-preconditioned conjugate gradients."
    direct = "Block recursion over the word lines."
    auto = "The faster of the two for this size, batch and resistance."


class Inflow(eqx.Module):
    """Currents from the terminations into the lines [A]."""

    left: Float[Array, " m"]
    right: Float[Array, " m"]
    top: Float[Array, " n"]
    bottom: Float[Array, " n"]


class Solution(eqx.Module):
    """The state of an array, and how well its equations are met.

    - `currents`: out of the bottom of each bit line, shape `(n,)` [A].
    - `drops`: voltage across each cell, from word line to bit line, shape `(m, n)` [V].
    - `residual`: relative, in the norm of the network's power.
    - `outcome`: `Outcome.successful`, or why not.
    - `method`: `Method.iterative` or `Method.direct`.
    - `word`, `bit`: node voltages of the word and bit lines, shape `(m, n)` [V].
    - `inflow`: currents from all terminations into the lines [A].
    """

    currents: Float[Array, " n"]
    drops: Float[Array, "m n"]
    residual: Float[Array, ""]
    outcome: Outcome
    method: Method
    word: Float[Array, "m n"]
    bit: Float[Array, "m n"]
    inflow: Inflow


def solve(
    array: Crossbar,
    voltages: Float[Array, " m"] | Sides,
    *,
    method: Method = Method.auto,
    limit: int | None = None,
) -> Solution:
    """Currents and node voltages of a linear resistive array.

    Exact nodal analysis, in the dtype of `array.conductance`. Takes one input; under
    `vmap` many inputs to one array share its factors. Differentiable once, forwards and
    backwards, in `voltages` and in every number of `array`, for one more solve.

    **Arguments:**

    - `voltages`: Behind the left terminations of the word lines, shape `(m,)` [V], or
      the voltages of all four `Sides`.
    - `method`: `Method.auto` chooses by size, batch and resistance.
    - `limit`: Largest number of steps of the iterative method.
    """
    chosen = choose(array, method, limit)
    return solution(network(circuit(array), sources(array, voltages), chosen))


def solution(found: Answer) -> Solution:
    """The first of a batch of answers."""
    nodes = found.nodes
    residual = found.residual[0]
    outcome = Outcome.where(
        jnp.isnan(residual),
        Outcome.not_a_number,
        Outcome.where(
            found.failed[0] | (residual > jnp.finfo(residual.dtype).eps ** 0.5),
            Outcome.not_converged,
            Outcome.successful,
        ),
    )
    drop, bit = nodes.cell[0], nodes.bit[0]
    return Solution(
        -nodes.bottom[0],
        drop,
        residual,
        outcome,
        Method.where(found.direct, Method.direct, Method.iterative),
        bit + drop,
        bit,
        Inflow(nodes.left[0], nodes.right[0], nodes.top[0], nodes.bottom[0]),
    )


def effective(array: Crossbar, *, method: Method = Method.auto) -> Float[Array, "m n"]:
    """The conductance matrix that the array is, wires included, shape `(m, n)` [S].

    With all other sources at 0 V, the currents out of the bottom of the bit lines are
    `voltages @ effective(array)` for `voltages` at the left of the word lines: exact,
    by superposition of unit inputs, on the shorter side by reciprocity. NaN where the
    solve did not converge.
    """
    m, n = array.shape
    dtype = array.conductance.dtype
    unit = jnp.eye(min(m, n), dtype=dtype)
    none = jnp.zeros((n, m), dtype)
    inputs = Nodes(left=unit) if m <= n else Nodes(left=none, bottom=unit)
    found = network(circuit(array), inputs, choose(array, method, None))
    matrix = -found.nodes.bottom if m <= n else -found.nodes.left.T
    return jnp.where(jnp.any(found.failed), jnp.nan, matrix)


def _tolerance(array: Crossbar) -> float:
    return 1e-6 if array.conductance.dtype == jnp.float32 else 1e-10


def choose(array: Crossbar, method: Method, limit: int | None):
    """The solver that `method` stands for, with the tolerance of the array's dtype."""
    limit = 2 * sum(array.shape) + 100 if limit is None else limit
    iterative, direct = Iterative(_tolerance(array), limit), Direct(_tolerance(array))
    if method is Method.auto:
        return Auto(iterative, direct)
    return direct if method is Method.direct else iterative
