from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ._layers import layer_inputs, replace_linear
from ._observers import observe, Observer
from ._quantised import QuantisedLinear


def quantise(
    network: Any,
    levels: int,
    *,
    observer: Observer = Observer.MSE,
    per_channel: bool = True,
    input_levels: int | None = None,
    calibration: Float[Array, "samples ..."] | None = None,
) -> Any:
    """The trained network with its linear layers on a grid (PTQ); nothing is trained.

    **Arguments:**

    - `levels`: Of a weight, at least 2.
    - `observer`: How each limit is chosen.
    - `per_channel`: One limit for each output, or one for the layer.
    - `input_levels`: Of what enters each layer; needs `calibration`.
    - `calibration`: Inputs of the network, without labels, shape `(samples, ...)`.
    """
    if levels < 2:
        raise ValueError(f"`levels` must be at least 2, got {levels}.")
    limits: list[Any] = []
    if input_levels is not None:
        if calibration is None:
            raise ValueError("`calibration` must be given with `input_levels`, got none.")
        seen = layer_inputs(network, calibration)
        limits = [jnp.asarray(observe(x, input_levels, observer), x.dtype) for x in seen]

    def on_grid(number, layer):
        weight = np.asarray(layer.weight)
        groups = weight if per_channel else weight.reshape(1, -1)
        limit = np.array([[observe(group, levels, observer)] for group in groups])
        return QuantisedLinear(
            layer,
            jnp.asarray(limit, layer.weight.dtype),
            limits[number] if limits else None,
            levels,
            input_levels,
        )

    return replace_linear(network, on_grid)
