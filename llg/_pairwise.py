"""Barriers of all states of a film from interactions of pairs of grains."""

from collections.abc import Callable
from typing import Any

import numpy as np

from ._microstates import Attempt, Microstates, Ways
from ._system import System


class PairwiseMicrostates:
    r"""States whose barriers follow from those near one of them: an approximation.

    With $x_c = 1$ for grains that are turned against the reference state, else 0,

    $$E(x) = \sum_c e_c x_c + \sum_{c < d} w_{cd} x_c x_d, \qquad
      S_c(x) - \frac{E_0 + E_1}{2} = M_c + \sum_d v_{cd} x_d$$

    where $E_0$, $E_1$ are the energies of the two states that a flip of $c$ joins, and
    $S_c$ its saddle. Exact for the reference, for states with one grain turned and for
    the way to those with two; both directions share the saddle, so that the equilibrium
    is that of $E$. The cosine with the reference layer is taken as a sum over grains.
    `residual` says how good it is elsewhere.

    A flip that a string does not find next to the reference counts as impossible; one
    that is not found beside a turned grain counts as not changed by it.

    **Arguments:**

    - `system`, `grains`, `attempt`, `options`: As for `llg.Microstates`.
    - `signs`: The reference state, which must be at rest.
    - `progress`: Called with the numbers of states done and in total.
    """

    def __init__(
        self,
        system: System,
        grains: int,
        signs: Any,
        *,
        attempt: Attempt,
        progress: Callable[[int, int], Any] | None = None,
        **options: Any,
    ):
        exact = Microstates(system, grains, attempt=attempt, limit=grains + 1, **options)
        self.system, self.grains, self.exact = system, grains, exact
        self.signs = np.asarray(signs, np.int8)
        if self.signs.shape != (grains,) or not np.all(np.abs(self.signs) == 1):
            raise ValueError(
                f"`signs` must be 1 or -1 and of shape ({grains},), got shape "
                f"{self.signs.shape}."
            )
        fallen = exact.at_rest(self.signs[None])[0] != self.signs
        if np.any(fallen & exact.real):
            raise ValueError(
                "`signs` must be of a state at rest, and grain "
                f"{int(np.argmax(fallen & exact.real))} falls over."
            )
        first = exact.ways(self.signs[None])
        energy, back, self.out, self.again = (leaf[0] for leaf in first)
        self.possible = np.isfinite(energy)
        change = lambda row: np.where(self.possible, row.energy - row.back, 0.0)
        middle = lambda row: np.where(self.possible, (row.energy + row.back) / 2, np.inf)
        here = Ways(energy, back, self.out, self.again)
        self.change, self.middle = change(here), middle(here)
        self.pairs, self.shift, sides = np.zeros((3, grains, grains))
        cosines = [exact.cosine(self.signs[None])[0]]
        for c in range(grains):
            turned = np.where(np.arange(grains) == c, -self.signs, self.signs)
            cosines.append(exact.cosine(turned[None])[0])
            row = Ways(*(leaf[0] for leaf in exact.ways(turned[None])))
            known = self.possible & np.isfinite(row.energy) & (np.arange(grains) != c)
            sides[c] = known
            with np.errstate(invalid="ignore"):
                self.pairs[c] = np.where(known, change(row) - self.change, 0.0)
                self.shift[:, c] = np.where(known, middle(row) - self.middle, 0.0)
            if progress is not None:
                progress(c + 1, grains)
        # The mean of what is known from either grain.
        self.pairs = (self.pairs + self.pairs.T) / np.maximum(sides + sides.T, 1)
        self.first, self.steps = cosines[0], np.array(cosines[1:]) - cosines[0]

    @property
    def missed(self) -> int:
        """See `AbstractMicrostates`."""
        return self.exact.missed

    def _turned(self, signs: np.ndarray) -> np.ndarray:
        return (signs != self.signs).astype(float)

    def ways(self, signs: np.ndarray) -> Ways:
        """See `AbstractMicrostates`."""
        x = self._turned(signs)
        way = 1 - 2 * x  # 1 for a grain that will be turned, -1 for one turned back
        change = way * (self.change + x @ self.pairs)
        middle = self.middle + x @ self.shift.T
        # A saddle is no lower than either state.
        middle = np.maximum(middle, np.abs(change) / 2)
        on = x > 0
        out, again = np.where(on, self.again, self.out), np.where(on, self.out, self.again)
        return Ways(middle + change / 2, middle - change / 2, out, again)

    def go(self, signs: np.ndarray, grain: np.ndarray) -> np.ndarray:
        """See `AbstractMicrostates`."""
        after = np.array(signs, np.int8)
        after[np.arange(len(after)), grain] *= -1
        return after

    def cosine(self, signs: np.ndarray) -> np.ndarray:
        """See `AbstractMicrostates`."""
        return self.first + self._turned(signs) @ self.steps

    def residual(self, signs: Any) -> np.ndarray:
        """Approximate minus exact barriers of states, `(states, grains)` [J].

        NaN where one of both does not exist.
        """
        signs = np.asarray(signs, np.int8)
        self.exact.limit += len(signs)
        exact = self.exact.ways(signs).energy
        difference = np.where(np.isfinite(exact), exact, np.nan)
        return self.ways(signs).energy - difference
