import dataclasses
from collections.abc import Callable
from typing import Any

import equinox as eqx
import jax
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..data import require_x64
from ._paths import float_leaves, name_of, text_table, unit_of


@dataclasses.dataclass(frozen=True)
class Comparison:
    """One number of a gradient, by the reverse pass and by differences.

    - `reverse`, `difference`: derivative with respect to the number [loss per unit].
    - `uncertainty`: how far the two difference quotients behind `difference` disagree.
    """

    name: str
    value: float
    unit: str
    reverse: float
    difference: float
    uncertainty: float

    @property
    def relative_error(self) -> float:
        """Distance of the two, relative to the difference; 0 if both are zero."""
        distance = abs(self.reverse - self.difference)
        return distance / abs(self.difference) if self.difference else distance


def central_differences(
    loss: Callable[..., Float[Array, ""]],
    parameters: Any,
    *args: Any,
    key: PRNGKeyArray,
    step: float = 1e-4,
    where: Callable[[str], bool] | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> list[Comparison]:
    r"""The reverse-mode gradient of a loss beside central differences with the same key.

    For each number $p$ the quotient $D(h) = [L(p+h) - L(p-h)] / 2h$ is taken at
    $h = $ `step` $|p|$ and half of it, and extrapolated (Richardson):
    $[4 D(h/2) - D(h)] / 3$, with an error of the order of $h^4$. Numbers that are zero
    are left out: they have no scale for a step.

    **Arguments:**

    - `loss`: `loss(parameters, *args, key=key)`, a scalar, smooth at the scale of `step`.
    - `parameters`: Any tree; float64.
    - `step`: Relative step.
    - `where`: Which numbers, by the name that the table shows; all if left out.
    - `progress`: Called with the numbers done and how many there are.
    """
    require_x64("`central_differences`")
    gradient = eqx.filter_grad(loss)(parameters, *args, key=key)
    leaves, structure = jax.tree.flatten(parameters)
    places = [i for i, leaf in enumerate(leaves) if eqx.is_inexact_array(leaf)]
    numbers = []
    for place, (path, value), slope in zip(
        places, float_leaves(parameters), jax.tree.leaves(gradient), strict=True
    ):
        for index in np.ndindex(value.shape):
            label = str(list(index)) if index else ""
            name = name_of(parameters, path) + label
            if float(value[index]) and (where is None or where(name)):
                unit = unit_of(parameters, path)
                numbers.append((place, index, name, unit, float(slope[index])))

    def quotient(place, index, h):
        sides = []
        for sign in (+1, -1):
            moved = list(leaves)
            moved[place] = leaves[place].at[index].add(sign * h)
            sides.append(
                (
                    float(loss(jax.tree.unflatten(structure, moved), *args, key=key)),
                    float(moved[place][index]),
                )
            )
        return (sides[0][0] - sides[1][0]) / (sides[0][1] - sides[1][1])

    rows = []
    for done, (place, index, name, unit, reverse) in enumerate(numbers):
        value = float(leaves[place][index])
        wide, narrow = (quotient(place, index, h * abs(value)) for h in (step, step / 2))
        best = (4 * narrow - wide) / 3
        rows.append(Comparison(name, value, unit, reverse, best, abs(narrow - wide)))
        if progress is not None:
            progress(done + 1, len(numbers))
    return rows


def difference_table(rows: list[Comparison]) -> str:
    r"""The comparisons as text: $dL/d\ln p$ both ways, and the relative error."""
    lines = [("parameter", "value", "unit", "reverse", "differences", "relative error")]
    for row in rows:
        lines.append(
            (
                row.name,
                f"{row.value:.4g}",
                row.unit,
                f"{row.reverse * row.value:+.6e}",
                f"{row.difference * row.value:+.6e}",
                f"{row.relative_error:.1e}",
            )
        )
    return text_table(lines)
