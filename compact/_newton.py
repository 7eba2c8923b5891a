from collections.abc import Callable
from typing import NamedTuple

import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int


class _State(NamedTuple):
    u: Float[Array, " n"]
    value: Float[Array, ""]
    damping: Float[Array, ""]
    hessian: Float[Array, "n n"]
    decrement: Float[Array, ""]
    step: Int[Array, ""]


def minimise(
    objective: Callable[[Float[Array, " n"]], Float[Array, ""]],
    start: Float[Array, " n"],
    *,
    steps: int = 150,
    tolerance: float = 1e-18,
) -> tuple[Float[Array, " n"], Float[Array, "n n"], Bool[Array, ""]]:
    r"""A minimum of `objective` by Newton's method, damped and kept off saddle points.

    With $H = Q \Lambda Q^T$ the step is $-Q (|\Lambda| + \mu)^{-1} Q^T g$, at most 1.5 in
    any coordinate; it is taken if the objective does not grow, and $\mu$ adapts as in
    Levenberg's and Marquardt's method. In few dimensions this costs less than a
    quasi-Newton search, and ends at the root of the gradient to rounding.

    **Returns:** the point, the Hessian there (up to the last, negligible step), and
    whether half the squared Newton decrement
    $g^T |H|^{-1} g / 2$ (what is left to gain, in units of the objective) fell below
    `tolerance` where the Hessian is positive definite.
    """

    def twice(u):
        gradient = jax.grad(objective)(u)
        return gradient, gradient

    def body(state: _State) -> _State:
        hessian, gradient = jax.jacfwd(twice, has_aux=True)(state.u)
        finite = jnp.all(jnp.isfinite(gradient)) & jnp.all(jnp.isfinite(hessian))
        n = hessian.shape[0]
        eigenvalues, q = jnp.linalg.eigh(jnp.where(finite, hessian, jnp.eye(n)))
        g = q.T @ jnp.where(finite, gradient, 0.0)
        curvature = jnp.abs(eigenvalues) + 1e-14 * jnp.max(jnp.abs(eigenvalues)) + 1e-300
        step = -q @ (g / (curvature + state.damping))
        step = step * jnp.minimum(1.0, 1.5 / (jnp.max(jnp.abs(step)) + 1e-300))
        trial = state.u + step
        value = objective(trial)
        slack = 8 * jnp.finfo(value.dtype).eps * (1 + jnp.abs(state.value))
        taken = jnp.isfinite(value) & (value <= state.value + slack)
        left = 0.5 * jnp.sum(g**2 / curvature)
        good = finite & jnp.all(eigenvalues > 0)
        return _State(
            jnp.where(taken, trial, state.u),
            jnp.where(taken, value, state.value),
            jnp.where(taken, 0.1 * state.damping, 10 * state.damping + 1e-3),
            hessian,
            jnp.where(good, left, jnp.inf),
            state.step + 1,
        )

    def running(state: _State):
        return (state.step < steps) & (state.decrement > tolerance)

    value = objective(start)
    unknown = jnp.full((start.shape[0],) * 2, jnp.nan)
    infinite = jnp.full_like(value, jnp.inf)
    first = _State(start, value, jnp.ones_like(value), unknown, infinite, jnp.array(0))
    last = jax.lax.while_loop(running, body, first)
    return last.u, last.hessian, last.decrement <= tolerance
