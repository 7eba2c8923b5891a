"""A trained network with weights, and inputs of its layers, on the levels of a device."""

import dataclasses
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from .._layers import layer_inputs, linear_layers, replace_linear
from .._normalisation import estimate_statistics
from .._observers import observe, Observer
from .._ptq import quantise
from .._quantised import QuantisedLinear


_SAMPLED = 100_000


@dataclasses.dataclass(frozen=True)
class Grid:
    """How a network is put on a grid without training (post-training quantisation)."""

    levels: int
    observer: Observer
    per_channel: bool
    inputs: bool = False
    again: bool = False

    def __str__(self) -> str:
        parts = [f"{self.levels} levels", "channel" if self.per_channel else "tensor"]
        parts.append(self.observer.value)
        return ", ".join(
            parts + self.inputs * ["8-bit inputs"] + self.again * ["re-estimated"]
        )


def input_limits(
    network: Any, x: Float[Array, "samples ..."]
) -> dict[Observer, list[float]]:
    """The limit of what enters each layer, by each observer.

    The largest magnitude is that of all samples; the others are of 100,000 of the numbers.
    """
    generator = np.random.default_rng(0)
    largest: list[float] = []
    kept: list[list[np.ndarray]] = []
    seen = eqx.filter_jit(layer_inputs)
    parts = [x[i : i + 100] for i in range(0, len(x), 100)]
    for part in parts:
        for number, values in enumerate(seen(network, part)):
            flat = np.abs(np.asarray(values)).ravel()
            if number == len(kept):
                kept.append([])
                largest.append(0.0)
            largest[number] = max(largest[number], float(flat.max()))
            kept[number].append(generator.choice(flat, _SAMPLED // len(parts)))
    limits = {Observer.MIN_MAX: largest}
    for observer in Observer:
        if observer is not Observer.MIN_MAX:
            limits[observer] = [
                observe(np.concatenate(values), 256, observer) for values in kept
            ]
    return limits


def on_levels(network: Any, levels: int, observer: Observer, per_channel: bool) -> Any:
    """The network with its weights rounded, as `training.quantise` leaves it."""
    return quantise(network, levels, observer=observer, per_channel=per_channel)


def put(
    network: Any,
    grid: Grid,
    limits: dict[Observer, list[float]],
    calibration: Float[Array, "samples ..."],
    *,
    rounded: Any = None,
) -> Any:
    """The network on a grid; `rounded` is what `on_levels` gave for it, if it is known.

    What enters the first layer is signed and has 255 levels; the others are given what a
    rectifier leaves, which has 256.
    """
    if rounded is None:
        rounded = on_levels(network, grid.levels, grid.observer, grid.per_channel)
    number = iter(range(len(linear_layers(network))))

    def layer(quantised):
        at = next(number)
        weights = eqx.tree_at(lambda l: l.weight, quantised.layer, quantised.weight())
        if not grid.inputs:
            return weights
        limit = jnp.asarray(limits[grid.observer][at], weights.weight.dtype)
        return GridInputs(weights, limit, limit / (255 if at else 127))

    rounded = _each(rounded, layer)
    return estimate_statistics(rounded, calibration) if grid.again else rounded


class GridInputs(eqx.Module):
    """A linear layer whose inputs are rounded to multiples of a step up to a limit."""

    layer: eqx.nn.Linear
    limit: Float[Array, ""]
    step: Float[Array, ""]

    def __call__(self, x: Float[Array, " inputs"]) -> Float[Array, " outputs"]:
        inside = jnp.clip(x, -self.limit, self.limit)
        return self.layer(jnp.round(inside / self.step) * self.step)


def _each(network, change):
    is_quantised = lambda node: isinstance(node, QuantisedLinear)
    swap = lambda node: change(node) if is_quantised(node) else node
    return jax.tree.map(swap, network, is_leaf=is_quantised)


@eqx.filter_jit
def noisy(clean: Any, share: Float[Array, ""], *, key: PRNGKeyArray) -> Any:
    """A chip: each weight off by `share` of the range of its row of the grid.

    The range is twice the largest magnitude of the row: a grid of least error, of limits
    within the weights, is reached by at least one of them.
    """
    keys = jr.split(key, len(linear_layers(clean)))

    def one(number, layer):
        weight = layer.weight
        noise = jr.normal(keys[number], weight.shape, weight.dtype)
        full = 2 * jnp.max(jnp.abs(weight), 1, keepdims=True)
        weight = weight + share.astype(weight.dtype) * full * noise
        return eqx.tree_at(lambda l: l.weight, layer, weight)

    return replace_linear(clean, one)


@eqx.filter_jit
def rounded_at_random(network: Any, levels: int, *, key: PRNGKeyArray) -> Any:
    """Weights on the grid of the largest magnitude of each row, up or down by chance.

    The chance is the distance, so that the mean is the weight: no bias, more noise.
    """
    keys = jr.split(key, len(linear_layers(network)))

    def one(number, layer):
        limit = jnp.max(jnp.abs(layer.weight), 1, keepdims=True)
        half = (levels - 1) / 2
        place = layer.weight / limit * half + half
        up = jr.uniform(keys[number], place.shape, place.dtype) < place - jnp.floor(place)
        rounded = jnp.floor(place) + up
        return eqx.tree_at(lambda l: l.weight, layer, (rounded - half) / half * limit)

    return replace_linear(network, one)
