"""What is drawn anew for an interval: arrays, and splits of the data."""

import numpy as np

from .._bootstrap import crossed, FEW


MIDDLE = 1  # the diameter of which single non-idealities are removed


def unit(card) -> float:
    """The voltage of a deviation of a feature, over that of the largest input."""
    return 1 / card.number("array.input_range")


def over(values, splits: int, statistic) -> tuple[float, float]:
    """Interval of a statistic of `(arrays, solutions)`, or of `(solutions,)`.

    Solutions of one split share their data: splits are drawn anew with all their seeds,
    and arrays with all their solutions; arrays only if there are enough of them.
    """
    values = np.atleast_2d(values)
    return crossed(values.reshape(len(values), splits, -1), statistic)


def units(values, splits: int) -> str:
    """Those units as text."""
    values = np.asarray(values)
    seeds = values.shape[-1] // splits
    if values.ndim == 1:
        return f"{splits} splits x {seeds} seeds"
    arrays = values.shape[0]
    if arrays < FEW:
        return f"{splits} splits x {seeds} seeds, the same {arrays} arrays"
    return f"{arrays} arrays and {splits} splits, both drawn anew, x {seeds} seeds"
