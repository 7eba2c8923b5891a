import equinox as eqx
import jax
import jax.numpy as jnp
from jaxtyping import Array, Float

from ._constants import K_B
from ._numbers import check_direction
from ._system import System


def thermometer(
    system: System, m: Float[Array, "samples spins 3"]
) -> Float[Array, " spins"]:
    r"""Temperature of each spin [K] from how its field fluctuates about it.

    In equilibrium the mean square slope of the energy is $k_B T$ times the mean of its
    Laplacian, for each spin on its sphere:

    $$k_B T_i = \frac{\langle \mu_i |m_i \times b_i|^2 \rangle}
      {\langle 2\, m_i \cdot b_i - \mathrm{tr}[(1 - m_i m_i^T)\,
      \partial b_i / \partial m_i] \rangle}$$

    for any energy; the last term is that of anisotropy and self-demagnetisation. W. B.
    Nurdin and K.-D. Schotte, Phys. Rev. E 61, 3579 (2000).

    **Arguments:**

    - `m`: Unit magnetisations of an equilibrium, shape `(samples, spins, 3)`.
    """
    m = jnp.asarray(m)
    spins = system.moment.shape[0]
    if m.shape[1:] != (spins, 3) or not m.shape[0]:
        raise ValueError(
            f"`m` must have shape (samples, {spins}, 3) with one sample or more, "
            f"got {m.shape}."
        )
    check_direction(m, "m")
    return _thermometer(system, m)


@eqx.filter_jit
def _thermometer(system, m):
    def one(m):
        b = system.field(m)
        slope = jnp.einsum("iaib->iab", jax.jacfwd(system.field)(m))
        along = jnp.einsum("ia,iab,ib->i", m, slope, m)
        laplacian = 2 * jnp.sum(m * b, -1) - jnp.einsum("iaa->i", slope) + along
        return system.moment * jnp.sum(jnp.cross(m, b) ** 2, -1), laplacian

    square, laplacian = jax.lax.map(one, m)
    return jnp.mean(square, 0) / jnp.mean(laplacian, 0) / K_B
