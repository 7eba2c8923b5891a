from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.random as jr
from jaxtyping import Array, Float, PRNGKeyArray


class Perceptron(eqx.Module):
    """Linear layers with an activation between them (none after the last)."""

    layers: tuple[eqx.nn.Linear, ...]
    activation: Callable = eqx.field(static=True)

    def __call__(
        self, x: Float[Array, " inputs"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, " outputs"]:
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)


def mlp(
    sizes: Sequence[int],
    *,
    key: PRNGKeyArray,
    activation: Callable = jax.nn.relu,
    dtype: Any = None,
) -> Perceptron:
    """A multilayer perceptron with the layer widths `sizes`, inputs first.

    Two sizes make the single-layer perceptron. Weights are drawn as `equinox.nn.Linear`
    draws them (uniform within `1 / sqrt(inputs)`).

    **Arguments:**

    - `sizes`: Such as `(64, 32, 10)`; at least two.
    - `activation`: Applied between the layers.
    - `dtype`: Of the weights; JAX's default float if left out.
    """
    if len(sizes) < 2 or min(sizes) < 1:
        raise ValueError(f"`sizes` must be two or more positive widths, got {sizes}.")
    keys = jr.split(key, len(sizes) - 1)
    return Perceptron(
        tuple(
            eqx.nn.Linear(m, n, dtype=dtype, key=k)
            for m, n, k in zip(sizes[:-1], sizes[1:], keys, strict=True)
        ),
        activation,
    )
