"""The linear map from sources to answers as one operation that knows its transpose."""

import functools
from typing import Any

import jax
import jax.core
import jax.numpy as jnp
from jax import lax
from jax.extend.core import Primitive
from jax.interpreters import ad, batching, mlir

from ._circuit import Circuit, Nodes


NAMES = ("left", "right", "top", "bottom", "cell", "bit")


def respond(
    method: Any, circuit: Circuit, factors: Any, sources: dict[str, Any]
) -> dict[str, Any]:
    """All answers to the sources that are given by name; the others are zero.

    Linear in the sources. By reciprocity the transpose is the same map, up to the sign
    of what lies at the cells: only what is asked for is an answer there, and only what
    is known to differ from zero a source.
    """
    shared, tree = jax.tree.flatten((circuit, factors))
    given = tuple(name for name in NAMES if name in sources)
    values = [sources[name] for name in given]
    found = _respond.bind(
        *shared, *values, method=method, tree=tree, given=given, wanted=NAMES
    )
    return dict(zip(NAMES, found, strict=True))


_respond = Primitive("mtjax_crossbar_respond")
_respond.multiple_results = True


def _apply(*arguments, method, tree, given, wanted):
    circuit, factors = jax.tree.unflatten(tree, arguments[: tree.num_leaves])
    values = dict(zip(given, arguments[tree.num_leaves :], strict=True))
    zero = jnp.zeros((arguments[-1].shape[0], circuit.conductance.shape[0]))
    values.setdefault("left", zero.astype(circuit.conductance.dtype))
    found = method.solve(circuit, factors, Nodes(**values))

    def kept(value):
        # a solve that failed must not be used silently
        failed = found.failed[(...,) + (None,) * (value.ndim - 1)]
        return jnp.where(failed, jnp.nan, value)

    return [kept(getattr(found.nodes, name)) for name in wanted]


def _transposed(cotangents, *arguments, method, tree, given, wanted):
    shared, flip = arguments[: tree.num_leaves], lambda name: name in ("cell", "bit")
    sources = {
        name: -value if flip(name) else value
        for name, value in zip(wanted, cotangents, strict=True)
        if type(value) is not ad.Zero
    }
    if not sources:
        return [None] * tree.num_leaves + [None] * len(given)
    found = _respond.bind(
        *shared,
        *sources.values(),
        method=method,
        tree=tree,
        given=tuple(sources),
        wanted=given,
    )
    signed = [
        -value if flip(name) else value for name, value in zip(given, found, strict=True)
    ]
    return [None] * tree.num_leaves + signed


def _batched(arguments, axes, *, tree, **static):
    """Many inputs to one array are one batch; of many arrays each is solved in turn."""
    bind = functools.partial(_respond.bind, tree=tree, **static)
    sizes = {v.shape[a] for v, a in zip(arguments, axes, strict=True) if a is not None}
    (size,) = sizes

    def in_front(value, axis):
        if axis is None:
            return jnp.broadcast_to(value, (size, *value.shape))
        return jnp.moveaxis(value, axis, 0)

    shared = arguments[: tree.num_leaves]
    if any(axis is not None for axis in axes[: tree.num_leaves]):
        full = [in_front(v, a) for v, a in zip(arguments, axes, strict=True)]
        out = lax.map(lambda one: bind(*one), full)
    else:
        rest = zip(arguments[tree.num_leaves :], axes[tree.num_leaves :], strict=True)
        full = [in_front(v, a) for v, a in rest]
        merged = [v.reshape(-1, *v.shape[2:]) for v in full]
        out = [v.reshape(size, -1, *v.shape[1:]) for v in bind(*shared, *merged)]
    return out, [0] * len(out)


def _shapes(*arguments, **static):
    return jax.eval_shape(functools.partial(_apply, **static), *arguments)


def _abstract(*arguments, **static):
    shapes = [jax.ShapeDtypeStruct(a.shape, a.dtype) for a in arguments]
    return [jax.core.ShapedArray(s.shape, s.dtype) for s in _shapes(*shapes, **static)]


@functools.cache
def _compiled(method, tree, given, wanted):
    return jax.jit(
        functools.partial(_apply, method=method, tree=tree, given=given, wanted=wanted)
    )


_respond.def_impl(lambda *arguments, **static: _compiled(**static)(*arguments))
_respond.def_abstract_eval(_abstract)
ad.primitive_transposes[_respond] = _transposed
batching.primitive_batchers[_respond] = _batched
mlir.register_lowering(_respond, mlir.lower_fun(_apply, multiple_results=True))
