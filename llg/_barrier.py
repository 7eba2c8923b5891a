import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ..data import Outcome, require_x64
from ._landscape import Landscape
from ._state import state_of
from ._string import Count, evenly, fallen, straight, top
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
    m = state_of(system, m)
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
    start, end = state_of(system, start, "start"), state_of(system, end, "end")
    return _barrier(system, start, end, via, images, steps)


@eqx.filter_jit
def _barrier(system, start, end, via, images, steps):
    landscape = Landscape.of(system)
    start, end = (rest(landscape, lax.stop_gradient(m), steps)[0] for m in (start, end))
    if via is None:
        path = straight(start, end, images)
    else:
        first, second = straight(start, via, images), straight(via, end, images)
        path = evenly(jnp.concatenate([first, second[1:]]), images)
    path = fallen(landscape, path, steps)
    energies = jax.vmap(landscape.energy)(path)
    saddle, good = landscape.settle(top(landscape, path), 1)
    start, end, saddle = lax.stop_gradient((start, end, saddle))
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
    return rest(Landscape.of(system), m, steps)[0]


def rest(landscape: Landscape, m: Float[Array, "spins 3"], steps: Count):
    """The state at rest that `m` falls into, and whether it is one."""
    m = lax.fori_loop(0, steps, lambda _, m: landscape.descend(m), m)
    return landscape.settle(m, 0)
