"""The tunnel junction: conductance, source and spin-transfer torque."""

import equinox as eqx
from jaxtyping import Array, Float

from ..data import quantity, Scalar
from ._constants import SPIN_PER_CHARGE


class Junction(eqx.Module):
    r"""A magnetic tunnel junction fed by a voltage source through a series resistance.

    With $c$ the cosine of the angle between free and reference layer, averaged over the
    area, and TMR falling with bias as $\mathrm{TMR}(V) = \mathrm{TMR} / (1 + (V/V_h)^2)$,

    $$G(c, V) = G_P \left[ \frac{1 + c}{2}
      + \frac{1 - c}{2}\, \frac{1}{1 + \mathrm{TMR}(V)} \right]$$

    All columns see one junction voltage, $V = V_s / (1 + R_s G(c, V))$. A positive
    voltage drives the free layer towards antiparallel.
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
        """Junction voltage [V] by fixed-point iteration of `V = Vs / (1 + Rs G(c, V))`.

        Each iteration shrinks the error by about `Rs dG/dV V`, a few per cent.
        """
        voltage = source
        for _ in range(3):
            conductance = self.conductance(cosine, voltage)
            voltage = source / (1 + self.series_resistance * conductance)
        return voltage
