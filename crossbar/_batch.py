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

    def solve(circuit, sources):
        factors = method.factor(circuit, sources.left.shape[0])
        return method.solve(circuit, factors, sources), factors

    return _mapped(solve, ("answer", "factors"))


def again(method: Any) -> Callable[[Circuit, Any, Nodes], Answer]:
    """Solves a circuit with the factors that `begin` returned; mapped like it."""
    return _mapped(method.solve, "answer")


def _mapped(function, parts):
    @custom_vmap
    def solve(*arguments):
        return function(*arguments)

    @solve.def_vmap
    def rule(size, in_batched, *arguments):
        if any(jax.tree.leaves(in_batched[:-1])):
            full = _broadcast(size, tuple(in_batched), arguments)
            out = lax.map(lambda one: solve(*one), full)
            return out, jax.tree.map(lambda _: True, out)
        *shared, sources = arguments
        sources = _broadcast(size, in_batched[-1], sources)
        inner = sources.left.shape[1]
        merged = jax.tree.map(lambda v: v.reshape(-1, *v.shape[2:]), sources)
        out = solve(*shared, merged)
        # the factors, and which method was used, are those of the array
        is_batch = jax.tree.map(lambda part, tree: _flags(part, tree), parts, out)
        split = lambda b, v: v.reshape(size, inner, *v.shape[1:]) if b else v
        return jax.tree.map(split, is_batch, out), is_batch

    return solve


def _flags(part, tree):
    has_batch = lambda v: part == "answer" and v.ndim > 0
    return jax.tree.map(has_batch, tree)


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
    join = lambda v: v.reshape(-1, *v.shape[2:])[:size] if v.ndim > 1 else v[0]
    return jax.tree.map(join, out)
