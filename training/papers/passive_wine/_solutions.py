"""Binary networks for Wine, 13-h-3, trained before there are arrays."""

import functools
from typing import Any

import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
import optax
from jaxtyping import Array, Float, Int

from .... import data
from ..._grid import to_grid
from ..._metrics import cross_entropy, majority
from .._bootstrap import bootstrap
from .._paper import Result, Row


Weights = Any  # of both layers, `(14, h)` and `(h, 3)`
SCALE = (2 / np.sqrt(14), 2.0)  # of the sums that enter the activation and the outputs


def splits(card, session, part: int) -> dict[str, np.ndarray]:
    """Training and test rows of each split, `(splits, rows, 14)` with the bias last.

    Features are in units of the largest input of the array: standardised by the training
    rows, over `input_range`, clipped to 1. Splits whose rounding gives another number of
    training rows than the first are passed over.
    """
    wine, found, seed = data.examples("wine"), [], 0
    largest = card.number("array.input_range")
    while len(found) < session.size("splits"):
        train, test = wine.split(1 - part / 100, seed=seed)
        seed += 1
        if found and len(train) != len(found[0][1]):
            continue
        task = data.Learning(train, test).standardised()
        rows = lambda x: np.concatenate(
            [np.clip(np.asarray(x) / largest, -1, 1), np.ones((len(x), 1)) / largest],
            axis=1,
        )
        found.append((rows(task.train.x), task.train.y, rows(task.test.x), task.test.y))
    names = ("x", "y", "x_test", "y_test")
    return {n: np.stack([np.asarray(f[i]) for f in found]) for i, n in enumerate(names)}


def forward(
    x: Float[Array, "rows 14"], weights: Weights, unit: float
) -> Float[Array, "rows 3"]:
    """Outputs of the network; `unit` is the input that stands for 1."""
    first, second = weights
    hidden = jnp.tanh(SCALE[0] * (x @ first) / unit)
    return SCALE[1] * (hidden @ second)


def credit(outputs: Float[Array, "*n 3"], labels: Int[Array, "*n"]) -> Float[Array, "*n"]:
    """1 where the label has the largest output, 1 / k where k outputs tie with it.

    Outputs tie within 1e-6: far more than rounding, which differs between the places
    where a compiler computes one number twice.
    """
    top = outputs >= outputs.max(axis=-1, keepdims=True) - 1e-6
    right = jnp.take_along_axis(top, labels[..., None], axis=-1)[..., 0]
    return right / top.sum(axis=-1)


@functools.partial(jax.jit, static_argnames=("hidden", "steps", "binary"))
def train(
    x, y, key, *, hidden, steps, rate, unit, binary
) -> tuple[Weights, Float[Array, ""]]:
    """Weights of the lowest training loss on the way, and that loss."""
    k_first, k_second = jr.split(key)
    latent = (
        jr.uniform(k_first, (14, hidden), minval=-0.5, maxval=0.5),
        jr.uniform(k_second, (hidden, 3), minval=-0.5, maxval=0.5),
    )
    used = lambda w: tuple(to_grid(v, jnp.ones((1, 1)), 2) if binary else v for v in w)
    loss = lambda w: cross_entropy(forward(x, used(w), unit), y)
    optimizer = optax.adam(rate)

    def step(carry, _):
        latent, moments, best, least = carry
        value, gradient = jax.value_and_grad(loss)(latent)
        better = value < least
        best = jax.tree.map(lambda a, b: jnp.where(better, a, b), used(latent), best)
        least = jnp.minimum(least, value)
        updates, moments = optimizer.update(gradient, moments)
        return (optax.apply_updates(latent, updates), moments, best, least), None

    start = (latent, optimizer.init(latent), used(latent), jnp.asarray(jnp.inf))
    (_, _, best, least), _ = jax.lax.scan(step, start, length=steps)
    return best, least


def solve_all(card, session, part: int, *, binary: bool = True) -> dict[str, np.ndarray]:
    """All solutions: `first` (splits, seeds, 14, h), `second` (splits, seeds, h, 3)."""
    made = splits(card, session, part)
    keys = jr.split(session.key(1, part), session.size("seeds"))
    settings = {
        "hidden": card.count("training.hidden"),
        "steps": session.size("steps"),
        "rate": card.number("training.rate"),
        "unit": 1 / card.number("array.input_range"),
        "binary": binary,
    }
    one = lambda x, y: jax.vmap(lambda key: train(x, y, key, **settings))(keys)
    (first, second), loss = jax.vmap(one)(jnp.asarray(made["x"]), jnp.asarray(made["y"]))
    return made | {"first": np.asarray(first), "second": np.asarray(second), "loss": loss}


def accuracies(card, found: dict[str, np.ndarray], *, test: bool = True) -> np.ndarray:
    """Accuracy of each solution as trained, `(splits, seeds)`."""
    unit = 1 / card.number("array.input_range")
    x, y = (found[n + ("_test" if test else "")] for n in ("x", "y"))
    one = lambda x, y, a, b: jnp.mean(credit(forward(x, (a, b), unit), y))
    over = jax.vmap(jax.vmap(one, (None, None, 0, 0)))
    return np.asarray(over(*map(jnp.asarray, (x, y, found["first"], found["second"]))))


def solutions(card, session) -> Result:
    """300 solutions are trained before an array exists, and none is dropped.

    13-4-3 with +-1 weights, a bias on the hidden layer only, tanh, straight-through
    signs, full-batch Adam, the weights of the lowest training loss. Standardised on the
    training rows; ties of outputs share the credit.
    """
    rows, arrays = [], {}
    for part in session.size("parts"):
        binary = solve_all(card, session, part)
        real = solve_all(card, session, part, binary=False)
        session.progress(part, 100)
        logistic = _logistic(binary)
        trivial = np.mean(
            [majority(a, b) for a, b in zip(binary["y"], binary["y_test"], strict=True)]
        )
        size = f"{binary['y'].shape[1]}/{binary['y_test'].shape[1]}"
        for name, found in (("float", real), ("binary", binary)):
            got = 100 * accuracies(card, found)
            rows.append(
                Row(
                    f"{name} network, median, {size} rows to train/test",
                    float(np.median(got)),
                    "%",
                    bootstrap(got, lambda v, axis: np.median(v)),
                    runs=f"{got.shape[0]} splits x {got.shape[1]} seeds",
                    control=f"logistic regression {100 * np.median(logistic):.1f} %, "
                    f"majority {100 * trivial:.1f} %",
                )
            )
        arrays |= {f"{part}_{k}": v for k, v in binary.items()}
        arrays[f"{part}_float"] = accuracies(card, real)
    return Result(rows, arrays)


def _logistic(found) -> np.ndarray:
    from sklearn.linear_model import LogisticRegression

    return np.array(
        [
            LogisticRegression(max_iter=1000).fit(3 * x, y).score(3 * u, v)
            for x, y, u, v in zip(
                found["x"], found["y"], found["x_test"], found["y_test"], strict=True
            )
        ]
    )
