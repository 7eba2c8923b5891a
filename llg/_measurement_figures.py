"""Figures of barriers, loops, phase diagrams and the feasible window."""

from typing import Any

import numpy as np

from ..data import Levels
from ._barrier import Barrier
from ._fields import Loop
from ._window import FeasibleWindow


_SHORT = 0.03  # of all derivatives the smallest that is shown


def plot_barrier(axes: Any, barrier: Barrier, temperature: float = 300.0) -> None:
    """Energy along the string, over k T.

    **Arguments:**

    - `axes`: Axes of matplotlib.
    - `temperature`: T [K].
    """
    energy = np.asarray(barrier.energies - barrier.energies[0])
    share = np.linspace(0, 1, len(energy))
    axes.plot(share, energy / (1.380649e-23 * temperature), "o-", markersize=3)
    axes.set_xlabel("share of the path")
    axes.set_ylabel(f"energy / kT at {temperature:g} K")


def plot_loop(axes: Any, *branches: Loop) -> None:
    """Magnetisation along the field, over the field."""
    for branch in branches:
        axes.plot(np.asarray(branch.field), np.asarray(branch.along))
    axes.set_xlabel("flux density [T]")
    axes.set_ylabel("magnetisation along the field")


def plot_phase_diagram(axes: Any, levels: Levels, device: int = 0) -> Any:
    """Mean level over voltage and width of the pulses, as a map.

    **Arguments:**

    - `axes`: Axes of matplotlib.
    - `levels`: From `llg.sweep` over the axes `voltage` and `width`.
    - `device`: Which.
    """
    if set(levels.pulses.axes) != {"voltage", "width"}:
        raise ValueError(
            f"`levels` must have the axes `voltage` and `width`, got {levels.pulses.axes}."
        )
    low, high = levels.antiparallel[device], levels.parallel[device]
    level = np.asarray((levels.mean[device] - low) / (high - low))
    if levels.pulses.axes == ("width", "voltage"):
        level = level.T
    x, y = np.asarray(levels.pulses.voltage), np.asarray(levels.pulses.width) * 1e9
    mesh = axes.pcolormesh(x, y, level.T, vmin=0, vmax=1, shading="nearest", cmap="viridis")
    if min(level.shape) > 1:
        axes.contour(x, y, level.T, levels=[0.25, 0.5, 0.75], colors="white", linewidths=1)
    axes.set_xlabel("source voltage [V]")
    axes.set_ylabel("pulse width [ns]")
    return mesh


def window_figure(window: FeasibleWindow, device: Any) -> Any:
    """The window in the plane of resistance-area product and voltage, and all slopes.

    Left, borders are tangents in the logarithms at the card, which is the dotted line.
    Right, d ln(border) / d ln(parameter); a slope within 3.2 standard errors of zero is
    not resolved. Returns a figure of matplotlib.
    """
    import matplotlib.pyplot as plt

    write, disturb, retention, resistance = window.borders
    figure, (left, right) = plt.subplots(
        1, 2, figsize=(12, 5.4), width_ratios=(1, 1.35), layout="constrained"
    )
    _plane(left, window, float(device.junction.resistance_area))
    borders = (write, disturb, retention, resistance)
    names = [
        name
        for name in write.gradient
        if max(abs(np.nan_to_num(b.gradient[name])) for b in borders) > _SHORT
    ]
    slope = np.array([[b.gradient[n] for b in borders] for n in names])
    error = np.array([[b.error[n] for b in borders] for n in names])
    # Ninety-five per cent of Student's law for four keys, the default.
    sure = np.abs(slope) > 3.2 * error
    right.imshow(
        np.where(sure, slope, np.nan), cmap="RdBu_r", vmin=-2, vmax=2, aspect="auto"
    )
    right.set_facecolor("0.88")
    for (i, j), value in np.ndenumerate(slope):
        spread = f" ± {error[i, j]:.2f}" if error[i, j] > 0 else ""
        text = f"{value:.2f}{spread}" if sure[i, j] else "not resolved"
        if error[i, j] == 0 and abs(value) < 0.005:
            text = ""
        strong = sure[i, j] and abs(value) > 1.3
        colour = "white" if strong else "black"
        right.text(j, i, text, ha="center", va="center", color=colour, fontsize=9)
    right.set_xticks(range(4), [f"{b.name}\n[{b.unit}]" for b in borders])
    right.set_yticks(range(len(names)), names)
    right.set_title("d ln(border) / d ln(parameter)")
    return figure


def _plane(axes: Any, window: FeasibleWindow, card: float) -> None:
    write, disturb, retention, resistance = window.borders
    width, name = float(window.need.width) * 1e9, "junction.resistance_area"
    product = card * np.geomspace(0.1, 10, 200)
    unit = product * 1e12
    along = lambda b: b.value * (product / card) ** b.gradient[name]
    smallest = along(resistance) > resistance.limit
    axes.plot(unit, along(write), color="C0", label=f"write, {width:g} ns")
    axes.axhline(write.limit, color="C3", label="breakdown")
    if disturb.value > 0:
        axes.plot(unit, along(disturb), color="C2", label="read disturb")
    axes.axhline(disturb.limit, color="C1", ls="--", label="read voltage")
    edge = card * resistance.limit / resistance.value * 1e12
    axes.axvline(edge, color="C4", label=f"R = {resistance.limit:g} Ohm")
    axes.axvline(card * 1e12, color="0.4", ls=":", label="card")
    inside = smallest & (along(write) < write.limit)
    if disturb.value > 0:
        inside &= along(disturb) > disturb.limit
    else:
        inside &= False
    low, high = along(write), np.full(len(unit), write.limit)
    kept = retention.margin > 0
    colour, hatch = ("C2", None) if kept else ("0.6", "//")
    axes.fill_between(
        unit, low, high, where=inside.tolist(), alpha=0.35, color=colour, hatch=hatch
    )
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(disturb.limit / 5, write.limit * 3)
    axes.set_xlabel("resistance-area product [Ohm um$^2$]")
    axes.set_ylabel("voltage [V]")
    verdict = "kept" if kept else "NOT kept"
    shaded = "shaded: feasible" if kept else "shaded: feasible but for retention"
    place = shaded if inside.any() else "no product serves writing and reading"
    axes.set_title(
        f"weakest barrier {retention.value:.1f} kT, needs {retention.limit:.1f}: "
        f"{verdict}\n{place}",
        fontsize=10,
    )
    axes.legend(fontsize=8, loc="upper center", bbox_to_anchor=(0.5, -0.12), ncols=3)
