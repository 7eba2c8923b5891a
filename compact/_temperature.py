import equinox as eqx
from jaxtyping import Array, Float

from ..data import quantity, Scalar
from ._macrospin import MacrospinSwitching


class MagneticTemperature(eqx.Module):
    r"""Temperature law of switching: $m = 1 - (T/T_c)^{3/2}$, $K \propto m^n$.

    $$\Delta \propto m^n / T, \quad V_c \propto m^n, \quad
    1/\tau_0 \propto B_k \propto m^{n - 1}, \quad h \propto m^{1 - n}$$

    with the magnetisation m, at constant damping, polarisation, resistance and stray
    field. For an anisotropy of the interface n is about 2.2 (Sato et al., Phys. Rev. B 98,
    214428, 2018); the law is meant for -40 to 125 C.
    """

    curie: Scalar = quantity("K", above=0, doc="Curie temperature of the free layer")
    exponent: Scalar = quantity("1", lower=1, default=2.2, doc="n of K ~ m^n")
    reference: Scalar = quantity(
        "K", above=0, default=300.0, doc="temperature of the given values"
    )

    def magnetisation(self, temperature: Float[Array, ""]) -> Float[Array, ""]:
        """Magnetisation over that at the reference temperature."""
        bloch = lambda t: 1 - (t / self.curie) ** 1.5
        return bloch(temperature) / bloch(self.reference)

    def at(
        self, model: MacrospinSwitching, temperature: Float[Array, ""]
    ) -> MacrospinSwitching:
        """`model`, which holds at the reference temperature, at `temperature` [K]."""
        m = self.magnetisation(temperature)
        k = m**self.exponent
        return eqx.tree_at(
            lambda s: (
                s.stability,
                s.critical_from_p,
                s.critical_from_ap,
                s.relaxation,
                s.stray,
            ),
            model,
            (
                model.stability * k * self.reference / temperature,
                model.critical_from_p * k,
                model.critical_from_ap * k,
                model.relaxation * k / m,
                model.stray * m / k,
            ),
        )
