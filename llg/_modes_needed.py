"""How many Legendre modes an axial density needs, and what has no density."""

import math
from typing import Any

from ._numbers import check_count, known, Number


def modes_for(delta: float, bias: float) -> int:
    r"""An odd number of Legendre modes that resolves the density to about 1e-12.

    $n \approx 11 \sqrt{\Delta (1 + |u|)} + 20$, at least 101: odd, because the
    truncation error changes its sign, and grows, with the parity.
    """
    modes = int(11 * math.sqrt(delta * (1 + abs(bias))) + 20)
    if modes > 400:
        raise ValueError(
            "`delta` * (1 + |`bias`|) must be <= 1190 for the Fokker-Planck solution, "
            f"got {delta * (1 + abs(bias)):g}."
        )
    return max(101, modes // 2 * 2 + 1)


def check_modes(modes: int, steepness: Any) -> None:
    r"""Refuses a number of modes that leaves an error near 1e-5, or more.

    **Arguments:**

    - `steepness`: $\Delta (1 + |u|)$; not looked at if it is None.
    """
    check_count(modes, "modes", 5)
    if modes % 2 == 0:
        raise ValueError(f"`modes` must be odd, got {modes}.")
    if steepness is None:
        return
    least = 5.5 * math.sqrt(steepness)
    if modes < least:
        raise ValueError(
            f"`modes` must be >= {math.ceil(least)} for a stability and drive of "
            f"{float(steepness):.3g} k_B T, got {modes}; `llg.modes_for` suggests a number."
        )


def check_positive(**values: Number) -> None:
    """Refuses what is not > 0, and a time `tau` that is not >= 0."""
    for name, value in values.items():
        value = known(value)
        if value is None:
            continue
        if not (value >= 0 if name == "tau" else value > 0):
            relation = ">=" if name == "tau" else ">"
            raise ValueError(f"`{name}` must be {relation} 0, got {value:g}.")
