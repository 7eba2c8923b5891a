"""Thermal equilibrium in a well, to the order that a Gaussian can hold."""

import equinox as eqx
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


class Energy(eqx.Module):
    """Energy over `k_B` kelvin as a function of the Lambert coordinates of one well.

    `matrix` and `bias` give the field of all affine terms, `matrix @ m + bias`.
    """

    matrix: Float[Array, "n n"]
    bias: Float[Array, " n"]
    rest: tuple[AbstractTerm, ...]
    moment: Float[Array, " spins"]
    sign: Float[Array, ""]

    def __call__(self, q: Float[Array, " spins2"]) -> Float[Array, ""]:
        """Energy [K] at the coordinates `q`, first all of one axis, then the other."""
        spins = self.moment.shape[0]
        m = jnp.concatenate(spins_of((q[:spins], q[spins:]), self.sign))
        moment = jnp.tile(self.moment / K_B, 3)
        energy = -jnp.sum(moment * m * (self.matrix @ m / 2 + self.bias))
        for term in self.rest:
            energy = energy + term.energy(m.reshape(3, spins).T) / K_B
        return energy


def well(
    energy: Energy, temperature: Float[Array, ""], iterations: int = 5
) -> tuple[Float[Array, " spins2"], Float[Array, "spins2 spins2"], Float[Array, ""]]:
    r"""Minimum of the energy near a collinear state, and the thermal spread around it.

    Newton's method in Lambert coordinates `q`; the spread $C$ with
    $C C^T = k_B T H^{-1}$, $H$ the Hessian at the minimum (Cholesky), so that
    $q + C \xi$ with standard normal $\xi$ is the linearised thermal equilibrium.
    Differentiable. NaN if the state is not stable.

    **Returns:** the minimum, the spread, and the stiffest restoring flux density [T], the
    largest eigenvalue of $\mu^{-1/2} H \mu^{-1/2}$ (without a gradient).
    """
    spins = energy.moment.shape[0]
    hessian = jax.hessian(energy)

    def newton(q, _):
        return q - jnp.linalg.solve(hessian(q), jax.grad(energy)(q)), None

    q, _ = lax.scan(newton, jnp.zeros(2 * spins), length=iterations)
    curvature = hessian(q)
    factor = jnp.linalg.cholesky(curvature)
    inverse = jax.scipy.linalg.solve_triangular(
        factor, jnp.eye(2 * spins), lower=True, trans=1
    )
    positive = temperature > 0
    amplitude = jnp.where(positive, jnp.sqrt(jnp.where(positive, temperature, 1.0)), 0.0)
    scale = jnp.tile(energy.moment**-0.5, 2)
    stiffness = lax.stop_gradient(K_B * scale[:, None] * curvature * scale[None])
    return q, amplitude * inverse, jnp.linalg.eigvalsh(stiffness)[-1]
