"""Keeps XLA from computing again what several results share."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import jax
from jax import lax
from jax.extend.core import Jaxpr, Literal


# Calls that are taken apart; their derivatives have been taken by then.
_CALLS = {"jit": "jaxpr", "pjit": "jaxpr", "custom_jvp_call": "call_jaxpr"}


def computed_once(function: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, every value of it that is used more than once kept in memory.

    XLA's compiler for the CPU makes a loop of every result, and puts whatever is cheap
    into each loop that uses it. Along the adjoint of a time step, where every cotangent
    is used by several others, this repeats most of the work many times.
    """

    def wrapped(*arguments):
        closed, shape = jax.make_jaxpr(function, return_shape=True)(*arguments)
        leaves = jax.tree.leaves(arguments)
        results = _evaluate(closed.jaxpr, closed.consts, leaves)
        return jax.tree.unflatten(jax.tree.structure(shape), results)

    return wrapped


def _evaluate(jaxpr: Jaxpr, consts, arguments) -> list:
    values = dict(zip(jaxpr.constvars, consts, strict=True))
    values.update(zip(jaxpr.invars, arguments, strict=True))
    read = lambda x: x.val if isinstance(x, Literal) else values[x]
    uses = Counter(
        x
        for variables in (*(e.invars for e in jaxpr.eqns), jaxpr.outvars)
        for x in {v for v in variables if not isinstance(v, Literal)}
    )
    for equation in jaxpr.eqns:
        inputs = [read(x) for x in equation.invars]
        primitive = equation.primitive
        if primitive.name in _CALLS:
            inner = equation.params[_CALLS[primitive.name]]
            outputs = _evaluate(inner.jaxpr, inner.consts, inputs)
        else:
            outputs = primitive.bind(*inputs, **equation.params)
            outputs = outputs if primitive.multiple_results else [outputs]
        for variable, value in zip(equation.outvars, outputs, strict=True):
            shared = uses[variable] > 1 and primitive.name not in _CALLS
            values[variable] = lax.optimization_barrier(value) if shared else value
    return [read(x) for x in jaxpr.outvars]
