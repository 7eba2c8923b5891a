"""Spin torques by their materials: Slonczewski's angular efficiency, spin-orbit lines."""

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..data import quantity, Scalar
from ._constants import SPIN_PER_CHARGE
from ._drives import Follows, SpinTorque
from ._numbers import check_direction, check_positive, known, Number


def slonczewski(
    *,
    polarisation: Number,
    asymmetry: Number,
    field_like: Number,
    m_s: Float[Array, " spins"],
    thickness: Number,
    area: Number,
    direction: Float[Array, "3"],
) -> SpinTorque:
    r"""Slonczewski's torque of the current through the layer, with angular efficiency.

    $$a = \frac{\hbar}{e} \frac{I}{S M_s t}\, \epsilon, \qquad
      \epsilon = \frac{P \Lambda^2}{(\Lambda^2 + 1) + (\Lambda^2 - 1)\, p \cdot m}, \qquad
      b = a\, p \times m + a'\, p$$

    and $a'$ the same with $\epsilon'$ for $\epsilon$. A positive current turns $m$ towards
    $-p$. J. C. Slonczewski, J. Magn. Magn. Mater. 247, 324 (2002), for a symmetric pillar;
    $\epsilon = P / 2$ at $\Lambda = 1$. The torque of a tunnel junction at fixed voltage
    does not depend on the angle: `Junction.torque_per_volt`.

    **Arguments:**

    - `polarisation`: $P$.
    - `asymmetry`: $\Lambda > 0$.
    - `field_like`: $\epsilon'$.
    - `m_s`: Magnetisation, shape `(spins,)` [A/m].
    - `thickness`: Of the free layer [m].
    - `area`: $S$, that the current crosses [m^2].
    - `direction`: $p$, unit vector.
    """
    m_s = jnp.asarray(m_s)
    check_layer(polarisation, asymmetry, m_s, thickness, area)
    square = jnp.asarray(asymmetry) ** 2
    per_ampere = 2 * SPIN_PER_CHARGE / (area * m_s * thickness)
    return SpinTorque(
        direction=direction,
        damping_like=per_ampere * polarisation * square / (square + 1),
        field_like=per_ampere * field_like,
        asymmetry=(square - 1) / (square + 1),
        follows=Follows.CURRENT,
    )


def check_layer(polarisation, asymmetry, m_s, thickness, area) -> None:
    """Refuses what no polarised current and no layer have."""
    p = known(jnp.asarray(polarisation))
    if p is not None and not np.all(np.abs(p) <= 1):
        raise ValueError(f"`polarisation` must be from -1 to 1, got {p:g}.")
    for name, value, unit in (
        ("asymmetry", asymmetry, "1"),
        ("m_s", m_s, "A/m"),
        ("thickness", thickness, "m"),
        ("area", area, "m^2"),
    ):
        check_positive(value, name, unit)


class HeavyMetal(eqx.Module):
    r"""A line under the free layer that makes a spin current out of its own.

    The pulse is the voltage along the line, which carries the density
    $J = V / (\rho L)$. With the spin Hall angles $\theta$ (damping-like) and $\theta'$
    (field-like), the fields on the free layer are

    $$b = \frac{\hbar}{2 e} \frac{J}{M_s t}\,
      [\theta\, \sigma \times m + \theta'\, \sigma]$$

    so that a positive $\theta J$ turns $m$ towards $-\sigma$.
    """

    spin_hall: Scalar = quantity("1", doc="damping-like spin Hall angle")
    field_like: Scalar = quantity("1", default=0.0, doc="field-like spin Hall angle")
    polarisation: Float[Array, "3"] = quantity(
        "1", doc="unit polarisation of the spins that arrive"
    )
    resistivity: Scalar = quantity("Ohm m", above=0, doc="resistivity")
    length: Scalar = quantity("m", above=0, doc="length of the line")
    width: Scalar = quantity("m", above=0, doc="width of the line")
    thickness: Scalar = quantity("m", above=0, doc="thickness of the line")

    def __check_init__(self):
        check_direction(self.polarisation, "polarisation")

    @property
    def resistance(self) -> Float[Array, ""]:
        """Resistance of the line [Ohm]."""
        return self.resistivity * self.length / (self.width * self.thickness)

    @property
    def density_per_volt(self) -> Float[Array, ""]:
        """Current density per volt along the line [A/m^2/V]."""
        return 1 / (self.resistivity * self.length)

    def torque(self, m_s: Float[Array, " spins"], thickness: Number) -> SpinTorque:
        """The torque on spins of magnetisation `m_s` [A/m] in a layer [m]."""
        check_positive(m_s, "m_s", "A/m")
        check_positive(thickness, "thickness", "m")
        per_volt = SPIN_PER_CHARGE * self.density_per_volt / (m_s * thickness)
        return SpinTorque(
            direction=self.polarisation,
            damping_like=per_volt * self.spin_hall,
            field_like=per_volt * self.field_like,
            follows=Follows.SOURCE,
        )
