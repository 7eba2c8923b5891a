import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import quantity, Scalar


class Junction(eqx.Module):
    r"""Conductance of a tunnel junction: bias, state and temperature, G(V, m, T).

    $$G = G_P(T) \Big[\frac{1 + m}{2} + \frac{1 - m}{2}\,
      \frac{1}{1 + \mathrm{TMR}(V, T)}\Big], \quad
    \mathrm{TMR}(V, T) = \frac{\mathrm{TMR}(T)}{1 + (V / V_h^\pm)^2},$$

    with $m = \cos\theta$: 1 parallel, -1 antiparallel, and a half-value voltage $V_h$ for
    each polarity. Temperature: the polarisation falls as $P = P_0 (1 - b T^{3/2})$, TMR =
    $2 P^2 / (1 - P^2)$ (Julliere), and $G_P \propto c T / \sin(c T)$ (thermal smearing of
    a barrier; Shang et al., Phys. Rev. B 58, R2917, 1998). The given values hold at
    `reference`.
    """

    parallel: Scalar = quantity("Ohm", above=0, doc="parallel resistance at zero bias")
    tmr: Scalar = quantity("1", lower=0, doc="tunnel magnetoresistance ratio at zero bias")
    half_positive: Scalar = quantity("V", above=0, doc="V > 0 that halves the TMR")
    half_negative: Scalar = quantity(
        "V", above=0, doc="V < 0 that halves the TMR, absolute"
    )
    bloch: Scalar = quantity(
        "1/K^(3/2)", lower=0, default=0.0, doc="loss of polarisation by spin waves"
    )
    smearing: Scalar = quantity(
        "1/K", lower=0, default=0.0, doc="thermal smearing of the barrier"
    )
    reference: Scalar = quantity(
        "K", above=0, default=300.0, doc="temperature of the given values"
    )

    def tmr_at(
        self, voltage: Float[Array, "*n"], temperature: Float[Array, "*n"]
    ) -> Float[Array, "*n"]:
        """TMR ratio at `voltage` [V] and `temperature` [K]."""
        p2 = self.tmr / (2 + self.tmr)
        fall = (1 - self.bloch * temperature**1.5) / (1 - self.bloch * self.reference**1.5)
        p2 = p2 * fall**2
        half = jnp.where(voltage > 0, self.half_positive, self.half_negative)
        return 2 * p2 / (1 - p2) / (1 + (voltage / half) ** 2)

    def conductance(
        self,
        voltage: Float[Array, "*n"],
        state: Float[Array, "*n"],
        temperature: Float[Array, "*n"],
    ) -> Float[Array, "*n"]:
        """Conductance I / V [S]; `state` is cos theta, 1 parallel, -1 antiparallel."""
        growth = _over_sine(self.smearing * temperature)
        growth = growth / _over_sine(self.smearing * self.reference)
        ratio = 1 / (1 + self.tmr_at(voltage, temperature))
        return growth / self.parallel * (0.5 * (1 + state) + 0.5 * (1 - state) * ratio)

    def current(
        self,
        voltage: Float[Array, "*n"],
        state: Float[Array, "*n"],
        temperature: Float[Array, "*n"],
    ) -> Float[Array, "*n"]:
        """Current [A]; odd in the voltage where the two half-values are equal."""
        return voltage * self.conductance(voltage, state, temperature)


def _over_sine(x: Array) -> Array:
    return 1 / jnp.sinc(x / jnp.pi)
