"""A training that was killed ends with the parameters of one that was not."""

import os
import signal
import subprocess
import sys

import jax
import jax.random as jr
import numpy as np
import pytest

from mtjax import training

from .helpers import blobs


SCRIPT = """
import os, signal, sys
import jax
jax.config.update("jax_enable_x64", True)
import jax.random as jr, numpy as np
from mtjax import training

path, out, die = sys.argv[1], sys.argv[2], int(sys.argv[3])
x = np.array(jr.normal(jr.key(3), (60, 5)))
y = np.array(jr.randint(jr.key(4), (60,), 0, 3))
calls = [0]

def loss(logits, labels):
    def maybe_die(value):
        calls[0] += 1
        if calls[0] == die:
            os.kill(os.getpid(), signal.SIGKILL)
        return value
    value = training.cross_entropy(logits, labels)
    jax.debug.callback(maybe_die, value)
    return value

network = training.mlp((5, 7, 3), key=jr.key(0))
run = training.train(
    network, (x, y), key=jr.key(1), epochs=6, batch=15, loss=loss, checkpoint=path
)
np.savez(out, *jax.tree.leaves(run.network), run.column("loss"))
"""


def test_kill_in_mid_epoch_and_resume(tmp_path):
    run = lambda name, die: subprocess.run(
        [sys.executable, "-c", SCRIPT, tmp_path / f"{name}.h5", tmp_path / name, str(die)],
        env=os.environ | {"JAX_PLATFORMS": "cpu"},
        capture_output=True,
        text=True,
    )
    whole = run("whole", 0)
    assert whole.returncode == 0, whole.stderr
    # 4 steps an epoch: the 10th step is in the middle of the third
    assert run("killed", 10).returncode == -signal.SIGKILL
    assert not (tmp_path / "killed.npz").exists()
    again = run("killed", 0)
    assert again.returncode == 0, again.stderr
    expected, got = np.load(tmp_path / "whole.npz"), np.load(tmp_path / "killed.npz")
    for name in expected:
        assert np.array_equal(expected[name], got[name]), name


def resume(path, sizes=(6, 3), key=1, epochs=2):
    network = training.mlp(sizes, key=jr.key(0))
    return training.train(network, blobs(), key=jr.key(key), epochs=epochs, checkpoint=path)


def test_finished_training_is_read_back(tmp_path):
    path = tmp_path / "state.h5"
    first, second = resume(path), resume(path)
    assert first.curve == second.curve
    for a, b in zip(*(jax.tree.leaves(r.network) for r in (first, second)), strict=True):
        assert np.array_equal(a, b)


@pytest.mark.parametrize(
    "change, sentence",
    (
        ({"sizes": (6, 5, 3)}, "must be of this network"),
        ({"epochs": 3}, "number of epochs"),
        ({"key": 2}, "must be of a training with the same `key`"),
    ),
)
def test_another_checkpoint_is_refused(tmp_path, change, sentence):
    path = tmp_path / "state.h5"
    resume(path)
    with pytest.raises(ValueError, match=sentence):
        resume(path, **change)
