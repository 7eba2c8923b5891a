from typing import Any

import numpy as np
from jaxtyping import Array, Float

from ._circuit import sources
from ._cost import Cost
from ._crossbar import Crossbar, Sides
from ._program import Programmed
from ._solve import Solution


def plot_array(
    array: Crossbar, voltages: Float[Array, " m"] | Sides, solution: Solution
) -> Any:
    """Maps of an array's state: node voltages, cell currents, error of the wires.

    The error is what a cell's voltage lacks of the difference of the sources at the
    left and at the bottom. Returns a matplotlib figure.
    """
    import matplotlib.pyplot as plt

    drop = np.asarray(solution.drops)
    current = np.asarray(array.conductance) * drop
    given = sources(array, voltages)
    ground = 0.0 if given.bottom is None else np.asarray(given.bottom)
    ideal = np.broadcast_to(np.asarray(given.left).T - ground, drop.shape)
    error = (ideal - drop) / (np.max(np.abs(ideal)) or 1.0)
    maps = (
        ("word-line voltage [V]", np.asarray(solution.word), "viridis"),
        ("bit-line voltage [mV]", np.asarray(solution.bit) * 1e3, "viridis"),
        ("cell current [µA]", current * 1e6, "magma"),
        (
            "IR-drop error [% of the largest voltage]",
            error * 100,
            "inferno",
        ),
    )
    figure, axes = plt.subplots(2, 2, figsize=(9, 7.5), layout="constrained")
    for axis, (title, values, colours) in zip(axes.flat, maps, strict=True):
        image = axis.imshow(values, cmap=colours, aspect="auto", interpolation="nearest")
        figure.colorbar(image, ax=axis)
        axis.set(title=title, xlabel="bit line", ylabel="word line")
    return figure


def plot_levels(
    programmed: Programmed,
    target_levels: Float[Array, "..."] | Any,
    levels: Float[Array, " levels"],
) -> Any:
    """Histogram of the conductances after programming, one colour a target level.

    `levels` are the conductances aimed at, drawn as lines [S]. Returns a figure.
    """
    import matplotlib.pyplot as plt

    reached = np.asarray(programmed.conductance).ravel() * 1e6
    target = np.asarray(target_levels).ravel()
    aims = np.asarray(levels) * 1e6
    edges = np.linspace(reached.min(), reached.max(), 121)
    figure, axis = plt.subplots(figsize=(7, 4), layout="constrained")
    for level, aim in enumerate(aims):
        colour = f"C{level % 10}"
        cells = reached[target == level]
        axis.hist(cells, list(edges), color=colour, alpha=0.6, label=f"{level}")
        axis.axvline(aim, color=colour, linestyle="--", linewidth=1)
    axis.set(xlabel="conductance [µS]", ylabel="cells", title="after programming")
    axis.legend(title="level", ncols=max(1, len(aims) // 6))
    return figure


def plot_cost(cost: Cost) -> Any:
    """Bars of energy, time and area by component. Returns a matplotlib figure."""
    import matplotlib.pyplot as plt

    names = [item.component for item in cost.items]
    parts = (
        ("energy [pJ]", [item.energy * 1e12 for item in cost.items]),
        ("time [ns]", [item.time * 1e9 for item in cost.items]),
        ("area [µm²]", [item.area * 1e12 for item in cost.items]),
    )
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.2), sharey=True, layout="constrained")
    for axis, (title, values) in zip(axes, parts, strict=True):
        bars = axis.barh(names, values)
        axis.bar_label(bars, fmt="%.3g", padding=3)
        axis.set(
            title=f"{title}, sum {sum(values):.3g}", xlim=(0, 1.4 * max(max(values), 1e-30))
        )
    axes[0].invert_yaxis()
    return figure
