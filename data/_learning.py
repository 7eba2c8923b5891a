import os
from typing import Any

import jax.numpy as jnp
import numpy as np

from ._examples import Examples, Learning
from ._images import images, SETS


TABLES = {"iris": "load_iris", "wine": "load_wine", "digits": "load_digits"}


def examples(name: str) -> Examples:
    """A table that scikit-learn ships, as it is: `"iris"`, `"wine"` or `"digits"`.

    Shapes of `x`: iris `(150, 4)` [cm], wine `(178, 13)` (13 units), digits `(1797, 64)`
    (8 x 8 pixels of 0 to 16).
    """
    if name not in TABLES:
        raise ValueError(f"`name` must be one of {', '.join(TABLES)}, got {name!r}.")
    import sklearn.datasets  # takes a second, and only this needs it

    table: Any = getattr(sklearn.datasets, TABLES[name])()
    return Examples(
        tuple(map(str, table.target_names)),
        jnp.asarray(np.asarray(table.data), float),
        jnp.asarray(np.asarray(table.target), int),
    )


def learning(
    name: str,
    *,
    test: float | None = None,
    seed: int | None = None,
    standardise: bool | None = None,
    directory: str | os.PathLike | None = None,
    limit: int | None = None,
) -> Learning:
    """A classification task: examples to train with and examples to test with.

    Tables are split by `seed` and standardised without leakage; image sets have their
    official split and pixels from 0 to 1.

    **Arguments:**

    - `name`: `"iris"`, `"wine"`, `"digits"`; `"mnist"`, `"fashion-mnist"`, `"cifar-10"`.
    - `test`: The share of the rows of a table to test with, of each class (default 0.3).
    - `seed`: Which split of a table (default 0).
    - `standardise`: Shift and scale each feature by the statistics of the training rows
      (default for tables).
    - `directory`, `limit`: Of an image set, see `images`.
    """
    if name in SETS:
        if test is not None or seed is not None:
            raise ValueError(f"`test` and `seed` must be left out: {name} comes split.")
        task = images(name, directory, limit=limit)
        return task.standardised() if standardise else task
    if name not in TABLES:
        known = ", ".join((*TABLES, *SETS))
        raise ValueError(f"`name` must be one of {known}, got {name!r}.")
    if directory is not None or limit is not None:
        raise ValueError(f"`directory` and `limit` must be left out: {name} is a table.")
    parts = examples(name).split(0.3 if test is None else test, seed=seed or 0)
    task = Learning(*parts)
    return task if standardise is False else task.standardised()
