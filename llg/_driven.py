"""Macrospins that something else than the junction's own torque writes."""

import equinox as eqx
import jax.numpy as jnp

from ..data import quantity, Scalar
from ._drives import Following, Follows
from ._junction import NO_LIMIT
from ._local_terms import Uniaxial
from ._macrospin import Macrospin
from ._microstructure import Microstructure
from ._spin_orbit import HeavyMetal
from ._system import System


class SpinOrbitMacrospin(eqx.Module):
    """A three-terminal cell: the pulse goes through a line under the free layer.

    No voltage is on the junction while the line is driven, so that the junction's own
    torque is absent; it reads. A field in the plane (`magnet.b_x`) decides the direction.
    """

    magnet: Macrospin
    line: HeavyMetal

    def system(self, sample: Microstructure) -> System:
        """One spin, see `Macrospin.system`."""
        system = self.magnet.system(sample)
        drive = self.line.torque(self.magnet.m_s[None], self.magnet.thickness)
        return eqx.tree_at(
            lambda s: (s.torque, s.drives, s.circuit.breakdown),
            system,
            # The pulse is not on the junction, which it cannot break down.
            (jnp.zeros_like(system.torque), (drive,), jnp.asarray(NO_LIMIT)),
        )

    def samples(self, number: int) -> Microstructure:
        """See `Macrospin.samples`."""
        return self.magnet.samples(number)

    def check(self, grains: Microstructure) -> None:
        """See `Macrospin.check`."""
        self.magnet.check(grains)


class VoltageControlledMacrospin(eqx.Module):
    r"""A junction whose voltage changes the anisotropy of its free layer (VCMA).

    $$K(V) = K - \frac{\xi V}{t\, t_b}$$

    with the thickness $t$ of the free layer and $t_b$ of the barrier: a positive voltage
    lowers the anisotropy. A field in the plane (`magnet.b_x`) then turns the spin; half a
    turn takes $\pi / \gamma B_x$.
    """

    magnet: Macrospin
    vcma: Scalar = quantity("J/(V m)", doc="anisotropy energy per area and electric field")
    barrier: Scalar = quantity("m", above=0, doc="thickness of the barrier")

    def system(self, sample: Microstructure) -> System:
        """One spin, see `Macrospin.system`."""
        system = self.magnet.system(sample)
        per_volt = -self.vcma / (self.magnet.thickness * self.barrier)
        term = Uniaxial(
            k_u=per_volt[None],
            volume=(self.magnet.side**2 * self.magnet.thickness)[None],
            moment=system.moment,
            axis=jnp.array([[0.0, 0.0, 1.0]]),
        )
        drive = Following(term, follows=Follows.VOLTAGE)
        return eqx.tree_at(lambda s: s.drives, system, (drive,))

    def samples(self, number: int) -> Microstructure:
        """See `Macrospin.samples`."""
        return self.magnet.samples(number)

    def check(self, grains: Microstructure) -> None:
        """See `Macrospin.check`."""
        self.magnet.check(grains)
