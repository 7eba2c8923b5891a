from collections.abc import Callable
from typing import Any

import numpy as np


def bootstrap(
    values: Any,
    statistic: Callable[..., Any] = np.mean,
    *,
    resamples: int = 2000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Percentile interval of a statistic over units drawn anew (Efron 1979).

    **Arguments:**

    - `values`: One entry for each unit of replication (a chip, a device, a seed), along
      the first axis; for a paired comparison, the differences.
    - `statistic`: Of an array along `axis=0`.
    """
    values = np.asarray(values, float)
    if len(values) < 2:
        return -np.inf, np.inf
    draws = np.random.default_rng(0).integers(len(values), size=(resamples, len(values)))
    found = np.array([statistic(values[draw], axis=0) for draw in draws])
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
