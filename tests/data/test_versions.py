"""Files of every schema version there was stay readable."""

import pathlib

import h5py
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax

from mtjax import compact, data

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


def test_a_file_from_before_a_quantity_was_there_holds_its_default(tmp_path):
    model = compact.MacrospinSwitching(
        (data.State.PARALLEL,),
        stability=45.0,
        critical_from_p=0.5,
        critical_from_ap=0.4,
        relaxation=1e9,
    )
    data.save(tmp_path / "x.h5", {"model": model})
    with h5py.File(tmp_path / "x.h5", "r+") as file:
        del file["model/vcma"]
    assert same(data.load(tmp_path / "x.h5", {"model": model}), {"model": model})
