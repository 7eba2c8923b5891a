from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from .. import crossbar
from ._fast_normal import fast_normal
from ._layers import linear_layers, replace_linear
from ._levels import to_levels, weight_step
from ._on_array import chosen
from ._through_array import Spread


class StatisticalLinear(eqx.Module):
    """A linear layer whose weights are drawn from the distribution of their pairs."""

    weight: Float[Array, "outputs inputs"]
    full_scale: Float[Array, ""]
    bias: Float[Array, " outputs"] | None
    tile: int = eqx.field(static=True)
    dac_bits: int | None = eqx.field(static=True)
    adc_bits: int | None = eqx.field(static=True)

    def __call__(
        self, x: Float[Array, " inputs"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, " outputs"]:
        largest = jax.lax.stop_gradient(jnp.max(jnp.abs(x)))
        largest = jnp.where(largest > 0, largest, 1)
        drive = x / largest
        if self.dac_bits is not None:
            drive = jnp.sign(x) * crossbar.DAC(self.dac_bits)(jnp.abs(drive))
        adc = crossbar.ADC(self.adc_bits, low=-self.full_scale, high=self.full_scale)
        if self.adc_bits is None:
            number = self.weight @ drive
        else:
            number = _converted(self.weight, drive, adc, self.tile)
        y = number * largest
        return y if self.bias is None else y + self.bias


@eqx.filter_custom_jvp
def _converted(weight, drive, adc, tile):
    """What the converters make of the tiles, summed; straight-through as one product."""
    outputs, inputs = weight.shape
    tiles = -(-inputs // tile)
    rows = -(-inputs // tiles)
    missing = tiles * rows - inputs
    drive = jnp.pad(drive, (missing, 0)).reshape(tiles, rows)
    weight = jnp.pad(weight, ((0, 0), (missing, 0))).reshape(outputs, tiles, rows)
    return jnp.sum(adc(jnp.einsum("otr,tr->to", weight, drive)), axis=0)


@_converted.def_jvp
def _(primals, tangents):
    weight, drive, *_ = primals
    d_weight, d_drive, *_ = tangents
    change = jnp.zeros(weight.shape[0], weight.dtype)
    if d_weight is not None:
        change += d_weight @ drive
    if d_drive is not None:
        change += weight @ d_drive
    return _converted(*primals), change


class Statistical(eqx.Module):
    """A forward pass with weights as programming leaves them: `forward` of `train`.

    Statistics-aware training: in every step each weight is rounded to its level, and the
    difference of its pair is drawn from the mean and the spread that the cell's levels
    have, then read through the converters. No chip is built and no wire is solved, so a
    step takes little longer than one in float; `ThroughArray` is what it stands for.

    - `ramp`: as in `ThroughArray`.
    """

    cell: Any
    spec: crossbar.Spec
    ramp: float = eqx.field(static=True, default=0.0)
    digital: tuple[int, ...] = eqx.field(static=True, default=())

    def __call__(
        self, network: Any, x: Float[Array, "samples ..."], key: PRNGKeyArray
    ) -> Float[Array, "samples classes"]:
        table = self.cell.levels(jax.lax.stop_gradient(self.cell.assign(self.spec.levels)))
        layers = len(linear_layers(network))
        keys = jr.split(key, layers)
        kept = chosen(self.digital, layers)
        draw = lambda number, layer: (
            layer if number in kept else draw_layer(layer, table, self.spec, keys[number])
        )
        return jax.vmap(replace_linear(network, draw), axis_name="batch")(x)

    def at(self, share: Float[Array, ""]) -> "Statistical":
        """The forward pass after the part `share` of the training, from 0 to 1."""
        if self.ramp == 0:
            return self
        cell = Spread(self.cell, share / self.ramp)
        return Statistical(cell, self.spec, self.ramp, self.digital)


def draw_layer(
    layer: eqx.nn.Linear, table: Any, spec: crossbar.Spec, key: PRNGKeyArray
) -> StatisticalLinear:
    """A layer with its weights drawn; straight-through in the weights of `layer`."""
    weight, steps = layer.weight, spec.levels - 1
    held = jax.lax.stop_gradient(weight)
    step = weight_step(held, steps)
    _, target = to_levels(held, step, steps)
    magnitude, sign = jnp.abs(target), jnp.sign(target).astype(weight.dtype)
    unit = step / crossbar.step_conductance(table.conductance).astype(weight.dtype)
    value = (table.conductance - table.conductance[0]).astype(weight.dtype) * unit
    variance = (table.cycle_std**2 + table.device_std**2).astype(weight.dtype)
    # one pair: the level of the weight in one cell, the lowest in the other
    deviation = jnp.sqrt(variance + variance[0]) * unit
    drawn = sign * _select(value, magnitude)
    drawn += _select(deviation, magnitude) * fast_normal(key, weight.shape)
    full_scale = 2 * jnp.sqrt(spec.tile * jnp.mean(drawn**2))
    return StatisticalLinear(
        weight + jax.lax.stop_gradient(drawn - weight),
        jax.lax.stop_gradient(full_scale),
        layer.bias,
        spec.tile,
        spec.dac_bits,
        spec.adc_bits,
    )


def _select(table: Float[Array, " levels"], index: Array) -> Float[Array, "..."]:
    """Entries of a short table: sums over its steps vectorise, gathers do not."""
    found = jnp.full(index.shape, table[0])
    for level in range(1, table.shape[0]):
        found += jnp.where(index >= level, table[level] - table[level - 1], 0)
    return found
