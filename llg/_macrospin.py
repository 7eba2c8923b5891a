import equinox as eqx
import jax.numpy as jnp
import numpy as np

from ..data import quantity, require_x64, Scalar
from ._demagnetisation import Demagnetisation
from ._junction import Junction
from ._local_terms import Uniaxial, Zeeman
from ._microstructure import Microstructure
from ._numbers import check_count
from ._system import System


class Macrospin(eqx.Module):
    """A square tunnel junction whose free layer is one uniform, uniaxial magnet.

    The easy axis and the reference layer point along `z`. The anisotropy is intrinsic
    and demagnetisation a term of its own, that of the square prism.
    """

    junction: Junction
    m_s: Scalar = quantity("A/m", above=0, doc="magnetisation")
    side: Scalar = quantity("m", above=0, doc="side of the square junction")
    thickness: Scalar = quantity("m", above=0, doc="thickness of the free layer")
    alpha: Scalar = quantity("1", lower=0, doc="Gilbert damping")
    k_u: Scalar = quantity("J/m^3", doc="intrinsic uniaxial anisotropy")
    b_z: Scalar = quantity("T", doc="applied flux density along the axis", default=0.0)
    b_x: Scalar = quantity("T", doc="applied flux density in the plane", default=0.0)
    temperature: Scalar = quantity("K", lower=0, doc="temperature", default=300.0)

    def system(self, sample: Microstructure) -> System:
        """One spin; `sample` holds no grains (see `Macrospin.samples`)."""
        require_x64("The demagnetisation of a prism")
        edges = jnp.stack([self.side, self.side, self.thickness])[None]
        volume = jnp.prod(edges, 1)
        m_s = self.m_s[None]
        moment = m_s * volume
        axis = jnp.array([[0.0, 0.0, 1.0]])
        return System(
            terms=(
                Uniaxial(k_u=self.k_u[None], volume=volume, moment=moment, axis=axis),
                Demagnetisation.of_prisms(jnp.zeros((1, 3)), edges, m_s),
                Zeeman(
                    b=jnp.stack([self.b_x, 0 * self.b_x, self.b_z])[None], moment=moment
                ),
            ),
            circuit=self.junction.circuit(self.side**2),
            moment=moment,
            alpha=self.alpha[None],
            torque=self.junction.torque_per_volt(m_s, self.thickness),
            weight=jnp.ones(1),
            polariser=axis[0],
            temperature=self.temperature,
        )

    def samples(self, number: int) -> Microstructure:
        """What `llg.sweep` takes as microstructures: `number` samples that are alike."""
        check_count(number, "number", 1)
        empty = np.zeros((number, 0))
        return Microstructure(
            jnp.full((number, 1, 2), 0.5),
            jnp.ones((number, 1)),
            jnp.zeros((number, 0, 2), int),
            jnp.asarray(empty),
            jnp.asarray(empty),
            jnp.zeros((number, 1)),
            jnp.zeros((number, 1)),
        )

    def check(self, grains: Microstructure) -> None:
        """Refuses draws of a granular film."""
        if grains.grains != 1:
            raise ValueError(
                "`microstructures` must come from `Macrospin.samples`, "
                f"got one of {grains.grains} grains."
            )
