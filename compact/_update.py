from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import Outcome, quantity, Scalar, State, Transitions
from ._drive import log_drive
from ._granular import _burr
from ._model import AbstractModel, first, log_normal
from ._start import search_at


class SynapseUpdate(AbstractModel):
    r"""The level that a pulse leaves, given the level before it.

    From the start state a pulse reverses the fraction $F(V, t)$ of the grains (Burr's law
    of `GranularSynapse`). If the fraction $f$ is reversed already, grain by grain in the
    same order (memory $w = 1$) or in none ($w = 0$), it reverses of the rest the share

    $$g = \frac{[F - w f]_+}{1 - w f}, \quad E[f'] = f + (1 - f)\, g, \quad
    \mathrm{var}[f'] = s_\mathrm{floor}^2 + 4 s_\mathrm{mid}^2 (1 - f)\, g (1 - g);$$

    a weaker pulse after a stronger one does nothing where the memory is full. Normal
    likelihood of the level after, for `data.Transitions`. Weak log-normal priors as in
    `GranularSynapse`.
    """

    start_state: State = eqx.field(static=True)
    threshold: Scalar = quantity("V", above=0, doc="scale of the voltage, long pulse")
    delay: Scalar = quantity("s", above=0, doc="width that doubles the threshold")
    steepness: Scalar = quantity("1", above=0, doc="exponent k of the voltage")
    asymmetry: Scalar = quantity("1", above=0, doc="exponent q: weight of the far tail")
    memory: Scalar = quantity("1", above=0, below=1, doc="order in which grains reverse")
    cycle_mid: Scalar = quantity("1", above=0, doc="deviation where half of them reverse")
    cycle_floor: Scalar = quantity("1", above=0, doc="deviation where none does")
    parallel: Scalar = quantity("S", above=0, doc="conductance of the parallel end")
    antiparallel: Scalar = quantity("S", above=0, doc="conductance of the antiparallel end")

    @classmethod
    def start(cls, steps: Transitions) -> "SynapseUpdate":
        """Start values for `fit`, by a coarse search over the law of the fraction."""
        before, after = jax.lax.stop_gradient(_fractions(steps))
        at = jax.lax.stop_gradient((steps.voltage, steps.width))

        def loss(threshold, delay, steepness):
            x = log_drive(*at, steps.start, threshold, delay)
            f = _burr(steepness * x, jnp.ones(()))
            return jnp.sum((_mean(f, before, jnp.asarray(0.5)) - after) ** 2)

        a, b, c = search_at(*at, loss)
        deviation = jnp.sqrt(loss(a, b, c) / after.size)
        return cls(
            steps.start,
            threshold=a,
            delay=b,
            steepness=c,
            asymmetry=jnp.ones(()),
            memory=jnp.asarray(0.5),
            cycle_mid=jnp.clip(1.5 * deviation, 0.003, 0.5),
            cycle_floor=jnp.clip(0.2 * deviation, 0.001, 0.1),
            parallel=jnp.mean(steps.parallel),
            antiparallel=jnp.mean(steps.antiparallel),
        )

    @property
    def free(self) -> tuple[str, ...]:
        return (*self.curve, "cycle_mid", "cycle_floor")

    def _moments(self, before, voltage, width):
        x = log_drive(voltage, width, self.start_state, self.threshold, self.delay)
        full = _burr(self.steepness * x, self.asymmetry)
        g = _share(full, before, self.memory)
        variance = self.cycle_floor**2 + 4 * self.cycle_mid**2 * (1 - before) * g * (1 - g)
        return before + (1 - before) * g, variance

    def distribution(
        self,
        before: Float[Array, "*n"],
        voltage: Float[Array, "*n"],
        width: Float[Array, "*n"],
    ) -> tuple[Float[Array, "*n"], Float[Array, "*n"]]:
        """Mean and standard deviation [S] of the conductance after a pulse.

        **Arguments:**

        - `before`: Conductance before it [S].
        - `voltage`, `width`: Of the pulse [V, s].
        """
        ends = self.parallel, self.antiparallel
        begin, end = ends if self.start_state is State.PARALLEL else ends[::-1]
        fraction = jnp.clip((before - begin) / (end - begin), 0.0, 1.0)
        mean, variance = self._moments(fraction, voltage, width)
        return begin + (end - begin) * mean, jnp.abs(end - begin) * jnp.sqrt(variance)

    def log_likelihood(self, statistics: Transitions) -> Float[Array, ""]:
        before, after = _fractions(statistics)
        mean, variance = self._moments(before, statistics.voltage, statistics.width)
        return -0.5 * jnp.sum((after - mean) ** 2 / variance + jnp.log(variance))

    def log_prior(self) -> Float[Array, ""]:
        return (
            log_normal(self.delay, 1e-9, 3.0)
            + log_normal(self.steepness, 8.0, 1.5)
            + log_normal(self.asymmetry, 1.0, 1.0)
            + log_normal(self.cycle_mid, 0.05, 1.5)
            + log_normal(self.cycle_floor, 0.003, 1.0)
            - 0.5 * (jnp.log(self.memory) - jnp.log1p(-self.memory)) ** 2 / 9
        )

    def identified(self, statistics: Transitions) -> Any:
        before, after = _fractions(statistics)
        moved = jnp.abs(after - before) > 0.02
        width = statistics.width
        return first(
            (~jnp.any(moved & (after > 0.02) & (after < 0.98)), Outcome.no_maximum),
            (jnp.max(width) <= jnp.min(width), Outcome.singular),
        )

    @property
    def curve(self) -> tuple[str, ...]:
        return "threshold", "delay", "steepness", "asymmetry", "memory"

    def residuals(self, statistics: Transitions):
        before, after = _fractions(statistics)
        mean, variance = self._moments(before, statistics.voltage, statistics.width)
        return (after - mean) / jnp.sqrt(variance), jnp.isfinite(mean)


def _share(full, before, memory):
    # A smooth positive part, .01 wide.
    excess = (full - memory * before) / (1 - memory * before)
    return jnp.clip(0.01 * jax.nn.softplus(excess / 0.01), 0.0, 1.0 - 1e-9)


def _mean(full, before, memory):
    return before + (1 - before) * _share(full, before, memory)


def _fractions(steps: Transitions):
    begin, end = steps.parallel, steps.antiparallel
    if steps.start is State.ANTIPARALLEL:
        begin, end = end, begin
    fraction = lambda g: (g - begin) / (end - begin)
    return jnp.clip(fraction(steps.before), 0.0, 1.0), fraction(steps.after)
