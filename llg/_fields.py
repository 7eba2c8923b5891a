"""Loops and astroids: what a slow field does."""

from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jax import lax
from jaxtyping import Array, Float

from ..data import require_x64
from ._barrier import rest
from ._drives import Following, Follows
from ._junction import NO_LIMIT
from ._landscape import Landscape, unit
from ._local_terms import Zeeman
from ._microstructure import Microstructure
from ._numbers import check_count, check_direction, check_positive
from ._state import state_of
from ._system import System


class Loop(eqx.Module):
    """A quasi-static branch: states at rest that follow a field.

    - `field`: flux density along its direction [T].
    - `along`: mean magnetisation along the field, weighted by moment.
    - `cosine`: with the reference layer, averaged over the area.
    - `m`: the states, shape `(fields, spins, 3)`.
    """

    field: Float[Array, " fields"]
    along: Float[Array, " fields"]
    cosine: Float[Array, " fields"]
    m: Float[Array, "fields spins 3"]


def loop(
    system: System,
    field: Float[Array, " fields"],
    direction: Float[Array, "3"],
    m: Float[Array, "spins 3"],
    *,
    relaxing: int = 1000,
) -> Loop:
    """A branch of the hysteresis loop without noise: each state falls from the last.

    **Arguments:**

    - `field`: Applied flux densities in their order, shape `(fields,)` [T].
    - `direction`: Unit vector.
    - `m`: Where to start, shape `(spins, 3)`.
    - `relaxing`: Descents at each field, before Newton's method.
    """
    require_x64("A hysteresis loop")
    check_direction(direction, "direction")
    m = state_of(system, m)
    return _loop(system, field, direction, m, jnp.asarray(relaxing))


def switching_field(
    system: System,
    direction: Float[Array, "3"],
    m: Float[Array, "spins 3"],
    *,
    largest: float,
    fields: int = 64,
    relaxing: int = 1000,
) -> Float[Array, ""]:
    """Flux density along a direction at which a state first falls over [T].

    A state falls over where it moves further in one step of the field than in all steps
    before, half a radian of a spin at least; the step is then halved until it is
    `largest / fields / 2**20`. NaN if nothing falls over up to `largest`.

    **Arguments:**

    - `direction`: Unit vector, against the state.
    - `largest`: Where the field ends [T].
    - `fields`: Steps of the field.
    """
    require_x64("A switching field")
    check_positive(largest, "largest", "T")
    check_count(fields, "fields", 1)
    check_direction(direction, "direction")
    m = state_of(system, m)
    return _switching_field(
        system, direction, m, jnp.asarray(largest), fields, jnp.asarray(relaxing)
    )


class InField(eqx.Module):
    """A device whose pulse is a field: its amplitude of one volt is one tesla.

    For `llg.sweep`: a long `rise` is a field ramp, and `llg.SwitchingTime()` then gives
    the coercive field of each trial, `voltage * time / rise`. No current flows.
    """

    device: Any
    direction: Float[Array, "3"] = eqx.field(converter=jnp.asarray)

    def __check_init__(self):
        check_direction(self.direction, "direction")

    def system(self, sample: Microstructure) -> System:
        """The system of the device, with the field for its torque."""
        return in_field(self.device.system(sample), self.direction)

    def check(self, grains: Microstructure) -> None:
        """That of the device."""
        self.device.check(grains)


def in_field(system: System, direction: Float[Array, "3"]) -> System:
    """The system with a field for its pulse: an amplitude of one volt is one tesla."""
    direction = jnp.asarray(direction)
    check_direction(direction, "direction")
    b = jnp.tile(direction[None], (system.moment.shape[0], 1))
    drive = Following(Zeeman(b=b, moment=system.moment), follows=Follows.SOURCE)
    return eqx.tree_at(
        lambda s: (s.torque, s.drives, s.circuit.breakdown),
        system,
        (jnp.zeros_like(system.torque), (drive,), jnp.asarray(NO_LIMIT)),
    )


def _follow(system, direction, relaxing):
    """What follows a field: the state at rest in the next one."""
    landscape = Landscape.of(system)
    pull = (system.moment[:, None] * direction[None]).reshape(-1)

    def follow(m, b):
        there = eqx.tree_at(lambda f: f.slope, landscape, landscape.slope + b * pull)
        stiffer = 1 / (1 / landscape.step + jnp.abs(b))
        there = eqx.tree_at(lambda f: f.step, there, stiffer)
        # Off a point that is at rest by symmetry alone.
        aside = jnp.asarray([0.6, 0.8, 0.0])[None] + 0 * m
        return rest(there, unit(m + 1e-4 * aside), relaxing)[0]

    return follow


@eqx.filter_jit
def _loop(system, field, direction, m, relaxing):
    follow = _follow(system, direction, relaxing)

    def step(m, b):
        m = follow(m, b)
        return m, m

    states = lax.scan(step, m, field)[1]
    share = system.moment / jnp.sum(system.moment)
    return Loop(
        field=field,
        along=jnp.einsum("s,fsx,x->f", share, states, direction),
        cosine=jnp.einsum("s,fsx,x->f", system.weight, states, system.polariser),
        m=states,
    )


@eqx.filter_jit
def _switching_field(system, direction, m, largest, fields, relaxing):
    follow = _follow(system, direction, relaxing)
    m = follow(m, 0.0)
    moved = lambda a, b: jnp.max(jnp.linalg.norm(a - b, axis=1))

    def step(state):
        m, b, size, most, fell = state
        there = follow(m, b + size)
        far = moved(there, m)
        fell_now = far > jnp.maximum(0.5, 2 * most)
        keep = lambda yes, no: jnp.where(fell_now, yes, no)
        m = keep(m, there)
        b, size = keep(b, b + size), keep(size / 2, size)
        return m, b, size, keep(most, jnp.maximum(most, far)), fell | fell_now

    def more(state):
        _, b, size, _, fell = state
        inside = (b < largest) | fell
        return inside & (size > largest / fields * 2.0**-20)

    start = (m, jnp.asarray(0.0), largest / fields, jnp.asarray(0.0), jnp.asarray(False))
    _, b, size, _, fell = lax.while_loop(more, step, start)
    return jnp.where(fell, b + size, jnp.nan)
