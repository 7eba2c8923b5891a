import functools
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import custom_vmap

from ._circuit import Answer, Circuit, Nodes


@functools.cache
def batched(method: Any) -> Callable[[Circuit, Nodes], Answer]:
    """`method.solve`, with rules for `vmap`.

    Many inputs to one array become one batch, so that the factors are shared; of many
    arrays each is solved in turn, to its own number of steps.
    """

    @custom_vmap
    def solve(circuit: Circuit, sources: Nodes) -> Answer:
        return method.solve(circuit, sources)

    @solve.def_vmap
    def rule(size, in_batched, circuit, sources):
        if any(jax.tree.leaves(in_batched[0])):
            full = _broadcast(size, tuple(in_batched), (circuit, sources))
            out = lax.map(lambda pair: solve(*pair), full)
            return out, jax.tree.map(lambda _: True, out)
        sources = _broadcast(size, in_batched[1], sources)
        inner = sources.left.shape[1]
        merged = jax.tree.map(lambda v: v.reshape(-1, *v.shape[2:]), sources)
        out = solve(circuit, merged)
        split = lambda v: v.reshape(size, inner, *v.shape[1:])
        is_batch = eqx.tree_at(
            lambda a: (a.steps, a.method), jax.tree.map(lambda _: True, out), (False,) * 2
        )
        return jax.tree.map(lambda b, v: split(v) if b else v, is_batch, out), is_batch

    return solve


def _broadcast(size, flags, tree):
    put = lambda flag, v: v if flag else jnp.broadcast_to(v, (size, *v.shape))
    return jax.tree.map(put, flags, tree)


def chunked(solve: Callable[[Nodes], Answer], sources: Nodes, chunk: int) -> Answer:
    """`solve` on `chunk` inputs at a time, so that a chunk's fields stay in the cache."""
    size = sources.left.shape[0]
    if size <= chunk:
        return solve(sources)
    number = -(-size // chunk)

    def split(v):
        v = jnp.pad(v, [(0, number * chunk - size)] + [(0, 0)] * (v.ndim - 1))
        return v.reshape(number, chunk, *v.shape[1:])

    out = lax.map(solve, jax.tree.map(split, sources))
    join = lambda v: v.reshape(number * chunk, *v.shape[2:])[:size]
    nodes = jax.tree.map(join, out.nodes)
    return Answer(nodes, join(out.residual), jnp.max(out.steps), jnp.max(out.method))
