import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ..data import Outcome, require_x64
from ._modes import _plane
from ._system import System


class Barrier(eqx.Module):
    """A path over a saddle from one state at rest to another.

    - `energy`: of the saddle above the first state, without torque [J].
    - `back`: of the saddle above the last state [J].
    - `saddle`: its magnetisations, shape `(spins, 3)`.
    - `path`, `energies`: states of the string and their energies [J].
    - `outcome`: successful where the saddle is at rest and falls in one direction only.
    """

    energy: Float[Array, ""]
    back: Float[Array, ""]
    saddle: Float[Array, "spins 3"]
    path: Float[Array, "images spins 3"]
    energies: Float[Array, " images"]
    outcome: Outcome


def relax(
    system: System, m: Float[Array, "spins 3"], *, steps: int = 2000
) -> Float[Array, "spins 3"]:
    """The state at rest that `m` falls into without noise and torque.

    Steepest descent of the energy, then Newton's method.
    """
    require_x64("Relaxation to a state at rest")
    return _relax(system, m, steps)


def barrier(
    system: System,
    start: Float[Array, "spins 3"],
    end: Float[Array, "spins 3"],
    *,
    via: Float[Array, "spins 3"] | None = None,
    images: int = 25,
    steps: int = 2000,
) -> Barrier:
    """Energy barrier between two states by the simplified string method.

    Images of a string descend the energy and are kept at equal distances; the highest
    is brought to rest by Newton's method, so that the barrier has the precision of the
    energy. Its derivative is that at held states, which at rest is the whole one. On a
    path with several saddles it is the highest; a symmetric start of the string may end
    on a point that falls in several directions, and `outcome` says so. E, Ren and
    Vanden-Eijnden, J. Chem. Phys. 126, 164103 (2007), section III.

    **Arguments:**

    - `start`, `end`: Near states at rest, shape `(spins, 3)`; they are relaxed first.
    - `via`: A state that the string passes at first; by default each spin turns on its
        great circle, or, turned around, on one that all spins share.
    - `images`, `steps`: Number of states on the string, and of its descents.
    """
    require_x64("An energy barrier")
    return _barrier(system, start, end, via, images, steps)


@eqx.filter_jit
def _barrier(system, start, end, via, images, steps):
    held = jax.tree.map(lambda v: lax.stop_gradient(v) if eqx.is_array(v) else v, system)
    start, end = (_relax(held, lax.stop_gradient(m), steps) for m in (start, end))
    share = jnp.linspace(0, 1, images)
    if via is None:
        path = jax.vmap(lambda s: _turn(start, end, s))(share)
    else:
        halves = [
            jax.vmap(lambda s, a=a, b=b: _turn(a, b, s))(share)
            for a, b in ((start, via), (via, end))
        ]
        path = _evenly(jnp.concatenate([halves[0], halves[1][1:]]), images)
    size = 0.3 / jnp.max(jax.vmap(lambda m: _stiffness(held, m))(path))
    fall = jax.vmap(lambda m: _descend(held, m, size))
    path = lax.fori_loop(0, steps, lambda _, p: _evenly(fall(p), images), path)
    energies = jax.vmap(held.energy)(path)
    saddle, rest, values = _newton(held, path[jnp.argmax(energies)])
    start, end, saddle = lax.stop_gradient((start, end, saddle))
    falls = jnp.sum(values < -1e-9 * jnp.max(jnp.abs(values)))
    good = (rest < 1e-9) & (falls == 1)
    return Barrier(
        system.energy(saddle) - system.energy(start),
        system.energy(saddle) - system.energy(end),
        saddle,
        path,
        energies,
        Outcome.where(good, Outcome.successful, Outcome.not_converged),
    )


@eqx.filter_jit
def _relax(system, m, steps):
    size = 0.3 / _stiffness(system, m)
    m = lax.fori_loop(0, steps, lambda _, m: _descend(system, m, size), m)
    return _newton(system, m)[0]


def _unit(m):
    return m / jnp.linalg.norm(m, axis=-1, keepdims=True)


def _descend(system, m, size):
    b = system.field(m)
    return _unit(m + size * (b - jnp.sum(b * m, -1, keepdims=True) * m))


def _turned(m, plane, q):
    """`m` turned by the angles `q` in its two planes; exact to second order."""
    aside = jnp.einsum("ai,aix->ix", q, plane)
    square = jnp.sum(q**2, 0)[:, None]
    return (1 - square / 2) * m + aside


def _hessian(system, m):
    """Slope and curvature of the energy over turns of the spins [J]."""
    plane = _plane(m)
    flat = lambda q: system.energy(_turned(m, plane, q.reshape(2, -1)))
    zero = jnp.zeros(2 * m.shape[0])
    return jax.grad(flat)(zero), jax.hessian(flat)(zero), plane


def _stiffness(system, m):
    """Largest curvature per moment, a flux density [T]."""
    root = jnp.tile(system.moment**-0.5, 2)
    curvature = _hessian(system, m)[1] * root[:, None] * root[None]
    return jnp.max(jnp.abs(jnp.linalg.eigvalsh(curvature)))


def _newton(system, m):
    """The nearest state at rest, what is left of its slope, and the curvatures."""

    def solve(m):
        slope, curvature, plane = _hessian(system, m)
        values, vectors = jnp.linalg.eigh(curvature)
        scale = jnp.max(jnp.abs(values))
        # a turn that costs nothing is not taken
        some = jnp.abs(values) > 1e-9 * scale
        q = -vectors @ jnp.where(some, (vectors.T @ slope) / jnp.where(some, values, 1), 0)
        return q, plane, jnp.linalg.norm(slope) / scale, values

    def step(_, m):
        q, plane, _, _ = solve(m)
        q = q * jnp.minimum(1, 0.2 / jnp.maximum(jnp.linalg.norm(q), 1e-300))
        return _unit(_turned(m, plane, q.reshape(2, -1)))

    m = lax.fori_loop(0, 20, step, m)
    return m, *solve(m)[2:]


def _turn(start, end, share):
    """Each spin on its great circle; of spins turned around, on one they share."""
    cosine = jnp.sum(start * end, -1)
    aside = end - cosine[:, None] * start
    across = _plane(start)[0]
    # spins that turn around do so to one side
    side = jnp.where(jnp.sum(across * across[:1], -1) < 0, -1.0, 1.0)[:, None] * across
    length = jnp.linalg.norm(aside, axis=-1, keepdims=True)
    around = (length < 1e-3) & (cosine < 0)[:, None]
    direction = jnp.where(around, side, aside / jnp.maximum(length, 1e-300))
    angle = share * jnp.arctan2(length[:, 0], cosine)[:, None]
    return jnp.cos(angle) * start + jnp.sin(angle) * direction


def _evenly(path, images):
    """The same curve with `images` states at equal distances."""
    flat = path.reshape(len(path), -1)
    gaps = jnp.linalg.norm(jnp.diff(flat, axis=0), axis=1)
    place = jnp.concatenate([jnp.zeros(1), jnp.cumsum(gaps)])
    even = jnp.linspace(0, place[-1], images)
    moved = jax.vmap(lambda y: jnp.interp(even, place, y), 1, 1)(flat)
    return _unit(moved.reshape(images, *path.shape[1:]))
