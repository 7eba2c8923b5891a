"""One sentence on a number of ours beside another, from both sides of its interval."""

import enum
from typing import Any

import numpy as np


Interval = tuple[float, float]


class Side(enum.Enum):
    """Where an interval lies, seen from a number."""

    BELOW = "below"
    HOLDS = "holds"
    ABOVE = "above"
    UNKNOWN = "has no interval"


def side(interval: Interval | None, number: float) -> Side:
    """Whether all of the interval is below or above the number, or it holds it.

    An interval that ends at the number, to rounding, holds it.
    """
    if interval is None or not np.all(np.isfinite(interval)):
        return Side.UNKNOWN
    slack = 1e-6 * max(abs(number), abs(interval[0]), abs(interval[1]))
    if interval[1] < number - slack:
        return Side.BELOW
    return Side.ABOVE if interval[0] > number + slack else Side.HOLDS


_HEADS = {Side.BELOW: "Below", Side.HOLDS: "Reached", Side.ABOVE: "Above"}


def against(
    ours: float,
    interval: Interval | None,
    published: float,
    unit: str = "",
    *,
    because: str = "",
) -> str:
    """The verdict on a published number: reached, above or below, and by how much.

    Reached is that our interval holds it; above and below give the distance of our number
    and, from end to end, of the interval. Without an interval the distance alone is said.

    **Arguments:**

    - `unit`: Of both numbers; distances of per cents are in points.
    - `because`: The likely reason, said if it is not reached.
    """
    where, distance = side(interval, published), ours - published
    apart = {"%": "points"}.get(unit, unit)
    number = f"{published:g} {unit}".rstrip()
    if where is Side.UNKNOWN or interval is None:
        way = "above" if distance > 0 else "below"
        by = f"{abs(distance):.3g} {apart}".rstrip()
        told = f"Not comparable because one unit has no interval: {by} {way} {number}"
        return f"{told}."
    low, high = interval
    if where is Side.HOLDS:
        return f"Reached: {number} is within {low:.4g} to {high:.4g}."
    ends = sorted((abs(low - published), abs(high - published)))
    told = f"{_HEADS[where]} {number} by {abs(distance):.3g} "
    told += f"({ends[0]:.3g} to {ends[1]:.3g}) {apart}".rstrip()
    return f"{told}{': ' + because if because else ''}."


def of_full(session: Any, told: str) -> str:
    """The verdict if the run is a full one."""
    if session.quick:
        return "Not comparable, because the sizes of a quick run are too small."
    return told


def change(ours: float, interval: Interval | None, noun: str, unit: str = "points") -> str:
    """What a difference does, by its sign, and whether its interval leaves that open."""
    does = f"{noun} {'gains' if ours > 0 else 'loses'} {abs(ours):.2f} {unit}"
    where = side(interval, 0)
    if where is Side.UNKNOWN or interval is None:
        return f"{does}, without an interval"
    ends = f"{interval[0]:+.2f} to {interval[1]:+.2f}"
    if where is Side.HOLDS:
        return f"{does}, which is not resolved: {ends} holds 0"
    return f"{does} ({ends})"
