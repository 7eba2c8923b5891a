"""The tunnel junction: conductance, source and spin-transfer torque."""

import enum

import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import quantity, Scalar
from ._constants import SPIN_PER_CHARGE


# Steps of Newton's method at a given current: more than float64 needs.
_NEWTON = 4
# Finite, so that what is derived from all parameters stays so.
NO_LIMIT = 1e3  # [V]


class Source(enum.Enum):
    """What feeds a junction.

    - `VOLTAGE`: a voltage behind the series resistance.
    - `CURRENT`: a current, the limit of a large series resistance. The amplitude of a
      pulse is then the voltage that this current makes across the parallel junction,
      `V = I R_P`: whatever counts in volts stays as it is.
    """

    VOLTAGE = "voltage"
    CURRENT = "current"


class Junction(eqx.Module):
    r"""A magnetic tunnel junction fed by a voltage source through a series resistance.

    Or, with `source=Source.CURRENT`, by a current.

    With $c$ the cosine of the angle between free and reference layer, averaged over the
    area, and TMR falling with bias as $\mathrm{TMR}(V) = \mathrm{TMR} / (1 + (V/V_h)^2)$,

    $$G(c, V) = G_P \left[ \frac{1 + c}{2}
      + \frac{1 - c}{2}\, \frac{1}{1 + \mathrm{TMR}(V)} \right]$$

    All columns see one junction voltage, $V = V_s / (1 + R_s G(c, V))$, or
    $V = I / G(c, V)$ for a current $I = V_s G_P$. A positive voltage drives the free layer
    towards antiparallel. At a fixed current the voltage rises as the junction goes
    antiparallel, so that this direction runs away and the other limits itself.
    """

    resistance_area: Scalar = quantity(
        "Ohm m^2", above=0, doc="resistance-area product of the parallel state"
    )
    tmr: Scalar = quantity("1", above=0, doc="tunnelling magnetoresistance at zero bias")
    v_half: Scalar = quantity("V", above=0, doc="bias at which the TMR has halved")
    polarisation: Scalar = quantity(
        "1", lower=0, upper=1, doc="spin polarisation of the tunnelling electrons"
    )
    series_resistance: Scalar = quantity(
        "Ohm", lower=0, doc="resistance of source, wires and selector"
    )
    breakdown: Scalar = quantity(
        "V", above=0, default=NO_LIMIT, doc="largest junction voltage that is allowed"
    )
    source: Source = eqx.field(static=True, kw_only=True, default=Source.VOLTAGE)

    def circuit(self, area: Array) -> "Circuit":
        """The junction of an area [m^2] in its circuit."""
        return Circuit(
            area / self.resistance_area,
            self.tmr,
            self.v_half,
            self.series_resistance,
            self.breakdown,
            source=self.source,
        )

    def torque_per_volt(self, m_s: Array, thickness: Array) -> Array:
        r"""Damping-like spin-transfer field per junction voltage [T/V].

        $$\frac{a}{V} = \frac{\hbar}{2 e}\, \frac{P}{1 + P^2}\, \frac{1}{RA\; M_s t}$$

        J. C. Slonczewski and J. Z. Sun, J. Magn. Magn. Mater. 310, 169 (2007); as torque
        per voltage in J. C. Sankey et al., Nature Physics 4, 67 (2008). It does not
        depend on the angle at fixed voltage.
        """
        p = self.polarisation
        efficiency = SPIN_PER_CHARGE * p / (1 + p**2)
        return efficiency / (self.resistance_area * m_s * thickness)


class Circuit(eqx.Module):
    """A junction of known area in its circuit, as the time loop uses it."""

    parallel: Float[Array, "..."]  # conductance of the parallel state [S]
    tmr: Float[Array, "..."]
    v_half: Float[Array, "..."]
    series_resistance: Float[Array, "..."]
    # Largest voltage of the junction that is allowed [V].
    breakdown: Float[Array, "..."] = eqx.field(converter=jnp.asarray, default=NO_LIMIT)
    source: Source = eqx.field(static=True, kw_only=True, default=Source.VOLTAGE)

    @property
    def antiparallel(self) -> Float[Array, "..."]:
        """Zero-bias conductance of the antiparallel state [S]."""
        return self.parallel / (1 + self.tmr)

    def conductance(self, cosine, voltage):
        """Conductance at a junction voltage [S]; see `Junction`."""
        bias = 1 + (voltage / self.v_half) ** 2
        return self.parallel * (
            (1 + cosine) / 2 + (1 - cosine) / 2 * bias / (bias + self.tmr)
        )

    def junction_voltage(self, cosine, source):
        """Junction voltage [V]: by fixed-point iteration of `V = Vs / (1 + Rs G(c, V))`.

        Each iteration shrinks the error by about `Rs dG/dV V`, a few per cent. At a
        given current the slope is that of the junction itself, and Newton's method
        solves `V G(c, V) = I` to rounding from the voltage at the zero-bias conductance.
        """
        if self.source is Source.CURRENT:
            return self._voltage_at_current(cosine, source * self.parallel)
        voltage = source
        for _ in range(3):
            conductance = self.conductance(cosine, voltage)
            voltage = source / (1 + self.series_resistance * conductance)
        return voltage

    def _voltage_at_current(self, cosine, current):
        flow = lambda v: v * self.conductance(cosine, v)
        voltage = current / self.conductance(cosine, 0.0)
        for _ in range(_NEWTON):
            value, slope = jax.jvp(flow, (voltage,), (jnp.ones_like(voltage),))
            voltage = voltage - (value - current) / slope
        return voltage

    def current(self, cosine, voltage):
        """Current through the junction at its voltage [A]."""
        return voltage * self.conductance(cosine, voltage)
