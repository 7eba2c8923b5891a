import dataclasses

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ..data import Outcome
from ._cells import AbstractLaw
from ._circuit import circuit, sources
from ._crossbar import Crossbar, Sides
from ._network import network
from ._solve import choose, Method, Solution, solution


def solve_nonlinear(
    array: Crossbar,
    law: AbstractLaw,
    voltages: Float[Array, " m"] | Sides,
    *,
    method: Method = Method.auto,
    tolerance: float | None = None,
    limit: int = 50,
) -> Solution:
    """Currents and node voltages of an array of nonlinear cells.

    Newton's method: each step solves the linear array of the cells' differential
    conductances. Differentiable once, by one more linear solve at the root, in the
    array, the law and the voltages.

    **Arguments:**

    - `law`: Current of a cell; `array.conductance` is its argument.
    - `tolerance`: Largest change of a cell's voltage in the last step [V]; by default
        1e-9 (float32: 1e-5) times the largest source.
    - `limit`: Largest number of steps.
    """
    given = sources(array, voltages)
    numbers = circuit(array)
    chosen = choose(array, method, None)
    relative = 1e-5 if array.conductance.dtype == jnp.float32 else 1e-9
    largest = jnp.stack([jnp.max(jnp.abs(v)) for v in jax.tree.leaves(given)])
    largest = lax.stop_gradient(relative * jnp.max(largest))
    small = largest if tolerance is None else jnp.asarray(tolerance)

    def linear(numbers, law, given, drop):
        """The linear array that touches the cells' curves at `drop`."""
        held = lax.stop_gradient(drop)
        slope = lax.stop_gradient(law.slope(numbers.conductance, held))
        beside = law.current(numbers.conductance, held) - slope * held
        inside = dataclasses.replace(given, cell=-beside[None])
        touching = dataclasses.replace(numbers, conductance=slope)
        return network(touching, inside, chosen)

    held = lax.stop_gradient((numbers, law, given))

    def step(state):
        drop, _, count, _ = state
        found = linear(*held, drop)
        goal = found.nodes.cell[0]
        change = jnp.max(jnp.abs(goal - drop))
        return goal, change, count + 1, found.failed[0]

    def unfinished(state):
        _, change, count, failed = state
        return (change > small) & (count < limit) & ~failed

    zero = jnp.zeros_like(array.conductance)
    begin = (zero, jnp.asarray(jnp.inf, zero.dtype), 0, False)
    drop, change, _, failed = lax.while_loop(unfinished, step, begin)
    found = linear(numbers, law, given, drop)
    linearly = solution(found)
    outcome = Outcome.where(
        failed | ~(change <= small), Outcome.not_converged, linearly.outcome
    )
    return eqx.tree_at(lambda s: s.outcome, linearly, outcome)
