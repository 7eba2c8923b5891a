from typing import Any

import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..data import Outcome, quantity, Scalar, SwitchingTimes
from ._model import AbstractModel, first


class Breakdown(AbstractModel):
    r"""Time to dielectric breakdown of the barrier: Weibull, with a power law of voltage.

    $$F(t) = 1 - e^{-(t/\eta)^\beta}, \quad \eta(V) = \eta_0 (|V| / V_0)^{-n}.$$

    Times under voltage add up over pulses (no recovery between them), so an endurance is
    a time over a pulse width. Fitted to `data.SwitchingTimes` whose event is breakdown.
    """

    life: Scalar = quantity("s", above=0, doc="scale of the lifetime at `reference`")
    exponent: Scalar = quantity("1", above=0, doc="power n of the voltage")
    shape: Scalar = quantity("1", above=0, doc="Weibull slope beta")
    reference: Scalar = quantity("V", above=0, default=1.0, doc="voltage of `life`")

    @classmethod
    def start(cls, times: SwitchingTimes) -> "Breakdown":
        """Start values for `fit`: the middle of the data; no derivative."""
        log_v, log_t = jnp.log(jnp.abs(times.voltage)), jnp.log(times.time)
        v = jnp.exp(jnp.mean(log_v))
        away = log_v - jnp.log(v)
        square = jnp.sum(away**2)
        slope = -jnp.sum(away * log_t) / jnp.where(square > 0, square, 1.0)
        return cls(
            life=jnp.exp(jnp.mean(log_t)),
            exponent=jnp.clip(slope, 2.0, 100.0),
            shape=jnp.ones(()),
            reference=v,
        )

    @property
    def free(self) -> tuple[str, ...]:
        return "life", "exponent", "shape"

    def scale(self, voltage: Float[Array, "*n"]) -> Float[Array, "*n"]:
        """Lifetime [s] that 63 % do not reach, at a steady `voltage` [V]."""
        return self.life * (jnp.abs(voltage) / self.reference) ** -self.exponent

    def failed(
        self, voltage: Float[Array, "*n"], time: Float[Array, "*n"]
    ) -> Float[Array, "*n"]:
        """Share of the junctions that broke down within `time` [s] under `voltage` [V]."""
        return -jnp.expm1(-((time / self.scale(voltage)) ** self.shape))

    def endurance(
        self,
        voltage: Float[Array, "*n"],
        width: Float[Array, "*n"],
        share: Float[Array, "*n"] | float = 1e-6,
    ) -> Float[Array, "*n"]:
        """Pulses of `voltage` [V] and `width` [s] until a `share` of junctions broke."""
        time = self.scale(voltage) * (-jnp.log1p(-share)) ** (1 / self.shape)
        return time / width

    def largest_voltage(
        self, width: Float[Array, "*n"], pulses: float, share: float = 1e-6
    ) -> Float[Array, "*n"]:
        """Voltage [V] at which `pulses` of `width` [s] break a `share` of the junctions."""
        time = pulses * width / (-np.log1p(-share)) ** (1 / self.shape)
        return self.reference * (self.life / time) ** (1 / self.exponent)

    def _hazard(self, times):
        return (times.time / self.scale(times.voltage)) ** self.shape

    def log_likelihood(self, statistics: SwitchingTimes) -> Float[Array, ""]:
        hazard, broke = self._hazard(statistics), statistics.switched > 0.5
        log_rate = jnp.log(self.shape * hazard / statistics.time)
        return jnp.sum(jnp.where(broke, log_rate, 0.0) - hazard)

    def log_prior(self) -> Float[Array, ""]:
        return jnp.zeros(())

    def identified(self, statistics: SwitchingTimes) -> Any:
        v = jnp.abs(statistics.voltage)
        broke = statistics.switched > 0.5
        return first(
            (~jnp.any(broke), Outcome.no_maximum),
            (jnp.max(v) <= jnp.min(v), Outcome.singular),
        )

    @property
    def curve(self) -> tuple[str, ...]:
        return self.free

    def residuals(self, statistics: SwitchingTimes):
        # Martingale residuals: the event less the hazard it has passed.
        hazard = self._hazard(statistics)
        return statistics.switched - hazard, jnp.isfinite(hazard)
