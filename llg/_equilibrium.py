"""Thermal equilibrium around a collinear state, linearised."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ._constants import K_B
from ._term import AbstractTerm


def spins_of(q, sign):
    """Unit vectors from Lambert's equal-area coordinates around `sign` times `z`.

    Takes two coordinates, gives three components. The map keeps areas, so that a density
    in `q` is one on the sphere.
    """
    r2 = jnp.minimum(q[0] ** 2 + q[1] ** 2, 3.0)
    shrink = jnp.sqrt(1 - r2 / 4)
    x, y, z = q[0] * shrink, q[1] * shrink, sign * (1 - r2 / 2)
    norm = jnp.sqrt(x**2 + y**2 + z**2)
    return x / norm, y / norm, z / norm


def well(
    matrix: Float[Array, "n n"],
    bias: Float[Array, " n"],
    rest: tuple[AbstractTerm, ...],
    moment: Float[Array, " spins"],
    temperature: Float[Array, ""],
    sign: Float[Array, ""],
) -> tuple[Float[Array, " spins2"], Float[Array, "spins2 spins2"], Float[Array, ""]]:
    r"""Tilt and thermal spread around the state in which all spins are `sign` times `z`.

    To second order in the Lambert coordinates `q` the energy is
    $E = g \cdot q + \frac{1}{2} q \cdot H q$. The tilt is $-H^{-1} g$ (stray fields of
    irregular grains are not quite along `z`), and the spread $C$ has
    $C C^T = k_B T H^{-1}$ (Cholesky), so that tilt $+\, C \xi$ with standard normal $\xi$
    is the linearised equilibrium. Differentiable. NaN if the state is not stable.

    **Arguments:**

    - `matrix`, `bias`: Field of the affine terms, `matrix @ m + bias`.
    - `rest`: All other terms.

    **Returns:** the tilt, the spread, and the stiffest restoring flux density [T], the
    largest eigenvalue of $\mu^{-1/2} H \mu^{-1/2}$ (without a gradient).
    """
    spins = moment.shape[0]
    both = jnp.tile(moment / K_B, 2)
    across = 2 * spins
    m = jnp.zeros(3 * spins).at[across:].set(sign)
    b = matrix @ m + bias
    slope = -both * b[:across]
    curvature = -both[:, None] * matrix[:across, :across]
    curvature = (curvature + curvature.T) / 2
    # Tilting a spin takes q^2 / 2 from its component along the field.
    curvature = curvature + jnp.diag(both * jnp.tile(sign * b[across:], 2))
    if rest:

        def energy(q):
            m = jnp.stack(spins_of((q[:spins], q[spins:]), sign), 1)
            return jnp.asarray(sum(term.energy(m) for term in rest)) / K_B

        zero = jnp.zeros(across)
        slope = slope + jax.grad(energy)(zero)
        curvature = curvature + jax.hessian(energy)(zero)
    factor = jnp.linalg.cholesky(curvature)
    solve = jax.scipy.linalg.solve_triangular
    tilt = -solve(factor, solve(factor, slope, lower=True), lower=True, trans=1)
    inverse = solve(factor, jnp.eye(across), lower=True, trans=1)
    positive = temperature > 0
    amplitude = jnp.where(positive, jnp.sqrt(jnp.where(positive, temperature, 1.0)), 0.0)
    scale = both**-0.5
    stiffness = lax.stop_gradient(scale[:, None] * curvature * scale[None])
    return tilt, amplitude * inverse, jnp.linalg.eigvalsh(stiffness)[-1]
