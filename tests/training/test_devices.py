"""Data-parallel training over devices, and how often a training is compiled."""

import logging
import os
import subprocess
import sys

import jax
import jax.random as jr
import pytest

from mtjax import crossbar, training

from .helpers import blobs
from .test_on_array import cell


SCRIPT = """
import jax
jax.config.update("jax_enable_x64", True)
import jax.numpy as jnp, jax.random as jr, numpy as np
from mtjax import training

assert len(jax.devices()) == 4
x = jr.normal(jr.key(3), (60, 5))
y = jr.randint(jr.key(4), (60,), 0, 3)
network = training.mlp((5, 7, 3), key=jr.key(0))
options = dict(key=jr.key(1), epochs=3, batch=20, optimizer=training.adamw(9))
one = training.train(network, (x, y), **options)
four = training.train(network, (x, y), devices=jax.devices(), **options)
for a, b in zip(jax.tree.leaves(one.network), jax.tree.leaves(four.network)):
    if hasattr(a, "shape"):
        np.testing.assert_allclose(a, b, rtol=1e-11, atol=1e-13)
weight = four.network.layers[0].weight
assert len(weight.sharding.device_set) == 4
try:
    training.train(network, (x, y), devices=jax.devices(), **options | {"batch": 30})
except ValueError as error:
    assert "must be a multiple of the 4 `devices`, got 30" in str(error)
else:
    raise AssertionError
"""


def test_devices_share_a_batch_and_reach_the_same_network():
    flags = "--xla_force_host_platform_device_count=4"
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT],
        env=os.environ | {"JAX_PLATFORMS": "cpu", "XLA_FLAGS": flags},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "forward",
    (
        pytest.param(training.batched, marks=pytest.mark.slow),
        training.ThroughArray(cell(spread=0.1), crossbar.Spec(tile=8), ramp=0.5),
        pytest.param(
            training.Statistical(cell(spread=0.1), crossbar.Spec(tile=8), ramp=0.5),
            marks=pytest.mark.slow,
        ),
    ),
    ids=("float", "array", "statistical"),
)
def test_a_network_is_compiled_once(forward, caplog):
    network = training.mlp((6, 5, 3), key=jr.key(0))
    optimizer = training.adamw(18)

    def run(seed):
        return training.train(
            network,
            blobs(),
            key=jr.key(seed),
            epochs=3,
            batch=15,
            forward=forward,
            optimizer=optimizer,
            validation=blobs(),
        )

    def compiled(work):
        caplog.clear()
        with jax.log_compiles(), caplog.at_level(logging.WARNING):
            work()
        names = [r.getMessage() for r in caplog.records]
        count = lambda name: sum(f"Compiling jit({name})" in text for text in names)
        return count("epoch"), count("score")

    assert compiled(lambda: run(1)) == (1, 1)
    assert compiled(lambda: run(2)) == (0, 0)
