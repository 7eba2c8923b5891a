"""A system seen along its axis: columns of spins that turn rigidly about `z`.

Along means along the reference layer, to which z or -z points.
"""

import equinox as eqx
import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float, Int

from ._constants import GAMMA, K_B
from ._system import System


class AxialColumns(eqx.Module):
    r"""What the axial equation needs of each column, see `axial_columns`.

    The bias of column `c` is $u_c = h_c + \sum_d N_{cd} z_d - i_c V$.

    - `delta`: thermal stability $KV / k_B T$.
    - `rate`: reduced time per second, $\alpha\gamma B_k / (1 + \alpha^2)$ [1/s].
    - `field`: $h_c$, applied flux density along the reference layer over $B_k$.
    - `coupling`: $N_{cd}$, flux density on `c` of column `d` along it, over $B_k$.
    - `overdrive`: $i_c$ per volt across the junction [1/V].
    - `weight`: share in the junction's area; sums to 1.
    - `crosswise`: largest energy that is not symmetric about `z`, or couples spins across
      it, as a fraction of the smallest barrier.
    """

    delta: Float[Array, " columns"]
    rate: Float[Array, " columns"]
    field: Float[Array, " columns"]
    coupling: Float[Array, "columns columns"]
    overdrive: Float[Array, " columns"]
    weight: Float[Array, " columns"]
    crosswise: Float[Array, ""]


def axial_columns(
    system: System, column: Int[np.ndarray, " spins"], columns: int
) -> AxialColumns:
    r"""The axial part of a system whose spins are joined to rigid columns.

    Energies are quadratic in the directions of the columns, so that their second
    derivative $T$ holds everything: $K V = (\bar T_{xx} - T_{zz}) / 2$ of a column with
    itself, and $-T_{zz} / \mu$ between columns is a flux density. A rigid column has the
    sum of the moments and torques, and the damping averaged by moment.

    **Arguments:**

    - `column`: The column of each spin.
    - `columns`: How many there are, static.
    """
    refused = [type(term).__name__ for term in system.terms if not term.linear]
    if refused:
        raise ValueError(
            "`device` must have uniaxial anisotropy of first order, bilinear exchange and "
            f"dipoles only for an axial solution, got {', '.join(refused)}."
        )
    if system.drives:
        names = ", ".join(type(drive).__name__ for drive in system.drives)
        raise ValueError(
            "`device` must have no drives beside the torque of its junction for an axial "
            f"solution, got {names}; `llg.fokker_planck_sphere` serves one spin with them."
        )
    energy = lambda c: system.energy(c[column])
    flat = jnp.zeros((columns, 3))
    slope = jax.grad(energy)(flat)
    stiffness = jax.hessian(energy)(flat)  # (columns, 3, columns, 3)
    total = lambda x: jnp.zeros(columns).at[column].add(x)
    moment = total(system.moment)
    alpha = total(system.alpha * system.moment) / moment

    itself = jnp.einsum("caca->ca", stiffness)
    barrier = ((itself[:, 0] + itself[:, 1]) / 2 - itself[:, 2]) / 2
    b_k = 2 * barrier / moment
    zz = stiffness[:, 2, :, 2] * (1 - jnp.eye(columns))
    torque = total(system.torque * system.moment) / moment
    along = system.polariser[2]
    side = jnp.where(along < 0, -1.0, 1.0)

    between = jnp.abs(stiffness).at[:, 2, :, 2].set(0.0)
    between = between.at[jnp.arange(columns), 0, jnp.arange(columns), 0].set(0.0)
    between = between.at[jnp.arange(columns), 1, jnp.arange(columns), 1].set(0.0)
    oval = jnp.max(jnp.abs(itself[:, 0] - itself[:, 1]))
    across = jnp.maximum(jnp.max(jnp.abs(slope[:, :2])), jnp.max(between))
    return AxialColumns(
        delta=barrier / (K_B * system.temperature),
        rate=alpha * GAMMA * b_k / (1 + alpha**2),
        field=-side * slope[:, 2] / moment / b_k,
        coupling=-zz / (moment * b_k)[:, None],
        overdrive=torque * jnp.abs(along) / (alpha * b_k),
        weight=total(system.weight),
        crosswise=jnp.maximum(oval, across) / jnp.min(barrier),
    )
