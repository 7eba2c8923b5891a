from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ..data import Outcome, quantity, Scalar, State, Switching
from ._drive import grid, polarity
from ._model import AbstractModel, first
from ._write_error import escape_rate, exponent, VALID_OVERDRIVE, VALID_STABILITY


class MacrospinSwitching(AbstractModel):
    r"""Switching of a macrospin by spin torque, both ways, from read to write pulses.

    One expression (`write_error`) through the thermally activated and the precessional
    regime. In each direction the overdrive is

    $$i = |V| / V_c^{\mathrm{direction}} \mp h,$$

    where the stray field $h$ (over the anisotropy field, along the easy axis) favours the
    parallel state: minus for P to AP, plus for AP to P. The initial state is in thermal
    equilibrium, the layer axially symmetric, the pulse rectangular.
    """

    directions: tuple[State, ...] = eqx.field(static=True)
    stability: Scalar = quantity("1", above=0, doc="energy barrier over k T")
    critical_from_p: Scalar = quantity("V", above=0, doc="threshold from P to AP")
    critical_from_ap: Scalar = quantity("V", above=0, doc="threshold from AP to P")
    relaxation: Scalar = quantity(
        "1/s", above=0, doc="alpha gamma Bk / (1 + alpha^2): unit of inverse time"
    )
    stray: Scalar = quantity(
        "1", above=-1, below=1, default=0.0, doc="stray field over anisotropy field"
    )
    weakest: Scalar = quantity("V", lower=0, default=0.0, doc="least fitted voltage")
    strongest: Scalar = quantity("V", above=0, default=jnp.inf, doc="largest one")
    shortest: Scalar = quantity("s", lower=0, default=0.0, doc="least fitted width")
    longest: Scalar = quantity("s", above=0, default=jnp.inf, doc="largest one")

    @classmethod
    def start(cls, switching: Switching | Sequence[Switching]) -> "MacrospinSwitching":
        """Start values for `fit` from the counts of one or both directions.

        The likeliest of a coarse grid, each direction's threshold apart; no derivative.
        """
        sets = _sets(switching)
        held = jax.lax.stop_gradient
        voltage = held(jnp.concatenate([abs(grid(s.pulses)[0]).ravel() for s in sets]))
        width = held(jnp.concatenate([grid(s.pulses)[1].ravel() for s in sets]))
        middle = jnp.exp(jnp.mean(jnp.log(width)))
        ranges = {
            "weakest": jnp.min(voltage),
            "strongest": jnp.max(voltage),
            "shortest": jnp.min(width),
            "longest": jnp.max(width),
        }
        directions = tuple(s.start for s in sets)
        stability = jnp.array([20.0, 30.0, 45.0, 65.0])
        speed = jnp.array([0.3, 1.0, 3.0, 10.0, 100.0, 1e4]) / middle
        critical = jnp.max(voltage) * jnp.geomspace(0.2, 3.0, 25)
        mesh = [x.ravel() for x in jnp.meshgrid(stability, speed, indexing="ij")]

        def log_likelihood(d, r, v, of):
            model = cls(
                directions,
                stability=d,
                relaxation=r,
                critical_from_p=v,
                critical_from_ap=v,
                **ranges,
            )
            value = held(model.log_likelihood(of))
            return jnp.where(jnp.isfinite(value), value, -jnp.inf)

        def table(of):
            over_v = jax.vmap(lambda d, r, v: log_likelihood(d, r, v, of), (None, None, 0))
            return jax.vmap(over_v, (0, 0, None))(mesh[0], mesh[1], critical)

        tables = [table(s) for s in sets]
        best = jnp.argmax(sum(jnp.max(t, axis=1) for t in tables))
        at = {s.start: critical[jnp.argmax(tables[j][best])] for j, s in enumerate(sets)}
        only = at[sets[0].start]
        return cls(
            directions,
            stability=mesh[0][best],
            relaxation=mesh[1][best],
            critical_from_p=at.get(State.PARALLEL, only),
            critical_from_ap=at.get(State.ANTIPARALLEL, only),
            **ranges,
        )

    @property
    def free(self) -> tuple[str, ...]:
        names = ("stability", "relaxation")
        if State.PARALLEL in self.directions:
            names += ("critical_from_p",)
        if State.ANTIPARALLEL in self.directions:
            names += ("critical_from_ap",)
        return names

    def overdrive(self, voltage: Float[Array, "*n"], start: State) -> Float[Array, "*n"]:
        """Torque over its threshold, stray field included; negative if it holds `start`."""
        from_p = start is State.PARALLEL
        critical = self.critical_from_p if from_p else self.critical_from_ap
        return polarity(start) * (voltage / critical - self.stray)

    def _reduced(self, voltage, width, start):
        i = self.overdrive(jnp.asarray(voltage), start)
        return self.relaxation * width, i, jnp.broadcast_to(self.stability, i.shape)

    def write_error(
        self, voltage: Float[Array, "*n"], width: Float[Array, "*n"], start: State
    ) -> Float[Array, "*n"]:
        """Probability that `start` survives a pulse of `voltage` [V] and `width` [s]."""
        return -jnp.expm1(-exponent(*self._reduced(voltage, width, start)))

    def read_disturb(
        self, voltage: Float[Array, "*n"], width: Float[Array, "*n"], start: State
    ) -> Float[Array, "*n"]:
        """Probability that a pulse of `voltage` [V] and `width` [s] switches `start`.

        Exact to rounding however small; the complement of `write_error`.
        """
        return jnp.exp(-exponent(*self._reduced(voltage, width, start)))

    def rate(self, voltage: Float[Array, "*n"], start: State) -> Float[Array, "*n"]:
        """Escape rate [1/s] from `start` at a steady `voltage` [V]: the exported hazard."""
        i = self.overdrive(jnp.asarray(voltage), start)
        return self.relaxation * escape_rate(i, jnp.broadcast_to(self.stability, i.shape))

    def trusted(
        self, voltage: Float[Array, "*n"], width: Float[Array, "*n"], start: State
    ) -> Bool[Array, "*n"]:
        """Whether an answer lies inside the data and the range that was checked.

        Outside the fitted voltages and widths it extrapolates; outside overdrives of .3
        to 4 and stabilities of 20 to 80 the expression itself was not compared with the
        Fokker--Planck equation. (Retention at zero voltage is an extrapolation.)
        """
        i = self.overdrive(jnp.asarray(voltage), start)
        v = polarity(start) * jnp.asarray(voltage)
        low, high = VALID_OVERDRIVE
        inside = (i >= low) & (i <= high)
        inside &= (self.stability >= VALID_STABILITY[0]) & (
            self.stability <= VALID_STABILITY[1]
        )
        inside &= (v >= self.weakest) & (v <= self.strongest)
        return inside & (width >= self.shortest) & (width <= self.longest)

    def _counts(self, statistics):
        # All pulses of all sets in one row: reduced time, overdrive, trials, switched.
        rows = []
        for s in _sets(statistics):
            voltage, width = grid(s.pulses)
            n, k = jnp.sum(s.trials, axis=0), jnp.sum(s.switched, axis=0)
            i = self.overdrive(voltage, s.start)
            rows.append([x.ravel() for x in (self.relaxation * width, i, n * 1.0, k * 1.0)])
        return [jnp.concatenate(x) for x in zip(*rows, strict=True)]

    def log_likelihood(
        self, statistics: Switching | Sequence[Switching]
    ) -> Float[Array, ""]:
        tau, i, n, k = self._counts(statistics)
        x = exponent(tau, i, jnp.broadcast_to(self.stability, i.shape))
        x = jnp.clip(x, 1e-30, 700.0)
        return jnp.sum((n - k) * jnp.log(-jnp.expm1(-x)) - k * x)

    def log_prior(self) -> Float[Array, ""]:
        return jnp.zeros(())

    def identified(self, statistics: Switching | Sequence[Switching]) -> Any:
        conditions = []
        for s in _sets(statistics):
            n, k = jnp.sum(s.trials, axis=0), jnp.sum(s.switched, axis=0)
            mixed = jnp.sum((n > 0) & (k > 0) & (k < n))
            conditions.append((mixed == 0, Outcome.no_maximum))
        return first(*conditions)

    @property
    def curve(self) -> tuple[str, ...]:
        return "stability", "relaxation", "critical_from_p", "critical_from_ap", "stray"

    def residuals(self, statistics: Switching | Sequence[Switching]):
        tau, i, n, k = self._counts(statistics)
        p = jnp.exp(-exponent(tau, i, jnp.broadcast_to(self.stability, i.shape)))
        variance = n * p * (1 - p)
        used = variance > 0.5
        return (k - n * p) / jnp.sqrt(jnp.where(used, variance, 1.0)), used


def _sets(statistics: Switching | Sequence[Switching]) -> tuple[Switching, ...]:
    sets = (statistics,) if isinstance(statistics, Switching) else tuple(statistics)
    if len({s.start for s in sets}) != len(sets) or not sets:
        raise ValueError(
            "`switching` must hold one set of counts for each start state, got "
            f"{[s.start.value for s in sets]}."
        )
    return sets
