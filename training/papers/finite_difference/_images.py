"""One training of MNIST, by an arm, at a rate; what steps 6, 8 and 9 share."""

from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr

from ..._metrics import accuracy
from ..._optimizer import adamw
from ..._train import train
from ._arms import ARMS


@eqx.filter_jit
def _rights(forward, network, x, y, keys):
    """Accuracy in blocks of 1,000 images."""
    x, y = x.reshape(-1, 1000, *x.shape[1:]), y.reshape(-1, 1000)
    one = lambda part: accuracy(forward(network, part[0], part[2]), part[1])
    return jnp.mean(jax.lax.map(one, (x, y, keys)))


def score(arm: str, network: Any, part: tuple[Any, Any], *, key) -> float:
    """Accuracy of a trained network on validation or test images."""
    x, y = part
    keys = jr.split(key, len(y) // 1000)
    return float(_rights(ARMS[arm][0], network, x, y, keys))


def learn(
    card,
    session,
    arm: str,
    sizes: tuple[int, ...],
    part: tuple[Any, Any],
    *,
    step: int,
    seed: int,
    rate: float,
    epochs: int,
    **options: Any,
) -> Any:
    """The network of an arm with the weights, chip and order of a seed, trained."""
    forward, make = ARMS[arm]
    made = make(
        card, sizes, weights=session.key(step, 1, seed), chip=session.key(step, 2, seed)
    )
    batch = card.count("training.image_batch")
    steps = epochs * (len(part[1]) // batch)
    run = train(
        made,
        part,
        key=session.key(step, 3, seed),
        epochs=epochs,
        batch=batch,
        forward=forward,
        optimizer=adamw(steps, peak=rate, decay=0),
        **options,
    )
    return run.network
