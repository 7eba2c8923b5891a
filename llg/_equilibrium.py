"""Thermal equilibrium in a well, to the order that a Gaussian can hold."""

import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import State
from ._constants import K_B
from ._system import System


def spins_of(
    q: Float[Array, "2 spins"], sign: Float[Array, ""] | float
) -> Float[Array, "3 spins"]:
    """Unit vectors from Lambert's equal-area coordinates around `sign` times `z`.

    The map keeps areas, so that a density in `q` is one on the sphere.
    """
    r2 = jnp.sum(q**2, 0)
    shrink = jnp.sqrt(jnp.maximum(1 - r2 / 4, 0.25))
    xy = q * shrink
    z2 = jnp.sum(xy**2, 0)
    z = jnp.where(r2 < 3, 1 - r2 / 2, -0.5)
    norm = jnp.sqrt(z2 + z**2)
    return jnp.concatenate([xy, sign * z[None]]) / norm


def well(
    system: System, start: State, iterations: int = 5
) -> tuple[Float[Array, "2 spins"], Float[Array, "spins2 spins2"]]:
    r"""Minimum of the energy near a collinear state, and the thermal spread around it.

    Newton's method in Lambert coordinates `q`; the spread $C$ with
    $C C^T = k_B T H^{-1}$, $H$ the Hessian at the minimum (Cholesky), so that
    $q + C \xi$ with standard normal $\xi$ is the linearised thermal equilibrium.
    Differentiable. NaN if the state is not stable.
    """
    spins = system.moment.shape[0]
    sign = 1.0 if start is State.PARALLEL else -1.0
    unit = K_B * jnp.where(system.temperature > 0, system.temperature, 1.0)

    def energy(flat):
        return system.energy(spins_of(flat.reshape(2, spins), sign).T) / unit

    flat = jnp.zeros(2 * spins)
    for _ in range(iterations):
        flat = flat - jnp.linalg.solve(jax.hessian(energy)(flat), jax.grad(energy)(flat))
    factor = jnp.linalg.cholesky(jax.hessian(energy)(flat))
    spread = jax.scipy.linalg.solve_triangular(
        factor, jnp.eye(2 * spins), lower=True, trans=1
    )
    spread = jnp.where(system.temperature > 0, spread, 0.0)
    return flat.reshape(2, spins), spread


def stiffest_field(system: System, start: State = State.PARALLEL) -> Float[Array, ""]:
    r"""Largest restoring flux density of any mode in a well [T].

    The largest eigenvalue of $\mu^{-1/2} H \mu^{-1/2}$, exchange included. A step is
    fine enough for Heun's method if $\gamma B\, \Delta t \le 0.1$.
    """
    spins = system.moment.shape[0]
    sign = 1.0 if start is State.PARALLEL else -1.0
    scale = jnp.tile(system.moment**-0.5, 2)

    def energy(flat):
        return system.energy(spins_of((scale * flat).reshape(2, spins), sign).T)

    return jnp.linalg.eigvalsh(jax.hessian(energy)(jnp.zeros(2 * spins)))[-1]
