"""Files of every schema version there was stay readable."""

import pathlib

import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax

from mtjax import data

from .helpers import device, levels, same, switching


def tree():
    """What `version-1.h5` holds; it was written when version 1 was the newest."""
    weights = {"w": jnp.asarray(np.arange(6.0).reshape(2, 3)), "b": None}
    return {
        "levels": levels(),
        "switching": [switching()],
        "device": device(),
        "grid": data.product(device(), {"alpha": jnp.array([0.01, 0.02])}),
        "key": jr.wrap_key_data(jnp.asarray(np.arange(2, dtype=np.uint32))),
        "optimiser": optax.adam(0.1).init(weights),
        "outcome": data.Outcome.did_not_switch,
        "numbers": (True, 3, 0.5, jnp.asarray(np.array([1 + 2j]))),
    }


def test_version_1_is_readable():
    path = pathlib.Path(__file__).parent / "version-1.h5"
    assert same(data.load(path, tree()), tree())
    assert data.provenance(path)["seed"] == 0
