"""Confidence limits of a probability, and how many trials a wanted precision takes."""

import math
from typing import Any

import numpy as np
import scipy.stats


def clopper_pearson(
    switched: Any, trials: Any, *, level: float = 0.95
) -> tuple[np.ndarray, np.ndarray]:
    """Lower and upper limits of a probability from counts; never too narrow.

    The lower limit is the probability at which `switched` or more has the chance
    `(1 - level) / 2`, the upper one that at which `switched` or less has it. Without
    trials the limits are 0 and 1.

    C. J. Clopper and E. S. Pearson, Biometrika 26, 404 (1934).

    **Arguments:**

    - `switched`, `trials`: Counts, arrays of one shape.
    - `level`: Chance that the limits enclose the probability, at least.
    """
    k, n = np.asarray(switched), np.asarray(trials)
    if not 0 < level < 1:
        raise ValueError(f"`level` must be > 0 and < 1, got {level}.")
    if not np.all((k >= 0) & (k <= n)):
        raise ValueError("`switched` must be from 0 to `trials` everywhere, and is not.")
    tail = (1 - level) / 2
    inside = lambda q, a, b: scipy.stats.beta.ppf(q, np.maximum(a, 1), np.maximum(b, 1))
    low = np.where(k > 0, inside(tail, k, n - k + 1), 0.0)
    high = np.where(k < n, inside(1 - tail, k + 1, n - k), 1.0)
    return low, high


def trials_for(probability: float, *, relative_error: float) -> int:
    r"""Trials after which a counted probability has the relative standard error asked for.

    $$n = \frac{1 - p}{p\, \epsilon^2}$$

    **Arguments:**

    - `probability`: What is expected, such as a write-error rate.
    - `relative_error`: Standard error over probability.
    """
    if not 0 < probability <= 1:
        raise ValueError(f"`probability` must be > 0 and <= 1, got {probability}.")
    if not relative_error > 0:
        raise ValueError(f"`relative_error` must be > 0, got {relative_error}.")
    return max(1, math.ceil((1 - probability) / (probability * relative_error**2)))


def trials_to_exclude(probability: float, *, level: float = 0.95) -> int:
    r"""Trials without a single event that put the upper limit below `probability`.

    $$n = \frac{\ln(1 - \mathrm{level})}{\ln(1 - p)}$$

    The limit is one-sided: a probability of `probability` or more has the chance
    `1 - level` to show no event. It is the upper limit of
    `clopper_pearson(0, n, level=2 * level - 1)`, which leaves as much on each side; that
    of `clopper_pearson(0, n, level=level)` is higher.
    """
    for name, value in (("probability", probability), ("level", level)):
        if not 0 < value < 1:
            raise ValueError(f"`{name}` must be > 0 and < 1, got {value}.")
    return math.ceil(math.log(1 - level) / math.log1p(-probability))
