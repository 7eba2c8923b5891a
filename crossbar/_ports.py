import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import Outcome
from ._circuit import circuit, sources
from ._crossbar import Crossbar, Sides
from ._network import network
from ._solve import choose, Method, solve


def column_admittance(
    array: Crossbar, *, method: Method = Method.auto
) -> Float[Array, "n n"]:
    r"""Conductances between the bottoms of the bit lines, all sources at 0 V [S].

    Current into the bottom of bit line $j$ for a volt behind that of bit line $k$. By
    Nyquist's theorem a passive network in equilibrium has the Johnson noise currents
    $\langle i_j i_k \rangle = 4 k_B T\, Y_{jk}\, \Delta f$: the diagonal, not the sum of
    the cells, is the `conductance` of `ReadOut`. NaN where a solve did not converge.
    """
    n = array.shape[1]

    def column(volt):
        found = solve(array, Sides(bottom=volt), method=method)
        good = found.outcome == Outcome.successful
        return jnp.where(good, found.inflow.bottom, jnp.nan)

    return jax.vmap(column)(jnp.eye(n, dtype=array.conductance.dtype))


def settling_time(
    array: Crossbar,
    voltages: Float[Array, " m"] | Sides,
    *,
    word_capacitance: Any = 0.0,
    bit_capacitance: Any = 0.0,
    method: Method = Method.auto,
) -> Float[Array, " n"]:
    r"""Time that each column's current lags behind a step of the sources, shape `(n,)` [s].

    With capacitances $C$ from the nodes to ground, at rest before the step, the charge
    that is missing at the bottom of a bit line is exactly

    $$\int_0^\infty (i(\infty) - i(t))\, dt = \tau\, i(\infty) ,$$

    the current that $-C v(\infty)$, put into the nodes, drives there: Elmore's delay,
    by one more solve. It is the time constant of a line that settles exponentially
    (`ReadOut`). NaN where a solve did not converge, or for a
    column without current.

    **Arguments:**

    - `word_capacitance`, `bit_capacitance`: Of one node of a word line and of a bit
        line, for all or each its own, shape `()` or `(m, n)` [F].
    """
    numbers, given = circuit(array), sources(array, voltages)
    chosen = choose(array, method, None)
    final = network(numbers, given, chosen)
    cell, bit = final.nodes.cell, final.nodes.bit
    dtype = array.conductance.dtype
    on_word = -_farad(word_capacitance, array, dtype) * (cell + bit)
    on_bit = -_farad(bit_capacitance, array, dtype) * bit
    nothing = dataclasses.replace(
        jax.tree.map(jnp.zeros_like, given), cell=on_word, bit=on_word + on_bit
    )
    missing = network(numbers, nothing, chosen)
    failed = jnp.any(final.failed) | jnp.any(missing.failed)
    current, charge = -final.nodes.bottom[0], missing.nodes.bottom[0]
    some = ~failed & (current != 0)
    return jnp.where(some, charge / jnp.where(some, current, 1), jnp.nan)


def _farad(capacitance: Any, array: Crossbar, dtype) -> Array:
    value = jnp.asarray(capacitance, dtype)
    if value.shape not in ((), array.shape):
        raise ValueError(
            f"A capacitance must be a scalar or have the shape {array.shape} of the "
            f"array, got {value.shape}."
        )
    return jnp.broadcast_to(value, (1, *array.shape))
