import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import quantity, Scalar, State


class Superparamagnet(eqx.Module):
    r"""Dwell times of a junction whose low barrier is crossed by heat all the time.

    $$\tau_{P} = \tau_0\, e^{\Delta (1 - (V - V_0) / V_c)}, \quad
    \tau_{AP} = \tau_0\, e^{\Delta (1 + (V - V_0) / V_c)},$$

    exponential dwell in each state; the torque lowers one barrier as it raises the other
    (Li and Zhang, Phys. Rev. B 69, 134416, 2004), the stray field is the offset $V_0$.
    """

    stability: Scalar = quantity("1", lower=0, doc="energy barrier over k T")
    attempt: Scalar = quantity("s", above=0, default=1e-9, doc="attempt time")
    critical: Scalar = quantity("V", above=0, doc="voltage that takes a barrier away")
    offset: Scalar = quantity("V", default=0.0, doc="voltage of equal dwell times")

    def dwell_time(self, voltage: Float[Array, "*n"], state: State) -> Float[Array, "*n"]:
        """Mean time [s] spent in `state` at a steady `voltage` [V]."""
        sign = 1 if state is State.PARALLEL else -1
        x = (voltage - self.offset) / self.critical
        return self.attempt * jnp.exp(self.stability * (1 - sign * x))

    def antiparallel_share(self, voltage: Float[Array, "*n"]) -> Float[Array, "*n"]:
        """Share of time spent antiparallel: a logistic curve of the voltage [V]."""
        x = (voltage - self.offset) / self.critical
        return jax.nn.sigmoid(2 * self.stability * x)

    def correlation_time(self, voltage: Float[Array, "*n"]) -> Float[Array, "*n"]:
        """Decay time [s] of the autocorrelation of the random telegraph signal."""
        p = self.dwell_time(voltage, State.PARALLEL)
        return 1 / (1 / p + 1 / self.dwell_time(voltage, State.ANTIPARALLEL))
