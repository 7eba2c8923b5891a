from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jax import lax
from jaxtyping import Array, Float, Num, PRNGKeyArray

from ..data import quantity, Scalar


class Programmed(eqx.Module):
    """What writing left in the cells, and what it cost.

    - `conductance`, `error`: reached, and its difference from the aim [S].
    - `energy`: put into the cells while writing [J].
    - `time`: a pulse after the other; lines written side by side divide it [s].
    """

    conductance: Float[Array, "..."]
    error: Float[Array, "..."]
    energy: Scalar
    time: Scalar


class OpenLoop(eqx.Module):
    """One pulse a cell, without looking at what it did."""

    levels: int = eqx.field(static=True, default=4)
    """Levels that are asked of a cell; a table of levels has its own number."""
    width: Scalar = quantity("s", above=0, default=10e-9, doc="width of a write pulse")


def program(
    cell: Any, target_levels: Num[Array, "..."], scheme: OpenLoop, *, key: PRNGKeyArray
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
    device, cycle = (jr.normal(k, target.shape, aim.dtype) for k in jr.split(key))
    reached = aim + table.device_std[index] * device + table.cycle_std[index] * cycle
    reached = jnp.maximum(reached, 0)
    energy = jnp.sum(table.voltage[index] ** 2 * reached) * scheme.width
    return Programmed(reached, reached - aim, energy, target.size * scheme.width)
