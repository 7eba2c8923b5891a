import itertools
from collections.abc import Collection
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
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
    digital: Collection[int] = (),
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
    - `digital`: Numbers of linear layers that stay as they are, in the order of the
        network's fields; negative from the last: `(0, -1)` keeps the first and the last.
    """
    layers = linear_layers(network)
    kept = chosen(digital, len(layers))
    placed = [layer for number, layer in enumerate(layers) if number not in kept]
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
    programmed = iter(_program(placed, actual, design, spec, wires, key) if placed else ())
    change = lambda number, layer: layer if number in kept else next(programmed)
    return ArrayNetwork(replace_linear(network, change))


def chosen(digital: Collection[int], layers: int) -> set[int]:
    """The numbers of the layers that stay digital, from 0; unknown ones are refused."""
    if any(not -layers <= number < layers for number in digital):
        raise ValueError(
            f"`digital` must be numbers of layers from {-layers} to {layers - 1}, "
            f"got {tuple(digital)}."
        )
    return {number % layers for number in digital}


@eqx.filter_jit
def _program(layers, actual, design, spec, wires, key) -> list[ArrayLinear]:
    """Linear layers on tiles of freshly programmed cells."""
    steps = [weight_step(layer.weight, spec.levels - 1) for layer in layers]
    numbers, targets = zip(
        *(
            to_levels(layer.weight.T, step, spec.levels - 1)
            for layer, step in zip(layers, steps, strict=True)
        ),
        strict=True,
    )
    tables = [actual] if design is None else [actual, design]
    pairs = _written(targets, tables, spec, key)
    pairs = [g.astype(numbers[0].dtype) for g in pairs]
    pairs = behind_wires(pairs, spec, wires)
    differences, held = pairs[: len(layers)], pairs[-len(layers) :]
    known = tables[-1]
    return [
        _layer(known, spec, *parts)
        for parts in zip(layers, steps, numbers, targets, differences, held, strict=True)
    ]


def _layer(known, spec, layer, step, number, target, difference, held) -> ArrayLinear:
    """One linear layer, given the effective conductances of its pairs."""
    held = jax.lax.stop_gradient(held)
    unit = jax.lax.stop_gradient(crossbar.step_conductance(known.conductance))
    unit = unit.astype(number.dtype)
    power = jnp.sum(held**2, axis=0)
    gain = jnp.sum(unit * target * held, axis=0) / jnp.where(power > 0, power, 1)
    slope = unit / jnp.where(gain != 0, gain, 1)
    difference += slope[None] * (number - jax.lax.stop_gradient(number))
    return ArrayLinear(
        to_tiles(difference, spec.tile, number.shape[1])[:, 0],
        gain * step / unit,
        _full_scale(held, spec.tile),
        layer.bias,
        number.shape[0],
        spec.dac_bits,
        spec.adc_bits,
    )


def _written(targets, tables, spec, key) -> list[Float[Array, "_ _ 2"]]:
    """Conductances of the differential pairs of every matrix, first with the first table.

    All cells are written at once, with the same draws for every table [S].
    """
    sides = [jnp.stack(crossbar.split(target), axis=-1).ravel() for target in targets]
    scheme = crossbar.OpenLoop(spec.levels)
    write = lambda table: crossbar.program(table, jnp.concatenate(sides), scheme, key=key)
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *tables)
    cells = jax.vmap(write)(stacked).conductance
    ends = list(itertools.accumulate(side.size for side in sides))
    parts = jnp.split(cells, ends[:-1], axis=1)
    return [
        part[number].reshape(*target.shape, 2)
        for number in range(len(tables))
        for part, target in zip(parts, targets, strict=True)
    ]


def behind_wires(
    matrices: list[Float[Array, "_ _ 2"]], spec: crossbar.Spec, wires: Wires
) -> list[Float[Array, "_ _"]]:
    """Effective conductance of each pair of each matrix [S].

    The tiles of all matrices are brought to one size (added cells do not conduct), so
    that one program solves them all.
    """
    tiled = [
        jax.vmap(lambda g: to_tiles(g, spec.tile, spec.tile // 2), -1, -1)(g)
        for g in matrices
    ]
    rows, columns = (max(t.shape[axis] for t in tiled) for axis in (2, 3))
    lines = []
    for t in tiled:
        down, across, m, n, _ = t.shape
        full = jnp.pad(t, ((0, 0), (0, 0), (rows - m, 0), (0, columns - n), (0, 0)))
        lines.append(full.reshape(down * across, rows, 2 * columns))
    solved = effective(jnp.concatenate(lines), spec.wire.astype(lines[0].dtype), wires)
    out = []
    for g, t in zip(matrices, tiled, strict=True):
        down, across, m, n, _ = t.shape
        mine, solved = solved[: down * across], solved[down * across :]
        mine = mine.reshape(down, across, rows, columns, 2)[:, :, rows - m :, :n]
        out.append(from_tiles(mine[..., 0] - mine[..., 1], *g.shape[:2]))
    return out


def _full_scale(difference, tile: int) -> Float[Array, ""]:
    """Largest current that a converter takes, over the voltage of the largest input [S].

    Twice the root mean square current of independent inputs that are all as large as
    the largest, or the largest current there can be if that is smaller.
    """
    rows = to_tiles(difference, tile, difference.shape[1])[:, 0]
    spread = 2 * jnp.sqrt(rows.shape[1] * jnp.mean(rows**2))
    return jnp.minimum(spread, jnp.max(jnp.sum(jnp.abs(rows), axis=1)))
