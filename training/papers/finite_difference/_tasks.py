"""What is learnt: Iris in folds, a spiral that needs the nonlinearity, digits, MNIST."""

from typing import Any

import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PRNGKeyArray

from .... import data


Arrays = tuple[Any, ...]


def iris_folds(repeats: int) -> Arrays:
    """`repeats` x 5 stratified folds: x, y to train with, x, y to validate with.

    Shift and scale of the features are those of the training rows.
    """
    parts = []
    for repeat in range(repeats):
        for train, test in data.examples("iris").folds(5, seed=repeat):
            task = data.Learning(train, test).standardised()
            parts.append((task.train.x, task.train.y, task.test.x, task.test.y))
    x, y, u, v = (np.stack([np.asarray(p[i]) for p in parts]) for i in range(4))
    return jnp.float32(x), jnp.asarray(y), jnp.float32(u), jnp.asarray(v)


def spiral(key: PRNGKeyArray, samples: int) -> tuple[jnp.ndarray, jnp.ndarray]:
    """Three arms of three quarters of a turn each."""
    k_place, k_noise = jr.split(key)
    y = jnp.arange(samples) % 3
    radius = jnp.sqrt(jr.uniform(k_place, (samples,), minval=0.02))
    angle = 2 * jnp.pi * (y / 3 + 0.75 * radius)
    x = radius[:, None] * jnp.stack([jnp.cos(angle), jnp.sin(angle)], axis=1)
    return jnp.float32(2 * (x + 0.02 * jr.normal(k_noise, x.shape))), y


def spirals(number: int, samples: int = 600) -> Arrays:
    """Fresh points for each seed, to train and to test with."""
    parts = [
        (
            *spiral(jr.fold_in(jr.key(1), n), samples),
            *spiral(jr.fold_in(jr.key(2), n), samples),
        )
        for n in range(number)
    ]
    x, y, u, v = (jnp.stack([p[i] for p in parts]) for i in range(4))
    return x, y, u, v


def mnist(rows: int) -> dict[str, tuple[jnp.ndarray, jnp.ndarray]]:
    """Training images without the last 10,000, these for validation, and the test set."""
    task = data.learning("mnist")
    flat = lambda part, a, b: (
        jnp.asarray(part.x[a:b]).reshape(-1, 784).astype(jnp.float32),
        jnp.asarray(part.y[a:b]),
    )
    last = len(task.train) - 10_000
    return {
        "train": flat(task.train, 0, min(rows, last)),
        "validation": flat(task.train, last, None),
        "test": flat(task.test, 0, None),
    }
