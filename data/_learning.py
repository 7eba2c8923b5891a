from typing import Any

import jax.numpy as jnp
import numpy as np

from ._examples import Examples, Learning


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
    name: str, *, test: float = 0.3, seed: int = 0, standardise: bool = True
) -> Learning:
    """A classification task, split by `seed` and standardised without leakage.

    **Arguments:**

    - `name`: `"iris"`, `"wine"` or `"digits"`.
    - `test`: The share of the rows to test with, of each class.
    - `seed`: Which split.
    - `standardise`: Shift and scale each feature by the statistics of the training rows.
    """
    task = Learning(*examples(name).split(test, seed=seed))
    return task.standardised() if standardise else task
