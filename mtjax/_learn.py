"""Steps 3 and 4: arrays of the fitted cells, and classifiers that run on them."""

from collections.abc import Callable
from typing import Any

import jax
import jax.random as jr
import numpy as np
from jaxtyping import PRNGKeyArray

from mtjax import crossbar, data, training

from ._setup import Networks


def learn(
    task: data.Learning,
    cell: Any,
    spec: crossbar.Spec,
    setup: Networks,
    *,
    key: PRNGKeyArray,
    progress: Callable[[int, int], None],
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Networks trained in float and in the array, and what they reach on unseen samples.

    The second starts from the first and sees a freshly programmed chip in every step.
    Both are tested on the same chips, none of which was seen in training.

    **Returns:** the networks, and the results as plain values.
    """
    k_blank, k_float, k_array, k_chips = jr.split(key, 4)
    seen, (x, y) = (task.train.x, task.train.y), (task.test.x, task.test.y)
    every: dict[str, Any] = {"epochs": setup.epochs, "batch": setup.batch}
    plain = training.train(
        blank(task, setup, key=k_blank),
        seen,
        key=k_float,
        progress=lambda done, total: progress(done, 2 * total),
        **every,
    )
    looped = training.train(
        plain.network,
        seen,
        key=k_array,
        forward=training.ThroughArray(cell, spec, wires=training.Wires.FIRST_ORDER),
        progress=lambda done, total: progress(total + done, 2 * total),
        **every,
    )
    chips = {
        name: training.evaluate_chips(
            network, cell, spec, x, y, keys=jr.split(k_chips, setup.chips)
        )
        for name, network in (("array", looped.network), ("placed", plain.network))
    }
    results = {
        "samples": [len(task.train), len(task.test)],
        "baseline": task.baseline(),
        "float": float(training.accuracy(jax.vmap(plain.network)(x), y)),
        "chips": {name: np.asarray(c.accuracy).tolist() for name, c in chips.items()},
        "curves": {"float": list(plain.curve), "array": list(looped.curve)},
        "confusion": np.asarray(
            training.confusion_matrix(chips["array"].logits, y)
        ).tolist(),
    }
    return {"float": plain.network, "array": looped.network}, results


def blank(
    task: data.Learning, setup: Networks, *, key: PRNGKeyArray
) -> training.Perceptron:
    """The untrained network for a data set: one hidden layer, or none."""
    inputs, classes = task.train.x.shape[1], len(task.train.classes)
    return training.mlp([n for n in (inputs, setup.hidden, classes) if n], key=key)
