from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jax import lax
from jaxtyping import Array, Bool, Float, Int, Num, PRNGKeyArray

from ..data import quantity, Scalar


class Programmed(eqx.Module):
    """What writing left in the cells, and what it cost.

    - `conductance`: reached [S].
    - `error`: of an independent read after writing, from the aim [S].
    - `pulses`: write pulses of each cell.
    - `success`: where the cell was verified; everywhere if nothing was.
    - `energy`: put into the cells by writing and verifying [J].
    - `time`: one pulse after the other; lines written side by side divide it [s].
    """

    conductance: Float[Array, "..."]
    error: Float[Array, "..."]
    energy: Scalar
    time: Scalar
    pulses: Int[Array, "..."]
    success: Bool[Array, "..."]

    @property
    def yielded(self) -> Scalar:
        """Fraction of cells that were verified."""
        return jnp.mean(self.success.astype(self.conductance.dtype))


class OpenLoop(eqx.Module):
    """One pulse a cell, without looking at what it did."""

    levels: int = eqx.field(static=True, default=4)
    """Levels that are asked of a cell; a table of levels has its own number."""
    width: Scalar = quantity("s", above=0, default=10e-9, doc="width of a write pulse")

    def __check_init__(self):
        _check_levels(self.levels)

    def write(self, table: Any, index: Array, aim: Array, *, key: PRNGKeyArray):
        """Draws what each cell holds after its pulse."""
        device, cycle = (jr.normal(k, index.shape, aim.dtype) for k in jr.split(key))
        reached = aim + table.device_std[index] * device + table.cycle_std[index] * cycle
        reached = jnp.maximum(reached, 0)
        energy = jnp.sum(table.voltage[index] ** 2 * reached) * self.width
        return Programmed(
            reached,
            reached - aim,
            energy,
            index.size * self.width,
            jnp.ones(index.shape, int),
            jnp.ones(index.shape, bool),
        )


class WriteVerify(eqx.Module):
    """Pulses until a read is within `tolerance` of the aim, or `attempts` are used up.

    Each pulse lands anew, around the device's own mean: one reset and one write. The
    error of the read times `correction` is taken off where the next pulse aims.
    """

    levels: int = eqx.field(static=True, default=4)
    """Levels that are asked of a cell; a table of levels has its own number."""
    attempts: int = eqx.field(static=True, default=20)
    tolerance: Scalar = quantity("S", above=0, doc="largest error of a read that passes")
    correction: Scalar = quantity(
        "1", lower=0, upper=1, default=0.0, doc="part of an error the next pulse corrects"
    )
    read_noise: Scalar = quantity(
        "S", lower=0, default=0.0, doc="standard deviation of one read"
    )
    width: Scalar = quantity("s", above=0, default=10e-9, doc="width of a write pulse")
    read_voltage: Scalar = quantity("V", lower=0, default=0.1, doc="while verifying")
    read_time: Scalar = quantity("s", lower=0, default=10e-9, doc="of one verification")

    def __check_init__(self):
        _check_levels(self.levels)
        if self.attempts < 1:
            raise ValueError(f"`attempts` must be at least 1, got {self.attempts}.")

    def write(self, table: Any, index: Array, aim: Array, *, key: PRNGKeyArray):
        """Writes and reads all cells side by side, each until it passes.

        The derivative is that of the expected level: what the last pulse added is held.
        """
        target = lax.stop_gradient(aim)
        once, loop, last = jr.split(key, 3)
        offset = table.device_std[index] * jr.normal(once, index.shape, aim.dtype)
        spread = table.cycle_std[index]
        draw = lambda key: jr.normal(key, index.shape, aim.dtype)

        def attempt(state, key):
            reached, moved, pulses, done = state
            k_write, k_read = jr.split(key)
            landed = jnp.maximum(moved + offset + spread * draw(k_write), 0)
            reached = jnp.where(done, reached, landed)
            error = reached + self.read_noise * draw(k_read) - target
            pulses = pulses + ~done
            energy = jnp.where(done, 0, reached)
            moved = moved - self.correction * error
            done = done | (jnp.abs(error) <= self.tolerance)
            return (reached, moved, pulses, done), jnp.sum(energy * volt2)

        volt2 = (
            table.voltage[index] ** 2 * self.width + self.read_voltage**2 * self.read_time
        )
        none = jnp.zeros(index.shape, bool)
        state = (target, target, jnp.zeros(index.shape, int), none)
        keys = jr.split(loop, self.attempts)
        state, energy = lax.scan(attempt, lax.stop_gradient(state), keys)
        reached, _, pulses, done = lax.stop_gradient(state)
        error = reached + self.read_noise * draw(last) - target
        return Programmed(
            aim + (reached - target),
            error,
            jnp.sum(energy),
            jnp.sum(pulses) * (self.width + self.read_time),
            pulses,
            done,
        )


def _check_levels(levels):
    if levels < 2:
        raise ValueError(f"`levels` must be at least 2, got {levels}.")


def program(
    cell: Any,
    target_levels: Num[Array, "..."],
    scheme: OpenLoop | WriteVerify,
    *,
    key: PRNGKeyArray,
) -> Programmed:
    r"""Writes the levels `target_levels` into cells, each a device of its own.

    $$G = \bar G_k + s_k^\text{device} z_1 + s_k^\text{cycle} z_2$$

    with standard normal $z$: the same draws move with the table, so conductances are
    differentiable in it. Levels may be floating (of `quantise`): their derivative is
    the mean slope of the table.

    **Arguments:**

    - `cell`: With `assign` and `levels` (see `mtjax.compact`), or a table of levels:
        `voltage`, `conductance`, `cycle_std`, `device_std` of the shape `(count,)`.
    - `target_levels`: Numbers of levels, 0 the lowest conductance; any shape.
    """
    table = cell.levels(cell.assign(scheme.levels)) if hasattr(cell, "assign") else cell
    count = table.conductance.shape[0]
    target = jnp.asarray(target_levels)
    index = lax.stop_gradient(jnp.round(target)).astype(int)
    index = eqx.error_if(
        index,
        (index < 0) | (index >= count),
        f"`target_levels` must be from 0 to {count - 1}, the levels of the cell.",
    )
    aim = table.conductance[index]
    if jnp.issubdtype(target.dtype, jnp.floating):
        slope = (table.conductance[-1] - table.conductance[0]) / (count - 1)
        aim = aim + slope * (target - lax.stop_gradient(target))
    return scheme.write(table, index, aim, key=key)


def nearest_levels(table: Any, conductance: Float[Array, "..."]) -> Int[Array, "..."]:
    """The level nearest to each conductance [S]; one out of the cell's range is refused."""
    low, high = table.conductance[0], table.conductance[-1]
    conductance = eqx.error_if(
        conductance,
        ~((conductance >= low) & (conductance <= high)),
        "`conductance` must be in the range of the cell, from its first level to its last.",
    )
    middle = (table.conductance[1:] + table.conductance[:-1]) / 2
    return jnp.searchsorted(middle, conductance)
