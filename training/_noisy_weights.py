from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray

from ..data import quantity, Scalar
from ._fast_normal import fast_normal
from ._layers import linear_layers, replace_linear


class NoisyWeights(eqx.Module):
    """A forward pass with noise on the weights: `forward` of `train`.

    In every step each weight is drawn anew, with a standard deviation that is a part of
    the largest weight of its tile. Knows nothing of a device; `Statistical` does.

    - `tile`: inputs and outputs that share their largest weight.
    - `ramp`: as in `ThroughArray`.
    """

    deviation: Scalar = quantity("1", lower=0, doc="of a weight, over the tile's largest")
    tile: int = eqx.field(static=True, default=128)
    ramp: float = eqx.field(static=True, default=0.0)

    def __call__(
        self, network: Any, x: Float[Array, "samples ..."], key: PRNGKeyArray
    ) -> Float[Array, "samples classes"]:
        keys = jr.split(key, len(linear_layers(network)))

        def noisy(number, layer):
            weight = layer.weight
            noise = fast_normal(keys[number], weight.shape).astype(weight.dtype)
            scale = self.deviation.astype(weight.dtype) * largest(weight, self.tile)
            return eqx.tree_at(lambda l: l.weight, layer, weight + scale * noise)

        return jax.vmap(replace_linear(network, noisy), axis_name="batch")(x)

    def at(self, share: Float[Array, ""]) -> "NoisyWeights":
        """The forward pass after the part `share` of the training, from 0 to 1."""
        if self.ramp == 0:
            return self
        grown = self.deviation * jnp.minimum(share / self.ramp, 1)
        return NoisyWeights(deviation=grown, tile=self.tile, ramp=self.ramp)


def largest(weight: Float[Array, "m n"], tile: int) -> Float[Array, "m n"]:
    """The largest magnitude of the tile that each weight is in; carries no derivative."""
    m, n = weight.shape
    down, across = -(-m // tile), -(-n // tile)
    magnitude = jnp.abs(jax.lax.stop_gradient(weight))
    padded = jnp.pad(magnitude, ((0, down * tile - m), (0, across * tile - n)))
    most = jnp.max(padded.reshape(down, tile, across, tile), axis=(1, 3), keepdims=True)
    return jnp.broadcast_to(most, (down, tile, across, tile)).reshape(padded.shape)[:m, :n]
