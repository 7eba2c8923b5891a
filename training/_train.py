import json
import pathlib
import time
from collections.abc import Callable, Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import PRNGKeyArray

from ..data import Outcome
from ._checkpoint import begin, Progress, read, write
from ._data import check_samples, count_classes
from ._metrics import cross_entropy
from ._optimizer import adamw
from ._sharding import over, replicated
from ._step import batched, epoch, Rules, score, start


class Training(eqx.Module):
    """A trained network, how it got there, and how the training ended.

    - `network`: after the last epoch; the best one if stopped early, the last good one
      if the loss diverged.
    - `curve`: one row of numbers per epoch: `epoch`, `loss`, `accuracy` (means over the
      batches, while training), `seconds`, and `validation_loss`, `validation_accuracy`.
    """

    network: Any
    curve: tuple[dict[str, float], ...]
    outcome: Outcome

    def column(self, name: str) -> np.ndarray:
        """One number of all epochs; NaN where it was not taken."""
        return np.array([row.get(name, np.nan) for row in self.curve])


def train(
    network: Any,
    data: tuple[Any, Any],
    *,
    key: PRNGKeyArray,
    epochs: int,
    batch: int = 64,
    forward: Any = batched,
    loss: Callable = cross_entropy,
    optimizer: Any = None,
    augment: Callable | None = None,
    validation: tuple[Any, Any] | None = None,
    patience: int | None = None,
    log: str | pathlib.Path | None = None,
    checkpoint: str | pathlib.Path | None = None,
    progress: Callable[[int, int], None] | None = None,
    teacher: Any = None,
    devices: Sequence[Any] | None = None,
) -> Training:
    """Trains a network by stochastic gradient descent.

    An epoch is compiled once. With `forward=ThroughArray(cell, spec)` every step runs on
    a freshly programmed chip: noise-aware training.

    **Arguments:**

    - `data`: Inputs `(samples, ...)` and integer labels `(samples,)`.
    - `epochs`, `batch`: Passes over the data, and samples in a step.
    - `forward`: `forward(network, x, key) -> logits`, shape `(samples, classes)`.
    - `loss`: `loss(logits, labels)`, a scalar.
    - `optimizer`: From optax; by default `adamw` on a one-cycle schedule.
    - `augment`: `augment(x, key) -> x` on each batch.
    - `validation`: Inputs and labels scored after each epoch.
    - `patience`: Stop after so many epochs without a lower validation loss.
    - `log`: File that gets one line of JSON per epoch.
    - `checkpoint`: File that is replaced after each epoch. If it is there, training goes
        on from it and ends as if it had never been interrupted.
    - `progress`: Called with the epochs done and their number.
    - `teacher`: A trained network; `loss` gets its logits on the batch as a third
        argument, see `Distillation`.
    - `devices`: Of JAX; each batch is divided among them (data-parallel).
    """
    classes = count_classes(forward, network, jnp.asarray(data[0][:1]))
    x, y = check_samples(*data, classes=classes)
    if batch < 1 or batch > len(y):
        raise ValueError(f"`batch` must be from 1 to {len(y)} (the samples), got {batch}.")
    if epochs < 1:
        raise ValueError(f"`epochs` must be at least 1, got {epochs}.")
    if patience is not None and validation is None:
        raise ValueError("`patience` must come with `validation`, got none.")
    held = None if validation is None else check_samples(*validation, classes=classes)
    if optimizer is None:
        optimizer = adamw(epochs * (len(y) // batch))
    rules = Rules(
        forward, loss, optimizer, augment, batch, epochs, teacher, over(devices, batch)
    )
    epoch_key, score_key = jr.split(key)
    run = begin(start(network, rules), key, epochs)
    if checkpoint is not None:
        run = read(checkpoint, run)
    run, x, y = replicated((run, x, y), rules.sharding)
    least = min((row["loss"] for row in run.rows()), default=np.inf)
    while run.done < epochs and not stopped(run, patience):
        begun = time.perf_counter()
        following, losses, rights = epoch(run.state, x, y, epoch_key, rules)
        losses = np.asarray(losses)
        row = {"loss": float(losses.mean()), "accuracy": float(np.mean(rights))}
        if held is not None:
            value, right = score(following.network, *held, score_key, rules)
            row |= {"validation_loss": float(value), "validation_accuracy": float(right)}
        row["seconds"] = time.perf_counter() - begun
        if log is not None:
            append(log, {"epoch": run.done + 1} | row)
        least = min(least, row["loss"])
        if diverged(losses, least, following.network):
            rows = (*run.rows(), {"epoch": run.done + 1} | row)
            return Training(run.state.network, rows, Outcome.diverged)
        run = run.add(following, row)
        if checkpoint is not None:
            write(checkpoint, run)
        if progress is not None:
            progress(run.done, epochs)
    if stopped(run, patience):
        return Training(run.best, run.rows(), Outcome.stopped_early)
    return Training(run.state.network, run.rows(), Outcome.successful)


def stopped(progress: Progress, patience: int | None) -> bool:
    """Whether the validation loss has not fallen for `patience` epochs."""
    return patience is not None and int(progress.waited) >= patience


def diverged(losses: np.ndarray, least: float, network: Any) -> bool:
    """Whether a loss or a weight is not finite, or the mean loss is 10 times the least."""
    weights = jax.tree.leaves(eqx.filter(network, eqx.is_inexact_array))
    finite = np.all(np.isfinite(losses)) and all(jnp.isfinite(w).all() for w in weights)
    return not finite or bool(losses.mean() > 10 * max(least, 1.0))


def append(path: str | pathlib.Path, row: dict[str, float]) -> None:
    """Adds one line of JSON to a file."""
    with open(path, "a") as file:
        file.write(json.dumps(row) + "\n")
