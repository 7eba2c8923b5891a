from typing import Any

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import Outcome, quantity, Scalar, State, Switching
from ._drive import grid, polarity
from ._model import AbstractModel, first


class SpinOrbitSwitching(AbstractModel):
    r"""Switching of a perpendicular layer by the spin-orbit torque of a write channel.

    The spins of the channel lie across the easy axis, so there is no incubation: the
    layer tilts at once, the barrier falls as $\Delta (1 - i)^2$ of the overdrive
    $i = V / V_c$, and above threshold the rate grows with the torque,

    $$P = 1 - e^{-\Gamma t}, \quad \Gamma = f_0\, e^{-\Delta (1 - i)^2} \; (i < 1), \quad
    \Gamma = f_0 \sqrt{1 + g^2 (i - 1)^2} \; (i \ge 1).$$

    A description for fits, with the direction that the in-plane field sets. The junction
    is read through terminals of its own; the write energy is that of the channel.
    """

    start_state: State = eqx.field(static=True)
    stability: Scalar = quantity("1", above=0, doc="energy barrier over k T")
    critical: Scalar = quantity("V", above=0, doc="threshold, over the channel")
    attempt: Scalar = quantity("1/s", above=0, doc="rate at threshold")
    gain: Scalar = quantity("1", above=0, doc="growth of the rate above threshold")
    channel: Scalar = quantity("Ohm", above=0, default=1e3, doc="of the write channel")

    @classmethod
    def start(cls, switching: Switching) -> "SpinOrbitSwitching":
        """Start values for `fit`: the likeliest of a coarse grid; no derivative."""
        voltage, width = jax.lax.stop_gradient(grid(switching.pulses))
        critical = jnp.max(jnp.abs(voltage)) * jnp.geomspace(0.3, 2.0, 16)
        attempt = jnp.array([0.1, 1.0, 10.0]) / jnp.exp(jnp.mean(jnp.log(width)))
        stability, gain = jnp.array([10.0, 25.0, 50.0]), jnp.array([3.0])
        mesh = jnp.meshgrid(stability, critical, attempt, gain, indexing="ij")

        def score(d, v, f, g):
            model = cls(switching.start, stability=d, critical=v, attempt=f, gain=g)
            return model.log_likelihood(jax.lax.stop_gradient(switching))

        candidates = [x.ravel() for x in mesh]
        best = jnp.argmax(jax.vmap(score)(*candidates))
        d, v, f, g = (x[best] for x in candidates)
        return cls(switching.start, stability=d, critical=v, attempt=f, gain=g)

    @property
    def free(self) -> tuple[str, ...]:
        return "stability", "critical", "attempt", "gain"

    def rate(self, voltage: Float[Array, "*n"]) -> Float[Array, "*n"]:
        """Switching rate [1/s] at a steady channel `voltage` [V]."""
        i = polarity(self.start_state) * voltage / self.critical
        below = jnp.exp(-self.stability * jnp.minimum(i - 1, 0.0) ** 2)
        above = jnp.sqrt(1 + (self.gain * jnp.maximum(i - 1, 0.0)) ** 2)
        return self.attempt * below * above

    def probability(
        self, voltage: Float[Array, "*n"], width: Float[Array, "*n"]
    ) -> Float[Array, "*n"]:
        """Probability that a pulse of `voltage` [V] and `width` [s] switches."""
        return -jnp.expm1(-self.rate(voltage) * width)

    def write_energy(
        self, voltage: Float[Array, "*n"], width: Float[Array, "*n"]
    ) -> Float[Array, "*n"]:
        """Energy [J] of a pulse in the channel."""
        return voltage**2 * width / self.channel

    def log_likelihood(self, statistics: Switching) -> Float[Array, ""]:
        voltage, width = grid(statistics.pulses)
        hazard = jnp.clip(self.rate(voltage) * width, 1e-30, 700.0)
        n = jnp.sum(statistics.trials, axis=0)
        k = jnp.sum(statistics.switched, axis=0)
        return jnp.sum(k * jnp.log(-jnp.expm1(-hazard)) - (n - k) * hazard)

    def log_prior(self) -> Float[Array, ""]:
        return jnp.zeros(())

    def identified(self, statistics: Switching) -> Any:
        n = jnp.sum(statistics.trials, axis=0)
        k = jnp.sum(statistics.switched, axis=0)
        return first((~jnp.any((n > 0) & (k > 0) & (k < n)), Outcome.no_maximum))

    @property
    def curve(self) -> tuple[str, ...]:
        return self.free

    def residuals(self, statistics: Switching):
        p = self.probability(*grid(statistics.pulses))
        n = jnp.sum(statistics.trials, axis=0)
        variance = n * p * (1 - p)
        used = variance > 0.5
        excess = jnp.sum(statistics.switched, axis=0) - n * p
        return (excess / jnp.sqrt(jnp.where(used, variance, 1.0))).ravel(), used.ravel()
