from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax
from jax.custom_batching import custom_vmap

from ._circuit import Answer, Circuit, Nodes


def begin(method: Any) -> Callable[[Circuit, Nodes], tuple[Answer, Any]]:
    """Factors a circuit for a batch, and solves it; answers come with the factors.

    Under `vmap`, many inputs to one array become one batch, so that the factors are
    shared; of many arrays each is solved in turn, to its own number of steps.
    """

    @custom_vmap
    def solve(circuit, sources):
        factors = method.factor(circuit, sources.batch)
        return method.solve(circuit, factors, sources), factors

    @solve.def_vmap
    def rule(size, in_batched, circuit, sources):
        if any(jax.tree.leaves(in_batched[0])):
            full = _broadcast(size, tuple(in_batched), (circuit, sources))
            out = lax.map(lambda one: solve(*one), full)
            return out, jax.tree.map(lambda _: True, out)
        sources = _broadcast(size, in_batched[1], sources)
        inner = sources.left.shape[1]
        merged = jax.tree.map(lambda v: v.reshape(-1, *v.shape[2:]), sources)
        answer, factors = solve(circuit, merged)
        # the factors, and which method was used, are those of the array
        many = jax.tree.map(lambda v: v.ndim > 0, answer)
        split = lambda v: v.reshape(size, inner, *v.shape[1:]) if v.ndim else v
        one = jax.tree.map(lambda _: False, factors)
        return (jax.tree.map(split, answer), factors), (many, one)

    return solve


def _broadcast(size, flags, tree):
    put = lambda flag, v: v if flag else jnp.broadcast_to(v, (size, *v.shape))
    return jax.tree.map(put, flags, tree)


def chunked(solve: Callable[[Nodes], Answer], sources: Nodes, chunk: int) -> Answer:
    """`solve` on `chunk` inputs at a time, so that a chunk's fields stay in the cache."""
    size = sources.batch
    if size <= chunk:
        return solve(sources)
    number = -(-size // chunk)

    def split(v):
        v = jnp.pad(v, [(0, number * chunk - size)] + [(0, 0)] * (v.ndim - 1))
        return v.reshape(number, chunk, *v.shape[1:])

    out = lax.map(solve, jax.tree.map(split, sources))
    join = lambda v: v.reshape(-1, *v.shape[2:])[:size] if v.ndim > 1 else v[0]
    return jax.tree.map(join, out)
