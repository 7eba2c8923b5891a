"""A network of signs on one chip of pairs of cells, rows driven by voltages."""

import functools
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float

from .... import compact, crossbar
from ..._ir_drop import Wires
from ..._layers import linear_layers, replace_linear
from ..._on_array import behind_wires
from ._networks import right


def cell(card, resistance: float, spread: float) -> compact.TableCell:
    """The two states of a junction, with the spread of devices and of writes [S]."""
    high = 1 / resistance
    levels = jnp.array([high / (1 + card.number("device.tmr")), high])
    return compact.TableCell(
        conductance=levels,
        cycle_std=card.number("device.write_noise") * levels,
        device_std=spread * levels,
    )


def written(network: Any, made: compact.TableCell, key) -> list[Float[Array, "_ _ 2"]]:
    """Conductances of the pairs of each layer of signs, written once [S]."""
    layers, table = linear_layers(network), made.levels(made.assign(2))
    pairs = []
    for layer, k in zip(layers, jr.split(key, len(layers)), strict=True):
        bits = (layer.weight.T > 0).astype(int)
        both = jnp.stack([bits, 1 - bits], axis=-1)
        found = crossbar.program(table, both, crossbar.OpenLoop(2), key=k)
        pairs.append(found.conductance.astype(layer.weight.dtype))
    return pairs


@eqx.filter_jit
def chip(network: Any, made, spec: crossbar.Spec, wires: Wires, key) -> tuple[Any, Any]:
    """The networks that a chip computes, exact because rows are driven by voltages.

    Each sign is a pair of cells. In the first, one nominal gain serves all columns; in
    the second every column has the gain that brings it nearest to the wanted weights.
    """
    table = made.levels(made.assign(2))
    pairs = written(network, made, key)
    found = behind_wires(pairs, spec, wires)
    unit = (table.conductance[1] - table.conductance[0]).astype(found[0].dtype)

    def place(number, layer, calibrated):
        wanted = layer.weight
        weight = jnp.max(jnp.abs(wanted)) * found[number].T / unit
        if calibrated:
            power = jnp.sum(weight**2, axis=1)
            gain = jnp.sum(weight * wanted, axis=1) / jnp.where(power > 0, power, 1)
            weight = gain[:, None] * weight
        return eqx.tree_at(lambda n: n.weight, layer, weight)

    plain, calibrated = (
        replace_linear(network, functools.partial(place, calibrated=c))
        for c in (False, True)
    )
    return plain, calibrated


def spec(card, lines: int, wire: Any) -> crossbar.Spec:
    """Tiles of one bit, ideal converters."""
    return crossbar.Spec(
        levels=2, tile=lines, wire=wire, read_voltage=card.number("array.read", "V")
    )


def score(card, network, test, *, resistance, spread, lines, wires, key) -> list[float]:
    """Accuracy of one chip, without and with calibration of its columns."""
    made = cell(card, resistance, spread)
    wire = jnp.asarray(card.number("array.wire", "Ohm"))
    placed = chip(network, made, spec(card, lines, wire), wires, key)
    return [float(right(n, *test)) for n in placed]
