from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, Int, Key

from ._data import check_samples, count_classes
from ._metrics import accuracy
from ._scores import Scores


class Protocol(eqx.Module):
    """One evaluation for every method: the same images, and the same chips drawn.

    - `x`, `y`: what is classified, and its labels.
    - `keys`: one for each chip; methods that draw alike from a key share their chips.
    """

    x: Float[Array, "samples ..."]
    y: Int[Array, " samples"]
    keys: Key[Array, " chips"]

    @classmethod
    def of(cls, x: Any, y: Any, *, keys: Key[Array, " chips"]) -> "Protocol":
        """The protocol for images and labels, which are checked."""
        return cls(*check_samples(x, y), keys)

    def score(self, forward: Any, network: Any) -> Float[Array, " chips"]:
        """Accuracy on each chip of `forward(network, x, key)`, compiled once."""
        check_samples(self.x, self.y, count_classes(forward, network, self.x))
        return _score(self, forward, network)

    def compare(self, methods: Mapping[str, tuple[Any, Any]]) -> Scores:
        """The scores of several pairs of a forward pass and a network, by name.

        A forward pass is whatever `train` takes: `ThroughArray(cell, spec)`, `Quantised`,
        or `batched`, which draws nothing and scores the same on every chip.
        """
        rows = {name: self.score(*method) for name, method in methods.items()}
        return Scores(jnp.stack(list(rows.values())), tuple(rows), "chips")


@eqx.filter_jit
def _score(protocol, forward, network):
    def one(key):
        return accuracy(forward(network, protocol.x, key), protocol.y)

    return jax.lax.map(one, protocol.keys)
