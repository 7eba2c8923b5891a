from typing import Any

import jax.numpy as jnp
import numpy as np

from ..data import clopper_pearson, Levels, Switching
from ._cell import LevelTable
from ._granular import GranularSynapse
from ._macrospin import MacrospinSwitching
from ._spin_orbit import SpinOrbitSwitching
from ._switching import SwitchingProbability


def plot_switching(
    axes: Any,
    model: SwitchingProbability | MacrospinSwitching | SpinOrbitSwitching,
    switching: Switching,
) -> None:
    """Draws the switching probability over voltage, one colour a pulse width.

    Points: counts of all devices together, with Clopper--Pearson intervals of 95 %.
    Lines: the model; the band is one standard deviation between devices, if it has one.

    **Arguments:**

    - `axes`: Axes of matplotlib.
    - `model`: A fitted model.
    - `switching`: Counts over the axes `voltage` and `width`.
    """
    trials = np.sum(np.asarray(switching.trials), 0)
    switched = np.sum(np.asarray(switching.switched), 0)
    voltage = np.asarray(switching.pulses.mesh("voltage"))
    width = np.asarray(switching.pulses.mesh("width"))
    margin = 0.05 * abs(voltage).max()
    fine = jnp.linspace(voltage.min() - margin, voltage.max() + margin, 200)
    for number, t in enumerate(np.unique(width)):
        here = (width == t) & (trials > 0)
        n, k = trials[here], switched[here]
        low, high = clopper_pearson(k, n)
        p = k / np.maximum(n, 1)
        axes.errorbar(
            voltage[here],
            p,
            np.stack([p - low, high - p]),
            fmt="o",
            markersize=4,
            capsize=2,
            color=f"C{number}",
            label=f"{t * 1e9:g} ns",
        )
        widths = jnp.full_like(fine, t)
        if isinstance(model, MacrospinSwitching):
            curve = model.read_disturb(fine, widths, switching.start)
        else:
            curve = model.probability(fine, widths)
        mean = np.asarray(curve)
        axes.plot(fine, mean, color=f"C{number}")
        if not isinstance(model, SwitchingProbability):
            continue
        spread = np.asarray(model.device_std(fine, widths))
        band = np.clip(mean - spread, 0, 1), np.clip(mean + spread, 0, 1)
        axes.fill_between(fine, *band, color=f"C{number}", alpha=0.15, linewidth=0)
    axes.set(xlabel="pulse voltage (V)", ylabel="switching probability", ylim=(-0.03, 1.03))
    axes.legend(title="pulse width", frameon=False)


def plot_conductance(axes: Any, model: GranularSynapse, levels: Levels) -> None:
    """Draws the mean level over voltage, one colour a pulse width.

    Points: mean over all devices; their bars are the standard deviation of one cycle of
    one device, as measured. Lines and bands: the same of the model.

    **Arguments:**

    - `axes`: Axes of matplotlib.
    - `model`: A fitted model.
    - `levels`: Levels over the axes `voltage` and `width`.
    """
    trials = np.asarray(levels.trials, float)
    share = trials / np.maximum(trials.sum(0), 1)
    mean = np.sum(share * np.where(trials > 0, np.asarray(levels.mean), 0), 0)
    apart = (np.asarray(levels.mean) - mean) ** 2 + np.asarray(levels.variance)
    spread = np.sqrt(np.sum(share * np.where(trials > 1, apart, 0), 0))
    voltage = np.asarray(levels.pulses.mesh("voltage"))
    width = np.asarray(levels.pulses.mesh("width"))
    fine = jnp.linspace(voltage.min(), voltage.max(), 200)
    for number, t in enumerate(np.unique(width)):
        here = (width == t) & (trials.sum(0) > 0)
        style = {"color": f"C{number}", "label": f"{t * 1e9:g} ns"}
        bars = 1e6 * spread[here]
        axes.errorbar(
            voltage[here], 1e6 * mean[here], bars, fmt="o", markersize=4, capsize=2, **style
        )
        widths = jnp.full_like(fine, t)
        line = 1e6 * np.asarray(model.mean(fine, widths))
        both = np.hypot(model.cycle_std(fine, widths), model.device_std(fine, widths))
        axes.plot(fine, line, color=f"C{number}")
        band = line - 1e6 * both, line + 1e6 * both
        axes.fill_between(fine, *band, color=f"C{number}", alpha=0.15, linewidth=0)
    axes.set(xlabel="pulse voltage (V)", ylabel="conductance (µS)")
    axes.legend(title="pulse width", frameon=False)


def plot_levels(axes: Any, levels: Levels, table: LevelTable) -> None:
    """Draws the histogram of the levels after the longest pulses, one colour a voltage.

    Dashed: the mean conductances of `table`, that is the levels a cell is given; their
    bars are the standard deviation, device to device and cycle to cycle together.

    **Arguments:**

    - `axes`: Axes of matplotlib.
    - `levels`: Levels over the axes `voltage` and `width`.
    - `table`: The levels of a cell.
    """
    width = np.asarray(levels.pulses.mesh("width"))
    voltage = np.asarray(levels.pulses.mesh("voltage"))
    parallel = float(np.mean(np.asarray(levels.parallel)))
    antiparallel = float(np.mean(np.asarray(levels.antiparallel)))
    edges = 1e6 * (antiparallel + (parallel - antiparallel) * np.asarray(levels.edges))
    counts = np.sum(np.asarray(levels.histogram), 0)
    longest = width == width.max()
    order = np.argsort(voltage[longest])
    for number, index in enumerate(order):
        row = counts[longest][index]
        share = row / max(row.sum(), 1)
        axes.stairs(
            share,
            edges,
            fill=True,
            alpha=0.5,
            color=f"C{number}",
            label=f"{voltage[longest][index]:g} V",
        )
    top = axes.get_ylim()[1]
    spread = np.hypot(np.asarray(table.cycle_std), np.asarray(table.device_std))
    for place, (g, s) in enumerate(zip(np.asarray(table.conductance), spread, strict=True)):
        axes.vlines(1e6 * g, 0, 1.03 * top, color="0.3", linestyle="--", linewidth=0.9)
        axes.errorbar(
            1e6 * g, 1.03 * top, xerr=1e6 * s, color="0.3", capsize=2, linewidth=0.9
        )
        axes.text(1e6 * g, 1.06 * top, f"{place}", ha="center", va="bottom", color="0.3")
    axes.set(
        xlabel="conductance (µS)",
        ylabel="share of the cycles",
        ylim=(0, 1.16 * top),
        title=f"{1e9 * width.max():g} ns pulses; dashed: the levels of a cell",
    )
    axes.legend(frameon=False)
