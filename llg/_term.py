from abc import abstractmethod

import equinox as eqx
from jaxtyping import Array, Float


class AbstractTerm(eqx.Module):
    r"""An energy of the spins of one sample and the flux density that it exerts.

    `m` are unit magnetisations of shape `(spins, 3)` (or `(3,)` for one spin whose
    parameters are scalars). The field is $b_i = -\frac{1}{\mu_i} dE/dm_i$ with the
    moment $\mu_i$ [A m^2]; a test holds it by automatic differentiation.

    `linear` says that the field is an affine function of `m`: such terms are assembled
    into one matrix before the time loop.
    """

    linear: eqx.AbstractClassVar[bool]

    @abstractmethod
    def energy(self, m: Float[Array, "*spins 3"]) -> Float[Array, ""]:
        """Energy [J] of the sample."""

    @abstractmethod
    def field(self, m: Float[Array, "*spins 3"]) -> Float[Array, "*spins 3"]:
        """Flux density on each spin [T]."""
