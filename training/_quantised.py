from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float, PRNGKeyArray

from ._grid import Rounding, to_grid, weight_limit
from ._layers import replace_linear


class QuantisedLinear(eqx.Module):
    r"""A linear layer whose weights, and inputs if asked, lie on a grid.

    $$y = Q_{L}(W)\, Q_{A}(x) + b$$

    - `limit`: of the weights' grid, one for each output or a single one.
    - `input_limit`: of the inputs' grid; the largest magnitude of the sample if `None`.
    """

    layer: eqx.nn.Linear
    limit: Float[Array, "outputs_or_one 1"] | None
    input_limit: Float[Array, ""] | None
    levels: int = eqx.field(static=True)
    input_levels: int | None = eqx.field(static=True, default=None)
    rounding: Rounding = eqx.field(static=True, default=Rounding.STRAIGHT_THROUGH)

    def weight(self) -> Float[Array, "outputs inputs"]:
        """The weights on their grid; beyond its limit the derivative is one."""
        weight, limit = self.layer.weight, self.limit
        if limit is None:
            limit = weight_limit(weight, self.levels)[None, None]
        beyond = weight - jnp.clip(weight, -limit, limit)
        rounded = to_grid(weight, limit, self.levels, self.rounding)
        return rounded + beyond - jax.lax.stop_gradient(beyond)

    def __call__(
        self, x: Float[Array, " inputs"], *, key: PRNGKeyArray | None = None
    ) -> Float[Array, " outputs"]:
        if self.input_levels is not None:
            limit = self.input_limit
            if limit is None:
                limit = jax.lax.stop_gradient(jnp.max(jnp.abs(x)))
                limit = jnp.where(limit > 0, limit, 1)
            x = to_grid(x, limit[None], self.input_levels, self.rounding)
        y = self.weight() @ x
        return y if self.layer.bias is None else y + self.layer.bias


class Quantised(eqx.Module):
    """A forward pass with weights on a grid: `forward` of `train`, for QAT.

    The trained network keeps float weights; `on_grid` returns the one that was trained.

    - `levels`: of a weight: 2 for one bit, 4 for two bits, any number.
    - `input_levels`: of what enters each layer; `None` leaves it as it is.
    """

    levels: int = eqx.field(static=True)
    input_levels: int | None = eqx.field(static=True, default=None)
    rounding: Rounding = eqx.field(static=True, default=Rounding.STRAIGHT_THROUGH)

    def on_grid(self, network: Any) -> Any:
        """The network with its linear layers quantised."""
        return replace_linear(
            network,
            lambda _, layer: QuantisedLinear(
                layer, None, None, self.levels, self.input_levels, self.rounding
            ),
        )

    def __call__(
        self, network: Any, x: Float[Array, "samples ..."], key: PRNGKeyArray | None = None
    ) -> Float[Array, "samples classes"]:
        return jax.vmap(self.on_grid(network), axis_name="batch")(x)
