import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import Levels, Outcome, quantity, Scalar, State
from ._cell import LevelTable
from ._drive import grid, log_drive, polarity, threshold_at
from ._model import AbstractModel, first, log_normal
from ._start import search


class GranularSynapse(AbstractModel):
    r"""Conductance that one pulse leaves in a granular junction, from a saturated start.

    The reversed fraction of the grains has the mean (Burr's law: Weibull for
    $q \to 0$, log-logistic for $q = 1$)

    $$f(V, t) = 1 - \Big[1 + q \Big(\frac{|V|}{V_{c0} (1 + t_0 / t)}\Big)^k\Big]^{-1/q},$$

    and scatters from cycle to cycle and from device to device with variances
    $s^2 = s_\mathrm{floor}^2 + 4 s_\mathrm{mid}^2 f (1 - f)$, as independent grains do.
    The conductance is linear in the fraction between the ends `parallel` and
    `antiparallel`, which are means over the devices of the data.

    The likelihood takes, for each device and pulse of $n$ cycles, the sample mean as
    $N(f + \mathrm{misfit}_p + \mathrm{device}_{dp}, s_c^2 / n)$ and the sample variance as
    $s_c^2 \chi^2_\nu / \nu$ with $2 / \nu = 2 / (n - 1) + \mathrm{dispersion}$; so the two
    spreads are separated, and the error of the law itself (`misfit`, common to all
    devices at a pulse) is taken for neither. Device effects are independent between
    pulses: a simplification, since a hard device is hard at every pulse.

    Weak log-normal priors (median, deviation) keep small data sets finite: delay (1 ns,
    3), steepness (8, 1.5), asymmetry (1, 1), mid spreads (.05, 1.5), floors (.003, 1),
    misfit (.01, 1).
    """

    start_state: State = eqx.field(static=True)
    single: bool = eqx.field(static=True)
    threshold: Scalar = quantity("V", above=0, doc="scale of the voltage, long pulse")
    delay: Scalar = quantity("s", above=0, doc="width that doubles the threshold")
    steepness: Scalar = quantity("1", above=0, doc="exponent k of the voltage")
    asymmetry: Scalar = quantity("1", above=0, doc="exponent q: weight of the far tail")
    cycle_mid: Scalar = quantity("1", lower=0, doc="cycle-to-cycle deviation at half")
    cycle_floor: Scalar = quantity("1", lower=0, doc="cycle-to-cycle deviation at the ends")
    device_mid: Scalar = quantity("1", lower=0, doc="device-to-device deviation at half")
    device_floor: Scalar = quantity(
        "1", lower=0, doc="device-to-device deviation at the ends"
    )
    misfit: Scalar = quantity("1", lower=0, doc="deviation of the data from the law")
    dispersion: Scalar = quantity(
        "1", lower=0, default=0.2, doc="variance of ln(sample variance) beside sampling"
    )
    parallel: Scalar = quantity("S", above=0, doc="conductance of the parallel end")
    antiparallel: Scalar = quantity("S", above=0, doc="conductance of the antiparallel end")
    write_width: Scalar = quantity("s", above=0, doc="width of a programming pulse")
    weakest: Scalar = quantity("V", lower=0, doc="least programming voltage, absolute")
    strongest: Scalar = quantity("V", above=0, doc="largest programming voltage, absolute")

    @classmethod
    def start(cls, levels: Levels) -> "GranularSynapse":
        """Start values for `fit`, by a coarse search.

        The conductances of the ends and the write width (the longest of the data) are no
        start values: they carry the derivative of the data.
        """
        parallel, antiparallel = jnp.mean(levels.parallel), jnp.mean(levels.antiparallel)
        voltage, width = grid(levels.pulses)
        single = levels.mean.shape[0] == 1
        fraction, spread, used, _ = jax.lax.stop_gradient(
            _reduced(levels, parallel, antiparallel)
        )
        count = jnp.maximum(jnp.sum(used), 1)
        held = jax.lax.stop_gradient((voltage, width))

        def loss(threshold, delay, steepness):
            x = log_drive(*held, levels.start, threshold, delay)
            error = _burr(steepness * x, jnp.ones(()))[None] - fraction
            return jnp.sum(jnp.where(used, error**2, 0.0))

        a, b, c = search(levels.pulses, loss)
        cycle = jnp.sqrt(jnp.sum(spread) / count)
        centre = jnp.sum(fraction, axis=0) / jnp.maximum(jnp.sum(used, axis=0), 1)
        between = jnp.sum(jnp.where(used, (fraction - centre[None]) ** 2, 0.0))
        device = jnp.sqrt(between / count)
        magnitude = jax.lax.stop_gradient(polarity(levels.start) * voltage)
        zero = jnp.zeros(())
        return cls(
            levels.start,
            single,
            threshold=a,
            delay=b,
            steepness=c,
            asymmetry=jnp.ones(()),
            cycle_mid=jnp.clip(1.5 * cycle, 0.003, 0.5),
            cycle_floor=jnp.clip(0.2 * cycle, 0.001, 0.1),
            device_mid=zero if single else jnp.clip(1.5 * device, 0.003, 0.5),
            device_floor=zero if single else jnp.clip(0.2 * device, 0.001, 0.1),
            misfit=jnp.sqrt(loss(a, b, c) / count).clip(0.003, 0.3),
            parallel=parallel,
            antiparallel=antiparallel,
            write_width=jnp.max(width),
            weakest=jnp.maximum(jnp.min(magnitude), 0.0),
            strongest=jnp.max(magnitude),
        )

    @property
    def free(self) -> tuple[str, ...]:
        curve = ("threshold", "delay", "steepness", "asymmetry")
        cycle = ("cycle_mid", "cycle_floor", "misfit")
        return curve + cycle + (() if self.single else ("device_mid", "device_floor"))

    def fraction(
        self, voltage: Float[Array, "*pulses"], width: Float[Array, "*pulses"]
    ) -> Float[Array, "*pulses"]:
        """Mean reversed fraction after a pulse of `voltage` [V] and `width` [s]."""
        x = log_drive(voltage, width, self.start_state, self.threshold, self.delay)
        return _burr(self.steepness * x, self.asymmetry)

    def mean(
        self, voltage: Float[Array, "*pulses"], width: Float[Array, "*pulses"]
    ) -> Float[Array, "*pulses"]:
        """Mean conductance [S] after a pulse of `voltage` [V] and `width` [s]."""
        f = self.fraction(jnp.asarray(voltage), jnp.asarray(width))
        begin, end = self._ends()
        return begin + (end - begin) * f

    def cycle_std(
        self, voltage: Float[Array, "*pulses"], width: Float[Array, "*pulses"]
    ) -> Float[Array, "*pulses"]:
        """Standard deviation [S] from cycle to cycle of one device."""
        f = self.fraction(jnp.asarray(voltage), jnp.asarray(width))
        return self._span() * _root(_variance(f, self.cycle_mid, self.cycle_floor))

    def device_std(
        self, voltage: Float[Array, "*pulses"], width: Float[Array, "*pulses"]
    ) -> Float[Array, "*pulses"]:
        """Standard deviation [S] of the mean level from device to device."""
        f = self.fraction(jnp.asarray(voltage), jnp.asarray(width))
        return self._span() * _root(_variance(f, self.device_mid, self.device_floor))

    def assign(self, count: int) -> Float[Array, " count"]:
        """Voltages [V] of `count` levels, evenly spaced in mean conductance.

        At the model's write width, from end to end of what the voltages of the data
        reach; level 0 has the lowest conductance. The choice carries no derivative.
        """
        if count < 2:
            raise ValueError(f"`count` must be at least 2 levels, got {count}.")
        sign = polarity(self.start_state)
        ends = jnp.stack([self.weakest, self.strongest])
        f = self.fraction(sign * ends, jnp.broadcast_to(self.write_width, (2,)))
        target = jnp.linspace(f[0], f[1], count)
        # Inverse of Burr's law; the ends are kept as they are, free of rounding.
        z = jnp.log(jnp.expm1(-self.asymmetry * jnp.log1p(-target)) / self.asymmetry)
        critical = threshold_at(self.write_width, self.threshold, self.delay)
        inside = jnp.clip(critical * jnp.exp(z / self.steepness), ends[0], ends[1])
        voltage = sign * inside.at[0].set(ends[0]).at[-1].set(ends[1])
        falling = self._ends()[1] < self._ends()[0]
        return jax.lax.stop_gradient(jnp.where(falling, voltage[::-1], voltage))

    def levels(self, voltages: Float[Array, " count"]) -> LevelTable:
        """The table of the levels that `voltages` [V] write; differentiable."""
        width = jnp.broadcast_to(self.write_width, jnp.shape(voltages))
        return LevelTable(
            voltage=voltages,
            conductance=self.mean(voltages, width),
            cycle_std=self.cycle_std(voltages, width),
            device_std=self.device_std(voltages, width),
        )

    def log_likelihood(self, statistics: Levels) -> Float[Array, ""]:
        y, s2, used, n = _reduced(statistics, *self._conductances())
        f = self.fraction(*grid(statistics.pulses))
        cycle = _variance(f, self.cycle_mid, self.cycle_floor)[None]
        device = _variance(f, self.device_mid, self.device_floor)[None]
        # Means: the common misfit of a pulse makes the devices' errors correlated.
        variance = device + cycle / n
        weight = jnp.where(used, 1 / variance, 0.0)
        error = jnp.where(used, y - f[None], 0.0)
        total, common = jnp.sum(weight, axis=0), self.misfit**2
        quadratic = jnp.sum(weight * error**2, axis=0) - common * jnp.sum(
            weight * error, axis=0
        ) ** 2 / (1 + common * total)
        logdet = jnp.sum(jnp.where(used, jnp.log(variance), 0.0), axis=0)
        means = -0.5 * (quadratic + logdet + jnp.log1p(common * total))
        # Variances: a gamma law.
        many = used & (n > 1.5)
        degrees = 2 / (2 / jnp.where(many, n - 1, 1.0) + self.dispersion)
        spread = -0.5 * degrees * (jnp.log(cycle) + s2 / cycle)
        return jnp.sum(means) + jnp.sum(jnp.where(many, spread, 0.0))

    def log_prior(self) -> Float[Array, ""]:
        prior = (
            log_normal(self.delay, 1e-9, 3.0)
            + log_normal(self.steepness, 8.0, 1.5)
            + log_normal(self.asymmetry, 1.0, 1.0)
            + log_normal(self.cycle_mid, 0.05, 1.5)
            + log_normal(self.cycle_floor, 0.003, 1.0)
            + log_normal(self.misfit, 0.01, 1.0)
        )
        if self.single:
            return prior
        device = log_normal(self.device_mid, 0.05, 1.5)
        return prior + device + log_normal(self.device_floor, 0.003, 1.0)

    def identified(self, statistics: Levels):
        y, _, used, _ = _reduced(statistics, *self._conductances())
        width = jnp.broadcast_to(grid(statistics.pulses)[1][None], y.shape)
        largest = lambda x: jnp.max(jnp.where(used, x, -jnp.inf))
        spans = lambda x: largest(x) + largest(-x)
        return first(
            (~jnp.any(used & (y > 0.02) & (y < 0.98)), Outcome.no_maximum),
            ((spans(width) <= 0) | (spans(y) < 0.02), Outcome.singular),
        )

    @property
    def curve(self) -> tuple[str, ...]:
        return "threshold", "delay", "steepness", "asymmetry"

    def residuals(self, statistics: Levels):
        y, _, used, n = _reduced(statistics, *self._conductances())
        f = self.fraction(*grid(statistics.pulses))
        cycle = _variance(f, self.cycle_mid, self.cycle_floor)[None]
        device = _variance(f, self.device_mid, self.device_floor)[None]
        weight = jnp.where(used, 1 / (device + cycle / n), 0.0)
        error = jnp.sum(jnp.where(used, weight * (y - f[None]), 0.0), axis=0)
        total = jnp.sum(weight, axis=0)
        residual = error / jnp.sqrt(jnp.where(total > 0, total, 1.0))
        return residual.ravel(), (total > 0).ravel()

    def _conductances(self):
        return self.parallel, self.antiparallel

    def _ends(self):
        ends = self.parallel, self.antiparallel
        return ends if self.start_state is State.PARALLEL else ends[::-1]

    def _span(self):
        return jnp.abs(self.parallel - self.antiparallel)


def _burr(z: Array, q: Array) -> Array:
    # 1 - (1 + q e^z)^(-1/q), without overflow
    return -jnp.expm1(-jax.nn.softplus(z + jnp.log(q)) / q)


def _variance(f: Array, mid: Array, floor: Array) -> Array:
    return floor**2 + 4 * mid**2 * f * (1 - f)


def _root(x: Array) -> Array:
    # finite slope where there is no spread at all
    return jnp.where(x > 0, jnp.sqrt(jnp.where(x > 0, x, 1.0)), 0.0)


def _reduced(levels: Levels, parallel: Array, antiparallel: Array):
    """Reversed fraction and its variance by device and pulse, which are used, cycles."""
    n = jnp.asarray(levels.trials, float)
    used = (n > 0.5) & jnp.isfinite(levels.mean)
    begin, end = parallel, antiparallel
    if levels.start is State.ANTIPARALLEL:
        begin, end = end, begin
    mean = jnp.where(used, levels.mean, begin)
    variance = jnp.where(used & jnp.isfinite(levels.variance), levels.variance, 0.0)
    y = (mean - begin) / (end - begin)
    return y, variance / (end - begin) ** 2, used, jnp.where(used, n, 1.0)
