from collections.abc import Sequence
from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float

from ..data import Outcome, quantity, Scalar, State, Switching, SwitchingTimes
from ._drive import grid, polarity
from ._model import AbstractModel, first
from ._write_error import escape_rate, exponent, VALID_OVERDRIVE, VALID_STABILITY


Counts = Switching | SwitchingTimes


class MacrospinSwitching(AbstractModel):
    r"""Switching of a macrospin by spin torque, both ways, from read to write pulses.

    One expression (`write_error`) through the thermally activated and the precessional
    regime. In each direction the overdrive is

    $$i = |V| / V_c^{\mathrm{direction}} \mp h,$$

    where the stray field $h$ (over the anisotropy field, along the easy axis) favours the
    parallel state: minus for P to AP, plus for AP to P. The initial state is in thermal
    equilibrium, the layer axially symmetric, the pulse rectangular. With voltage-controlled
    anisotropy, stability, thresholds and relaxation are those given times $1 - \xi V$.

    Counts have the binomial likelihood; switching times that of their density, and of the
    survival where an attempt was given up (`data.SwitchingTimes`).
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
    vcma: Scalar = quantity(
        "1/V", default=0.0, doc="share of the anisotropy that a volt takes away"
    )
    weakest: Scalar = quantity("V", lower=0, default=0.0, doc="least fitted voltage")
    strongest: Scalar = quantity("V", above=0, default=jnp.inf, doc="largest one")
    shortest: Scalar = quantity("s", lower=0, default=0.0, doc="least fitted width")
    longest: Scalar = quantity("s", above=0, default=jnp.inf, doc="largest one")

    @classmethod
    def start(cls, switching: Counts | Sequence[Counts]) -> "MacrospinSwitching":
        """Start values for `fit` from counts or times of one or both directions.

        The likeliest of a coarse grid, each direction's threshold apart; no derivative.
        """
        sets = _sets(switching)
        held = jax.lax.stop_gradient
        points = [_points(s) for s in sets]
        voltage = held(jnp.concatenate([abs(v) for v, _ in points]))
        width = held(jnp.concatenate([t for _, t in points]))
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

    def _anisotropy(self, voltage):
        return jnp.maximum(1 - self.vcma * voltage, 0.05)

    def overdrive(self, voltage: Float[Array, "*n"], start: State) -> Float[Array, "*n"]:
        """Torque over its threshold, stray field included; negative if it holds `start`."""
        from_p = start is State.PARALLEL
        critical = self.critical_from_p if from_p else self.critical_from_ap
        share = self._anisotropy(voltage)
        return polarity(start) * (voltage / critical - self.stray) / share

    def _reduced(self, voltage, width, start):
        i = self.overdrive(jnp.asarray(voltage), start)
        share = self._anisotropy(jnp.asarray(voltage))
        return self.relaxation * share * width, i, self.stability * share

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
        rate, i, stability = self._reduced(voltage, jnp.ones(()), start)
        return rate * escape_rate(i, stability)

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

    def log_likelihood(self, statistics: Counts | Sequence[Counts]) -> Float[Array, ""]:
        total = jnp.zeros(())
        for s in _sets(statistics):
            tau, i, stability = self._reduced(*_points(s), s.start)
            at = lambda tau, i=i, stability=stability: exponent(tau, i, stability)
            x, slope = jax.jvp(at, (tau,), (jnp.ones_like(tau),))
            x = jnp.clip(x, 1e-30, 700.0)
            survived = jnp.log(-jnp.expm1(-x))
            if isinstance(s, Switching):
                n, k = _totals(s)
                total += jnp.sum((n - k) * survived - k * x)
            else:
                density = jnp.log(jnp.maximum(-slope * tau / s.time, 1e-300)) - x
                total += jnp.sum(jnp.where(s.switched > 0.5, density, survived))
        return total

    def log_prior(self) -> Float[Array, ""]:
        return jnp.zeros(())

    def identified(self, statistics: Counts | Sequence[Counts]) -> Any:
        conditions = []
        for s in _sets(statistics):
            if isinstance(s, Switching):
                n, k = _totals(s)
                mixed = jnp.sum((n > 0) & (k > 0) & (k < n))
            else:
                mixed = jnp.sum(s.switched)
            conditions.append((mixed == 0, Outcome.no_maximum))
        return first(*conditions)

    @property
    def curve(self) -> tuple[str, ...]:
        return "stability", "relaxation", "critical_from_p", "critical_from_ap", "stray"

    def residuals(self, statistics: Counts | Sequence[Counts]):
        rows = []
        for s in _sets(statistics):
            x = exponent(*self._reduced(*_points(s), s.start))
            if isinstance(s, Switching):
                (n, k), p = _totals(s), jnp.exp(-x)
                variance = n * p * (1 - p)
                used = variance > 0.5
                rows.append(((k - n * p) / jnp.sqrt(jnp.where(used, variance, 1.0)), used))
            else:  # the martingale residual: the event less the hazard it has passed
                rows.append((s.switched + jnp.log(-jnp.expm1(-x)), jnp.isfinite(x)))
        residuals, counts = zip(*rows, strict=True)
        return jnp.concatenate(residuals), jnp.concatenate(counts)


def _points(s: Counts) -> tuple[Array, Array]:
    """Voltages and widths (or times) of all pulses in one row."""
    if isinstance(s, SwitchingTimes):
        return s.voltage, s.time
    voltage, width = grid(s.pulses)
    return voltage.ravel(), width.ravel()


def _totals(s: Switching) -> tuple[Array, Array]:
    """Trials and switched of all devices, in the same row."""
    n, k = jnp.sum(s.trials, axis=0), jnp.sum(s.switched, axis=0)
    return n.ravel() * 1.0, k.ravel() * 1.0


def _sets(statistics: Counts | Sequence[Counts]) -> tuple[Counts, ...]:
    one = isinstance(statistics, (Switching, SwitchingTimes))
    sets = (statistics,) if one else tuple(statistics)
    kinds = [(s.start, type(s)) for s in sets]
    if len(set(kinds)) != len(sets) or not sets:
        raise ValueError(
            "`switching` must hold one set of counts for each start state, got "
            f"{[s.start.value for s in sets]}."
        )
    return sets
