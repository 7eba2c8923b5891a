import equinox as eqx
import jax
import jax.numpy as jnp
import jax.random as jr
import numpy as np
from jaxtyping import Array, Float, PRNGKeyArray

from ..data import Levels, quantity, Scalar, State
from ._cell import LevelTable
from ._device_effects import integrated, inverse
from ._drive import grid, log_drive
from ._granular import _burr, _variance, GranularSynapse
from ._model import AbstractModel, log_normal


# Quadrature over the two deviates of a device.
_NODES, _WEIGHTS = np.polynomial.hermite_e.hermegauss(11)
_Z = np.stack([x.ravel() for x in np.meshgrid(_NODES, _NODES, indexing="ij")])
_W = np.outer(_WEIGHTS, _WEIGHTS).ravel() / np.sum(_WEIGHTS) ** 2


class SynapsePopulation(AbstractModel):
    r"""Granular synapses that differ: a distribution over their compact parameters.

    Device $d$ is a `GranularSynapse` with threshold $V_{c0} e^{a_d}$ and steepness
    $k e^{b_d}$, where $(a, b)$ is normal with deviations `spread_threshold` and
    `spread_steepness` and a `correlation`; so a hard device is hard at every pulse. What
    is left over between devices (`device_floor`) and the error of the law (`misfit`, the
    same for all devices at a pulse) are independent between pulses.

    The likelihood is that of `GranularSynapse`, but with these correlations: the effects
    of each device are integrated out in the linear approximation around their own most
    probable values. Each device's level is taken between its own two ends.
    """

    start_state: State = eqx.field(static=True)
    threshold: Scalar = quantity("V", above=0, doc="median scale of the voltage")
    delay: Scalar = quantity("s", above=0, doc="width that doubles the threshold")
    steepness: Scalar = quantity("1", above=0, doc="median exponent k of the voltage")
    asymmetry: Scalar = quantity("1", above=0, doc="exponent q: weight of the far tail")
    spread_threshold: Scalar = quantity("1", above=0, doc="deviation of ln threshold")
    spread_steepness: Scalar = quantity("1", above=0, doc="deviation of ln steepness")
    correlation: Scalar = quantity("1", above=-1, below=1, doc="of the two")
    device_floor: Scalar = quantity("1", above=0, doc="rest between devices, by pulse")
    cycle_mid: Scalar = quantity("1", above=0, doc="cycle-to-cycle deviation at half")
    cycle_floor: Scalar = quantity("1", above=0, doc="cycle-to-cycle deviation at the ends")
    misfit: Scalar = quantity("1", above=0, doc="deviation of the data from the law")
    dispersion: Scalar = quantity(
        "1", lower=0, default=0.2, doc="variance of ln(sample variance) beside sampling"
    )
    parallel: Scalar = quantity("S", above=0, doc="median of the parallel end")
    antiparallel: Scalar = quantity("S", above=0, doc="median of the antiparallel end")
    spread_parallel: Scalar = quantity(
        "1", lower=0, default=0.0, doc="deviation of ln conductance, of both ends"
    )
    write_width: Scalar = quantity("s", above=0, doc="width of a programming pulse")
    weakest: Scalar = quantity("V", lower=0, doc="least programming voltage, absolute")
    strongest: Scalar = quantity("V", above=0, doc="largest programming voltage, absolute")

    @classmethod
    def start(cls, levels: Levels) -> "SynapsePopulation":
        """Start values for `fit`, from those of `GranularSynapse`."""
        median = GranularSynapse.start(levels)
        log_ends = jnp.log(levels.parallel)
        known = (
            "threshold delay steepness asymmetry cycle_mid cycle_floor parallel misfit "
            "antiparallel write_width weakest strongest"
        )
        device = jnp.maximum(median.device_mid, 0.003)
        return cls(
            levels.start,
            spread_threshold=jnp.clip(4 * device / median.steepness, 0.005, 0.3),
            spread_steepness=jnp.asarray(0.05),
            correlation=jnp.zeros(()),
            device_floor=jnp.clip(0.3 * device, 0.001, 0.1),
            spread_parallel=jax.lax.stop_gradient(jnp.std(log_ends)),
            **{name: getattr(median, name) for name in known.split()},
        )

    @property
    def free(self) -> tuple[str, ...]:
        spreads = "spread_threshold", "spread_steepness", "correlation", "device_floor"
        return (*self.curve, *spreads, "cycle_mid", "cycle_floor", "misfit")

    def _factor(self):
        # Cholesky factor of the covariance of (a, b).
        s, r = self.spread_steepness, self.correlation
        zero = jnp.zeros_like(s)
        rows = [[self.spread_threshold, zero], [s * r, s * jnp.sqrt(1 - r**2)]]
        return jnp.stack([jnp.stack(row) for row in rows])

    def _fraction(self, x, effects):
        """Fraction of a device at log-drives `x` [median], and its slope in (a, b)."""

        def of(effects):
            z = self.steepness * jnp.exp(effects[1]) * (x - effects[0])
            return _burr(z, self.asymmetry)

        return of(effects), jax.jacfwd(of)(effects)

    def _drives(self, voltage, width):
        return log_drive(voltage, width, self.start_state, self.threshold, self.delay)

    def draw(self, number: int, *, key: PRNGKeyArray) -> GranularSynapse:
        """`number` devices of the population; every array has the axis `device` first.

        What they do not share is in their parameters, so their own spread between
        devices is only `device_floor`.
        """
        k_effects, k_ends = jr.split(key)
        effects = jr.normal(k_effects, (number, 2)) @ self._factor().T
        scale = jnp.exp(self.spread_parallel * jr.normal(k_ends, (number,)))

        def one(effect, scale):
            return self._synapse(
                self.threshold * jnp.exp(effect[0]),
                self.steepness * jnp.exp(effect[1]),
                scale,
            )

        return jax.vmap(one)(effects, scale)

    def _synapse(self, threshold, steepness, scale):
        return GranularSynapse(
            self.start_state,
            False,
            threshold=threshold,
            delay=self.delay,
            steepness=steepness,
            asymmetry=self.asymmetry,
            cycle_mid=self.cycle_mid,
            cycle_floor=self.cycle_floor,
            device_mid=jnp.zeros(()),
            device_floor=self.device_floor,
            misfit=self.misfit,
            dispersion=self.dispersion,
            parallel=self.parallel * scale,
            antiparallel=self.antiparallel * scale,
            write_width=self.write_width,
            weakest=self.weakest,
            strongest=self.strongest,
        )

    def median(self) -> GranularSynapse:
        """The device in the middle of the population."""
        return self._synapse(self.threshold, self.steepness, jnp.ones(()))

    def assign(self, count: int) -> Float[Array, " count"]:
        """Voltages [V] of `count` levels of the median device; no derivative."""
        return self.median().assign(count)

    def levels(self, voltages: Float[Array, " count"]) -> LevelTable:
        """The table of the levels that `voltages` [V] write into devices drawn anew."""
        x = self._drives(voltages, jnp.broadcast_to(self.write_width, jnp.shape(voltages)))
        effects = self._factor() @ _Z
        f = jax.vmap(lambda e: self._fraction(x, e)[0], 1)(effects)
        weight = jnp.asarray(_W)[:, None]
        mean = jnp.sum(weight * f, axis=0)
        apart = jnp.sum(weight * (f - mean[None]) ** 2, axis=0) + self.device_floor**2
        begin, end = self.parallel, self.antiparallel
        if self.start_state is State.ANTIPARALLEL:
            begin, end = end, begin
        span, conductance = jnp.abs(end - begin), begin + (end - begin) * mean
        cycle = jnp.sqrt(_variance(mean, self.cycle_mid, self.cycle_floor))
        common = (conductance * self.spread_parallel) ** 2
        device = jnp.sqrt(span**2 * apart + common)
        return LevelTable(
            voltage=voltages,
            conductance=conductance,
            cycle_std=span * cycle,
            device_std=device,
        )

    def _reduced(self, levels: Levels):
        """Fraction and its variance by device and point, used, cycles; log-drives."""
        n = jnp.asarray(levels.trials, float)
        used = (n > 0.5) & jnp.isfinite(levels.mean)
        flat = lambda x: x.reshape(x.shape[0], -1)
        begin, end = levels.parallel[:, None], levels.antiparallel[:, None]
        if levels.start is State.ANTIPARALLEL:
            begin, end = end, begin
        mean = jnp.where(flat(used), flat(levels.mean), begin)
        good = flat(used & jnp.isfinite(levels.variance))
        variance = jnp.where(good, flat(levels.variance), 0.0)
        voltage, width = grid(levels.pulses)
        x = self._drives(voltage.ravel(), width.ravel())
        y = (mean - begin) / (end - begin)
        spread = variance / (end - begin) ** 2
        return y, spread, flat(used), jnp.where(flat(used), flat(n), 1.0), x

    def _effects(self, y, s2, used, n, x):
        """Around the most probable effects of one device, what each point says of them.

        Fraction and cycle variance there; slope and residual of the mean, as linear laws
        of the two standard deviates; slope, residual and weight of the variance.
        """
        factor = self._factor()
        degrees = 2 / (2 / jnp.where(n > 1.5, n - 1, 1.0) + self.dispersion)
        half = jnp.where(used & (n > 1.5), degrees / 2, 0.0)

        def at(z):
            f, slope = self._fraction(x, factor @ z)
            j = slope @ factor
            cycle = _variance(f, self.cycle_mid, self.cycle_floor)
            k = (4 * self.cycle_mid**2 * (1 - 2 * f) / cycle)[:, None] * j
            return f, cycle, j, k, s2 / cycle - 1

        def step(z, _):
            f, cycle, j, k, r = at(z)
            noise = self.device_floor**2 + self.misfit**2 + cycle / n
            weight = jnp.where(used, 1 / noise, 0.0)
            left = j.T @ (weight[:, None] * j) + k.T @ (half[:, None] * k) + jnp.eye(2)
            right = j.T @ (weight * (y - f + j @ z)) + k.T @ (half * (r + k @ z))
            return inverse(left)[0] @ right, None

        z, _ = jax.lax.scan(step, jnp.zeros(2), length=4)
        f, cycle, j, k, r = at(z)
        return f, cycle, j, y - f + j @ z, k, r, r + k @ z, half

    def log_likelihood(self, statistics: Levels) -> Float[Array, ""]:
        y, s2, used, n, x = self._reduced(statistics)
        of = jax.vmap(lambda y, s2, used, n: self._effects(y, s2, used, n, x))
        _, cycle, j, error, k, r, moved, half = of(y, s2, used, n)
        noise = self.device_floor**2 + cycle / n
        effects = integrated(j, error, k, moved, half, noise, used, self.misfit)
        # Variances: a gamma law, with its quadratic part in the deviates taken out.
        many = used & (n > 1.5)
        spread = -half * (jnp.log(cycle) + s2 / cycle) + half * r**2 / 2
        return effects + jnp.sum(jnp.where(many, spread, 0.0))

    def log_prior(self) -> Float[Array, ""]:
        return (
            log_normal(self.delay, 1e-9, 3.0)
            + log_normal(self.steepness, 8.0, 1.5)
            + log_normal(self.asymmetry, 1.0, 1.0)
            + log_normal(self.spread_threshold, 0.03, 1.5)
            + log_normal(self.spread_steepness, 0.05, 1.5)
            - 0.5 * jnp.arctanh(self.correlation) ** 2
            + log_normal(self.device_floor, 0.01, 1.5)
            + log_normal(self.cycle_mid, 0.05, 1.5)
            + log_normal(self.cycle_floor, 0.003, 1.0)
            + log_normal(self.misfit, 0.01, 1.0)
        )

    def identified(self, statistics: Levels):
        return self.median().identified(statistics)

    @property
    def curve(self) -> tuple[str, ...]:
        return "threshold", "delay", "steepness", "asymmetry"

    def residuals(self, statistics: Levels):
        y, s2, used, n, x = self._reduced(statistics)
        of = jax.vmap(lambda y, s2, used, n: self._effects(y, s2, used, n, x))
        f, cycle, *_ = of(y, s2, used, n)
        noise = self.device_floor**2 + cycle / n
        count = jnp.maximum(jnp.sum(used, axis=0), 1)
        error = jnp.sum(jnp.where(used, y - f, 0.0), axis=0) / count
        variance = jnp.sum(jnp.where(used, noise, 0.0), axis=0) / count**2
        residual = error / jnp.sqrt(variance + self.misfit**2)
        return residual, jnp.any(used, axis=0)
