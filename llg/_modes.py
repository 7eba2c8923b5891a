import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Complex, Float

from ..data import require_x64
from ._constants import GAMMA
from ._state import state_of
from ._system import System


def modes(system: System, m: Float[Array, "spins 3"]) -> Complex[Array, " spins"]:
    r"""Small oscillations around an equilibrium, as complex angular frequencies [rad/s].

    The eigenvalues $\omega$ of $\delta \dot m = i \omega\, \delta m$ of the
    Landau--Lifshitz--Gilbert equation without torque and noise, linearised at `m`; one
    per spin, with positive real part and rising. The imaginary part is half of the full
    width at half maximum of the power.

    **Arguments:**

    - `m`: Unit magnetisations at rest, parallel to their fields, shape `(spins, 3)`.
    """
    require_x64("The oscillation modes")
    m = state_of(system, m)
    return _modes(system, m)


@eqx.filter_jit
def _modes(system, m):

    def rate(m):
        precession = jnp.cross(m, system.field(m))
        damping = system.alpha[:, None] * jnp.cross(m, precession)
        return -GAMMA / (1 + system.alpha[:, None] ** 2) * (precession + damping)

    spins = m.shape[0]
    plane = _plane(m)
    jacobian = jax.jacfwd(rate)(m)
    matrix = jnp.einsum("aix,ixjy,bjy->aibj", plane, jacobian, plane)
    values = -1j * jnp.linalg.eigvals(matrix.reshape(2 * spins, 2 * spins))
    # They come in pairs w, -conj(w): keep the half with positive real part.
    values = values[jnp.argsort(values.real)][spins:]
    return values


def nucleation_field(system: System, m: Float[Array, "spins 3"]) -> Float[Array, ""]:
    r"""Flux density against collinear `m` at which it first becomes unstable [T].

    The smallest eigenvalue of $\mu^{-1/2} H \mu^{-1/2}$ with $H$ the second derivative
    of the energy over rotations of the spins: a field $-B m$ subtracts $B$ from all of
    them. Nucleation is the loss of stability; full reversal may take a larger field.
    """
    require_x64("The nucleation field")
    m = state_of(system, m)
    return _nucleation_field(system, m)


@eqx.filter_jit
def _nucleation_field(system, m):
    plane = _plane(m)

    def energy(q):
        turned = m + jnp.einsum("ai,i,aix->ix", q, system.moment**-0.5, plane)
        return system.energy(turned / jnp.linalg.norm(turned, axis=1, keepdims=True))

    size = 2 * m.shape[0]
    flat = lambda q: energy(q.reshape(2, -1))
    return jnp.linalg.eigvalsh(jax.hessian(flat)(jnp.zeros(size)))[0]


def _plane(m: Float[Array, "spins 3"]) -> Float[Array, "2 spins 3"]:
    """Two unit vectors across each spin, right-handed with it."""
    seed = jnp.eye(3)[jnp.argmin(jnp.abs(m), axis=1)]
    first = jnp.cross(m, seed)
    first = first / jnp.linalg.norm(first, axis=1, keepdims=True)
    return jnp.stack([first, jnp.cross(m, first)])
