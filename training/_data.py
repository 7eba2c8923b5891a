from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float


def check_samples(x: Any, y: Any, classes: int | None = None) -> tuple[Array, Array]:
    """Inputs and labels as arrays; one sentence if they cannot be learned from.

    **Arguments:**

    - `x`: Inputs, samples first; finite.
    - `y`: Labels, one per sample, integers from 0 (to `classes - 1` if given).
    """
    x, y = np.asarray(x), np.asarray(y)
    if y.ndim != 1 or not np.issubdtype(y.dtype, np.integer):
        raise ValueError(
            f"`y` must be one integer label per sample, got {y.dtype} of shape {y.shape}."
        )
    if x.ndim < 2 or len(x) != len(y) or len(x) == 0:
        raise ValueError(
            f"`x` must hold one row per label ({len(y)}, at least one), "
            f"got shape {x.shape}."
        )
    if not np.all(np.isfinite(x)):
        bad = int(np.sum(~np.isfinite(x).reshape(len(x), -1).all(axis=1)))
        raise ValueError(f"`x` must be finite, got {bad} sample(s) with NaN or infinity.")
    top = y.max() if classes is None else classes - 1
    if y.min() < 0 or y.max() > top:
        raise ValueError(
            f"`y` must be labels from 0 to {top}, got labels from {y.min()} to {y.max()}."
        )
    if not np.issubdtype(x.dtype, np.floating):
        x = x.astype(jnp.result_type(float))
    return jnp.asarray(x), jnp.asarray(y)


def count_classes(forward: Any, network: Any, x: Float[Array, "samples ..."]) -> int:
    """Number of outputs of a forward pass, `forward(network, x, key)`."""
    one = lambda: forward(network, x[:1], jax.random.key(0))
    return eqx.filter_eval_shape(one).shape[-1]
