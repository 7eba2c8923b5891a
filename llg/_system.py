from typing import Any

import equinox as eqx
import jax.numpy as jnp
from jaxtyping import Array, Float

from ..data import check_quantities, quantity, Scalar
from ._demagnetisation import Demagnetisation
from ._drives import AbstractDrive
from ._junction import Circuit
from ._local_terms import Uniaxial
from ._term import AbstractTerm


class System(eqx.Module):
    r"""The spins of one sample with their energies, damping, torque and circuit.

    The magnetisation obeys the Landau--Lifshitz--Gilbert equation with spin-transfer
    torque, $\dot m = -\gamma\, m \times (b + a\, p \times m) + \alpha\, m \times \dot m$,
    solved for $\dot m$ with both cross terms of the damping kept:

    $$\dot m = -\frac{\gamma}{1 + \alpha^2}
      [m \times b' + \alpha\, m \times (m \times b')], \qquad b' = b + a\, p \times m$$

    where $p$ is the direction of the reference layer and $a = \tau V$ the spin-transfer
    field of the junction voltage $V$: $a > 0$ turns $m$ towards $-p$.

    - `torque`: spin-transfer field per volt of each spin [T/V], zero for spins that do
      not touch the barrier.
    - `drives`: further fields that follow the pulse, see `llg.SpinTorque` and
      `llg.Following`; they add to $b'$.
    - `weight`: share of each spin in the junction's area; sums to 1.
    """

    terms: tuple[AbstractTerm, ...]
    circuit: Circuit
    moment: Float[Array, " spins"] = quantity("A m^2", above=0, doc="magnetic moment")
    alpha: Float[Array, " spins"] = quantity("1", lower=0, doc="Gilbert damping")
    torque: Float[Array, " spins"] = quantity("T/V", doc="spin-transfer field per volt")
    weight: Float[Array, " spins"] = quantity("1", lower=0, doc="share of the area")
    polariser: Float[Array, "3"] = quantity("1", doc="direction of the reference layer")
    temperature: Scalar = quantity("K", lower=0, doc="temperature")
    drives: tuple[AbstractDrive, ...] = eqx.field(kw_only=True, default=())

    def __check_init__(self):
        effective = any(isinstance(t, Uniaxial) and t.effective for t in self.terms)
        if effective and any(isinstance(t, Demagnetisation) for t in self.terms):
            raise ValueError(
                "`terms` must not hold an effective anisotropy together with "
                "demagnetisation, which would count twice; got both."
            )

    def energy(self, m: Float[Array, "spins 3"]) -> Float[Array, ""]:
        """Total energy [J]."""
        return jnp.asarray(sum(term.energy(m) for term in self.terms))

    def field(self, m: Float[Array, "spins 3"]) -> Float[Array, "spins 3"]:
        """Effective flux density on each spin, without noise and torque [T]."""
        return jnp.asarray(sum(term.field(m) for term in self.terms))


def single(device: Any) -> System:
    """The system of a magnet of one spin, or what is a `System` already."""
    if not isinstance(device, System) and not hasattr(device, "samples"):
        raise ValueError(
            "`device` must be a System or a magnet of one spin such as llg.Macrospin, "
            f"got {type(device).__name__}; `llg.granular_closure` serves grains."
        )
    check_quantities(device)
    return device if isinstance(device, System) else device.system(device.samples(1))
