import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.custom_derivatives import SymbolicZero

from ._batch import again, begin
from ._circuit import Answer, Circuit, Nodes


def network(circuit: Circuit, sources: Nodes, method: Any) -> Answer:
    """Solves the linear circuit for a batch of sources; differentiable both ways.

    The tangent of the nodes is the answer of the same circuit to other sources, so one
    more solve gives a Jacobian-vector product, and by reciprocity one more a gradient.
    """
    return _differentiable(method)(circuit, sources)


@functools.cache
def _differentiable(method):
    first, more = begin(method), again(method)

    @jax.custom_jvp
    def solve(circuit, sources):
        return first(circuit, sources)[0]

    def jvp(primals, tangents):
        circuit, sources = primals
        answer, factors = first(circuit, sources)
        moved, word, bit = _tangent(circuit, sources, answer.nodes, *tangents)
        circuit = _once(circuit)
        # transposition wants every source to depend on the tangents; large ones mostly do
        some = next(t for t in jax.tree.leaves(tangents) if not isinstance(t, SymbolicZero))
        tie = 0 * some.ravel()[0]
        still = jax.tree.map(lambda t: isinstance(t, SymbolicZero), tangents[0])
        inside = still.conductance and still.word_wire and still.bit_wire
        tied = lambda v: v + tie if v.ndim == 2 or inside else v
        moved = jax.tree.map(tied, moved)

        def linear(_, b):
            found = more(circuit, factors, b)
            # a solve that failed must not be used silently
            fail = lambda v: jnp.where(
                found.failed[(...,) + (None,) * (v.ndim - 1)], jnp.nan, v
            )
            return jax.tree.map(fail, found.nodes)

        def transposed(_, cotangent):
            return _mirror(linear(_, _mirror(cotangent)))

        # of the matrix itself only the shape is used: both solves are given
        n = lax.custom_linear_solve(lambda x: x, moved, linear, transposed)
        shifted = Nodes(n.left, n.right, n.top, n.bottom, n.word + word, n.bit + bit)
        tangent = jax.tree.map(_zero_tangent, answer)
        return answer, eqx.tree_at(lambda a: a.nodes, tangent, shifted)

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


def _mirror(nodes: Nodes) -> Nodes:
    """Reciprocity: the map from sources to answer is symmetric up to these signs."""
    n = nodes
    return Nodes(n.left, n.right, n.top, n.bottom, -n.word, -n.bit)


def _tangent(circuit: Circuit, sources: Nodes, nodes: Nodes, change, moved):
    r"""Sources and shifts whose sum of answer and shift is the tangent of `nodes`.

    A change of conductance puts $-dG\,(w - v)$ into the word node; a change of a
    termination takes $dR\,i$ off its source; a change of a wire shifts what lies beyond
    it by $-dr \sum i$. Only currents appear, so that no resistance is divided by.
    """
    g, drop = circuit.conductance[None], nodes.word - nodes.bit
    into_word = 0.0 if sources.word is None else sources.word
    into_bit = 0.0 if sources.bit is None else sources.bit
    zero = lambda x: isinstance(x, SymbolicZero)

    def shift(dr, first, leaving, axis):
        if zero(dr):
            return jnp.zeros_like(drop)
        along = jnp.expand_dims(first, axis) - jnp.cumsum(leaving, axis)
        fall = jnp.cumsum(along, axis)
        fall = jnp.concatenate(
            [jnp.zeros_like(lax.slice_in_dim(fall, 0, 1, axis=axis)),
             lax.slice_in_dim(fall, 0, fall.shape[axis] - 1, axis=axis)],
            axis,
        )  # fmt: skip
        return -jnp.expand_dims(dr, (0, axis)) * fall

    word = shift(change.word_wire, nodes.left, g * drop - into_word, 2)
    bit = shift(change.bit_wire, nodes.top, -g * drop - into_bit, 1)
    through = jnp.zeros_like(drop)
    if not zero(change.conductance):
        through = through + change.conductance[None] * drop
    if not (zero(change.word_wire) and zero(change.bit_wire)):
        through = through + g * (word - bit)

    def source(name):
        value = jnp.zeros_like(getattr(nodes, name))
        dv, dr = getattr(moved, name), getattr(change, name)
        value = value if zero(dv) else value + dv
        return value if zero(dr) else value - dr[None] * getattr(nodes, name)

    plus = lambda extra, x: x if extra is None or zero(extra) else x + extra
    return (
        Nodes(
            source("left"),
            source("right") - word[:, :, -1],
            source("top"),
            source("bottom") - bit[:, -1, :],
            plus(moved.word, -through),
            plus(moved.bit, through),
        ),
        word,
        bit,
    )
