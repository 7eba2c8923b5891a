from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._convolution import Convolution


EPSILON = 1e-5


class BatchNorm(eqx.Module):
    r"""Normalisation of each channel over the batch, $\gamma (x - \mu) / \sigma + \beta$.

    `live`: mean and variance are those of the batch (and the image); it must run under
    `vmap(..., axis_name="batch")`, as `train` and `batched` do. Otherwise they are the
    stored ones, which `estimate_statistics` sets.
    """

    scale: Float[Array, " channels"]
    shift: Float[Array, " channels"]
    mean: Float[Array, " channels"]
    variance: Float[Array, " channels"]
    live: bool = eqx.field(static=True, default=True)

    def statistics(self, x: Float[Array, "*image channels"]) -> tuple[Array, Array]:
        """Mean and variance that this layer divides out."""
        if not self.live:
            return self.mean, self.variance
        axes = tuple(range(x.ndim - 1))
        mean = jax.lax.pmean(jnp.mean(x, axis=axes), "batch")
        centred = x - jnp.expand_dims(mean, axes)
        return mean, jax.lax.pmean(jnp.mean(centred**2, axis=axes), "batch")

    def __call__(self, x: Float[Array, "*image channels"]) -> Float[Array, "..."]:
        wide = lambda v: jnp.expand_dims(v, tuple(range(x.ndim - 1)))
        mean, variance = self.statistics(x)
        factor = self.scale / jnp.sqrt(variance + EPSILON)
        return (x - wide(mean)) * wide(factor) + wide(self.shift)


def batch_norm(channels: int) -> BatchNorm:
    """A live normalisation that leaves standardised channels as they are."""
    one, zero = jnp.ones(channels), jnp.zeros(channels)
    return BatchNorm(one, zero, zero, one)


class NormedConvolution(eqx.Module):
    """A convolution without bias, followed by a normalisation (or one that is folded)."""

    convolution: Convolution
    norm: BatchNorm | None

    def __call__(self, x: Float[Array, "h w inputs"]) -> Float[Array, "h2 w2 outputs"]:
        x = self.convolution(x)
        return x if self.norm is None else self.norm(x)


class _Recorder(eqx.Module):
    """A live normalisation that hands its statistics to a function on the way."""

    norm: BatchNorm
    record: Callable = eqx.field(static=True)

    def __call__(self, x: Float[Array, "..."]) -> Float[Array, "..."]:
        self.record(self.norm.statistics(x))
        return self.norm(x)


def estimate_statistics(network: Any, x: Float[Array, "samples ..."]) -> Any:
    """The network with the statistics of its normalisations taken on `x`, and held.

    Needs no labels. After a chip is programmed, its own activations are taken:
    `estimate_statistics(on_array(...), x)`.
    """
    found = iter(_statistics(network, x))

    def hold(norm):
        mean, variance = (v[0] for v in next(found))
        return BatchNorm(norm.scale, norm.shift, mean, variance, live=False)

    return _replace(network, hold)


@eqx.filter_jit
def _statistics(network: Any, x: Float[Array, "samples ..."]) -> list[Any]:
    """Mean and variance that enter each normalisation, on the batch `x`."""

    def one(sample):
        seen: list[Any] = []
        live = lambda norm: BatchNorm(norm.scale, norm.shift, norm.mean, norm.variance)
        _replace(network, lambda norm: _Recorder(live(norm), seen.append))(sample)
        return seen

    return jax.vmap(one, axis_name="batch")(x)


def fold(network: Any) -> Any:
    r"""The network with each held normalisation inside the convolution before it.

    $$W' = \gamma W / \sigma, \quad b' = \beta - \gamma \mu / \sigma$$
    """

    def merge(node):
        norm, convolution = node.norm, node.convolution
        if norm is None:
            return node
        if norm.live:
            raise ValueError("`network` must have held statistics, they are live.")
        factor = norm.scale / jnp.sqrt(norm.variance + EPSILON)
        linear = convolution.linear
        bias = 0 if linear.bias is None else linear.bias
        with_bias = eqx.nn.Linear(
            linear.in_features, linear.out_features, key=jax.random.key(0)
        )
        folded = eqx.tree_at(
            lambda layer: (layer.weight, layer.bias),
            with_bias,
            (linear.weight * factor[:, None], (bias - norm.mean) * factor + norm.shift),
        )
        convolution = eqx.tree_at(lambda c: c.linear, convolution, folded)
        return NormedConvolution(convolution, None)

    is_pair = lambda node: isinstance(node, NormedConvolution)
    return jax.tree.map(lambda n: merge(n) if is_pair(n) else n, network, is_leaf=is_pair)


def _replace(network, change):
    is_norm = lambda node: isinstance(node, BatchNorm)
    return jax.tree.map(lambda n: change(n) if is_norm(n) else n, network, is_leaf=is_norm)
