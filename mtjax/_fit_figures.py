"""The figures of a fit: data with the curves of the model, and residuals."""

import pathlib
from typing import Any

from matplotlib.figure import Figure

from mtjax import compact
from mtjax.data import Levels


def draw(folder: pathlib.Path, fit: compact.Fit, statistics: Any) -> None:
    """`fit.png`, one panel for each start state, and `residuals.png`."""
    sets = statistics if isinstance(statistics, tuple) else (statistics,)
    figure = Figure(figsize=(5.6 * len(sets), 4), layout="constrained")
    for axes, one in zip(
        figure.subplots(1, len(sets), squeeze=False)[0], sets, strict=True
    ):
        if isinstance(one, Levels):
            whole = isinstance(fit.model, compact.SynapsePopulation)
            compact.plot_conductance(axes, fit.model.median() if whole else fit.model, one)
        else:
            compact.plot_switching(axes, fit.model, one)
        axes.set_title(f"from {one.start.value}")
    _save(figure, folder / "fit.png")
    figure = Figure(figsize=(5.6, 4), layout="constrained")
    compact.plot_residuals(fit, statistics, axes=figure.subplots())
    _save(figure, folder / "residuals.png")


def _save(figure: Figure, path: pathlib.Path) -> None:
    temporary = path.with_name(f".{path.name}")
    figure.savefig(temporary, dpi=130, format="png")
    temporary.replace(path)
