"""Network layers on tiles of sliced pairs whose columns are converted."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from .... import crossbar
from ..._layers import layer_inputs, replace_linear
from .._card import Card
from ._cells import Sliced


class Converted(eqx.Module):
    """A linear layer on tiles of sliced pairs, bit-serial, each column converted.

    A pair's difference is taken before the converter, whose range is what calibration
    images need. Inputs are what a rectifier leaves, of so many bits up to `top`.
    """

    slices: Float[Array, "tiles rows columns"]
    limit: Float[Array, "tiles columns"]
    codes: Float[Array, ""]  # to each side of zero; infinite without a converter
    place: Float[Array, " slices"]
    scale: Float[Array, " outputs"]
    bias: Float[Array, " outputs"]
    top: Float[Array, ""]
    bits: int = eqx.field(static=True)

    def on_rows(self, x: Float[Array, "p inputs"]) -> Float[Array, "p outputs"]:
        """All patches at once."""
        tiles, rows, _ = self.slices.shape
        step = self.top / (2**self.bits - 1)
        whole = jnp.clip(jnp.round(x / step), 0, 2**self.bits - 1)
        whole = jnp.pad(whole, ((0, 0), (0, tiles * rows - x.shape[1])))
        whole = whole.reshape(len(x), tiles, rows)

        def plane(total, k):
            on = jnp.floor(whole / 2.0**k) % 2
            counts = jnp.einsum("ptr,trc->ptc", on, self.slices)
            lsb = self.limit / jnp.where(jnp.isinf(self.codes), 1, self.codes)
            seen = jnp.clip(jnp.round(counts / lsb[None]), -self.codes, self.codes - 1)
            seen = seen * lsb[None]
            seen = jnp.where(jnp.isinf(self.codes), counts, seen)
            return total + 2.0**k * jnp.sum(seen, 1), None

        zero = jnp.zeros((len(x), self.slices.shape[2]), x.dtype)
        total, _ = jax.lax.scan(plane, zero, jnp.arange(self.bits).astype(x.dtype))
        by_slice = total.reshape(len(x), len(self.place), -1)
        whole = jnp.einsum("psn,s->pn", by_slice, self.place)
        return whole * (step * self.scale)[None] + self.bias[None]

    def __call__(self, x: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
        return self.on_rows(x[None])[0]


def on_tiles(network: Any, card: Card, cell_bits: int, calibration: Array) -> Any:
    """The network with all layers but the first on tiles, without converters."""
    bits, rows = card.count("network.weight_bits"), card.count("cost.tile")
    planes = card.count("cost.input_bits")
    sliced = Sliced.of(network, bits)
    seen = layer_inputs(network, calibration)
    generator = np.random.default_rng(0)

    def one(number, layer):
        if number == 0:  # its inputs are signed: stays digital
            return layer
        parts = crossbar.slice_weights(
            sliced.whole[number], bits, cell_bits, crossbar.Coding.PAIRS
        )
        signed = np.asarray(parts[:, 0] - parts[:, 1], np.float32)  # slices, n, m
        outputs, inputs = layer.weight.shape
        tiles = -(-inputs // rows)
        columns = signed.transpose(2, 0, 1).reshape(inputs, -1)
        columns = np.pad(columns, ((0, tiles * rows - inputs), (0, 0)))
        columns = columns.reshape(tiles, rows, -1)
        x = np.asarray(seen[number]).reshape(-1, inputs)
        top = float(x.max()) or 1.0
        x = x[generator.choice(len(x), min(2000, len(x)), replace=False)]
        whole = np.round(np.clip(x, 0, top) / top * (2**planes - 1)).astype(int)
        whole = np.pad(whole, ((0, 0), (0, tiles * rows - inputs)))
        whole = whole.reshape(-1, tiles, rows)
        largest = np.ones((tiles, columns.shape[2]), np.float32)
        for k in range(planes):
            counts = np.einsum(
                "ptr,trc->ptc",
                ((whole >> k) & 1).astype(np.float32),
                columns,
                optimize=True,
            )
            largest = np.maximum(largest, np.abs(counts).max(0))
        # One range for the columns of a slice on a tile, as converters are shared.
        shared = largest.reshape(tiles, len(signed), outputs).max(2, keepdims=True)
        limit = np.broadcast_to(shared, (tiles, len(signed), outputs)).reshape(tiles, -1)
        bias = jnp.zeros(outputs) if layer.bias is None else layer.bias
        as_float = lambda v: jnp.asarray(v, jnp.float32)
        return Converted(
            as_float(columns),
            as_float(limit),
            as_float(np.inf),
            as_float(2.0 ** (cell_bits * np.arange(len(signed)))),
            as_float(sliced.scale[number][:, 0]),
            as_float(bias),
            as_float(top),
            planes,
        )

    return replace_linear(network, one)


def with_bits(network: Any, bits: int | None) -> Any:
    """The same with converters of so many bits, or ideal ones."""
    codes = jnp.asarray(np.inf if bits is None else 2.0 ** (bits - 1), jnp.float32)
    is_layer = lambda node: isinstance(node, Converted)
    swap = lambda n: eqx.tree_at(lambda l: l.codes, n, codes) if is_layer(n) else n
    return jax.tree.map(swap, network, is_leaf=is_layer)
