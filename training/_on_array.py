from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jax.core import Tracer
from jaxtyping import Array, Float, PRNGKeyArray

from .. import crossbar
from ._array_linear import ArrayLinear
from ._ir_drop import effective, Wires
from ._layers import linear_layers, replace_linear
from ._levels import to_levels, weight_step
from ._tiles import from_tiles, to_tiles


class ArrayNetwork(eqx.Module):
    """A network on one programmed chip: its linear layers are `ArrayLinear`."""

    network: Any

    def __call__(self, x: Float[Array, "..."], **keywords) -> Float[Array, "..."]:
        return self.network(x, **keywords)


def on_array(
    network: Any,
    cell: Any,
    spec: crossbar.Spec,
    *,
    key: PRNGKeyArray,
    table: Any = None,
    wires: Wires = Wires.EXACT,
) -> ArrayNetwork:
    """Programs the linear layers of a network into crossbars: one key is one chip.

    Each weight is rounded to an integer level, held by a differential pair of cells
    that are programmed once, with the spread of the cell's levels. The wires of each
    tile are solved once, so that a data set is a matrix product. Biases and everything
    between the layers are digital.

    What the digital side knows is the design: the scale of a level, the gain of each
    column (least squares, measured on this chip) and the full scale of the converters
    are those of `table` and are held. So the derivative is

    - with respect to the network's weights: straight-through, as if each weight were
      programmed as it is;
    - with respect to the cell: exact at held weights, levels, voltages and calibration.

    **Arguments:**

    - `network`: Any `equinox` module with `equinox.nn.Linear` layers in it.
    - `cell`: Has `assign(count)` and `levels(voltages)`, such as `compact.TableCell`.
    - `spec`: Sizes, wires and converters.
    - `table`: The levels that were designed for, by default those of `cell` itself. With
      it held, the loss is a smooth function of the cell.
    - `wires`: How exactly the wires are solved.
    """
    keys = jr.split(key, len(linear_layers(network)))
    if spec.tile < 2:
        raise ValueError(f"`spec.tile` must be at least 2, one pair, got {spec.tile}.")
    if table is None:
        design = None
        actual = cell.levels(jax.lax.stop_gradient(cell.assign(spec.levels)))
    else:
        design = jax.lax.stop_gradient(table)
        actual = cell.levels(design.voltage)
    if not isinstance(spec.wire, Tracer) and float(spec.wire) == 0:
        wires = Wires.NONE  # what every choice gives, without a solve
    program = lambda number, layer: _program(
        layer, actual, design, spec, wires, keys[number]
    )
    return ArrayNetwork(replace_linear(network, program))


@eqx.filter_jit
def _program(layer, actual, design, spec, wires, key) -> ArrayLinear:
    """One linear layer on tiles of freshly programmed cells."""
    weight = layer.weight.T
    steps = spec.levels - 1
    step = weight_step(weight, steps)
    number, target = to_levels(weight, step, steps)
    pairs = lambda table: _pairs(target, table, spec, wires, key, weight.dtype)
    difference = pairs(actual)
    held, known = (difference, actual) if design is None else (pairs(design), design)
    held = jax.lax.stop_gradient(held)
    unit = jax.lax.stop_gradient(crossbar.step_conductance(known.conductance))
    unit = unit.astype(weight.dtype)
    power = jnp.sum(held**2, axis=0)
    gain = jnp.sum(unit * target * held, axis=0) / jnp.where(power > 0, power, 1)
    slope = unit / jnp.where(gain != 0, gain, 1)
    difference += slope[None] * (number - jax.lax.stop_gradient(number))
    return ArrayLinear(
        to_tiles(difference, spec.tile, weight.shape[1])[:, 0],
        gain * step / unit,
        _full_scale(held, spec.tile),
        layer.bias,
        weight.shape[0],
        spec.dac_bits,
        spec.adc_bits,
    )


def _pairs(target, table, spec, wires, key, dtype) -> Float[Array, "m n"]:
    """Effective conductance of each differential pair, wires included [S]."""
    sides = jnp.stack(crossbar.split(target))
    scheme = crossbar.OpenLoop(spec.levels)
    cells = crossbar.program(table, sides, scheme, key=key).conductance
    tiles = [to_tiles(g.astype(dtype), spec.tile, spec.tile // 2) for g in cells]
    down, across, rows, columns = tiles[0].shape
    lines = jnp.stack(tiles, axis=-1).reshape(down * across, rows, 2 * columns)
    lines = effective(lines, spec.wire.astype(dtype), wires)
    lines = lines.reshape(down, across, rows, columns, 2)
    return from_tiles(lines[..., 0] - lines[..., 1], *target.shape)


def _full_scale(difference, tile: int) -> Float[Array, ""]:
    """Largest current that a converter takes, over the voltage of the largest input [S].

    Twice the root mean square current of independent inputs that are all as large as
    the largest, or the largest current there can be if that is smaller.
    """
    rows = to_tiles(difference, tile, difference.shape[1])[:, 0]
    spread = 2 * jnp.sqrt(rows.shape[1] * jnp.mean(rows**2))
    return jnp.minimum(spread, jnp.max(jnp.sum(jnp.abs(rows), axis=1)))
