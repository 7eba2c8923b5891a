from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats


FEW = 6
"""From so many units on an interval is that of the bootstrap."""


def bootstrap(
    values: Any,
    statistic: Callable[..., Any] = np.mean,
    *,
    resamples: int = 2000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Interval of a statistic: percentiles over units drawn anew (Efron 1979).

    Fewer than six units say too little of their spread for that: theirs is Student's t
    with the error of the jackknife, which for a mean is the usual one; of one unit it is
    infinite.

    **Arguments:**

    - `values`: One entry for each unit of replication (a chip, a device, a seed), along
      the first axis; for a paired comparison, the differences.
    - `statistic`: Of an array along `axis=0`.
    """
    values = np.asarray(values, float)
    units = len(values)
    if units < 2:
        return -np.inf, np.inf
    if units < FEW:
        return _student(values, statistic, level)
    draws = np.random.default_rng(0).integers(units, size=(resamples, units))
    found = np.array([statistic(values[draw], axis=0) for draw in draws])
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)


def _student(values, statistic, level) -> tuple[float, float]:
    units = len(values)
    without = [statistic(np.delete(values, n, axis=0), axis=0) for n in range(units)]
    error = np.sqrt((units - 1) * np.var(without))
    half = float(scipy.stats.t.ppf((1 + level) / 2, units - 1) * error)
    middle = float(statistic(values, axis=0))
    return middle - half, middle + half


def crossed(
    values: Any,
    statistic: Callable[[np.ndarray], Any],
    *,
    resamples: int = 2000,
    level: float = 0.95,
) -> tuple[float, float]:
    """Interval of a statistic of all entries, both kinds of units drawn anew (Owen 2007).

    **Arguments:**

    - `values`: One entry for each pair of units, such as arrays along the first axis and
      splits along the second, then what a pair has several of. Of a kind with fewer than
      six units none is drawn anew: the interval is for those that there are.
    """
    values = np.asarray(values, float)
    generator = np.random.default_rng(0)
    pick = lambda n: generator.integers(n, size=n) if n >= FEW else np.arange(n)
    first, second = values.shape[:2]
    found = [statistic(values[np.ix_(pick(first), pick(second))]) for _ in range(resamples)]
    low, high = np.quantile(found, [(1 - level) / 2, (1 + level) / 2])
    return float(low), float(high)
