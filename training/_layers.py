from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
from jaxtyping import Array, Float


def is_linear(node: Any) -> bool:
    """Whether a node of a network is a linear layer."""
    return isinstance(node, eqx.nn.Linear)


def linear_layers(network: Any) -> list[eqx.nn.Linear]:
    """The linear layers of a network, in the order of its fields."""
    nodes = jax.tree.leaves(network, is_leaf=is_linear)
    layers = [node for node in nodes if is_linear(node)]
    if not layers:
        raise ValueError("`network` must have at least one `equinox.nn.Linear`, got none.")
    return layers


def replace_linear(network: Any, change: Callable[[int, eqx.nn.Linear], Any]) -> Any:
    """The network with every linear layer changed; `change` gets its number and itself."""
    number = iter(range(len(linear_layers(network))))
    swap = lambda node: change(next(number), node) if is_linear(node) else node
    return jax.tree.map(swap, network, is_leaf=is_linear)


class _Recorder(eqx.Module):
    """A layer that hands what it is given to a function on the way."""

    layer: Any
    record: Callable = eqx.field(static=True)

    def __call__(self, x: Float[Array, "..."], *, key=None) -> Float[Array, "..."]:
        self.record(x)
        return self.layer(x, key=key)

    def on_rows(self, x: Float[Array, "rows inputs"]) -> Float[Array, "rows outputs"]:
        """All rows of a convolution at once: what is recorded must not leave a `vmap`."""
        self.record(x)
        return jax.vmap(self.layer)(x)


def layer_inputs(
    network: Any, x: Float[Array, "samples ..."]
) -> list[Float[Array, "samples ..."]]:
    """What each linear layer is given on the samples `x`, in the order of use.

    Of a convolution, the patches of each sample, shape `(samples, pixels, inputs)`.
    """

    def one(sample):
        seen: list[Array] = []
        recording = lambda _, layer: _Recorder(layer, seen.append)
        replace_linear(network, recording)(sample)
        return seen

    return jax.vmap(one, axis_name="batch")(x)
