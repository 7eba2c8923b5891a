import dataclasses
from collections.abc import Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from ._statistics import Levels, Switching


def concatenate[Statistics: (Switching, Levels)](parts: Sequence[Statistics]) -> Statistics:
    """Statistics of the devices of all parts, one after the other.

    The parts must have the same start, pulses and, for levels, edges of the histogram.
    """
    if not parts:
        raise ValueError("`parts` must have at least one part, got none.")
    first = parts[0]
    for i, part in enumerate(parts):
        if type(part) is not type(first):
            raise ValueError(
                f"`parts` must be of one class, got {type(first).__name__} and "
                f"{type(part).__name__} (part {i})."
            )
        shared = ("start", "pulses", "edges")
        for name in shared[: 2 + isinstance(first, Levels)]:
            if not _same(getattr(first, name), getattr(part, name)):
                raise ValueError(
                    f"`parts` must have the same `{name}`, part {i} has another."
                )

    arrays: dict[str, Any] = {
        name: jnp.concatenate([getattr(part, name) for part in parts])
        for name in vars(first)
        if name not in ("start", "pulses", "edges")
    }
    return dataclasses.replace(first, **arrays)


def _same(a, b) -> bool:
    leaves = [jax.tree.leaves(x) for x in (a, b)]
    same_tree = jax.tree.structure(a) == jax.tree.structure(b)
    if not same_tree or not all(isinstance(x, (jax.Array, np.ndarray)) for x in leaves[0]):
        return a == b
    return all(np.array_equal(x, y) for x, y in zip(*leaves, strict=True))
