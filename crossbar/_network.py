import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_derivatives import SymbolicZero

from ._batch import begin
from ._circuit import Answer, Circuit, Nodes
from ._linear import respond


def network(circuit: Circuit, sources: Nodes, method: Any) -> Answer:
    """Solves the linear circuit for a batch of sources; differentiable both ways.

    The tangent of the nodes is the answer of the same circuit to other sources, so one
    more solve gives a Jacobian-vector product, and by reciprocity one more a gradient.
    """
    return _differentiable(method)(circuit, sources)


@functools.cache
def _differentiable(method):
    first = begin(method)

    @jax.custom_jvp
    def solve(circuit, sources):
        return first(circuit, sources)[0]

    def jvp(primals, tangents):
        circuit, sources = primals
        answer, factors = first(circuit, sources)
        moved, cell, bit = _tangent(circuit, sources, answer.nodes, *tangents)
        tangent = jax.tree.map(_zero_tangent, answer)
        if not moved:
            return answer, tangent
        nodes = respond(method, _once(circuit), factors, moved)
        nodes["cell"], nodes["bit"] = _plus(nodes["cell"], cell), _plus(nodes["bit"], bit)
        return answer, eqx.tree_at(lambda a: a.nodes, tangent, Nodes(**nodes))

    solve.defjvp(jvp, symbolic_zeros=True)
    return jax.jit(solve)


def _zero_tangent(x):
    dtype = jnp.result_type(x)
    kind = dtype if jnp.issubdtype(dtype, jnp.floating) else jax.dtypes.float0
    return np.zeros(jnp.shape(x), kind)


@jax.custom_jvp
def _once(circuit: Circuit) -> Circuit:
    """The circuit, where a second derivative would have to pass: it is refused."""
    return circuit


@_once.defjvp
def _(primals, tangents):
    raise NotImplementedError(
        "The array can be differentiated once; a second derivative with respect to its "
        "conductances or resistances must be a difference of first derivatives."
    )


def _plus(*terms):
    """The sum of the terms that are not `None`; `None` if all are."""
    terms = [term for term in terms if term is not None]
    return functools.reduce(lambda x, y: x + y, terms) if terms else None


def _tangent(circuit: Circuit, sources: Nodes, nodes: Nodes, change, moved):
    r"""Sources whose answer is the tangent of `nodes`, but for shifts at the cells.

    A change of conductance puts $-dG\,(w - v)$ into the cell; a change of a termination
    takes $dR\,i$ off its source; a change of a wire shifts what lies beyond it by
    $-dr \sum i$. Only currents appear, so that no resistance is divided by. Returns
    the sources that are not known to be zero, by name, and the shifts of the voltages
    across the cells and of the bit nodes, or `None`.
    """
    g, drop = circuit.conductance[None], nodes.cell
    known = lambda x: None if x is None or isinstance(x, SymbolicZero) else x
    dr_word, dr_bit = known(change.word_wire), known(change.bit_wire)

    def shift(dr, first, leaving, axis):
        along = jnp.expand_dims(first, axis) - jnp.cumsum(leaving, axis)
        fall = jnp.cumsum(along, axis)
        fall = jnp.concatenate(
            [jnp.zeros_like(lax.slice_in_dim(fall, 0, 1, axis=axis)),
             lax.slice_in_dim(fall, 0, fall.shape[axis] - 1, axis=axis)],
            axis,
        )  # fmt: skip
        return -jnp.expand_dims(dr, (0, axis)) * fall

    through = g * drop
    if sources.cell is not None:
        through = through - sources.cell
    word = bit = None
    if dr_word is not None:
        word = shift(dr_word, nodes.left, through, 2)
    if dr_bit is not None:
        put = 0 if sources.bit is None else sources.bit
        bit = shift(dr_bit, nodes.top, -through - put, 1)
    across = _plus(word, None if bit is None else -bit)

    dg = known(change.conductance)
    cell = _plus(
        known(moved.cell),
        None if dg is None else -dg[None] * drop,
        None if across is None else -g * across,
    )

    def end(name, beyond=None):
        dr = known(getattr(change, name))
        return _plus(
            known(getattr(moved, name)),
            None if dr is None else -dr[None] * getattr(nodes, name),
            beyond,
        )

    found = {
        "left": end("left"),
        "right": end("right", None if word is None else -word[:, :, -1]),
        "top": end("top"),
        "bottom": end("bottom", None if bit is None else -bit[:, -1, :]),
        "cell": cell,
        "bit": known(moved.bit),
    }
    given = {name: value for name, value in found.items() if value is not None}
    return given, across, bit
