"""What a list of bonds must be."""

from typing import Any

import jax.numpy as jnp
import numpy as np

from ._numbers import known


def as_bonds(bonds: Any) -> Any:
    """Bonds as an array of whole numbers, also from a list of pairs."""
    if isinstance(bonds, (list, tuple)):
        try:
            array = np.asarray(bonds)
        except ValueError:
            raise ValueError(
                f"`bonds` must be pairs of spins, shape (bonds, 2), got {bonds!r}."
            ) from None
        bonds = jnp.asarray(array.reshape(-1, 2), int) if not array.size else array
    dtype = getattr(bonds, "dtype", None)
    if dtype is not None and not jnp.issubdtype(dtype, jnp.integer):
        raise ValueError(f"`bonds` must be whole numbers, got the type {dtype}.")
    return jnp.asarray(bonds) if isinstance(bonds, np.ndarray) else bonds


def check_bonds(term: Any, *vector: int) -> None:
    """Refuses spins that there are not, self-bonds, bonds listed twice, other shapes.

    A bond of strength zero is padding, and may join anything.

    **Arguments:**

    - `term`: Holds `bonds`, `strength` and `moment`.
    - `vector`: Shape of the strength of one bond.
    """
    bonds, strength, moment = (
        np.shape(x) for x in (term.bonds, term.strength, term.moment)
    )
    if len(bonds) != 2 or bonds[1] != 2:
        raise ValueError(f"`bonds` must have shape (bonds, 2), got {bonds}.")
    if strength != (bonds[0], *vector):
        raise ValueError(
            f"`strength` must have shape {(bonds[0], *vector)}, one for each bond, "
            f"got {strength}."
        )
    if len(moment) != 1:
        raise ValueError(f"`moment` must have shape (spins,), got {moment}.")
    ends, size = known(term.bonds), known(term.strength)
    if ends is None or not ends.size:
        return
    outside = ends[(ends < 0) | (ends >= moment[0])]
    if outside.size:
        raise ValueError(
            f"`bonds` must join spins from 0 to {moment[0] - 1}, got {outside[0]}."
        )
    if size is None:
        return
    ends = np.sort(ends[np.any(size.reshape(len(ends), -1) != 0, axis=1)], axis=1)
    own = ends[ends[:, 0] == ends[:, 1], 0]
    if own.size:
        raise ValueError(
            f"`bonds` must join two spins, got ({own[0]}, {own[0]}) of strength not zero."
        )
    pairs, times = np.unique(ends, axis=0, return_counts=True)
    if np.any(times > 1):
        i, j = pairs[int(np.argmax(times))]
        raise ValueError(
            f"`bonds` must hold each pair of spins once, got ({i}, {j}) "
            f"{times.max()} times."
        )
