"""Small data sets and networks that the tests of training share."""

import jax.numpy as jnp
import jax.random as jr
import numpy as np
from sklearn.datasets import load_digits, load_iris


def iris() -> tuple[np.ndarray, np.ndarray]:
    x, y = map(np.asarray, load_iris(return_X_y=True))
    return (x - x.mean(axis=0)) / x.std(axis=0), y


def digits(samples: int | None = None) -> tuple[np.ndarray, np.ndarray]:
    x, y = map(np.asarray, load_digits(return_X_y=True))
    return x[:samples] / 16, y[:samples]


def blobs(samples=90, inputs=6, classes=3, *, key=None):
    """Gaussian clouds around one random centre per class."""
    keys = jr.split(jr.key(7) if key is None else key, 2)
    centres = 2 * jr.normal(keys[0], (classes, inputs))
    y = jnp.arange(samples) % classes
    return centres[y] + jr.normal(keys[1], (samples, inputs)), y
