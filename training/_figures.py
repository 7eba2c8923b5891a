from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from jaxtyping import ArrayLike, Int


def plot_curves(axes: Any, curves: Mapping[str, Sequence[Mapping[str, float]]]) -> None:
    """Draws the training loss over the epochs, one line for each name in `curves`.

    **Arguments:**

    - `axes`: Axes of matplotlib.
    - `curves`: By name, the rows of `Training.curve`.
    """
    for name, rows in curves.items():
        epochs = [row["epoch"] for row in rows]
        axes.semilogy(epochs, [row["loss"] for row in rows], label=name)
    axes.set(xlabel="epoch", ylabel="training loss (nat)")
    axes.legend(frameon=False)


def plot_sensitivity(axes: Any, rows: Sequence[Mapping[str, Any]]) -> None:
    """Draws the rows of `Sensitivity.rows()` as bars with two standard errors.

    What is not resolved is pale. The scale is linear up to the smallest standard error
    and logarithmic beyond, so that no parameter hides the others.
    """
    place = np.arange(len(rows))[::-1]
    for y, row in zip(place, rows, strict=True):
        axes.barh(
            y,
            row["log_gradient"],
            xerr=2 * row["standard_error"],
            color="C0" if row["resolved"] else "0.8",
            error_kw={"elinewidth": 1, "capsize": 2},
        )
    axes.axvline(0, color="0.3", linewidth=0.8)
    errors = [row["standard_error"] for row in rows if row["standard_error"] > 0]
    if errors:
        axes.set_xscale("symlog", linthresh=min(errors))
        largest = max(abs(end) for end in axes.get_xlim())
        decades = np.arange(np.floor(np.log10(min(errors))) + 2, np.log10(largest))
        axes.set_xticks([*-(10.0 ** decades[::-1]), 0, *10.0**decades])
    axes.set_yticks(place, [row["name"] for row in rows])
    axes.set(xlabel="d loss / d ln(parameter), with two standard errors")


def plot_confusion(
    axes: Any, counts: Int[ArrayLike, "classes classes"], names: Sequence[str] | None = None
) -> None:
    """Draws a confusion matrix: rows are labels, columns answers, with their numbers.

    **Arguments:**

    - `axes`: Axes of matplotlib.
    - `counts`: Of `confusion_matrix`.
    - `names`: Of the classes; their numbers if left out.
    """
    table = np.asarray(counts)
    names = [str(i) for i in range(len(table))] if names is None else list(names)
    share = table / np.maximum(table.sum(axis=1, keepdims=True), 1)
    axes.imshow(share, cmap="Blues", vmin=0, vmax=1)
    for i, j in zip(*np.nonzero(table), strict=True):
        colour = "white" if share[i, j] > 0.5 else "black"
        axes.text(j, i, str(table[i, j]), color=colour, ha="center", va="center")
    axes.set_xticks(
        range(len(names)), names, rotation=45 if len("".join(names)) > 20 else 0
    )
    axes.set_yticks(range(len(names)), names)
    axes.set(xlabel="answer", ylabel="label")
