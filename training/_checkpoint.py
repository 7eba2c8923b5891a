import dataclasses
import os
import pathlib
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import jax.tree_util as jtu
import numpy as np
from jaxtyping import Array, Float, Int, Key

from ..data import load, provenance, save
from ._step import State


COLUMNS = ("loss", "accuracy", "validation_loss", "validation_accuracy", "seconds")


class Progress(eqx.Module):
    """All that training knows between two epochs; what a checkpoint holds.

    - `key`: of the whole training.
    - `curve`: one row per epoch, in the order of `COLUMNS`; NaN where not taken.
    - `best`, `least`, `waited`: best network, its validation loss, epochs since then.
    """

    state: State
    key: Key[Array, ""]
    curve: Float[Array, "epochs columns"]
    best: Any
    least: Float[Array, ""]
    waited: Int[Array, ""]

    @property
    def done(self) -> int:
        """Number of finished epochs."""
        return int(self.state.epoch)

    def rows(self) -> tuple[dict[str, float], ...]:
        """The learning curve, without the numbers that were not taken."""
        return tuple(
            {"epoch": number + 1}
            | {k: float(v) for k, v in zip(COLUMNS, row, strict=True) if np.isfinite(v)}
            for number, row in enumerate(np.asarray(self.curve)[: self.done])
        )

    def add(self, state: State, row: dict[str, float]) -> "Progress":
        """The progress after one more epoch; validation decides which is the best."""
        numbers = jnp.array([row.get(name, jnp.nan) for name in COLUMNS])
        curve = self.curve.at[self.done].set(numbers)
        value = row.get("validation_loss", np.inf)
        better = value < float(self.least)
        return dataclasses.replace(
            self,
            state=state,
            curve=curve,
            best=state.network if better else self.best,
            least=jnp.asarray(value if better else float(self.least)),
            waited=jnp.asarray(0 if better else int(self.waited) + 1),
        )


def begin(state: State, key: Key[Array, ""], epochs: int) -> Progress:
    """The progress before the first epoch."""
    curve = jnp.full((epochs, len(COLUMNS)), jnp.nan)
    return Progress(state, key, curve, state.network, jnp.asarray(jnp.inf), jnp.asarray(0))


def write(path: str | os.PathLike, progress: Progress) -> None:
    """Replaces the checkpoint, whole or not at all."""
    leaves, names = _leaves(progress)
    save(path, leaves, provenance={"leaves": names})


def read(path: str | os.PathLike, fresh: Progress) -> Progress:
    """The progress in a checkpoint, or `fresh` if there is no file.

    A checkpoint of another network, optimizer, key or number of epochs is refused.
    """
    if not pathlib.Path(path).exists():
        return fresh
    like, names = _leaves(fresh)
    told = provenance(path).get("leaves")
    if told != names:
        raise ValueError(
            "`checkpoint` must be of this network, optimizer and number of epochs, "
            f"{path} is of another."
        )
    numbers, rest = eqx.partition(fresh, eqx.is_array)
    leaves = list(load(path, like).values())
    progress = eqx.combine(jax.tree.unflatten(jax.tree.structure(numbers), leaves), rest)
    if not np.array_equal(jr.key_data(progress.key), jr.key_data(fresh.key)):
        raise ValueError(
            f"`checkpoint` must be of a training with the same `key`, {path} is of another."
        )
    return progress


def _leaves(progress: Progress) -> tuple[dict[str, Any], list[str]]:
    """The arrays by number, and what and where each is: optimizers name theirs freely."""
    found = jtu.tree_leaves_with_path(eqx.filter(progress, eqx.is_array))
    arrays = {f"leaf{number:04d}": leaf for number, (_, leaf) in enumerate(found)}
    names = [f"{jtu.keystr(path)} {leaf.dtype}{leaf.shape}" for path, leaf in found]
    return arrays, names
