from typing import Any

import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..data import check_quantities, quantity, Scalar
from ._demagnetisation import Demagnetisation
from ._drives import AbstractDrive, Following
from ._junction import Circuit
from ._kinds import check_kinds, show
from ._local_terms import Uniaxial
from ._numbers import check_direction, known
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
        _check_kinds(self)
        following = [d.term for d in self.drives if isinstance(d, Following)]
        terms = [*self.terms, *following]
        effective = any(isinstance(t, Uniaxial) and t.effective for t in terms)
        if effective and any(isinstance(t, Demagnetisation) for t in terms):
            raise ValueError(
                "`terms` must not hold an effective anisotropy together with "
                "demagnetisation, which would count twice; got both."
            )
        _check_shapes(self)
        for term in terms:
            _check_moment(term, self.moment)
        check_shares(self)

    def energy(self, m: Float[Array, "spins 3"]) -> Float[Array, ""]:
        """Total energy [J]."""
        return jnp.asarray(sum(term.energy(m) for term in self.terms))

    def field(self, m: Float[Array, "spins 3"]) -> Float[Array, "spins 3"]:
        """Effective flux density on each spin, without noise and torque [T]."""
        return jnp.asarray(sum(term.field(m) for term in self.terms))


def _check_kinds(system: System) -> None:
    """Refuses what is no tuple of terms or drives, and no circuit."""
    kinds = (("terms", AbstractTerm, "terms"), ("drives", AbstractDrive, "drives"))
    for name, kind, wanted in kinds:
        value = getattr(system, name)
        for part in value if isinstance(value, (tuple, list)) else (None,):
            if not isinstance(part, kind):
                raise ValueError(
                    f"`{name}` must be a tuple of {wanted}, got "
                    f"{show(value if part is None else part)}."
                )
    check_kinds(circuit=(system.circuit, Circuit, "an llg.Circuit"))


def _check_shapes(system: System) -> None:
    """Refuses a system whose parts are not of as many spins."""
    spins = np.shape(system.moment)
    if len(spins) != 1:
        raise ValueError(f"`moment` must have shape (spins,), got {spins}.")
    shapes = dict.fromkeys(("alpha", "torque", "weight"), spins) | {"polariser": (3,)}
    for name, wanted in shapes.items():
        shape = np.shape(getattr(system, name))
        if shape != wanted:
            raise ValueError(
                f"`{name}` must have shape {wanted} in a system of {spins[0]} spin(s), "
                f"got {shape}."
            )


def check_shares(system: System) -> None:
    """Refuses weights that are no shares, and a reference layer of no direction.

    Also of systems with further axes in front.
    """
    check_direction(system.polariser, "polariser")
    weight = known(system.weight)
    if weight is None:
        return
    total = np.sum(weight, -1, dtype=float).reshape(-1)
    wrong = ~(np.abs(total - 1) < 1e-5)
    if np.any(wrong):
        raise ValueError(f"`weight` must sum to 1, got {total[int(np.argmax(wrong))]:g}.")


def _check_moment(term: AbstractTerm, wanted: Array) -> None:
    """Refuses a term of other spins: its field and the noise would not agree."""
    if isinstance(term, Demagnetisation):
        moment = term.m_s * term.volume
    else:
        moment = getattr(term, "moment", None)
    if moment is None:
        return
    kind, spins = type(term).__name__, np.shape(wanted)
    if np.shape(moment) not in ((), (1,), spins):
        raise ValueError(
            f"`moment` of {kind} must be that of the system, of shape {spins}, "
            f"got shape {np.shape(moment)}."
        )
    mine, whole = known(moment), known(wanted)
    if mine is None or whole is None:
        return
    ratio = mine / whole
    if not np.allclose(ratio, 1, rtol=0, atol=1e-5):
        other = ratio[int(np.argmax(np.abs(ratio - 1)))]
        raise ValueError(
            f"`moment` of {kind} must be that of the system, got {other:g} times as much."
        )


def single(device: Any) -> System:
    """The system of a magnet of one spin, or what is a `System` already."""
    if not isinstance(device, System) and not hasattr(device, "samples"):
        raise ValueError(
            "`device` must be a System or a magnet of one spin such as llg.Macrospin, "
            f"got {type(device).__name__}; `llg.granular_closure` serves grains."
        )
    check_quantities(device)
    return device if isinstance(device, System) else device.system(device.samples(1))
