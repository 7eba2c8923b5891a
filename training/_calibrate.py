from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from .. import crossbar
from ._array_linear import ArrayLinear
from ._layers import layer_inputs, linear_layers
from ._on_array import ArrayNetwork


def calibrate(
    chip: ArrayNetwork,
    network: Any,
    x: Float[Array, "samples ..."],
    *,
    quantile: float = 0.999,
    columns: bool = True,
    rows: int = 4096,
) -> ArrayNetwork:
    """The chip with its ranges, gains and offsets set for what `network` is given.

    Of each layer on the array: the range of the input converters holds the part
    `quantile` of the magnitudes that enter it, the range of the output converters that
    of the currents, and each column gets the digital gain and offset with which the
    layer is nearest to that of `network` (least squares). Needs no labels, and no
    weight is written. What is found are arrays of the chip: saved with it.

    **Arguments:**

    - `network`: What was programmed.
    - `x`: A few hundred inputs, not from the test set.
    - `columns`: Whether gains and offsets are set; otherwise only the ranges.
    - `rows`: Largest number of inputs of a layer that are looked at: a convolution has
        one for each pixel.
    """
    if not 0 < quantile <= 1:
        raise ValueError(f"`quantile` must be above 0, at most 1, got {quantile}.")
    layers = iter(zip(linear_layers(network), layer_inputs(network, x), strict=True))

    def change(node):
        layer, seen = next(layers)
        if not isinstance(node, ArrayLinear):
            return node
        seen = seen.reshape(-1, seen.shape[-1])
        return _calibrate(node, layer, seen[:: -(-len(seen) // rows)], quantile, columns)

    is_layer = lambda node: isinstance(node, (ArrayLinear, eqx.nn.Linear))
    return jax.tree.map(
        lambda node: change(node) if is_layer(node) else node, chip, is_leaf=is_layer
    )


@eqx.filter_jit
def _calibrate(node, layer, x, quantile, columns) -> ArrayLinear:
    """One layer, for the inputs `x`."""
    range_ = jnp.quantile(jnp.abs(x), quantile)
    range_ = jnp.where(range_ > 0, range_, 1)
    ranged = eqx.tree_at(
        lambda n: n.input_range, node, range_, is_leaf=lambda leaf: leaf is None
    )
    currents = jax.vmap(ranged.currents)(x)
    full_scale = crossbar.converter_range(currents.reshape(len(x), -1), quantile)
    full_scale = jnp.where(full_scale > 0, full_scale, node.full_scale)
    ranged = eqx.tree_at(lambda n: n.full_scale, ranged, full_scale)
    if not columns:
        return ranged
    affine = crossbar.calibrate(jax.vmap(ranged)(x), jax.vmap(layer)(x))
    bias = 0 if node.bias is None else node.bias
    return eqx.tree_at(
        lambda n: (n.scale, n.bias),
        ranged,
        (node.scale * affine.gain, affine.gain * bias + affine.offset),
        is_leaf=lambda leaf: leaf is None,
    )


def off_array(chip: ArrayNetwork) -> Any:
    """The network that a chip computes, as ordinary linear layers; converters left out."""

    def layer(node):
        matrix = node.conductance * node.scale[None, None]
        matrix = matrix.reshape(-1, node.scale.shape[0])
        matrix = matrix[len(matrix) - node.inputs :].T
        outputs, with_bias = len(matrix), node.bias is not None
        blank = eqx.nn.Linear(
            node.inputs,
            outputs,
            use_bias=with_bias,
            dtype=matrix.dtype,
            key=jax.random.key(0),
        )
        if not with_bias:
            return eqx.tree_at(lambda n: n.weight, blank, matrix)
        return eqx.tree_at(lambda n: (n.weight, n.bias), blank, (matrix, node.bias))

    is_array = lambda node: isinstance(node, ArrayLinear)
    return jax.tree.map(
        lambda n: layer(n) if is_array(n) else n, chip.network, is_leaf=is_array
    )
