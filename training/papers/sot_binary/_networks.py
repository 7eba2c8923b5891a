"""Networks of one bit a weight, trained by quantisation-aware training."""

import functools
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np

from .... import data
from ..._layers import replace_linear
from ..._lenet import lenet
from ..._metrics import accuracy, majority
from ..._networks import mlp
from ..._optimizer import adamw
from ..._quantised import Quantised, QuantisedLinear
from ..._step import batched
from ..._train import train
from .._bootstrap import bootstrap
from .._cifar import cifar_images
from .._paper import Result, Row


ONE_BIT = Quantised(2)


def images(session, name: str) -> tuple[Any, Any]:
    """Training and test images of a set in float32; no more than the sizes ask for."""
    rows, tests = session.size(f"{name}_rows"), session.size("test_rows")
    if name == "cifar":
        (x, y), (u, v) = cifar_images()
    else:
        task = data.learning("mnist")
        flat = lambda part: (part.x.reshape(-1, 784).astype(jnp.float32), part.y)
        (x, y), (u, v) = flat(task.train), flat(task.test)
    return (x[:rows], y[:rows]), (u[:tests], v[:tests])


def blank(card, name: str, *, key) -> Any:
    """The network before training."""
    if name == "cifar":
        made = lenet(10, key=key, size=32, channels=3)
    else:
        hidden = [int(h) for h in card.numbers("training.hidden")]
        made = mlp((784, *hidden, 10), key=key)
    cast = lambda x: x.astype(jnp.float32) if eqx.is_inexact_array(x) else x
    return jax.tree.map(cast, made)


def learn(card, session, name: str, seed: int, *, binary: bool, part) -> Any:
    """A trained network; if binary, with one-bit weights in the forward pass."""
    epochs, batch = session.size(f"{name}_epochs"), card.count("training.batch")
    steps = epochs * (len(part[1]) // batch)
    run = train(
        blank(card, name, key=session.key(5, 1, seed)),
        part,
        key=session.key(5, 2, seed),
        epochs=epochs,
        batch=batch,
        forward=ONE_BIT if binary else batched,
        optimizer=adamw(steps, peak=card.number("training.rate"), decay=0),
    )
    return run.network


def on_grid(network: Any) -> Any:
    """The network whose weights are the signs that were trained, times one scale."""

    def place(_, layer):
        weight = QuantisedLinear(layer, None, None, 2).weight()
        return eqx.tree_at(lambda n: n.weight, layer, weight)

    return replace_linear(network, place)


@eqx.filter_jit
def right(network, x, y):
    """Accuracy, some images at a time."""
    size = max(s for s in (1000, 500, 1) if len(y) % s == 0)
    parts = x.reshape(-1, size, *x.shape[1:]), y.reshape(-1, size)
    return jnp.mean(jax.lax.map(lambda p: accuracy(batched(network, p[0]), p[1]), parts))


def sets(session) -> list[str]:
    """The sets that this kind of run trains on, as far as their files are there."""
    return ["mnist"] if absent(session) else ["mnist", "cifar"]


def absent(session) -> str:
    """Why CIFAR-10 is left out; empty if it is not."""
    if not session.size("cifar_epochs"):
        return "a quick run leaves it out"
    try:
        data.images("cifar-10", limit=1)
    except data.FileError as error:
        return str(error).rstrip(".")
    return ""


def left_out(session) -> list[Row]:
    """A row that says why CIFAR-10 is not there, if it is not."""
    why = absent(session)
    told = f"Left out: {why}."
    return [Row("CIFAR-10", None, verdict=told)] if why else []


def trained(card, session) -> Result:
    """Networks in float and with one-bit weights, in software: the baselines.

    MNIST by a perceptron 784-256-128-10, CIFAR-10 by LeNet; all layers have one-bit
    weights, a sign and one scale a layer, straight-through; activations and biases are
    digital. Test images are read once for each network.
    """
    rows, arrays = [], {}
    seeds, done = session.size("seeds"), 0
    for name in sets(session):
        part, (u, v) = images(session, name)
        trivial = majority(part[1], v)
        found = {}
        for binary in (False, True):
            scores = []
            for seed in range(seeds):
                kept = session.keep(
                    f"5-{name}-{int(binary)}-{seed}",
                    functools.partial(
                        _one, card, session, name, seed, binary, part, (u, v)
                    ),
                )
                scores.append(float(kept["score"]))
                if binary:
                    for key, value in kept.items():
                        arrays[f"{name}_{seed}_{key}"] = value
                done += 1
                session.progress(done, 2 * seeds * len(sets(session)))
            found[binary] = 100 * np.array(scores)
        for binary in (False, True):
            values = found[binary]
            drop = found[False] - values
            title = "MNIST" if name == "mnist" else "CIFAR-10"
            rows.append(
                Row(
                    f"{title}, {'one bit' if binary else 'float'}, software",
                    float(values.mean()),
                    "%",
                    bootstrap(values),
                    runs=f"{seeds} seeds",
                    control=f"majority {100 * trivial:.1f} %"
                    + (f"; {drop.mean():.2f} below float" if binary else ""),
                )
            )
    return Result(rows + left_out(session), arrays)


def _one(card, session, name, seed, binary, part, test) -> dict[str, np.ndarray]:
    network = learn(card, session, name, seed, binary=binary, part=part)
    used = on_grid(network) if binary else network
    leaves = jax.tree.leaves(eqx.filter(used, eqx.is_inexact_array))
    weights = {f"leaf_{i}": np.asarray(leaf) for i, leaf in enumerate(leaves)}
    return {"score": np.asarray(right(used, *test))} | weights


def restored(card, session, name: str, seed: int) -> Any:
    """The binary network that step 5 trained."""
    arrays = session.result(5).arrays
    made = blank(card, name, key=session.key(5, 1, seed))
    parameters, static = eqx.partition(made, eqx.is_inexact_array)
    leaves, structure = jax.tree.flatten(parameters)
    kept = [jnp.asarray(arrays[f"{name}_{seed}_leaf_{i}"]) for i in range(len(leaves))]
    return eqx.combine(jax.tree.unflatten(structure, kept), static)
