import equinox as eqx
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from ..data import quantity, Scalar
from ._driven import SpinOrbitMacrospin, VoltageControlledMacrospin
from ._granular import GranularJunction
from ._junction import Junction
from ._macrospin import Macrospin
from ._numbers import known, Number


Device = Macrospin | GranularJunction | SpinOrbitMacrospin | VoltageControlledMacrospin


class TemperatureLaw(eqx.Module):
    r"""How the parameters of a device fall with temperature, from those at `reference`.

    $$M \propto 1 - (T / T_C)^{3/2}, \qquad K \propto M^n, \qquad A, J \propto M^2, \qquad
      P \propto 1 - \beta T^{3/2}$$

    Bloch; H. B. Callen and E. Callen, J. Phys. Chem. Solids 27, 1271 (1966), where $n = 3$
    for one ion and near 2 at interfaces; C. H. Shang et al., Phys. Rev. B 58, R2917 (1998).
    The TMR follows Julliere's formula, $2 P^2 / (1 - P^2)$. Damping and resistance of the
    parallel state do not change.
    """

    curie: Scalar = quantity("K", above=0, doc="Curie temperature")
    anisotropy: Scalar = quantity("1", default=2.2, doc="exponent n of the anisotropy")
    polarisation: Scalar = quantity(
        "K^-1.5", lower=0, default=2e-5, doc="coefficient beta of the polarisation"
    )
    reference: Scalar = quantity(
        "K", above=0, default=300.0, doc="temperature at which the parameters are given"
    )

    def __check_init__(self):
        curie, reference, beta = map(known, (self.curie, self.reference, self.polarisation))
        if curie is not None and reference is not None and not curie > reference:
            raise ValueError(
                f"`curie` must be above the reference temperature of {reference:g} K, "
                f"got {curie:g} K."
            )
        if beta is None or reference is None:
            return
        if not beta * reference**1.5 < 1:
            raise ValueError(
                "`polarisation` must be below `reference`^-1.5 = "
                f"{reference**-1.5:.3g} K^-1.5, got {beta:g}."
            )

    def magnetisation(self, temperature: Number) -> Float[Array, ""]:
        """Magnetisation over that at the reference."""
        at = lambda t: 1 - (t / self.curie) ** 1.5
        return at(jnp.asarray(temperature)) / at(self.reference)

    def spin_polarisation(self, temperature: Number) -> Float[Array, ""]:
        """Spin polarisation over that at the reference."""
        at = lambda t: 1 - self.polarisation * t**1.5
        return at(jnp.asarray(temperature)) / at(self.reference)

    def junction(self, junction: Junction, temperature: Number) -> Junction:
        """The junction at a temperature."""
        ratio = self.spin_polarisation(temperature)
        square = ratio**2 * junction.tmr / (junction.tmr + 2)
        polarisation = junction.polarisation * ratio
        # That of the torque and that of the TMR need not be one.
        both = known(jnp.stack([polarisation, jnp.sign(ratio) * jnp.sqrt(square)]))
        if both is not None and not np.all((both >= 0) & (both <= 1)):
            raise ValueError(
                "`temperature` must leave a spin polarisation from 0 to 1, got "
                f"{known(temperature):g} K with {both.min():.3g} to {both.max():.3g}."
            )
        values = (polarisation, 2 * square / (1 - square))
        return eqx.tree_at(lambda j: (j.polarisation, j.tmr), junction, values)


def at_temperature[D: Device](device: D, temperature: Number, law: TemperatureLaw) -> D:
    """The device with all of its parameters at another temperature, noise included.

    **Arguments:**

    - `device`: One of the devices of `llg`.
    - `temperature`: [K], from 0 to below the Curie temperature.
    - `law`: How the parameters change.
    """
    t = jnp.asarray(temperature)
    kelvin, curie = known(t), known(law.curie)
    if kelvin is not None and curie is not None and not 0 <= kelvin < curie:
        raise ValueError(
            "`temperature` must be >= 0 K and below the Curie temperature of "
            f"{curie:g} K, got {kelvin:g} K."
        )
    m = law.magnetisation(t)
    k = m**law.anisotropy
    if isinstance(device, SpinOrbitMacrospin | VoltageControlledMacrospin):
        magnet = at_temperature(device.magnet, t, law)
        return eqx.tree_at(lambda d: d.magnet, device, magnet)
    junction = law.junction(device.junction, t)
    if isinstance(device, Macrospin):
        where = lambda d: (d.m_s, d.k_u, d.temperature, d.junction)
        return eqx.tree_at(where, device, (device.m_s * m, device.k_u * k, t, junction))
    scale = lambda layer, names: eqx.tree_at(
        lambda x: [getattr(x, name) for name in names],
        layer,
        [getattr(layer, name) * factor for name, factor in names.items()],
    )
    both = {"m_s": m, "k_u": k}
    soft = scale(device.soft, both | {"a_ex": m**2})
    grain = scale(device.grain, both | {"j_boundary": m**2})
    where = lambda d: (d.soft, d.grain, d.j_interlayer, d.temperature, d.junction)
    values = (soft, grain, device.j_interlayer * m**2, t, junction)
    return eqx.tree_at(where, device, values)
