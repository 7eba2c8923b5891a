"""Flux densities that follow the pulse: spin torques, and energies set by the voltage."""

import enum
from abc import abstractmethod

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import quantity, Scalar
from ._kinds import check_kinds
from ._numbers import check_direction
from ._term import AbstractTerm


class Follows(enum.Enum):
    """What a drive is proportional to.

    - `VOLTAGE`: the voltage across the junction [V].
    - `CURRENT`: the current through the junction [A].
    - `SOURCE`: the pulse itself [V], such as the voltage along a spin-orbit line.
    """

    VOLTAGE = "junction voltage"
    CURRENT = "junction current"
    SOURCE = "source voltage"


class AbstractDrive(eqx.Module):
    """A flux density that follows the pulse, beside the junction's own torque.

    Torques have no energy: a drive gives its field only. It may depend on `m`.
    """

    follows: eqx.AbstractVar[Follows]

    @abstractmethod
    def field(
        self, m: Float[Array, "spins 3"], amplitude: Float[Array, ""]
    ) -> Float[Array, "spins 3"]:
        """Flux density on each spin [T] at an amplitude of what it follows."""


class SpinTorque(AbstractDrive):
    r"""Damping-like and field-like torque of a spin current of any polarisation.

    With the amplitude $A$ (junction voltage or current, or source voltage),

    $$b_i = A \left[\frac{\tau_i}{1 + \chi\, p \cdot m_i}\, p \times m_i
      + \frac{\tau'_i}{1 + \chi'\, p \cdot m_i}\, p\right]$$

    so that $\tau A > 0$ turns $m$ towards $-p$, as in `System`. Slonczewski's angular
    efficiency is $\chi = (\Lambda^2 - 1) / (\Lambda^2 + 1)$, see `llg.slonczewski`;
    spin-orbit torques have $\chi = \chi' = 0$, see `llg.HeavyMetal`.
    """

    direction: Float[Array, "3"] = quantity("1", doc="unit polarisation of the spins")
    damping_like: Float[Array, " spins"] = quantity(
        "T", doc="damping-like field per volt or ampere"
    )
    field_like: Float[Array, " spins"] = quantity(
        "T", doc="field-like field per volt or ampere"
    )
    asymmetry: Scalar = quantity(
        "1", above=-1, below=1, default=0.0, doc="dependence on the angle, chi"
    )
    field_asymmetry: Scalar = quantity(
        "1", above=-1, below=1, default=0.0, doc="that of the field-like torque, chi'"
    )
    follows: Follows = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_kinds(follows=(self.follows, Follows, "an llg.Follows"))
        check_direction(self.direction, "direction")

    def field(
        self, m: Float[Array, "spins 3"], amplitude: Float[Array, ""]
    ) -> Float[Array, "spins 3"]:
        """Flux density on each spin [T]."""
        p = self.direction
        along = p[0] * m[:, 0] + p[1] * m[:, 1] + p[2] * m[:, 2]
        a = amplitude * self.damping_like / (1 + self.asymmetry * along)
        f = amplitude * self.field_like / (1 + self.field_asymmetry * along)
        return jnp.stack(
            [
                a * (p[1] * m[:, 2] - p[2] * m[:, 1]) + f * p[0],
                a * (p[2] * m[:, 0] - p[0] * m[:, 2]) + f * p[1],
                a * (p[0] * m[:, 1] - p[1] * m[:, 0]) + f * p[2],
            ],
            1,
        )


class Following(AbstractDrive):
    r"""An energy whose strength follows the pulse: $E = A\, E_\mathrm{term}$.

    The strengths of `term` are those per volt (or ampere). An anisotropy that falls with
    the junction voltage (VCMA) is a `Uniaxial` of strength $-\xi / (t\, t_b)$; a field
    pulse is a `Zeeman`.
    """

    term: AbstractTerm
    follows: Follows = eqx.field(static=True, kw_only=True)

    def __check_init__(self):
        check_kinds(
            follows=(self.follows, Follows, "an llg.Follows"),
            term=(self.term, AbstractTerm, "a term such as llg.Zeeman"),
        )

    def field(
        self, m: Float[Array, "spins 3"], amplitude: Float[Array, ""]
    ) -> Float[Array, "spins 3"]:
        """Flux density on each spin [T]."""
        return amplitude * self.term.field(m)
