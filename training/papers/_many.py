"""Training of many networks at once: one compiled epoch over a leading axis."""

from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, Int, Key

from .._metrics import accuracy, cross_entropy
from .._step import epoch, Rules, start


def stack(trees: Sequence[Any]) -> Any:
    """Trees that differ in their arrays only, along a leading axis."""
    arrays, static = zip(
        *(eqx.partition(tree, eqx.is_array) for tree in trees), strict=True
    )
    return eqx.combine(jax.tree.map(lambda *x: jnp.stack(x), *arrays), static[0])


def train_many(
    networks: Any,
    x: Float[Array, "units samples ..."],
    y: Int[Array, "units samples"],
    *,
    keys: Key[Array, " units"],
    epochs: int,
    batch: int,
    forward: Any,
    optimizer: Any,
    loss: Callable = cross_entropy,
    progress: Callable[[int, int], None] | None = None,
) -> Any:
    """Networks along a leading axis, each trained on its own samples by its own key."""
    rules = Rules(forward, loss, optimizer, None, batch, epochs)
    states = eqx.filter_vmap(lambda network: start(network, rules))(networks)
    for done in range(epochs):
        states = _epoch(states, x, y, keys, rules)
        if progress is not None:
            progress(done + 1, epochs)
    return states.network


@eqx.filter_jit
def _epoch(states, x, y, keys, rules):
    one = lambda state, x, y, key: epoch(state, x, y, key, rules)[0]
    return eqx.filter_vmap(one)(states, x, y, keys)


@eqx.filter_jit
def score_many(
    networks: Any,
    x: Float[Array, "units samples ..."],
    y: Int[Array, "units samples"],
    *,
    keys: Key[Array, " units"],
    forward: Any,
) -> Float[Array, " units"]:
    """Accuracy of each network on its own samples."""

    def one(network, x, y, key):
        return accuracy(forward(network, x, jr.split(key)[0]), y)

    return eqx.filter_vmap(one)(networks, x, y, keys)
