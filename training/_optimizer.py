from typing import Any

import jax
import optax


def adamw(steps: int, *, peak: float = 3e-3, decay: float = 1e-4, rise: float = 0.3) -> Any:
    """AdamW on a one-cycle schedule: up over part of the steps, down as a cosine.

    Only matrices and kernels decay (two dimensions or more), never biases, scales or
    the statistics of a normalisation.

    **Arguments:**

    - `steps`: Total number of steps, epochs times batches.
    - `peak`: Largest learning rate.
    - `decay`: Weight decay per unit of learning rate.
    - `rise`: The part of the steps over which the rate rises, above 0.
    """
    rate = optax.cosine_onecycle_schedule(max(steps, 2), peak, rise)
    return optax.adamw(rate, weight_decay=decay, mask=matrices)


def sgd(
    steps: int,
    *,
    peak: float = 0.2,
    momentum: float = 0.9,
    decay: float = 5e-4,
    rise: float = 0.3,
) -> Any:
    """Stochastic gradient descent with Nesterov momentum on a one-cycle schedule.

    The usual choice for residual networks. Arguments as in `adamw`; the decay is added
    to the gradient.
    """
    rate = optax.cosine_onecycle_schedule(max(steps, 2), peak, rise)
    return optax.chain(
        optax.add_decayed_weights(decay, mask=matrices),
        optax.sgd(rate, momentum, nesterov=True),
    )


def matrices(parameters: Any) -> Any:
    """Which leaves have two dimensions or more, shaped like `parameters`."""
    return jax.tree.map(lambda leaf: leaf.ndim >= 2, parameters)
