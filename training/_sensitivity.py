from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Key

from ._paths import float_leaves, name_of, text_table, unit_of


class Sensitivity(eqx.Module):
    r"""Derivative of a loss with respect to every number of a tree, with its spread.

    - `gradient`, `standard_error`: shaped like the parameters; `None` where a leaf is no
      floating array. The standard error is that of the mean over the keys.
    - `values`: the parameters themselves.
    - `losses`: the loss with each key, shape `(keys,)`.
    - `samples`: the gradient with each key, keys first.
    """

    gradient: Any
    standard_error: Any
    values: Any
    losses: Float[Array, " keys"]
    samples: Any

    def rows(self) -> list[dict[str, Any]]:
        r"""One row per number: `name`, `value`, `unit`, and $dL/d\ln p$ in `log_gradient`.

        With it come its `standard_error` and whether it is `resolved`: at least two
        standard errors from zero.
        """
        rows = []
        errors = jax.tree.leaves(self.standard_error)
        gradients = jax.tree.leaves(self.gradient)
        for (path, value), mean, error in zip(
            float_leaves(self.values), gradients, errors, strict=True
        ):
            name, unit = name_of(self.values, path), unit_of(self.values, path)
            for index in np.ndindex(value.shape):
                p = float(value[index])
                slope, spread = p * float(mean[index]), abs(p) * float(error[index])
                rows.append(
                    {
                        "name": name + (str(list(index)) if index else ""),
                        "value": p,
                        "unit": unit,
                        "log_gradient": slope,
                        "standard_error": spread,
                        "resolved": bool(slope != 0 and abs(slope) >= 2 * spread),
                    }
                )
        return rows

    def table(self) -> str:
        """The rows as text; "not resolved" where the mean is below two standard errors."""
        lines = [("parameter", "value", "unit", "d loss/d ln p", "std. error", "")]
        for row in self.rows():
            lines.append(
                (
                    row["name"],
                    f"{row['value']:.4g}",
                    row["unit"],
                    f"{row['log_gradient']:+.3e}",
                    f"{row['standard_error']:.1e}",
                    "" if row["resolved"] else "not resolved",
                )
            )
        return text_table(lines)


def sensitivity(
    loss: Callable[..., Float[Array, ""]],
    parameters: Any,
    *args: Any,
    keys: Key[Array, " keys"],
    progress: Callable[[int, int], None] | None = None,
) -> Sensitivity:
    r"""Derivative of a random loss with respect to its parameters, by reverse passes.

    Each key makes one independent sample of the loss and of its gradient; the result is
    their mean, and the standard deviation over the square root of the number of keys.
    The loss is called eagerly, so that a sweep inside it uses every core.

    **Arguments:**

    - `loss`: `loss(parameters, *args, key=key)`, a scalar; differentiated at held `args`.
    - `parameters`: Any tree, such as `(device, pulses)`.
    - `keys`: At least two keys, shape `(keys,)`.
    - `progress`: Called with the keys done and their number.
    """
    if len(keys) < 2:
        raise ValueError(f"`keys` must be at least two keys, got {len(keys)}.")
    losses, samples = [], []
    slope = eqx.filter_value_and_grad(loss)
    for number, key in enumerate(keys):
        value, gradient = slope(parameters, *args, key=key)
        losses.append(value)
        samples.append(gradient)
        if progress is not None:
            progress(number + 1, len(keys))
    stacked = jax.tree.map(lambda *leaves: jnp.stack(leaves), *samples)
    return Sensitivity(
        gradient=jax.tree.map(lambda g: jnp.mean(g, axis=0), stacked),
        standard_error=jax.tree.map(
            lambda g: jnp.std(g, axis=0, ddof=1) / np.sqrt(len(keys)), stacked
        ),
        values=parameters,
        losses=jnp.stack(losses),
        samples=stacked,
    )
