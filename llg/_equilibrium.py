"""Thermal equilibrium around a state at rest, linearised."""

import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ._constants import K_B
from ._term import AbstractTerm


_MOST_STEPS, _LONGEST_STEP = 200, 0.3  # of the way to rest


def frame_of(n: Float[Array, "3 spins"]) -> Float[Array, "3 3 spins"]:
    """Two unit vectors across each of `n`, and `n`, on the first axis.

    T. Duff et al., J. Comput. Graph. Tech. 6, 1 (2017).
    """
    x, y, z = n
    side = jnp.where(z >= 0, 1.0, -1.0)
    a = 1 / (1 + jnp.abs(z))
    b = -x * y * a
    first = jnp.stack([1 - x**2 * a, b, -side * x])
    second = jnp.stack([b, 1 - y**2 * a, -side * y])
    return jnp.stack([first, second, n])


def spins_of(q, frame: Float[Array, "3 3 spins"]):
    """Unit vectors from Lambert's equal-area coordinates around the last of each frame.

    Takes two coordinates, gives three components, each of shape `(spins, *batch)`. The
    map keeps areas, so that a density in `q` is one on the sphere.
    """
    r2 = jnp.minimum(q[0] ** 2 + q[1] ** 2, 3.0)
    shrink = jnp.sqrt(1 - r2 / 4)
    local = (q[0] * shrink, q[1] * shrink, 1 - r2 / 2)
    wide = frame.reshape(*frame.shape, *(1,) * (q[0].ndim - 1))
    m = [sum(wide[k, i] * local[k] for k in range(3)) for i in range(3)]
    norm = jnp.sqrt(m[0] ** 2 + m[1] ** 2 + m[2] ** 2)
    return m[0] / norm, m[1] / norm, m[2] / norm


def _expanded(matrix, bias, rest, moment, frame) -> tuple[Array, Array]:
    r"""Slope and curvature of the energy in Lambert's coordinates, over $k_B$."""
    spins = moment.shape[0]
    both = jnp.tile(moment / K_B, 2)
    across = frame[:2]
    b = (matrix @ frame[2].reshape(-1) + bias).reshape(3, spins)
    inner = matrix.reshape(3, spins, 3, spins)
    inner = jnp.einsum("axi,xiyj,byj->aibj", across, inner, across)
    slope = -both * jnp.einsum("axi,xi->ai", across, b).reshape(-1)
    curvature = -both[:, None] * inner.reshape(2 * spins, 2 * spins)
    curvature = (curvature + curvature.T) / 2
    # Tilting a spin takes q^2 / 2 from its component along the field.
    along = jnp.sum(frame[2] * b, 0)
    curvature = curvature + jnp.diag(both * jnp.tile(along, 2))
    if rest:

        def energy(q):
            m = jnp.stack(spins_of((q[:spins], q[spins:]), frame), 1)
            return jnp.asarray(sum(term.energy(m) for term in rest)) / K_B

        zero = jnp.zeros(2 * spins)
        slope = slope + jax.grad(energy)(zero)
        curvature = curvature + jax.hessian(energy)(zero)
    return slope, curvature


def resting(
    matrix: Float[Array, "n n"],
    bias: Float[Array, " n"],
    rest: tuple[AbstractTerm, ...],
    moment: Float[Array, " spins"],
    direction: Float[Array, "3"],
) -> Float[Array, "3 spins"]:
    """The state at rest that spins along `direction` go to, without a derivative.

    Newton's method; where the energy is not convex, along its curvatures' sizes. At an
    exact saddle it stays.
    """
    matrix, bias, rest, moment, direction = lax.stop_gradient(
        (matrix, bias, rest, moment, direction)
    )
    spins = moment.shape[0]
    scale = jnp.tile(moment / K_B, 2) ** -0.5
    tolerance = jnp.sqrt(jnp.finfo(bias.dtype).eps)

    def descent(slope, curvature):
        sizes, modes = jnp.linalg.eigh(scale[:, None] * curvature * scale[None])
        sizes = jnp.abs(sizes)
        sizes = jnp.maximum(sizes, 1e-3 * jnp.max(sizes) + jnp.finfo(bias.dtype).tiny)
        return -scale * (modes @ ((modes.T @ (scale * slope)) / sizes))

    def step(carry):
        n, _, count = carry
        frame = frame_of(n)
        slope, curvature = _expanded(matrix, bias, rest, moment, frame)
        newton = _solve(jnp.linalg.cholesky(curvature), -slope)
        convex = jnp.all(jnp.isfinite(newton))
        q = lax.cond(convex, lambda: newton, lambda: descent(slope, curvature))
        largest = jnp.max(jnp.abs(q))
        q = q * jnp.minimum(1.0, _LONGEST_STEP / jnp.maximum(largest, _LONGEST_STEP))
        return jnp.stack(spins_of((q[:spins], q[spins:]), frame)), largest, count + 1

    far = lambda carry: (carry[1] > tolerance) & (carry[2] < _MOST_STEPS)
    n = jnp.broadcast_to((direction / jnp.linalg.norm(direction))[:, None], (3, spins))
    return lax.while_loop(far, step, (n, jnp.full_like(n[0, 0], jnp.inf), 0))[0]


def _solve(factor, right):
    solve = jax.scipy.linalg.solve_triangular
    return solve(factor, solve(factor, right, lower=True), lower=True, trans=1)


def well(
    matrix: Float[Array, "n n"],
    bias: Float[Array, " n"],
    rest: tuple[AbstractTerm, ...],
    moment: Float[Array, " spins"],
    temperature: Float[Array, ""],
    direction: Float[Array, "3"],
) -> tuple[
    Float[Array, "3 3 spins"], Float[Array, "spins2 spins2"], Float[Array, " spins2"]
]:
    r"""State at rest near `direction`, and the thermal spread around it.

    To second order in the Lambert coordinates `q` around that state the energy is
    $E = \frac{1}{2} q \cdot H q$. The spread $C$ has $C C^T = k_B T H^{-1}$ (Cholesky),
    so that $C \xi$ with standard normal $\xi$ is the linearised equilibrium. Both are
    differentiable; NaN if the state is not stable.

    **Arguments:**

    - `matrix`, `bias`: Field of the affine terms, `matrix @ m + bias`.
    - `rest`: All other terms.

    **Returns:** the frame, see `frame_of`, the spread, and the restoring flux densities
    of the modes [T], the rising eigenvalues of $\mu^{-1/2} H \mu^{-1/2}$ (without a
    gradient).
    """
    parts, spins = (matrix, bias, rest, moment), moment.shape[0]
    frame = frame_of(resting(*parts, direction))
    slope, curvature = _expanded(*parts, frame)
    # Next to nothing, with the derivative of where the state is.
    tilt = _solve(jnp.linalg.cholesky(curvature), -slope)
    frame = frame_of(jnp.stack(spins_of((tilt[:spins], tilt[spins:]), frame)))
    _, curvature = _expanded(*parts, frame)
    factor = jnp.linalg.cholesky(curvature)
    inverse = jax.scipy.linalg.solve_triangular(
        factor, jnp.eye(2 * spins), lower=True, trans=1
    )
    positive = temperature > 0
    amplitude = jnp.where(positive, jnp.sqrt(jnp.where(positive, temperature, 1.0)), 0.0)
    scale = jnp.tile(moment / K_B, 2) ** -0.5
    stiffness = lax.stop_gradient(scale[:, None] * curvature * scale[None])
    return frame, amplitude * inverse, jnp.linalg.eigvalsh(stiffness)
