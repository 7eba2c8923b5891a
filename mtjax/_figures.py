"""The figures of a run, as PNG files; what is drawn lives with what it shows."""

import pathlib
from typing import Any

from matplotlib.figure import Figure

from mtjax import compact, training

from ._setup import Setup


DPI = 130


def _save(figure: Figure, path: pathlib.Path) -> None:
    temporary = path.with_name(f".{path.name}")
    figure.savefig(temporary, dpi=DPI, format="png")
    temporary.replace(path)


def statistics(
    folder: pathlib.Path, setup: Setup, fits: dict[str, Any], levels: Any, switching: Any
) -> None:
    """Switching probability with its fit, and the histogram of the levels."""
    figure = Figure(figsize=(5.6, 4), layout="constrained")
    compact.plot_switching(figure.subplots(), fits["switching"].model, switching)
    _save(figure, folder / "switching.png")

    cell = fits["levels"].model
    figure = Figure(figsize=(5.6, 4), layout="constrained")
    table = cell.levels(cell.assign(setup.array.levels))
    compact.plot_levels(figure.subplots(), levels, table)
    _save(figure, folder / "levels.png")


def learning(folder: pathlib.Path, learned: dict[str, Any]) -> None:
    """Learning curves of all networks, in float and in the array."""
    figure = Figure(figsize=(3.2 * len(learned) + 0.6, 3), layout="constrained")
    for axes, (name, results) in zip(
        figure.subplots(1, len(learned), squeeze=False)[0], learned.items(), strict=True
    ):
        training.plot_curves(axes, results["curves"])
        axes.set_title(name)
    _save(figure, folder / "learning.png")


def sensitivities(folder: pathlib.Path, found: dict[str, Any]) -> None:
    """Derivatives of the loss, with error bars."""
    rows = [row for row in found["rows"] if row["code"] is not None]
    figure = Figure(figsize=(6.4, 0.36 * len(rows) + 1.2), layout="constrained")
    axes = figure.subplots()
    training.plot_sensitivity(axes, rows)
    axes.set_title(f"loss of the {found['data']} network")
    _save(figure, folder / "sensitivities.png")
