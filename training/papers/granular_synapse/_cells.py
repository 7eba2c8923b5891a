"""Weights in pairs of cells of few bits, and how their variation makes weights vary."""

import enum
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .... import crossbar
from ..._layers import linear_layers, replace_linear
from .._card import Card


class Relative(enum.Enum):
    """What a rate of variation is relative to."""

    CONDUCTANCE = "own conductance"
    RANGE = "range, all states alike"
    PROFILE = "range, by the state as in our device"


def deviations(
    whole: Array,
    card: Card,
    relative: Relative,
    ratio: float,
    profile: Float[np.ndarray, " levels"],
) -> Float[np.ndarray, "outputs inputs"]:
    """Standard deviation of weights at a rate of one, in steps of the weights' grid.

    A weight is a pair of cells for every slice of its magnitude; cells vary independently
    and add up with the places of their slices, so that a weight's error is normal.

    **Arguments:**

    - `whole`: Whole numbers that the weights are.
    - `ratio`: On/off, highest over lowest conductance of a cell.
    - `profile`: Deviation of each level, the largest 1; for `Relative.PROFILE`.
    """
    bits, cell = card.count("network.weight_bits"), card.count("network.cell_bits")
    slices = np.asarray(crossbar.slice_weights(whole, bits, cell, crossbar.Coding.PAIRS))
    top = 2**cell - 1
    lowest = 1 / (ratio - 1)  # in units of the range
    match relative:
        case Relative.CONDUCTANCE:
            spread = lowest + slices / top
        case Relative.RANGE:
            spread = np.ones(slices.shape)
        case Relative.PROFILE:
            spread = profile[slices]
    place = top * 2.0 ** (cell * np.arange(len(slices)))
    return np.sqrt(np.sum((place[:, None, None, None] * spread) ** 2, (0, 1)))


class Sliced(eqx.Module):
    """A network whose weights are whole numbers times a scale for each output."""

    network: Any
    whole: list[Array]
    scale: list[Array]

    @classmethod
    def of(cls, network: Any, bits: int) -> "Sliced":
        """Limits by output and largest magnitude."""
        top = 2 ** (bits - 1) - 1
        layers = linear_layers(network)
        scale = [jnp.max(jnp.abs(l.weight), 1, keepdims=True) / top for l in layers]
        whole = [
            jnp.round(l.weight / s).astype(int) for l, s in zip(layers, scale, strict=True)
        ]
        return cls(network, whole, scale)

    def with_weights(self, weights: list[Array]) -> Any:
        """The network with these weights, in steps of the grid."""

        def one(number, layer):
            weight = (weights[number] * self.scale[number]).astype(layer.weight.dtype)
            return eqx.tree_at(lambda l: l.weight, layer, weight)

        return replace_linear(self.network, one)

    def exact(self) -> Any:
        """The network on the grid, without variation."""
        return self.with_weights([w.astype(float) for w in self.whole])


@eqx.filter_jit
def chip(
    sliced: Sliced, spread: list[Array], rate: Float[Array, ""], *, key: PRNGKeyArray
) -> Any:
    """One draw of all cells, at a rate of variation."""
    keys = jr.split(key, len(spread))
    drawn = [
        w + rate * s * jr.normal(k, s.shape, s.dtype)
        for w, s, k in zip(sliced.whole, spread, keys, strict=True)
    ]
    return sliced.with_weights(drawn)
