"""Spin-torque parameters of other codes in ours; `docs/conventions.md` has the picture."""

import enum
from dataclasses import dataclass

import jax.numpy as jnp
from jaxtyping import Array, Float

from ._constants import SPIN_PER_CHARGE
from ._drives import Follows, SpinTorque
from ._kinds import check_kinds
from ._numbers import Number
from ._spin_orbit import check_layer


class Turns(enum.Enum):
    """Where a positive current turns the free layer, with the factor that ours takes."""

    TOWARDS = 1.0
    AWAY = -1.0


@dataclass(frozen=True)
class Convention:
    """How a code means the parameters of the torque of a current through the layers.

    - `turns`: Sign of the current.
    - `efficiency`: Damping-like efficiency over P without angular dependence: 1/2 in
      Slonczewski's form, 1 where it is P itself.
    - `field_sign`: +1 if a positive field-like parameter is a field along the
      polarisation for a current that turns the free layer towards it.
    - `fraction`: Whether the field-like parameter is a fraction of the damping-like
      efficiency, angle and all, or an efficiency of its own.
    - `cross_terms`: Whether the torque is a part of Gilbert's equation, so that solving
      it for the rate of change mixes torque and damping; else the torque is added to the
      solved equation.
    """

    turns: Turns
    efficiency: float
    field_sign: float
    fraction: bool
    cross_terms: bool

    def __post_init__(self):
        check_kinds(turns=(self.turns, Turns, "an llg.Turns"))


class Code(enum.Enum):
    """Programs whose conventions are known.

    - `OOMMF`: `Oxs_SpinXferEvolve` with the same P and Lambda for both layers; M. J.
      Donahue and D. G. Porter, OOMMF user's guide.
    - `MUMAX3`: with the reference layer on top, `FIXEDLAYER_TOP`; for the other position
      the current has the other sign. A. Vansteenkiste et al., AIP Advances 4, 107133
      (2014). Some versions differ by the sign of one cross term, alpha eps'.
    - `CMTJ`: `createSTTLayer` of version 1.15, field-like ratio `beta`.
    """

    OOMMF = Convention(Turns.TOWARDS, 0.5, 1.0, fraction=False, cross_terms=True)
    MUMAX3 = Convention(Turns.TOWARDS, 0.5, 1.0, fraction=False, cross_terms=True)
    CMTJ = Convention(Turns.TOWARDS, 0.5, -1.0, fraction=True, cross_terms=False)


def from_code(
    code: Code | Convention,
    *,
    polarisation: Number,
    asymmetry: Number,
    field_like: Number,
    alpha: Float[Array, " spins"],
    m_s: Float[Array, " spins"],
    thickness: Number,
    area: Number,
    direction: Float[Array, "3"],
    reference_below: bool = False,
) -> tuple[SpinTorque, SpinTorque]:
    r"""The drives that do what a code does with its parameters, per ampere of its current.

    With $\beta = \hbar I / (e S M_s t)$, the code's efficiency $\epsilon(\theta)$ and its
    field-like one $\epsilon'$, of the sign of `field_sign`, the torque in Gilbert's
    equation is

    $$\gamma\beta\, [\epsilon\, m \times (p \times m) + \epsilon'\, p \times m]$$

    that is the damping-like field $-\beta\epsilon$ and the field-like $\beta\epsilon'$ of
    `SpinTorque`. A torque that is added to the solved equation instead is the same as
    $-\beta (\epsilon - \alpha \epsilon') / (1 + \alpha^2)$ and
    $\beta (\epsilon' + \alpha \epsilon) / (1 + \alpha^2)$. The first drive holds what
    comes of $\epsilon$, the second what comes of $\epsilon'$.

    **Arguments:**

    - `code`: `llg.Code.OOMMF`, ..., or a `Convention` of your own.
    - `polarisation`: The code's P.
    - `asymmetry`: The code's Lambda (cmtj: `SlonczewskiSpacerLayerParameter`).
    - `field_like`: The code's eps' (cmtj: `beta`).
    - `alpha`: Gilbert damping of the spins; matters without cross terms only.
    - `m_s`: Magnetisation of the spins [A/m] (cmtj takes mu0 M in tesla).
    - `thickness`, `area`: Of the free layer [m], [m^2].
    - `direction`: Unit vector of the code's reference layer.
    - `reference_below`: Whether the current of the code counts upwards and its reference
        layer is below the free layer: the other sign.
    """
    if not isinstance(code, Code | Convention):
        raise ValueError(f"`code` must be an llg.Code or an llg.Convention, got {code!r}.")
    alpha, m_s = jnp.asarray(alpha), jnp.asarray(m_s)
    check_layer(polarisation, asymmetry, m_s, thickness, area)
    rule = code.value if isinstance(code, Code) else code
    square = jnp.asarray(asymmetry) ** 2
    chi = (square - 1) / (square + 1)
    scale = 2 * SPIN_PER_CHARGE * rule.turns.value / (area * m_s * thickness)
    scale = -scale if reference_below else scale
    damping = scale * 2 * rule.efficiency * polarisation * square / (square + 1)
    field = rule.field_sign * field_like * (damping if rule.fraction else scale)
    mixed = 0.0 * alpha if rule.cross_terms else alpha
    shrink = 1 / (1 + mixed**2)

    def drive(along, across, angle):
        return SpinTorque(
            direction=direction,
            damping_like=along * shrink,
            field_like=across * shrink,
            asymmetry=angle,
            field_asymmetry=angle,
            follows=Follows.CURRENT,
        )

    other = chi if rule.fraction else jnp.zeros_like(chi)
    first = drive(-damping, mixed * damping, chi)
    return first, drive(mixed * field, field, other)
