import enum

import numpy as np
from jaxtyping import ArrayLike, Float


class Observer(enum.Enum):
    """How the limit of a grid is chosen from the numbers that it must hold.

    - `MIN_MAX`: the largest magnitude.
    - `MSE`: the least mean squared error, of 100 limits up to the largest magnitude.
    - `PERCENTILE`: the magnitude that 99.9 % of the numbers do not pass.
    - `ENTROPY`: the least Kullback-Leibler divergence of the histogram (2,048 bins) of
      the magnitudes from that of their rounded values (Migacz 2017, "8-bit inference
      with TensorRT").
    """

    MIN_MAX = "min-max"
    MSE = "mean squared error"
    PERCENTILE = "percentile"
    ENTROPY = "entropy"


def observe(x: Float[ArrayLike, "..."], levels: int, observer: Observer) -> float:
    """The limit of a grid of `levels` evenly spaced numbers that is to hold `x`."""
    magnitude = np.abs(np.asarray(x, float)).ravel()
    largest = float(magnitude.max()) or 1.0
    match observer:
        case Observer.MIN_MAX:
            return largest
        case Observer.PERCENTILE:
            return float(np.quantile(magnitude, 0.999)) or largest
        case Observer.MSE:
            limits = largest * np.linspace(0.01, 1, 100)
            return float(limits[np.argmin([_error(magnitude, v, levels) for v in limits])])
        case Observer.ENTROPY:
            return largest * _least_divergence(magnitude / largest, levels)


def _error(magnitude: np.ndarray, limit: float, levels: int) -> float:
    """Mean squared distance of magnitudes from a grid that is symmetric about zero."""
    half = (levels - 1) / 2
    number = np.clip(np.round(magnitude / limit * half + half), 0, levels - 1)
    return float(np.mean(((number - half) / half * limit - magnitude) ** 2))


def _least_divergence(magnitude: np.ndarray, levels: int, bins: int = 2048) -> float:
    """The limit of least divergence, for magnitudes up to one.

    What is beyond the limit is counted in its last bin; the rounded histogram has one
    count for each level of the magnitude, spread evenly over the bins that it fills.
    """
    counts, _ = np.histogram(magnitude, bins, range=(0, 1))
    cells = (levels + 1) // 2
    best = (np.inf, bins)
    for width in range(min(64, bins), bins + 1, 16):
        p = counts[:width].astype(float)
        group = np.arange(width) * cells // width
        filled = p > 0
        share = np.bincount(group, p) / np.maximum(np.bincount(group, filled), 1)
        q = filled * share[group]
        p[-1] += counts[width:].sum()
        p, q = p / p.sum(), q / max(q.sum(), 1)
        both = p > 0
        # a bin that only the clipped numbers fill has no q: a small one, so it counts
        ratio = p[both] / np.maximum(q[both], 1e-9)
        best = min(best, (float(np.sum(p[both] * np.log(ratio))), width))
    return best[1] / bins
