"""Barriers of all grains of a film that turn around, at once."""

import equinox as eqx
import jax
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Bool, Float, Int

from ..data import Outcome, require_x64
from ._barrier import rest
from ._landscape import Landscape
from ._microstructure import Microstructure
from ._state import state_of
from ._string import fallen, straight, top
from ._system import System


class Flips(eqx.Module):
    """What it takes to turn grains around, one transition a row.

    - `energy`, `back`: of the saddle above the first and the last state [J]; infinite
        where the turned grains fall back, so that there is no such transition.
    - `signs`: of the grains in the last state, 1 or -1 along the reference layer. Others
        than those turned may have followed.
    - `end`: the last states; `saddle`: the saddles, shape `(transitions, spins, 3)`.
    - `outcome`: successful where both ends are at rest and the saddle falls one way.
    """

    energy: Float[Array, " transitions"]
    back: Float[Array, " transitions"]
    signs: Int[Array, "transitions grains"]
    end: Float[Array, "transitions spins 3"]
    saddle: Float[Array, "transitions spins 3"]
    outcome: Outcome


def flips(
    system: System,
    m: Float[Array, "spins 3"],
    grains: int,
    *,
    groups: Bool[Array, "transitions grains"] | None = None,
    images: int = 13,
    steps: int = 60,
    relaxing: int = 200,
) -> Flips:
    """Barriers of turning each grain of a state around, and of turning it back.

    As `llg.barrier`, with all strings side by side in one compilation for all states.
    Differentiable with respect to `system` at held states.

    **Arguments:**

    - `system`: Spins in columns: spin `s` is in that of grain `s % grains`, the spin of
        the grain itself is the last. So are those of `llg.GranularJunction`.
    - `m`: A state near rest, shape `(spins, 3)`.
    - `grains`: Number of columns, static.
    - `groups`: Which columns turn in each transition, by default each on its own; see
        `llg.nearest_pairs`.
    - `images`, `steps`: States on each string, and its descents.
    - `relaxing`: Descents of a turned state before Newton's method.
    """
    require_x64("An energy barrier")
    m = state_of(system, m)
    if m.shape[0] % grains:
        raise ValueError(
            f"`grains` must divide the number of spins, {m.shape[0]}, got {grains}."
        )
    if groups is None:
        groups = jnp.eye(grains, dtype=bool)
    if groups.shape[1:] != (grains,):
        raise ValueError(
            f"`groups` must have shape (transitions, {grains}), got {groups.shape}."
        )
    # Traced numbers of steps do not compile anew.
    return _flips(system, m, groups, images, jnp.asarray(steps), jnp.asarray(relaxing))


def nearest_pairs(grains: Microstructure) -> Bool[Array, "pairs grains"]:
    """Pairs of grains that share a boundary, as `groups` of `llg.flips`.

    **Arguments:**

    - `grains`: One draw, that is a `Microstructure` without its leading axis.
    """
    bonds = grains.bonds[grains.boundary > 0]
    number = grains.fraction.shape[-1]
    return jnp.any(bonds[:, :, None] == jnp.arange(number)[None, None], axis=1)


def settled(
    system: System, signs: Int[Array, " grains"], *, relaxing: int = 300
) -> Float[Array, "spins 3"]:
    """The state at rest of columns that point up (1) or down (-1).

    **Arguments:**

    - `signs`: Of the columns, along the reference layer; see `llg.flips`.
    - `relaxing`: Descents before Newton's method.
    """
    require_x64("Relaxation to a state at rest")
    return _settled(system, signs, jnp.asarray(relaxing))


def grain_signs(
    system: System, m: Float[Array, "spins 3"], grains: int
) -> Int[Array, " grains"]:
    """Which way the grains of a state point along the reference layer, 1 or -1."""
    return jnp.where(m[-grains:] @ system.polariser < 0, -1, 1)


def collinear(system: System, signs: Int[Array, " grains"]) -> Float[Array, "spins 3"]:
    """Columns that point straight up or down."""
    columns = jnp.arange(system.moment.shape[0]) % signs.shape[0]
    return jnp.asarray(signs, float)[columns][:, None] * system.polariser[None]


@eqx.filter_jit
def _settled(system, signs, relaxing):
    return rest(Landscape.of(system), collinear(system, signs), relaxing)[0]


@eqx.filter_jit
def _flips(system, m, groups, images, steps, relaxing):
    landscape, grains = Landscape.of(system), groups.shape[1]
    column = jnp.arange(system.moment.shape[0]) % grains
    start, at_rest = rest(landscape, lax.stop_gradient(m), relaxing)

    turned = jnp.where(groups[:, column, None], -start, start)
    # Strings fall side by side, which is one product of matrices in each step; Newton's
    # methods take turns, because each takes steps of its own number.
    fall = lambda m: lax.fori_loop(0, relaxing, lambda _, m: landscape.descend(m), m)
    end, good = lax.map(lambda m: landscape.settle(m, 0), jax.vmap(fall)(turned))
    down = lambda end: fallen(landscape, straight(start, end, images), steps)
    tops = jax.vmap(lambda end: top(landscape, down(end)))(end)
    saddle, found = lax.map(lambda m: landscape.settle(m, 1), tops)
    end, saddle, good = lax.stop_gradient((end, saddle, good & found & at_rest))
    signs = jax.vmap(lambda m: grain_signs(system, m, grains))(end)
    before = grain_signs(system, start, grains)
    moved = jnp.any(signs != before[None], 1)
    energy = jax.vmap(system.energy)
    over = lambda m: jnp.where(moved, energy(saddle) - energy(m), jnp.inf)
    return Flips(
        energy=over(jnp.broadcast_to(start, end.shape)),
        back=over(end),
        signs=signs,
        end=end,
        saddle=saddle,
        outcome=jax.vmap(_outcome)(good | ~moved),
    )


def _outcome(good):
    return Outcome.where(good, Outcome.successful, Outcome.not_converged)
