from collections.abc import Mapping
from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
import scipy.stats
from jaxtyping import Array, Float

from ._paths import text_table


class Scores(eqx.Module):
    """Accuracies of several methods on the same chips (or seeds, or devices).

    - `values`: one row for each method, one column for each chip.
    - `unit`: what was drawn anew: `"chips"`, `"seeds"`.
    """

    values: Float[Array, "methods units"]
    names: tuple[str, ...] = eqx.field(static=True)
    unit: str = eqx.field(static=True, default="chips")

    @classmethod
    def of(cls, rows: Mapping[str, Any], unit: str = "chips") -> "Scores":
        """Scores by the name of the method."""
        return cls(
            jnp.array([list(row) for row in rows.values()], float), tuple(rows), unit
        )

    def __getitem__(self, name: str) -> np.ndarray:
        if name not in self.names:
            raise ValueError(
                f"`name` must be one of {', '.join(self.names)}, got {name!r}."
            )
        return np.asarray(self.values)[self.names.index(name)]

    def median(self, name: str) -> float:
        """Median over the units."""
        return float(np.median(self[name]))

    def interval(self, name: str) -> tuple[float, float]:
        """95 % interval of the median: order statistics, whatever the distribution.

        It reaches from the k-th lowest to the k-th highest score, with the largest k of
        which a binomial law says 95 %; with fewer than six units, from lowest to highest.
        """
        ordered = np.sort(self[name])
        k = max(int(scipy.stats.binom.ppf(0.025, len(ordered), 0.5)) - 1, 0)
        return float(ordered[k]), float(ordered[-1 - k])

    def difference(self, name: str, against: str) -> tuple[float, float, float]:
        """Mean paired difference of two methods, and its 95 % interval (Student's t)."""
        pairs = self[name] - self[against]
        mean = float(pairs.mean())
        if len(pairs) < 2:
            return mean, -np.inf, np.inf
        half = scipy.stats.t.ppf(0.975, len(pairs) - 1) * scipy.stats.sem(pairs)
        return mean, mean - float(half), mean + float(half)

    def table(self, against: str | None = None) -> str:
        """Medians, intervals and differences from the method `against`, in per cent."""
        percent = lambda low, high: f"{100 * low:.2f} to {100 * high:.2f}"
        head = ("method", "median", "95 %", "worst to best")
        rows: list[tuple[str, ...]] = [
            head if against is None else (*head, f"minus {against}", "95 %")
        ]
        for name in self.names:
            row = (
                name,
                f"{100 * self.median(name):.2f}",
                percent(*self.interval(name)),
                percent(self[name].min(), self[name].max()),
            )
            if against == name:
                row = (*row, "", "")
            elif against is not None:
                mean, low, high = self.difference(name, against)
                interval = f"{100 * low:+.2f} to {100 * high:+.2f}"
                row = (*row, f"{100 * mean:+.2f}", interval)
            rows.append(row)
        return f"{self.values.shape[1]} {self.unit}\n" + text_table(rows)
